"""Intake 受理: one page from the empty form to the receipt, saved as it is typed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import uuid_utils.compat
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.domain.cases.errors import AgentIncomplete, CertificateMissing, ItemChanged, MaterialsMissing
from core.domain.cases.identity import InvalidIdentity, citizen_id_parse, uscc_check
from core.domain.cases.intake import ACCEPT_HERE, COUNTER_ROLES, SUPPLEMENT, deferral_latest, outcome_expected
from core.domain.cases.models import DraftIntake
from core.domain.cases.selectors import Certificate, certificates_of
from core.domain.cases.services import case_submit, material_receive
from core.domain.cases.state import CaseState
from core.domain.cases.writing import work_calendar
from core.domain.catalogue.authority import FORWARD, Denied
from core.domain.catalogue.documents import Item
from core.domain.catalogue.selectors import ItemUnknown, item_authority, item_get, place_of, release_number
from core.domain.journal.clock import instant_date, instant_datetime
from core.domain.journal.services import clock_now

from .. import wording
from ..access import StaffRequest, at_place
from ..changes import item_changes
from ..intake_form import AGENT_INPUTS, IntakeForm, draft_parts, values_of
from ..refusal_words import REFUSALS, denied_words, refusal_words
from ..route import route_lines
from ..selectors import disk_free_is_enough
from ..services import ScanRefused, draft_discard, draft_save, scans_keep
from ..timeline import AGENT_AUTHORISATION

#: A shorter number of another document finds nobody's certificates while it is being typed (characters).
MIN_OTHER_ID = 6


@at_place(*COUNTER_ROLES)
def intake(request: StaffRequest, item_code: str) -> HttpResponse:
    """GET: the form, empty or from a draft. POST: the one button. Raises ItemUnknown."""
    item = item_get(item_code)
    if request.method == "POST":
        return _submit(request, item)
    return _page(request, _form_of_draft(request, item))


def _form_of_draft(request: StaffRequest, item: Item) -> IntakeForm:
    draft_id = _uuid(request.GET.get("draft", "")) or uuid_utils.compat.uuid7()
    draft = DraftIntake.objects.filter(pk=draft_id, clerk=request.actor.code, item_code=item.item_code).first()
    if draft is None:
        return IntakeForm(item=item, values={}, draft_id=draft_id)
    values, files = draft_parts(draft.data)
    form = IntakeForm(item=item, values=values, draft_id=draft.pk, files=files)
    _note_change(form)
    return form


def _form_of_post(request: StaffRequest, item: Item) -> IntakeForm:
    """The form as typed, with the scans kept before. A draft id that is none gets a new one."""
    draft_id = _uuid(request.POST.get("draft", "")) or uuid_utils.compat.uuid7()
    draft = DraftIntake.objects.filter(pk=draft_id, clerk=request.actor.code).first()
    files = draft_parts(draft.data)[1] if draft else {}
    return IntakeForm(item=item, values=values_of(request.POST), draft_id=draft_id, files=files)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _submit(request: StaffRequest, item: Item) -> HttpResponse:
    done = request.session.get("intakes", {}).get(request.POST.get("draft", ""))
    if done:
        # The same form sent twice (an impatient second press, a reload): one application, one receipt.
        return redirect("counter:receipt", case_id=done)
    form = _form_of_post(request, item)
    if not disk_free_is_enough():
        form.errors["disk"] = _(
            "The disk of this machine is full, so nothing was taken in. What you typed stands below; call the operator."
        )
        return _page(request, form, status=507)
    _scans_take(request, form)
    _save(request, form)
    today = instant_date(clock_now())
    form.check(today=today, latest=deferral_latest(item, on=today, calendar=work_calendar()))
    lacking_allowed = request.POST.get("outcome") == SUPPLEMENT
    if form.errors:
        return _page(request, form, status=422)
    try:
        state = _take_in(request, form, lacking_allowed=lacking_allowed)
    except REFUSALS as error:
        _refusal_note(form, error)
        return _page(request, form, status=422)
    _remember(request, form.draft_id, state.id)
    target = "counter:supplement" if state.supplement else "counter:receipt"
    return redirect(target, case_id=state.id)


@transaction.atomic
def _take_in(request: StaffRequest, form: IntakeForm, *, lacking_allowed: bool) -> CaseState:
    state = case_submit(application=form.application(), actor=request.actor, lacking_allowed=lacking_allowed)
    if scanned := form.files.get(AGENT_AUTHORISATION, ()):
        material_receive(
            case_id=state.id, actor=request.actor, material=AGENT_AUTHORISATION, how="copy", attachments=scanned
        )
    return state


def _remember(request: StaffRequest, draft_id: UUID, case_id: UUID) -> None:
    """The session knows the last few applications by their draft."""
    known = dict(list(request.session.get("intakes", {}).items())[-20:])
    request.session["intakes"] = {**known, str(draft_id): str(case_id)}


def _refusal_note(form: IntakeForm, error: Exception) -> None:
    form.errors["all"] = refusal_words(error)
    if isinstance(error, MaterialsMissing):
        for material in form.missing():
            form.errors[f"m_{material.code}"] = _("Not handed in yet")
        form.errors["all"] += " " + _("Mark them below, or issue a supplement notice that lists them all.")
    elif isinstance(error, AgentIncomplete):
        form.errors[AGENT_INPUTS[error.field]] = form.errors["all"]
    elif isinstance(error, CertificateMissing):
        code = next((one.code for one in form.item.materials if one.name == error.material), "")
        form.errors[f"m_{code}"] = form.errors["all"]
    elif isinstance(error, ItemChanged):
        _note_change(form)


def _note_change(form: IntakeForm) -> None:
    """Says what the item's new version changed, and takes the new version from now on."""
    began_with = form.item_version
    if began_with == form.item.version:
        return
    try:
        changes = item_changes(item_get(form.item.item_code, began_with), form.item)
    except ItemUnknown:
        changes = []
    form.errors["changed"] = _(
        "The item was changed by catalogue release %(release)d since you began. What you typed is kept; compare it"
        " with what is asked for now and send it once more."
    ) % {"release": release_number()}
    form.errors["changes"] = "\n".join(changes)
    form.values["item_version"] = str(form.item.version)


