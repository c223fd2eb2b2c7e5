"""Ratings at the county: from a citizen's phone, from nodes in any order, all shown, the low ones followed up."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context
from msgspec.structs import replace as changed

from core.counter.rating import rating_address
from core.county.ratings.models import Rating
from core.county.ratings.selectors import follow_ups_open, light_of
from core.county.ratings.services import ratings_rebuild, ratings_reflect
from core.county.registry.keys import root_signer
from core.county.registry.services import policy_change
from core.county.workqueue.models import CaseAccess
from core.domain.cases import services
from core.domain.cases.bulk import entries_apply
from core.domain.cases.receipt import receipt_payload, receipt_token
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState, RatingFact
from core.domain.cases.writing import work_calendar
from core.domain.journal import bodies as b
from core.domain.journal import clock
from core.domain.journal.chain import CARD, ROOT, Signer, signing_key_new
from core.domain.journal.format import NodeCard
from core.domain.journal.models import Entry
from core.domain.staff.selectors import actor_anywhere
from tenants.connection import connection
from tenants.models import Tenant
from tests.core import offices
from tests.core.conftest import TownMaker
from tests.core.offices import officer, village_case
from tests.core.test_backoffice_inbox import browser
from tests.domain import build
from tests.samples import BODIES, CASE, entry, entry_id

COUNTY = "county.localhost"


@dataclass
class World:
    """One town with one case a village finished, and the code on its receipt."""

    tenant: Tenant
    state: CaseState
    token: str

    @property
    def page(self) -> str:
        return f"/rate/{self.token}/"

    def now(self) -> CaseState:
        with tenant_context(self.tenant):
            return case_state(self.state.id)

    def entries(self) -> int:
        with tenant_context(self.tenant):
            return Entry.objects.filter(kind__in=("case.rated", "rating.followed")).count()


def token_of(state: CaseState, tenant_code: str, *, root: Signer | None = None, point: str = "") -> str:
    """What a machine of this service point prints; `root` another county's."""
    node = point or state.service_point
    key = Signer(node, signing_key_new())
    card = NodeCard(
        node=node, epoch=1, serial=1, tenant=tenant_code, service_point=node, name="村", level="village", parent="",
        verify_key=key.verify_key, recipient="age1", device_id="", valid_from_ms=1, valid_to_ms=2,
    )  # fmt: skip
    signed = (root or root_signer()).wrap(CARD, card)
    return receipt_token(receipt_payload(number=state.number, signer=key, signed_card=signed))


@pytest.fixture
def world(tenant: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> World:
    settings.VAR_DIR, settings.LANGUAGE_CODE = tmp_path, "en"
    offices.catalogue()
    state = village_case(tenant, settings, monkeypatch, build.CARD)
    return World(tenant, state, token_of(state, tenant.code))


@pytest.fixture
def phone() -> Client:
    return Client(headers={"host": COUNTY})


@pytest.fixture
def supervisor(world: World) -> Client:
    return browser(officer("sup1", "supervisor"))


def rated(**more: Any) -> list[tuple[Any, ...]]:
    return list(Rating.objects.order_by("rated_at").values_list("score", "counted", "text"))


def test_a_citizen_rates_by_the_receipts_code_without_logging_in(world, phone):
    page = phone.get(world.page).content.decode()
    assert "老年人优待证办理" in page and "Handed out" not in page
    assert "陈秀英" not in page and build.CITIZEN not in page
    answer = phone.post(world.page, {"score": "5", "reason": ["fast"], "text": "很好"})
    assert answer["Location"] == f"{world.page}thanks/"
    assert "Thank you for your rating" in phone.get(answer["Location"]).content.decode()
    (one,) = world.now().ratings.values()
    assert (one.score, one.reasons, one.text, one.by) == (5, ("fast",), "很好", "applicant")
    with tenant_context(world.tenant):
        assert Entry.objects.get(kind="case.rated").author == "core"
    row = Rating.objects.get()
    assert (row.tenant_code, row.case_id, row.item_name) == (world.tenant.code, world.state.id, "老年人优待证办理")
    assert (row.score, row.counted, row.due, row.visit) == (5, True, None, clock.today())


def test_a_case_is_rated_once_and_the_second_attempt_is_told_so(world, phone):
    phone.post(world.page, {"score": "4"})
    answer = phone.post(world.page, {"score": "1", "text": "x"})
    assert answer.status_code == 200 and "has its rating already" in answer.content.decode()
    assert rated() == [(4, True, "")] and world.entries() == 1


def test_the_page_is_behind_the_csrf_check(world):
    strict = Client(enforce_csrf_checks=True, headers={"host": COUNTY})
    assert strict.post(world.page, {"score": "5"}).status_code == 403
    assert world.entries() == 0


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-8] + "AAAAAAAA", lambda t: "A" * 40, lambda t: t[:100], lambda t: "驿"]
)
def test_a_forged_code_opens_nothing_and_asks_no_table(world, phone, spoil):
    with CaptureQueriesContext(connection) as asked:
        answer = phone.post(f"/rate/{spoil(world.token)}/", {"score": "5"})
    assert answer.status_code == 404 and "not the code of a receipt" in answer.content.decode()
    assert not [one for one in asked.captured_queries if "SELECT" in one["sql"] and "FROM" in one["sql"]]
    assert world.entries() == 0


