"""The words of papers are edited with a preview beside them, and travel with the release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from core.counter.papers import Numbered, Text
from core.county.publishing import selectors
from core.county.publishing.paper_preview import NO_ITEM, paper_sample, sample_values
from core.county.publishing.services import draft_put, release_publish
from core.domain.catalogue.documents import PaperTemplate
from core.domain.catalogue.papers import DEFAULTS, KINDS, PLACEHOLDERS
from core.domain.catalogue.selectors import paper_template
from core.domain.journal.clock import today
from tests.core.publishing import catalogue, item, published
from tests.core.test_publishing_pages import client_of

pytestmark = pytest.mark.django_db(transaction=True)

TYPED = {
    "title": "不予受理决定书",
    "paragraphs": "{applicant}:\n\n因{reason},不予受理。",
    "basis": "{law}",
    "appeal": "",
}
GENERAL = PaperTemplate(paper="refusal", title="县里的不予受理决定书", paragraphs=("{reason}",), basis="{law}")


@pytest.fixture(autouse=True)
def var_dir(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def admin() -> Client:
    draft_put(catalogue(), by="admin1")
    return client_of("county_admin")


def paper(key: str) -> PaperTemplate:
    found = selectors.draft_get("paper", key)
    assert isinstance(found, PaperTemplate)
    return found


def test_the_form_begins_with_the_usual_words(admin):
    page = admin.get("/catalogue/papers/edit/refusal/")
    assert page.context["form"].words == DEFAULTS["refusal"]
    assert "不予受理决定书" in page.content.decode()


def test_saved_words_stand_in_the_draft_and_are_published(admin):
    answer = admin.post("/catalogue/papers/edit/refusal/", TYPED | {"act": "save"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/catalogue/papers/")
    words = PaperTemplate(paper="refusal", title="不予受理决定书", basis="{law}",
                          paragraphs=("{applicant}:", "因{reason},不予受理。"))  # fmt: skip
    assert paper("refusal/") == words
    assert paper_template("refusal", "X1") is None
    release_publish(by="admin1", note="文书")
    assert paper_template("refusal", "X1") == words


def test_an_items_own_words_begin_with_the_countys_general_ones(admin):
    draft_put([GENERAL], by="admin1")
    assert admin.get("/catalogue/papers/edit/refusal/X1").context["form"].words.title == GENERAL.title
    answer = admin.post("/catalogue/papers/edit/refusal/X1", TYPED | {"act": "save"})
    assert answer.headers["Location"] == "/catalogue/papers/?item=X1"
    assert (paper("refusal/X1").title, paper("refusal/")) == ("不予受理决定书", GENERAL)


def test_a_placeholder_this_paper_does_not_know_is_refused_at_its_field(admin):
    answer = admin.post("/catalogue/papers/edit/refusal/", TYPED | {"paragraphs": "请于{due}前补正", "act": "save"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["paragraphs"])
    assert answer.context["form"].errors["paragraphs"] == ["“{due}” is no placeholder of this kind of paper."]
    assert not selectors.draft_holds("paper", "refusal/")


def test_the_preview_fills_what_was_typed_and_saves_nothing(admin):
    answer = admin.post("/catalogue/papers/edit/refusal/X1", TYPED | {"title": "", "act": "preview"})
    assert answer.status_code == 200
    assert answer.context["form"]["paragraphs"].value() == "{applicant}:\n因{reason},不予受理。"
    assert next(one.text for one in answer.context["paper"].blocks) == "陈秀英:"
    assert "Nothing was saved" not in answer.content.decode()
    assert not selectors.draft_holds("paper", "refusal/X1")


def test_the_live_preview_is_only_the_paper_and_names_what_is_unknown(admin):
    typed = TYPED | {"title": "关于{nmae}", "act": "preview"}
    answer = admin.post("/catalogue/papers/edit/refusal/", typed, headers={"hx-request": "true"})
    body = answer.content.decode()
    assert (answer.context["unknown"], "<form" in body, "陈秀英:" in body) == (["{nmae}"], False, True)


def test_what_an_administrator_types_is_never_markup_in_the_preview(admin):
    typed = TYPED | {"paragraphs": "<script>alert(1)</script>", "act": "preview"}
    body = admin.post("/catalogue/papers/edit/refusal/", typed).content.decode()
    assert "<script>alert(1)" not in body and "&lt;script&gt;alert(1)" in body


def test_resetting_takes_the_words_out_of_the_draft(admin):
    own = PaperTemplate(paper="refusal", item_code="X1", title="本事项的决定书", paragraphs=("{reason}",))
    draft_put([GENERAL, own], by="admin1")
    answer = admin.post("/catalogue/papers/reset/refusal/X1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/catalogue/papers/?item=X1")
    assert selectors.papers_of_draft() == {("refusal", ""): GENERAL}
    assert admin.get("/catalogue/papers/reset/refusal/").status_code == 405


def test_the_list_says_whose_words_each_paper_has(admin):
    own = PaperTemplate(paper="receipt", item_code="X1", title="受理通知书", paragraphs=("{item}",))
    draft_put([GENERAL, own], by="admin1")
    rows = {row["key"]: row for row in admin.get("/catalogue/papers/").context["rows"]}
    assert (rows["refusal/"]["general"], rows["receipt/"]["items"]) == (GENERAL, [("receipt/X1", "高龄津贴")])
    rows = {row["key"]: row for row in admin.get("/catalogue/papers/?item=高龄津贴").context["rows"]}
    assert (rows["receipt/X1"]["own"], rows["refusal/X1"]["own"]) == (own, None)
    assert "The draft has no item" in admin.get("/catalogue/papers/?item=没有").content.decode()


def test_the_changes_name_the_paper_by_its_kind_and_item(admin):
    published()
    draft_put([PaperTemplate(paper="refusal", item_code="X2", title="决定书", paragraphs=("{reason}",))], by="admin1")
    body = admin.get("/catalogue/changes/").content.decode()
    assert "refusal · 临时救助" in body


def test_a_changed_paragraph_is_shown_before_and_after(admin):
    draft_put([GENERAL], by="admin1")
    published()
    admin.post("/catalogue/papers/edit/refusal/", TYPED | {"act": "save"})
    ((_kind, [(_one, title, fields)]),) = admin.get("/catalogue/changes/").context["groups"]
    assert title == "refusal · all items"
    assert [(one.label, one.before, one.after) for one in fields] == [
        ("title", "县里的不予受理决定书", "不予受理决定书"),
        ("paragraphs", "{reason}", "{applicant}:\n因{reason},不予受理。"),
    ]


def test_withdrawing_an_item_takes_its_papers_along(admin):
    own = PaperTemplate(paper="refusal", item_code="X1", title="决定书", paragraphs=("{reason}",))
    draft_put([GENERAL, own], by="admin1")
    admin.post("/catalogue/items/withdraw/X1/")
    assert selectors.papers_of_draft() == {("refusal", ""): GENERAL}


@pytest.mark.parametrize("key", ["nothing/", "refusal", "refusal/X9"])
def test_a_paper_that_cannot_be_is_not_found(admin, key):
    assert admin.get(f"/catalogue/papers/edit/{key}").status_code == 404


def test_a_clerk_may_not_word_papers():
    clerk = client_of("clerk")
    assert clerk.get("/catalogue/papers/").status_code == 403
    assert clerk.post("/catalogue/papers/edit/refusal/", TYPED | {"act": "save"}).status_code == 403


def test_every_placeholder_has_a_sample():
    values = sample_values("refusal", item(), None, today=today())
    assert PLACEHOLDERS.keys() - values.keys() == {"basis"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_usual_paper_has_a_preview_without_a_brace(kind):
    sample = paper_sample(DEFAULTS[kind], NO_ITEM, None, today=today())
    texts = [one.text for one in sample.blocks if isinstance(one, Text)]
    assert sample.title and not any("{" in text for text in [sample.title, sample.appeal, *texts])
    assert any(isinstance(one, Numbered) for one in sample.blocks) == (kind in ("supplement", "deferral", "pledge"))
