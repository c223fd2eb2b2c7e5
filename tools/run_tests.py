"""Run the whole test suite: the node's side on SQLite, the core's side on PostgreSQL, then the acceptance tests.

tests/domain runs twice, once on each database. All runs take place even if an earlier one fails; the exit code is 1 if
any failed. Options are passed to every pytest: `make test ARGS="-k supplement"`; `ARGS="--only core -x"` takes one run.
The two sides run beside one another, each on a processor of its own; what the second prints comes when both are done.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import IO

from tools.bootstrap import ROOT

NODE = "edge_node.settings_test"
CORE = "core.county.settings_test"

#: The acceptance tests in four runs. Each builds its own county, and waits for events much of its time.
WATCHING, ALARMS = "tests/acceptance/test_watching.py", "tests/acceptance/test_alarms.py"
IN_BROWSER = tuple(f"tests/acceptance/test_{name}_browser.py" for name in ("life", "working_day", "watch"))

#: Name of the run -> settings, folders.
RUNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "node": (NODE, ("tests/unit", "tests/contract", "tests/domain", "tests/edge")),
    "core": (CORE, ("tests/domain", "tests/core")),
    "browser": (CORE, IN_BROWSER),
    "acceptance": (CORE, ("tests/acceptance", *(f"--ignore={one}" for one in (WATCHING, ALARMS, *IN_BROWSER)))),
    "rollout": (NODE, ("tests/rollout",)),
    "train": (CORE, ("tests/train",)),
    "watching": (CORE, (WATCHING,)),
    "alarms": (CORE, (ALARMS,)),
}

#: What runs beside one another, in turn: what keeps one processor busy, with another such or with what often waits.
TURNS = (("node", "core"), ("browser", "acceptance"), ("rollout", "train", "watching", "alarms"))

#: pytest's exit code when it collected nothing.
NO_TESTS = 5


def outcome(code: int, narrowed: bool) -> str:
    """One word or a few for a pytest exit code. A run without a test passes only if options narrowed the choice."""
    if code == 0:
        return "passed"
    if code == NO_TESTS:
        return "nothing selected" if narrowed else "FAILED: no tests found"
    return f"FAILED (exit code {code})"


def run(name: str, options: Sequence[str], said: IO[bytes] | None = None) -> tuple[str, float]:
    """The outcome and the seconds of one run; what it prints goes to `said`, or to the terminal."""
    settings, folders = RUNS[name]
    if said is None:
        print(f"\n=== {title(name)}", flush=True)
    command = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", f"--ds={settings}", *folders, *options]
    begun = time.monotonic()
    code = subprocess.run(
        command, cwd=ROOT, check=False, stdout=said, stderr=subprocess.STDOUT if said else None
    ).returncode
    return outcome(code, narrowed=bool(options)), time.monotonic() - begun


def run_beside(names: Sequence[str], options: Sequence[str]) -> dict[str, tuple[str, float]]:
    """These runs at the same time; the first is seen as it goes, the others when all are done."""
    results: dict[str, tuple[str, float]] = {}
    first, *others = names
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        outputs = {name: stack.enter_context(tempfile.TemporaryFile()) for name in others}
        running = {name: pool.submit(run, name, options, said) for name, said in outputs.items()}
        results[first] = run(first, options)
        for name, said in outputs.items():
            results[name] = running[name].result()
            said.seek(0)
            print(f"\n=== {title(name)}")
            print(said.read().decode("utf-8", "replace"), flush=True)
    return results


def title(name: str) -> str:
    settings, folders = RUNS[name]
    return f"{name}: {' '.join(folders)} under {settings}"


def chosen(options: list[str]) -> tuple[list[str], list[str]]:
    """The names of the runs to make, and what is left of the options for pytest."""
    if "--only" not in options:
        return list(RUNS), options
    at = options.index("--only")
    name = options[at + 1] if at + 1 < len(options) else ""
    if name not in RUNS:
        sys.exit(f"--only takes one of: {', '.join(RUNS)}")
    return [name], options[:at] + options[at + 2 :]


def main() -> int:
    names, options = chosen(sys.argv[1:])
    results: dict[str, tuple[str, float]] = {}
    for turn in TURNS:
        if due := [name for name in turn if name in names]:
            results |= run_beside(due, options)
    print("\n=== all runs")
    for name, (text, seconds) in results.items():
        print(f"    {name:<12}{seconds:>7.1f} s  {text}")
    return int(any(text.startswith("FAILED") for text, _ in results.values()))


if __name__ == "__main__":
    sys.exit(main())
