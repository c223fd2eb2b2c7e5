"""A log line names nobody, whoever wrote it and whatever it was made from; and says what goes on and where."""

import io
import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stderr
from typing import Any
from uuid import UUID

import pytest
import structlog

from core import logs
from core.logs import LOST, Formatter, Stderr, case_hash
from core.tracing import trace_begin, trace_now, trace_wrote

KEY = bytes(range(32))
NUMBER, OTHER = "4303211002000126112200011", "4303211002000126112200020"
HASH = case_hash(NUMBER, KEY)
STREAM = "segment 000000000001-000000000500.seg of 430321100200-01/1>core"


def place() -> Mapping[str, str]:
    return {"tenant": "430321100000", "node": "430321100200-01"}


def key() -> bytes:
    return KEY


def broken() -> bytes:
    """Asked for while it logs by itself."""
    logging.getLogger("asked").warning("case %s", NUMBER)
    raise RuntimeError("no database")


def written(message: object, *args: object, formatter: Formatter | None = None, **extra: Any) -> dict[str, Any]:
    """The line a library's call becomes."""
    formatter = formatter or Formatter(as_json=True, place=f"{__name__}.place", case_key=f"{__name__}.key")
    record = logging.LogRecord("a.library", logging.WARNING, __file__, 1, message, args, extra.pop("exc_info", None))
    text = formatter.format(record)
    assert "\n" not in text
    line: dict[str, Any] = json.loads(text)
    return line


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Our own events, as they are written."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Formatter(as_json=True, place=f"{__name__}.place", case_key=f"{__name__}.key"))
    log = logging.getLogger("tests.said")
    monkeypatch.setattr(log, "handlers", [handler])
    monkeypatch.setattr(log, "propagate", False)
    log.setLevel(logging.INFO)
    return out


def test_a_line_says_when_what_where_and_in_which_act(said):
    with trace_begin(request=True) as trace:
        structlog.get_logger("tests.said").info("stream_held", reason="fork", entries=3)
    line = json.loads(said.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "info", "logger": "tests.said", "event": "stream_held", "trace": trace.id, "request": trace.id,
        "tenant": "430321100000", "node": "430321100200-01", "reason": "fork", "entries": 3,
    }  # fmt: skip


def test_the_case_an_act_wrote_to_is_in_its_later_lines_as_a_hash(said):
    with trace_begin():
        trace_wrote(NUMBER)
        structlog.get_logger("tests.said").error("failed")
    assert json.loads(said.getvalue())["case"] == HASH


def test_a_case_has_one_hash_in_the_county_and_another_in_the_next(said):
    assert case_hash(f" {NUMBER} ", KEY) == HASH
    assert re.fullmatch("[k-z]{16}", HASH)
    assert len({HASH, case_hash(OTHER, KEY), case_hash(NUMBER, bytes(32))}) == 3
    structlog.get_logger("tests.said").info("told", case=NUMBER, number=OTHER)
    line = json.loads(said.getvalue())
    assert (line["case"], line["number"]) == (HASH, f"case:{case_hash(OTHER, KEY)}")


@pytest.mark.parametrize(
    ("message", "left"),
    [
        (f"Not Found: /verify/{NUMBER}/", f"Not Found: /verify/case:{HASH}/"),
        (f"GET /cases/{NUMBER}/?q=张三&id=43032119900307123X HTTP/1", f"GET /cases/case:{HASH}/?[query] HTTP/1"),
        ("Not Found: /搜索/张三/", "Not Found: /[zh]/[zh]/"),
        ("GET /search/%E5%BC%A0%E4%B8%89/", "GET /search/[text]/"),
        ("４３０３２１１００２０００１２６１１２２０００１１", f"case:{HASH}"),
        ("4303 2110 0200 0126 1122 0001 1", f"case:{HASH}"),
        ("43032110020001-261122-00011", f"case:{HASH}"),
        ("4303211002000126\u200b112200011", f"case:{HASH}"),
        ("٤٣٠٣٢١١٠٠٢٠٠٠١٢٦١١٢٢٠٠٠١١", f"case:{HASH}"),
        ("4303 2110 0200 0126 1122 0001 8", "[number]"),
        ("id 430321199003071234 seen", "id [id] seen"),
        ("430321\u00a01990\u20100307\u200d1234", "[id]"),
        ("0430321199003071234", "[number]"),
        ("98765432109876543210987654321", "[number]"),
        ("call １３８１２３４５６７８", "call [phone]"),
        ("1\u200b3\u200b8\u200b1\u200b2\u200b3\u200b4\u200b5\u200b6\u200b7\u200b8", "[phone]"),
        ("张\u200b三", "[zh]"),
        ("Key (applicant_name)=(陈秀英) already exists.", "Key (applicant_name)=([zh]) already exists."),
        ("{'username': 'zhang.san', 'ip_address': '10.1.2.3'}", "{'username': [struck], 'ip_address': '10.1.2.3'}"),
        ('{"phone": 13812345678}', '{"phone": [struck]}'),
        ("zhang.san@example.org", "[mail]"),
        ("Starting job provision[7](run=3)", "Starting job provision[7](run=3)"),
        (STREAM, STREAM),
    ],
)  # fmt: skip
def test_hostile_messages_lose_what_they_carry(message, left):
    assert written(message)["event"] == left
    assert written("%s", message)["event"] == left


