"""An agent on a machine of this test's own, over plain copying."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.exchange.folders import plan_for_node
from core.exchange.machine import Machine
from core.transport.copying import CopyCarrier
from edge_node.agent import Agent
from edge_node.identity import card_of, identity, peer_cards
from edge_node.machine import places


@contextmanager
def agent_on(exchange: Path) -> Iterator[Agent]:
    """The agent of the node this machine is enrolled as; files travel through `exchange`."""
    me, spots = identity(), places()
    spots.make()
    carrier = CopyCarrier(exchange, me.node)
    plan = plan_for_node(me.card, peer_cards(), spots.folders)
    yield Agent(Machine(identity=me, places=spots, cards=card_of, plan=plan, carrier=carrier), "test")
    carrier.close()
