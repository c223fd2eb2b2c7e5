"""Log lines of the core and of nodes: JSON where a machine reads them, plain text on a terminal; nothing personal.

Our own events (structlog) and those of every library go through the same formatter, which knows what goes on (trace,
request, tenant, node), strikes out personal data and puts a hash in the place of every case number. docs/logging.md is
the description. No Django at import: a web server reads its own logger from here before the settings.
"""

from __future__ import annotations

import hashlib
import json
import logging
import logging.config
import os
import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, cast
from uuid import UUID

import structlog
from stdnum.iso7064 import mod_11_10

from core.scrub import scrub, scrub_json
from core.tracing import trace_is_valid, trace_now, traces_valid

#: Characters of one value, and of a traceback; what is longer is cut. A hostile message costs milliseconds, no more.
VALUE_LIMIT: Final = 2_000
TRACEBACK_LIMIT: Final = 16_000
#: Stands for a case number where this machine does not know the county's key yet.
UNKNOWN_CASE: Final = "[case]"
#: Written in the place of a line that could not be written.
LOST: Final = '{"level": "error", "logger": "core.logs", "event": "log_line_lost"}'

_LETTERS: Final = str.maketrans("0123456789abcdef", "klmnopqrstuvwxyz")
#: 25 digits together are a case number, right or mistyped; parted as people write them, where the check digit agrees.
_NUMBER: Final = re.compile(r"(?<!\d)\d(?:[ -]?\d){24}(?!\d)")
#: No number of this program is as long; an ID number with a digit too many would be.
_LONG: Final = re.compile(r"\d{19,}")
_DASHES: Final = dict.fromkeys(range(0x2010, 0x2016), "-") | {0x2212: "-"}
#: Our own words: nothing in them could be anybody's.
_WORD: Final = re.compile(r"[a-z_. ]*[0-9]{0,4}\Z")
_HEX: Final = re.compile(r"[0-9a-f]{8,128}\Z")
#: Fields of ours that hold such a value: digits in them are nobody's.
_DIGESTS: Final = frozenset({"sha256", "header", "digest"})

Place = Callable[[], Mapping[str, str]]


def case_hash(number: str, key: bytes) -> str:
    """The case number as logs have it: 16 letters k to z, the same on every machine of the county whose root public key
    is `key` (32 bytes). BLAKE2b with that key; letters, so that it is never taken for a trace or for a number.

    It keeps numbers out of sight and lets lines of one case be found; it is no secret from who has the key and tries
    all numbers of a day.
    """
    digits = number.strip().replace(" ", "")
    digest = hashlib.blake2b(digits.encode(), digest_size=8, key=key, person=b"yizhan/log/case")
    return digest.hexdigest().translate(_LETTERS)


def is_terminal() -> bool:
    """Whether people read standard error as it is written. YIZHAN_LOG_FORMAT (json, text) decides where it is set."""
    wanted = os.environ.get("YIZHAN_LOG_FORMAT", "").strip().lower()
    return wanted == "text" if wanted in {"json", "text"} else sys.stderr.isatty()


def logging_configure(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: libraries and our own events are written as `config` says."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Not cached: a test that captures events must reach loggers that were used before.
        cache_logger_on_first_use=False,
    )