def test_personal_data_in_the_fields_of_an_event_is_struck_out(said):
    structlog.get_logger("tests.said").info(
        "told", name="Zhang San", applicant={"phone": 13812345678}, detail=["张三", {"id_number": "x"}], n=13812345678,
        reason=f"{NUMBER} 13812345678", made_ms=1795331822123, entry=UUID(int=13812345678), raw=b"\xe5\xbc\xa0",
        sha256="1" * 11 + "a" * 53, traces=["0123456789abcdef", "13812345678", "张三"],
    )  # fmt: skip
    line = json.loads(said.getvalue())
    assert {name: line[name] for name in ("name", "applicant", "detail", "n", "reason", "made_ms")} == {
        "name": "[struck]", "applicant": {"phone": "[struck]"}, "detail": ["[zh]", {"id_number": "[struck]"}],
        "n": "[phone]", "reason": f"case:{HASH} [phone]", "made_ms": 1795331822123,
    }  # fmt: skip
    assert line["entry"] == "00000000-0000-0000-0000-00033747ab4e"
    assert (line["raw"], line["sha256"], line["traces"]) == ("e5bca0", "1" * 11 + "a" * 53, ["0123456789abcdef"])


def test_a_traceback_is_kept_without_what_its_error_said_of_people(said):
    try:
        raise ValueError(f"陈秀英 11010519491231002X {NUMBER}")
    except ValueError:
        structlog.get_logger("tests.said").exception("failed")
        line = written("failed", exc_info=sys.exc_info())
    for one in (json.loads(said.getvalue()), line):
        assert "Traceback" in one["exception"] and one["exception"].endswith(f"ValueError: [zh] [id] case:{HASH}")
        assert "陈" not in one["exception"] and "11010519491231002X" not in one["exception"]


def test_an_event_cannot_pass_for_another_act_or_another_time(said):
    with trace_begin() as trace:
        structlog.get_logger("tests.said").info("told", trace="forged\n", time="never", level="debug", logger="x")
    line = json.loads(said.getvalue())
    assert (line["trace"], line["level"], line["logger"]) == (trace.id, "info", "tests.said")
    assert line["time"] != "never"


def test_nothing_in_a_message_makes_a_line_of_its_own_on_a_terminal():
    formatter = Formatter(as_json=False)
    record = logging.LogRecord("a", logging.INFO, "", 1, "one\n2026-11-22T00:00:00Z ERROR forged\x1b[2J", (), None)
    text = formatter.format(record)
    assert "\n" not in text and "\x1b" not in text
    assert r"one\n2026-11-22T00:00:00Z ERROR forged\x1b[2J" in text


def test_without_the_countys_key_a_number_is_gone_all_the_same():
    formatter = Formatter(as_json=True, case_key=f"{__name__}.broken")
    assert written(f"/cases/{NUMBER}/", formatter=formatter)["event"] == "/cases/[case]/"
    assert written(f"/cases/{NUMBER}/", formatter=Formatter(as_json=True))["event"] == "/cases/[case]/"


def test_a_call_whose_arguments_do_not_fit_says_so_and_not_what_they_were():
    line = written("%d of %d", "张三")
    assert line["event"] == "a log call whose arguments do not fit its message"
    assert "张三" not in json.dumps(line, ensure_ascii=False)


def test_a_line_that_cannot_be_written_is_said_without_its_words():
    class Unwritable(io.StringIO):
        def write(self, text: str) -> int:
            if text != LOST + "\n":
                raise UnicodeError(text)
            return super().write(text)

    out = Unwritable()
    handler = Stderr()
    handler.setStream(out)
    with redirect_stderr(io.StringIO()) as errors:
        handler.handle(logging.LogRecord("a", logging.INFO, "", 1, "张三", (), None))
    assert (out.getvalue(), errors.getvalue()) == (LOST + "\n", "")


def test_a_value_that_cannot_be_read_is_no_fault_of_the_program(said):
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("张三")

    structlog.get_logger("tests.said").info("told", value=Odd(), text="\ud800张三")
    line = json.loads(said.getvalue())
    assert (line["value"], line["text"]) == ("[unreadable: RuntimeError]", "[zh]")


def test_a_long_hostile_message_is_cut_outside_of_numbers_and_costs_little():
    for part in ("name", "a@", "1 ", "张", "-", "430321", "\\u5f20"):
        began = time.perf_counter()
        line = written(part * (1_000_000 // len(part)))
        # Measured: 2 to 60 ms; a regular expression gone wild would take minutes.
        assert time.perf_counter() - began < 2
        assert len(line["event"]) < 2_100
    whole = "x" * (logs.VALUE_LIMIT - 10) + " 430321199003071234"
    assert "430321" not in written(whole)["event"]


def test_each_trace_is_its_own_and_outside_of_all_the_process_has_one():
    alone = trace_now().id
    with trace_begin() as one:
        with trace_begin() as two:
            assert trace_now() is two
        assert trace_now() is one
    assert trace_now().id == alone
    assert len({alone, one.id, two.id}) == 3


@pytest.mark.parametrize("trace", ["", "x" * 16, "0123456789ABCDEF", "0123456789abcdef\n", "0" * 17, "\x1b[2J"])
def test_a_trace_that_a_hostile_node_made_up_is_not_written(said, trace):
    structlog.get_logger("tests.said").info("entry_applied", trace=trace, traces=[trace])
    line = json.loads(said.getvalue())
    assert (line["trace"], line["traces"]) == (trace_now().id, [])


@pytest.mark.parametrize(("wanted", "terminal"), [("json", False), ("text", True), ("", False), ("xml", False)])
def test_the_environment_says_for_whom_lines_are_written(monkeypatch, wanted, terminal):
    monkeypatch.setenv("YIZHAN_LOG_FORMAT", wanted)
    with redirect_stderr(io.StringIO()):
        assert logs.is_terminal() is terminal
