"""What the whole procedure asks of whom, and from which day on: pauses, returns, extensions, urgings, results."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from django_tenants.utils import tenant_context

from core.county.workqueue.models import CaseFigure, Task, Undelivered
from core.county.workqueue.selectors import Filters, desk_of, lights_count, tasks_page, urged_count
from core.county.workqueue.services import workqueue_rebuild
from core.domain.cases import services
from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import Stage
from core.domain.catalogue.services import release_apply
from core.domain.journal.clock import CHINA, Instant, instant_date, instant_of
from tenants.connection import connection
from tenants.models import Tenant
from tests import place
from tests.core import offices
from tests.core.offices import CIVIL, HEALTH, officer, village_case
from tests.domain import build

SUPERVISOR = replace(build.REVIEWER, code="sup1", roles=frozenset({"supervisor"}), departments=frozenset())
DOCTOR = replace(build.REVIEWER, code="doc1", departments=frozenset({HEALTH}))
VISIT = "ITEM-VISIT"


@pytest.fixture
def queue(tenant: Tenant) -> Tenant:
    """A town with the catalogue of the county; the connection stands in public."""
    offices.catalogue()
    return tenant


def at(state: CaseState, days: int) -> Instant:
    """Noon, so many days after the case was opened."""
    day = instant_date(state.opened_at) + timedelta(days=days)
    return instant_of(datetime(day.year, day.month, day.day, 12, tzinfo=CHINA))


def powers() -> list[tuple[str, str]]:
    return list(Task.objects.order_by("department", "power").values_list("department", "power"))


def shown(today: date) -> list[str]:
    desk = desk_of(officer(f"rev{today.toordinal()}", "reviewer", CIVIL))
    return [task.power for task in tasks_page(desk, Filters(), today=today).tasks]


def test_a_supplement_that_never_came_is_to_be_closed_from_the_day_after_its_last(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch, build.PERMIT)
    with tenant_context(queue):
        state = services.supplement_request(case_id=state.id, actor=build.REVIEWER, lacking=("M01",))
    assert state.supplement is not None and state.supplement.due is not None
    last = state.supplement.due
    assert powers() == [(CIVIL, "lapse"), (CIVIL, "wait")]
    assert [Task.objects.get(power="wait").due, Task.objects.get(power="lapse").from_on] == [
        last, last + timedelta(days=1),
    ]  # fmt: skip
    assert (shown(last), shown(last + timedelta(days=1))) == ([], ["lapse"])


def test_a_procedure_past_its_expected_end_is_seen_the_day_after(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch)
    with tenant_context(queue):
        state = services.clock_stop(
            case_id=state.id, actor=build.REVIEWER, procedure="testing", text="送检", expected_days=7
        )
    end = instant_date(state.stops[-1].from_at) + timedelta(days=7)
    assert powers() == [(CIVIL, "resume"), (CIVIL, "wait")]
    assert set(Task.objects.values_list("due", flat=True)) == {end}
    assert (shown(end), shown(end + timedelta(days=1))) == ([], ["resume"])
    desk = desk_of(officer("rev2", "reviewer", CIVIL))
    assert lights_count(desk, today=end) == {"red": 0, "amber": 0, "green": 0}
    assert lights_count(desk, today=end + timedelta(days=1)) == {"red": 1, "amber": 0, "green": 0}
    with tenant_context(queue):
        services.clock_resume(case_id=state.id, actor=build.REVIEWER)
    assert powers() == [(CIVIL, "review")]


def test_a_department_that_returned_the_case_waits_until_it_is_answered(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch, offices.JOINT)
    with tenant_context(queue):
        services.opinion_record(
            case_id=state.id, actor=DOCTOR, verdict="return", department=HEALTH, text="照片不清", returned=("M01",)
        )
        assert powers() == [(CIVIL, "review"), (HEALTH, "wait")]
        services.material_receive(case_id=state.id, actor=build.CLERK, material="M01", how="copy")
        assert powers() == [(CIVIL, "review"), (HEALTH, "review")]


def visiting(settings: object, monkeypatch: pytest.MonkeyPatch, tenant: Tenant) -> CaseState:
    flow = (Stage(code="J1", name="联合踏勘", departments=(HEALTH, CIVIL), joint="site_inspection"),)
    item = build.item(VISIT, "特困供养", "promised", flow=flow)
    records = [*offices.records(), item]
    connection.set_schema_to_public()
    release_apply(build.release(number=2, parts=records))
    return village_case(tenant, settings, monkeypatch, VISIT)


def test_a_joint_stage_is_the_leading_departments_and_the_others_see_the_case(queue, settings, monkeypatch):
    state = visiting(settings, monkeypatch, queue)
    with tenant_context(queue):
        services.case_accept(case_id=state.id, actor=build.REVIEWER)
        assert powers() == [(CIVIL, "wait"), (HEALTH, "review")]
        services.appointment_set(case_id=state.id, actor=DOCTOR, day=date(2026, 12, 1), place="某村一组")
        assert powers() == [(CIVIL, "wait"), (HEALTH, "review")]
        services.opinion_record(case_id=state.id, actor=DOCTOR, verdict="pass")
    assert powers() == [(CIVIL, "decide")]


def test_more_days_are_asked_of_the_owners_approver_beside_the_review(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch)
    with tenant_context(queue):
        state = services.extension_request(case_id=state.id, actor=build.REVIEWER, days=10, reason="情况复杂")
    assert powers() == [(CIVIL, "approve"), (CIVIL, "review")]
    asked, review = Task.objects.get(power="approve"), Task.objects.get(power="review")
    assert state.extension_asked is not None
    assert (asked.due, asked.amber_on) == (review.legal_due, instant_date(state.extension_asked.at))
    with tenant_context(queue):
        services.deadline_extend(case_id=state.id, actor=build.APPROVER)
    task = Task.objects.get()
    assert task.power == "review" and review.legal_due is not None and task.legal_due is not None
    assert task.legal_due > review.legal_due
    assert task.promised_due == review.promised_due


def test_an_application_nobody_answered_stays_due_on_its_fifth_day(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch, build.PERMIT)
    due = Task.objects.get().due
    with tenant_context(queue):
        accepted = services.case_accept(case_id=state.id, actor=build.REVIEWER, at=at(state, 30))
    assert accepted.deemed_from == instant_date(state.opened_at)
    task = Task.objects.get()
    assert task.power == "review" and due < instant_date(at(state, 30))
    assert task.legal_due is not None and task.legal_due < instant_date(at(state, 30))


def test_an_urging_marks_the_task_it_is_for_until_it_is_answered(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch, offices.JOINT)
    with tenant_context(queue):
        services.case_urge(case_id=state.id, actor=SUPERVISOR, level="reminder", text="请关注")
        assert set(Task.objects.values_list("urged", flat=True)) == {0}
        services.case_urge(case_id=state.id, actor=SUPERVISOR, level="urging", text="请尽快", department=HEALTH)
        assert list(Task.objects.order_by("department").values_list("urged", flat=True)) == [0, 1]
        now = services.case_urge(case_id=state.id, actor=SUPERVISOR, level="supervision", text="限期答复")
        assert list(Task.objects.order_by("department").values_list("urged", flat=True)) == [2, 2]
        supervision = max(now.urgings, key=lambda key: now.urgings[key].at)
        services.note_add(case_id=state.id, actor=build.REVIEWER, text="本周办结", answers=UUID(supervision))
    assert list(Task.objects.order_by("department").values_list("urged", flat=True)) == [0, 1]
    today = instant_date(state.opened_at)
    supervisor, civil = desk_of(officer("sup1", "supervisor")), desk_of(officer("rev2", "reviewer", CIVIL))
    assert [urged_count(desk, today=today) for desk in (supervisor, civil)] == [1, 0]


def test_supervised_cases_come_before_urged_ones_page_by_page(queue):
    made = [(1, 2), (2, 1), (1, 1), (0, 0), (2, 3)]
    for number, (urged, days) in enumerate(made):
        due = date(2026, 11, 23) + timedelta(days=days)
        Task.objects.create(
            tenant_code=queue.code, case_id=UUID(int=number), number=str(number), item_code="A", item_name="A",
            department=CIVIL, power="wait" if number == 4 else "review", status="accepted", service_point="x",
            opened_on=due, due=due, amber_on=due, updated_at=1, urged=urged,
        )  # fmt: skip
    desk, seen, after = desk_of(officer("rev2", "reviewer", CIVIL)), [], None
    for _ in range(2):
        page = tasks_page(desk, Filters(urged=True), today=date(2026, 11, 23), after=after, size=2)
        seen += [task.number for task in page.tasks]
        after = page.following
    assert (seen, after) == (["1", "4", "2", "0"], None)


def granted(tenant: Tenant, settings: object, monkeypatch: pytest.MonkeyPatch) -> CaseState:
    """A village's case that the county granted three days after it was opened; the village hands it out."""
    state = village_case(tenant, settings, monkeypatch)
    with tenant_context(tenant):
        for day in (1, 2):
            services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass", at=at(state, day))
        return services.case_decide(case_id=state.id, actor=build.APPROVER, granted=True, at=at(state, 3))


