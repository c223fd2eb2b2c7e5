"""Write requirements/*.lock anew: every version pinned, every file's hash named, no registry's address inside.

    make lock                   after a change in pyproject.toml; other pins stay as they are
    make lock ARGS=--upgrade    take the newest of everything

dev.lock holds all extras and is resolved first; core.lock and edge.lock are parts of it, so that a node runs the very
versions that were tested. The hashes cover every platform (a node may be arm64).
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from tools.bootstrap import REQUIREMENTS, ROOT, installer_environment

#: What is resolved for which lock, in this order.
LOCKS: dict[str, tuple[str, ...]] = {
    "tools": ("requirements/tools.in",),
    "dev": ("pyproject.toml", "--all-extras"),
    "core": ("pyproject.toml", "--extra", "core", "-c", "requirements/dev.lock"),
    "edge": ("pyproject.toml", "--extra", "edge", "-c", "requirements/dev.lock"),
    "pull": ("requirements/pull.in", "-c", "requirements/dev.lock"),
}

#: The only lines a lock may hold: a pinned requirement, or one of its hashes.
ALLOWED = re.compile(
    r"^([A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+( ; [^@:]+)? \\| {4}--hash=sha256:[0-9a-f]{64}( \\)?)$"
)  # fmt: skip


def foreign_lines(lock: Path) -> list[str]:
    """Lines of a lock which are neither a pin nor a hash: an address, an option, an unpinned name."""
    return [line for line in lock.read_text(encoding="utf-8").splitlines() if not ALLOWED.match(line)]


def main() -> int:
    uv = Path(sys.executable).parent / "uv"
    for name, sources in LOCKS.items():
        lock = REQUIREMENTS / f"{name}.lock"
        before = lock.read_text(encoding="utf-8") if lock.exists() else ""
        subprocess.run(
            [
                str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
                "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate",
                *sources, "--output-file", os.path.relpath(lock, ROOT), *sys.argv[1:],
            ],
            cwd=ROOT, env=installer_environment(), check=True,
        )  # fmt: skip
        if foreign := foreign_lines(lock):
            print(f"{lock.name} holds lines that are no pin and no hash:", *foreign[:5], sep="\n    ")
            return 1
        changed = "changed" if lock.read_text(encoding="utf-8") != before else "as before"
        print(f"requirements/{lock.name}: {changed}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
