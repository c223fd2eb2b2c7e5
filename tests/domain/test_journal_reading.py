"""Reading streams: what comes in order is applied, what is wrong holds its own stream and heals by itself."""

import dataclasses
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.db import OperationalError
from msgspec.structs import replace

from core.domain.cases import models, selectors
from core.domain.journal import bodies as b
from core.domain.journal import seal
from core.domain.journal.chain import Signer, signing_key_new
from core.domain.journal.format import MAX_SEGMENT_BYTES, StreamName, encode
from core.domain.journal.models import Cursor, Entry, QuarantinedFile, ReadSegment
from core.domain.journal.reader import stream_read
from core.transport import spool
from tests import samples
from tests.domain.remote import FIRST, SECOND, THIRD, Hooked, Remote, held, opening, status, write_three
from tests.samples import BODIES, CASE, TOWN, VILLAGE, entry

pytestmark = pytest.mark.django_db


def test_what_lies_in_the_folder_is_applied_in_order(reader, village):
    write_three(village)
    progress = reader.read(village)
    assert (progress.segments, progress.entries, progress.held) == (3, 4, "")
    assert status() == "accepted"
    cursor = reader.cursor(village)
    assert (cursor.last_seq, bytes(cursor.last_header), cursor.held_reason) == (4, village.previous, "")
    assert reader.archived(village) == [FIRST, SECOND, THIRD]
    assert reader.quarantined(village) == []


def test_reading_again_changes_nothing(reader, village):
    write_three(village)
    reader.read(village)
    before = list(models.Case.objects.values())
    for _ in range(2):
        assert reader.read(village).segments == 0
        reader.desk_new()
    assert list(models.Case.objects.values()) == before
    assert (Entry.objects.count(), ReadSegment.objects.count()) == (4, 3)


def test_a_limit_ends_after_so_many_segments(reader, village):
    write_three(village)
    assert reader.read(village, limit=2).segments == 2
    assert reader.cursor(village).last_seq == 3


def test_an_entry_that_comes_twice_counts_once(reader, village):
    write_three(village)
    village.write(opening(), entry(5, b.NoteAdded(text="new"), rev=0))
    reader.read(village)
    assert Entry.objects.count() == 5
    assert len(selectors.case_state(CASE).notes) == 2
    assert models.Flag.objects.count() == 0


def test_a_gap_waits_and_goes_on_when_the_missing_file_is_there(reader, village):
    write_three(village, place=False)
    village.put(FIRST)
    village.put(THIRD)
    progress = reader.read(village)
    assert (progress.segments, progress.held, reader.cursor(village).held_reason) == (1, "", "")
    assert status() == "submitted"
    village.put(SECOND)
    assert reader.read(village).segments == 2
    assert (status(), reader.quarantined(village)) == ("accepted", [])


def test_files_may_arrive_in_any_order(reader, village):
    write_three(village, place=False)
    for name in (THIRD, SECOND, FIRST):
        village.put(name)
        reader.read(village)
    assert (status(), reader.cursor(village).last_seq) == ("accepted", 4)


def test_what_the_author_deletes_after_it_was_read_is_in_the_archive(reader, village):
    write_three(village)
    reader.read(village)
    village.path(FIRST).unlink()
    assert reader.read(village).held == ""
    assert (reader.base / "archive" / VILLAGE / "e000001" / FIRST).read_bytes() == village.files[FIRST]


def stranger(village: Remote) -> Signer:
    return Signer(village.node, signing_key_new())


def raw(tag: str) -> bytes:
    fields = msgspec.msgpack.decode(encode(entry(3, BODIES["case.accepted"], rev=3)))
    fields[7] = {"k": tag}
    return msgspec.msgpack.encode([fields])


def spoilt(village: Remote, how: str) -> bytes:
    """The second segment of three, with something wrong with it."""
    one = entry(3, BODIES["case.accepted"], rev=3)

    def bent(**fields: Any) -> bytes:
        return village.segment([one], bend=lambda header: replace(header, **fields))[1]

    good = village.segment([one])[1]
    other_stream = StreamName(author=VILLAGE, epoch=1, audience=TOWN)
    ways: dict[str, Callable[[], bytes]] = {
        "bad_signature": lambda: village.segment([one], signer=stranger(village))[1],
        "broken_chain": lambda: bent(previous=bytes([7]) * 32),
        "bad_seal": lambda: village.segment([one], recipient=seal.recipient_of(seal.identity_new()))[1],
        "altered body": lambda: good[:-1] + bytes([good[-1] ^ 1]),
        "truncated": lambda: good[:-10],
        "empty": lambda: b"",
        "another magic": lambda: b"ZZZZ" + good[4:],
        "undecodable": lambda: village.segment([one], body=b"\xc1nonsense")[1],
        "no entries": lambda: village.segment([one], body=b"\x90")[1],
        "too many": lambda: village.segment([one], body=encode([one, one]))[1],
        "count": lambda: bent(count=2),
        "another name": lambda: bent(first=4, last=4),
        "wrong_stream": lambda: bent(stream=other_stream),
        "wrong epoch": lambda: bent(stream=StreamName(author=VILLAGE, epoch=2, audience="core")),
        "unknown_author": lambda: bent(card_serial=2),
        "wrong_author": lambda: village.segment([replace(one, author=TOWN)])[1],
        "huge": lambda: b"YZSG" + bytes(MAX_SEGMENT_BYTES),
        "numbers": lambda: village.segment([replace(one, rev=1 << 40)])[1],
        "future format": lambda: good[:4] + b"\x02" + good[5:],
        "future tag": lambda: village.segment([one], body=raw("case.teleported"))[1],
    }
    return ways[how]()


