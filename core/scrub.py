"""What leaves a machine for its support holds nobody's personal data: ID numbers, telephone numbers, names.

It errs on the safe side. Nobody can tell a name from other Chinese words, and the program's own log lines are English:
so every run of Chinese is struck out. What is struck out leaves a mark of its kind, so that lines stay readable.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

#: Values under these words are struck out whatever they are: people, and secrets.
_KEYS: Final = (
    r"[\w.-]*(?:name|applicant|person|principal|agent_of|contact|phone|mobile|tel|address_line|residence|email|id_?card|"
    r"id_?number|id_?no|identity|birth|gender|password|passwd|secret|token|api[_-]?key|cookie|session|signature|"
    r"authorization|private_key|csrf)[\w.-]*"
)
#: Keys that contain such a word and mean a thing of the machine.
_HARMLESS: Final = frozenset({
    "hostname", "codename", "filename", "unit_name", "logger_name", "file_name", "pathname", "agent", "user_agent",
    "service_name", "event_name", "func_name", "tenant", "step_name",
})  # fmt: skip

_HAN: Final = r"\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_FULL_WIDTH: Final = {0xFF10 + digit: 0x30 + digit for digit in range(10)} | {0xFF38: 0x58, 0xFF58: 0x78, 0xFF0D: 0x2D}
#: Characters as logs write them where they are not ASCII: JSON's and Python's escapes, and those of addresses.
_ESCAPED: Final = re.compile(
    r"(?:\\+u[0-9a-fA-F]{4}|\\+U[0-9a-fA-F]{8})+|(?:\\+x[0-9a-fA-F]{2}){2,}"
    r"|(?:%[89A-Fa-f][0-9A-Fa-f]){2,}(?:%[0-9A-Fa-f]{2})*"
)
#: A value that is quoted, or was struck out already.
_VALUE: Final = r"""\[struck\]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_QUOTED: Final = re.compile(
    rf"""(?P<quote>["'])(?P<key>{_KEYS})(?P=quote)\s*:\s*(?P<value>{_VALUE}|[^,}}\]\s]+)""", re.IGNORECASE
)
_PLAIN: Final = re.compile(
    rf"""(?<![\w.-])(?P<key>{_KEYS})(?P<sign>=|:\s?)(?P<value>{_VALUE}|[^\s,;&]+)""", re.IGNORECASE
)
_QUERY: Final = re.compile(r"(?<=[\w/])\?[^\s\"'<>]+")
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CODE: Final = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")
#: 18 characters, or 15 as issued until 1999; groups may be parted as people write them. Neither follows on a digit.
_ID: Final = re.compile(r"(?<![\d])(?:\d{6}[ -]?\d{4}[ -]?\d{4}[ -]?\d{3}[\dXx]|\d{6}[ -]?\d{6}[ -]?\d{3})(?![\dXx])")
_MOBILE: Final = re.compile(r"(?<![\d])(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_LANDLINE: Final = re.compile(r"(?<![\d.:-])(?:0\d{2,3}[ -]\d{7,8}|\(0\d{2,3}\) ?\d{7,8})(?![\d-])")
_CHINESE: Final = re.compile(rf"[{_HAN}](?:[·•‧\s]?[{_HAN}])*")

#: Numbers of the machine that are as long as a telephone's: by the ends of their names in a JSON document.
_MEASURES: Final = ("_ms", "_s", "_bytes", "_free", "_total", "bytes", "bytestotal", "size", "seconds", "alloc", "sys")


def scrub(text: str) -> str:
    """The text without personal data and secrets; what is left of each is a mark of its kind."""
    text = text.translate(_FULL_WIDTH)
    text = _QUOTED.sub(_key_struck, text)
    text = _PLAIN.sub(_key_struck, text)
    text = _QUERY.sub("?[query]", text)
    text = _ESCAPED.sub("[text]", text)
    text = _EMAIL.sub("[mail]", text)
    text = _CODE.sub("[code]", text)
    text = _ID.sub("[id]", text)
    text = _MOBILE.sub("[phone]", text)
    text = _LANDLINE.sub("[phone]", text)
    return _CHINESE.sub("[zh]", text)


def scrub_json(value: Any, key: str = "") -> Any:
    """A JSON document likewise; measures stay, also where they are as long as a telephone number."""
    if isinstance(value, dict):
        return {scrub(str(name)): scrub_json(one, str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [scrub_json(one, key) for one in value]
    if value is None or isinstance(value, bool | float):
        return value
    if _is_personal(key):
        return "[struck]"
    if isinstance(value, int):
        # Nobody's number is as short.
        as_said = scrub(str(value)) if abs(value) >= 1_000_000 else str(value)
        return value if key.lower().endswith(_MEASURES) or as_said == str(value) else as_said
    return scrub(str(value))


@lru_cache(maxsize=1024)
def _is_personal(key: str) -> bool:
    return key.lower() not in _HARMLESS and re.fullmatch(_KEYS, key, re.IGNORECASE) is not None


def _key_struck(found: re.Match[str]) -> str:
    if not _is_personal(found["key"]):
        return found[0]
    return found[0][: found.start("value") - found.start()] + "[struck]"
