"""The part of `latency`: the demo's machines; one village takes cases in, the county's rows are watched."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from uuid import UUID

from django.conf import settings

from core.county.demo.day import ITEMS
from core.county.demo.people import People
from core.county.demo.processes import await_that
from core.county.demo.stage import FIRST_VILLAGE, Stage, county_ready, nodes_ready, stage_of
from core.domain.cases.models import Case
from core.domain.catalogue.selectors import item_get
from tenants.connection import connection
from tenants.models import Tenant

from .place import TOWN

#: Accepted at the village, decided at the county.
ALLOWANCE = ITEMS[5]
LOOK_SECONDS = 0.02
#: Between two applicants, at random: so that entries meet every moment of the agent's round.
PAUSE_SECONDS = (0.2, 1.5)
LOST_SECONDS = 120.0


def measured(cases: int) -> list[float]:
    """Seconds from the press of the village's button until the case is a row at the county, of each case."""
    var = Path(settings.VAR_DIR)
    stage = stage_of(var / "demo", var)
    settings.SYNC_LISTEN = f"tcp://127.0.0.1:{stage.core.sync_port}"
    try:
        county_ready(stage)
        stage.core.start(stage.logs)
        nodes_ready(stage)
        return _measured(stage, cases)
    finally:
        stage.stop()


def _measured(stage: Stage, cases: int) -> list[float]:
    pressed: dict[UUID, float] = {}
    seen: dict[UUID, float] = {}
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(pressed, seen, done))
    item = item_get(ALLOWANCE[0])
    window, people, chance = stage.window(FIRST_VILLAGE, "chihu01"), People(1), random.Random(1)
    # The first one finds the line up: a link that was just configured is not what is measured.
    ready = UUID(window.take_in(item, people, (82, 95)))
    watcher.start()
    pressed[ready] = time.monotonic()
    await_that("the first case", lambda: ready in seen, LOST_SECONDS)
    del pressed[ready], seen[ready]
    try:
        for _ in range(cases):
            started = time.monotonic()
            case_id = UUID(window.take_in(item, people, (82, 95)))
            pressed[case_id] = started
            done.wait(chance.uniform(*PAUSE_SECONDS))
        await_that("all cases", lambda: pressed.keys() <= seen.keys(), LOST_SECONDS)
    finally:
        done.set()
        watcher.join()
    return [seen[one] - at for one, at in pressed.items()]


def _watch(pressed: dict[UUID, float], seen: dict[UUID, float], done: threading.Event) -> None:
    """A thread: `seen` says when each of the pressed first was a row, accepted."""
    connection.set_tenant(Tenant.objects.get(code=TOWN))
    try:
        while not done.wait(LOOK_SECONDS):
            missing = [one for one in list(pressed) if one not in seen]
            if missing:
                there = Case.objects.filter(pk__in=missing).exclude(status__in=("draft", "submitted"))
                # The time after the answer: never less than it took.
                found = list(there.values_list("pk", flat=True))
                seen.update(dict.fromkeys(found, time.monotonic()))
    finally:
        connection.close()