FAULTS = {
    "bad_signature": "bad_signature", "broken_chain": "broken_chain", "bad_seal": "bad_seal",
    "altered body": "damaged", "truncated": "damaged", "empty": "damaged", "another magic": "damaged",
    "undecodable": "damaged", "no entries": "damaged", "too many": "damaged", "count": "damaged",
    "another name": "damaged", "wrong_stream": "wrong_stream", "wrong epoch": "wrong_stream",
    "unknown_author": "unknown_author", "wrong_author": "wrong_author", "huge": "damaged", "numbers": "damaged",
    "future format": "needs_upgrade", "future tag": "needs_upgrade",
}  # fmt: skip


@pytest.mark.parametrize("how", sorted(FAULTS))
def test_a_fault_holds_its_stream_with_the_reason_and_heals_when_the_true_file_comes(reader, village, how):
    other = reader.remote("430321100201-01")
    other.write(opening(samples.OTHER_CASE, 90, other.node))
    village.write(opening(), entry(2, b.CaseSubmitted(), rev=2))
    bad = spoilt(village, how)
    village.write(entry(3, BODIES["case.accepted"], rev=3), place=False)
    village.put(SECOND, bad)
    village.write(entry(4, BODIES["note.added"], rev=0))
    # Held, said, kept aside once; nothing of it applied.
    for _ in range(3):
        kept = [] if how in ("empty", "huge") else [SECOND]
        assert held(reader, village) == (FAULTS[how], FAULTS[how], kept)
        reader.desk_new()
    assert (status(), reader.cursor(village).last_seq) == ("submitted", 2)
    assert QuarantinedFile.objects.filter(author=VILLAGE, name=SECOND, resolved=False).count() == 1
    # Other streams go on.
    assert (reader.read(other).entries, status(samples.OTHER_CASE)) == (1, "draft")
    # The true file replaces it, by whatever way.
    village.put(SECOND)
    progress = reader.read(village)
    assert (progress.segments, progress.held, reader.cursor(village).held_reason) == (2, "", "")
    assert status() == "accepted"
    assert not QuarantinedFile.objects.filter(resolved=False).exists()


def test_what_needs_an_upgrade_goes_on_by_itself_after_it(reader, village, monkeypatch):
    village.write(opening(), entry(2, b.CaseSubmitted(), rev=2))
    future = village.segment([entry(3, BODIES["case.accepted"], rev=3)])[1]
    village.put(SECOND, future[:4] + b"\x02" + future[5:])
    assert held(reader, village)[0] == "needs_upgrade"
    monkeypatch.setattr("core.domain.journal.format.FORMAT_VERSION", 2)
    monkeypatch.setattr("core.domain.journal.format.READABLE_VERSIONS", range(1, 3))
    assert reader.read(village).segments == 1
    assert (status(), reader.cursor(village).held_reason) == ("accepted", "")


def test_a_replayed_file_under_the_next_name_is_damage_and_no_fork(reader, village):
    write_three(village, place=False)
    village.put(FIRST)
    reader.read(village)
    village.put("000000000003-000000000004.seg", village.files[FIRST])
    assert held(reader, village)[0] == "damaged"
    village.put(SECOND)
    # The garbage still lies beside the true file and claims the same place.
    assert (reader.read(village).segments, status()) == (1, "accepted")


@pytest.mark.parametrize("name", ["000000000001-000000000001.seg", "000000000001-000000000999.seg", FIRST])
def test_a_relay_that_renames_true_files_makes_no_fork(reader, village, name):
    write_three(village)
    reader.read(village)
    village.put(name, village.files[SECOND])
    for _ in range(2):
        assert held(reader, village) == ("", "", [])
        reader.desk_new()


def test_garbage_that_claims_the_place_of_the_true_file_hides_it_from_nobody(reader, village):
    village.write(opening(), entry(2, b.CaseSubmitted(), rev=2))
    village.put("000000000001-000000000001.seg", b"garbage")
    village.put("000000000001-000000000999.seg", b"garbage")
    assert (reader.read(village).segments, status()) == (1, "submitted")


def test_a_segment_moved_into_another_authors_folder_is_not_read_there(reader, village):
    other = reader.remote("430321100201-01")
    write_three(village, place=False)
    other.put(FIRST, village.files[FIRST])
    assert held(reader, other) == ("wrong_stream", "wrong_stream", [FIRST])
    assert Entry.objects.count() == 0


