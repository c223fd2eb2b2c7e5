"""Run the whole test suite: the node's side on SQLite, the core's side on PostgreSQL, then the acceptance tests.

tests/domain runs twice, once on each database. All runs take place even if an earlier one fails; the exit code is 1 if
any failed. Options are passed to every pytest: `make test ARGS="-k supplement"`; `ARGS="--only core -x"` takes one run.
The rollout's short form on real hosts is asked for by name, `ARGS="--only rollout"`, until its whole scenario stands.
"""

import subprocess
import sys
import time
from collections.abc import Sequence

from tools.bootstrap import ROOT

NODE = "edge_node.settings_test"
CORE = "core.county.settings_test"

#: Name of the run -> settings, folders.
RUNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "node": (NODE, ("tests/unit", "tests/contract", "tests/domain", "tests/edge")),
    "core": (CORE, ("tests/domain", "tests/core")),
    "acceptance": (CORE, ("tests/acceptance",)),
    "rollout": (NODE, ("tests/rollout",)),
}

#: Only where it is asked for: it builds bundles and boots machines, four minutes and more where no image is kept yet.
BY_NAME = frozenset({"rollout"})

#: pytest's exit code when it collected nothing.
NO_TESTS = 5


def outcome(code: int, narrowed: bool) -> str:
    """One word or a few for a pytest exit code. A run without a test passes only if options narrowed the choice."""
    if code == 0:
        return "passed"
    if code == NO_TESTS:
        return "nothing selected" if narrowed else "FAILED: no tests found"
    return f"FAILED (exit code {code})"


def run(name: str, options: Sequence[str]) -> tuple[str, float]:
    """The outcome and the seconds of one run."""
    settings, folders = RUNS[name]
    print(f"\n=== {name}: {' '.join(folders)} under {settings}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", f"--ds={settings}", *folders, *options]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    return outcome(code, narrowed=bool(options)), time.monotonic() - started


def chosen(options: list[str]) -> tuple[list[str], list[str]]:
    """The names of the runs to make, and what is left of the options for pytest."""
    if "--only" not in options:
        return [name for name in RUNS if name not in BY_NAME], options
    at = options.index("--only")
    name = options[at + 1] if at + 1 < len(options) else ""
    if name not in RUNS:
        sys.exit(f"--only takes one of: {', '.join(RUNS)}")
    return [name], options[:at] + options[at + 2 :]


def main() -> int:
    names, options = chosen(sys.argv[1:])
    results = {name: run(name, options) for name in names}
    print("\n=== all runs")
    for name, (text, seconds) in results.items():
        print(f"    {name:<12}{seconds:>7.1f} s  {text}")
    return int(any(text.startswith("FAILED") for text, _ in results.values()))


if __name__ == "__main__":
    sys.exit(main())
