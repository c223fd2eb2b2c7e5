"""The parts of `exporter`, on the core's settings and a private PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.county.publishing.demo_catalogue import demo_records
from core.county.registry.models import Node
from core.domain.journal.clock import physical_ms, today
from core.domain.journal.models import Cursor
from tenants.connection import connection
from tenants.models import ServicePoint, Tenant
from tenants.provisioning import tenant_provision
from tenants.schemas import schemas_vacuum

from .place import catalogue_apply

#: The columns ingest fills, and a state of the size a case has.
FILL_CASES = """
INSERT INTO cases_case (id, number, item_code, status, rev, custodian, opened_by, service_point, clerk, applicant_name,
    applicant_id, opened_on, promised_due, legal_due, is_open, state, state_hash, updated_at)
SELECT gen_random_uuid(), lpad(n::text, 25, '0'), 'ITEM' || n %% 45, 'accepted', 3, node, node, node, 'agent1', '张三',
    '', day - 10, day - 10 + n %% 40, day + 30, true, decode(repeat('a1', 900), 'hex'), '\\x00', n
FROM (SELECT n, (%(nodes)s::text[])[1 + n %% cardinality(%(nodes)s::text[])] AS node, %(day)s::date AS day
      FROM generate_series(1, %(cases)s) n) numbered
"""
FILL_TASKS = """
INSERT INTO workqueue_task (tenant_code, case_id, number, item_code, item_name, department, power, stage, stage_name,
    status, service_point, opened_on, due, amber_on, promised_due, legal_due, assignee, updated_at)
SELECT left(node, 9) || '000', gen_random_uuid(), lpad(n::text, 25, '0'), 'ITEM' || n %% 45, '事项', 'D' || n %% 20,
    CASE WHEN n %% 5 = 0 THEN 'wait' ELSE 'review' END, 'S1', '初审', 'under_review', node, day - n %% 40,
    day - n %% 40 + 30, day - n %% 40 + 25, null, null, '', n
FROM (SELECT n, (%(nodes)s::text[])[1 + n %% cardinality(%(nodes)s::text[])] AS node, %(day)s::date AS day
      FROM generate_series(1, %(cases)s) n) numbered
"""


def prepare(tenants: int, nodes: int, cases: int) -> None:
    """So many towns with so many machines in all, each of which said something lately, and cases at them and here."""
    call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    catalogue_apply(demo_records())
    made = [
        tenant_provision(code=f"430{number:03d}100000", name=f"第{number}镇", kind="town", slug=f"town-{number}",
                         hall_name="政务服务大厅")
        for number in range(tenants)
    ]  # fmt: skip
    codes = [f"430{number % tenants:03d}100{200 + number // tenants:03d}-01" for number in range(nodes)]
    for number, tenant in enumerate(made):
        own = codes[number::tenants]
        _machines(tenant, own)
        with tenant_context(tenant):
            Cursor.objects.bulk_create(Cursor(author=node, epoch=1, audience="core", last_seq=100) for node in own)
            _fill(FILL_CASES, own, cases // tenants)
    connection.set_schema_to_public()
    _fill(FILL_TASKS, codes, cases)
    schemas_vacuum()


def _machines(tenant: Tenant, codes: list[str]) -> None:
    ServicePoint.objects.bulk_create(
        ServicePoint(code=code, tenant_code=tenant.code, division=code[:12], level="village", kind="village",
                     name=f"{code[9:12]}村便民服务站") for code in codes
    )  # fmt: skip
    now = timezone.now()
    Node.objects.bulk_create(
        Node(node_id=code, tenant_code=tenant.code, service_point=code, name=f"{code[9:12]}村便民服务站",
             level="village", parent="core", epoch=1, serial=1, verify_key=b"k" * 32, recipient="age1" + "q" * 58,
             signed_card=b"c" * 400, enrolled_at=now, last_seen=now + timedelta(hours=1), status=_status(code))
        for code in codes
    )  # fmt: skip


def _status(node: str) -> dict[str, Any]:
    """A machine with as much to say as one has; made in an hour, that it is still fresh when the bench is over."""
    now, day = physical_ms() + 3_600_000, today().toordinal()
    return {
        "node": node, "epoch": 1, "made_at_ms": now, "version": "0.1.0+g3f8e10e", "release": 1, "waiting": 7,
        "oldest_waiting_s": 61, "open_cases": 20, "disk_free": 20_000_000_000, "disk_total": 60_000_000_000,
        "clock_offset_ms": 140, "connected": ["core"], "held": [], "battery_percent": 88, "waiting_cases": 5,
        "waiting_due": [[day + days, 1] for days in range(5)], "up_seq": 101, "completion_percent": 97,
        "contacts": [["core", now]], "health": 0, "rollout_outcome": "done", "rollout_version": "0.1.0+g3f8e10e",
        "rollout_reason": "", "rollout_at_ms": now,
    }  # fmt: skip


def _fill(sql: str, nodes: list[str], cases: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"nodes": nodes, "cases": cases, "day": today()})
