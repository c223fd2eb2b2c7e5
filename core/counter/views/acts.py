"""Acts on a case: each a small form on the case page; what a service refuses comes back in words, nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.domain.cases import services
from core.domain.cases.identity import citizen_id_parse
from core.domain.cases.selectors import case_state
from core.domain.cases.state import CaseState

from ..access import StaffRequest, at_place
from ..intake_form import MAX_VALUE
from ..refusal_words import REFUSALS, refusal_words
from ..selectors import disk_free_is_enough
from ..services import ScanRefused, scans_keep
from .cases import case_page
from .intake import scan_refusal_words


class Incomplete(Exception):
    """A field of the act's form is empty or wrong; the message says which."""


@require_POST
@at_place()
def act(request: StaffRequest, case_id: UUID, name: str) -> HttpResponse:
    """The act is done and the page says so, or it is refused and the page says why. Raises CaseUnknown."""
    if name not in _ACTS:
        raise Http404(name)
    typed = {key: str(value)[:MAX_VALUE] for key, value in request.POST.items() if key != "csrfmiddlewaretoken"}
    if not disk_free_is_enough():
        error = _("The disk of this machine is full: nothing was done. Call the operator.")
        return case_page(request, case_id, act=name, error=error, typed=typed)
    do, told = _ACTS[name]
    try:
        state = do(request, case_id, typed)
    except Incomplete as error:
        return case_page(request, case_id, act=name, error=str(error), typed=typed)
    except ScanRefused as refusal:
        return case_page(request, case_id, act=name, error=scan_refusal_words(refusal), typed=typed)
    except REFUSALS as refusal:
        return case_page(request, case_id, act=name, error=refusal_words(refusal), typed=typed)
    messages.success(request, str(told))
    if name == "supplement":
        return redirect("counter:supplement", case_id=state.id)
    return redirect("counter:case", case_id=state.id)


Typed = dict[str, str]


def _given(typed: Typed, name: str, label: str) -> str:
    value = typed.get(name, "").strip()
    if not value:
        raise Incomplete(_("Please fill in: %(label)s.") % {"label": label})
    return value


def _accept(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.case_accept(case_id=case_id, actor=request.actor)


def _refuse(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    reason = _given(typed, "reason", _("Reason"))
    return services.case_refuse(case_id=case_id, actor=request.actor, reason=reason, basis=typed.get("basis", ""))


def _supplement(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    lacking = tuple(request.POST.getlist("lacking"))
    other = typed.get("other", "").strip()
    if not lacking and not other:
        raise Incomplete(_("Please mark what is missing: the notice is given once and lists everything."))
    lacking = (*lacking, other) if other else lacking
    return services.supplement_request(
        case_id=case_id, actor=request.actor, lacking=lacking, text=typed.get("text", "")
    )


def _complete_supplement(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.supplement_complete(case_id=case_id, actor=request.actor)


def _opinion(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    verdict = typed.get("verdict", "")
    if verdict not in ("pass", "return", "object"):
        raise Incomplete(_("Please choose: pass, return or object."))
    text = typed.get("text", "") if verdict == "pass" else _given(typed, "text", _("Opinion"))
    return services.opinion_record(case_id=case_id, actor=request.actor, verdict=verdict, text=text)


def _decide(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    granted = typed.get("granted", "")
    if granted not in ("yes", "no"):
        raise Incomplete(_("Please choose: grant or deny."))
    # A denial must be reasoned and say where one may complain (行政许可法 Art. 38).
    text = typed.get("text", "") if granted == "yes" else _given(typed, "text", _("Reason"))
    return services.case_decide(
        case_id=case_id, actor=request.actor, granted=granted == "yes", text=text, basis=typed.get("basis", ""),
        result_number=typed.get("result_number", ""),
    )  # fmt: skip


def _forward(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.case_forward(case_id=case_id, actor=request.actor, reason=typed.get("reason", ""))


def _material(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    material = _given(typed, "material", _("Material"))
    item = services.case_item(case_state(case_id))
    if material not in {one.code for one in item.materials}:
        raise Incomplete(_("Please choose one of the item's materials."))
    how = typed.get("how", "received")
    if how not in ("received", "original", "copy", "electronic"):
        raise Incomplete(_("Please choose how it was handed in."))
    count = typed.get("count", "1")
    scans = scans_keep(request.FILES.getlist("files"))
    return services.material_receive(
        case_id=case_id, actor=request.actor, material=material, how=how, note=typed.get("note", ""),
        count=int(count) if count.isdigit() and 0 < int(count) < 100 else 1, attachments=scans,
    )  # fmt: skip


def _deliver(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    how = typed.get("how", "")
    if how not in ("window", "agent", "mail", "locker", "electronic"):
        raise Incomplete(_("Please choose how the result is handed out."))
    receiver = _given(typed, "receiver", _("Receiver"))
    number = typed.get("receiver_id", "").strip()
    if how in ("window", "agent"):
        number = citizen_id_parse(_given(typed, "receiver_id", _("Receiver's identity number"))).number
    tracking = _given(typed, "tracking", _("Tracking number")) if how == "mail" else typed.get("tracking", "")
    return services.result_deliver(
        case_id=case_id, actor=request.actor, how=how, receiver=receiver, receiver_id=number, tracking=tracking
    )


def _note(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.note_add(case_id=case_id, actor=request.actor, text=_given(typed, "text", _("Note")))


def _withdraw(request: StaffRequest, case_id: UUID, typed: Typed) -> CaseState:
    return services.case_withdraw(case_id=case_id, actor=request.actor, reason=_given(typed, "reason", _("Reason")))


Do = Callable[[StaffRequest, UUID, Typed], CaseState]
_ACTS: Final[dict[str, tuple[Do, object]]] = {
    "accept": (_accept, gettext_lazy("Accepted: the clocks run from today.")),
    "refuse": (_refuse, gettext_lazy("Not accepted; print the reason for the applicant.")),
    "supplement": (_supplement, gettext_lazy("The supplement notice is ready to print.")),
    "complete_supplement": (_complete_supplement, gettext_lazy("Complete: the case goes on.")),
    "opinion": (_opinion, gettext_lazy("Your opinion is recorded.")),
    "decide": (_decide, gettext_lazy("Decided; the result notice is ready to print.")),
    "forward": (_forward, gettext_lazy("Passed on.")),
    "material": (_material, gettext_lazy("The material is recorded.")),
    "deliver": (_deliver, gettext_lazy("Handed out; the record is ready to print.")),
    "note": (_note, gettext_lazy("The note is kept.")),
    "withdraw": (_withdraw, gettext_lazy("The application is withdrawn.")),
}
