"""The core's side of `sync`: a real private PostgreSQL with one tenant, and the rounds of the ingest process."""

from __future__ import annotations

import queue
import shutil
import threading
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from core.county.ingest.machine import places
from core.county.ingest.services import apply, nodes_anchor, tenant_round, tenant_turn
from core.county.publishing.demo_catalogue import demo_records
from core.county.registry.keys import core_identity
from core.county.registry.models import Node
from core.county.registry.selectors import card_of
from core.county.registry.services.cards import card_issue
from core.county.workqueue.models import Task
from core.domain.cases.models import Case, Flag
from core.domain.journal.models import Entry
from core.domain.journal.place import CORE
from core.exchange.folders import plan_for_core
from core.exchange.machine import Machine
from tenants.connection import connection
from tenants.models import Tenant
from tenants.provisioning import tenant_provision
from tenants.schemas import schema_create

from .part import hear, say
from .place import TOWN, VILLAGE, Papers, catalogue_apply
from .profiling import profiled
from .sync_node import Mouth, papers_keep
from .usage import used


def prepare(node_dir: str, verify_key: str, recipient: str) -> None:
    """The core has its schemas, its catalogue, one tenant, and the node's card, which the node has too."""
    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    catalogue_apply(demo_records())
    tenant_provision(code=TOWN, name="易俗河镇", kind="town", slug="yisuhe", hall_name="易俗河镇政务服务大厅")
    now = timezone.now()
    node = Node(
        node_id=VILLAGE.node, tenant_code=TOWN, service_point=VILLAGE.service_point, name=VILLAGE.name,
        level=VILLAGE.level, parent=CORE, epoch=1, serial=1, verify_key=bytes.fromhex(verify_key), recipient=recipient,
        device_id="BENCH", enrolled_at=now,
    )  # fmt: skip
    card_issue(node, by="bench", at=now)
    core = core_identity()
    papers = Papers(card=bytes(node.signed_card), core_card=core.signed_card, root_key=core.root_key)
    papers_keep(Path(node_dir), papers)


def reset() -> None:
    """The tenant is new again, and nothing was ever read."""
    tenant = Tenant.objects.get(code=TOWN)
    with connection.cursor() as cursor:
        cursor.execute(f'DROP SCHEMA "{tenant.schema_name}" CASCADE')
        schema_create(tenant.schema_name)
        Task.objects.all().delete()
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    for place in (places().folders, places().archive, places().quarantine, places().staging):
        shutil.rmtree(place, ignore_errors=True)


def read(entries: int, profile: bool = False) -> dict[str, Any]:
    """So many entries are rows of the tenant; seconds by the clock, of this process, and of the database server."""
    me = core_identity()
    places().make()
    card = card_of(VILLAGE.node)
    assert card is not None
    plan = plan_for_core([card], places().folders)
    core = Machine(identity=me, places=places(), cards=card_of, plan=plan, carrier=Quiet())
    desk = core.read_desk(apply)
    connection.set_tenant(Tenant.objects.get(code=TOWN))
    with tenant_turn(connection.schema_name):
        nodes_anchor([VILLAGE.node])
    news = _listen()
    say({"ready": True, "folder": str(core.folders_in(VILLAGE.node)[0])})
    news.get()
    done, rounds = 0, 0
    with used() as usage, profiled("read" if profile else ""):
        while done < entries:
            # All that has arrived by now is one round, as the ingest process takes its news.
            news.get()
            while not news.empty():
                news.get()
            with tenant_turn(connection.schema_name):
                round_ = tenant_round(core, desk, [VILLAGE.node])
            if round_.held:
                raise RuntimeError(f"held: {round_.held}")
            done, rounds = done + round_.read, rounds + 1
    return {
        "wall": usage.wall, "cpu": usage.cpu, "server_cpu": usage.server, "rounds": rounds,
        "entries": Entry.objects.filter(author=VILLAGE.node).count(), "cases": Case.objects.count(),
        "flags": Flag.objects.count(), "tasks": Task.objects.count(),
    }  # fmt: skip


class Quiet(Mouth):
    """What the core sends down is not carried here."""

    def announce(self, folder_id: str, name: str = "") -> None:
        pass


def _listen() -> queue.Queue[object]:
    news: queue.Queue[object] = queue.Queue()

    def ears() -> None:
        while (line := hear()) is not None:
            news.put(line)

    threading.Thread(target=ears, daemon=True).start()
    return news
