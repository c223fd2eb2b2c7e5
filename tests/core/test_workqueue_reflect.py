"""The work queue says of every case in every tenant whose turn it is, and nothing about the applicant."""

import io
from dataclasses import replace
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, transaction
from django.db.utils import InternalError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context
from msgspec.structs import replace as changed

from core.county.workqueue.models import CaseAccess, Task
from core.county.workqueue.services import access_record, tasks_reflect
from core.domain.cases import services
from core.domain.cases.models import Case
from core.domain.cases.state import CaseState
from core.domain.cases.writing import work_calendar
from tenants.connection import connection
from tenants.models import Tenant
from tests import place
from tests.core import offices
from tests.core.conftest import TownMaker
from tests.core.offices import CIVIL, HEALTH, village_case
from tests.domain import build


@pytest.fixture
def queue(tenant: Tenant) -> Tenant:
    """A town with the catalogue of the county; the connection stands in public."""
    offices.catalogue()
    return tenant


def steps() -> list[tuple[str, str, str]]:
    return list(Task.objects.order_by("department", "power").values_list("department", "power", "stage"))


def rows() -> list[tuple[object, ...]]:
    names = [field.attname for field in Task._meta.fields if field.attname != "id"]
    return sorted(Task.objects.values_list(*names), key=str)


def test_a_case_that_goes_to_the_county_waits_for_its_department(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch)
    task = Task.objects.get()
    assert (task.tenant_code, task.case_id, task.number) == (queue.code, state.id, state.number)
    assert (task.department, task.power, task.stage, task.status) == (CIVIL, "review", "S1", "accepted")
    assert task.item_name == "高龄津贴"
    with tenant_context(queue):
        case = Case.objects.get()
    assert (task.due, task.promised_due, task.legal_due) == (case.promised_due, case.promised_due, case.legal_due)
    assert task.legal_due is not None
    assert task.opened_on < task.amber_on < task.due < task.legal_due


def test_no_column_of_the_queue_holds_the_applicant(queue, settings, monkeypatch):
    village_case(queue, settings, monkeypatch)
    assert "陈秀英" not in str(rows()) and build.CITIZEN not in str(rows())


def test_a_case_taken_in_without_acceptance_waits_to_be_accepted_within_five_working_days(queue, settings, monkeypatch):
    village_case(queue, settings, monkeypatch, build.PERMIT)
    task = Task.objects.get()
    assert (task.department, task.power, task.promised_due) == (CIVIL, "accept", None)
    assert task.due == work_calendar().working_day_after(task.opened_on, 5)
    assert task.amber_on == work_calendar().working_day_after(task.opened_on, 4)


def test_a_case_a_village_finished_is_nobodys_task(queue, settings, monkeypatch):
    village_case(queue, settings, monkeypatch, build.CARD)
    assert not Task.objects.exists()


def test_departments_of_one_stage_wait_side_by_side_and_the_decision_is_the_owners(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch, offices.JOINT)
    assert steps() == [(CIVIL, "review", "J1"), (HEALTH, "review", "J1")]
    doctor = replace(build.REVIEWER, code="doc", departments=frozenset({HEALTH}))
    with tenant_context(queue):
        services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
    assert steps() == [(HEALTH, "review", "J1")]
    with tenant_context(queue):
        services.opinion_record(case_id=state.id, actor=doctor, verdict="pass")
    assert steps() == [(CIVIL, "decide", "")]


def test_a_decided_case_leaves_the_queue_with_its_custody(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch, offices.JOINT)
    doctor = replace(build.REVIEWER, code="doc", departments=frozenset({HEALTH}))
    with tenant_context(queue):
        services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
        services.opinion_record(case_id=state.id, actor=doctor, verdict="object", text="材料存疑")
        services.case_decide(case_id=state.id, actor=build.APPROVER, granted=True, text="已核实")
    assert not Task.objects.exists()


