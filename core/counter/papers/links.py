"""What leads to a case's papers: their names on the pages around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from core.domain.cases.state import CaseState
from core.domain.catalogue.documents import PaperKind

from .making import REPEATED, kind_of, papers_available

#: What a paper is called on the page around it; its own title stands in the county's words.
HEADINGS: Final[dict[PaperKind, str | Promise]] = {
    "receipt": gettext_lazy("Receipt"),
    "refusal": gettext_lazy("Notice of non-acceptance"),
    "supplement": gettext_lazy("Supplement notice"),
    "deferral": gettext_lazy("Commitment to hand in later"),
    "pledge": gettext_lazy("Pledge"),
    "special_procedure": gettext_lazy("Notice of a special procedure"),
    "extension": gettext_lazy("Notice of extension"),
    "termination": gettext_lazy("Notice of termination"),
    "decision_granted": gettext_lazy("Notice of the decision: granted"),
    "decision_denied": gettext_lazy("Notice of the decision: denied"),
    "delivery": gettext_lazy("Record of delivery"),
}


@dataclass(frozen=True)
class PaperLink:
    """A paper of the case that can be printed; `which` tells several of one name apart, from 1 on (0: there is one)."""

    name: str
    title: str
    which: int


def paper_links(state: CaseState) -> list[PaperLink]:
    """The case's papers, each special procedure's by itself."""
    links = []
    for name in papers_available(state):
        title = str(HEADINGS[kind_of(name, state)])
        if name in REPEATED and len(state.stops) > 1:
            links += [PaperLink(name, f"{title} {which}", which) for which in range(1, len(state.stops) + 1)]
        else:
            links.append(PaperLink(name, title, 0))
    return links
