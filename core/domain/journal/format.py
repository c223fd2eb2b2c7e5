"""The wire values of the journal: entries, cards, headers, acks, status. docs/journal-protocol.md is the spec.

MessagePack throughout; UUIDs as 16 bytes; structs are arrays, so that fields can only be added at the end and
with a default. No Django here.
"""

from __future__ import annotations

import struct as binary
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from .bodies import BODY_TYPES, AnyBody, kind_of
from .errors import NeedsUpgrade, SegmentDamaged

T = TypeVar("T")

FORMAT_VERSION: Final = 1
#: This version and the two before it are read.
READABLE_VERSIONS: Final = range(max(1, FORMAT_VERSION - 2), FORMAT_VERSION + 1)
MAX_ENTRIES: Final = 500
#: A segment of 500 entries is about 150 KB; a hostile one is refused long before memory is short.
MAX_SEGMENT_BYTES: Final = 32 * 1024 * 1024
MAX_BODY_BYTES: Final = 16 * 1024 * 1024
#: One entry; its author is refused beyond it, so that no segment grows past what its reader takes.
MAX_ENTRY_BYTES: Final = 1024 * 1024
#: A segment ends before this many packed bytes, though it may hold fewer than MAX_ENTRIES then.
MAX_PACKED_BYTES: Final = 8 * 1024 * 1024
#: Days a status names on which waiting cases fall due.
MAX_WAITING_DUE: Final = 20
#: Below it every instant is a date Python and PostgreSQL know (clock.py: year 4199).
MAX_INSTANT: Final = 1 << 62
MAGIC: Final = b"YZSG"


