"""A counter to test: a village's desk with a catalogue, its staff, keys that last one run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import pytest
from django.test import Client
from pyrage import x25519

from core.domain.catalogue.documents import FormField, Item, Material, Record, Situation
from core.domain.catalogue.services import release_apply
from core.domain.journal.chain import CARD, ROOT, Signer, signing_key_new
from core.domain.journal.format import NodeCard
from core.domain.staff.services import membership_grant, user_create
from core.exchange.identity import Identity
from tests import place
from tests.domain import build

PASSWORD = "ein langes Wort"
AGENT, NOBODY = "agent1", "nobody"
#: Material and form features no item of tests/domain has.
RICH = "ITEM-RICH"


@lru_cache(maxsize=1)
def identity() -> Identity:
    """settings.IDENTITY of the tests: the village's machine, signed by a county of its own."""
    root, key = Signer(ROOT, signing_key_new()), Signer(place.VILLAGE.node, signing_key_new())
    age = x25519.Identity.generate()
    card = NodeCard(
        node=place.VILLAGE.node, epoch=1, serial=1, tenant=place.VILLAGE.tenant, verify_key=key.verify_key,
        service_point=place.VILLAGE.service_point, name=place.VILLAGE.name, level="village", parent=place.TOWN.node,
        recipient=str(age.to_public()), device_id="", valid_from_ms=1, valid_to_ms=2,
    )  # fmt: skip
    return Identity(
        node=key.name, signer=key, age_identity=str(age), card=card, signed_card=root.wrap(CARD, card),
        root_key=root.verify_key,
    )  # fmt: skip


def recipients() -> list[str]:
    """settings.ATTACHMENT_RECIPIENTS of the tests."""
    return [identity().card.recipient]


def rich_item(version: int = 1, **more: object) -> Item:
    fields: dict[str, object] = {
        "materials": (
            Material(code="M01", name="身份证", certificate="居民身份证"),
            Material(code="M02", name="照片", deferrable=True),
            Material(code="M03", name="遗失声明", necessity="situation", pledgeable=True, situations=("S2",)),
        ),
        "situations": (Situation(code="S1", name="首次申领"), Situation(code="S2", name="补领")),
        "fields": (FormField(name="bank", label="银行账号", required=True, rule=r"\d{12,19}"),),
        "pinyin": "zsx", "category": "养老", "version": version,
    }  # fmt: skip
    return build.item(RICH, "组合事项", "promised", **(fields | more))  # type: ignore[arg-type]


def records() -> list[Record]:
    return [*build.records(), rich_item()]


@pytest.fixture
def desk(db: None, settings: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The village agent, logged in at the village's counter."""
    settings.HERE = "tests.place.here"  # type: ignore[attr-defined]
    settings.IDENTITY = "tests.edge.counter_desk.identity"  # type: ignore[attr-defined]
    settings.ATTACHMENT_RECIPIENTS = "tests.edge.counter_desk.recipients"  # type: ignore[attr-defined]
    settings.LANGUAGE_CODE = "en"  # type: ignore[attr-defined]
    build.stand(monkeypatch, place.VILLAGE)
    release_apply(build.release(parts=records()))
    for code in (AGENT, NOBODY):
        user_create(code=code, name=f"名字{code}", password=PASSWORD)
    membership_grant(
        user_code=AGENT, role="village_agent", tenant_code=place.VILLAGE.tenant,
        service_point=place.VILLAGE.service_point,
    )  # fmt: skip
    client = Client()
    assert client.login(code=AGENT, username=AGENT, password=PASSWORD, request=_request())
    yield client


def _request() -> object:
    from django.http import HttpRequest

    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    return request


def typed(item_code: str = build.CARD, **more: str) -> dict[str, str]:
    """What a clerk types into the intake page of an item of tests/domain."""
    return {
        "id_number": build.CITIZEN, "name": "陈秀英", "f_bank": "621700000000", "m_M01": "received",
        "outcome": "finish", "draft": "01900000-0000-7000-8000-000000000001", **more,
    }  # fmt: skip
