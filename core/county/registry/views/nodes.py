"""Pages of the county console: the fleet, service points, enrolment codes, revoking."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.counter.access import StaffRequest, in_county
from core.county.workqueue.watch import troubles_of_nodes
from core.domain.journal.chain import card_open
from core.exchange.enrolment import MAX_REQUEST_BYTES, RequestDamaged, fingerprint_of
from tenants.models import ServicePoint, Tenant

from ..errors import RegistryError, words_of
from ..fleet import journal_of, machine_rows, nodes_search, points_search
from ..keys import core_identity
from ..models import Node, SshAddress
from ..selectors import code_latest, node_get
from ..services import enrolment_code_issue, node_enrol, node_revoke

ROLES = ("county_admin", "operator")
ROWS = 50
#: Where the code just issued is kept for this browser, until it is used or out of date.
SESSION_KEY = "enrolment_code"


@require_GET
@in_county(*ROLES)
def fleet(request: StaffRequest) -> HttpResponse:
    found = nodes_search(_text(request), tenant=request.GET.get("tenant", ""))
    page = _page(request, found)
    now = timezone.now()
    context = _list_context(request, page) | {
        "machines": machine_rows(list(page.object_list), at=now), "now": now,
        "troubles": troubles_of_nodes(node.node_id for node in page.object_list),
    }  # fmt: skip
    return render(request, "registry/fleet.html", context)


@require_GET
@in_county(*ROLES)
def points(request: StaffRequest) -> HttpResponse:
    page = _page(request, points_search(_text(request), tenant=request.GET.get("tenant", "")))
    codes = [point.code for point in page.object_list]
    machines = {row.node.node_id: row for row in machine_rows(Node.objects.filter(pk__in=codes), at=timezone.now())}
    tenants = dict(Tenant.objects.values_list("code", "name"))
    rows = [(point, tenants.get(point.tenant_code, ""), machines.get(point.code)) for point in page.object_list]
    return render(request, "registry/points.html", _list_context(request, page) | {"rows": rows})


@require_GET
@in_county(*ROLES)
def point(request: StaffRequest, code: str) -> HttpResponse:
    """One service point: its machine, the code to enrol one, the six words to compare."""
    found = ServicePoint.objects.filter(code=code).first()
    if found is None:
        return _not_found(request, code)
    machine = next(iter(machine_rows(Node.objects.filter(pk=code), at=timezone.now())), None)
    context = _code_context(request, code) | {
        "point": found,
        "tenant": Tenant.objects.filter(code=found.tenant_code).first(),
        "machine": machine,
        "journal": journal_of(machine.node) if machine else None,
        "troubles": troubles_of_nodes([code]).get(code, 0),
        "words": _words(machine.node) if machine else "",
        "core_url": settings.COUNTY_URL,
        "address": SshAddress.objects.filter(pk=code).first(),
    }
    return render(request, "registry/point.html", context)


@require_GET
@in_county(*ROLES)
def asked(request: StaffRequest, code: str) -> HttpResponse:
    """The part of the page that follows the machine: nothing while it waits, then its six words. Asked every 2 s."""
    context = _code_context(request, code) | {"point": {"code": code}}
    if context["code_usable"]:
        return HttpResponse(status=204)
    return render(request, "registry/asked.html", context)


@require_POST
@in_county(*ROLES)
def code_issue(request: StaffRequest, code: str) -> HttpResponse:
    try:
        issued = enrolment_code_issue(service_point=code, by=request.actor.code, at=timezone.now())
    except RegistryError as error:
        messages.error(request, words_of(error))
        return redirect("registry:points")
    request.session[SESSION_KEY] = {"id": issued.row.pk, "text": issued.text, "point": code}
    return redirect("registry:point", code=code)


@require_POST
@in_county(*ROLES)
def file_answer(request: StaffRequest, code: str) -> HttpResponse:
    """The response file for a machine that was brought here as a request file."""
    upload = request.FILES.get("request")
    if upload is None or (upload.size or 0) > MAX_REQUEST_BYTES:
        messages.error(request, _("Choose the request file the machine wrote; nothing was changed."))
        return redirect("registry:point", code=code)
    at = timezone.now()
    try:
        issued = enrolment_code_issue(service_point=code, by=request.actor.code, at=at, by_file=True)
        data = node_enrol(request=upload.read(), code=issued.text, at=at)
    except (RegistryError, RequestDamaged) as error:
        messages.error(request, words_of(error))
        return redirect("registry:point", code=code)
    answer = HttpResponse(data, content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{code}.response"'
    return answer


@require_http_methods(["GET", "POST"])
@in_county(*ROLES)
def revoke(request: StaffRequest, code: str) -> HttpResponse:
    """Says what revoking changes, then does it."""
    try:
        node = node_get(code)
        if request.method == "POST":
            node_revoke(node=code, by=request.actor.code, at=timezone.now())
            messages.success(request, _("%(name)s is revoked. Its neighbours are being told.") % {"name": node.name})
            return redirect("registry:point", code=code)
    except RegistryError:
        return _not_found(request, code)
    machine = machine_rows(Node.objects.filter(pk=code), at=timezone.now())[0]
    below = Node.objects.filter(parent=code, revoked_at=None)
    return render(request, "registry/revoke.html", {"machine": machine, "below": below})


def _not_found(request: HttpRequest, code: str) -> HttpResponse:
    messages.error(request, _("There is no service point %(code)s here.") % {"code": code})
    return redirect("registry:points")


def _code_context(request: HttpRequest, service_point: str) -> dict[str, Any]:
    """The code on show, if this browser issued the latest one; whether a machine has used it, and its six words."""
    latest = code_latest(service_point)
    kept = request.session.get(SESSION_KEY) or {}
    shown = kept["text"] if latest and kept.get("id") == latest.pk else ""
    node = Node.objects.filter(pk=service_point).first() if latest and latest.used_at else None
    usable = latest is not None and latest.used_at is None and latest.expires_at > timezone.now()
    command = f"python manage.py enrol --core {settings.COUNTY_URL} --code {shown}"
    return {
        "code": latest,
        "code_text": shown,
        "code_usable": usable,
        "command": command,
        "qr": _qr(command) if shown and usable else "",
        "asked": node,
        "asked_words": _words(node) if node else "",
    }


def _qr(text: str) -> SafeString:
    """A QR code as SVG; segno writes numbers and path letters only, so nothing of the text can leak into markup."""
    return mark_safe(segno.make(text, error="m").svg_inline(scale=4, border=2))


def _words(node: Node) -> str:
    root_key = core_identity().root_key
    return fingerprint_of(card_open(bytes(node.signed_card), root_key), root_key)


def _text(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip()[:60]


def _page(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))


def _list_context(request: HttpRequest, page: Page[Any]) -> dict[str, Any]:
    chosen = {"q": _text(request), "tenant": request.GET.get("tenant", "")}
    return {
        "page": page,
        "query": urlencode({name: value for name, value in chosen.items() if value}),
        "text": chosen["q"],
        "tenant_code": chosen["tenant"],
        "tenants": Tenant.objects.order_by("code"),
    }
