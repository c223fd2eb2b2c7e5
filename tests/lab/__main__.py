"""Boot some hosts and keep them until Ctrl-C, with what to type to reach them. For trying a role by hand.

python -m tests.lab core n1 n2 --codename trixie
"""

import argparse
import shlex
import signal
import sys
import time

from .able import obstacles
from .lab import Lab


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("hosts", nargs="+", help="their names, at most 12 letters each")
    parser.add_argument("--codename", default="bookworm", choices=("bookworm", "trixie"))
    parser.add_argument("--no-internet", action="store_true", help="as behind a cut line: they reach one another only")
    options = parser.parse_args()
    if found := obstacles():
        print("No hosts can be made here:", *found, sep="\n    ")
        return 2
    # Ended by a signal, it still clears up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    started = time.monotonic()
    with Lab("hand", codename=options.codename, internet=not options.no_internet) as lab:
        lab.hosts_up(*options.hosts)
        print(f"{len(lab.hosts)} hosts are up after {time.monotonic() - started:.1f} s. In another terminal:\n")
        for host in lab.hosts.values():
            print("    " + shlex.join(lab.inside("ssh", "-F", str(lab.ssh_config), host.name)), flush=True)
        print("\nCtrl-C ends them.", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
