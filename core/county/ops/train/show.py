"""What the operator sees while the train runs, and what is left of it at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from . import judging
from .record import Batch, Record

WORDS: Final[dict[str, Promise]] = {
    judging.DONE: gettext_lazy("run the version"),
    judging.FAILED: gettext_lazy("did not take it and run what they ran before"),
    judging.LOST: gettext_lazy("were lost during the play; they put themselves back"),
    judging.UNWELL: gettext_lazy("are not well with it"),
    judging.ROLLED_BACK: gettext_lazy("were put back"),
    judging.STUCK: gettext_lazy("COULD NOT BE PUT BACK: look after them by hand"),
    judging.OFFLINE: gettext_lazy("did not answer"),
    judging.SILENT: gettext_lazy("have not spoken to the county for long"),
    judging.WAITING: gettext_lazy("were not started"),
    judging.RUNNING: gettext_lazy("are not judged yet"),
}
BAD: Final = frozenset({judging.FAILED, judging.LOST, judging.UNWELL, judging.STUCK})
REASON_CHARACTERS: Final = 300


class Show:
    """Lines on stderr, and on a terminal what is going on right now; nothing at all where `quiet`."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)
        self._status: Status | None = None
        self._title = ""

    def line(self, text: str, *, style: str = "") -> None:
        self.console.print(escape(text), style=style or None)

    @contextmanager
    def during(self, title: str) -> Iterator[None]:
        self._title = title
        with self.console.status(escape(title)) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def now(self, text: str) -> None:
        """What the step that lasts is at."""
        if self._status is not None:
            self._status.update(f"{escape(self._title)} [dim]{escape(text)}[/dim]")

    def host(self, name: str, state: str, reason: str) -> None:
        if state in BAD:
            self.line(f"  ✗ {name}: {reason[:REASON_CHARACTERS] or WORDS[state]}", style="red")

    def batch(self, batch: Batch) -> None:
        """How many of it are well, and what that took."""
        well = len(batch.hosts) - len(batch.failed)
        seconds = sum(batch.seconds.values())
        if well:
            counts = {"well": well, "all": len(batch.hosts), "seconds": f"{seconds:.0f}"}
            self.line(_("  ✓ %(well)s of %(all)s, %(seconds)s s") % counts, style="green")

    def end(self, record: Record) -> None:
        """The whole train in a few lines: what became of whom, and what is to be done."""
        styles = {"done": "bold green", "left": "bold yellow"}
        self.line(record.words, style=styles.get(record.outcome, "bold red"))
        for state, words in WORDS.items():
            if names := record.named(state):
                self.line(f"  {len(names):>4}  {words}" + ("" if state == judging.DONE else f": {', '.join(names)}"))
        if names := sorted(name for name, one in record.hosts.items() if one.by_facts and one.state == judging.DONE):
            self.line(
                _("  Not known to the county, so only their own facts were asked: %(hosts)s")
                % {"hosts": ", ".join(names)}
            )
        if record.published:
            rings = ", ".join(str(ring) for ring in record.published)
            self.line(_("  Laid out for the machines that fetch it themselves, ring %(rings)s.") % {"rings": rings})
        for ring, reason in record.unpublished.items():
            self.line(
                _("  Not laid out for the machines of ring %(ring)s that fetch it themselves: %(reason)s")
                % {"ring": ring, "reason": reason}
            )
        if record.unwithdrawn:
            self.line(
                _("  MACHINES STILL FETCH IT: rollout_publish %(version)s --withdraw failed: %(reason)s")
                % {"version": record.version, "reason": record.unwithdrawn},
                style="bold red",
            )


def hosts_words(names: list[str]) -> str:
    """A few names, or how many there are."""
    if len(names) <= 3:
        return ", ".join(names)
    return ngettext("%(n)s machine", "%(n)s machines", len(names)) % {"n": len(names)}
