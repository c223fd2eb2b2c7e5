"""A node below a folder, with two versions of the program, its own processes, and a systemctl that only takes notes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.exchange.enrolment import request_open
from tests.enrolling import VILLAGE, County, card, county

REPO = Path(__file__).resolve().parent.parent.parent
BIN = REPO / "ansible/bin"
if str(BIN) not in sys.path:
    sys.path.insert(0, str(BIN))

from yizhan_node import Node  # noqa: E402

OLD, NEW = "1.0.0", "2.0.0"
NOTED = '#!/bin/sh\necho "$0 $*" >> "$(dirname "$0")/said"\n'


@dataclass
class Place:
    """The machine: `node` is what the roll-out's programs see of it."""

    node: Node
    tools: Path
    home: County = field(default_factory=county)

    @property
    def said(self) -> list[str]:
        """What systemd was told, e.g. `systemctl stop ...`."""
        path = self.tools / "said"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.removeprefix(f"{self.tools}/") for line in lines]

    def work(self, version: str, *acts: dict[str, Any]) -> list[Any]:
        """What a process of that version answers to the acts (tests/node_shell.py)."""
        done = subprocess.run(
            [str(self.node.releases / version / "venv/bin/python"), "-m", "tests.node_shell"], cwd=REPO,
            env=os.environ | self.node.environment(), input="\n".join(json.dumps(one) for one in acts) + "\n",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(acts), done.stderr
        for answer in answers:
            assert "error" not in answer, (answer, done.stderr[-2000:])
        return [answer["answer"] for answer in answers]

    def migrate(self, version: str) -> None:
        done = self.node.manage(version, "migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr

    def segments(self) -> list[str]:
        """Names of what this node has published for the county: each name is a range nobody may fill again."""
        return sorted(path.name for path in self.node.data.glob(f"folders/up-{VILLAGE}/*/*.seg"))


def place_make(base: Path, later: str) -> Place:
    """A node enrolled under the old version; the new one has the journal's migrations of the module `later`."""
    place = Place(Node(base / "root"), base / "tools")
    place.tools.mkdir()
    for name in ("systemctl", "systemd-run"):
        (place.tools / name).write_text(NOTED)
        (place.tools / name).chmod(0o755)
    node = place.node
    for version, journal in {OLD: "", NEW: later}.items():
        _version_make(node, version, journal)
    for folder in (node.data, node.rollout, node.units, node.settings.parent):
        folder.mkdir(parents=True, exist_ok=True)
    node.settings.write_bytes((node.releases / OLD / "units/node.env").read_bytes())
    (node.units / "yizhan-web.service").write_text(OLD)
    node.current.symlink_to(node.releases / OLD)
    _enrol(place)
    return place


def _version_make(node: Node, version: str, journal: str) -> None:
    release = node.releases / version
    for folder in ("venv/bin", "units"):
        (release / folder).mkdir(parents=True)
    python = release / "venv/bin/python"
    python.write_text(f'#!/bin/sh\nexport PYTHONPATH={REPO} TEST_JOURNAL={journal}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (release / "units/yizhan-web.service").write_text(version)
    settings = {
        "DJANGO_SETTINGS_MODULE": "tests.edge.version_settings", "YIZHAN_NODE_DIR": node.data,
        "YIZHAN_TRANSPORT": "copy", "YIZHAN_EXCHANGE": node.root / "exchange", "YIZHAN_LOG_LEVEL": "ERROR",
    }  # fmt: skip
    (release / "units/node.env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    (release / "manifest.json").write_text("{}")


def _enrol(place: Place) -> None:
    asked = request_open(bytes.fromhex(place.work(OLD, {"do": "request"})[0]))
    answer = place.home.response(
        card(VILLAGE, _keys(asked), device_id=asked.device_id)  # type: ignore[arg-type]
    )  # fmt: skip
    place.work(OLD, {"do": "respond", "data": answer.hex()})


@dataclass(frozen=True)
class _keys:
    asked: Any

    @property
    def verify_key(self) -> bytes:
        return bytes(self.asked.verify_key)

    @property
    def recipient(self) -> str:
        return str(self.asked.recipient)
