"""The draft's items: search, edit, add, withdraw."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.counter.access import StaffRequest, in_county
from core.county.publishing import selectors
from core.county.publishing.errors import DraftFaulty, RecordUnknown
from core.county.publishing.forms import Choices
from core.county.publishing.item_parts import ItemPage
from core.county.publishing.services import draft_remove, record_save
from core.domain.catalogue.documents import Department, Item, RecordKey
from core.domain.catalogue.problems import Problem
from core.domain.staff.models import Role

PAGE_SIZE = 50


@in_county(Role.COUNTY_ADMIN)
def item_list(request: StaffRequest) -> HttpResponse:
    """Items of the draft, by name, with what the next release changes about them."""
    text = request.GET.get("q", "").strip()
    page = Paginator(selectors.draft_search("item", text), PAGE_SIZE).get_page(request.GET.get("page"))
    changes = {one.key: one.sort for one in selectors.draft_difference().changes if one.kind == "item"}
    names = dict(departments())
    rows = [
        {"item": item, "department": names.get(item.department, item.department), "sort": changes.get(item.key, "")}
        for item in map(selectors.draft_decode, page.object_list)
        if isinstance(item, Item)
    ]
    context = {"rows": rows, "page": page, "text": text, "query": urlencode({"q": text}) if text else ""}
    return render(request, "publishing/items.html", context)


@in_county(Role.COUNTY_ADMIN)
def item_new(request: StaffRequest) -> HttpResponse:
    return _edit(request, None)


@in_county(Role.COUNTY_ADMIN)
def item_edit(request: StaffRequest, code: str) -> HttpResponse:
    return _edit(request, item_of(code))


@in_county(Role.COUNTY_ADMIN)
def item_withdraw(request: StaffRequest, code: str) -> HttpResponse:
    """Takes the item out of the draft; asks first, with the open cases it concerns."""
    item = item_of(code)
    if request.method == "POST":
        grants = [RecordKey("grant", one) for one in selectors.grants_of_draft(code)]
        papers = [RecordKey("paper", one.key) for one in selectors.papers_of_draft().values() if one.item_code == code]
        draft_remove([RecordKey("item", code), *grants, *papers])
        messages.success(request, _("%(name)s leaves the catalogue with the next release.") % {"name": item.name})
        return redirect("publishing:items")
    counts = selectors.open_cases_of([code]).get(code, {})
    context = {"item": item, "open_cases": sum(counts.values()), "grants": selectors.grants_of_draft(code)}
    return render(request, "publishing/item_withdraw.html", context)


def item_of(code: str) -> Item:
    try:
        item = selectors.draft_get("item", code)
    except RecordUnknown as error:
        raise Http404 from error
    assert isinstance(item, Item)
    return item


def departments() -> Choices:
    """The draft's departments to choose from, by short name."""
    found = [one for one in selectors.draft_records("department") if isinstance(one, Department)]
    return sorted(((one.uscc, one.short_name or one.name) for one in found), key=lambda pair: pair[1])


def _edit(request: StaffRequest, item: Item | None) -> HttpResponse:
    page = ItemPage(item, departments(), request.POST if request.method == "POST" else None)
    if request.method == "POST" and page.is_valid() and not _taken(page, item):
        record = page.record()
        try:
            warnings = record_save(record, by=request.actor.code)
        except DraftFaulty as error:
            page.form.show_problems(error.problems)
        else:
            messages.success(request, _("%(name)s is saved in the draft.") % {"name": record.name})
            warn(request, warnings)
            return redirect("publishing:item", code=record.item_code)
    status = 422 if request.method == "POST" else 200
    context = {
        "item": item, "page_form": page.form, "materials": page.materials, "stages": page.stages,
        "situations": page.situations, "basis": page.basis, "incomplete": page.incomplete,
    }  # fmt: skip
    return render(request, "publishing/item.html", context, status=status)


def _taken(page: ItemPage, item: Item | None) -> bool:
    """Whether a new item has the code of one that is there: it would replace it unseen."""
    code = page.form.cleaned_data["item_code"].strip()
    if item is not None or not selectors.draft_holds("item", code):
        return False
    page.form.add_error("item_code", _("The draft already has an item of this code."))
    return True


def warn(request: HttpRequest, warnings: list[Problem]) -> None:
    """What the record may stand with is said once."""
    if warnings:
        head = ngettext("%(count)d remark:", "%(count)d remarks:", len(warnings)) % {"count": len(warnings)}
        messages.warning(request, " ".join([head, *(one.text(_) for one in warnings)]))
