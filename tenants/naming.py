"""What a new tenant is called: its hall, and the host name it gets from its name in pinyin."""

import re
from collections.abc import Collection

from pypinyin import Style, lazy_pinyin

#: Left out of a host name where something is left: people say 易俗河, not 易俗河镇.
SUFFIXES = ("街道办事处", "街道", "镇", "乡", "县", "区")
MAX_SLUG = 50


def hall_name_of(name: str, *, county: bool = False) -> str:
    """The usual name of a hall: 政务服务中心 in a county, 便民服务中心 in a town."""
    return f"{name}政务服务中心" if county else f"{name}便民服务中心"


def slug_of(name: str, *, taken: Collection[str] = ()) -> str:
    """The name in pinyin as the first label of a host name; with a number where that is taken."""
    short = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s) and len(name) > len(s) + 1), name)
    plain = _label("".join(lazy_pinyin(short))) or "hall"
    slug, number = plain, 1
    while slug in taken:
        number += 1
        slug = f"{plain[: MAX_SLUG - 4]}-{number}"
    return slug


def typed_as(name: str) -> str:
    """Everything one may type to find the name: itself, its pinyin, its initials; lower case."""
    return " ".join((name, "".join(lazy_pinyin(name)), "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)))).lower()


def _label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:MAX_SLUG].strip("-")
