"""A paper of nobody's case: the template's words with sample values, as the counter would print them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from core.counter.papers import Line, Numbered, Paper, Text
from core.counter.papers.sheet import day_official
from core.domain.catalogue.documents import Department, Item, Limit, Material, PaperKind, PaperTemplate
from core.domain.catalogue.papers import (
    COMMON,
    OF_KIND,
    PLACEHOLDERS,
    act_name,
    fill,
    fill_paragraphs,
    law_name,
    list_of,
)

#: The applicant's own words to the authority, addressed to it.
TO_THE_AUTHORITY: Final = frozenset({"deferral", "pledge"})
#: Where the draft has no item yet.
NO_ITEM: Final = Item(
    item_code="", name="高龄津贴", department="湘潭县民政局", item_type="05", exercise_level="4", kind="promised",
    legal_limit=Limit(value=30, unit="working_day"), promised_limit=Limit(value=20, unit="working_day"),
    materials=(Material(code="M01", name="申请人居民身份证"), Material(code="M02", name="申请人户口簿")), flow=(),
)  # fmt: skip
APPLICANT: Final = "陈秀英"
PLACE: Final = "镇便民服务中心"
CASE_NUMBER: Final = "4303211000000126112200015"


def placeholders_for(kind: PaperKind, values: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What may stand in braces on this kind of paper: name, meaning (an English msgid), sample."""
    return [(name, PLACEHOLDERS[name], values.get(name, "")) for name in PLACEHOLDERS
            if name in COMMON or name in OF_KIND[kind]]  # fmt: skip


def sample_values(kind: PaperKind, item: Item, department: Department | None, *, today: date) -> dict[str, str]:
    """A value for every placeholder: the item's own facts where it has them, else invented ones."""
    office = department.name if department else item.department
    materials = "、".join(one.name for one in _materials(item))
    day = {days: day_official(today + timedelta(days=days)) for days in (-5, -4, 0, 10, 20, 30)}
    return {
        "applicant": APPLICANT, "you": "你", "me": "本人", "agent": "李志明", "item": item.name,
        "situation": item.situations[0].name if item.situations else "", "act": act_name(item.item_type),
        "law": law_name(kind, item), "case_number": CASE_NUMBER, "date": day[0], "applied_on": day[-5],
        "accepted_on": day[-4], "department": office, "place": PLACE, "government": "县人民政府",
        "consultation": item.consultation or "0731-00000000", "complaint": item.complaint or "12345",
        "reason": "（此处为经办人填写的理由）", "lacking": materials, "materials": materials, "due": day[10],
        "promised_due": day[20], "legal_due": day[30], "procedure": "现场勘验", "days": "10个工作日",
        "stopped_on": day[0], "result": item.result.name if item.result else "办理结果",
        "result_number": f"{today.year}第0001号",
        "decided_on": day[0], "receiver": APPLICANT, "how": "窗口领取", "tracking": "1234567890123",
    }  # fmt: skip


def paper_sample(words: PaperTemplate, item: Item, department: Department | None, *, today: date) -> Paper:
    """The paper these words make of a sample case of the item on `today`."""
    values = sample_values(words.paper, item, department, today=today)
    values["basis"] = fill(words.basis, values)
    office = values["department"]
    lines = tuple(Line(one.name, _note(words.paper, one, values["due"])) for one in _materials(item))
    return Paper(
        kind=words.paper, name=words.paper, office=office, through="", title=fill(words.title, values),
        document_number=f"{(department.short_name if department else '') or office}字〔{today.year}〕1号",
        case_number=CASE_NUMBER, addressee=office if words.paper in TO_THE_AUTHORITY else APPLICANT,
        blocks=tuple(
            Numbered(lines) if list_of(text) else Text(text) for text in fill_paragraphs(words.paragraphs, values)
        ),
        facts=(), appeal=fill(words.appeal, values), dated=today, signatures=(), enquiries=values["consultation"],
    )  # fmt: skip


def _materials(item: Item) -> tuple[Material, ...]:
    """Enough of them to show what a list looks like."""
    return item.materials[:2]


def _note(kind: PaperKind, material: Material, due: str) -> str:
    if kind == "deferral":
        return f"{due}以前补交"
    return material.pledge_text if kind == "pledge" else ""
