"""What the county's public tables and its database say: the work queue, the desk, jobs, releases, tenants."""

from __future__ import annotations

from typing import Final

from django.db.models import Count
from procrastinate.contrib.django import app as jobs_app

from core.county.publishing.models import Release
from core.county.registry.models import Node
from core.county.workqueue.models import Power, Task, Trouble, TroubleKind
from core.domain.catalogue.selectors import release_number
from tenants.connection import connection
from tenants.models import ProvisioningRun, Tenant

from .families import Family
from .moment import Moment

ACTIVE, PROVISIONING, MISSING = "active", "provisioning", "schema_missing"
STRANDED, UNKNOWN = "stranded", "unknown"
#: What every queue of jobs says, also where it is 0.
JOB_STATUSES: Final = ("todo", "doing", "failed")
_OLDEST_SQL: Final = """
    SELECT queue_name, max(extract(epoch FROM now() - coalesce(scheduled_at, (
               SELECT max(at) FROM procrastinate_events WHERE job_id = job.id AND type IN ('deferred', 'retried')))))
    FROM procrastinate_jobs job WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()) GROUP BY 1
"""
_CONNECTIONS_SQL: Final = """
    SELECT replace(coalesce(state, 'unknown'), ' ', '_'), count(*) FROM pg_stat_activity
    WHERE datname = current_database() GROUP BY 1
"""


def desk_collect(moment: Moment) -> list[Family]:
    """Tasks, held streams and what is in dispute: the public index has them of all tenants."""
    tasks, held, conflicts = (
        Family("yizhan_tasks_open"), Family("yizhan_streams_held"), Family("yizhan_conflicts_open")
    )  # fmt: skip
    counted = dict(Task.objects.order_by().values_list("power").annotate(Count("pk")))
    for power in Power.values:
        tasks.add(counted.get(power, 0), power)
    open_ones = Trouble.objects.filter(resolved_at=None).order_by().values_list("tenant_code", "kind", "node", "reason")
    disputes: dict[tuple[str, str], int] = {}
    for tenant, kind, node, reason, count in open_ones.annotate(Count("pk")):
        if kind == TroubleKind.HELD:
            held.add(count, tenant, node, reason)
        elif kind in (TroubleKind.FLAG, TroubleKind.STRANDED):
            key = (tenant, reason if kind == TroubleKind.FLAG else STRANDED)
            disputes[key] = disputes.get(key, 0) + count
    for (tenant, kind), count in sorted(disputes.items()):
        conflicts.add(count, tenant, kind)
    return [tasks, held, conflicts]


def jobs_collect(moment: Moment) -> list[Family]:
    """The queues this version has jobs for, and any that still has some of another's."""
    jobs, oldest = Family("yizhan_jobs"), Family("yizhan_job_oldest_waiting_seconds")
    queues = {task.queue for task in jobs_app.tasks.values()}
    counts = {(queue, status): 0 for queue in queues for status in JOB_STATUSES}
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue_name, status::text, count(*) FROM procrastinate_jobs GROUP BY 1, 2")
        counts |= {(queue, status): count for queue, status, count in cursor.fetchall()}
        cursor.execute(_OLDEST_SQL)
        waiting = {queue: max(0.0, float(seconds or 0)) for queue, seconds in cursor.fetchall()}
    for (queue, status), count in sorted(counts.items()):
        jobs.add(count, queue, status)
    for queue in sorted(queues | waiting.keys()):
        oldest.add(waiting.get(queue, 0), queue)
    return [jobs, oldest]


def releases_collect(moment: Moment) -> list[Family]:
    """The catalogue release in force, and how many machines have which; a number nobody published is `unknown`."""
    current, published = Family("yizhan_release_current"), Family("yizhan_release_published_timestamp_seconds")
    nodes, number = Family("yizhan_nodes_on_release"), release_number()
    current.add(number)
    made_at = Release.objects.filter(number=number).values_list("made_at", flat=True).first()
    if made_at is not None:
        published.add(made_at.timestamp())
    known = {str(one) for one in Release.objects.values_list("number", flat=True)} | {str(number)}
    counts: dict[str, int] = {str(number): 0}
    said = Node.objects.filter(revoked_at=None).order_by().values_list("status__release").annotate(Count("pk"))
    for release, count in said:
        label = str(release) if type(release) is int and str(release) in known else UNKNOWN
        counts[label] = counts.get(label, 0) + count
    for label, count in sorted(counts.items()):
        nodes.add(count, label)
    return [current, published, nodes]


def tenancy_collect(moment: Moment) -> list[Family]:
    """How the tenants stand."""
    family = Family("yizhan_tenants")
    open_runs = set(ProvisioningRun.objects.filter(ended_at=None).values_list("tenant_code", flat=True))
    rows = list(Tenant.objects.values_list("code", "schema_name"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_catalog.pg_namespace")
        there = {row[0] for row in cursor.fetchall()}
    stands = {code for code, schema in rows if schema in there}
    family.add(len(stands - open_runs), ACTIVE)
    family.add(len(open_runs), PROVISIONING)
    family.add(len({code for code, _ in rows} - stands - open_runs), MISSING)
    return [family]


def database_collect(moment: Moment) -> list[Family]:
    """The size of the database, and who is connected to it."""
    size, connections = Family("yizhan_database_size_bytes"), Family("yizhan_database_connections")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        size.add(cursor.fetchone()[0])
        cursor.execute(_CONNECTIONS_SQL)
        for state, count in cursor.fetchall():
            connections.add(count, state)
    return [size, connections]