def test_a_code_signed_by_another_countys_root_key_opens_nothing(world, phone):
    forged = token_of(world.state, world.tenant.code, root=Signer(ROOT, signing_key_new()))
    assert phone.post(f"/rate/{forged}/", {"score": "1", "text": "x"}).status_code == 404
    assert world.entries() == 0


def test_a_machine_cannot_make_codes_for_another_places_cases(world, phone):
    other = token_of(world.state, world.tenant.code, point="430321100999-01")
    assert phone.post(f"/rate/{other}/", {"score": "1", "text": "x"}).status_code == 404
    assert world.entries() == 0


def test_a_case_the_county_has_not_heard_of_is_asked_to_come_back(world, phone):
    from core.domain.cases.numbering import case_number

    number = case_number(service_point=world.state.service_point, day=clock.today(), serial=777)
    answer = phone.get(f"/rate/{token_of(changed(world.state, number=number), world.tenant.code)}/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "still on its way" in page and "nothing is lost" in page


def test_a_tenant_whose_schema_is_gone_is_never_looked_for_in_public(world, phone):
    Tenant.objects.filter(code=world.tenant.code).update(schema_name="t_000000000000")
    assert "still on its way" in phone.post(world.page, {"score": "5"}).content.decode()
    Tenant.objects.filter(code=world.tenant.code).update(schema_name=world.tenant.schema_name)
    assert world.entries() == 0


def test_towns_do_not_see_each_others_ratings(world, phone, town: TownMaker, settings, monkeypatch):
    other = town(1)
    state = village_case(other, settings, monkeypatch, build.CARD)
    theirs = World(other, state, token_of(state, other.code))
    phone.post(theirs.page, {"score": "1", "text": "慢"})
    assert (world.entries(), theirs.entries()) == (0, 1)
    ours = Client(headers={"host": "yisuhe.localhost"})
    answer = ours.post(theirs.page, {"score": "5"})
    assert answer["Location"] == f"http://{COUNTY}:8000{theirs.page}"
    assert ours.get(world.page).status_code == 200
    watcher = browser(officer("sup2", "supervisor", tenant_code=world.tenant.code))
    row = Rating.objects.get()
    assert "慢" not in watcher.get("/ratings/").content.decode()
    assert watcher.get(f"/ratings/{other.code}/{row.entry_id}/").status_code == 404
    assert watcher.get(f"/ratings/{world.tenant.code}/{row.entry_id}/").status_code == 404
    answer = watcher.post(f"/ratings/{other.code}/{row.entry_id}/", {"step": "contacted", "text": "x"})
    assert answer.status_code == 404 and theirs.entries() == 1


def test_a_rating_of_1_is_followed_up_until_its_second_rating(world, phone, supervisor):
    phone.post(world.page, {"score": "1", "reason": ["unfriendly"], "text": "态度不好"})
    row = Rating.objects.get()
    assert (row.reasons, light_of(row, clock.today())) == ("unfriendly", "green")
    assert row.due is not None and light_of(row, row.due + timedelta(days=1)) == "red"
    page = f"/ratings/{world.tenant.code}/{row.entry_id}/"
    shown = supervisor.get(page).content.decode()
    assert "态度不好" in shown and "陈秀英" in shown and "Ask for the second rating" not in shown
    supervisor.post(page, {"step": "contacted", "text": "11月22日电话致歉"})
    assert "Ask for the second rating" in supervisor.get(page).content.decode()
    assert "how satisfied are you now" in phone.get(world.page).content.decode()
    phone.post(world.page, {"score": "4"})
    supervisor.post(page, {"step": "settled", "text": "窗口人员已培训"})
    row.refresh_from_db()
    assert (row.second_score, row.outcome) == (4, "窗口人员已培训")
    assert row.contacted_at is not None and row.settled_on == clock.today()
    assert light_of(row, row.due + timedelta(days=9)) == "done"
    row.settled_on = row.due + timedelta(days=1)
    assert light_of(row, row.due) == "red"
    assert rated() == [(1, True, "态度不好"), (4, False, "")]
    acts = [(one.staff_code, one.act, one.reason) for one in CaseAccess.objects.order_by("at", "pk")]
    assert ("sup1", "rating-contacted", "supervision") in acts and ("sup1", "rating-settled", "supervision") in acts
    with tenant_context(world.tenant):
        assert {one.by for one in world.now().follow_ups.values()} == {"sup1"}


def test_a_refused_step_changes_nothing_and_is_not_on_record(world, phone, supervisor):
    phone.post(world.page, {"score": "2", "text": "慢"})
    row = Rating.objects.get()
    page = f"/ratings/{world.tenant.code}/{row.entry_id}/"
    early = supervisor.post(page, {"step": "settled", "text": "了结"})
    empty = supervisor.post(page, {"step": "contacted", "text": "  "})
    assert (early.status_code, empty.status_code) == (422, 422)
    assert "了结" in early.content.decode()
    assert world.now().follow_ups == {} and world.entries() == 1
    assert set(CaseAccess.objects.values_list("act", flat=True)) == {"rating"}


def test_only_administrators_and_supervisors_open_the_countys_ratings(world, phone):
    for code, role, department, status in (
        ("adm1", "county_admin", "", 200), ("rev9", "reviewer", offices.CIVIL, 403), ("op1", "operator", "", 403),
    ):  # fmt: skip
        assert browser(officer(code, role, department)).get("/ratings/").status_code == status
    assert Client(headers={"host": COUNTY}).get("/ratings/").status_code == 302


def test_the_list_shows_all_ratings_with_counts_and_what_is_open(world, phone, supervisor):
    phone.post(world.page, {"score": "1", "text": "等得太久"})
    with tenant_context(world.tenant):
        services.case_rate(case_id=world.state.id, score=5, text="材料一次说清")
    page = supervisor.get("/ratings/").content.decode()
    assert "等得太久" in page and "材料一次说清" in page and "陈秀英" not in page
    assert "<b>3.0</b>" in page and "<b>50.0 %</b>" in page and "1 follow-up open" in page
    assert "材料一次说清" not in supervisor.get("/ratings/?score=1").content.decode()
    assert "等得太久" not in supervisor.get("/ratings/?follow=overdue").content.decode()
    (month,) = supervisor.get("/ratings/").context["months"]
    assert (month[0].month, month[1]) == (clock.today().replace(day=1), "易俗河镇")
    assert month[0].summary.counts == ((5, 1), (4, 0), (3, 0), (2, 0), (1, 1))
    assert (month[0].summary.average, month[0].summary.satisfied, month[0].open) == (3.0, 50.0, 1)
    assert follow_ups_open(actor_anywhere(officer("adm1", "county_admin"))) == 1


def life() -> list[Any]:
    """A village's case, its low rating at the counter, and the county's follow-up of it."""
    opened = [entry(rev, BODIES[kind], rev=rev) for rev, kind in
              enumerate(("case.opened", "case.submitted", "case.accepted"), 1)]  # fmt: skip
    rating = entry(10, b.CaseRated(score=1, text="慢", visit="2026-11-20"), rev=0)
    contact = entry(11, b.RatingFollowed(rating=entry_id(10), step="contacted", text="已致电"), rev=0, author="core")
    second = entry(12, b.CaseRated(score=4, second_of=entry_id(10)), rev=0)
    return [opened, rating, contact, second]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_what_a_node_sends_makes_the_same_rows_in_any_order(world, order):
    parts = life()
    with tenant_context(world.tenant):
        for index in order:
            part = parts[index]
            entries_apply(part if isinstance(part, list) else [part])
    rows = Rating.objects.filter(case_id=CASE).order_by("rated_at")
    first, second = rows
    assert (first.score, first.counted, first.second_score, first.text) == (1, True, 4, "慢")
    assert (second.score, second.counted, second.second_of, second.due) == (4, False, entry_id(10), None)
    assert first.contacted_at is not None and first.settled_at is None


def test_two_machines_that_both_took_a_rating_are_both_shown_and_the_first_counts(world):
    opened = life()[0]
    with tenant_context(world.tenant):
        entries_apply([*opened, entry(21, b.CaseRated(score=5, text="后"), rev=0)])
        entries_apply([entry(20, b.CaseRated(score=1, text="先"), rev=0, author="430321100000-01")])
    assert list(Rating.objects.filter(case_id=CASE).order_by("rated_at").values_list("text", "counted")) == [
        ("先", True), ("后", False)
    ]  # fmt: skip


def test_a_score_or_a_text_no_counter_writes_does_not_stop_the_batch(world):
    state = world.state
    odd = {
        "a" * 32: RatingFact(score=9, at=state.updated_at, by="x"),
        "b" * 32: RatingFact(score=2, at=state.updated_at, by="x", text="a\0b", visit="yesterday"),
    }
    with tenant_context(world.tenant):
        ratings_reflect([changed(state, ratings=odd)])
    row = Rating.objects.get()
    assert (row.entry_id, row.text, row.visit, row.counted) == (UUID("b" * 32), "ab", None, True)


def test_the_number_of_statements_does_not_depend_on_the_number_of_ratings(world):
    fact = RatingFact(score=1, at=world.state.updated_at, by="applicant", text="x")
    counted = {}
    for size in (1, 300):
        batch = [
            changed(world.state, id=UUID(int=number + 1), ratings={f"{number + 1:032x}": fact})
            for number in range(size)
        ]
        with tenant_context(world.tenant), CaptureQueriesContext(connection) as asked:
            ratings_reflect(batch)
        counted[size] = len(asked)
    assert counted[1] == counted[300] <= 6
    assert Rating.objects.count() == 300
    with tenant_context(world.tenant), CaptureQueriesContext(connection) as asked:
        ratings_reflect([world.state])
    assert len(asked) == 0


def test_an_act_that_fails_leaves_the_table_as_it_was(world):
    from django.db import transaction

    with pytest.raises(RuntimeError), tenant_context(world.tenant), transaction.atomic():
        services.case_rate(case_id=world.state.id, score=5)
        raise RuntimeError
    assert rated() == [] and world.entries() == 0


def test_a_rebuild_makes_the_same_rows_and_forgets_what_is_not_there(world, phone):
    phone.post(world.page, {"score": "1", "text": "慢"})
    names = [field.attname for field in Rating._meta.fields if field.attname != "id"]
    before = list(Rating.objects.values_list(*names))
    stray = Rating.objects.get()
    Rating.objects.update(text="wrong")
    stray.pk, stray.entry_id, stray.case_id = None, UUID(int=7), UUID(int=8)
    stray.save()
    out = io.StringIO()
    call_command("rebuild_ratings", "--json", stdout=out)
    assert list(Rating.objects.values_list(*names)) == before
    assert json.loads(out.getvalue()) == {"ratings": {world.tenant.code: 1}, "ratings_of_gone_tenants": 0}


def test_a_shorter_limit_moves_the_due_day_when_the_table_is_rebuilt(world, phone, settings):
    phone.post(world.page, {"score": "1", "text": "慢"})
    five = Rating.objects.get().due
    settings.RATING_FOLLOW_UP_DAYS = 2
    assert ratings_rebuild(world.tenant) == 1
    two = Rating.objects.get().due
    assert five is not None and two is not None and two < five


def test_a_limit_the_county_sets_moves_open_follow_ups_at_once_and_leaves_settled_ones(world, phone, supervisor):
    phone.post(world.page, {"score": "1", "text": "慢"})
    with tenant_context(world.tenant):
        services.case_rate(case_id=world.state.id, score=2, text="远")
        (key,) = (UUID(key) for key, one in world.now().ratings.items() if one.score == 2)
        for step in ("contacted", "settled"):
            services.rating_follow(case_id=world.state.id, actor=build.CLERK, rating=key, step=step, text="x")
    connection.set_schema_to_public()
    settled = Rating.objects.get(score=2).due
    assert policy_change(name="rating_follow_up_days", value=3, by="adm1", at=timezone.now()) is True
    row = Rating.objects.get(score=1)
    assert (row.due, row.amber_on) == (_after(row, 3), _after(row, 2))
    assert Rating.objects.get(score=2).due == settled
    page = supervisor.get(f"/ratings/{world.tenant.code}/{row.entry_id}/")
    assert page.context["line"].follow.due == row.due


def _after(row: Rating, days: int) -> date:
    return work_calendar().working_day_after(row.rated_on, days)


def test_the_core_signs_a_code_for_every_case(world, phone, settings):
    settings.COUNTY_URL = f"http://{COUNTY}"
    with tenant_context(world.tenant):
        address = rating_address(world.state)
    assert address.startswith(f"http://{COUNTY}/rate/")
    path = address.removeprefix(f"http://{COUNTY}")
    # The core's own card names no tenant: the number says whose counter opened the case.
    assert phone.get(path).status_code == 200
    phone.post(path, {"score": "3"})
    assert rated() == [(3, True, "")]


def test_a_case_of_the_halls_own_window_is_found_by_its_number(world, phone, settings, monkeypatch):
    settings.COUNTY_URL = f"http://{COUNTY}"
    with tenant_context(world.tenant):
        state = services.case_submit(application=build.application(build.CARD), actor=build.CLERK)
        address = rating_address(state)
    phone.post(address.removeprefix(f"http://{COUNTY}"), {"score": "4"})
    assert (Rating.objects.get().case_id, Rating.objects.get().score) == (state.id, 4)
