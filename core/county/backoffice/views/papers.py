"""Printing a case's papers at the county, in the department's name."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from core.counter.access import StaffRequest, in_county
from core.counter.papers import ALL
from core.counter.views.papers import paper_response
from core.county.workqueue.selectors import OFFICER_ROLES
from core.domain.journal.place import here

from ..services import case_enter
from .addresses import address_of


@require_GET
@in_county(*OFFICER_ROLES)
def paper(request: StaffRequest, tenant_code: str, case_id: UUID, kind: str) -> HttpResponse:
    """One of the case's papers, ?which=1 the first of several; the case where it has no such paper."""
    if kind not in ALL:
        raise Http404(kind)
    back = reverse("backoffice:case", args=[tenant_code, case_id])
    with case_enter(
        user=request.user, tenant_code=tenant_code, case_id=case_id, act="paper", address=address_of(request)
    ) as entered:
        response = paper_response(request, entered.state, kind, here=here(), back=back)
    return response or redirect(back)
