"""Epochs and forks: one identity in two machines is seen, held, and ends with a new epoch."""

from uuid import UUID

import pytest

from core.domain.cases import selectors
from core.domain.journal import bodies as b
from core.domain.journal.models import Entry
from tests import samples
from tests.domain.remote import FIRST, Reader, Remote, held, opening, status, write_three
from tests.samples import BODIES, CASE, entry

pytestmark = pytest.mark.django_db


def test_a_new_epoch_begins_a_new_stream(reader, village):
    write_three(village)
    reader.read(village)
    village.epoch, village.last, village.previous = 2, 0, bytes(32)
    reader.change_card(village, epoch=2)
    village.write(entry(5, BODIES["case.forwarded"], rev=4))
    assert reader.read(village).entries == 1
    assert selectors.case_state(CASE).custodian == "core"


def cloned(village: Remote) -> Remote:
    """A copy of the machine as it was before it wrote anything."""
    twin = Remote(node=village.node, folder=village.folder, reader="core", recipient=village.recipient)
    twin.signer = village.signer
    return twin


def assert_forked(reader: Reader, village: Remote, name: str) -> None:
    assert held(reader, village) == ("fork", "fork", [name])
    # It stays held after a restart and after the other file is gone: the way out is a new epoch.
    reader.desk_new()
    village.path(name).unlink()
    village.write(entry(60, b.NoteAdded(text="later"), rev=0))
    assert reader.read(village).held == "fork"
    assert reader.cursor(village).last_seq == 4
    assert status() == "accepted"


def test_a_clone_that_writes_the_same_name_is_a_fork(reader, village):
    write_three(village)
    reader.read(village)
    cloned(village).write(opening(samples.OTHER_CASE, 70), entry(71, b.CaseSubmitted(), rev=2))
    assert_forked(reader, village, FIRST)


def test_a_clone_that_writes_other_numbers_over_read_ones_is_a_fork(reader, village):
    write_three(village)
    reader.read(village)
    cloned(village).write(opening(samples.OTHER_CASE, 70))
    assert_forked(reader, village, "000000000001-000000000001.seg")


def test_a_fork_holds_only_its_own_stream_and_ends_with_a_new_epoch(reader, village):
    other = reader.remote("430321100201-01")
    write_three(village)
    reader.read(village)
    cloned(village).write(opening(samples.OTHER_CASE, 70))
    assert reader.read(village).held == "fork"
    other.write(opening(UUID(int=5), 80, other.node))
    assert reader.read(other).entries == 1
    village.epoch, village.last, village.previous = 2, 0, bytes(32)
    reader.change_card(village, epoch=2)
    village.write(entry(5, BODIES["case.forwarded"], rev=4))
    assert (reader.read(village).held, selectors.case_state(CASE).custodian) == ("", "core")


def test_another_signed_file_for_a_place_already_archived_is_a_fork(reader, village):
    twin = cloned(village)
    village.write(opening())
    apply, reader.apply = reader.apply, lambda entries: 1 / 0
    assert reader.read(village).held == "damaged"
    reader.apply = apply
    twin.write(opening(samples.OTHER_CASE, 70))
    assert reader.read(village).held == "fork"
    assert Entry.objects.count() == 0
