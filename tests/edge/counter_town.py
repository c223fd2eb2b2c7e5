"""A town's counter to test: an item its own people decide, one whose departments meet, time that goes forward."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.domain.cases import services
from core.domain.cases.intake import case_take_in
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Department, FormField, Grant, Material, Record, Stage
from core.domain.catalogue.services import release_apply
from core.domain.journal.models import Entry
from core.domain.staff.services import membership_grant, user_create
from tests import place
from tests.domain import build
from tests.edge.counter_desk import PASSWORD, records

OTHER = "11430321DEM0000299"
JOINT = "ITEM-JOINT"
#: Nanoseconds.
DAY = 24 * 3600 * 1_000_000_000


def person(code: str) -> Client:
    client = Client()
    client.post("/login/", {"username": code, "password": PASSWORD})
    return client


@pytest.fixture
def town(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The town's counter, which decides ITEM-HOUSE and ITEM-JOINT itself, with its staff."""
    build.stand(monkeypatch, place.TOWN)
    roles = (("clerk1", "clerk"), ("rev1", "reviewer"), ("app1", "approver"), ("app2", "approver"),
             ("super1", "supervisor"))  # fmt: skip
    for code, role in roles:
        user_create(code=code, name=f"名字{code}", password=PASSWORD)
        membership_grant(user_code=code, role=role, tenant_code=place.TOWN.tenant)
    release_apply(build.release(number=2, parts=[*records(), *joint_records()]))


def joint_records() -> list[Record]:
    """An item with materials to follow and to be replaced, whose departments visit the place together."""
    stage = Stage(code="S1", name="现场核验", departments=(build.USCC, OTHER), joint="site_inspection")
    item = build.item(
        JOINT, "餐饮许可", "promised", flow=(stage,),
        materials=(Material(code="M01", name="身份证"), Material(code="M02", name="平面图", deferrable=True)),
        fields=(FormField(name="address", label="经营地址"),),
    )  # fmt: skip
    grant = Grant(code="G9", item_code=JOINT, mode="direct", powers=build.ALL, level="town", below=build.COUNTY)
    return [Department(uscc=OTHER, name="湘潭县消防大队", short_name="消防", division=build.COUNTY), item, grant]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """later(days): from now on it is that many days later."""

    def shift(days: int) -> None:
        real = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: real() + days * DAY)

    return shift


def opened(item_code: str = build.HOUSE, **more: object) -> CaseState:
    return services.case_submit(application=build.application(item_code, **more), actor=build.CLERK)


def page(client: Client, state: CaseState) -> Any:
    answer = client.get(f"/cases/{state.id}/")
    assert answer.status_code == 200
    return answer


def acts(client: Client, state: CaseState) -> list[str]:
    found: list[str] = page(client, state).context["acts"]
    return found


def act(client: Client, state: CaseState, name: str, **typed: object) -> Any:
    return client.post(f"/cases/{state.id}/acts/{name}/", typed)


def refused(client: Client, state: CaseState, name: str, told: str, **typed: object) -> None:
    """The act is refused with these words; nothing was changed and nothing journalled."""
    before, entries = case_state(state.id), Entry.objects.count()
    answer = act(client, state, name, **typed)
    assert answer.status_code == 422
    assert answer.context["act_error"] == told
    assert case_state(state.id) == before
    assert Entry.objects.count() == entries


def told(client: Client, state: CaseState) -> list[tuple[str, str]]:
    return [(one.tone, one.text) for one in page(client, state).context["notices"]]


def submitted() -> CaseState:
    """An application that waits for an answer at the town."""
    return case_take_in(application=build.application(build.HOUSE), actor=build.CLERK)
