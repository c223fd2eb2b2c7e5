"""What a tested backup holds, told to the nodes: only then may they clear away what they wrote (sync.md, Retention).

A mark is made when a backup begins: the numbers every reader had reached. When that backup was restored somewhere and
looked at, the mark is secured: acks say so from then on. A mark older than one secured before takes nothing back.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import transaction
from django_tenants.utils import schema_context

from core.domain.journal.models import Cursor
from core.transport import spool
from tenants.models import Tenant

_NAME = re.compile(r"\d{8}T\d{6}Z")
_LIMIT = 64 * 1024 * 1024


class MarkUnknown(Exception):
    """There is no such mark, or it cannot be read."""


class Reached(msgspec.Struct, frozen=True):
    author: str
    epoch: int
    audience: str
    seq: int


class Mark(msgspec.Struct, frozen=True):
    """`cursors` by schema, as they stood when the backup began."""

    made_at: datetime
    cursors: dict[str, list[Reached]]


def marks_folder() -> Path:
    """Outside the database: a mark must not be rolled back with it."""
    return Path(settings.VAR_DIR) / "marks"


def backup_mark(*, at: datetime) -> str:
    """The numbers reached by now are written down; returns the mark's name. Call it just before a backup begins."""
    cursors: dict[str, list[Reached]] = {}
    for schema in _schemas():
        with schema_context(schema):
            rows = Cursor.objects.filter(last_seq__gt=0).values_list("author", "epoch", "audience", "last_seq")
            cursors[schema] = [Reached(*row) for row in rows]
    name = f"{at:%Y%m%dT%H%M%SZ}"
    spool.directory_make(marks_folder())
    spool.file_replace(marks_folder(), f"{name}.json", msgspec.json.encode(Mark(made_at=at, cursors=cursors)))
    return name


def backup_secured(name: str) -> int:
    """What the mark names is secured; returns how many streams moved on. Raises MarkUnknown; then nothing changed.

    Only numbers this database still reaches count: a mark of a time a restore has undone secures nothing beyond it.
    """
    mark = _mark_read(name)
    moved = 0
    known = set(_schemas())
    with transaction.atomic():
        for schema in sorted(mark.cursors.keys() & known):
            with schema_context(schema):
                moved += sum(_secure(one) for one in mark.cursors[schema])
    return moved


def _secure(reached: Reached) -> int:
    cursors = Cursor.objects.filter(author=reached.author, epoch=reached.epoch, audience=reached.audience)
    return cursors.filter(last_seq__gte=reached.seq, secured_seq__lt=reached.seq).update(secured_seq=reached.seq)


def _mark_read(name: str) -> Mark:
    if not _NAME.fullmatch(name):
        raise MarkUnknown(name)
    try:
        return msgspec.json.decode(spool.file_read(marks_folder() / f"{name}.json", _LIMIT), type=Mark)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError) as error:
        raise MarkUnknown(name) from error


def _schemas() -> list[str]:
    return list(
        Tenant.objects.exclude(schema_name="public").order_by("schema_name").values_list("schema_name", flat=True)
    )
