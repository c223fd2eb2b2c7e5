"""Write Prometheus' rules from their sources and the thresholds.

    python -m monitoring.render                                     # monitoring/rules, monitoring/alerts
    python -m monitoring.render --out /tmp/rules --set alone=20     # elsewhere, with other thresholds

In the sources (monitoring/sources) `<<alone>>` stands for a threshold in its base unit, `<<alone:duration>>` for 3d,
`<<alone:words>>` for what people read, `<<alone:step>>` and `<<alone:step_words>>` for the unit it is counted in, and
`<<held_words>>` for why a stream stands still. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .thresholds import THRESHOLDS, Threshold, UnknownThreshold, thresholds_with

HERE: Final = Path(__file__).resolve().parent
SOURCES: Final = HERE / "sources"
KINDS: Final = ("rules", "alerts")
HEADER: Final = "# Written by `python -m monitoring.render` from monitoring/sources/{name}: change that one.\n"
_PLACE = re.compile(r"<<([a-z_]+)(?::([a-z_]+))?>>")

#: Why a stream stands still, as people read it; the codes are those of core.domain.journal.errors.
HELD_WORDS: Final = {
    "bad_signature": "签名不符，疑为伪造的段",
    "wrong_author": "条目署名与来源不符，疑为伪造",
    "fork": "两台机器使用同一身份",
    "card_refused": "发送方的证书已吊销或过期",
    "unknown_author": "发送方未知",
    "bad_seal": "文件不是加密给县平台的，或被改动过",
    "broken_chain": "文件前后不衔接",
    "damaged": "收到的文件已损坏",
    "wrong_stream": "文件放错了文件夹",
    "needs_upgrade": "县平台程序版本过旧，读不了收到的内容",
    "entry_too_large": "条目超出允许大小",
    "segment_lost": "文件丢失，须重新发送",
}


def _held_words() -> str:
    """A Go template that says the label `reason`, or repeats what it does not know."""
    tests = [f'if eq $labels.reason "{code}" }}}}{words}{{{{ else ' for code, words in HELD_WORDS.items()]
    return "{{ " + "".join(tests)[: -len("else ")] + "else }}{{ $labels.reason }}{{ end }}"


def rendered(source: str, thresholds: Mapping[str, Threshold]) -> str:
    """The text with its thresholds put in. Raises UnknownThreshold; KeyError for an unknown form."""

    def put_in(found: re.Match[str]) -> str:
        name, how = found[1], found[2] or ""
        if name == "held_words":
            return _held_words()
        if name not in thresholds:
            raise UnknownThreshold(name)
        return thresholds[name].form(how)

    return _PLACE.sub(put_in, source)


def files(thresholds: Mapping[str, Threshold]) -> dict[str, str]:
    """Every rule file by its name below the output folder: "alerts/nodes.yml"."""
    sources = sorted(path for kind in KINDS for path in (SOURCES / kind).glob("*.yml"))
    names = {path: path.relative_to(SOURCES).as_posix() for path in sources}
    return {
        name: HEADER.format(name=name) + rendered(path.read_text(encoding="utf-8"), thresholds)
        for path, name in names.items()
    }


def write(out: Path, thresholds: Mapping[str, Threshold]) -> list[Path]:
    """The folder holds exactly these rule files; returns them."""
    made = []
    for name, text in files(thresholds).items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        made.append(path)
    for stale in {path for kind in KINDS for path in (out / kind).glob("*.yml")} - set(made):
        stale.unlink()
    return made


def _change(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        return name, float(value if equals else "")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not name=number") from None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m monitoring.render", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder that gets rules/ and alerts/ (default: here)")
    parser.add_argument("--set", dest="changed", type=_change, action="append", default=[], metavar="NAME=VALUE",
                        help="another value, in the base unit (seconds, bytes)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the files as one JSON object instead: name, text")
    parser.add_argument("--list", action="store_true", help="only list the thresholds")
    options = parser.parse_args(arguments)
    try:
        thresholds = thresholds_with(dict(options.changed))
    except UnknownThreshold as error:
        parser.error(f"there is no threshold {error}; there are: {', '.join(THRESHOLDS)}")
    if options.list:
        print(*(f"{one.name:<22}{one.words:>10}  {one.says}" for one in thresholds.values()), sep="\n")
        return 0
    if options.json:
        print(json.dumps(files(thresholds), ensure_ascii=False))
        return 0
    print(*write(options.out, thresholds), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