def _scans_take(request: StaffRequest, form: IntakeForm) -> bool:
    """Uploaded files are kept as scans of their material; False where one was refused (its error says why)."""
    for code in (*(material.code for material in form.item.materials), AGENT_AUTHORISATION):
        uploads = request.FILES.getlist(f"file_{code}")
        if not uploads:
            continue
        held = form.files.get(code, ())
        try:
            form.files[code] = (*held, *scans_keep(uploads, held=len(held)))
        except ScanRefused as refusal:
            form.errors[f"m_{code}"] = scan_refusal_words(refusal)
            return False
    return True


def scan_refusal_words(refusal: ScanRefused) -> str:
    """Why a file was not taken as a scan."""
    if refusal.reason == "count":
        return _("There are too many files for one material (12 at most).")
    if refusal.reason == "size":
        return _("%(name)s has more than 20 MB. Take a smaller picture; nothing was kept of it.") % {
            "name": refusal.name
        }
    return _("%(name)s is not a picture or a PDF. Nothing was kept of it.") % {"name": refusal.name}


def _save(request: StaffRequest, form: IntakeForm) -> None:
    draft_save(
        draft_id=form.draft_id, item_code=form.item.item_code, values=form.values, files=form.files,
        actor=request.actor, here=request.place,
    )  # fmt: skip


def _page(request: StaffRequest, form: IntakeForm, *, status: int = 200) -> HttpResponse:
    return render(request, "counter/intake.html", _context(request, form), status=status)


def _context(request: StaffRequest, form: IntakeForm) -> dict[str, Any]:
    item, here = form.item, request.place
    today = instant_date(clock_now())
    may = item_authority(item, place=place_of(here.division, here.level), on=today)
    missing = form.missing()
    refused = may if isinstance(may, Denied) else None
    outcome = outcome_expected(item, may, missing=bool(missing), deferred=form.deferred)
    form.certificates = _certificates(form)
    return {
        "form": form,
        "item": item,
        "fields": form.field_rows(),
        "materials": form.material_rows(),
        "missing": missing,
        "authorisation": form.authorisation_row(),
        "outcome": outcome,
        "button": "accept_deferred" if outcome == ACCEPT_HERE and form.deferred else outcome,
        "deferred": form.deferred,
        "route": route_lines(item, here, on=today),
        "denied": refused is not None and refused.fallback != FORWARD,
        "denied_words": denied_words(refused.reason, refused.fallback, refused.department, here.level)
        if refused
        else "",
        "today": today,
        "latest": deferral_latest(item, on=today, calendar=work_calendar()),
        "age": form.citizen.age_on(today) if form.citizen else None,
        "saved_at": instant_datetime(clock_now()),
    }