def test_a_result_at_a_village_is_listed_until_it_is_handed_out(queue, settings, monkeypatch):
    state = granted(queue, settings, monkeypatch)
    row = Undelivered.objects.get()
    assert (row.tenant_code, row.case_id, row.custodian) == (queue.code, state.id, state.opened_by)
    assert (row.decided_on, row.urged_on) == (instant_date(at(state, 3)), None)
    assert row.due > row.decided_on + timedelta(days=10)
    assert not Task.objects.exists()
    with tenant_context(queue):
        services.case_urge(case_id=state.id, actor=SUPERVISOR, level="urging", text="请送达", at=at(state, 20))
        assert Undelivered.objects.get().urged_on == instant_date(at(state, 20))
    deliver(queue, state, settings, monkeypatch, days=21)
    assert not Undelivered.objects.exists()


def deliver(
    tenant: Tenant,
    state: CaseState,
    settings: object,
    monkeypatch: pytest.MonkeyPatch,
    *,
    days: int,
    how: str = "agent",
) -> None:
    """The village that opened the case hands its result out."""
    here = replace(place.VILLAGE, tenant=tenant.code, node=state.opened_by, service_point=state.service_point)
    settings.HERE = "tests.place.here"  # type: ignore[attr-defined]
    build.stand(monkeypatch, here)
    with tenant_context(tenant):
        services.result_deliver(
            case_id=state.id, actor=build.AGENT, how=how, receiver="陈秀英", receiver_id=build.CITIZEN,
            at=at(state, days),
        )  # fmt: skip
    settings.HERE = "tenants.place.here"  # type: ignore[attr-defined]


