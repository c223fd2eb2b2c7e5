"""docs/procedure.md names every entry kind of a case, and only tests that exist."""

import re
from pathlib import Path

import pytest

from core.domain.cases.lifecycle import RULES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/procedure.md").read_text()
ROWS = re.findall(r"^\| `([a-z]+\.[a-z]+)` \| (.+?) \| (.+?) \| (.+?) \|$", TEXT, re.M)
NAMED = sorted(set(re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", TEXT)))


def test_every_kind_of_a_case_has_its_row_and_no_kind_two():
    assert sorted(kind for kind, *_ in ROWS) == sorted(RULES)


def test_every_row_names_a_source_a_page_and_a_test():
    assert [kind for kind, source, page, test in ROWS if not (source and page and "tests/" in test)] == []


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_a_test_it_names_exists(file, test):
    text = (ROOT / file).read_text()
    assert not test or re.search(rf"^(async )?def {test}\(", text, re.M)
