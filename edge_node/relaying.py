"""A town's node hands the county's order and the bundles it names on to its villages, in folders of its own.

The order is believed by the county's signature, a bundle by the hash the order gives it: nothing is unpacked here.
"""

from __future__ import annotations

import structlog
from django.conf import settings

from core.exchange.folders import CATALOGUE, ROLLOUT
from core.exchange.machine import Machine
from core.exchange.orders import bundles_relay, order_relay, orders_look
from core.transport.spool import SpoolError

_log = structlog.get_logger(__name__)


def rollout_relay(machine: Machine) -> None:
    """The folders of those below hold the newest order and its bundles; nothing where nobody is below.

    A full disk is said: the journal goes on without it, and the next change or sweep tries again.
    """
    plan, places = machine.plan, machine.places
    if not plan.rollout_out:
        return
    key, folders = machine.identity.root_key, places.folders
    # The courier may bring a town's folder, or the county's own.
    catalogues = [*machine.ways_in(plan.catalogue_in), places.inbox / CATALOGUE]
    bundles = [*machine.ways_in(plan.rollout_in), places.inbox / ROLLOUT]
    order, refused = orders_look([*catalogues, *bundles], key)
    for folder, reason in refused.items():
        _log.warning("order_refused", folder=folder, reason=reason)
    if order is None:
        return
    try:
        outs = (plan.rollout_out, plan.catalogue_out)
        if new := bundles_relay(
            order, bundles, folders / plan.rollout_out, staging=places.staging, floor_bytes=settings.DISK_FLOOR_BYTES
        ):
            _log.info("bundles_relayed", names=new)
        # After its bundles: who reads it finds them.
        order_relay([*catalogues, *bundles], [folders / one for one in outs], key)
    except SpoolError as error:
        _log.warning("rollout_not_relayed", reason=str(error))
        return
    for one in outs:
        machine.carrier.announce(one)
