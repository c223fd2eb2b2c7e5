"""The page on which the county sets the limits that count on all its machines."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.counter.access import StaffRequest, in_county
from core.domain.journal.policy import policy

from ..models import PolicyValue
from ..policies import BY_NAME, KINDS
from ..services import policy_change


class PolicyForm(forms.Form):
    """One whole number a limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS:
            self.fields[kind.name] = forms.IntegerField(
                label=format_lazy("{} ({})", kind.label, kind.unit), min_value=kind.least, max_value=kind.most,
                help_text=str(kind.help),
                widget=forms.NumberInput(attrs={"class": "form-control", "style": "max-width: 10rem"}),
            )  # fmt: skip


@in_county("county_admin")
def policies(request: StaffRequest) -> HttpResponse:
    """The limits in force; POST: those that were changed are the county's from now on."""
    current = {kind.name: policy(kind.name) for kind in KINDS}
    form = PolicyForm(request.POST if request.method == "POST" else None, initial=current)
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        wanted = [(name, value) for name, value in form.cleaned_data.items() if value != current[name]]
        done = [policy_change(name=name, value=value, by=request.actor.code, at=at) for name, value in wanted]
        _tell(request, sum(done))
        return redirect("registry:policies")
    rows = [(BY_NAME[row.name].label, row) for row in PolicyValue.objects.order_by("-set_at")]
    context = {"form": form, "rows": rows}
    return render(request, "registry/policies.html", context, status=422 if form.errors else 200)


def _tell(request: StaffRequest, count: int) -> None:
    if not count:
        messages.info(request, _("Nothing was changed."))
        return
    words = ngettext(
        "%(count)d limit was changed. It counts here now, and at each machine as soon as it hears of it.",
        "%(count)d limits were changed. They count here now, and at each machine as soon as it hears of it.", count,
    )  # fmt: skip
    messages.success(request, words % {"count": count})
