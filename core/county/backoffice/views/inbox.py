"""The inbox of the county's departments: what to do in all tenants, what is due first on top."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from core.counter.access import StaffRequest, in_county
from core.county.workqueue import selectors as queue
from core.county.workqueue.models import Power, Task
from core.county.workqueue.services import AssigneeUnfit, task_assign
from core.domain.cases.lifecycle import ACCEPTED, SUBMITTED, UNDER_REVIEW
from core.domain.catalogue.selectors import department_names
from core.domain.journal import clock
from core.domain.staff.selectors import staff_names
from tenants.models import Tenant

from ..selectors import place_names

#: Only what is urged, the supervised first.
URGED = "urged"
PARAMETERS = {
    "power": "power", "light": "light", "item": "item_code", "tenant": "tenant_code", "department": "department",
    "who": "who",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One task as the inbox shows it."""

    task: Task
    light: str
    url: str
    tenant: str
    place: str
    department: str
    assignee: str
    legal_overdue: bool
    #: Nobody answered in the five days: by law the case is accepted.
    deemed: bool
    #: It waits for others, and the case's limit runs on.
    running: bool


@require_GET
@in_county(*queue.OFFICER_ROLES)
def inbox(request: StaffRequest) -> HttpResponse:
    """One page of the inbox. In the address: the filters, and `after` where the last page ended."""
    desk, today = queue.desk_of(request.user), clock.today()
    filters = _filters(request)
    page = queue.tasks_page(desk, filters, today=today, after=key_of(request.GET.get("after", "")))
    chosen = {name: value for name in (*PARAMETERS, URGED) if (value := request.GET.get(name, ""))}
    tenants = _tenants()
    context = {
        "lines": _lines(page.tasks, today, dict(tenants)), "lights": _lights(desk, chosen, today), "chosen": chosen,
        "powers": Power.choices, "items": queue.items_on(desk), "tenants": tenants,
        "departments": sorted(department_names(desk.departments).items(), key=lambda one: one[1]),
        "staff": queue.staff_on(desk), "today": today,
        "urged": queue.urged_count(desk, today=today), "urged_query": urlencode({**chosen, URGED: "1"}),
        "first_page": not request.GET.get("after"),
        "next_query": _next_query(chosen, page.following), "query": urlencode(chosen), "has_desk": bool(desk.scopes),
    }  # fmt: skip
    return render(request, "backoffice/inbox.html", context)


@require_POST
@in_county(*queue.OFFICER_ROLES)
def assign(request: StaffRequest) -> HttpResponse:
    """The ticked tasks are one person's; then the inbox again, with the filters it had."""
    desk = queue.desk_of(request.user)
    chosen = [int(value) for value in request.POST.getlist("task") if value.isdecimal()]
    assignee = request.user.code if "take" in request.POST else request.POST.get("assignee", "")
    if not chosen:
        messages.warning(request, _("No case was ticked, so nothing was assigned. Tick the cases first."))
        return _back(request)
    try:
        count = task_assign(desk=desk, task_ids=chosen, assignee=assignee)
    except AssigneeUnfit:
        messages.error(request, _(
            "Nothing was assigned: this person has no post in the department of one of the ticked cases."
            " Choose somebody of that department, or tick fewer cases."
        ))  # fmt: skip
        return _back(request)
    if assignee:
        text = ngettext("%(count)s task now belongs to %(name)s.", "%(count)s tasks now belong to %(name)s.", count)
        messages.success(request, text % {"count": count, "name": staff_names({assignee})[assignee]})
    else:
        text = ngettext("%(count)s task is free again.", "%(count)s tasks are free again.", count)
        messages.success(request, text % {"count": count})
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("back", "")
    inbox_url = reverse("backoffice:inbox")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith(inbox_url)
    return HttpResponseRedirect(target if safe else inbox_url)


def _filters(request: HttpRequest) -> queue.Filters:
    chosen: dict[str, Any] = {field: request.GET.get(name, "")[:80] for name, field in PARAMETERS.items()}
    return queue.Filters(**chosen, urged=bool(request.GET.get(URGED)))


def key_of(text: str) -> queue.Key | None:
    """ "2026-11-21_17" as a place in the queue ("2026-11-21_17_2" among urged tasks); None, the first page, for
    anything else."""
    day, _separator, numbers = text.partition("_")
    number, _separator, urged = numbers.partition("_")
    try:
        return queue.Key(due=date.fromisoformat(day), task_id=int(number), urged=int(urged or 0))
    except ValueError:
        return None


def _next_query(chosen: dict[str, str], following: queue.Key | None) -> str:
    if following is None:
        return ""
    urged = f"_{following.urged}" if chosen.get(URGED) else ""
    return urlencode({**chosen, "after": f"{following.due.isoformat()}_{following.task_id}{urged}"})


def _lights(desk: queue.Desk, chosen: dict[str, str], today: date) -> list[dict[str, Any]]:
    counts = queue.lights_count(desk, today=today)
    others = {name: value for name, value in chosen.items() if name != "light"}
    return [
        {"light": light, "count": count, "query": urlencode({**others, "light": light}),
         "active": chosen.get("light") == light}
        for light, count in counts.items()
    ]  # fmt: skip


def _tenants() -> list[tuple[str, str]]:
    return list(Tenant.objects.order_by("code").values_list("code", "name"))


def _lines(tasks: Any, today: date, tenants: dict[str, str]) -> list[Line]:
    places = place_names({task.service_point for task in tasks})
    departments = department_names({task.department for task in tasks} - {""})
    people = staff_names({task.assignee for task in tasks} - {""})
    return [
        Line(
            task=task, light=queue.light_of(task, today),
            url=reverse("backoffice:case", args=[task.tenant_code, task.case_id]),
            tenant=tenants.get(task.tenant_code, task.tenant_code), place=places.get(task.service_point, ""),
            department=departments.get(task.department, _("Service hall")), assignee=people.get(task.assignee, ""),
            legal_overdue=task.legal_due is not None and task.legal_due < today,
            deemed=task.power == Power.ACCEPT and task.status == SUBMITTED and task.due < today,
            running=task.power == Power.WAIT and task.status in (ACCEPTED, UNDER_REVIEW),
        )
        for task in tasks
    ]  # fmt: skip
