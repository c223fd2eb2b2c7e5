"""Files in and out: import with all faults row by row, the template, the draft as workbook or JSON."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.counter.access import StaffRequest, in_county
from core.county.publishing import selectors
from core.county.publishing.faults import ImportRefused
from core.county.publishing.forms import ImportForm, language
from core.county.publishing.jsonfile import json_write
from core.county.publishing.services import file_import
from core.county.publishing.workbook_read import MAX_FILE_BYTES, MB
from core.county.publishing.workbook_write import template_write, workbook_write
from core.domain.journal.clock import today
from core.domain.staff.models import Role

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@in_county(Role.COUNTY_ADMIN)
def import_page(request: StaffRequest) -> HttpResponse:
    """Takes a file into the draft, or only checks it; a faulty one changes nothing and is answered row by row."""
    if request.method != "POST":
        return render(request, "publishing/import.html", {"form": ImportForm()})
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "publishing/import.html", {"form": form}, status=422)
    upload = form.cleaned_data["file"]
    if upload.size > MAX_FILE_BYTES:
        form.add_error("file", _("The file is larger than %(limit)d MB.") % {"limit": MAX_FILE_BYTES // MB})
        return render(request, "publishing/import.html", {"form": form}, status=422)
    dry_run = request.POST.get("act") == "check"
    try:
        done = file_import(upload.read(), upload.name, by=request.actor.code, replace=form.cleaned_data["replace"],
                           dry_run=dry_run)  # fmt: skip
    except ImportRefused as refused:
        context = {"form": ImportForm(), "name": upload.name, "faults": [(one, one.text(_)) for one in refused.faults]}
        return render(request, "publishing/import.html", context, status=422)
    if dry_run or done.warnings:
        context = {
            "form": ImportForm(), "name": upload.name, "done": done, "dry_run": dry_run,
            "remarks": [(one, one.text(_)) for one in done.warnings],
        }  # fmt: skip
        return render(request, "publishing/import.html", context)
    messages.success(
        request,
        _("%(name)s is in the draft: %(changed)d records changed, %(removed)d removed.")
        % {"name": upload.name, "changed": done.changed, "removed": done.removed},
    )
    return redirect("publishing:changes")


@in_county(Role.COUNTY_ADMIN)
def template(request: StaffRequest) -> HttpResponse:
    return _file(template_write(language=language(), translate=_), _("catalogue-template") + ".xlsx", XLSX)


@in_county(Role.COUNTY_ADMIN)
def export(request: StaffRequest, form: str) -> HttpResponse:
    """The draft as a file that the import page takes back as it is."""
    records = selectors.draft_records()
    name = f"catalogue-{today():%Y%m%d}"
    if form == "xlsx":
        return _file(workbook_write(records, language=language(), translate=_), f"{name}.xlsx", XLSX)
    if form == "json":
        return _file(json_write(records), f"{name}.json", "application/json")
    raise Http404


def _file(data: bytes, name: str, media_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