def test_a_result_of_the_countys_own_window_waits_for_the_hall(queue, settings, monkeypatch):
    with tenant_context(queue):
        build.stand(monkeypatch, place.HALL)
        state = services.case_submit(application=build.application(build.CARD), actor=build.CLERK)
        assert Task.objects.get().power == "accept"
        services.case_accept(case_id=state.id, actor=build.REVIEWER)
        assert Task.objects.get().power == "decide"
        services.case_decide(case_id=state.id, actor=build.APPROVER, granted=True)
    task = Task.objects.get()
    assert (task.department, task.power, task.status) == ("", "deliver", "completed")


def test_a_case_that_lacks_something_waits_until_all_of_it_is_in(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch, build.PERMIT)
    with tenant_context(queue):
        services.supplement_request(case_id=state.id, actor=build.REVIEWER, lacking=("M01", "M02"))
        assert [power for _, power, _ in steps()] == ["lapse", "wait"]
        services.material_receive(case_id=state.id, actor=build.CLERK, material="M02", how="copy")
        assert [power for _, power, _ in steps()] == ["lapse", "wait"]
        services.material_receive(case_id=state.id, actor=build.CLERK, material="M01", how="copy")
        assert [power for _, power, _ in steps()] == ["accept"]


def test_an_assignment_lasts_as_long_as_the_step(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch)
    Task.objects.update(assignee="rev1")
    with tenant_context(queue):
        services.note_add(case_id=state.id, actor=build.REVIEWER, text="电话核实")
        services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
        assert Task.objects.get().assignee == "rev1"
        services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
    assert (Task.objects.get().power, Task.objects.get().assignee) == ("decide", "")


def test_an_act_that_fails_leaves_the_queue_as_it_was(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch)
    before = rows()
    with pytest.raises(RuntimeError), tenant_context(queue), transaction.atomic():
        services.opinion_record(case_id=state.id, actor=build.REVIEWER, verdict="pass")
        raise RuntimeError
    assert rows() == before


def copies(state: CaseState, count: int) -> list[CaseState]:
    return [changed(state, id=uuid4(), number=f"{number:025d}") for number in range(count)]


def test_the_number_of_statements_does_not_depend_on_the_number_of_cases(queue, settings, monkeypatch):
    state = village_case(queue, settings, monkeypatch)
    counted = {}
    for size in (1, 500):
        batch = copies(state, size)
        with tenant_context(queue), CaptureQueriesContext(connection) as first:
            tasks_reflect(batch)
        with tenant_context(queue), CaptureQueriesContext(connection) as last:
            tasks_reflect([changed(one, custodian="430321100200-01") for one in batch])
        counted[size] = (len(first), len(last))
    assert counted[1] == counted[500]
    assert sum(counted[500]) <= 8
    assert Task.objects.count() == 1


def test_a_rebuild_makes_the_same_rows_and_keeps_assignments(queue, town: TownMaker, settings, monkeypatch):
    other = town(1)
    village_case(queue, settings, monkeypatch, offices.JOINT)
    village_case(other, settings, monkeypatch)
    village_case(other, settings, monkeypatch, build.PERMIT)
    Task.objects.filter(department=HEALTH).update(assignee="doc")
    before = rows()
    assert len(before) == 4
    Task.objects.filter(tenant_code=other.code).delete()
    stray = Task.objects.get(department=HEALTH)
    stray.pk, stray.case_id = None, uuid4()
    stray.save()
    out = io.StringIO()
    call_command("rebuild_workqueue", "--json", stdout=out)
    assert rows() == before
    assert f'"{other.code}": 2' in out.getvalue()


def test_the_record_of_accesses_can_neither_be_changed_nor_removed(queue):
    access_record(staff_code="rev1", tenant_code=queue.code, case_id=uuid4(), act="open", reason="task",
                  address="10.1.2.3", at=timezone.now())  # fmt: skip
    for spoil in (lambda: CaseAccess.objects.update(staff_code="other"), lambda: CaseAccess.objects.all().delete()):
        with pytest.raises((InternalError, ProgrammingError, IntegrityError)), transaction.atomic():
            spoil()
    assert CaseAccess.objects.get().staff_code == "rev1"
