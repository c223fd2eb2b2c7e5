"""One act, followed from a village's page to the county's rows: by its trace, by the log lines, by `trace_case`."""

import json
import logging
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.utils import translation
from django_tenants.utils import schema_context

from core.county.registry.keys import core_identity
from core.county.workqueue.models import CaseAccess
from core.domain.journal.models import Entry, ReadSegment, Segment
from core.domain.journal.selectors import entries_of_case
from core.logs import Formatter, case_hash
from tenants.connection import connection
from tests.core.far import County, FarNode
from tests.core.registry_places import SCHEMA
from tests.core.test_far_nodes import county
from tests.enrolling import TENANT, VILLAGE

pytestmark = pytest.mark.django_db
__all__ = ["county"]


@pytest.fixture
def village(county: County, tmp_path: Path) -> FarNode:
    node = county.node("village")
    node.log = tmp_path / "village.log"
    assert county.enrol(node, VILLAGE) == 1
    return node


@pytest.fixture
def said() -> Iterator[StringIO]:
    """The core's log, written by the formatter its settings name, down to DEBUG."""
    line = {name: value for name, value in django_settings.LOGGING["formatters"]["line"].items() if name != "()"}
    out, root = StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(out), root.level
    handler.setFormatter(Formatter(**line | {"as_json": True}))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(level)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def traced(number: str, *more: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of the core's `trace_case --json`."""
    connection.set_schema_to_public()
    out = StringIO()
    try:
        call_command("trace_case", number, "--json", *more, stdout=out)
    except CommandError as error:
        return error.returncode, json.loads(out.getvalue() or str(error))
    return 0, json.loads(out.getvalue())


def traced_there(node: FarNode, number: str) -> tuple[int, dict[str, Any]]:
    answer = node.ask("manage", command=["trace_case", number, "--json"])
    return answer["code"], json.loads(answer["said"])


def times(way: dict[str, Any]) -> list[Any]:
    return [hop["at"] for hop in way["hops"]]


def test_an_act_on_a_villages_page_has_one_trace_in_its_answer_its_entry_both_logs_and_the_countys_row(
    county, village, said
):
    case = village.ask("take")
    answer = village.ask(
        "page", path=f"/cases/{case['id']}/acts/note/", fields={"text": "张秀英 电话 13812345678 已告知"}
    )
    trace = answer["request"]
    assert answer["status"] == 302 and re.fullmatch("[0-9a-f]{16}", trace) and trace != "0123456789abcdef"
    county.settle(village)
    with schema_context(SCHEMA):
        [note] = [one for one in entries_of_case(case["id"]) if one.kind == "note.added"]
    assert note.trace == trace
    key = core_identity().root_key
    hashed = case_hash(case["number"], key)
    there = [line for line in lines(village.log.read_text()) if line.get("trace") == trace]
    assert [line["event"] for line in there] == ["entry_written", "request"]
    assert there[-1] | {"took_ms": 0, "time": ""} == {
        "time": "", "level": "info", "logger": "core.counter.tracing", "event": "request", "trace": trace,
        "request": trace, "tenant": TENANT, "node": VILLAGE, "case": hashed, "method": "POST", "view": "counter:act",
        "status": 302, "took_ms": 0, "entries": 1,
    }  # fmt: skip
    [sealed] = [line for line in lines(village.log.read_text()) if trace in line.get("traces", ())]
    assert (sealed["event"], sealed["audience"]) == ("segment_sealed", "core")
    here = [line for line in lines(said.getvalue()) if trace in (line.get("trace"), *line.get("traces", ()))]
    assert [(line["event"], line["level"]) for line in here] == [
        ("entry_applied", "debug"),
        ("segment_applied", "info"),
    ]
    assert (here[0]["case"], here[0]["kind"], here[0]["tenant"]) == (hashed, "note.added", TENANT)
    assert (here[1]["author"], here[1]["last"]) == (VILLAGE, sealed["last"])


def test_neither_log_names_anybody_or_the_case(county, village, said):
    case = village.ask("take")
    village.ask("page", path=f"/cases/{case['id']}/acts/note/", fields={"text": "张秀英 电话 13812345678 已告知"})
    county.settle(village)
    county.decide(case["id"])
    county.settle(village)
    for text in (village.log.read_text(), said.getvalue()):
        assert len(text.splitlines()) > 10
        for secret in (case["number"], "陈秀英", "张秀英", "13812345678", "11010519491231002X"):
            assert secret not in text and json.dumps(secret)[1:-1] not in text


def test_every_hop_is_shown_in_order_until_the_county_has_confirmed_it(county, village):
    case = village.ask("take")
    code, before = traced_there(village, case["number"])
    assert code == 2 and before["waits"] is True
    opened = before["cases"][0]["entries"][0]
    assert (opened["kind"], opened["came"], opened["goes"][0]["standing"]) == ("case.opened", None, "queued")
    county.settle(village)
    code, after = traced_there(village, case["number"])
    assert code == 0 and after["waits"] is False
    way = after["cases"][0]["entries"][0]["goes"][0]
    assert (way["to"], way["stream"], way["seq"]) == ("core", f"{VILLAGE}/1>core", 1)
    assert way["segment"].startswith("000000000001-") and way["standing"] == "acked"
    assert [hop["step"] for hop in way["hops"]] == ["queued", "sealed", "acked"]
    assert times(way) == sorted(times(way)) and len(set(times(way))) == 3
    code, found = traced(case["number"])
    assert code == 0
    [entry] = [one for one in found["cases"][0]["entries"] if one["id"] == opened["id"]]
    assert (entry["trace"], entry["standing"]) == (opened["trace"], "applied")
    came = entry["came"]
    assert (came["stream"], came["seq"], came["segment"]) == (way["stream"], 1, way["segment"])
    assert [hop["step"] for hop in came["hops"]] == ["sealed", "came", "applied"]
    hops = [entry["written_at"], *times(came), times(way)[-1]]
    assert hops == sorted(hops)
    assert times(came)[0] == times(way)[1]
    assert found["hash"] == after["hash"] and found["work"][0]["power"] == "review"


def test_a_decision_on_its_way_down_waits_and_is_confirmed_by_the_village(county, village):
    case = village.ask("take")
    county.settle(village)
    county.decide(case["id"])
    code, found = traced(case["number"])
    assert code == 2
    [decided] = [one for one in found["cases"][0]["entries"] if one["kind"] == "case.decided"]
    assert decided["came"] is None
    assert [(way["to"], way["standing"]) for way in decided["goes"]] == [(VILLAGE, "queued")]
    county.settle(village)
    code, found = traced(case["number"], "--entry", decided["id"])
    [again] = found["cases"][0]["entries"]
    assert code == 0 and [way["standing"] for way in again["goes"]] == ["acked"]
    assert [hop["step"] for hop in again["goes"][0]["hops"]] == ["queued", "sealed", "acked"]
    there = traced_there(village, case["number"])[1]["cases"][0]["entries"]
    [read] = [one for one in there if one["id"] == decided["id"]]
    assert read["trace"] == decided["trace"] and read["came"]["seq"] == again["goes"][0]["seq"]


def test_what_was_not_kept_is_said_to_be_unknown(county, village, tmp_path):
    case = village.ask("take")
    county.settle(village)
    with schema_context(SCHEMA):
        ReadSegment.objects.update(made_at_ms=0, came_at_ms=0, applied_at_ms=0)
    [came, *_] = [one["came"] for one in traced(case["number"])[1]["cases"][0]["entries"]]
    # The archived file's own header still says when it was made.
    assert came["hops"][0]["at"] is not None and times(came)[1:] == [None, None]
    for file in (tmp_path / "core" / "archive" / VILLAGE).rglob("*.seg"):
        file.unlink()
    [came, *_] = [one["came"] for one in traced(case["number"])[1]["cases"][0]["entries"]]
    assert (came["seq"], times(came)) == (None, [None, None, None])
    connection.set_schema_to_public()
    out = StringIO()
    with translation.override("en"):
        call_command("trace_case", case["number"], stdout=out)
    assert "not to be found any more" in out.getvalue() and "not known" in out.getvalue()


def test_looking_is_on_the_record_and_shows_nobodys_data(county, village):
    case = village.ask("take")
    county.settle(village)
    connection.set_schema_to_public()
    out = StringIO()
    call_command("trace_case", case["number"], "--by", "op7", stdout=out)
    assert "陈" not in out.getvalue() and "11010519491231002X" not in out.getvalue()
    assert list(CaseAccess.objects.values_list("staff_code", "act", "reason", "tenant_code")) == [
        ("op7", "trace_case", "operation", TENANT)
    ]
    # The word alone is no look into the case.
    out = StringIO()
    call_command("trace_case", case["number"], "--hash", stdout=out)
    assert out.getvalue().strip() == case_hash(case["number"], core_identity().root_key)
    assert village.ask("manage", command=["trace_case", case["number"], "--hash"])["said"] == out.getvalue()
    assert CaseAccess.objects.count() == 1


def test_a_case_that_never_came_is_not_found_and_its_machine_is_named(county, village):
    case = village.ask("take")
    county.look()
    code, found = traced(case["number"])
    assert code == 1 and found["cases"] == []
    assert found["giver"]["node"] == VILLAGE
    assert CaseAccess.objects.count() == 0


@pytest.mark.parametrize(
    "number", ["", "1", "4303211002000126112200012", "'; DROP TABLE x; --", "\x1b[2J" * 9, "٣" * 25]
)
def test_what_is_no_case_number_is_refused_and_not_repeated(county, number):
    connection.set_schema_to_public()
    with pytest.raises(CommandError) as refused:
        call_command("trace_case", number)
    assert refused.value.returncode == 1 and (not number or number not in str(refused.value))


def test_a_confirmation_is_kept_with_its_segment_and_costs_no_row_an_entry(county, village):
    for _ in range(2):
        village.ask("take")
        county.settle(village)
    with schema_context(SCHEMA):
        read = list(ReadSegment.objects.filter(cursor__author=VILLAGE).order_by("first"))
        assert all(0 < one.made_at_ms <= one.came_at_ms <= one.applied_at_ms for one in read) and len(read) == 2
        down = Segment.objects.filter(stream__audience=VILLAGE)
        assert down.exists() and not down.filter(acked_at_ms=0).exists()
        assert not {"trace", "segment"} & {one.name for one in Entry._meta.get_fields()}
