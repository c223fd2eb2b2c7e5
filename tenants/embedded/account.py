"""The unprivileged account the server runs under: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from tenants.embedded.errors import EmbeddedDatabaseError

CANDIDATES = ("postgres", "nobody", "daemon")


class Account(NamedTuple):
    """Who runs the server; `switch` tells whether a root process must become it first."""

    name: str
    uid: int
    gid: int
    switch: bool

    def process_options(self) -> dict[str, Any]:
        """Arguments for subprocess: the account alone, without root's groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def can_enter(self, directory: Path) -> bool:
        """Whether the account gets into the directory, as the kernel sees it (modes, ACLs, mounts)."""
        return self._shell('cd "$1"', directory)

    def can_execute(self, file: Path) -> bool:
        """Whether the account may run the file."""
        return self._shell('test -x "$1"', file)

    def _shell(self, script: str, path: Path) -> bool:
        command = ["/bin/sh", "-c", script, "sh", str(path)]
        answer = subprocess.run(command, cwd="/", capture_output=True, check=False, **self.process_options())
        return answer.returncode == 0


def account_for(data: Path) -> Account:
    """The owner of existing data; else the caller, or for root the first unprivileged account there is.

    Raises EmbeddedDatabaseError when the data belongs to someone the caller may not become.
    """
    caller = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if caller != 0:
        if owner not in (None, caller):
            raise EmbeddedDatabaseError(f"{data} belongs to user {owner}. Run as that user, or set YIZHAN_VAR.")
        return Account(str(caller), caller, os.getegid(), switch=False)
    if owner:
        entry = next((e for e in pwd.getpwall() if e.pw_uid == owner), None)
        return Account(entry.pw_name if entry else str(owner), owner, entry.pw_gid if entry else owner, switch=True)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, switch=True)
    raise EmbeddedDatabaseError("PostgreSQL does not run as root, and no user 'postgres' exists. Run: useradd postgres")
