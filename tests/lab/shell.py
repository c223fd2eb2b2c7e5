"""Running a command of this machine, so that its failure says what was run and what it answered."""

from __future__ import annotations

import os
import subprocess
from typing import Final

#: Where a lab's tools lie, also when the caller's PATH is a plain user's.
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class CommandFailed(Exception):
    """A command ended with another code than 0; `output` is what it said last."""

    def __init__(self, where: str, command: tuple[str, ...], code: int, output: str) -> None:
        super().__init__(f"{where}: {' '.join(command)} ended with {code}:\n{output.strip()[-4000:]}")
        self.code, self.output = code, output


def environment() -> dict[str, str]:
    return os.environ | {"PATH": f"{os.environ.get('PATH', '')}:{PATH}"}


def local(*command: str, stdin: str | None = None) -> str:
    """What the command printed. Raises CommandFailed."""
    done = subprocess.run(
        command, input=stdin, stdin=subprocess.DEVNULL if stdin is None else None, env=environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise CommandFailed("this machine", command, done.returncode, done.stdout + done.stderr)
    return done.stdout


def attempt(*command: str) -> bool:
    """Whether the command succeeded; for clearing up, where there may be nothing left to clear."""
    return subprocess.run(command, capture_output=True, env=environment(), check=False).returncode == 0
