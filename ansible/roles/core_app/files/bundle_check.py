"""Every file of an unpacked bundle is what its manifest says, and none is there besides: bundle_check.py DIR VERSION.

Runs with the system's Python, before anything of the bundle is installed. The exit code is 1 with the reason in words.
"""

import hashlib
import json
import sys
from pathlib import Path


def faults(tree: Path, version: str) -> list[str]:
    """What is wrong with the bundle, one sentence each."""
    manifest = json.loads((tree / "manifest.json").read_text(encoding="utf-8"))
    if manifest.get("format") != 1 or manifest.get("version") != version:
        return [f"This is format {manifest.get('format')}, version {manifest.get('version')}, not 1, {version}."]
    named = {str(one["path"]): str(one["sha256"]) for one in manifest["files"]}
    there = {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir() or path.is_symlink()}
    there -= {"manifest.json", "manifest.sig"}
    found = [f"{path} is missing." for path in sorted(named.keys() - there)]
    found += [f"{path} is not in the manifest." for path in sorted(there - named.keys())]
    return found + [
        f"{path} is not the file the manifest names."
        for path in sorted(named.keys() & there)
        if (tree / path).is_symlink() or hashlib.sha256((tree / path).read_bytes()).hexdigest() != named[path]
    ]


if __name__ == "__main__":
    sys.exit("\n".join(faults(Path(sys.argv[1]), sys.argv[2])) or None)
