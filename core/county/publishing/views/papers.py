"""The words of the county's papers: for all items, or for one; each with a preview beside the form."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.counter.access import StaffRequest, in_county
from core.county.publishing import selectors, words
from core.county.publishing.errors import DraftFaulty, RecordUnknown
from core.county.publishing.forms import language
from core.county.publishing.paper_forms import PaperForm
from core.county.publishing.paper_preview import NO_ITEM, paper_sample, placeholders_for, sample_values
from core.county.publishing.services import draft_remove, record_save
from core.county.publishing.views.items import item_of, warn
from core.domain.catalogue.documents import Department, Item, PaperKind, PaperTemplate, RecordKey
from core.domain.catalogue.papers import DEFAULTS, KINDS, placeholder_problems
from core.domain.journal.clock import today
from core.domain.staff.models import Role


@in_county(Role.COUNTY_ADMIN)
def paper_list(request: StaffRequest) -> HttpResponse:
    """Every kind of paper and whose words it has: for all items, or for the one that was chosen."""
    typed = request.GET.get("item", "").strip()
    names = selectors.draft_names("item")
    item = typed if typed in names else next((code for code, name in names.items() if typed == name), "")
    papers = selectors.papers_of_draft()
    changes = {one.key: one.sort for one in selectors.draft_difference().changes if one.kind == "paper"}
    rows = [
        {
            "key": f"{kind}/{item}",
            "word": words.PAPERS.word(kind, language()),
            "general": papers.get((kind, "")),
            "own": papers.get((kind, item)) if item else None,
            "items": [(one.key, names.get(one.item_code, one.item_code))
                      for one in papers.values() if one.paper == kind and one.item_code],
            "sort": changes.get(f"{kind}/{item}", ""),
        }
        for kind in KINDS
    ]  # fmt: skip
    context = {"rows": rows, "items": names, "item": item, "name": names.get(item, ""), "typed": typed}
    return render(request, "publishing/papers.html", context)


@in_county(Role.COUNTY_ADMIN)
def paper_edit(request: StaffRequest, key: str) -> HttpResponse:
    """The words of one kind of paper; "preview" shows them with sample values and saves nothing."""
    place = _place(key)
    form = PaperForm(request.POST if request.method == "POST" else None, words=place.start)
    previewed = request.POST.get("act") == "preview"
    if previewed:
        form = PaperForm(words=form.typed())
    elif request.method == "POST" and form.is_valid():
        try:
            warnings = record_save(form.record(), by=request.actor.code)
        except DraftFaulty as error:
            form.show_problems(error.problems)
        else:
            messages.success(request, _("The words are saved in the draft."))
            warn(request, warnings)
            return redirect(_list_url(place.item))
    shown = form.typed() if form.is_bound else form.words
    sample = place.item or _sample_item()
    preview = {
        "paper": paper_sample(shown, sample, _department(sample), today=today()), "unknown": placeholder_problems(shown)
    }  # fmt: skip
    if previewed and request.headers.get("HX-Request"):
        return render(request, "publishing/paper_preview.html", preview)
    values = sample_values(place.kind, sample, _department(sample), today=today())
    context = preview | {
        "form": form, "place": place, "word": words.PAPERS.word(place.kind, language()), "back": _list_url(place.item),
        "placeholders": [(name, _(means), value) for name, means, value in placeholders_for(place.kind, values)],
        "sample": sample,
    }  # fmt: skip
    return render(request, "publishing/paper.html", context, status=422 if form.is_bound else 200)


@require_POST
@in_county(Role.COUNTY_ADMIN)
def paper_reset(request: StaffRequest, key: str) -> HttpResponse:
    """Takes the words out of the draft: the general ones, or the usual ones, hold again from the next release on."""
    place = _place(key)
    if draft_remove([RecordKey("paper", place.key)]):
        messages.success(request, _("The words leave with the next release; then the ones before them hold again."))
    return redirect(_list_url(place.item))


@dataclass(frozen=True)
class _Place:
    """Whose words are edited: `item` None is all items. `known` are the draft's, `start` what the form begins with."""

    kind: PaperKind
    item: Item | None
    known: PaperTemplate | None
    general: PaperTemplate | None

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.item.item_code if self.item else ''}"

    @property
    def start(self) -> PaperTemplate:
        words = self.known or self.general or DEFAULTS[self.kind]
        return msgspec.structs.replace(words, item_code=self.item.item_code if self.item else "")


def _place(key: str) -> _Place:
    kind, slash, code = key.partition("/")
    if kind not in KINDS or not slash:
        raise Http404
    item = item_of(code) if code else None
    stands = selectors.papers_of_draft()
    return _Place(kind=kind, item=item, known=stands.get((kind, code)), general=stands.get((kind, "")))


def _sample_item() -> Item:
    """Some item of the draft, one that is promised where there is one, to show words with that are for all."""
    items = [one for one in selectors.draft_records("item") if isinstance(one, Item)]
    return next((one for one in items if one.kind == "promised"), items[0] if items else NO_ITEM)


def _department(item: Item) -> Department | None:
    try:
        found = selectors.draft_get("department", item.department)
    except RecordUnknown:
        return None
    return found if isinstance(found, Department) else None


def _list_url(item: Item | None) -> str:
    return reverse("publishing:papers") + (f"?{urlencode({'item': item.item_code})}" if item else "")
