"""Run the whole test suite: the node's side on SQLite, the core's side on PostgreSQL, then the acceptance tests.

tests/domain runs twice, once on each database. All runs take place even if an earlier one fails; the exit code is 1 if
any failed. Options are passed to every pytest: `make test ARGS="-k supplement"`; `ARGS="--only core -x"` takes one run.
Some runs go beside one another; what one prints comes when it is done. A single one is seen as it goes.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import IO

from tools.bootstrap import ROOT

NODE = "edge_node.settings_test"
CORE = "core.county.settings_test"

#: The acceptance tests in four runs. Each builds its own county, and waits for events much of its time.
WATCHING, ALARMS = "tests/acceptance/test_watching.py", "tests/acceptance/test_alarms.py"
IN_BROWSER = tuple(f"tests/acceptance/test_{name}_browser.py" for name in ("life", "working_day", "watch"))

#: Name of the run -> settings, folders; in the order in which they begin. Two keep a processor busy each, the others
#: wait for events much of their time.
RUNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "node": (NODE, ("tests/unit", "tests/contract", "tests/domain", "tests/edge")),
    "core": (CORE, ("tests/domain", "tests/core")),
    "alarms": (CORE, (ALARMS,)),
    "browser": (CORE, IN_BROWSER),
    "acceptance": (CORE, ("tests/acceptance", *(f"--ignore={one}" for one in (WATCHING, ALARMS, *IN_BROWSER)))),
    "watching": (CORE, (WATCHING,)),
    "rollout": (NODE, ("tests/rollout",)),
    "train": (CORE, ("tests/train",)),
}

#: With so many at a time two processors are kept busy, and nobody waits so long that a test gives up.
BESIDE = 3

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
    command = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", f"--ds={settings}", *folders, *options]
    begun = time.monotonic()
    code = subprocess.run(
        command, cwd=ROOT, check=False, stdout=said, stderr=subprocess.STDOUT if said else None
    ).returncode
    return outcome(code, narrowed=bool(options)), time.monotonic() - begun


def run_beside(names: Sequence[str], options: Sequence[str]) -> dict[str, tuple[str, float]]:
    """These runs, BESIDE at a time; what each printed is shown when it is done."""
    results = {}
    with ThreadPoolExecutor(BESIDE) as pool:
        running = {pool.submit(_run_quietly, name, options): name for name in names}
        for done in as_completed(running):
            name = running[done]
            results[name], said = done.result()
            print(f"\n=== {title(name)}\n{said}", flush=True)
    return {name: results[name] for name in names}


def _run_quietly(name: str, options: Sequence[str]) -> tuple[tuple[str, float], str]:
    with tempfile.TemporaryFile() as said:
        result = run(name, options, said)
        said.seek(0)
        return result, said.read().decode("utf-8", "replace")


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
    if len(names) == 1:
        print(f"\n=== {title(names[0])}", flush=True)
        results = {names[0]: run(names[0], options)}
    else:
        print(f"{', '.join(names)}: {BESIDE} at a time, and each is shown when it is done.", flush=True)
        results = run_beside(names, options)
    print("\n=== all runs")
    for name, (text, seconds) in results.items():
        print(f"    {name:<12}{seconds:>7.1f} s  {text}")
    return int(any(text.startswith("FAILED") for text, _ in results.values()))


if __name__ == "__main__":
    sys.exit(main())
