"""What the pages of the watch share: who sees which, the time they are over, what is said where history is missing."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from core.counter.access import NoRoleHere, StaffRequest
from core.county.workqueue.watch import Watch, watch_of

from .. import prometheus
from ..charts import SPANS, History

#: They look after machines.
KEEPERS: Final = ("county_admin", "operator")
#: They see how deadlines stand in the towns they watch over.
WATCHERS: Final = (*KEEPERS, "supervisor")
#: Where a page begins to be slow, and a person stops looking.
MAX_TEXT: Final = 60
PAGES: Final[tuple[tuple[str, str | Promise, tuple[str, ...]], ...]] = (
    ("watch:overview", gettext_lazy("Overview"), WATCHERS),
    ("watch:map", gettext_lazy("Map"), KEEPERS),
    ("watch:ingest", gettext_lazy("What arrives"), KEEPERS),
    ("watch:counters", gettext_lazy("Counters and deadlines"), WATCHERS),
)


def watch_required(request: StaffRequest) -> Watch:
    """What the person watches over. Raises NoRoleHere for supervisors of one department: theirs is the inbox."""
    watch = watch_of(request.actor)
    if watch is None:
        raise NoRoleHere("")
    return watch


def keeps(request: StaffRequest) -> bool:
    """Whether the person sees machines, and not only deadlines."""
    return request.actor.has(*KEEPERS)


def history_of(request: HttpRequest) -> History:
    return History(request.GET.get("span", ""), at=timezone.now())


def frame(request: StaffRequest, history: History | None = None) -> dict[str, Any]:
    """Names for watch/frame.html. To be called last: it says whether the history could be read."""
    tabs = [
        {"url": reverse(name), "label": label, "active": request.path == reverse(name)}
        for name, label, roles in PAGES
        if request.actor.has(*roles)
    ]
    spans = [] if history is None or not history.is_there else [
        {"word": word, "label": label, "active": word == history.word} for word, (_span, label) in SPANS.items()
    ]  # fmt: skip
    return {
        "tabs": tabs, "spans": spans, "keeps": keeps(request), "history_failed": history is not None and history.failed,
        "history_missing": history is not None and not prometheus.configured(),
    }  # fmt: skip
