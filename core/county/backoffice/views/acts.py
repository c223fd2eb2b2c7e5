"""What an officer does to a case: each act is one form and one service of the procedure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.counter.access import StaffRequest, in_county
from core.counter.refusal_words import REFUSALS, refusal_words
from core.county.workqueue.selectors import OFFICER_ROLES
from core.domain.cases import services
from core.domain.cases.errors import SamePerson
from core.domain.staff.actors import Actor

from .. import offers
from ..services import Entered, case_enter
from .addresses import address_of
from .case import CaseReading, case_page, form_for, reading_of

Act = Callable[[UUID, Actor, dict[str, Any]], object]


def _accept(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_accept(case_id=case_id, actor=actor)


def _refuse(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_refuse(case_id=case_id, actor=actor, reason=data["reason"], basis=data["basis"])


def _supplement(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.supplement_request(
        case_id=case_id, actor=actor, lacking=tuple(data["lacking"]), text=data["text"]
    )  # fmt: skip


def _supplement_in(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.supplement_receive(case_id=case_id, actor=actor)


def _opinion(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.opinion_record(
        case_id=case_id, actor=actor, verdict=data["verdict"], department=data["department"], text=data["text"]
    )


def _decide(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_decide(
        case_id=case_id, actor=actor, granted=data["granted"] == "yes", text=data["text"], basis=data["basis"],
        result_number=data["result_number"],
    )  # fmt: skip


def _note(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.note_add(case_id=case_id, actor=actor, text=data["text"])


ACTS: dict[str, tuple[Act, str | Promise]] = {
    offers.ACCEPT: (_accept, gettext_lazy("The case is accepted; its clocks run from today.")),
    offers.REFUSE: (_refuse, gettext_lazy("The application is not accepted; the counter hands out the notice.")),
    offers.SUPPLEMENT: (
        _supplement,
        gettext_lazy("The notice is on its way to the counter; it is the applicant's turn."),
    ),
    offers.SUPPLEMENT_IN: (_supplement_in, gettext_lazy("Everything is in; the case can be accepted.")),
    offers.OPINION: (_opinion, gettext_lazy("The opinion stands in the case.")),
    offers.DECIDE: (_decide, gettext_lazy("The case is decided; the counter that opened it hands the result out.")),
    offers.NOTE: (_note, gettext_lazy("The note stands in the case.")),
}


@require_POST
@in_county(*OFFICER_ROLES)
def act(request: StaffRequest, tenant_code: str, case_id: UUID, name: str) -> HttpResponse:
    """The act is done and its case shown again; a refused one changes nothing and keeps what was typed."""
    if name not in ACTS:
        raise Http404(name)
    perform, done = ACTS[name]
    with case_enter(
        user=request.user, tenant_code=tenant_code, case_id=case_id, act=name, address=address_of(request)
    ) as entered:
        reading = reading_of(entered)
        # Two may have the page open: the second is told that it is too late, and sees how the case stands now.
        if name not in reading.offer.acts:
            messages.error(request, _not_offered(name, reading, entered))
            return case_page(request, reading, status=409)
        form = form_for(name, reading, request.POST)
        problem = _perform(perform, entered, form.cleaned_data) if form.is_valid() else ""
    if form.is_valid() and not problem:
        messages.success(request, str(done))
        return HttpResponseRedirect(reverse("backoffice:case", args=[tenant_code, case_id]))
    if problem:
        messages.error(request, problem)
    return case_page(request, reading, failed={name: form}, status=409 if problem else 422)


def _not_offered(name: str, reading: CaseReading, entered: Entered) -> str:
    if name == offers.DECIDE and reading.offer.same_person:
        return refusal_words(SamePerson(actor=entered.actor.code))
    return _("Nothing was changed: the case has moved on, or this step is not yours. Below is how it stands now.")


def _perform(perform: Act, entered: Entered, data: dict[str, Any]) -> str:
    """The words of the refusal, "" where the act is done."""
    try:
        perform(entered.state.id, entered.actor, data)
    except REFUSALS as refusal:
        return _("Nothing was changed. %(why)s") % {"why": refusal_words(refusal)}
    return ""