def _certificates(form: IntakeForm) -> list[Certificate]:
    """What may stand for a material of this item, once the applicant's number is a whole one."""
    wanted = any(material.certificate for material in form.item.materials)
    known = form.citizen is not None if form.id_type == "citizen_id" else len(form.applicant_id) >= MIN_OTHER_ID
    return certificates_of(form.applicant_id) if wanted and known else []


@require_POST
@at_place(*COUNTER_ROLES)
def certificates(request: StaffRequest, item_code: str) -> HttpResponse:
    """The applicant's certificates known here, for each material one may stand for: htmx puts them into the page."""
    form = _form_of_post(request, item_get(item_code))
    form.certificates = _certificates(form)
    rows = [row for row in form.material_rows() if row.material.certificate]
    return render(request, "counter/_certificates.html", {"rows": rows, "form": form, "swapped": True})


@require_POST
@at_place(*COUNTER_ROLES)
def draft(request: StaffRequest, item_code: str) -> HttpResponse:
    """What was typed is saved; answers with the panel that says what the button will do."""
    form = _form_of_post(request, item_get(item_code))
    if not disk_free_is_enough():
        return render(request, "counter/_outcome.html", {**_context(request, form), "unsaved": True})
    _save(request, form)
    response = render(request, "counter/_outcome.html", {**_context(request, form), "saved": True})
    response["HX-Replace-Url"] = f"{reverse('counter:intake', args=[item_code])}?draft={form.draft_id}"
    return response


@require_POST
@at_place(*COUNTER_ROLES)
def draft_drop(request: StaffRequest, item_code: str) -> HttpResponse:
    """The draft is gone; back to the first page."""
    draft_id = _uuid(request.POST.get("draft", ""))
    if draft_id is not None:
        draft_discard(draft_id=draft_id, actor=request.actor)
    return redirect("counter:home")


@require_POST
@at_place(*COUNTER_ROLES)
def scans(request: StaffRequest, item_code: str, material: str) -> HttpResponse:
    """Files of one material are kept with the draft, or one is taken off; answers with the material's list of files."""
    form = _form_of_post(request, item_get(item_code))
    if not disk_free_is_enough():
        form.errors[f"m_{material}"] = _("The disk of this machine is full: the file was not kept.")
    elif remove := request.POST.get("remove", ""):
        form.files[material] = tuple(ref for ref in form.files.get(material, ()) if ref.sealed.hex() != remove)
        form.values.pop("remove", None)
        _save(request, form)
    elif _scans_take(request, form):
        _save(request, form)
    rows = [*form.material_rows(), form.authorisation_row()]
    row = next((row for row in rows if row.material.code == material), None)
    return render(request, "counter/_scans.html", {"row": row, "item": form.item, "form": form})


@at_place()
def identity_check(request: StaffRequest) -> HttpResponse:
    """What an identity number says while it is being typed: birth, sex and age, or what is wrong with it."""
    name = request.GET.get("of", "id_number")
    # Whoever acts, or receives a result, is a person with an identity card.
    id_type = request.GET.get("id_type", "citizen_id") if name == "id_number" else "citizen_id"
    told = _identity(request.GET.get(name, "").strip(), id_type)
    return render(request, "counter/_identity.html", {**told, "id": name})


def _identity(number: str, id_type: str) -> dict[str, Any]:
    try:
        if id_type == "uscc" and number:
            return {"good": uscc_check(number)}
        if id_type != "citizen_id" or not number:
            return {}
        citizen = citizen_id_parse(number)
    except InvalidIdentity as error:
        # Not a reproach while the number is still being typed.
        unfinished = error.reason in ("length", "InvalidLength") and len(number) < 18
        left = {"left": 18 - len(number)} if unfinished else {}
        return left or {"error": wording.word(wording.IDENTITY, error.reason)}
    return {"citizen": citizen, "age": citizen.age_on(instant_date(clock_now()))}
