"""Official papers 政务服务文书 of a case, made from its entries: the same at every window and in the back office."""

from __future__ import annotations

from .links import HEADINGS, PaperLink, paper_links
from .making import paper_of, papers_available
from .sheet import ALL, Fact, Line, Numbered, Paper, Text

__all__ = [
    "ALL", "HEADINGS", "Fact", "Line", "Numbered", "Paper", "PaperLink", "Text", "paper_links", "paper_of",
    "papers_available",
]  # fmt: skip
