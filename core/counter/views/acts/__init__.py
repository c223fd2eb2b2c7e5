"""Acts on a case: each a small form on the case page; what a service refuses comes back in words, nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.domain.cases.state import CaseState

from ...access import StaffRequest, at_place
from ...intake_form import MAX_VALUE
from ...refusal_words import REFUSALS, refusal_words
from ...selectors import disk_free_is_enough
from ...services import ScanRefused
from ..cases import case_page
from ..intake import scan_refusal_words
from . import clocks, counter, endings, review, urging
from .given import Incomplete, Typed


@require_POST
@at_place()
def act(request: StaffRequest, case_id: UUID, name: str) -> HttpResponse:
    """The act is done and the page says so, or it is refused and the page says why. Raises CaseUnknown."""
    if name not in _ACTS:
        raise Http404(name)
    typed = {key: str(value)[:MAX_VALUE] for key, value in request.POST.items() if key != "csrfmiddlewaretoken"}
    if not disk_free_is_enough():
        error = _("The disk of this machine is full: nothing was done. Call the operator.")
        return _again(request, case_id, name, error, typed)
    do, told = _ACTS[name]
    try:
        state = do(request, case_id, typed)
    except Incomplete as error:
        return _again(request, case_id, name, str(error), typed)
    except ScanRefused as refusal:
        return _again(request, case_id, name, scan_refusal_words(refusal), typed)
    except REFUSALS as refusal:
        return _again(request, case_id, name, refusal_words(refusal), typed)
    messages.success(request, str(told))
    if name == "supplement":
        return redirect("counter:supplement", case_id=state.id)
    return redirect("counter:case", case_id=state.id)


def _again(request: StaffRequest, case_id: UUID, name: str, error: str, typed: Typed) -> HttpResponse:
    marked = {key: request.POST.getlist(key) for key in ("lacking", "returned") if key in request.POST}
    return case_page(request, case_id, act=name, error=error, typed={**typed, **marked})


Do = Callable[[StaffRequest, UUID, Typed], CaseState]
_ACTS: Final[dict[str, tuple[Do, str | Promise]]] = {
    "accept": (counter.accept, gettext_lazy("Accepted: the clocks run.")),
    "refuse": (counter.refuse, gettext_lazy("Not accepted; print the reason for the applicant.")),
    "supplement": (counter.supplement, gettext_lazy("The supplement notice is ready to print.")),
    "complete_supplement": (counter.complete_supplement, gettext_lazy("Complete: the case goes on.")),
    "lapse": (endings.lapse, gettext_lazy("The application has lapsed.")),
    "forward": (counter.forward, gettext_lazy("Passed on.")),
    "material": (counter.material, gettext_lazy("The material is recorded.")),
    "note": (urging.note, gettext_lazy("The note is kept.")),
    "urge": (urging.urge, gettext_lazy("It is sent to whoever must act.")),
    "answer": (urging.answer, gettext_lazy("Answered.")),
    "appoint": (review.appoint, gettext_lazy("The appointment is kept: tell the applicant.")),
    "opinion": (review.opinion, gettext_lazy("Your opinion is recorded.")),
    "decide": (review.decide, gettext_lazy("Decided; the result notice is ready to print.")),
    "stop": (clocks.stop, gettext_lazy("The clock is stopped; print the notice for the applicant.")),
    "resume": (clocks.resume, gettext_lazy("The clock runs again.")),
    "ask_extension": (clocks.ask, gettext_lazy("Asked: somebody else who may decide must approve it.")),
    "extend": (clocks.answer, gettext_lazy("Answered; where it was approved, print the notice for the applicant.")),
    "terminate": (endings.terminate, gettext_lazy("The case is ended; print the notice for the applicant.")),
    "withdraw": (endings.withdraw, gettext_lazy("The application is withdrawn.")),
    "deliver": (endings.deliver, gettext_lazy("Handed out; the record is ready to print.")),
}
