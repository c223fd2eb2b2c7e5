"""The county console: towns become tenants, one by one or all at once; what stands, and how far each is."""

import contextlib
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenants.access import county_admin_only
from tenants.errors import ProvisioningFailed, TenantError
from tenants.forms import (
    MAX_ADMINISTRATORS,
    Administrators,
    BaseAdministrators,
    TownForm,
    administrators_form,
    town_form,
)
from tenants.jobs import worker_lives
from tenants.models import ProvisioningRun
from tenants.orphans import orphans_of
from tenants.provisioning import domain_of
from tenants.selectors import (
    ENDED,
    HallDivision,
    check_latest,
    divisions_for_halls,
    run_view,
    runs_latest,
    runs_view,
    tenants_with_facts,
)
from tenants.services import (
    Credential,
    provisioning_continue,
    provisioning_now,
    provisioning_start,
    provisioning_start_all,
)
from tenants.wording import error_words, orphan_kind_word, state_tone, state_word, step_lines

PREFIX = "admin"


@require_GET
@county_admin_only
def tenant_list(request: HttpRequest) -> HttpResponse:
    """Every tenant with address, service points, open cases and machines; then those that could be one."""
    facts = tenants_with_facts()
    waiting = [one for one in divisions_for_halls() if not one.tenant]
    open_runs = ProvisioningRun.objects.filter(ended_at=None).count()
    context = {"tenants": facts, "waiting": waiting, "open_runs": open_runs, "check": check_latest()}
    return render(request, "tenants/list.html", context | _address(request))


@require_http_methods(["GET", "POST"])
@county_admin_only
def tenant_new(request: HttpRequest) -> HttpResponse:
    """The form; a POST starts the provisioning and shows it, with the passwords made for it."""
    search = request.GET.get("search", "")
    division = _division(request.POST.get("division") or request.GET.get("division", ""))
    if request.method == "GET" or division is None:
        town = town_form(division) if division else None
        return _form(request, search, division, town, administrators_form(town) if town else None)
    town = TownForm(request.POST, division=division)
    if "add" in request.POST:
        return _form(request, search, division, town, Administrators(_one_more(request), prefix=PREFIX))
    administrators = Administrators(request.POST, prefix=PREFIX)
    if not (town.is_valid() & administrators.is_valid()):
        return _form(request, search, division, town, administrators)
    try:
        run, credentials = _start(town, administrators)
    except TenantError as error:
        town.add_error("slug", error_words(error))
        return _form(request, search, division, town, administrators)
    if credentials:
        # Not a redirect: these passwords are kept nowhere, so this answer is the only place they can be shown.
        return _run(request, run, credentials)
    return redirect("tenants:run", run.pk)


@require_http_methods(["GET", "POST"])
@county_admin_only
def tenant_many(request: HttpRequest) -> HttpResponse:
    """All divisions that are no tenants yet, ticked; a POST starts one provisioning for each that is ticked."""
    divisions = [one for one in divisions_for_halls() if not one.tenant]
    if request.method == "GET":
        return render(request, "tenants/many.html", {"divisions": divisions, "worker": worker_lives()})
    chosen = set(request.POST.getlist("division"))
    wanted = [one for one in divisions if one.code in chosen]
    if not wanted:
        messages.error(request, _("Nothing was ticked, so nothing was started."))
        return redirect("tenants:many")
    started, credentials = provisioning_start_all(
        divisions=wanted,
        with_administrators="administrators" in request.POST,
        with_villages="villages" in request.POST,
    )
    text = ngettext("%(count)d provisioning was started.", "%(count)d provisionings were started.", len(started))
    messages.success(request, text % {"count": len(started)})
    return _runs(request, credentials) if credentials else redirect("tenants:runs")


@require_GET
@county_admin_only
def runs(request: HttpRequest) -> HttpResponse:
    """All open provisionings and the last ones that ended; refreshed every second while one is open."""
    return _runs(request, [])


