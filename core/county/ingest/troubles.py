"""What goes wrong in a tenant stands in the public index of troubles, which the county's desk reads.

Flags are mirrored in the transaction that writes them, everything else after a round; `troubles_rebuild` derives all
of it anew. Call in the tenant's schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.county.registry.models import Node
from core.county.registry.selectors import card_of
from core.county.watch.instruments import segments_held
from core.county.workqueue.models import Trouble, TroubleKind
from core.domain.cases.models import Case, Flag, ParkedEntry
from core.domain.journal.bodies import CustodyTaken
from core.domain.journal.clock import physical_ms
from core.domain.journal.format import Entry
from core.domain.journal.models import Cursor, QuarantinedFile
from core.domain.journal.models import Entry as EntryRow
from core.domain.journal.place import NotEnrolled
from tenants.models import Tenant
from tenants.place import tenant_current

from .machine import places

_log = structlog.get_logger(__name__)
#: A predecessor is often a round away; one that is not here after this long is worth a look.
PARKED_TOO_LONG_MS: Final = 24 * 3600 * 1000
#: What may change of a trouble while it is open.
FOLLOWED: Final = ("reason", "detail", "applied", "number", "waits_for", "last_seq", "file_name", "file_sha256",
                   "file_size", "count")  # fmt: skip


def flags_mirror(entries: Iterable[Entry], flagged: Iterable[Entry]) -> None:
    """The flags of `flagged` stand in the index, and those of cases of which these entries took custody: of such a case
    every flag may have changed sides. Call in the transaction that wrote them; without a flag it asks nothing."""
    cases = {entry.case_id for entry in entries if isinstance(entry.body, CustodyTaken)} - {None}
    keys = {entry.id for entry in flagged}
    if cases or keys:
        _flags(Flag.objects.filter(Q(entry_id__in=keys) | Q(case_id__in=cases)))


def troubles_follow(*, quarantine: Path | None = None) -> None:
    """Streams that stand still, entries that wait too long and cases at revoked nodes are in the index as they are now;
    a stream's halt and its healing are logged once. `quarantine`: where the copies of held files lie."""
    code = _tenant_code()
    with transaction.atomic():
        halted, healed = _streams(code, quarantine or places().quarantine)
        _mirror(code, TroubleKind.PARKED, _parked(code))
        _mirror(code, TroubleKind.STRANDED, _stranded(code))
    if halted:
        segments_held(tenant=code, count=len(halted))
    for one in halted:
        _log.error("stream_held", tenant=code, stream=one.key, reason=one.reason, detail=one.detail,
                   read_up_to=one.last_seq, file=one.file_name, sha256=one.file_sha256)  # fmt: skip
    for one in healed:
        seconds = round((timezone.now() - one.since).total_seconds())
        _log.info("stream_healed", tenant=code, stream=one.key, was=one.reason, held_seconds=seconds)


@transaction.atomic
def stranded_mirror() -> None:
    """The index says how many open cases revoked nodes still have."""
    code = _tenant_code()
    _mirror(code, TroubleKind.STRANDED, _stranded(code))


def troubles_rebuild(tenant: Tenant) -> int:
    """The index holds exactly what is open in the tenant, derived anew; returns how many that is."""
    with tenant_context(tenant):
        with transaction.atomic():
            _flags(Flag.objects.filter(resolved=False), every=True)
        troubles_follow()
    return Trouble.objects.filter(tenant_code=tenant.code, resolved_at=None).count()


def troubles_forget_tenants() -> int:
    """No trouble is left of a tenant that is not there any more; returns how many were."""
    return Trouble.objects.exclude(tenant_code__in=Tenant.objects.values("code")).delete()[0]


def flag_settled(*, entry_id: UUID, by: str, at: datetime) -> None:
    """The flag is off the desk, and the index says who settled it."""
    Trouble.objects.filter(
        tenant_code=_tenant_code(), kind=TroubleKind.FLAG, key=str(entry_id), resolved_at=None
    ).update(resolved_at=at, resolved_by=by)


def _tenant_code() -> str:
    tenant = tenant_current()
    if tenant is None:
        raise NotEnrolled
    return str(tenant.code)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def _flags(rows: Iterable[Flag], *, every: bool = False) -> None:
    code, flags = _tenant_code(), list(rows)
    numbers = _numbers(flag.case_id for flag in flags if flag.case_id)
    found = [
        Trouble(
            tenant_code=code, kind=TroubleKind.FLAG, key=str(flag.entry_id), node=flag.author, reason=flag.reason,
            detail=flag.detail, entry_id=flag.entry_id, case_id=flag.case_id, applied=flag.applied,
            number=numbers.get(flag.case_id, "") if flag.case_id else "", since=_moment(flag.flagged_at_ms),
        )
        for flag in flags if not flag.resolved
    ]  # fmt: skip
    _mirror(code, TroubleKind.FLAG, found, keys=None if every else [str(flag.entry_id) for flag in flags])


def _numbers(cases: Iterable[UUID]) -> dict[UUID, str]:
    return dict(Case.objects.filter(pk__in=set(cases)).values_list("pk", "number"))


