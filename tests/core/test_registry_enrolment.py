"""How the county admits machines, and whom it refuses."""

import stat
from datetime import timedelta

import pytest
from django.db import transaction
from django_tenants.utils import schema_context

from core.county.registry import errors
from core.county.registry.keys import core_identity, root_signer
from core.county.registry.models import EnrolmentCode, IssuedCard, Node
from core.county.registry.selectors import card_of, cards_forget, nodes_enrolled
from core.county.registry.services import enrolment_code_issue, node_enrol, node_revoke
from core.domain.journal.chain import card_open
from core.domain.journal.models import OutboxItem, OutgoingStream
from core.domain.staff.services import membership_grant, user_create
from core.exchange.enrolment import RequestDamaged, response_open
from core.exchange.keyring import Keys
from core.exchange.requeue import outbox_requeue
from tenants.connection import connection
from tenants.models import ServicePoint
from tests.core.registry_places import NOW, SCHEMA, cards_waiting, code_for, enrol, villages_make, waiting
from tests.enrolling import OTHER, TENANT, TOWN, VILLAGE, keys_new, request

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def county(tenant, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    connection.set_schema_to_public()
    villages_make()
    cards_forget()


def nothing_was_written() -> bool:
    return not Node.objects.exists() and not IssuedCard.objects.exists() and not waiting(VILLAGE)


def test_a_machine_with_a_code_becomes_the_service_points_node():
    keys, opened = enrol(VILLAGE, hostname="村部电脑")
    card = opened.card
    assert (card.node, card.epoch, card.serial, card.parent) == (VILLAGE, 1, 1, "core")
    assert (card.tenant, card.level, card.name) == (TENANT, "village", "某村便民服务站")
    assert (card.verify_key, card.recipient) == (keys.verify_key, keys.recipient)
    assert card_of(VILLAGE) == card
    assert [one.node for one in nodes_enrolled()] == [VILLAGE]
    assert opened.core == core_identity().card
    row = Node.objects.get()
    assert (row.hostname, row.enrolled_by, row.revoked_at) == ("村部电脑", "ysh-admin", None)


def test_an_unknown_code_admits_nobody():
    with pytest.raises(errors.CodeUnknown):
        node_enrol(request=request(keys_new()), code="AAAA-BBBB-CCCC", at=NOW)
    assert nothing_was_written()


def test_a_code_may_be_typed_in_any_case_with_or_without_hyphens():
    code = code_for(VILLAGE)
    node_enrol(request=request(keys_new()), code=f" {code.lower().replace('-', ' ')} ", at=NOW)
    assert Node.objects.get().node_id == VILLAGE


@pytest.mark.parametrize(("by_file", "lasts"), [(False, timedelta(minutes=10)), (True, timedelta(days=7))])
def test_a_code_is_good_to_its_last_second_and_not_longer(by_file, lasts):
    code = code_for(VILLAGE, by_file=by_file)
    with pytest.raises(errors.CodeExpired) as refused:
        node_enrol(request=request(keys_new()), code=code, at=NOW + lasts + timedelta(seconds=1))
    assert refused.value.expired_at == NOW + lasts
    assert nothing_was_written()
    node_enrol(request=request(keys_new()), code=code, at=NOW + lasts)
    assert Node.objects.count() == 1


def test_a_second_machine_cannot_use_the_same_code():
    code = code_for(VILLAGE)
    first = keys_new()
    node_enrol(request=request(first), code=code, at=NOW)
    with pytest.raises(errors.CodeUsed) as refused:
        node_enrol(request=request(keys_new()), code=code, at=NOW)
    assert refused.value.used_at == NOW
    assert bytes(Node.objects.get().verify_key) == first.verify_key


def test_the_same_machine_may_ask_again_when_the_answer_was_lost():
    code, keys = code_for(VILLAGE), keys_new()
    first = response_open(node_enrol(request=request(keys), code=code, at=NOW), keys)
    again = response_open(node_enrol(request=request(keys), code=code, at=NOW), keys)
    assert again.card == first.card
    assert IssuedCard.objects.count() == 1


def test_a_newer_code_makes_the_older_one_void():
    old, new = code_for(VILLAGE), code_for(VILLAGE)
    with pytest.raises(errors.CodeUnknown):
        node_enrol(request=request(keys_new()), code=old, at=NOW)
    node_enrol(request=request(keys_new()), code=new, at=NOW)


def test_only_the_codes_hash_is_kept():
    code = code_for(VILLAGE)
    row = EnrolmentCode.objects.get()
    assert code.replace("-", "").encode() not in bytes(row.code_sha256)
    assert len(bytes(row.code_sha256)) == 32


def test_no_code_for_a_service_point_nobody_knows_or_that_is_closed():
    with pytest.raises(errors.ServicePointUnknown):
        code_for("430321999999-01")
    ServicePoint.objects.filter(code=VILLAGE).update(active=False)
    with pytest.raises(errors.ServicePointInactive) as refused:
        code_for(VILLAGE)
    assert refused.value.name == "某村便民服务站"
    assert not EnrolmentCode.objects.exists()


def test_a_service_point_closed_after_the_code_was_issued_gets_no_node():
    code = code_for(VILLAGE)
    ServicePoint.objects.filter(code=VILLAGE).update(active=False)
    with pytest.raises(errors.ServicePointInactive):
        node_enrol(request=request(keys_new()), code=code, at=NOW)
    assert nothing_was_written()
    assert EnrolmentCode.objects.get().used_at is None


def test_a_machine_that_says_it_stands_elsewhere_is_refused():
    with pytest.raises(errors.ServicePointDiffers) as refused:
        node_enrol(request=request(keys_new(), service_point=OTHER), code=code_for(VILLAGE), at=NOW)
    assert (refused.value.asked, refused.value.issued) == (OTHER, VILLAGE)
    assert nothing_was_written()


def test_a_cloned_machine_cannot_become_another_node():
    keys, _ = enrol(VILLAGE)
    with pytest.raises(errors.IdentityTaken) as refused:
        enrol(OTHER, keys)
    assert refused.value.node == VILLAGE
    assert [card.node for card in nodes_enrolled()] == [VILLAGE]


def test_keys_a_node_once_had_are_never_another_nodes():
    old, _ = enrol(VILLAGE)
    enrol(VILLAGE)
    with pytest.raises(errors.IdentityTaken):
        enrol(OTHER, old)


def test_one_cloned_key_of_three_is_enough_to_refuse():
    keys, _ = enrol(VILLAGE, device_id="AAAAAAA-" * 7 + "AAAAAAA")
    with pytest.raises(errors.IdentityTaken):
        enrol(OTHER, Keys(sign=keys_new().sign, age=keys.age))
    with pytest.raises(errors.IdentityTaken):
        enrol(OTHER, device_id="AAAAAAA-" * 7 + "AAAAAAA")


def test_a_damaged_request_leaves_the_code_unused():
    code = code_for(VILLAGE)
    with pytest.raises(RequestDamaged):
        node_enrol(request=request(keys_new())[:-1], code=code, at=NOW)
    assert EnrolmentCode.objects.get().used_at is None


def test_enrolling_a_service_point_anew_raises_epoch_and_serial():
    enrol(VILLAGE)
    _, opened = enrol(VILLAGE)
    assert (opened.card.epoch, opened.card.serial) == (2, 2)
    assert list(IssuedCard.objects.order_by("id").values_list("epoch", "serial")) == [(1, 1), (2, 2)]
    assert opened.response.down is None


def test_a_village_links_to_its_towns_node_and_both_know_each_other():
    _, town = enrol(TOWN)
    _, village = enrol(VILLAGE)
    root = core_identity().root_key
    assert [card_open(card, root).node for card in village.response.cards] == ["core", TOWN]
    assert cards_waiting(TOWN, root) == [village.card]
    assert cards_waiting(VILLAGE, root) == []
    assert [one.card.parent for one in (town, village)] == ["core", TOWN]


def test_villages_move_to_a_town_that_comes_later_without_new_keys_or_epoch():
    _, before = enrol(VILLAGE)
    _, town = enrol(TOWN)
    root = core_identity().root_key
    now = card_of(VILLAGE)
    cards_forget()
    now = card_of(VILLAGE)
    assert now is not None
    assert (now.parent, now.epoch, now.serial) == (TOWN, before.card.epoch, before.card.serial)
    assert now.valid_from_ms > before.card.valid_from_ms
    assert cards_waiting(VILLAGE, root) == [town.card, now]
    assert [card_open(card, root).node for card in town.response.cards] == ["core", VILLAGE]


def test_a_revoked_node_is_told_and_so_are_its_neighbours():
    _, town = enrol(TOWN)
    enrol(VILLAGE)
    node_revoke(node=VILLAGE, by="admin", at=NOW)
    root = core_identity().root_key
    cards_forget()
    card = card_of(VILLAGE)
    assert card is not None
    assert (card.revoked, card.epoch, card.serial) == (True, 1, 2)
    assert cards_waiting(VILLAGE, root) == [card]
    assert cards_waiting(TOWN, root)[-1] == card
    assert nodes_enrolled() == [town.card]
    row = Node.objects.get(node_id=VILLAGE)
    assert (row.revoked_by, row.revoked_at) == ("admin", NOW)


def test_revoking_twice_sends_nothing_twice():
    enrol(VILLAGE)
    node_revoke(node=VILLAGE, by="admin", at=NOW)
    sent = len(waiting(VILLAGE))
    node_revoke(node=VILLAGE, by="other", at=NOW)
    assert len(waiting(VILLAGE)) == sent
    assert Node.objects.get().revoked_by == "admin"
    with pytest.raises(errors.NodeUnknown):
        node_revoke(node=OTHER, by="admin", at=NOW)


def test_villages_of_a_revoked_town_link_to_the_core():
    enrol(TOWN)
    enrol(VILLAGE)
    node_revoke(node=TOWN, by="admin", at=NOW)
    cards_forget()
    village = card_of(VILLAGE)
    assert village is not None
    assert (village.parent, village.serial) == ("core", 1)
    told = cards_waiting(VILLAGE, core_identity().root_key)
    assert [(card.node, card.revoked) for card in told] == [(TOWN, True), (VILLAGE, False)]


def test_a_revoked_node_comes_back_with_a_new_epoch():
    keys, _ = enrol(VILLAGE)
    node_revoke(node=VILLAGE, by="admin", at=NOW)
    _, opened = enrol(VILLAGE, keys)
    assert (opened.card.epoch, opened.card.serial, opened.card.revoked) == (2, 3, False)
    assert Node.objects.get().revoked_at is None


def test_a_replacement_reads_on_where_the_lost_machine_stopped():
    """What was sealed to the lost machine's keys is sealed again; the new one begins after it."""
    membership = {"user_code": "agent1", "tenant_code": TENANT, "service_point": VILLAGE, "role": "village_agent"}
    enrol(TOWN)
    enrol(VILLAGE)
    user_create(code="agent1", name="陈大明", password="secret-word")
    membership_grant(**membership)
    node_revoke(node=TOWN, by="admin", at=NOW)
    with schema_context(SCHEMA):
        unread = OutboxItem.objects.filter(audience=VILLAGE).order_by("id").first()
        assert unread is not None
        OutgoingStream.objects.create(author="core", epoch=1, audience=VILLAGE, last_seq=1, last_header=b"h" * 32)
        OutboxItem.objects.filter(pk=unread.pk).update(epoch=1, seq=1)
    _, opened = enrol(VILLAGE)
    down = opened.response.down
    assert down is not None
    assert (down.stream.author, down.stream.audience, down.applied, down.header) == ("core", VILLAGE, 1, b"h" * 32)
    with schema_context(SCHEMA):
        assert OutboxItem.objects.filter(audience=VILLAGE, seq=None, entry_id=unread.entry_id).count() == 1


def test_only_what_was_not_acknowledged_is_sent_again():
    enrol(TOWN)
    enrol(VILLAGE)
    with schema_context(SCHEMA), transaction.atomic():
        OutgoingStream.objects.create(author="core", epoch=1, audience=TOWN, last_seq=1, applied_seq=1)
        OutboxItem.objects.filter(audience=TOWN).update(epoch=1, seq=1)
        assert outbox_requeue(author="core", epoch=1, audience=TOWN) == 0


def test_the_countys_keys_are_made_once_and_only_their_owner_reads_them(tmp_path):
    first = core_identity()
    assert root_signer().verify_key == first.root_key
    assert (first.card.node, first.card.epoch, first.card.serial) == ("core", 1, 1)
    files = list((tmp_path / "keys").iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert card_open(first.signed_card, first.root_key) == first.card


def test_the_cores_card_follows_its_address_and_keeps_its_serial(settings):
    from core.county.registry import keys

    first = core_identity()
    settings.SYNC_LISTEN = "tcp://10.9.8.7:22000"
    keys._identity.cache_clear()
    second = core_identity()
    assert second.card.addresses == ("tcp://10.9.8.7:22000",)
    assert (second.card.serial, second.card.epoch) == (first.card.serial, first.card.epoch)
    assert second.card.valid_from_ms > first.card.valid_from_ms
    keys.core_epoch_set(2)
    assert (core_identity().card.epoch, core_identity().card.serial) == (2, 2)


def test_issuing_a_code_needs_no_enrolled_node():
    issued = enrolment_code_issue(service_point=VILLAGE, by="admin", at=NOW)
    assert [len(part) for part in issued.text.split("-")] == [4, 4, 4]