def test_a_decided_case_is_a_figure_that_its_delivery_completes(queue, settings, monkeypatch):
    state = granted(queue, settings, monkeypatch)
    figure = CaseFigure.objects.get()
    calendar_days = instant_date(at(state, 3)) - instant_date(state.opened_at)
    assert (figure.granted, figure.department, figure.service_point) == (True, CIVIL, state.service_point)
    assert (figure.visits, figure.one_visit, figure.delivered_on) == (1, False, None)
    assert 1 <= figure.days_used <= calendar_days.days
    # Promised: ten working days.
    assert figure.days_early == 10 - figure.days_used
    deliver(queue, state, settings, monkeypatch, days=4)
    figure = CaseFigure.objects.get()
    assert (figure.one_visit, figure.delivered_on) == (True, instant_date(at(state, 4)))


def test_days_on_which_the_clock_stood_are_not_days_used(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch)
    with tenant_context(queue):
        services.clock_stop(case_id=state.id, actor=build.REVIEWER, procedure="publicity", text="公示",
                            expected_days=7, at=at(state, 1))  # fmt: skip
        services.clock_resume(case_id=state.id, actor=build.REVIEWER, at=at(state, 8))
        for _ in range(2):
            services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass", at=at(state, 9))
        services.case_decide(case_id=state.id, actor=build.APPROVER, granted=True, at=at(state, 9))
    # Of nine days only the first and the ninth can count.
    assert CaseFigure.objects.get().days_used == sum(
        instant_date(at(state, day)).weekday() < 5 for day in (1, 9)
    )  # fmt: skip


def test_a_rebuild_makes_the_lists_of_results_and_figures_anew(queue, settings, monkeypatch):
    first, second = granted(queue, settings, monkeypatch), granted(queue, settings, monkeypatch)
    deliver(queue, second, settings, monkeypatch, days=5)
    fields = [[field.attname for field in model._meta.fields if field.attname != "id"]
              for model in (Undelivered, CaseFigure)]  # fmt: skip

    def rows() -> list[list[tuple[object, ...]]]:
        return [sorted(model._default_manager.values_list(*names), key=str)
                for model, names in zip((Undelivered, CaseFigure), fields, strict=True)]  # fmt: skip

    before = rows()
    assert [len(some) for some in before] == [1, 2]
    CaseFigure.objects.filter(case_id=first.id).delete()
    Undelivered.objects.update(case_id=UUID(int=7))
    assert workqueue_rebuild(queue) == 2
    assert rows() == before
