"""What an officer does to a case: each act is one form and one service of the procedure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.counter.access import StaffRequest, in_county
from core.counter.refusal_words import REFUSALS, refusal_words
from core.county.workqueue.selectors import OFFICER_ROLES
from core.domain.cases.errors import DeemedAccepted, NoticeGiven, SamePerson

from .. import offers
from ..acts import ACTS, Act
from ..panels import form_for
from ..services import Entered, case_enter
from .addresses import address_of
from .case import CaseReading, case_page, reading_of


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
        form = form_for(name, reading.desk, request.POST)
        problem = _perform(perform, entered, form.cleaned_data) if form.is_valid() else ""
    if form.is_valid() and not problem:
        messages.success(request, str(done))
        return HttpResponseRedirect(reverse("backoffice:case", args=[tenant_code, case_id]))
    if problem:
        messages.error(request, problem)
    return case_page(request, reading, failed=form, failed_act=name, status=409 if problem else 422)


def _not_offered(name: str, reading: CaseReading, entered: Entered) -> str:
    if name == offers.DECIDE and reading.offer.same_person:
        return refusal_words(SamePerson(actor=entered.actor.code))
    standing = reading.standing
    if name in (offers.REFUSE, offers.SUPPLEMENT) and standing.deemed_from is not None:
        return refusal_words(DeemedAccepted(since=standing.deemed_from))
    if name == offers.SUPPLEMENT and standing.notice_on is not None:
        return refusal_words(NoticeGiven(on=standing.notice_on))
    return _("Nothing was changed: the case has moved on, or this step is not yours. Below is how it stands now.")


def _perform(perform: Act, entered: Entered, data: dict[str, Any]) -> str:
    """The words of the refusal, "" where the act is done."""
    try:
        perform(entered.state.id, entered.actor, data)
    except REFUSALS as refusal:
        return _("Nothing was changed. %(why)s") % {"why": refusal_words(refusal)}
    return ""
