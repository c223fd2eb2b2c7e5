"""What a train has done so far, on disk before the next step begins; and the lock that lets one train run at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from . import judging
from .plan import Machine, rings_of
from .soaking import Report

FORMAT: Final = 1


class Underway(Exception):
    """Another train runs; the message is its version and process."""


class RecordUnread(Exception):
    """The file of a former run cannot be read; the message says why."""


class Host(msgspec.Struct):
    """One machine on this train. `former` is what it ran before, `before` what the county saw then."""

    node: str
    ring: int
    pull: bool = False
    state: str = judging.WAITING
    former: str = ""
    before: Report | None = None
    #: Why it is in this state, in words.
    reason: str = ""
    #: The county does not know it (not enrolled), so its own facts alone were asked.
    by_facts: bool = False
    batch: int = 0


class Batch(msgspec.Struct):
    """One run of the play. `phase`: play, soak, passed, stopped. `seconds` by phase."""

    number: int
    ring: int
    hosts: list[str]
    phase: str = "play"
    seconds: dict[str, float] = {}
    failed: list[str] = []


class Record(msgspec.Struct):
    """The whole train. `outcome` is one of judging.OUTCOMES, "running" meanwhile."""

    version: str
    bundle: str
    started_at: datetime
    format: int = FORMAT
    ended_at: datetime | None = None
    outcome: str = "running"
    words: str = ""
    hosts: dict[str, Host] = {}
    batches: list[Batch] = []
    #: Rings whose pulling machines the version was published for; the others with the reason.
    published: list[int] = []
    unpublished: dict[str, str] = {}
    #: Why the publishing could not be taken back when the train stopped.
    unwithdrawn: str = ""

    def machines_add(self, machines: list[Machine], *, whole: bool) -> None:
        """These machines are on the train; what is known of one stays, but for where it stands. Are they the `whole`
        inventory, who is not in it any more is waited for no longer.
        """
        named = {one.name for one in machines}
        for name in [name for name, one in self.hosts.items() if one.state not in judging.SETTLED]:
            if whole and name not in named:
                del self.hosts[name]
        for one in machines:
            host = self.hosts.setdefault(one.name, Host(node=one.node, ring=one.ring))
            host.node, host.ring, host.pull = one.node, one.ring, one.pull

    def again(self, chosen: set[str]) -> None:
        """The next run takes those of the chosen that are not done; a batch that was cut short is judged as before."""
        for name, host in self.hosts.items():
            if name in chosen and host.state not in judging.SETTLED:
                # What ran before is asked anew of hosts that run it still.
                if host.state not in judging.TOUCHED:
                    host.former, host.before = "", None
                host.state, host.reason = judging.WAITING, ""
        self.ended_at, self.outcome, self.words = None, "running", ""

    def rings(self, chosen: set[str]) -> dict[int, list[str]]:
        every = (Machine(name, one.node, one.ring, one.pull) for name, one in self.hosts.items() if name in chosen)
        return rings_of(every)

    def named(self, *states: str) -> list[str]:
        return sorted(name for name, one in self.hosts.items() if one.state in states and not one.pull)

    def as_json(self) -> dict[str, Any]:
        """For scripts: the record with lists by what became of the hosts."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        kinds = {one.state for one in self.hosts.values() if not one.pull}
        found["states"] = {kind: self.named(kind) for kind in sorted(kinds)}
        found["pull"] = sorted(name for name, one in self.hosts.items() if one.pull)
        found["exit"] = judging.OUTCOMES.get(self.outcome, 1)
        return found


def record_new(version: str, bundle: str) -> Record:
    return Record(version=version, bundle=bundle, started_at=now())


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class Shelf:
    """The folder of the operator's trains: one file a version, a log beside it, one lock for all."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def path(self, version: str) -> Path:
        return self.folder / f"{version}.json"

    def log(self, version: str) -> Path:
        return self.folder / f"{version}.log"

    def read(self, version: str) -> Record | None:
        """None where there was no such train. Raises RecordUnread."""
        try:
            return msgspec.json.decode(self.path(version).read_bytes(), type=Record)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise RecordUnread(str(error)) from error

    def write(self, record: Record) -> None:
        """Whole or not at all, also after a power cut."""
        path = self.path(record.version)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)

    @contextmanager
    def locked(self, version: str) -> Iterator[int]:
        """Raises Underway at once where another process has it. It ends with all processes that hold the yielded file
        open, however they end."""
        with (self.folder / "lock").open("a+", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                handle.seek(0)
                raise Underway(handle.read().strip()) from error
            handle.truncate(0)
            handle.write(f"{version}, {os.getpid()}\n")
            handle.flush()
            yield handle.fileno()