def _streams(code: str, quarantine: Path) -> tuple[list[Trouble], list[Trouble]]:
    held = [cursor for cursor in Cursor.objects.exclude(held_reason="") if _is_read(cursor)]
    files: dict[tuple[str, str], QuarantinedFile] = {}
    if held:
        kept = QuarantinedFile.objects.filter(author__in={cursor.author for cursor in held}, resolved=False)
        files = {(row.author, row.name): row for row in kept.order_by("seen_at_ms", "pk")}
    return _mirror(code, TroubleKind.HELD, [_held(code, cursor, files, quarantine) for cursor in held])


def _is_read(cursor: Cursor) -> bool:
    """Whether the stream still counts: a revoked node is read no more, and a new epoch ends what held the old one."""
    card = card_of(cursor.author)
    return card is None or (not card.revoked and cursor.epoch >= card.epoch)


def _held(
    code: str, cursor: Cursor, files: dict[tuple[str, str], QuarantinedFile], quarantine: Path
) -> Trouble:  # fmt: skip
    # The reader writes "<file>: <error>".
    name = cursor.held_detail.partition(": ")[0]
    kept, digest, size = files.get((cursor.author, name)), "", 0
    if kept is not None:
        digest = bytes(kept.sha256).hex()
        copy = quarantine / cursor.author / f"{digest[:16]}-{name}"
        size = copy.stat().st_size if copy.is_file() else 0
    return Trouble(
        tenant_code=code, kind=TroubleKind.HELD, key=f"{cursor.author}/{cursor.epoch}", node=cursor.author,
        reason=cursor.held_reason, detail=cursor.held_detail, last_seq=cursor.last_seq, file_name=name[:80],
        file_sha256=digest, file_size=size, since=_moment(cursor.held_at_ms),
    )  # fmt: skip


def _parked(code: str) -> list[Trouble]:
    """One trouble a case: what waits there waits for the same thing."""
    late = ParkedEntry.objects.filter(parked_at_ms__lt=physical_ms() - PARKED_TOO_LONG_MS)
    by_case: dict[UUID, list[ParkedEntry]] = {}
    # What commutes has rev 0 and waits for the case itself: it comes last.
    for row in sorted(late, key=lambda row: (row.rev == 0, row.rev, row.parked_at_ms)):
        by_case.setdefault(row.case_id, []).append(row)
    if not by_case:
        return []
    firsts = [rows[0].entry_id for rows in by_case.values()]
    entries = {key: (author, kind) for key, author, kind
               in EntryRow.objects.filter(pk__in=firsts).values_list("pk", "author", "kind")}  # fmt: skip
    cases = {key: (number, holder) for key, number, holder
             in Case.objects.filter(pk__in=list(by_case)).values_list("pk", "number", "custodian")}  # fmt: skip
    found = []
    for case_id, rows in by_case.items():
        author, kind = entries.get(rows[0].entry_id, ("", ""))
        number, holder = cases.get(case_id, ("", ""))
        found.append(Trouble(
            tenant_code=code, kind=TroubleKind.PARKED, key=str(case_id), node=author, detail=kind, case_id=case_id,
            entry_id=rows[0].entry_id, number=number, waits_for=holder, count=len(rows),
            since=_moment(min(row.parked_at_ms for row in rows)),
        ))  # fmt: skip
    return found


def _stranded(code: str) -> list[Trouble]:
    rows = Node.objects.filter(tenant_code=code, revoked_at__isnull=False).values_list("node_id", "revoked_at")
    revoked = {node: at for node, at in rows if at is not None}
    if not revoked:
        return []
    counts = Case.objects.filter(is_open=True, custodian__in=list(revoked)).values_list("custodian")
    return [
        Trouble(tenant_code=code, kind=TroubleKind.STRANDED, key=node, node=node, count=count, since=revoked[node])
        for node, count in counts.annotate(Count("pk"))
    ]


def _mirror(
    code: str, kind: TroubleKind, found: Sequence[Trouble], *, keys: Sequence[str] | None = None
) -> tuple[list[Trouble], list[Trouble]]:
    """Of the tenant's troubles of this kind (`keys`: of these alone) exactly `found` are open; returns those that are
    new and those that are over."""
    rows = Trouble.objects.filter(tenant_code=code, kind=kind, resolved_at=None)
    known = {row.key: row for row in (rows if keys is None else rows.filter(key__in=keys))}
    wanted = {one.key: one for one in found}
    new = [one for one in found if one.key not in known]
    over = [row for key, row in known.items() if key not in wanted]
    if new:
        Trouble.objects.bulk_create(new, ignore_conflicts=True)
    if over:
        Trouble.objects.filter(pk__in=[row.pk for row in over]).update(resolved_at=timezone.now())
    changed = [row for key, row in known.items() if key in wanted and _follow(row, wanted[key])]
    if changed:
        Trouble.objects.bulk_update(changed, FOLLOWED)
    return new, over


def _follow(row: Trouble, now: Trouble) -> bool:
    """The row says what `now` says; returns whether it did not."""
    changes = {name: getattr(now, name) for name in FOLLOWED if getattr(now, name) != getattr(row, name)}
    for name, value in changes.items():
        setattr(row, name, value)
    return bool(changes)
