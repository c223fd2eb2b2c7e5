"""Who and what the demo is made of: places of Xiangtan county, people with logins, machines with their ports."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .processes import port_choose

COUNTY: Final = "430321000000"
TOWN: Final = "430321100000"
TOWN_NAME: Final = "易俗河镇"
TOWN_SLUG: Final = "yisuhe"
#: Everybody's password in the demo; nobody's anywhere else.
PASSWORD: Final = "yizhan-demo-2026"


@dataclass(frozen=True)
class Staff:
    code: str
    name: str
    role: str
    tenant: str = ""
    service_point: str = ""
    department: str = ""


@dataclass(frozen=True)
class Site:
    """A machine of the demo: `node` is the service point's code."""

    node: str
    name: str
    level: str


def ports_of(var: Path, names: list[str], base: int) -> dict[str, int]:
    """A port for each name, the same at the next start as long as it is free."""
    path = var / "ports.json"
    kept: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    ports: dict[str, int] = {}
    for index, name in enumerate(names):
        wanted = port_choose(kept.get(name, base + index))
        while wanted in ports.values():
            wanted = port_choose(wanted + 1)
        ports[name] = wanted
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ports))
    return ports


def transport_copies() -> bool:
    """Whether folders are copied plainly, because this machine has no Syncthing."""
    return os.environ.get("YIZHAN_TRANSPORT") == "copy"
