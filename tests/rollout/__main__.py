"""Prove the rollout on real hosts; prints the time of each step. Exit code 0: all is as it should be.

python -m tests.rollout --short
python -m tests.rollout --only bundles,boot,nodes --keep /tmp/rollout
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.lab import Lab, obstacles

from .plan import Result, chosen, run
from .stage import Stage

NO_HOSTS = 3


def told(result: Result) -> None:
    print(f"    {result.step.name:<10}{result.seconds:>8.1f} s  {result.word:<8}{result.step.says}", flush=True)
    if result.error:
        print(f"\n{type(result.error).__name__}: {result.error}\n", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--short", action="store_true", help="the short form: the nodes from bare, and a second run")
    parser.add_argument("--only", default="", metavar="STEPS", help="some of the steps, with commas")
    parser.add_argument("--codename", default="bookworm", choices=("bookworm", "trixie"), help="Debian of the hosts")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave bundles and logs there")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if found := obstacles():
        print("No hosts can be made here:", *found, sep="\n    ")
        return NO_HOSTS
    # Ended by a signal, it still clears up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    steps = chosen(short=options.short, only=options.only)
    with tempfile.TemporaryDirectory(prefix="yizhan-rollout-", dir="/var/tmp") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with Lab("rollout", codename=options.codename) as lab:
            stage = (Stage.short if options.short else Stage)(lab, folder, codename=options.codename)
            results = run(stage, steps, told)
    print(f"\n    {'all':<10}{sum(one.seconds for one in results):>8.1f} s", flush=True)
    return int(any(one.error or one.missing for one in results) or len(results) < len(steps))


if __name__ == "__main__":
    sys.exit(main())
