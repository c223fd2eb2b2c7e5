"""The county's core, asked as ansible/inventory/yizhan asks it: over SSH where YIZHAN_CORE names it, else here."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from .soaking import Fleet

ANSWER_SECONDS: Final = 120.0
#: Publishing copies a bundle into the folders of all machines of a ring.
PUBLISH_SECONDS: Final = 1800.0
ROOT: Final = Path(__file__).resolve().parents[4]


class CountyUnread(Exception):
    """The core does not answer, or not as this version understands; the message says how."""


@dataclass(frozen=True)
class County:
    """`command` runs the core's commands; over SSH its arguments are words for another shell."""

    command: tuple[str, ...]
    over_ssh: bool = False

    def fleet(self) -> Fleet:
        """What every machine last said of itself. Raises CountyUnread."""
        said = self._run("fleet", "--json", seconds=ANSWER_SECONDS)
        try:
            return msgspec.json.decode(said, type=Fleet)
        except msgspec.MsgspecError as error:
            raise CountyUnread(str(error)) from error

    def publish(self, version: str, *, ring: int) -> str:
        """The version lies ready for the machines of the ring which fetch it themselves. Raises CountyUnread."""
        said = self._run("rollout_publish", version, "--ring", str(ring), seconds=PUBLISH_SECONDS)
        return said.decode("utf-8", "replace").strip()

    def withdraw(self, version: str) -> None:
        """Who has not fetched the version does not take it any more. Raises CountyUnread."""
        self._run("rollout_publish", version, "--withdraw", seconds=ANSWER_SECONDS)

    def _run(self, *arguments: str, seconds: float) -> bytes:
        words: Sequence[str] = [shlex.quote(one) for one in arguments] if self.over_ssh else arguments
        try:
            done = subprocess.run(
                [*self.command, *words], stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=seconds
            )
        except subprocess.CalledProcessError as error:
            said = (error.stderr or error.stdout).decode("utf-8", "replace").strip()
            raise CountyUnread(said[-500:] or str(error)) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CountyUnread(str(error)) from error
        return done.stdout


def county_of(environ: Mapping[str, str] = os.environ) -> County:
    """As the inventory's script chooses: YIZHAN_CORE over SSH, the program yizhan-core, the checkout's own."""
    if core := environ.get("YIZHAN_CORE"):
        return County(("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", core, "yizhan-core"), over_ssh=True)
    if found := shutil.which("yizhan-core", path=environ.get("PATH")):
        return County((found,))
    plain = ("env", "-u", "YIZHAN_ROLE", "-u", "YIZHAN_NODE_DIR")
    return County((*plain, sys.executable, str(ROOT / "manage.py")))
