"""A county with far nodes: the core in this process and this database, each node in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils import timezone
from django_tenants.utils import schema_context

from core.county.ingest.machine import machine_open
from core.county.ingest.worker import Ingest
from core.county.registry.selectors import cards_forget
from core.county.registry.services import enrolment_code_issue, node_enrol
from core.domain.cases import selectors, services
from core.domain.cases.models import Flag
from tenants.connection import connection
from tests.core.registry_places import SCHEMA
from tests.domain.build import APPROVER, REVIEWER

REPO = Path(__file__).resolve().parents[2]


class NodeFault(Exception):
    """What the node raised, in its own words."""


@dataclass
class FarNode:
    """A machine in its folder; every attribute of tests/node_shell.py's list is a method here."""

    base: Path
    exchange: Path
    process: subprocess.Popen[str] | None = None
    #: Where its log lines go, every one of them; the errors alone to the tests' own log otherwise.
    log: Path | None = None

    def start(self) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("YIZHAN_", "DATABASE_URL"))}
        env |= {
            "DJANGO_SETTINGS_MODULE": "edge_node.settings", "YIZHAN_NODE_DIR": str(self.base),
            "YIZHAN_TRANSPORT": "copy", "YIZHAN_EXCHANGE": str(self.exchange), "YIZHAN_LOG_LEVEL": "ERROR",
        }  # fmt: skip
        if self.log is not None:
            env["YIZHAN_LOG_LEVEL"] = "DEBUG"
        with self.log.open("a") if self.log is not None else contextlib.nullcontext() as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.node_shell"], cwd=REPO, env=env, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=said, text=True,
            )  # fmt: skip

    def stop(self) -> None:
        if self.process is not None:
            assert self.process.stdin is not None and self.process.stdout is not None
            self.process.stdin.close()
            self.process.wait(30)
            self.process.stdout.close()
            self.process = None

    def ask(self, do: str, **given: Any) -> Any:
        if self.process is None:
            self.start()
        assert self.process is not None and self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **given}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise NodeFault(answer["error"])
        return answer["answer"]

    def copied_to(self, base: Path) -> FarNode:
        """This machine's disk, copied while it was off."""
        self.stop()
        shutil.copytree(self.base, base)
        return FarNode(base, self.exchange)


@dataclass
class County:
    """The core and its nodes; `settle` goes on until nobody has anything to say."""

    base: Path
    ingest: Ingest
    nodes: list[FarNode] = field(default_factory=list)

    def node(self, name: str) -> FarNode:
        node = FarNode(self.base / name, self.base / "exchange")
        self.nodes.append(node)
        return node

    def enrol(self, node: FarNode, service_point: str, *, again: bool = False, new_keys: bool = False) -> int:
        """The machine is the service point's node; returns its epoch."""
        connection.set_schema_to_public()
        at = timezone.now()
        request = bytes.fromhex(node.ask("request", new_keys=new_keys))
        code = enrolment_code_issue(service_point=service_point, by="admin", at=at).text
        answer = node_enrol(request=request, code=code, at=at)
        cards_forget()
        epoch: int = node.ask("respond", data=answer.hex(), again=again)["epoch"]
        return epoch

    def look(self) -> int:
        """One look of the ingest process at everything."""
        connection.set_schema_to_public()
        cards_forget()
        self.ingest.machine.carrier.wait(0.0)
        moved = self.ingest.look()
        self.ingest.machine.carrier.wait(0.0)
        return moved

    def settle(self, *nodes: FarNode, rounds: int = 3) -> None:
        for _ in range(rounds):
            for node in nodes:
                node.ask("turn")
            self.look()
        for node in nodes:
            node.ask("turn")

    def hashes(self) -> dict[str, str]:
        with schema_context(SCHEMA):
            return dict(selectors.hashes())

    def flags(self) -> list[str]:
        with schema_context(SCHEMA):
            return sorted(Flag.objects.values_list("reason", flat=True))

    def decide(self, case: str) -> str:
        """The county passes every stage and grants; returns the status."""
        with schema_context(SCHEMA):
            state = selectors.case_state(case)  # type: ignore[arg-type]
            while services.stages_left(state, services.case_item(state)):
                state = services.opinion_record(case_id=state.id, actor=REVIEWER, verdict="pass")
            return services.case_decide(case_id=state.id, actor=APPROVER, granted=True).status


@contextmanager
def county_open(base: Path, monkeypatch: Any) -> Iterator[County]:
    """settings.VAR_DIR is base / "core"; everything is carried by copying below base / "exchange"."""
    monkeypatch.setenv("YIZHAN_TRANSPORT", "copy")
    monkeypatch.setenv("YIZHAN_EXCHANGE", str(base / "exchange"))
    connection.set_schema_to_public()
    cards_forget()
    machine, end = machine_open()
    county = County(base, Ingest(machine, waits=True))
    try:
        yield county
    finally:
        for node in county.nodes:
            node.stop()
        end()
        connection.set_schema_to_public()
