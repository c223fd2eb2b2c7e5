"""Unpack the outer zstd of a bundle on the controller: a bare machine can read tar, and nothing else yet."""

import os
import sys
from pathlib import Path

import zstandard

archive, target = Path(sys.argv[1]), Path(sys.argv[2])
partial = target.with_name(f"{target.name}.{os.getpid()}")
with archive.open("rb") as source, partial.open("wb") as out:
    zstandard.ZstdDecompressor().copy_stream(source, out)
# Two runs at once make the same file; the last name counts.
partial.replace(target)
