"""How a machine becomes a node, and what it holds to from then on."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import msgspec
import pytest
import requests
from django.core.management import CommandError, call_command

from core.domain.catalogue.selectors import release_number
from core.domain.journal import chain
from core.domain.journal.bodies import TimeAnchored
from core.domain.journal.clock import instant, physical_ms
from core.domain.journal.errors import SignatureInvalid
from core.domain.journal.format import NodeCard, StreamAck, StreamName, decode
from core.domain.journal.models import ClockState, Cursor, OutboxItem, OutgoingStream
from core.domain.journal.place import NotEnrolled
from core.domain.journal.services import node_entries_send
from core.domain.staff.models import User
from core.domain.staff.services import user_create
from core.exchange.enrolment import MAX_RESPONSE_BYTES, EnrolCall, fingerprint_of, request_open
from core.exchange.keyring import Keys, keys_keep
from core.exchange.releases import release_wrap
from edge_node import enrolment, errors
from edge_node.identity import card_of, here, identity, identity_forget, keys_folder, peer_cards
from edge_node.models import Enrolment, HeldCard
from tests.domain import build
from tests.enrolling import OTHER, TENANT, TOWN, VILLAGE, County, card, county, keys_new

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def machine(settings, tmp_path) -> Iterator[None]:
    settings.VAR_DIR = settings.NODE_DIR = tmp_path / "node"
    identity_forget()
    yield
    identity_forget()


@pytest.fixture
def keys(machine) -> Keys:
    return keys_keep(keys_folder())


@pytest.fixture
def home() -> County:
    return county()


def enrol(home: County, keys: Keys, **more: object) -> NodeCard:
    """This machine is the village's node, linked to its town."""
    town = card(TOWN, keys_new(), level="town", name="易俗河镇")
    mine = card(VILLAGE, keys, parent=TOWN, **more)
    enrolment.response_apply(home.response(mine, cards=(town,)))
    return mine


def test_a_machine_without_a_card_is_not_enrolled():
    for question in (identity, here):
        with pytest.raises(NotEnrolled):
            question()
    assert peer_cards() == []
    assert card_of("core") is None


def test_the_answer_makes_the_machine_a_node(home, keys):
    mine = enrol(home, keys)
    me = identity()
    assert (me.node, me.card, me.root_key, me.age_identity) == (VILLAGE, mine, home.root.verify_key, keys.age)
    assert me.signer.verify_key == keys.verify_key
    place = here()
    assert (place.node, place.epoch, place.tenant, place.service_point) == (VILLAGE, 1, TENANT, VILLAGE)
    assert (place.division, place.level, place.name) == ("430321100200", "village", "某村便民服务站")
    assert place.peers == {"core", TOWN}
    assert [peer.node for peer in peer_cards()] == ["core", TOWN]
    assert card_of("core") == home.core.card


def test_the_answer_brings_staff_and_the_catalogue(home, keys):
    release = release_wrap(home.core.signer, build.release(number=7))
    done = enrolment.response_apply(home.response(card(VILLAGE, keys), release=release))
    assert (done.staff, done.release, done.node) == (1, 7, VILLAGE)
    assert release_number() == 7
    user = User.objects.get(code="agent1")
    assert (user.name, user.password, user.is_active) == ("陈大明", "argon2$hash", True)


def test_accounts_the_county_did_not_send_cannot_log_in_any_more(home, keys):
    user_create(code="left", name="已离职", password="x")
    enrol(home, keys)
    assert not User.objects.get(code="left").is_active


def test_both_sides_show_the_same_six_characters(home, keys):
    mine = card(VILLAGE, keys)
    done = enrolment.response_apply(home.response(mine))
    assert done.fingerprint == fingerprint_of(mine, home.root.verify_key)


def test_an_answer_for_other_keys_changes_nothing(home, keys):
    with pytest.raises(errors.ResponseUnusable):
        enrolment.response_apply(home.response(card(VILLAGE, keys_new())))
    assert not Enrolment.objects.exists()
    assert not HeldCard.objects.exists()
    assert not User.objects.exists()


