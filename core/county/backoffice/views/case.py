"""One case on one page, and its scans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.counter import timeline
from core.counter.access import StaffRequest, in_county
from core.counter.papers import paper_links
from core.counter.rating import rating_lines
from core.county.workqueue import selectors as queue
from core.county.workqueue.models import CaseAccess, Power
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import department_names
from core.domain.journal.bodies import CaseUrged
from core.domain.journal.clock import today
from core.domain.journal.place import CORE
from core.domain.staff.models import User
from core.domain.staff.selectors import staff_names
from core.exchange.attachments import attachment_plain

from .. import panels
from ..alerts import Alert, alerts_of
from ..forms import ActForm
from ..offers import Offer, holds, offer_to
from ..presenting import access_lines, ledger_lines
from ..selectors import (
    CasePicture,
    case_picture,
    case_rules,
    deciders_besides,
    opinion_givers,
    scan_of,
    with_people,
)
from ..services import BY_SUPERVISION, Entered, case_enter
from ..standing import Standing, standing_of
from .addresses import address_of

#: Shown inside the browser; anything else is downloaded.
SHOWN_INLINE = frozenset({"image/jpeg", "image/png", "image/webp", "application/pdf"})


@dataclass(frozen=True)
class Turn:
    """Whose turn it is, in words: a department's name (or the hall), what for, and who has taken it on."""

    department: str
    power: str
    stage: str
    assignee: str
    light: str
    due: date | None


@dataclass(frozen=True)
class CaseReading:
    """What was read of a case while its tenant's schema was entered."""

    entered: Entered
    desk: panels.Desk
    alerts: list[Alert]
    timeline: list[timeline.Step]
    deciders: list[User]
    accesses: list[CaseAccess]

    @property
    def picture(self) -> CasePicture:
        return self.desk.picture

    @property
    def offer(self) -> Offer:
        return self.desk.offer

    @property
    def standing(self) -> Standing:
        return self.desk.standing


def reading_of(entered: Entered) -> CaseReading:
    """Everything the page shows; the connection must still stand in the tenant's schema."""
    state, item, day = entered.state, entered.item, today()
    picture = case_picture(state, item, today=day)
    standing = standing_of(state, item, case_rules(state), today=day)
    givers = opinion_givers(picture.timeline)
    offer = offer_to(entered.actor, state, item, standing, givers=givers, today=day)
    picture = with_people(picture, offer.stands_in_for)
    deciders = deciders_besides(item, givers=givers, tenant_code=entered.tenant.code, actor=entered.actor.code)
    supervises = entered.reason == BY_SUPERVISION
    return CaseReading(
        entered=entered, deciders=deciders, alerts=alerts_of(state, standing, offer, picture),
        desk=panels.Desk(state=state, item=item, standing=standing, offer=offer, picture=picture),
        timeline=timeline.timeline(picture.timeline, _names(picture, item)),
        accesses=queue.accesses_of_case(entered.tenant.code, state.id) if supervises else [],
    )  # fmt: skip


def _names(picture: CasePicture, item: Item) -> timeline.Names:
    return timeline.Names(
        staff=picture.people,
        departments=picture.departments,
        materials=timeline.material_names(item),
        holders={**picture.places, CORE: _("the county")},
        fields={field.name: field.label for field in item.fields},
        urgings={entry.id: entry.body.text for entry in picture.timeline if isinstance(entry.body, CaseUrged)},
    )


@require_GET
@in_county(*queue.OFFICER_ROLES)
def case(request: StaffRequest, tenant_code: str, case_id: UUID) -> HttpResponse:
    """The case, for officers of its departments and for supervisors; everybody else is told there is none."""
    with case_enter(
        user=request.user, tenant_code=tenant_code, case_id=case_id, act="open", address=address_of(request)
    ) as entered:
        reading = reading_of(entered)
    return case_page(request, reading)


def case_page(
    request: StaffRequest, reading: CaseReading, *, failed: ActForm | None = None, failed_act: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The page; `failed` is the form of an act that was refused, with what was typed."""
    entered, day = reading.entered, today()
    state = entered.state
    context = {
        "reading": reading, "state": state, "item": entered.item, "tenant": entered.tenant, "picture": reading.picture,
        "offer": reading.offer, "standing": reading.standing, "today": day, "turns": _turns(entered, day),
        "at_core": state.custodian == CORE, "form_fields": _form_fields(entered.item, state.form),
        "panels": panels.panels_of(reading.desk, failed=failed, failed_act=failed_act),
        "ledgers": ledger_lines(state, reading.picture),
        "holder": reading.picture.places.get(state.custodian, _("the county")), "division": reading.picture.division,
        "opened_place": reading.picture.places.get(state.service_point, state.service_point),
        "situation": next((one.name for one in entered.item.situations if one.code == state.situation), ""),
        "decides_now": any(task.power == Power.DECIDE for task in entered.tasks),
        "only_approver": holds(entered.actor, ("approver",), {entered.item.department}),
        "accesses": access_lines(reading.accesses), "urgings": reading.standing.urgings,
        "papers": paper_links(state), "ratings": rating_lines(state, today=day),
        "following": queue.task_next(entered.desk, today=day, apart_from=state.id),
    }  # fmt: skip
    return render(request, "backoffice/case.html", context, status=status)


def _form_fields(item: Item, form: dict[str, str]) -> list[tuple[str, str]]:
    labels = {field.name: field.label for field in item.fields}
    known = [(labels[name], form[name]) for name in labels if form.get(name)]
    return known + [(name, value) for name, value in form.items() if name not in labels and value]


def _turns(entered: Entered, today: date) -> list[Turn]:
    names = department_names({task.department for task in entered.tasks} - {""})
    people = staff_names({task.assignee for task in entered.tasks} - {""})
    return [
        Turn(
            department=names.get(task.department, entered.tenant.hall_name), power=str(Power(task.power).label),
            stage=task.stage_name, assignee=people.get(task.assignee, ""),
            light="" if task.power == Power.WAIT else queue.light_of(task, today),
            due=None if task.power == Power.WAIT else task.due,
        )
        for task in entered.tasks
    ]  # fmt: skip


@require_GET
@in_county(*queue.OFFICER_ROLES)
def scan(request: StaffRequest, tenant_code: str, case_id: UUID, key: str) -> HttpResponse:
    """One scanned material of the case; 404 while it is in transit."""
    with case_enter(
        user=request.user, tenant_code=tenant_code, case_id=case_id, act="attachment", address=address_of(request)
    ) as entered:
        ref = scan_of(entered.state, key)
        data = attachment_plain(ref.sealed) if ref is not None else None
    if ref is None or data is None:
        raise Http404(key)
    inline = ref.media_type in SHOWN_INLINE
    response = HttpResponse(data, content_type=ref.media_type if inline else "application/octet-stream")
    response.headers["Content-Disposition"] = "inline" if inline else "attachment"
    # Whatever somebody scanned in a village runs no script on the county's host.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response
