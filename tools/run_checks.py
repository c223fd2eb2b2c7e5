"""Run everything a change must satisfy besides the tests; all checks run even if an earlier one fails.

The exit code is 1 if any failed. `make check ARGS="mypy sizes"` takes some of them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.bootstrap import ROOT

BIN = Path(sys.executable).parent
MIGRATIONS = (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run")

MONITORING = ROOT / "monitoring"
RULES = tuple(str(path) for folder in ("rules", "alerts") for path in sorted((MONITORING / folder).glob("*.yml")))
RULE_TESTS = tuple(str(path) for path in sorted((MONITORING / "tests").glob("*.yml")))
#: A sentence, an expression and a series' labels are one line each, however long.
WATCH_STYLE = "{extends: default, rules: {line-length: disable, document-start: disable}}"

#: Name -> command.
CHECKS: dict[str, tuple[str, ...]] = {
    "lint": (str(BIN / "ruff"), "check"),
    "format": (str(BIN / "ruff"), "format", "--check"),
    "types": (str(BIN / "mypy"),),
    "imports": (str(BIN / "lint-imports"), "--no-logo"),
    "migrations-core": MIGRATIONS,
    "migrations-node": MIGRATIONS,
    "messages": (sys.executable, "-m", "tools.check_messages"),
    "sizes": (sys.executable, "-m", "tools.check_sizes"),
    "yaml": (str(BIN / "yamllint"), "--strict", "ansible"),
    "ansible": (
        str(BIN / "ansible-lint"), "-q", "--nocolor", "--offline", "--profile", "production",
        "--project-dir", "ansible", "ansible",
    ),
    "yaml-watch": (str(BIN / "yamllint"), "--strict", "-d", WATCH_STYLE, "monitoring"),
    "rules": ("promtool", "check", "rules", *RULES),
    "rules-tested": ("promtool", "test", "rules", *RULE_TESTS),
}  # fmt: skip


def environment(name: str, scratch: str) -> dict[str, str]:
    """The environment of a check: data folders are empty ones, and no PostgreSQL is started or asked."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO_", "YIZHAN_"))}
    # A server that is not there: comparing models with migrations needs none, and says so in a warning.
    env |= {"YIZHAN_VAR": scratch, "DATABASE_URL": f"postgresql://nobody@/none?host={scratch}"}
    if name == "migrations-node":
        env |= {"DJANGO_SETTINGS_MODULE": "edge_node.settings", "YIZHAN_NODE_DIR": scratch}
    if name == "ansible":
        # It calls Ansible's own programs, and leaves what it remembers outside the checkout.
        env |= {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg"), "ANSIBLE_HOME": scratch}
        env["PATH"] = f"{BIN}:{env['PATH']}"
    return env


def passes(name: str) -> bool:
    """Whether the check passes; what it says is printed only if it does not."""
    started = time.monotonic()
    if shutil.which(CHECKS[name][0]) is None:
        print(f"    {name:<18}{'':>8}  FAILED: {CHECKS[name][0]} is not installed", flush=True)
        return False
    with tempfile.TemporaryDirectory(prefix="yizhan-check-") as scratch:
        done = subprocess.run(
            CHECKS[name], cwd=ROOT, env=environment(name, scratch), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"    {name:<18}{time.monotonic() - started:>6.1f} s  {verdict}", flush=True)
    if done.returncode != 0:
        print("\n" + done.stdout.strip() + "\n", flush=True)
    return done.returncode == 0


def main() -> int:
    names = sys.argv[1:] or list(CHECKS)
    if unknown := sorted(set(names) - set(CHECKS)):
        sys.exit(f"There is no check named {', '.join(unknown)}. There are: {', '.join(CHECKS)}")
    results = [passes(name) for name in names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
