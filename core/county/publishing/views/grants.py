"""The draft's devolution grants: search, edit, add, withdraw."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.counter.access import StaffRequest, in_county
from core.county.publishing import selectors, words
from core.county.publishing.errors import DraftFaulty, RecordUnknown
from core.county.publishing.forms import GrantForm, language
from core.county.publishing.services import draft_remove, record_save
from core.county.publishing.views.items import warn
from core.domain.catalogue.documents import Grant, RecordKey
from core.domain.staff.models import Role

PAGE_SIZE = 50


@in_county(Role.COUNTY_ADMIN)
def grant_list(request: StaffRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    page = Paginator(selectors.draft_search("grant", text), PAGE_SIZE).get_page(request.GET.get("page"))
    items, divisions = selectors.draft_names("item"), selectors.draft_names("division")
    rows = [
        _row(grant, items, divisions)
        for grant in map(selectors.draft_decode, page.object_list)
        if isinstance(grant, Grant)
    ]
    context = {"rows": rows, "page": page, "text": text, "query": urlencode({"q": text}) if text else ""}
    return render(request, "publishing/grants.html", context)


def _row(grant: Grant, items: dict[str, str], divisions: dict[str, str]) -> dict[str, object]:
    tongue = language()
    places = [divisions.get(code, code) for code in grant.divisions]
    if grant.level:
        places.append(
            _("every %(level)s below %(name)s")
            % {"level": words.GRANT_LEVELS.word(grant.level, tongue), "name": divisions.get(grant.below, grant.below)}
        )
    return {
        "grant": grant,
        "item": items.get(grant.item_code, grant.item_code),
        "mode": words.MODES.word(grant.mode, tongue),
        "powers": "、".join(words.POWERS.word(power, tongue) for power in grant.powers),
        "places": places,
    }


@in_county(Role.COUNTY_ADMIN)
def grant_new(request: StaffRequest) -> HttpResponse:
    return _edit(request, None)


@in_county(Role.COUNTY_ADMIN)
def grant_edit(request: StaffRequest, code: str) -> HttpResponse:
    return _edit(request, _grant(code))


@require_POST
@in_county(Role.COUNTY_ADMIN)
def grant_withdraw(request: StaffRequest, code: str) -> HttpResponse:
    """Takes the grant out of the draft; the next release ends it everywhere."""
    grant = _grant(code)
    draft_remove([RecordKey("grant", grant.code)])
    messages.success(request, _("The grant %(code)s ends with the next release.") % {"code": grant.code})
    return redirect("publishing:grants")


def _grant(code: str) -> Grant:
    try:
        grant = selectors.draft_get("grant", code)
    except RecordUnknown as error:
        raise Http404 from error
    assert isinstance(grant, Grant)
    return grant


def _edit(request: StaffRequest, grant: Grant | None) -> HttpResponse:
    form = GrantForm(request.POST if request.method == "POST" else None, record=grant,
                     initial={"item_code": request.GET.get("item", "")})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        record = form.record()
        if grant is None and selectors.draft_holds("grant", record.code):
            form.add_error("code", _("The draft already has a grant of this code."))
        else:
            try:
                warnings = record_save(record, by=request.actor.code)
            except DraftFaulty as error:
                form.show_problems(error.problems)
            else:
                messages.success(request, _("The grant %(code)s is saved in the draft.") % {"code": record.code})
                warn(request, warnings)
                return redirect("publishing:grants")
    context = {"form": form, "grant": grant, "items": selectors.draft_names("item"),
               "divisions": selectors.draft_names("division")}  # fmt: skip
    return render(request, "publishing/grant.html", context, status=422 if request.method == "POST" else 200)
