"""The words of papers: filling is safe for text from anybody, and every default holds what its paper needs."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.catalogue.documents import Basis, Item, PaperTemplate
from core.domain.catalogue.papers import (
    COMMON,
    DEFAULTS,
    KINDS,
    OF_KIND,
    PLACEHOLDERS,
    SPECIAL,
    TAKEN_IN,
    act_name,
    fill,
    fill_paragraphs,
    law_name,
    list_of,
    placeholder_problems,
)
from tests.domain import build

VALUES = {name: f"<{name}>" for name in PLACEHOLDERS}


def test_a_placeholder_is_replaced_by_its_value() -> None:
    assert fill("{you}的{item}申请", {"you": "你", "item": "高龄津贴"}) == "你的高龄津贴申请"


def test_a_placeholder_without_a_value_becomes_nothing() -> None:
    assert fill("编号：{result_number}。", {}) == "编号：。"


@pytest.mark.parametrize(
    "text",
    [
        "{nmae}", "{", "}", "{}", "{{}}", "{ item }", "{item.__class__}", "{item!r}", "{item:>99999999}", "{0}",
        "%(item)s", "${item_code}", "{% now %}", "{ITEM}",
    ],
)  # fmt: skip
def test_what_is_no_placeholder_stays_as_it_is(text: str) -> None:
    assert fill(text, {**VALUES, "nmae": "x", "0": "x"}) == text


def test_a_value_is_never_read_as_a_template() -> None:
    assert fill("{applicant}:{reason}", {"applicant": "{reason}", "reason": "{applicant}"}) == "{reason}:{applicant}"


def test_backslashes_and_markup_in_a_value_come_out_as_typed() -> None:
    assert fill("{reason}", {"reason": r"\1 \g<0> <script>&"}) == r"\1 \g<0> <script>&"


def test_a_paragraph_that_names_what_the_case_does_not_have_is_left_out() -> None:
    paragraphs = ("{you}好。", "编号：{result_number}。", "{reason}", "无占位符。")
    assert list(fill_paragraphs(paragraphs, {"you": "你", "reason": " "})) == ["你好。", "无占位符。"]


def test_a_paragraph_that_is_only_a_list_is_left_for_the_page() -> None:
    assert list(fill_paragraphs(("{lacking}", "缺：{lacking}"), {"lacking": "甲、乙"})) == ["{lacking}", "缺：甲、乙"]
    assert list_of("{lacking}") == "lacking"
    assert list_of(" {materials} ") == "materials"
    assert list_of("缺：{lacking}") == ""
    assert list_of("{reason}") == ""


def test_problems_name_what_is_no_placeholder_of_this_kind() -> None:
    template = PaperTemplate(
        paper="refusal", title="{act}", paragraphs=("{nmae}{reason}", "{due}", "{nmae}", "半{"), basis="}", appeal="{}"
    )
    assert placeholder_problems(template) == ["{nmae}", "{due}", "{", "}", "{}"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_default_without_a_fault(kind: str) -> None:
    template = DEFAULTS[kind]  # type: ignore[index]
    assert template.paper == kind
    assert template.item_code == ""
    assert template.title
    assert placeholder_problems(template) == []


def test_the_receipt_of_what_is_not_accepted_has_no_fault_and_promises_the_five_days() -> None:
    assert placeholder_problems(TAKEN_IN) == []
    assert "五个工作日" in TAKEN_IN.paragraphs[0]


def test_the_kinds_know_nothing_that_is_not_on_the_list() -> None:
    assert set().union(*OF_KIND.values()) == SPECIAL.keys()
    assert not COMMON.keys() & SPECIAL.keys()
    assert set(OF_KIND) == set(DEFAULTS) == set(KINDS)


@pytest.mark.parametrize("kind", ["refusal", "decision_denied"])
def test_who_is_turned_down_is_told_of_both_ways_to_appeal(kind: str) -> None:
    appeal = DEFAULTS[kind].appeal  # type: ignore[index]
    assert "六十日内" in appeal
    assert "行政复议" in appeal
    assert "六个月内" in appeal
    assert "行政诉讼" in appeal


def test_no_other_paper_speaks_of_an_appeal() -> None:
    assert {kind for kind in KINDS if DEFAULTS[kind].appeal} == {"refusal", "decision_denied"}


@pytest.mark.parametrize(("item_type", "name"), [("01", "行政许可"), ("05", "行政给付"), ("07", "行政确认"),
                                                 ("08", "办理"), ("10", "办理"), ("20", "办理")])  # fmt: skip
def test_the_act_is_called_by_the_items_type(item_type: str, name: str) -> None:
    assert act_name(item_type) == name


@pytest.mark.parametrize("item_type", ["05", "07", "08", "10", "20"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_paper_of_an_item_that_is_no_licence_speaks_of_licences(kind: str, item_type: str) -> None:
    item = _item(item_type)
    template = DEFAULTS[kind]  # type: ignore[index]
    values = VALUES | {"act": act_name(item_type), "law": law_name(kind, item), "basis": law_name(kind, item)}  # type: ignore[arg-type]
    texts = (template.title, *template.paragraphs, template.basis, template.appeal, *TAKEN_IN.paragraphs)
    words = "".join(fill(text, values) for text in texts)
    # The name of the State Council's document has the word.
    assert "许可" not in words.replace("涉企经营许可事项告知承诺制", "")


@pytest.mark.parametrize(
    ("kind", "article"),
    [
        ("receipt", "第三十二条第一款第五项"), ("refusal", "第三十二条"), ("supplement", "第三十二条第一款第四项"),
        ("special_procedure", "第四十五条"), ("extension", "第四十二条"), ("decision_granted", "第三十八条第一款"),
        ("decision_denied", "第三十八条第二款"), ("delivery", "第四十四条"),
    ],
)  # fmt: skip
def test_a_licences_paper_rests_on_its_article(kind: str, article: str) -> None:
    assert law_name(kind, _item("01")) == f"《中华人民共和国行政许可法》{article}"  # type: ignore[arg-type]


def test_a_decision_on_a_benefit_rests_on_the_items_own_basis() -> None:
    item = _item("05", basis=(Basis(title="《社会救助暂行办法》", article="第十一条"), Basis(title="办法")))
    assert law_name("decision_granted", item) == "《社会救助暂行办法》第十一条、《办法》"


def test_the_defaults_travel_in_a_release_as_they_are() -> None:
    for template in DEFAULTS.values():
        wire = msgspec.msgpack.encode(template)
        assert msgspec.msgpack.decode(wire, type=PaperTemplate) == template


def _item(item_type: str, basis: tuple[Basis, ...] = ()) -> Item:
    return build.item("ITEM-P", "某事项", "promised", item_type=item_type, basis=basis)
