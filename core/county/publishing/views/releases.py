"""What changes, whom it concerns, publishing it, and taking a release back."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.counter.access import StaffRequest, in_county
from core.county.publishing import selectors, words
from core.county.publishing.differences import Difference, RecordChange
from core.county.publishing.errors import DraftChanged, DraftFaulty, NothingToPublish, NothingToRecall
from core.county.publishing.field_changes import field_changes
from core.county.publishing.forms import PublishForm, RecallForm, language
from core.county.publishing.models import Release
from core.county.publishing.services import release_publish, release_recall
from core.domain.catalogue.documents import PaperTemplate
from core.domain.staff.models import Role

#: So many changed records are shown with their fields; of more, the page would be too long to be read.
SHOWN = 300


@in_county(Role.COUNTY_ADMIN)
def changes(request: StaffRequest) -> HttpResponse:
    """The draft against the current release."""
    return _changes(request, PublishForm(initial={"mark": selectors.draft_mark()}), 200)


def _changes(request: StaffRequest, form: PublishForm, status: int) -> HttpResponse:
    change = selectors.draft_difference()
    errors = [one for one in selectors.draft_problems() if one.severity == "error"]
    context = shown(change) | {
        "release": selectors.release_latest(), "form": form, "errors": [(one, one.text(_)) for one in errors],
    }  # fmt: skip
    return render(request, "publishing/changes.html", context, status=status)


def shown(change: Difference) -> dict[str, Any]:
    """The change as the pages show it: by kind, with fields, with whom it concerns."""
    names = selectors.draft_names("item") if any(one.kind == "paper" for one in change.changes[:SHOWN]) else {}
    groups = [
        (kind, [(one, title_of(one, names), field_changes(one, language())) for one in members])
        for kind, members in groupby(change.changes[:SHOWN], key=lambda one: one.kind)
    ]
    left_out = max(0, len(change.changes) - SHOWN)
    return {"change": change, "groups": groups, "left_out": left_out, "impact": selectors.impact(change)}


def title_of(one: RecordChange, names: dict[str, str]) -> str:
    """The record's name; of a paper its kind, and the item it is worded for."""
    record = one.after or one.before
    if not isinstance(record, PaperTemplate):
        return one.title
    kind = words.PAPERS.word(record.paper, language())
    return f"{kind} · {names.get(record.item_code, record.item_code) if record.item_code else _('all items')}"


@in_county(Role.COUNTY_ADMIN)
def publish(request: StaffRequest) -> HttpResponse:
    """Publishes what the page showed; a draft that was changed since is shown again instead."""
    if request.method != "POST":
        return redirect("publishing:changes")
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _changes(request, form, 422)
    try:
        release = release_publish(
            by=request.actor.code, note=form.cleaned_data["note"], expected=form.cleaned_data["mark"]
        )
    except NothingToPublish:
        messages.warning(request, _("The draft says what the current release says; nothing was published."))
        return redirect("publishing:changes")
    except DraftChanged:
        messages.error(
            request, _("Somebody changed the draft in the meantime. Nothing was published: please look again.")
        )
        return redirect("publishing:changes")
    except DraftFaulty:
        messages.error(request, _("The draft has errors. Nothing was published; mend what is listed below."))
        return redirect("publishing:changes")
    messages.success(
        request, _("Release %(number)d is published and on its way to the nodes.") % {"number": release.number}
    )
    return redirect("publishing:releases")


@in_county(Role.COUNTY_ADMIN)
def release_list_page(request: StaffRequest) -> HttpResponse:
    page = Paginator(selectors.release_list(), 20).get_page(request.GET.get("page"))
    latest = selectors.release_latest()
    context = {"page": page, "latest": latest, "can_recall": latest is not None and selectors.release_before(latest)}
    return render(request, "publishing/releases.html", context)


@in_county(Role.COUNTY_ADMIN)
def recall(request: StaffRequest, number: int) -> HttpResponse:
    """Shows what a recall changes and whom it concerns, then does it."""
    release = Release.objects.filter(number=number).defer("body", "delta").first()
    before = selectors.release_before(release) if release else None
    if release is None or before is None:
        raise Http404
    form = RecallForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = release_recall(number, by=request.actor.code, note=form.cleaned_data["note"])
        except NothingToRecall:
            messages.error(request, _("Release %(number)d is not the current one any more.") % {"number": number})
        else:
            messages.success(
                request,
                _("Release %(number)d brings back what was in force before.") % {"number": made.number},
            )
        return redirect("publishing:releases")
    context = shown(selectors.recall_difference(release)) | {"release": release, "before": before, "form": form}
    return render(request, "publishing/recall.html", context, status=422 if request.method == "POST" else 200)