def test_a_tampered_answer_changes_nothing(home, keys):
    data = bytearray(home.response(card(VILLAGE, keys)))
    data[len(data) // 2] ^= 1
    with pytest.raises(errors.ResponseUnusable):
        enrolment.response_apply(bytes(data))
    assert not Enrolment.objects.exists()


def test_a_catalogue_signed_by_somebody_else_spoils_the_whole_answer(home, keys):
    release = release_wrap(county().core.signer, build.release())
    with pytest.raises(errors.ResponseUnusable):
        enrolment.response_apply(home.response(card(VILLAGE, keys), release=release))
    assert not Enrolment.objects.exists()
    assert release_number() == 0


def test_an_enrolled_machine_is_not_enrolled_again_by_accident(home, keys):
    enrol(home, keys)
    with pytest.raises(errors.AlreadyEnrolled) as refused:
        enrolment.response_apply(home.response(card(VILLAGE, keys, epoch=2, serial=2)))
    assert refused.value.node == VILLAGE
    assert identity().card.epoch == 1


def test_enrolling_again_opens_a_new_epoch_and_sends_again_what_no_tested_backup_holds(home, keys):
    enrol(home, keys)
    bodies = [TimeAnchored(ms=1), TimeAnchored(ms=2), TimeAnchored(ms=3)]
    sent = node_entries_send(node="core", bodies=bodies, actor="a", here=here())
    numbers = {"last_seq": 3, "applied_seq": 2, "secured_seq": 1}
    stream = OutgoingStream.objects.create(author=VILLAGE, epoch=1, audience="core", **numbers)
    for number, entry in enumerate(sent, start=1):
        OutboxItem.objects.filter(entry_id=entry.id).update(epoch=stream.epoch, seq=number)
    enrolment.response_apply(home.response(card(VILLAGE, keys, epoch=2, serial=2)), again=True)
    assert here().epoch == 2
    waiting = OutboxItem.objects.filter(seq=None).order_by("id").values_list("entry_id", flat=True)
    assert list(waiting) == [sent[1].id, sent[2].id]


def test_an_older_answer_is_not_taken_again(home, keys):
    enrol(home, keys, epoch=2, serial=2)
    with pytest.raises(errors.ResponseOutdated):
        enrolment.response_apply(home.response(card(VILLAGE, keys)), again=True)
    assert identity().card.epoch == 2


def test_a_folder_with_another_nodes_work_does_not_become_a_new_node(home, keys):
    enrol(home, keys)
    with pytest.raises(errors.FolderOfAnother) as refused:
        enrolment.response_apply(home.response(card(OTHER, keys)), again=True)
    assert (refused.value.node, refused.value.asked) == (VILLAGE, OTHER)
    with pytest.raises(errors.FolderOfAnother):
        enrolment.response_apply(county().response(card(VILLAGE, keys, epoch=9, serial=9)), again=True)
    assert identity().card.node == VILLAGE


def test_a_replacement_reads_the_countys_stream_from_where_its_keys_open_it(home, keys):
    name = StreamName(author="core", epoch=1, audience=VILLAGE)
    down = StreamAck(stream=name, applied=41, header=b"h" * 32, secured=0)
    enrolment.response_apply(home.response(card(VILLAGE, keys), down=down))
    cursor = Cursor.objects.get(author="core")
    assert (cursor.last_seq, bytes(cursor.last_header)) == (41, b"h" * 32)


def test_an_answer_over_the_network_anchors_the_clock_and_one_by_file_does_not(home, keys):
    made = physical_ms()
    enrolment.response_apply(home.response(card(VILLAGE, keys), made_at_ms=made))
    assert not ClockState.objects.filter(anchor_ms=made).exists()
    enrolment.response_apply(home.response(card(VILLAGE, keys), made_at_ms=made), again=True, fresh=True)
    assert ClockState.objects.get().anchor_ms == made
    assert ClockState.objects.get().last_at < instant(made + 60_000)


def test_newer_cards_are_held(home, keys):
    enrol(home, keys)
    town = card(TOWN, keys_new(), level="town", epoch=2, serial=2)
    assert enrolment.cards_apply((home.signed(town),)) == 1
    identity_forget()
    assert card_of(TOWN) == town


def test_a_card_of_a_lower_epoch_or_serial_is_passed_over(home, keys):
    mine = enrol(home, keys, epoch=3, serial=5)
    older = [
        card(VILLAGE, keys, parent=TOWN, epoch=2, serial=9),
        card(VILLAGE, keys, parent=TOWN, epoch=3, serial=4),
    ]
    assert enrolment.cards_apply(tuple(home.signed(one) for one in older)) == 0
    identity_forget()
    assert identity().card == mine


def test_a_card_the_county_did_not_sign_is_refused_with_all_that_came_with_it(home, keys):
    mine = enrol(home, keys)
    good = card(OTHER, keys_new(), parent=VILLAGE)
    forged = chain.Signer(chain.ROOT, chain.signing_key_new()).wrap(chain.CARD, card(TOWN, keys_new(), serial=9))
    with pytest.raises(SignatureInvalid):
        enrolment.cards_apply((home.signed(good), forged))
    identity_forget()
    assert card_of(OTHER) is None
    assert identity().card == mine


def test_a_revoked_node_takes_no_new_work_but_still_knows_who_it_is(home, keys):
    mine = enrol(home, keys)
    revoked = msgspec.structs.replace(mine, revoked=True, serial=2)
    enrolment.cards_apply((home.signed(revoked),))
    identity_forget()
    assert identity().card.revoked
    with pytest.raises(errors.NodeRevoked) as refused:
        here()
    assert refused.value.node == VILLAGE


def test_a_machine_that_was_replaced_by_another_stops(home, keys):
    enrol(home, keys)
    enrolment.cards_apply((home.signed(card(VILLAGE, keys_new(), epoch=2, serial=2)),))
    identity_forget()
    with pytest.raises(errors.NodeReplaced):
        identity()
    with pytest.raises(NotEnrolled):
        here()


def test_a_revoked_neighbour_is_no_peer(home, keys):
    enrol(home, keys)
    town = card_of(TOWN)
    assert town is not None
    enrolment.cards_apply((home.signed(msgspec.structs.replace(town, revoked=True, serial=2)),))
    identity_forget()
    assert [peer.node for peer in peer_cards()] == ["core"]
    held = card_of(TOWN)
    assert held is not None and held.revoked


class _Answer:
    def __init__(self, content: bytes, status: int = 200) -> None:
        self.content, self.status_code = content, status

    def __enter__(self) -> "_Answer":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def iter_content(self, size: int) -> Iterator[bytes]:
        return (self.content[start : start + size] for start in range(0, len(self.content), size))


def command(*arguments: str) -> dict[str, object]:
    out = StringIO()
    call_command("enrol", *arguments, "--json", stdout=out)
    return dict(json.loads(out.getvalue()))


def test_the_command_by_file_makes_a_request_and_takes_the_answer(home, tmp_path: Path):
    request, answer = tmp_path / "v.request", tmp_path / "v.response"
    assert command("--request", str(request)) == {"request": str(request)}
    asked = request_open(request.read_bytes())
    mine = card(VILLAGE, keys_keep(keys_folder()), device_id=asked.device_id)
    assert (asked.verify_key, asked.recipient) == (mine.verify_key, mine.recipient)
    assert len(asked.device_id) == 63
    answer.write_bytes(home.response(mine))
    done = command("--response", str(answer))
    assert (done["node"], done["epoch"]) == (VILLAGE, 1)
    assert done["fingerprint"] == fingerprint_of(mine, home.root.verify_key)
    assert identity().node == VILLAGE


def test_the_command_over_the_network_sends_the_code_and_takes_the_answer(home, keys, monkeypatch):
    sent: list[tuple[str, EnrolCall]] = []

    def post(url: str, *, data: bytes, **_: object) -> _Answer:
        sent.append((url, decode(data, EnrolCall)))
        return _Answer(home.response(card(VILLAGE, keys)))

    monkeypatch.setattr(requests, "post", post)
    done = command("--core", "http://county.localhost:8000/", "--code", "AAAA-BBBB-CCCC")
    assert done["node"] == VILLAGE
    assert [(url, call.code) for url, call in sent] == [("http://county.localhost:8000/enrol/", "AAAA-BBBB-CCCC")]
    assert Enrolment.objects.get().county_url == "http://county.localhost:8000/"


@pytest.mark.parametrize(
    ("answer", "exit_code", "words"),
    [
        (_Answer(b'{"error": "code_used", "message": "WORDS"}', 403), 1, "WORDS"),
        (_Answer(b"<html>", 502), 3, "HTTP 502"),
        (requests.ConnectionError(), 3, "ConnectionError"),
        (_Answer(b"rubbish"), 5, ""),
        (_Answer(bytes(MAX_RESPONSE_BYTES + 1)), 3, f"> {MAX_RESPONSE_BYTES} B"),
    ],
)
def test_what_the_command_says_when_it_fails(answer: "_Answer | Exception", exit_code, words, monkeypatch):
    def post(*_: object, **__: object) -> _Answer:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(requests, "post", post)
    with pytest.raises(CommandError) as failed:
        call_command("enrol", "--core", "http://county.localhost", "--code", "X", stdout=StringIO())
    assert failed.value.returncode == exit_code
    assert words in str(failed.value)
    assert not Enrolment.objects.exists()


def test_the_command_refuses_an_enrolled_machine_before_it_asks_anybody(home, keys, tmp_path: Path):
    enrol(home, keys)
    with pytest.raises(CommandError) as failed:
        command("--request", str(tmp_path / "r"))
    assert failed.value.returncode == 4
    assert not (tmp_path / "r").exists()
    assert command("--request", str(tmp_path / "r"), "--again") == {"request": str(tmp_path / "r")}


def test_a_copied_disk_gets_new_keys_and_keeps_the_old_ones_aside(keys, tmp_path: Path):
    command("--request", str(tmp_path / "r"), "--new-keys")
    assert request_open((tmp_path / "r").read_bytes()).verify_key != keys.verify_key
    aside = [path for path in keys_folder().parent.iterdir() if path.name.startswith("keys.")]
    assert len(aside) == 1


def test_a_code_is_needed_with_the_address():
    with pytest.raises(CommandError) as failed:
        call_command("enrol", "--core", "http://county.localhost", stdout=StringIO())
    assert failed.value.returncode == 2
