"""Outbox > segments: each entry in exactly one segment, whatever crashes; and back again through a reader."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from core.domain.journal import bodies as b
from core.domain.journal import seal, sealer
from core.domain.journal.chain import SEGMENT_CONTEXT, Signer, header_hash, verify
from core.domain.journal.errors import EntryTooLarge, SegmentLost
from core.domain.journal.format import (
    MAX_ENTRY_BYTES,
    Acks,
    StreamAck,
    StreamName,
    entries_decode,
    segment_split,
)
from core.domain.journal.models import Entry, OutboxItem, OutgoingStream, Segment
from core.domain.journal.reader import ReadDesk, stream_read
from core.domain.journal.sealer import Desk, segments_prune, streams_seal
from core.domain.journal.selectors import Waiting, acks_for, entry_reached, waiting_for
from core.domain.journal.services import acks_apply, clock_now, entry_append
from core.transport import spool
from core.transport.errors import DiskFull
from tests import place, samples
from tests.domain.remote import Hooked
from tests.samples import TOWN, entry

pytestmark = pytest.mark.django_db

HERE = place.VILLAGE
SIGNER = Signer(HERE.node, bytes([3]) * 32)
IDENTITIES = {"core": seal.identity_new(), TOWN: seal.identity_new()}
ONE, TWO = "000000000001-000000000002.seg", "000000000003-000000000003.seg"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for name in ("staging", "core", TOWN):
        (tmp_path / name).mkdir()
    return Desk(
        signer=SIGNER, card_serial=4, recipients=lambda audience: [seal.recipient_of(IDENTITIES[audience])],
        folder=lambda audience: tmp_path / audience, staging=tmp_path / "staging", files=spool,
    )  # fmt: skip


def append(*numbers: int, audiences=("core",)) -> None:
    for number in numbers:
        entry_append(entry(number, b.NoteAdded(text=f"note {number}"), rev=0), audiences=audiences)


def names(desk: Desk, audience: str = "core") -> list[str]:
    return spool.names(desk.folder(audience), "e000001")


def opened(desk: Desk, name: str, audience: str = "core"):
    """(header, header's bytes, entries) of a segment in the folder."""
    header, data, signature, body = segment_split((desk.folder(audience) / "e000001" / name).read_bytes())
    verify(SIGNER.verify_key, SEGMENT_CONTEXT, data, signature)
    return header, data, entries_decode(seal.body_unseal(body, IDENTITIES[audience]))


def test_queued_entries_are_one_signed_sealed_segment_in_the_order_they_were_written(desk):
    append(1, 2)
    assert streams_seal(here=HERE, desk=desk) == 2
    assert names(desk) == [ONE]
    header, data, entries = opened(desk, ONE)
    assert header.stream == StreamName(author=HERE.node, epoch=1, audience="core")
    assert (header.version, header.first, header.last, header.count, header.card_serial) == (1, 1, 2, 2, 4)
    assert header.previous == bytes(32)
    assert [one.body.text for one in entries] == ["note 1", "note 2"]
    stream = OutgoingStream.objects.get()
    assert (stream.last_seq, bytes(stream.last_header)) == (2, header_hash(data))
    assert list(OutboxItem.objects.order_by("id").values_list("epoch", "seq")) == [(1, 1), (1, 2)]
    assert spool.names(desk.staging) == []


def test_each_segment_follows_the_one_before(desk):
    append(1, 2)
    streams_seal(here=HERE, desk=desk)
    append(3)
    streams_seal(here=HERE, desk=desk)
    assert names(desk) == [ONE, TWO]
    assert opened(desk, TWO)[0].previous == header_hash(opened(desk, ONE)[1])


def test_an_empty_outbox_writes_nothing(desk):
    assert streams_seal(here=HERE, desk=desk) == 0
    assert names(desk) == spool.names(desk.staging) == []
    assert OutgoingStream.objects.count() == Segment.objects.count() == 0


def test_each_audience_has_its_own_stream_and_opens_only_that(desk):
    append(1, 2, audiences=("core", TOWN))
    append(3)
    assert streams_seal(here=HERE, desk=desk) == 5
    assert names(desk) == ["000000000001-000000000003.seg"]
    assert names(desk, TOWN) == [ONE]
    assert len(opened(desk, ONE, TOWN)[2]) == 2


def test_five_hundred_entries_are_a_segment(desk):
    append(*range(1, 503))
    assert streams_seal(here=HERE, desk=desk, limit=1) == 500
    assert streams_seal(here=HERE, desk=desk) == 2
    assert names(desk) == ["000000000001-000000000500.seg", "000000000501-000000000502.seg"]


def test_a_segment_ends_before_it_grows_past_what_a_reader_takes(desk, monkeypatch):
    monkeypatch.setattr(sealer, "MAX_PACKED_BYTES", 100)
    append(1, 2, 3)
    assert streams_seal(here=HERE, desk=desk) == 3
    assert names(desk) == [f"{n:012d}-{n:012d}.seg" for n in (1, 2, 3)]


def test_an_entry_too_large_for_any_segment_is_refused_where_it_is_written():
    with pytest.raises(EntryTooLarge) as refused:
        entry_append(entry(1, b.NoteAdded(text="x" * MAX_ENTRY_BYTES), rev=0), audiences=["core"])
    assert refused.value.kind == "note.added"
    assert Entry.objects.count() == OutboxItem.objects.count() == 0


def test_nothing_is_sealed_for_an_audience_whose_key_is_unknown(desk):
    append(1, audiences=("core", TOWN))
    deaf = dataclasses.replace(desk, recipients=lambda audience: [] if audience == TOWN else desk.recipients(audience))
    assert streams_seal(here=HERE, desk=deaf) == 1
    assert OutboxItem.objects.filter(audience=TOWN, seq=None).count() == 1
    assert streams_seal(here=HERE, desk=desk) == 1


class Crash(Exception):
    """The machine stops here."""


def crashing(call: str, *, after: bool = False, where: str = "") -> Hooked:
    """The spool, whose `call` below a folder named `where` dies once, before or after it did its work."""
    done: list[int] = []

    def die(folder, *args, **more):
        if done or (where and where not in str(folder)):
            return getattr(spool, call)(folder, *args, **more)
        done.append(1)
        if after:
            getattr(spool, call)(folder, *args, **more)
        raise Crash

    return Hooked(**{call: die})


def assert_one_header_for_each_range(desk: Desk, entries: int = 2) -> None:
    """What the folder holds reads through, in order, with every entry once."""
    headers = [opened(desk, name) for name in names(desk)]
    assert [one for _, _, some in headers for one in some] == [
        entry(n, b.NoteAdded(text=f"note {n}"), rev=0) for n in range(1, entries + 1)
    ]
    assert Segment.objects.filter(published=False).count() == 0
    assert sorted(bytes(h) for h in Segment.objects.values_list("header_hash", flat=True)) == sorted(
        header_hash(data) for _, data, _ in headers
    )
    assert spool.names(desk.staging) == []


def test_a_crash_between_commit_and_rename_publishes_the_same_bytes(desk):
    append(1, 2)
    with pytest.raises(Crash):
        streams_seal(here=HERE, desk=dataclasses.replace(desk, files=crashing("file_publish", where="/core")))
    (staged,) = spool.names(desk.staging)
    written = (desk.staging / staged).read_bytes()
    assert (names(desk), Segment.objects.get().published) == ([], False)
    assert streams_seal(here=HERE, desk=desk) == 0
    assert (desk.folder("core") / "e000001" / ONE).read_bytes() == written
    assert_one_header_for_each_range(desk)


def test_a_crash_after_the_rename_publishes_nothing_twice(desk):
    append(1, 2)
    crash = crashing("file_publish", where="/core", after=True)
    with pytest.raises(Crash):
        streams_seal(here=HERE, desk=dataclasses.replace(desk, files=crash))
    assert (names(desk), Segment.objects.get().published) == ([ONE], False)
    before = (desk.folder("core") / "e000001" / ONE).read_bytes()
    append(3)
    assert streams_seal(here=HERE, desk=desk) == 1
    assert (desk.folder("core") / "e000001" / ONE).read_bytes() == before
    assert_one_header_for_each_range(desk, 3)


def test_a_crash_before_commit_leaves_the_entries_queued(desk):
    append(1, 2)
    crash = crashing("file_publish", where="staging", after=True)
    with pytest.raises(Crash):
        streams_seal(here=HERE, desk=dataclasses.replace(desk, files=crash))
    assert (Segment.objects.count(), OutboxItem.objects.filter(seq=None).count()) == (0, 2)
    assert streams_seal(here=HERE, desk=desk) == 2
    assert [one.body.text for one in opened(desk, ONE)[2]] == ["note 1", "note 2"]


def test_a_crash_before_the_staged_copy_is_gone_removes_nothing_that_is_published(desk):
    append(1, 2)
    with pytest.raises(Crash):
        streams_seal(here=HERE, desk=dataclasses.replace(desk, files=crashing("file_remove")))
    assert (names(desk), Segment.objects.get().published) == ([ONE], True)
    assert streams_seal(here=HERE, desk=desk) == 0
    assert names(desk) == [ONE]


def test_a_full_disk_leaves_the_entries_queued(desk):
    append(1, 2)

    def full(folder, name, data):
        raise DiskFull(folder, 0, 1)

    with pytest.raises(DiskFull):
        streams_seal(here=HERE, desk=dataclasses.replace(desk, files=Hooked(file_publish=full)))
    assert OutboxItem.objects.filter(seq=None).count() == 2
    assert (Segment.objects.count(), names(desk)) == (0, [])
    assert streams_seal(here=HERE, desk=desk) == 2
    assert_one_header_for_each_range(desk)


def test_one_audiences_missing_folder_holds_up_no_other(desk, tmp_path):
    append(1, audiences=(TOWN, "core"))
    lost = dataclasses.replace(desk, folder=lambda a: tmp_path / "unmounted" if a == TOWN else desk.folder(a))
    with pytest.raises(FileNotFoundError):
        streams_seal(here=HERE, desk=lost)
    assert names(desk) == ["000000000001-000000000001.seg"]
    assert streams_seal(here=HERE, desk=desk) == 0
    assert names(desk, TOWN) == ["000000000001-000000000001.seg"]


def test_a_lost_staged_segment_is_an_alarm_and_never_passes_for_published(desk):
    append(1, 2)
    with pytest.raises(Crash):
        streams_seal(here=HERE, desk=dataclasses.replace(desk, files=crashing("file_publish", where="/core")))
    for name in spool.names(desk.staging):
        spool.file_remove(desk.staging, name)
    with pytest.raises(SegmentLost):
        streams_seal(here=HERE, desk=desk)
    assert Segment.objects.get().published is False


def test_a_published_segment_is_announced(desk):
    heard = []
    append(1, 2)
    streams_seal(
        here=HERE, desk=dataclasses.replace(desk, announce=lambda audience, name: heard.append((audience, name)))
    )
    assert heard == [("core", f"e000001/{ONE}")]


def test_what_is_sealed_here_reads_there(desk, tmp_path):
    from tests.domain.remote import Remote

    append(1, 2)
    streams_seal(here=HERE, desk=desk)
    card = Remote(node=HERE.node, folder=tmp_path / "x", reader="core", recipient="", serial=4)
    card.signer = SIGNER
    read: list[Any] = []
    for name in ("archive", "quarantine"):
        (tmp_path / name).mkdir()
    there = ReadDesk(
        reader="core", identity=IDENTITIES["core"], card=lambda node: card.card, archive=tmp_path / "archive",
        quarantine=tmp_path / "quarantine", files=spool, apply=lambda stream, entries: read.extend(entries),
    )  # fmt: skip
    assert stream_read(author=HERE.node, folder=desk.folder("core"), desk=there).entries == 2
    assert [one.body.text for one in read] == ["note 1", "note 2"]
    assert acks_for(HERE.node, here=place.HALL, made_at_ms=9).streams == (
        StreamAck(stream=StreamName(author=HERE.node, epoch=1, audience="core"), applied=2,
                  header=bytes(OutgoingStream.objects.get().last_header), secured=0),
    )  # fmt: skip


def acks(applied: int, secured: int, made_at_ms: int, **more) -> Acks:
    name: dict[str, Any] = {"author": HERE.node, "epoch": 1, "audience": "core"} | more
    one = StreamAck(stream=StreamName(**name), applied=applied, header=b"", secured=secured)
    return Acks(reader="core", made_at_ms=made_at_ms, streams=(one,))


def numbers() -> tuple[int, int, int]:
    return OutgoingStream.objects.values_list("applied_seq", "secured_seq", "acked_at_ms").get()


def test_an_ack_says_what_was_applied_and_an_older_one_changes_nothing(desk):
    append(1, 2)
    streams_seal(here=HERE, desk=desk)
    acks_apply(acks(1, 0, 100), here=HERE)
    assert numbers() == (1, 0, 100)
    acks_apply(acks(2, 1, 200), here=HERE)
    for late in (acks(1, 0, 150), acks(0, 0, 200)):
        acks_apply(late, here=HERE)
    assert numbers() == (2, 1, 200)
    # A county restored from a backup says less, later: it reads again what is still here.
    acks_apply(acks(1, 1, 300), here=HERE)
    assert numbers() == (1, 1, 300)


@pytest.mark.parametrize("other", [{"author": TOWN}, {"audience": TOWN}, {"epoch": 2}])
def test_an_ack_of_another_stream_changes_nothing_here(desk, other):
    append(1, 2)
    streams_seal(here=HERE, desk=desk)
    acks_apply(acks(2, 2, 100, **other), here=HERE)
    assert numbers() == (0, 0, 0)


def test_what_waits_is_what_was_not_acknowledged(desk):
    assert waiting_for("core", here=HERE).count == 0
    append(1, 2)
    assert waiting_for("core", here=HERE).count == 2
    streams_seal(here=HERE, desk=desk)
    append(3)
    assert waiting_for("core", here=HERE).count == 3
    acks_apply(acks(1, 0, 100), here=HERE)
    assert waiting_for("core", here=HERE).count == 2
    assert waiting_for(TOWN, here=HERE) == Waiting(count=0, oldest_s=0)


def test_an_entry_has_reached_its_audience_once_it_is_acknowledged(desk):
    append(1, 2)
    first, second = samples.entry_id(1), samples.entry_id(2)
    assert not entry_reached(first, "core", here=HERE)
    streams_seal(here=HERE, desk=desk)
    assert not entry_reached(first, "core", here=HERE)
    acks_apply(acks(1, 0, 100), here=HERE)
    assert entry_reached(first, "core", here=HERE)
    assert not entry_reached(second, "core", here=HERE)
    assert not entry_reached(first, TOWN, here=HERE)


def test_only_what_is_secured_and_old_is_removed(desk):
    append(1, 2)
    streams_seal(here=HERE, desk=desk)
    append(3)
    streams_seal(here=HERE, desk=desk)
    later = Segment.objects.latest("made_at_ms").made_at_ms + 1
    assert segments_prune(here=HERE, desk=desk, before_ms=later) == 0
    acks_apply(acks(3, 2, 100), here=HERE)
    assert segments_prune(here=HERE, desk=desk, before_ms=0) == 0
    assert segments_prune(here=HERE, desk=desk, before_ms=later) == 1
    assert names(desk) == [TWO]
    assert segments_prune(here=HERE, desk=desk, before_ms=later) == 0
    append(4)
    assert streams_seal(here=HERE, desk=desk) == 1


@pytest.mark.parametrize("statement", [
    "UPDATE journal_entry SET rev = 9", "DELETE FROM journal_entry", "UPDATE journal_entry SET wire = wire",
])  # fmt: skip
def test_the_database_itself_refuses_to_change_or_delete_an_entry(statement):
    append(1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert list(Entry.objects.values_list("rev", flat=True)) == [0]


def test_the_clock_is_past_every_entry_written_here():
    far = entry(1, b.NoteAdded(text=""), rev=0, at=1 << 61)
    entry_append(far, audiences=["core"])
    assert clock_now() == (1 << 61) + 1
