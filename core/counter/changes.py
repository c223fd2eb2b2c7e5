"""What a new version of an item changed, as far as somebody filling in its form must know."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from core.domain.catalogue.documents import Item

from .timeline import limit_words


def item_changes(old: Item, new: Item) -> list[str]:
    """One line a change: materials, form fields, situations, limits, conditions."""
    lines = []
    for title, before, after in (
        (_("Materials"), {m.code: m.name for m in old.materials}, {m.code: m.name for m in new.materials}),
        (_("Form fields"), {f.name: f.label for f in old.fields}, {f.name: f.label for f in new.fields}),
        (_("Situations"), {s.code: s.name for s in old.situations}, {s.code: s.name for s in new.situations}),
    ):
        lines += _set_changes(title, before, after)
    for title, limit_before, limit_after in (
        (_("Promised limit"), old.promised_limit, new.promised_limit),
        (_("Legal limit"), old.legal_limit, new.legal_limit),
    ):
        if limit_before != limit_after:
            lines.append(f"{title}: {limit_words(limit_before)} → {limit_words(limit_after)}")
    if old.conditions != new.conditions:
        lines.append(_("Conditions changed: compare with the guide."))
    return lines or [_("Details of the item's guide changed; materials, form and limits are the same.")]


def _set_changes(title: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    added = [name for code, name in after.items() if code not in before]
    gone = [name for code, name in before.items() if code not in after]
    lines = []
    if added:
        lines.append(_("%(title)s, new: %(names)s") % {"title": title, "names": _(", ").join(added)})
    if gone:
        lines.append(_("%(title)s, no longer: %(names)s") % {"title": title, "names": _(", ").join(gone)})
    return lines
