"""A town with a hall and two villages, ready for machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django_tenants.utils import schema_context

from core.county.registry.services import enrolment_code_issue, node_enrol
from core.domain.journal.bodies import AnyBody, CardsChanged
from core.domain.journal.chain import card_open
from core.domain.journal.format import NodeCard, entry_decode
from core.domain.journal.models import OutboxItem
from core.exchange.enrolment import Opened, response_open
from core.exchange.keyring import Keys
from tenants.models import ServicePoint, schema_name_of
from tests.enrolling import OTHER, TENANT, VILLAGE, keys_new, request

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SCHEMA = schema_name_of(TENANT)


def villages_make() -> None:
    for code, name in ((VILLAGE, "某村便民服务站"), (OTHER, "另村便民服务站")):
        ServicePoint.objects.create(
            code=code, tenant_code=TENANT, division=code[:12], level="village", name=name, kind="village"
        )


def code_for(service_point: str, **more: object) -> str:
    return enrolment_code_issue(service_point=service_point, by="ysh-admin", at=NOW, **more).text  # type: ignore[arg-type]


def enrol(service_point: str, keys: Keys | None = None, **more: object) -> tuple[Keys, Opened]:
    """The machine with these keys is enrolled; returns them with the opened answer."""
    keys = keys or keys_new()
    answer = node_enrol(request=request(keys, **more), code=code_for(service_point), at=NOW)
    return keys, response_open(answer, keys)


def waiting(node: str) -> list[AnyBody]:
    """What waits in the town's outbox for this node, in order."""
    with schema_context(SCHEMA):
        items = OutboxItem.objects.filter(audience=node, seq=None).order_by("id").values_list("entry__wire", flat=True)
        return [entry_decode(bytes(wire)).body for wire in items]


def cards_waiting(node: str, root_key: bytes) -> list[NodeCard]:
    bodies = [body for body in waiting(node) if isinstance(body, CardsChanged)]
    return [card_open(card, root_key) for body in bodies for card in body.cards]
