"""Somebody stands in at a town whose link is down: it begins and ends by the town's own date (替岗)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from core.domain.cases import services
from core.domain.cases.selectors import case_state
from core.domain.journal import clock
from core.domain.journal.bodies import MembershipValue, StaffGranted
from core.domain.journal.format import Entry as Wire
from core.domain.journal.format import StreamName
from core.domain.journal.models import Entry
from core.domain.staff.models import User
from core.domain.staff.services import membership_grant, user_create
from edge_node.applying import apply
from tests import place
from tests.domain import build
from tests.edge.counter_desk import PASSWORD, desk

__all__ = ["desk"]
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def days(monkeypatch, tmp_path):
    """Moves the machine's clock on by so many days."""
    ahead = tmp_path / "clock"
    monkeypatch.setenv(clock.TRAINING_CLOCK, str(ahead))

    def move(count: int) -> None:
        ahead.write_text(str(count * DAY_MS), encoding="ascii")

    return move


@pytest.fixture
def town(desk, monkeypatch):
    """A reviewed case at a town's window; its approver is away tomorrow and the day after, as the county said today."""
    build.stand(monkeypatch, place.TOWN)
    for code, role in (("rev1", "reviewer"), ("app1", "approver")):
        user_create(code=code, name=f"{code}姓名", password=PASSWORD)
        membership_grant(user_code=code, role=role, tenant_code=place.TOWN.tenant)
    state = services.case_submit(application=build.application(build.HOUSE), actor=build.CLERK)
    for _stage in range(2):
        services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
    password = user_create(code="app2", name="李四", password=PASSWORD).password
    User.objects.filter(code="app2").delete()
    tell(password)
    return state


def tell(password: str) -> None:
    """The county's entry arrives, the last one before the line breaks."""
    first = clock.today() + timedelta(days=1)
    lent = MembershipValue(
        tenant=place.TOWN.tenant, service_point="", department="", role="approver", since=first,
        until=first + timedelta(days=1), instead_of="app1",
    )  # fmt: skip
    body = StaffGranted(code="app2", name="李四", password=password, memberships=(lent,))
    at = clock.instant(clock.physical_ms())
    entry = Wire(id=uuid4(), case_id=None, rev=0, author="core", actor="admin1", at=at, release=1, body=body)
    apply(StreamName(author="core", epoch=1, audience=place.TOWN.node), [entry])


def substitute() -> Client:
    client = Client()
    client.post("/login/", {"username": "app2", "password": PASSWORD})
    return client


def decide(client: Client, state):
    return client.post(f"/cases/{state.id}/acts/decide/", {"granted": "yes", "result_number": "易民〔2026〕1号"})


@pytest.mark.parametrize("day", [0, 3])
def test_before_the_first_day_and_after_the_last_the_substitute_may_do_nothing(town, days, day):
    days(day)
    before = Entry.objects.count()
    client = substitute()
    assert client.get(f"/cases/{town.id}/").status_code == 403
    assert decide(client, town).status_code == 403
    assert (Entry.objects.count(), case_state(town.id).status) == (before, "under_review")


@pytest.mark.parametrize("day", [1, 2])
def test_on_its_days_the_substitute_decides_and_the_case_says_in_whose_place(town, days, day):
    days(day)
    client = substitute()
    assert decide(client, town).status_code == 302
    decision = case_state(town.id).decision
    assert decision is not None and (decision.by, decision.instead_of) == ("app2", "app1")
    page = client.get(f"/cases/{town.id}/").content.decode()
    assert "李四" in page and "in place of app1姓名" in page


def test_somebody_logged_in_loses_the_post_at_midnight(town, days):
    days(2)
    client = substitute()
    assert client.get(f"/cases/{town.id}/").status_code == 200
    days(3)
    assert client.get(f"/cases/{town.id}/").status_code == 403