def test_the_county_may_pass_on_what_others_wrote(reader):
    county = reader.remote("core")
    county.write(opening())
    assert (reader.read(county).entries, status()) == (1, "draft")


def test_an_author_without_a_card_is_not_read_and_is_when_the_card_comes(reader, village):
    write_three(village)
    card = reader.cards.pop(VILLAGE)
    assert reader.read(village).held == "unknown_author"
    assert Entry.objects.count() == Cursor.objects.count() == 0
    reader.cards[VILLAGE] = card
    assert reader.read(village).entries == 4


def test_a_revoked_card_is_read_no_more(reader, village):
    village.write(opening())
    reader.read(village)
    village.write(entry(2, b.CaseSubmitted(), rev=2))
    reader.change_card(village, revoked=True)
    assert reader.read(village).held == "card_refused"
    assert status() == "draft"


def test_an_expired_card_holds_until_it_is_renewed_and_what_was_sealed_before_still_counts(reader, village):
    write_three(village)
    reader.change_card(village, valid_to_ms=village.card.valid_from_ms + 1)
    assert held(reader, village) == ("card_refused", "card_refused", [FIRST])
    reader.change_card(village, serial=2)
    assert (reader.read(village).entries, status()) == (4, "accepted")


def test_an_old_epoch_is_not_read_once_the_card_has_a_higher_one(reader, village):
    village.write(opening())
    reader.change_card(village, epoch=2)
    assert reader.read(village).entries == 0
    assert Entry.objects.count() == 0
    # The same file in the new epoch's folder is no segment of the new epoch.
    data = next(iter(village.files.values()))
    village.epoch = 2
    village.put("000000000001-000000000001.seg", data)
    assert held(reader, village)[0] == "wrong_stream"


def test_a_file_spoilt_after_it_was_read_holds_nothing(reader, village):
    write_three(village)
    reader.read(village)
    village.put(FIRST, b"garbage")
    assert held(reader, village) == ("", "", [])


@pytest.mark.parametrize("value", ["x" * 121, "a\0b"])
def test_values_no_table_takes_hold_their_stream_only(reader, village, value):
    other = reader.remote("430321100201-01")
    opened = replace(BODIES["case.opened"], applicant=b.Party(name=value))
    village.write(opening(), entry(2, b.CaseSubmitted(), rev=2))
    village.write(replace(opening(samples.OTHER_CASE, 70), body=opened))
    other.write(opening(UUID(int=5), 80, other.node))
    assert held(reader, village) == ("damaged", "damaged", [SECOND])
    assert reader.read(other).entries == 1
    assert (Entry.objects.count(), models.Case.objects.count()) == (3, 2)
    assert reader.cursor(village).last_seq == 2


@pytest.mark.parametrize("body", [
    b.CaseAccepted(legal=b.LimitValue(value=1 << 60, unit="hour"), promised=b.LimitValue(value=1, unit="hour")),
    b.CaseAccepted(legal=b.LimitValue(value=-(1 << 60), unit="hour"), promised=b.LimitValue(value=1, unit="hour")),
])  # fmt: skip
def test_values_no_rule_can_count_with_hold_their_stream_only(reader, village, body):
    village.write(opening(), entry(2, b.CaseSubmitted(), rev=2))
    village.write(entry(3, body, rev=3))
    assert held(reader, village) == ("damaged", "damaged", [SECOND])
    assert status() == "submitted"


def test_a_database_that_is_away_holds_nothing_and_loses_nothing(reader, village):
    write_three(village)

    def fail(entries):
        raise OperationalError("the server went away")

    apply, reader.apply = reader.apply, fail
    with pytest.raises(OperationalError):
        reader.read(village)
    assert (reader.cursor(village).last_seq, reader.cursor(village).held_reason) == (0, "")
    reader.apply = apply
    assert (reader.read(village).entries, status()) == (4, "accepted")


def test_a_crash_between_archive_and_commit_reads_the_segment_again(reader, village):
    village.write(opening())

    def die(entries):
        raise KeyboardInterrupt

    apply, reader.apply = reader.apply, die
    with pytest.raises(KeyboardInterrupt):
        reader.read(village)
    assert reader.archived(village) == ["000000000001-000000000001.seg"]
    assert reader.cursor(village).last_seq == 0
    reader.apply = apply
    assert reader.read(village).entries == 1


def test_a_second_reader_of_the_same_stream_finds_the_work_done(reader, village):
    village.write(opening())
    first = reader.desk_new()

    def overtaken(path, limit, *, folder=None):
        # The other reader commits between this one's look at the cursor and its own transaction.
        data = spool.file_read(path, limit, folder=folder)
        if Cursor.objects.filter(last_seq=0).exists():
            assert stream_read(author=VILLAGE, folder=village.folder, desk=first).entries == 1
        return data

    second = dataclasses.replace(first, files=Hooked(file_read=overtaken))
    progress = stream_read(author=VILLAGE, folder=village.folder, desk=second)
    assert (progress.entries, progress.held) == (0, "")
    assert (reader.cursor(village).held_reason, ReadSegment.objects.count(), status()) == ("", 1, "draft")
