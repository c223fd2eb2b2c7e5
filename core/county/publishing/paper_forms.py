"""The form of a paper's words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from core.county.publishing.forms import PlainForm, lines_of
from core.domain.catalogue.documents import PaperTemplate
from core.domain.catalogue.papers import MAX_TEXT


class PaperForm(PlainForm):
    """What a kind of paper says, for one item or for all."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=100)
    paragraphs = forms.CharField(
        label=gettext_lazy("Paragraphs"), required=False, widget=forms.Textarea(attrs={"rows": 11}),
        help_text=gettext_lazy("One a line. A paragraph that names something the case does not have is left out."),
    )  # fmt: skip
    basis = forms.CharField(
        label=gettext_lazy("Basis"), required=False, max_length=MAX_TEXT,
        help_text=gettext_lazy("Stands where a paragraph says {basis}, unless the act names its own."),
    )  # fmt: skip
    appeal = forms.CharField(
        label=gettext_lazy("How to appeal"), required=False, max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args: Any, words: PaperTemplate, **kwargs: Any) -> None:
        self.words = words
        kwargs["initial"] = {
            "title": words.title, "paragraphs": "\n".join(words.paragraphs), "basis": words.basis,
            "appeal": words.appeal,
        }  # fmt: skip
        super().__init__(*args, **kwargs)

    def record(self) -> PaperTemplate:
        """The words as they were typed; only after is_valid()."""
        return self._words(self.cleaned_data)

    def typed(self) -> PaperTemplate:
        """The words as they stand in the form, valid or not: what the preview shows."""
        data = {name: str(self[name].value() or "") for name in self.fields}
        return self._words(data)

    def _words(self, data: dict[str, Any]) -> PaperTemplate:
        return PaperTemplate(
            paper=self.words.paper, item_code=self.words.item_code, title=data["title"].strip(),
            paragraphs=lines_of(data["paragraphs"]), basis=data["basis"].strip(), appeal=data["appeal"].strip(),
        )  # fmt: skip
