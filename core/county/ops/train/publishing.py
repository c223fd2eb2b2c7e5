"""Machines that fetch a version themselves: it is laid out for a ring when it has proved itself before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from . import judging
from .county import CountyUnread
from .record import Record
from .soaking import Report

if TYPE_CHECKING:
    from .driver import Train


def ring_publish(train: Train, ring: int, *, first: bool) -> None:
    """The version lies ready for the pulling machines of the ring, or the record says why not."""
    record, orders = train.record, train.orders
    pulling = [one for name, one in record.hosts.items() if one.pull and one.ring == ring and name in train.chosen]
    if not pulling or ring in record.published:
        return
    record.unpublished.pop(str(ring), None)
    try:
        if orders.limited:
            reason = _("only some machines were chosen (--limit).")
        else:
            reports = train.county.fleet().by_node()
            reason = _obstacle(record, reports, first=first, max_fail=orders.max_fail, ring=ring)
        if not reason:
            train.county.publish(orders.version, ring=ring)
    except CountyUnread as error:
        reason = str(error)
    if reason:
        record.unpublished[str(ring)] = reason
    else:
        record.published.append(ring)
    train.save()


def rings_withdraw(train: Train) -> None:
    """After a stop nobody fetches the version any more, or the record says why that is not so."""
    record = train.record
    if not record.published:
        return
    try:
        train.county.withdraw(record.version)
    except CountyUnread as error:
        record.unwithdrawn = str(error)
    else:
        record.published, record.unwithdrawn = [], ""
    train.save()


def _obstacle(record: Record, reports: dict[str, Report], *, first: bool, max_fail: float, ring: int) -> str:
    """Why the version may not go to the pulling machines of the ring yet; "" where it may."""
    told = [reports[one.node] for one in record.hosts.values()
            if one.pull and one.ring in record.published and one.node in reports]  # fmt: skip
    undone = sum(
        one.rollout.outcome in ("rolled_back", "refused") and one.rollout.version == record.version for one in told
    )
    pushed = sum(one.state == judging.DONE for one in record.hosts.values())
    allowed = judging.may_publish(
        ring=ring, first=ring if first else -1, proven=pushed or _runs(record, list(reports.values())), told=len(told),
        taken=_runs(record, told), undone=undone, max_fail=max_fail,
    )  # fmt: skip
    if allowed:
        return ""
    if undone:
        return _("%(n)s of the machines that fetched it have put it back.") % {"n": undone}
    return _("no machine of the rings before has taken it yet; --resume goes on when one has.")


def _runs(record: Record, reports: list[Report]) -> int:
    return sum(one.version == record.version for one in reports)
