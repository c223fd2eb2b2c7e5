"""The watch's rules as tests read them: alerts, the names in their expressions, and the role's files, rendered."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT: Final = Path(__file__).resolve().parent.parent
MONITORING: Final = ROOT / "monitoring"
RUNBOOKS: Final = ROOT / "docs" / "runbooks"
ROLE: Final = ROOT / "ansible" / "roles" / "core_watch"

#: What Prometheus and the node exporter measure themselves, with the labels our rules may ask for.
OTHERS: Final = {
    "up": {"job", "instance"},
    "node_filesystem_avail_bytes": {"job", "instance", "mountpoint", "fstype"},
    "node_systemd_unit_state": {"job", "instance", "name", "state"},
}
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_BRACES = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
_GROUPING = re.compile(r"\b(?:by|on|group_left|group_right|without)\s*\(([^)]*)\)")
_NAME = re.compile(r"(?<![\w:$])(?:yizhan[_:][\w:]+|node_[a-z_]+|up)(?![\w:(])")


@dataclass(frozen=True)
class Rule:
    """One recording or alerting rule and the file it stands in."""

    file: str
    given: dict[str, Any]

    @property
    def alert(self) -> str:
        return str(self.given.get("alert", ""))

    @property
    def expr(self) -> str:
        return str(self.given["expr"])


def rules(folder: Path = MONITORING) -> list[Rule]:
    """Every rule of the rendered files below the folder."""
    paths = sorted([*(folder / "rules").glob("*.yml"), *(folder / "alerts").glob("*.yml")])
    groups = [(path, group) for path in paths for group in yaml.safe_load(path.read_text())["groups"]]
    return [Rule(path.name, one) for path, group in groups for one in group["rules"]]


def alerts() -> list[Rule]:
    return [one for one in rules() if one.alert]


def metrics_in(expr: str) -> set[str]:
    """The names of the series it asks for."""
    bare = _GROUPING.sub(" ", _TEXT.sub('""', expr))
    return set(_NAME.findall(re.sub(r"\{[^}]*\}", "", bare)))


def selectors_in(expr: str) -> Iterator[tuple[str, set[str]]]:
    """(metric, labels asked of it) for each pair of braces."""
    for name, inside in _BRACES.findall(_TEXT.sub('""', expr)):
        yield name, set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", inside))


def groupings_in(expr: str) -> set[str]:
    """Every label that is aggregated or joined by."""
    return {label.strip() for inside in _GROUPING.findall(expr) for label in inside.split(",") if label.strip()}


def kebab(name: str) -> str:
    """CasesDueNeverArrived is cases-due-never-arrived."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def role_file(name: str, **changed: Any) -> str:
    """A template of the role core_watch as Ansible writes it, with its defaults and these values."""
    given: dict[str, Any] = {"ansible_managed": "by a test"}
    for part in ("defaults", "vars"):
        given |= yaml.safe_load((ROLE / part / "main.yml").read_text())
    # As Ansible sets Jinja up.
    jinja = Environment(loader=FileSystemLoader(ROLE / "templates"), undefined=StrictUndefined, trim_blocks=True,
                        keep_trailing_newline=True)  # fmt: skip
    jinja.filters["to_json"] = json.dumps
    return jinja.get_template(name).render(given | changed)


def tool(*command: str | Path) -> str:
    """What promtool or amtool says; raises AssertionError with its words where it is not content."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} {command[1]}: {done.stdout}{done.stderr}"
    return done.stdout
