"""Is it this machine's turn? What the county's order says to it, for the updater (ansible/bin/yizhan_updater.py)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from django.db import DatabaseError

from core.exchange.orders import Order, orders_look

from .county_key import enrolment_read

TAKE, WAIT, NONE, REFUSED = "take", "wait", "none", "refused"


def places_of(data: Path) -> list[Path]:
    """Where an order may lie in a node's folder, whatever the cards say: root asks without believing the database."""
    return [path for pattern in ("catalogue*", "rollout*") for base in ("folders", "inbox")
            for path in sorted((data / base).glob(pattern))]  # fmt: skip


def order_said(folders: Iterable[Path], root_key: bytes, *, node: str, known: int, at_ms: int) -> dict[str, Any]:
    """What is to be done: `outcome` take | wait | none | refused, `reason` in words, `order` as it is, and `refused`:
    why files are not believed, by folder. `known` is the highest serial this machine has seen.
    """
    newest, refused = orders_look(folders, root_key)
    outcome, reason = _outcome(newest, node=node, known=known, at_ms=at_ms)
    if outcome == NONE and refused:
        outcome, reason = REFUSED, "; ".join(refused.values())
    order = msgspec.to_builtins(newest) if newest is not None and outcome != REFUSED else {}
    order.pop("rings", None)
    ring = newest.ring_of(node) if newest is not None else -1
    return {"outcome": outcome, "reason": reason, "order": order, "node": node, "ring": ring, "refused": refused}


def _outcome(order: Order | None, *, node: str, known: int, at_ms: int) -> tuple[str, str]:
    if order is None:
        # Silence is no leave to take what was withdrawn: without an order nothing is taken at all.
        return NONE, "the county has ordered nothing"
    if order.serial < known:
        return REFUSED, f"the order is older than one seen before: {order.serial}, {known} is known"
    waits = order.waits(node, at_ms)
    return (WAIT, waits) if waits else (TAKE, "")


def node_code() -> str:
    """This machine's service point; "" where it cannot be known: such a machine is named in no order but to all."""
    try:
        row = enrolment_read()
    except DatabaseError:
        return ""
    return row.node_id if row is not None else ""