class Stderr(logging.StreamHandler):  # type: ignore[type-arg]  # it is generic in the stubs only
    """Standard error as it is now. What cannot be written is said without a word of what it was: Python's own report of
    a line that failed shows its arguments."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def handleError(self, record: logging.LogRecord) -> None:
        try:
            self.stream.write(LOST + "\n")
            self.flush()
        except (OSError, ValueError):
            return  # nobody is left who could be told


class Formatter(structlog.stdlib.ProcessorFormatter):
    """`place` and `case_key` are paths of functions: where this process stands ({"tenant", "node"}, without asking the
    database), and the county's root public key (raises while it is not known)."""

    def __init__(self, *, as_json: bool, place: str = "", case_key: str = "") -> None:
        self._place, self._case_key = place, _CaseKey(case_key)
        super().__init__(processors=[self._compose, _json if as_json else _text])

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, dict):
            return super().format(record)
        # Before the library's own formatting, which raises with the arguments in its words.
        copy = logging.makeLogRecord(record.__dict__)
        try:
            copy.msg, copy.args = record.getMessage(), ()
        except Exception:
            copy.msg, copy.args = "a log call whose arguments do not fit its message", ()
        return super().format(copy)

    def _compose(self, _logger: object, _method: str, given: Any) -> dict[str, Any]:
        record: logging.LogRecord = given.pop("_record")
        given.pop("_from_structlog", None)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": self.clean(given.pop("event", "")),
        }
        line |= self._circumstances(given)
        exc_info = given.pop("exc_info", None)
        for key, value in given.items():
            line.setdefault(str(key), self._value(str(key), value))
        if trace := _traceback(exc_info):
            line["exception"] = self.clean(trace, TRACEBACK_LIMIT)
        return line

    def _circumstances(self, given: dict[str, Any]) -> dict[str, Any]:
        """What goes on and where; an event may name another trace than its own, and another case."""
        now, own = trace_now(), str(given.pop("trace", ""))
        found: dict[str, Any] = {"trace": own if trace_is_valid(own) else now.id}
        if now.request:
            found["request"] = now.id
        found |= _called(self._place)
        for name in ("tenant", "node"):
            # What the event is about comes before where it happened.
            if name in given:
                found[name] = self._value(name, given.pop(name))
        case = str(given.pop("case", "") or now.case)
        if case:
            found["case"] = self._case(case) if len(case) == 25 and case.isdigit() else self.clean(case)
        return found

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {self.clean(name): self._value(str(name), one) for name, one in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            if key == "traces":
                return traces_valid(str(one) for one in value)
            return [self._value(key, one) for one in value]
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, bytes):
            value = value[:64].hex()
        return self._one(key, value)

    def _one(self, key: str, value: Any) -> Any:
        if isinstance(value, UUID) or (key in _DIGESTS and isinstance(value, str) and _HEX.match(value)):
            return str(value)
        # By its key first: under "name" everything is struck out.
        kept = scrub_json(value if isinstance(value, int) else "", key)
        return kept if kept == "[struck]" or isinstance(kept, int) else self.clean(value)

    def clean(self, value: object, limit: int = VALUE_LIMIT) -> str:
        """The text of the value without personal data; a hash in the place of each case number."""
        try:
            text = _cut(_plain(str(value)), limit)
            parts: list[str] = []
            end = 0
            for found in _NUMBER.finditer(text):
                parts += [_scrubbed(text[end : found.start()]), self._number(found[0])]
                end = found.end()
            return "".join([*parts, _scrubbed(text[end:])])
        except Exception as error:  # a value that cannot even be read must not stop the program that logs it
            return f"[unreadable: {type(error).__name__}]"

    def _number(self, text: str) -> str:
        digits = re.sub(r"\D", "", text)
        return self._case(digits, "case:") if len(text) == 25 or mod_11_10.is_valid(digits) else "[number]"

    def _case(self, digits: str, mark: str = "") -> str:
        key = self._case_key()
        return mark + case_hash(digits, key) if key else UNKNOWN_CASE


class _CaseKey:
    """The county's key, asked for until it is known and kept then; b"" before."""

    def __init__(self, path: str) -> None:
        self._path, self._key, self._asking = path, b"", threading.local()

    def __call__(self) -> bytes:
        # Asking may log by itself, and then must not ask again.
        if self._key or not self._path or getattr(self._asking, "now", False):
            return self._key
        self._asking.now = True
        try:
            self._key = cast("Callable[[], bytes]", _imported(self._path))()
        except Exception:  # not enrolled, no database, no key file: said by those whose business it is
            return b""
        finally:
            self._asking.now = False
        return self._key


def _called(path: str) -> dict[str, str]:
    if not path:
        return {}
    try:
        return dict(cast("Place", _imported(path))())
    except Exception:  # as above: a log line is written, whatever else is wrong
        return {}


def _imported(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _plain(text: str) -> str:
    """Digits, dashes and blanks as ASCII has them, and none of the characters that cannot be seen."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return "".join(_ascii_digit(char) for char in text if unicodedata.category(char) not in {"Cf", "Cs", "Co"})


def _ascii_digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    # Not in the middle of a number: half of one would not be known for what it is.
    kept = text[:limit].rstrip("0123456789 -+()./_Xx")
    return f"{kept} [cut: {len(text)} characters]"


@lru_cache(maxsize=1024)
def _scrubbed(text: str) -> str:
    # Remembered: most lines say the same few words of the same few machines.
    if _WORD.match(text):
        return text
    return _LONG.sub("[number]", "\n".join(scrub(_cut(line, VALUE_LIMIT)) for line in text.split("\n")))


def _traceback(exc_info: Any) -> str:
    if not exc_info:
        return ""
    if isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    elif not isinstance(exc_info, tuple):
        exc_info = sys.exc_info()
    return logging.Formatter().formatException(exc_info) if exc_info[0] else ""


def _json(_logger: object, _method: str, line: Any) -> str:
    return json.dumps(line, default=str)


def _text(_logger: object, _method: str, line: Any) -> str:
    """One line for people: time, level, event, what belongs to it; a traceback below."""
    head = f"{line.pop('time')} {line.pop('level').upper():7} {line.pop('logger')} {line.pop('event')}"
    trace = line.pop("exception", "")
    said = [f"{name}={value}" for name, value in line.items() if name != "request"]
    return "\n".join(["  ".join(_shown(one) for one in (head, *said)), *(_shown(one) for one in trace.splitlines())])


def _shown(text: str) -> str:
    """Nothing in a message moves the cursor or makes a line of its own."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
