"""The draft's working-day calendars: a year's days off and make-up days, by hand or from chinesecalendar."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.counter.access import StaffRequest, in_county
from core.county.publishing import selectors
from core.county.publishing.calendar_source import calendar_year
from core.county.publishing.errors import DraftFaulty, RecordUnknown
from core.county.publishing.forms import CalendarForm
from core.county.publishing.services import record_save
from core.county.publishing.views.items import warn
from core.domain.catalogue.documents import CalendarYear
from core.domain.journal.clock import today
from core.domain.staff.models import Role

FIRST_YEAR, LAST_YEAR = 2004, 2100


@in_county(Role.COUNTY_ADMIN)
def calendar_list(request: StaffRequest) -> HttpResponse:
    """The years of the draft, and the next ones that could be added."""
    years = {one.year: one for one in selectors.draft_records("calendar") if isinstance(one, CalendarYear)}
    this_year = today().year
    missing = [year for year in range(this_year - 1, this_year + 2) if year not in years]
    rows = [years[year] for year in sorted(years, reverse=True)]
    return render(
        request, "publishing/calendars.html", {"rows": rows, "missing": missing, "outlook": selectors.outlook()}
    )


@in_county(Role.COUNTY_ADMIN)
def calendar_edit(request: StaffRequest, year: int) -> HttpResponse:
    form = CalendarForm(request.POST if request.method == "POST" else None, year=_year(year), record=_known(year))
    if request.method == "POST" and form.is_valid():
        try:
            warnings = record_save(form.record(), by=request.actor.code)
        except DraftFaulty as error:
            form.show_problems(error.problems)
        else:
            messages.success(request, _("The calendar of %(year)d is saved in the draft.") % {"year": year})
            warn(request, warnings)
            return redirect("publishing:calendars")
    context = {"form": form, "year": year, "known": _known(year)}
    return render(request, "publishing/calendar.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@in_county(Role.COUNTY_ADMIN)
def calendar_take(request: StaffRequest, year: int) -> HttpResponse:
    """The draft's year is what chinesecalendar says; not published yet: nothing changes and the page says so."""
    taken = calendar_year(_year(year))
    if taken is None:
        messages.error(
            request,
            _("The State Council's calendar of %(year)d is not known to this installation. Nothing was changed; enter "
              "the days by hand, or update the package chinesecalendar.") % {"year": year},
        )  # fmt: skip
    else:
        record_save(taken, by=request.actor.code)
        messages.success(request, _("The calendar of %(year)d was taken over.") % {"year": year})
    return redirect("publishing:calendar", year=year)


def _year(year: int) -> int:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404
    return year


def _known(year: int) -> CalendarYear | None:
    try:
        record = selectors.draft_get("calendar", str(year))
    except RecordUnknown:
        return None
    assert isinstance(record, CalendarYear)
    return record
