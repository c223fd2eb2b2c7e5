"""Checking a paper's code: on the page nobody logs in to, and on the command line, with and without a network."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from core.counter.verifying import COUNTY, HERE, UNKNOWN, Known, verdict_of
from core.domain.cases import services
from core.domain.cases.receipt import receipt_payload, receipt_token
from core.domain.cases.state import CaseState
from core.domain.journal.chain import ROOT, Signer, signing_key_new
from core.domain.journal.models import OutboxItem, OutgoingStream
from core.domain.journal.place import CORE
from tests import place
from tests.domain import build
from tests.edge.counter_desk import desk, identity

__all__ = ["desk"]
ANSWERS: dict[str, Known] = {}


def answer(number: str, node: str) -> Known:
    """settings.CASE_KNOWN of these tests."""
    return ANSWERS.get(number, Known(where=UNKNOWN, revoked=ANSWERS.get(node, Known(where=UNKNOWN)).revoked))


@pytest.fixture
def opened(desk: Client, settings: Any) -> CaseState:
    """A case of this village's desk; who is asked about it is the tests' own."""
    settings.CASE_KNOWN = "tests.edge.test_verify.answer"
    ANSWERS.clear()
    return services.case_submit(application=build.application(build.CARD), actor=build.AGENT)


def payload_of(state: CaseState) -> str:
    return receipt_payload(number=state.number, signer=identity().signer, signed_card=identity().signed_card)


def page(payload: str) -> str:
    response = Client().post("/verify/", {"payload": payload})
    assert response.status_code == 200
    return response.content.decode()


def test_anybody_may_open_the_page_and_sees_no_verdict_before_scanning(opened: CaseState) -> None:
    response = Client().get("/verify/")
    assert response.status_code == 200
    assert response.context["verdict"] is None


def test_a_genuine_code_is_proven_and_names_its_machine_but_nobody(opened: CaseState) -> None:
    ANSWERS[opened.number] = Known(where=COUNTY, status="completed")
    text = page(payload_of(opened))
    assert "yz-verdict-yes" in text
    assert place.VILLAGE.name in text
    assert "The county has this case." in text
    assert "陈秀英" not in text
    assert build.CITIZEN not in text


def test_a_genuine_code_of_a_case_that_is_not_known_here_is_still_genuine(opened: CaseState) -> None:
    text = page(payload_of(opened))
    assert "yz-verdict-yes" in text
    assert "This case is not known here." in text


def test_the_address_a_code_leads_to_is_proven_as_well(opened: CaseState) -> None:
    token = receipt_token(payload_of(opened))
    assert verdict_of(f"https://county.example/rate/{token}/", identity().root_key).number == opened.number


def test_a_code_of_a_revoked_machine_is_genuine_and_says_so(opened: CaseState) -> None:
    ANSWERS[place.VILLAGE.node] = Known(where=UNKNOWN, revoked=True)
    assert "yz-verdict-old" in page(payload_of(opened))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("YZ1:", "format"), ("YZ1:ABC", "format"), ("hello", "format"), ("https://[", "format"),
        ("https://a.example/", "format"), ("x" * 4001, "too_long"), ("YZ1:" + "A" * 4000, "too_long"), (" ", "empty"),
        ("\0", "format"), ("http://a/../../etc/passwd", "format"),
    ],
)  # fmt: skip
def test_whatever_is_no_code_of_ours_is_refused_with_the_reason(opened: CaseState, payload: str, reason: str) -> None:
    verdict = verdict_of(payload, identity().root_key)
    assert (verdict.genuine, verdict.reason, verdict.number) == (False, reason, "")


def test_a_bare_number_proves_nothing_but_says_whether_the_case_is_known(opened: CaseState) -> None:
    ANSWERS[opened.number] = Known(where=HERE, status="completed")
    verdict = verdict_of(opened.number, identity().root_key)
    assert (verdict.genuine, verdict.reason, verdict.known) == (False, "unsigned", ANSWERS[opened.number])


def test_a_code_signed_by_another_county_is_not_genuine(opened: CaseState) -> None:
    other = Signer(ROOT, signing_key_new()).verify_key
    verdict = verdict_of(payload_of(opened), other)
    assert (verdict.genuine, verdict.reason) == (False, "card")


def test_an_altered_code_is_not_genuine(opened: CaseState) -> None:
    payload = payload_of(opened)
    altered = payload[:-3] + ("AB0" if payload[-3:] != "AB0" else "BA0")
    assert verdict_of(altered, identity().root_key).genuine is False
    assert "yz-verdict-no" in page(altered)


def test_line_ends_of_a_scanner_do_not_spoil_a_code(opened: CaseState) -> None:
    assert verdict_of(f" {payload_of(opened)}\r\n", identity().root_key).genuine


def command(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("verify", *arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_the_command_proves_a_code_offline_by_a_root_key_alone(opened: CaseState, settings: Any) -> None:
    settings.IDENTITY = settings.CASE_KNOWN = "nobody.may.ask"
    found = command(payload_of(opened), "--root-key", identity().root_key.hex())
    assert found == {
        "genuine": True, "reason": "", "number": opened.number, "node": place.VILLAGE.node,
        "name": place.VILLAGE.name, "revoked": False, "known": "", "status": "",
    }  # fmt: skip


def test_the_command_says_what_this_machine_knows(opened: CaseState) -> None:
    ANSWERS[opened.number] = Known(where=HERE, status="completed")
    found = command(payload_of(opened))
    assert (found["known"], found["status"]) == ("here", "completed")


def test_the_command_says_the_key_others_may_check_by(opened: CaseState) -> None:
    out = StringIO()
    call_command("verify", "--print-key", stdout=out)
    assert out.getvalue().strip() == identity().root_key.hex()


@pytest.mark.parametrize(
    ("arguments", "code"), [(("YZ1:ABC",), 1), (("YZ1:ABC", "--root-key", "12"), 2), (("x", "--root-key", "zz"), 2)]
)
def test_the_commands_exit_codes_mean_something(opened: CaseState, arguments: tuple[str, ...], code: int) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("verify", *arguments)
    assert refusal.value.returncode == code


def test_a_revoked_machines_code_ends_the_command_with_3(opened: CaseState) -> None:
    ANSWERS[place.VILLAGE.node] = Known(where=UNKNOWN, revoked=True)
    with pytest.raises(CommandError) as refusal:
        call_command("verify", payload_of(opened))
    assert refusal.value.returncode == 3


def test_a_node_says_whether_the_county_has_confirmed_a_case(
    opened: CaseState, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_node import known

    monkeypatch.setattr(known, "standing", lambda: place.VILLAGE)
    monkeypatch.setattr(known, "card_of", lambda node: None)
    assert known.case_known(opened.number, place.VILLAGE.node) == Known(where=HERE, status="completed")
    assert known.case_known("0" * 25, place.VILLAGE.node) == Known(where=UNKNOWN)
    rows = OutboxItem.objects.filter(audience=CORE).order_by("pk")
    for seq, row in enumerate(rows, start=1):
        OutboxItem.objects.filter(pk=row.pk).update(epoch=1, seq=seq)
    OutgoingStream.objects.create(author=place.VILLAGE.node, epoch=1, audience=CORE, last_seq=99, applied_seq=99)
    assert known.case_known(opened.number, "").where == COUNTY


@pytest.mark.parametrize(("more", "needed"), [(["--root-key", "00"], False), (["--root-key=00"], False), ([], True)])
def test_no_database_is_started_for_a_proof_by_a_given_key(more: list[str], needed: bool) -> None:
    from manage import needs_database

    assert needs_database(["verify", "YZ1:ABC", *more]) is needed
