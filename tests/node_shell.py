"""A node in a process of its own, as its owner has it: real settings, SQLite, keys; told what to do line by line.

Each line on standard input is {"do": name, ...}; each on standard output its answer, {"error": words} where it raised.
"""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edge_node.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.management.base import CommandError  # noqa: E402
from django.db.models import F  # noqa: E402
from django.test import Client  # noqa: E402

from core.counter.network import network  # noqa: E402
from core.domain.cases import selectors, services  # noqa: E402
from core.domain.cases.models import Flag  # noqa: E402
from core.domain.journal.models import Cursor, OutboxItem, Segment  # noqa: E402
from core.domain.journal.place import here  # noqa: E402
from core.domain.journal.selectors import streams_held, streams_refused  # noqa: E402
from core.domain.staff.models import User  # noqa: E402
from core.domain.staff.services import membership_grant, user_create  # noqa: E402
from edge_node import enrolment  # noqa: E402
from edge_node.agent import SEAL_AFTER_MS, Agent  # noqa: E402
from edge_node.identity import identity_forget, standing  # noqa: E402
from edge_node.machine import machine_open  # noqa: E402
from tests.domain import build  # noqa: E402

_agent: list[tuple[Agent, Any]] = []


def request(new_keys: bool = False) -> str:
    enrolment.database_prepare()
    if new_keys:
        enrolment.keys_set_aside(again=True)
    return enrolment.request_make().hex()


def respond(data: str, again: bool = False) -> dict[str, Any]:
    done = enrolment.response_apply(bytes.fromhex(data), again=again)
    build.catalogue()
    return {"node": done.node, "epoch": done.epoch}


def take(item: str = build.ALLOWANCE) -> dict[str, Any]:
    state = services.case_submit(application=build.application(item), actor=build.AGENT)
    return {"id": str(state.id), "number": state.number, "status": state.status}


def deliver(case: str) -> str:
    done = services.result_deliver(
        case_id=UUID(case), actor=build.AGENT, how="window", receiver="陈秀英", receiver_id=build.CITIZEN
    )
    return done.status


def note(case: str, text: str) -> str:
    return services.note_add(case_id=case, actor=build.AGENT, text=text).status  # type: ignore[arg-type]


def page(path: str, fields: dict[str, str]) -> dict[str, Any]:
    """The village agent sends a form from a browser of this machine's; `sent` is an id of its own making."""
    where = here()
    if not User.objects.filter(code=build.AGENT.code).exists():
        user_create(code=build.AGENT.code, name=build.AGENT.name, password="ein langes Wort")
        membership_grant(user_code=build.AGENT.code, role="village_agent", tenant_code=where.tenant,
                         service_point=where.service_point)  # fmt: skip
    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.get(code=build.AGENT.code), backend="django.contrib.auth.backends.ModelBackend")
    response = client.post(path, fields, headers={"X-Request-Id": "0123456789abcdef"})
    return {"status": response.status_code, "request": response.headers["X-Request-Id"]}


def turn(sweep: bool = True) -> dict[str, Any]:
    """One turn of the agent that looks at everything; the agent is opened anew as `agent_run` does."""
    identity_forget()
    if _agent and _agent[0][0].is_outdated():
        _agent.pop()[1]()
    if not _agent:
        machine, end = machine_open()
        _agent.append((Agent(machine, "test"), end))
    agent = _agent[0][0]
    if sweep:
        agent._next_sweep = 0.0
    # Every entry is old enough to be sealed.
    OutboxItem.objects.filter(seq=None).update(queued_at_ms=F("queued_at_ms") - SEAL_AFTER_MS)
    done = agent.turn(0.0)
    agent.machine.carrier.wait(0.0)
    return {"read": done.read, "sealed": done.sealed, "held": done.held}


def manage(*, command: list[str]) -> dict[str, Any]:
    out = io.StringIO()
    try:
        call_command(*command, stdout=out)
    except CommandError as error:
        return {"code": error.returncode, "said": out.getvalue(), "error": str(error)}
    return {"code": 0, "said": out.getvalue()}


def status() -> dict[str, Any]:
    where = standing()
    return {
        "node": where.node, "epoch": where.epoch, "hashes": dict(selectors.hashes()),
        "flags": sorted(Flag.objects.values_list("reason", flat=True)),
        "held": [f"{one.author}: {one.held_reason}" for one in streams_held()],
        "refused": [f"{one.audience}: {one.held_reason}" for one in streams_refused(here=where)],
        "unsealed": OutboxItem.objects.filter(seq=None).count(), "pruned": Segment.objects.filter(pruned=True).count(),
        "cursors": {f"{one.author}/{one.epoch}": one.last_seq for one in Cursor.objects.all()},
    }  # fmt: skip


def bar() -> dict[str, Any]:
    """What the bar on every page says."""
    said = network(here())
    assert said is not None
    return {"refused": said.refused, "is_copied": said.is_copied, "waiting": said.waiting.count}


def may_work() -> bool:
    """Raises NodeRevoked, NodeReplaced."""
    identity_forget()
    return bool(here())


COMMANDS = {
    one.__name__: one for one in (request, respond, take, deliver, note, page, turn, manage, status, bar, may_work)
}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    # What the program prints belongs to the log, not among the answers.
    os.dup2(2, 1)
    for line in sys.stdin:
        given = json.loads(line)
        try:
            answer = {"answer": COMMANDS[given.pop("do")](**given)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
