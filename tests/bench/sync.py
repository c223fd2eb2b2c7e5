"""`sync`: cases from a node's outbox to rows in the tenant's schema: sealed, copied, read, judged, queued.

Entries per second, counted from the moment both processes are told to begin until the last entry is committed on the
core; the node seals and the core reads at the same time, as they do in life. Starting Python is not counted.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .frame import Done, Options, Part, Row, best, part_run, room

CASES = 10_000
TARGET = 4_000.0  #: entries a second
EDGE, COUNTY = "edge_node.settings", "core.county.settings"


@dataclass
class Stage:
    """A node and a core in one room; `loaded` says what waits in the node's outbox."""

    place: Path
    loaded: dict[str, Any]

    @property
    def node_env(self) -> dict[str, str]:
        return {"YIZHAN_NODE_DIR": str(self.place / "node")}

    @property
    def core_env(self) -> dict[str, str]:
        return {"YIZHAN_VAR": str(self.place / "core"), "DATABASE_URL": ""}

    @property
    def entries(self) -> int:
        return int(self.loaded["entries"])


def stage_set(place: Path, cases: int) -> Stage:
    """Both sides are ready; the node's files as they are now are kept to begin from again."""
    stage = Stage(place, {})
    for side in ("node", "core"):
        (place / side).mkdir(mode=0o755)
    stage.loaded = part_run("sync_node.prepare", EDGE, stage.node_env, cases=cases).result
    keys = {name: stage.loaded[name] for name in ("verify_key", "recipient")}
    part_run("sync_core.prepare", COUNTY, stage.core_env, node_dir=str(place / "node"), **keys)
    (place / "node").rename(place / "fresh")
    return stage


def begin_again(stage: Stage) -> None:
    shutil.rmtree(stage.place / "node", ignore_errors=True)
    shutil.copytree(stage.place / "fresh", stage.place / "node")
    part_run("sync_core.reset", COUNTY, stage.core_env)
    os.sync()


@dataclass
class Flight:
    """One run end to end."""

    seconds: float
    node: Done
    core: Done


def flight(stage: Stage, *, together: bool, profile: bool = False) -> Flight:
    """The node's outbox is rows on the core. `together`: both work at once; else one after the other."""
    begin_again(stage)
    core = Part("sync_core.read", COUNTY, stage.core_env, entries=stage.entries, profile=profile)
    node = Part("sync_node.seal", EDGE, stage.node_env, profile=profile)
    with core, node:
        target = Path(core.heard()["folder"])
        node.heard()
        waiting: list[str] = []
        if together:
            core.send("go")
        node.send("go")
        while "done" not in (said := node.heard()):
            if not said["name"].endswith(".seg"):
                continue
            _carry(stage.place / "node" / "folders" / said["folder"], target, said["name"])
            waiting.append(said["name"])
            if together:
                core.send(said["name"])
        sealed = Done(said["done"], said["peak_mb"], said["cpu_s"])
        if not together:
            core.send("go")
            core.send("all")
        read = core.done()
    _check(stage, sealed.result, read.result)
    return Flight(seconds=read.result["wall"], node=sealed, core=read)


def _carry(source: Path, target: Path, name: str) -> None:
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    draft = target / f".{Path(name).name}"
    shutil.copyfile(source / name, draft)
    draft.rename(target / name)


def _check(stage: Stage, sealed: dict[str, Any], read: dict[str, Any]) -> None:
    """Raises RuntimeError where not every entry is a row: then the figures mean nothing."""
    cases = stage.entries // 4
    found = (sealed["entries"], read["entries"], read["cases"], read["flags"], read["tasks"])
    if found[:4] != (stage.entries, stage.entries, cases, 0) or not read["tasks"]:
        raise RuntimeError(f"sealed, entries, cases, flags, tasks are {found} of {stage.entries} entries")


def run(options: Options) -> list[Row]:
    with room("sync") as place:
        stage = stage_set(place, options.cases or CASES)
        both = [flight(stage, together=True) for _ in range(options.repeat)]
        alone = [flight(stage, together=False, profile=options.profile) for _ in range(1 if options.profile else 2)]
    count, loaded = stage.entries, stage.loaded
    rates = [count / one.seconds for one in both]
    node_cpu = [one.node.result["cpu"] for one in both]
    core_cpu = [one.core.result["cpu"] for one in both]
    server_cpu = [one.core.result["server_cpu"] for one in both]
    total = [sum(one) for one in zip(node_cpu, core_cpu, server_cpu, strict=True)]
    note = f"{count} entries of {loaded['entry_bytes']:.0f} B; case.opened {loaded['opened_bytes']:.0f} B"
    return [
        best("sync", "end to end", rates, "entries/s", target=TARGET, more=True, note=note),
        best("sync", "sealing alone", [count / one.node.result["wall"] for one in alone], "entries/s", more=True),
        best("sync", "reading alone", [count / one.seconds for one in alone], "entries/s", more=True),
        best("sync", "processor time of all", total, "s", note=f"{min(total) / count * 1e6:.0f} µs an entry"),
        best("sync", "of it node", node_cpu, "s"),
        best("sync", "of it core", core_cpu, "s"),
        best("sync", "of it PostgreSQL", server_cpu, "s"),
        best("sync", "node's peak memory", [one.node.peak_mb for one in both], "MB"),
        best("sync", "ingest process's peak memory", [one.core.peak_mb for one in both], "MB"),
    ]  # fmt: skip