class Wire(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A value that travels as an array."""


class Entry(Wire, frozen=True, kw_only=True):
    """One fact about one case, or (case_id None) about the node it is sent to.

    `rev` counts the case's ordered entries from 1; entries that commute carry 0. `at` is hybrid logical time
    (clock.py), `release` the catalogue release its author worked by, `trace` an operator's thread through the logs.
    """

    id: UUID
    case_id: UUID | None
    rev: int
    author: str
    actor: str
    at: int
    release: int
    body: AnyBody
    trace: str = ""
    #: The author's clock was not anchored for longer than the policy allows, or had jumped back.
    clock_uncertain: bool = False

    @property
    def kind(self) -> str:
        return kind_of(self.body)


class _Tag(msgspec.Struct):
    """A body of which only the tag is looked at."""

    k: str


class _Glance(msgspec.Struct, array_like=True):
    """An entry of which only the tag is looked at; the rest stays bytes, so that a glance costs no memory."""

    id: msgspec.Raw
    case_id: msgspec.Raw
    rev: msgspec.Raw
    author: msgspec.Raw
    actor: msgspec.Raw
    at: msgspec.Raw
    release: msgspec.Raw
    body: _Tag


class _Traced(_Glance, array_like=True):
    """An entry of which only the trace is looked at."""

    trace: str = ""


class StreamName(Wire, frozen=True, kw_only=True):
    """Everything one author sends one audience, in order, within one epoch."""

    author: str
    epoch: int
    audience: str

    def __str__(self) -> str:
        return f"{self.author}/{self.epoch}>{self.audience}"


class SegmentHeader(Wire, frozen=True, kw_only=True):
    """What anyone on the way can check: which entries these are and what they follow."""

    version: int
    stream: StreamName
    first: int
    last: int
    count: int
    previous: bytes
    body_sha256: bytes
    card_serial: int
    made_at_ms: int


class NodeCard(Wire, frozen=True, kw_only=True):
    """Who a node is, signed by the county's root key. Keys: Ed25519 (32 bytes), age recipient, Syncthing device id."""

    node: str
    epoch: int
    serial: int
    tenant: str
    service_point: str
    name: str
    level: str
    parent: str
    verify_key: bytes
    recipient: str
    device_id: str
    valid_from_ms: int
    valid_to_ms: int
    revoked: bool = False
    addresses: tuple[str, ...] = ()


class Signed(Wire, frozen=True, kw_only=True):
    """A payload with its kind and an Ed25519 signature over both (chain.signed_bytes)."""

    kind: str
    signer: str
    payload: bytes
    signature: bytes


class StreamAck(Wire, frozen=True, kw_only=True):
    """How far a reader is: `applied` is in its rows, `secured` in a tested backup; `held` says why it goes no further
    (an errors.py code, "" while the stream flows)."""

    stream: StreamName
    applied: int
    header: bytes
    secured: int
    held: str = ""


class Acks(Wire, frozen=True, kw_only=True):
    reader: str
    made_at_ms: int
    streams: tuple[StreamAck, ...]
    #: Sealed names of attachments the reader has opened and kept.
    attachments: int = 0


class NodeStatus(Wire, frozen=True, kw_only=True):
    """What a node says of itself, replaced in place; gauges, never history. Ages in seconds, sizes in bytes.

    It may be read long after it was made: so it says on which days the cases fall due whose facts still wait here
    (`waiting_due`: day as date.toordinal() and number of cases, the earliest MAX_WAITING_DUE days), and which number
    its last act for the core has, or will have once it is sealed (`up_seq`), that the reader can tell what has arrived
    since.
    """

    node: str
    epoch: int
    made_at_ms: int
    version: str
    release: int
    waiting: int
    oldest_waiting_s: int
    open_cases: int
    disk_free: int
    disk_total: int
    clock_offset_ms: int | None = None
    connected: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    battery_percent: int | None = None
    #: Cases with facts that the core has not acknowledged, and the days they fall due on.
    waiting_cases: int = 0
    waiting_due: tuple[tuple[int, int], ...] = ()
    up_seq: int = 0
    #: How much of what this node sends the next hop has, by Syncthing's count; None while that is not known.
    completion_percent: int | None = None
    #: Next hops by name, and when each was last connected, ms.
    contacts: tuple[tuple[str, int], ...] = ()
    #: Exit code of the node's own self-test (edge_node/health.py).
    health: int = 0
    #: What became of the last rollout here (facts.json): "" where there was none.
    rollout_outcome: str = ""
    rollout_version: str = ""
    rollout_reason: str = ""
    rollout_at_ms: int = 0


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes", order="deterministic")
_entries = msgspec.msgpack.Decoder(list[Entry])
_entry = msgspec.msgpack.Decoder(Entry)
_traced = msgspec.msgpack.Decoder(_Traced)
_header = msgspec.msgpack.Decoder(SegmentHeader)


def encode(value: object) -> bytes:
    """Canonical MessagePack: equal values have equal bytes on every machine."""
    return _encoder.encode(value)


def decode(data: bytes, kind: type[T]) -> T:
    """The value in `data`. Raises msgspec.MsgspecError."""
    return msgspec.msgpack.decode(data, type=kind)


def entry_decode(data: bytes) -> Entry:
    return _entry.decode(data)


def trace_of(data: bytes) -> str:
    """The trace of a packed entry, "" where it carries none."""
    return _traced.decode(data).trace


def _undecodable(body: bytes, error: Exception) -> SegmentDamaged | NeedsUpgrade:
    """Tells a kind of entry this version has not learnt yet from bytes that are simply wrong."""
    try:
        tags = {entry.body.k for entry in msgspec.msgpack.decode(body, type=list[_Glance])}
    except (msgspec.MsgspecError, RecursionError):
        return SegmentDamaged(detail=str(error))
    unknown = sorted(tags - BODY_TYPES.keys())
    return NeedsUpgrade(detail=", ".join(unknown)) if unknown else SegmentDamaged(detail=str(error))


def entries_decode(body: bytes) -> list[Entry]:
    """The entries of a segment body. Raises SegmentDamaged or, on a tag from the future, NeedsUpgrade."""
    try:
        entries = _entries.decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _undecodable(body, error) from error
    for entry in entries:
        if not (0 <= entry.rev < 1 << 31 and 0 <= entry.release < 1 << 31 and 0 <= entry.at < MAX_INSTANT):
            raise SegmentDamaged(detail=f"numbers out of range in entry {entry.id}")
    return entries


def segment_join(header: bytes, signature: bytes, body: bytes) -> bytes:
    """The file: magic, format version, header length, header, 64-byte signature, sealed body."""
    return b"".join((MAGIC, binary.pack(">BI", FORMAT_VERSION, len(header)), header, signature, body))


def segment_split(data: bytes) -> tuple[SegmentHeader, bytes, bytes, bytes]:
    """The parts of a segment file: header, its bytes, signature, sealed body.

    Raises SegmentDamaged, NeedsUpgrade. Nothing is believed yet: no signature is checked here.
    """
    if len(data) < 9 or data[:4] != MAGIC:
        raise SegmentDamaged(detail="no segment magic")
    version, length = binary.unpack(">BI", data[4:9])
    _version_require(version)
    if len(data) < 9 + length + 64:
        raise SegmentDamaged(detail="truncated")
    header_bytes = data[9 : 9 + length]
    try:
        header = _header.decode(header_bytes)
    except msgspec.MsgspecError as error:
        raise SegmentDamaged(detail=str(error)) from error
    _version_require(header.version)
    if not 0 < header.count <= MAX_ENTRIES or header.last - header.first + 1 != header.count or header.first < 1:
        raise SegmentDamaged(detail="numbers do not add up")
    return header, header_bytes, data[9 + length : 9 + length + 64], data[9 + length + 64 :]


def _version_require(version: int) -> None:
    if version > FORMAT_VERSION:
        raise NeedsUpgrade(detail=f"segment format {version}")
    if version not in READABLE_VERSIONS:
        raise SegmentDamaged(detail=f"segment format {version} is no longer read")


def segment_name(first: int, last: int) -> str:
    return f"{first:012d}-{last:012d}.seg"


def segment_name_parse(name: str) -> tuple[int, int] | None:
    """(first, last) of a segment file's name, None where it is no such name."""
    stem, dot, suffix = name.partition(".")
    first, dash, last = stem.partition("-")
    if not (
        dot
        and dash
        and suffix == "seg"
        and len(first) == len(last) == 12
        and (first + last).isascii()
        and (first + last).isdigit()
    ):
        return None
    return int(first), int(last)


def epoch_folder(epoch: int) -> str:
    return f"e{epoch:06d}"
