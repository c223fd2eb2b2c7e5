"""Is an unpacked bundle whole, and for this machine? By its manifest alone: whose it is, the running version proves.

yizhan_bundle.py TREE VERSION: exit 0 and nothing said, or 1 and what is wrong
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"


def problems(tree: Path, version: str, codename: str, arch: str) -> Iterator[str]:
    """What is wrong with the bundle, in words; nothing where it is whole and of this version for these machines."""
    manifest = json.loads((tree / MANIFEST).read_text(encoding="utf-8"))
    for name, wanted in {"format": 1, "version": version, "codename": codename, "arch": arch}.items():
        if manifest.get(name) != wanted:
            yield f"{name} is {manifest.get(name)}, not {wanted}"
    listed = {one["path"]: one for one in manifest["files"]}
    found = {path.relative_to(tree).as_posix(): path for path in tree.rglob("*") if not path.is_dir()}
    for name in sorted(set(found) - set(listed) - {MANIFEST, SIGNATURE}):
        yield f"{name} is not in the manifest"
    for name, one in sorted(listed.items()):
        path = found.get(name)
        if path is None or path.is_symlink():
            yield f"{name} is missing"
        elif path.stat().st_size != one["size"] or _sha256(path) != one["sha256"]:
            yield f"{name} is not what the manifest says"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def machine() -> tuple[str, str]:
    """(codename, architecture) of this machine in Debian's words."""
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    codename = next((line.partition("=")[2].strip('"') for line in lines if line.startswith("VERSION_CODENAME=")), "")
    arch = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
    return codename, arch


def main() -> int:
    tree, version = Path(sys.argv[1]), sys.argv[2]
    try:
        found = list(problems(tree, version, *machine()))
    except (OSError, ValueError, LookupError, TypeError) as error:
        found = [f"{type(error).__name__}: {error}"]
    for problem in found[:20]:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