@require_POST
@county_admin_only
def runs_now(request: HttpRequest) -> HttpResponse:
    """Every open provisioning is done in this request; those that fail say so in the list."""
    for run in ProvisioningRun.objects.filter(ended_at=None).order_by("pk"):
        with contextlib.suppress(ProvisioningFailed):
            provisioning_now(run=run)
    return redirect("tenants:runs")


@require_GET
@county_admin_only
def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One provisioning, step by step; refreshed every second while it is open."""
    return _run(request, get_object_or_404(ProvisioningRun, pk=pk), [])


@require_POST
@county_admin_only
def run_continue(request: HttpRequest, pk: int) -> HttpResponse:
    """The provisioning goes on where it stopped: by a worker, or (now=1) in this request."""
    run = get_object_or_404(ProvisioningRun, pk=pk)
    if not run.order:
        raise Http404
    if "now" in request.POST:
        with contextlib.suppress(ProvisioningFailed):  # the page it leads to says what failed
            provisioning_now(run=run)
    else:
        provisioning_continue(run=run)
    return redirect("tenants:run", run.pk)


@require_GET
@county_admin_only
def references(request: HttpRequest) -> HttpResponse:
    """What the last nightly check found."""
    check = check_latest()
    orphans = [(one, orphan_kind_word(one.kind)) for one in orphans_of(check)] if check else []
    return render(request, "tenants/references.html", {"check": check, "orphans": orphans})


def _division(code: str) -> HallDivision | None:
    return next((one for one in divisions_for_halls() if one.code == code), None) if code else None


def _start(town: TownForm, administrators: BaseAdministrators) -> tuple[ProvisioningRun, list[Credential]]:
    return provisioning_start(
        division=town.division,
        name=town.cleaned_data["name"],
        hall_name=town.cleaned_data["hall_name"],
        slug=town.cleaned_data["slug"],
        administrators=administrators.administrators(),
        with_villages=town.cleaned_data["villages"],
    )


def _one_more(request: HttpRequest) -> Any:
    """What was sent, with room for one more administrator."""
    data = request.POST.copy()
    sent = data.get(f"{PREFIX}-TOTAL_FORMS", "1")
    total = min(int(sent) if sent.isdigit() else 1, MAX_ADMINISTRATORS - 1)
    data[f"{PREFIX}-TOTAL_FORMS"] = str(total + 1)
    return data


def _form(
    request: HttpRequest,
    search: str,
    division: HallDivision | None,
    town: TownForm | None,
    administrators: BaseAdministrators | None,
) -> HttpResponse:
    found = divisions_for_halls(search=search)
    context = {
        "search": search,
        "open": [one for one in found if not one.tenant],
        "standing": [one for one in found if one.tenant],
        "division": division,
        "form": town,
        "administrators": administrators,
        "parent_host": domain_of("x")[1:],
        "adding": "add" in request.POST,
        "invalid": request.method == "POST" and "add" not in request.POST and town is not None,
    }
    return render(request, "tenants/new.html", context | _address(request))


@never_cache
def _run(request: HttpRequest, run: ProvisioningRun, credentials: list[Credential]) -> HttpResponse:
    view = run_view(run)
    context = {
        "view": view,
        "steps": step_lines(view),
        "state": state_word(view.state),
        "tone": state_tone(view.state),
        "worker": worker_lives(),
        "credentials": credentials,
        "host": domain_of(view.order.slug) if view.order else "",
    }
    return render(request, "tenants/run.html", context | _address(request))


@never_cache
def _runs(request: HttpRequest, credentials: list[Credential]) -> HttpResponse:
    views = runs_view(runs_latest())
    rows = [(view, state_word(view.state), state_tone(view.state)) for view in views]
    context = {
        "rows": rows,
        "unfinished": sum(view.state != ENDED for view in views),
        "moving": any(not view.is_over for view in views),
        "worker": worker_lives(),
        "credentials": credentials,
    }
    return render(request, "tenants/runs.html", context | _address(request))


def _address(request: HttpRequest) -> dict[str, str]:
    """How a hall's host name becomes a link: the scheme and port this page came by."""
    port = request.get_port()
    usual = "443" if request.is_secure() else "80"
    return {"scheme": request.scheme or "http", "port": "" if port == usual else f":{port}"}
