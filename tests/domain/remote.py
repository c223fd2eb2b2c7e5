"""Another machine, without a database: it writes a stream's segments with the protocol's own functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from core.domain.cases import selectors
from core.domain.cases.bulk import entries_apply
from core.domain.cases.numbering import case_number
from core.domain.journal import bodies as b
from core.domain.journal import seal
from core.domain.journal.chain import NO_PREVIOUS, Signer, header_hash, header_sign, sha256, signing_key_new
from core.domain.journal.clock import physical_ms
from core.domain.journal.format import (
    Entry,
    NodeCard,
    SegmentHeader,
    StreamName,
    encode,
    epoch_folder,
    segment_join,
    segment_name,
)
from core.domain.journal.models import Cursor
from core.domain.journal.reader import Progress, ReadDesk, stream_read
from core.transport import spool
from tests.samples import BODIES, CASE, VILLAGE, entry, instant_day

DAY_MS = 24 * 3600 * 1000


class Hooked:
    """The spool, with some of its calls replaced."""

    def __init__(self, **calls: Callable[..., Any]) -> None:
        self.calls = calls

    def __getattr__(self, name: str) -> Any:
        return self.calls.get(name) or getattr(spool, name)


@dataclass
class Remote:
    """An author. `write` puts entries into the next segment; its arguments bend the segment out of shape."""

    node: str
    folder: Path
    reader: str
    recipient: str
    epoch: int = 1
    serial: int = 1
    last: int = 0
    previous: bytes = NO_PREVIOUS
    signer: Signer = field(init=False)

    def __post_init__(self) -> None:
        self.signer = Signer(self.node, signing_key_new())
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def card(self) -> NodeCard:
        now = physical_ms()
        return NodeCard(
            node=self.node, epoch=self.epoch, serial=self.serial, tenant="430321100000", service_point=self.node,
            name="远方", level="village", parent="", verify_key=self.signer.verify_key, recipient="", device_id="",
            valid_from_ms=now - DAY_MS, valid_to_ms=now + DAY_MS,
        )  # fmt: skip

    def segment(
        self, entries: Sequence[Entry], *, recipient: str = "", body: bytes | None = None,
        bend: Callable[[SegmentHeader], SegmentHeader] = lambda header: header, signer: Signer | None = None,
    ) -> tuple[str, bytes, SegmentHeader, bytes]:  # fmt: skip
        """(name, file, header, header's hash) of the next segment; the stream does not move yet."""
        packed = encode(list(entries)) if body is None else body
        sealed = seal.body_seal(packed, [recipient or self.recipient])
        header = bend(SegmentHeader(
            version=1, stream=StreamName(author=self.node, epoch=self.epoch, audience=self.reader),
            first=self.last + 1, last=self.last + len(entries), count=len(entries), previous=self.previous,
            body_sha256=sha256(sealed), card_serial=self.serial, made_at_ms=physical_ms(),
        ))  # fmt: skip
        data, signature = header_sign(signer or self.signer, header)
        return segment_name(header.first, header.last), segment_join(data, signature, sealed), header, header_hash(data)

    def write(self, *entries: Entry, place: bool = True, **more: Any) -> Path:
        """The next segment lies in the folder (`place` False: it is only written) and the stream has moved on."""
        name, data, header, hashed = self.segment(entries, **more)
        self.last, self.previous = header.last, hashed
        path = self.path(name)
        self.files[name] = data
        if place:
            self.put(name)
        return path

    def put(self, name: str, data: bytes | None = None) -> Path:
        """The file lies in the folder, as Syncthing would put it: by a rename."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(".syncthing.draft")
        draft.write_bytes(self.files[name] if data is None else data)
        draft.rename(path)
        return path

    def path(self, name: str) -> Path:
        return self.folder / epoch_folder(self.epoch) / name

    #: Every segment ever written, by name.
    files: dict[str, bytes] = field(default_factory=dict)


class Reader:
    """A machine that reads remotes into this database."""

    def __init__(self, base: Path, node: str = "core") -> None:
        self.base, self.node = base, node
        self.identity = seal.identity_new()
        self.cards: dict[str, NodeCard | None] = {}
        self.remotes: dict[str, Remote] = {}
        for place in ("archive", "quarantine"):
            (base / place).mkdir()
        self.desk = self.desk_new()

    def desk_new(self) -> ReadDesk:
        """As after a restart: nothing of what was looked at is remembered."""
        self.desk = ReadDesk(
            reader=self.node, identity=self.identity, card=self.cards.get,
            archive=self.base / "archive", quarantine=self.base / "quarantine", files=spool,
            apply=lambda stream, entries: self.apply(entries),
        )  # fmt: skip
        return self.desk

    def apply(self, entries: Sequence[Entry]) -> None:
        entries_apply(entries)

    def remote(self, node: str) -> Remote:
        """A remote whose card this reader holds."""
        remote = Remote(
            node=node, folder=self.base / f"up-{node}", reader=self.node, recipient=seal.recipient_of(self.identity)
        )
        self.cards[node], self.remotes[node] = remote.card, remote
        return remote

    def read(self, remote: Remote, **more: Any) -> Progress:
        return stream_read(author=remote.node, folder=remote.folder, desk=self.desk, **more)

    def cursor(self, remote: Remote) -> Cursor:
        return Cursor.objects.get(author=remote.node, epoch=remote.epoch, audience=self.node)

    def change_card(self, remote: Remote, **more: Any) -> None:
        self.cards[remote.node] = replace(remote.card, **more)

    def quarantined(self, remote: Remote) -> list[str]:
        """The names of the files kept aside, as they lay in the folder."""
        return [name.partition("-")[2] for name in spool.names(self.base / "quarantine", remote.node)]

    def archived(self, remote: Remote) -> list[str]:
        return spool.names(self.base / "archive" / remote.node, epoch_folder(remote.epoch))


#: The names of what `write_three` writes.
FIRST, SECOND, THIRD = "000000000001-000000000002.seg", "000000000003-000000000003.seg", "000000000004-000000000004.seg"


def opening(case: UUID = CASE, number: int = 1, author: str = VILLAGE):
    """A case under a number its author may give out."""
    given = case_number(service_point=author, day=instant_day(), serial=1)
    return entry(number, replace(BODIES["case.opened"], number=given), rev=1, case_id=case, author=author)


def write_three(village: Remote, place: bool = True) -> None:
    """Three segments: opened and submitted; accepted; a note."""
    village.write(opening(), entry(2, b.CaseSubmitted(), rev=2), place=place)
    village.write(entry(3, BODIES["case.accepted"], rev=3), place=place)
    village.write(entry(4, BODIES["note.added"], rev=0), place=place)


def status(case: UUID = CASE) -> str:
    return selectors.case_state(case).status


def held(reader: Reader, remote: Remote) -> tuple[str, str, list[str]]:
    """(what reading says, what the cursor says, what lies in quarantine)."""
    progress = reader.read(remote)
    return progress.held, reader.cursor(remote).held_reason, reader.quarantined(remote)
