"""Publishing: numbers rise, versions rise only with the content, files are signed and survive every death."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from django.db import transaction

from core.county.publishing import selectors
from core.county.publishing.errors import DraftChanged, DraftFaulty, NothingToPublish, NothingToRecall
from core.county.publishing.field_changes import field_changes
from core.county.publishing.models import Release
from core.county.publishing.services import (
    draft_put,
    draft_remove,
    release_files_ensure,
    release_publish,
    release_recall,
)
from core.county.registry.keys import core_identity
from core.domain.catalogue import models as catalogue_models
from core.domain.catalogue.documents import Item, Material, RecordKey
from core.domain.catalogue.selectors import item_get, item_search, release_number
from core.domain.catalogue.services import catalogue_hash
from core.domain.journal.errors import SignatureInvalid
from core.exchange.releases import release_open, releases_apply
from tests.core.publishing import BUREAU, body_of, catalogue, imported, item, published, renamed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path, settings) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "folders" / "catalogue"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_the_first_release_is_whole_signed_and_in_force_here(folder):
    assert published() == 1
    assert names(folder) == ["release-000001.full"]
    body = body_of(folder, "release-000001.full")
    assert (body.number, body.previous, body.county, body.note) == (1, 0, "430321000000", "初版")
    assert body.state_sha256 == catalogue_hash(body.records)
    assert len(body.records) == 9
    assert release_number() == 1
    assert item_get("X1").version == 1
    assert [hit.name for hit in item_search("gljt")] == ["高龄津贴"]


def test_a_file_somebody_altered_does_not_open(folder):
    published()
    data = bytearray((folder / "release-000001.full").read_bytes())
    data[len(data) // 2] ^= 1
    with pytest.raises(SignatureInvalid):
        release_open(bytes(data), core_identity().card)


def test_only_the_changed_item_gets_a_new_version(folder):
    published()
    imported(item("X1", days=3))
    assert release_publish(by="admin1").number == 2
    assert (item_get("X1").version, item_get("X2").version) == (2, 1)
    assert item_get("X1", 1).promised_limit.value == 5
    delta = body_of(folder, "release-000002.delta")
    assert [(one.key, one.version) for one in delta.records if isinstance(one, Item)] == [("X1", 2)]
    assert (delta.previous, delta.removed, len(delta.records)) == (1, [], 1)


def test_a_new_name_brings_new_initials(folder):
    published()
    imported(renamed(item("X1"), "ABC证明2"))
    release_publish(by="admin1")
    assert item_get("X1").pinyin == "abczm2"


def test_a_withdrawn_item_is_in_the_delta_and_out_of_force(folder):
    published()
    draft_remove([RecordKey("item", "X2")])
    release_publish(by="admin1")
    delta = body_of(folder, "release-000002.delta")
    assert (delta.records, delta.removed) == ([], [RecordKey("item", "X2")])
    assert catalogue_models.Item.objects.get(item_code="X2").withdrawn is True
    assert item_get("X2", 1).name == "临时救助"


def test_an_item_that_comes_back_changed_never_reuses_a_version(folder):
    published()
    draft_remove([RecordKey("item", "X2")])
    release_publish(by="admin1")
    imported(item("X2", "临时救助(新)"))
    release_publish(by="admin1")
    assert (item_get("X2").version, item_get("X2", 1).name) == (2, "临时救助")


def test_applying_the_delta_gives_the_same_catalogue_as_the_full_file(folder, tmp_path):
    published()
    imported(item("X1", days=3))
    draft_remove([RecordKey("grant", "G1")])
    release_publish(by="admin1")
    full, delta = body_of(folder, "release-000002.full"), body_of(folder, "release-000002.delta")
    base = {(type(one), one.key): one for one in body_of(folder, "release-000001.full").records}
    base |= {(type(one), one.key): one for one in delta.records}
    kept = [one for one in base.values() if one.key != "G1"]
    assert catalogue_hash(kept) == full.state_sha256 == delta.state_sha256
    # As a node does it: on its own tables, from the files alone.
    for model in (catalogue_models.AppliedRelease, catalogue_models.RecordDigest, catalogue_models.ItemVersion,
                  catalogue_models.Item, catalogue_models.Grant):  # fmt: skip
        model.objects.all().delete()
    (folder / "release-000002.full").rename(tmp_path / "aside")
    (folder / "release-000002.delta").rename(tmp_path / "delta")
    card = core_identity().card
    assert releases_apply(folder, card) == 1
    (tmp_path / "delta").rename(folder / "release-000002.delta")
    assert releases_apply(folder, card) == 2
    assert bytes(catalogue_models.AppliedRelease.objects.get(number=2).state_sha256) == full.state_sha256


def test_a_draft_that_changes_nothing_is_not_published(folder):
    published()
    imported(*catalogue())
    with pytest.raises(NothingToPublish):
        release_publish(by="admin1")
    assert Release.objects.count() == 1


def test_a_faulty_draft_is_not_published_and_says_every_error(folder):
    published()
    draft_remove([RecordKey("department", BUREAU)])
    with pytest.raises(DraftFaulty) as caught:
        release_publish(by="admin1")
    assert [(one.key, one.message_code) for one in caught.value.problems] == [
        ("X1", "department_unknown"), ("X1", "department_unknown"),
        ("X2", "department_unknown"), ("X2", "department_unknown"),
    ]  # fmt: skip
    assert (Release.objects.count(), release_number()) == (1, 1)


def test_a_draft_somebody_changed_after_the_look_is_not_published(folder):
    published()
    imported(item("X1", days=3))
    seen = selectors.draft_mark()
    imported(item("X1", days=4))
    with pytest.raises(DraftChanged):
        release_publish(by="admin1", expected=seen)
    assert Release.objects.count() == 1


def test_files_come_after_the_commit_and_are_made_good_by_the_next_call(folder, monkeypatch):
    def dies() -> list[str]:
        raise OSError("power cut")

    with monkeypatch.context() as cut:
        cut.setattr("core.county.publishing.services.releases.release_files_ensure", dies)
        published()
    assert release_number() == 1
    assert not folder.exists()
    assert release_files_ensure() == ["release-000001.full"]
    assert body_of(folder, "release-000001.full").number == 1
    assert release_files_ensure() == []


def test_a_release_that_was_rolled_back_leaves_no_file(folder):
    published()
    imported(item("X1", days=3))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        release_publish(by="admin1")
        raise ZeroDivisionError
    assert names(folder) == ["release-000001.full"]
    assert release_number() == 1
    assert release_publish(by="admin1").number == 2


def test_the_last_three_releases_lie_in_the_folder(folder):
    published()
    for days in (4, 3, 2):
        imported(item("X1", days=days))
        release_publish(by="admin1")
    assert names(folder) == [
        "release-000002.delta", "release-000002.full", "release-000003.delta", "release-000003.full",
        "release-000004.delta", "release-000004.full",
    ]  # fmt: skip


def test_a_county_restored_from_a_backup_does_not_use_a_number_the_nodes_know(folder):
    published()
    imported(item("X1", days=3))
    release_publish(by="admin1")
    Release.objects.filter(number=2).delete()
    catalogue_models.AppliedRelease.objects.filter(number=2).delete()
    imported(item("X1", days=2))
    assert release_publish(by="admin1").number == 3


def test_a_recall_brings_back_what_was_in_force_and_leaves_the_draft(folder):
    published()
    imported(item("X1", days=3))
    release_publish(by="admin1")
    release = release_recall(2, by="admin2", note="期限有误")
    assert (release.number, release.restores, release.made_by) == (3, 1, "admin2")
    assert Release.objects.get(number=2).recalled is True
    assert (item_get("X1").promised_limit.value, item_get("X1").version) == (5, 3)
    assert body_of(folder, "release-000003.delta").previous == 2
    assert [(one.sort, one.key) for one in selectors.draft_difference().changes] == [("changed", "X1")]


def test_a_recalled_recall_goes_back_one_step_more(folder):
    published()
    for days in (4, 3):
        imported(item("X1", days=days))
        release_publish(by="admin1")
    release_recall(3, by="admin1")
    assert item_get("X1").promised_limit.value == 4
    release_recall(4, by="admin1")
    assert item_get("X1").promised_limit.value == 5


def test_the_first_release_and_an_old_one_cannot_be_recalled(folder):
    published()
    with pytest.raises(NothingToRecall):
        release_recall(1, by="admin1")
    imported(item("X1", days=3))
    release_publish(by="admin1")
    with pytest.raises(NothingToRecall):
        release_recall(1, by="admin1")
    assert Release.objects.count() == 2


def test_differences_go_down_to_the_field(folder):
    published()
    changed = item("X1", days=3)
    materials = (*changed.materials, Material(code="M02", name="身份证", copies=1))
    draft_put([msgspec.structs.replace(changed, materials=materials)], by="admin1")
    draft_remove([RecordKey("item", "X2")])
    changes = {one.key: one for one in selectors.draft_difference().changes}
    assert [(field.label, field.before, field.after) for field in field_changes(changes["X1"], "zh")] == [
        ("承诺时限", "5", "3"),
        ("材料 M02", "", "身份证 · 必要 · 复印件份数 1 · 纸质 · 申请人自备"),
        ("环节 R1 · 工作日数", "5", "3"),
    ]
    assert changes["X2"].sort == "withdrawn"
