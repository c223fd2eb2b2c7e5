"""Which folders a machine writes, reads and relays, and with whom it shares them: one writer a folder.

    up-<node>, down-<node>          node > (town >) core; core > (town >) node
    town-<village>, side-<village>  village > town; town > village
    catalogue, catalogue-<town>     core > those linked to it; town > its villages
    rollout, rollout-<town>         the same way: bundles of the program; villages fetch them at the maintenance hour

The core links to towns, and to villages whose town has no node. Pure: cards in, folders out. See sync.md, Folders.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.domain.journal.format import NodeCard
from core.transport.syncthing import Folder, Peer

CORE: Final = "core"
CATALOGUE: Final = "catalogue"
ROLLOUT: Final = "rollout"
#: Inside a node's folders.
ACKS: Final = "acks"
STATUS: Final = "status"
ATTACHMENTS: Final = "att"


@dataclass(frozen=True)
class Plan:
    """What one machine shares. `writes[audience]` and `reads[author]` are folder ids of streams."""

    me: str
    folders: tuple[Folder, ...]
    peers: tuple[Peer, ...]
    writes: dict[str, str]
    reads: dict[str, str]
    #: The folder releases come in ("" on the core), and the one they go out by ("" where nobody is below).
    catalogue_in: str
    catalogue_out: str
    #: The same for bundles of the program.
    rollout_in: str = ""
    rollout_out: str = ""


def plan_for_node(card: NodeCard, known: Iterable[NodeCard], base: Path, *, leaving: Iterable[NodeCard] = ()) -> Plan:
    """The plan of an enrolled node that holds the cards of the core, its parent and its children.

    `leaving` are children that were revoked lately: nothing is read of them or written to them any more, but their
    folders are still relayed, so that they hear of it.
    """
    cards = {one.node: one for one in known if not one.revoked}
    me = card.node
    town = cards.get(card.parent) if card.parent not in ("", CORE) else None
    above = town or cards[CORE]
    children = [one for one in cards.values() if one.parent == me]
    core_devices = (cards[CORE].device_id,)
    up = (above.device_id,)
    make = _Maker(base)
    writes, reads = {CORE: f"up-{me}"}, {CORE: f"down-{me}"}
    make.sends(f"up-{me}", up)
    make.receives(f"down-{me}", up)
    if town is not None:
        make.sends(f"town-{me}", up)
        make.receives(f"side-{me}", up)
        writes[town.node], reads[town.node] = f"town-{me}", f"side-{me}"
    catalogue_in, rollout_in = (f"{name}-{town.node}" if town else name for name in (CATALOGUE, ROLLOUT))
    make.receives(catalogue_in, up)
    # Its files are large, and a village's line is paid by the megabyte. A town has to have them for its villages.
    make.receives(rollout_in, up, shut=not children, bulky=True)
    catalogue_out, rollout_out = (f"{name}-{me}" if children else "" for name in (CATALOGUE, ROLLOUT))
    for folder in filter(None, (catalogue_out, rollout_out)):
        make.sends(folder, tuple(child.device_id for child in children))
    going = [one for one in leaving if one.parent == me]
    for child in (*children, *going):
        # Relayed: this machine cannot read them, it only passes them on.
        make.receives(f"up-{child.node}", (child.device_id, *core_devices))
        make.receives(f"down-{child.node}", (child.device_id, *core_devices))
    for child in children:
        make.receives(f"town-{child.node}", (child.device_id,))
        make.sends(f"side-{child.node}", (child.device_id,))
        writes[child.node], reads[child.node] = f"side-{child.node}", f"town-{child.node}"
    # Addresses on one side only: the lower calls the upper, which often cannot call back through a carrier's NAT.
    peers = (
        Peer(above.device_id, above.node, above.addresses),
        *(Peer(c.device_id, c.node) for c in (*children, *going)),
    )
    return Plan(me, tuple(make.made), peers, writes, reads, catalogue_in, catalogue_out, rollout_in, rollout_out)


def plan_for_core(nodes: Iterable[NodeCard], base: Path, *, untold: Container[str] = frozenset()) -> Plan:
    """The core's plan for these nodes.

    `untold` have not read their newest card: they are linked as it says, and also in every way they may still be
    linked by the one before; a revoked node is planned for only while it is one of them.
    """
    cards = {one.node: one for one in nodes if one.node != CORE and (not one.revoked or one.node in untold)}
    make = _Maker(base)
    writes, reads, direct = {}, {}, []
    for node, card in sorted(cards.items()):
        links = _links(card, cards, untold)
        make.receives(f"up-{node}", tuple(one.device_id for one in links))
        make.sends(f"down-{node}", tuple(one.device_id for one in links))
        writes[node], reads[node] = f"down-{node}", f"up-{node}"
        if card in links:
            direct.append(card)
    for folder in (CATALOGUE, ROLLOUT):
        make.sends(folder, tuple(card.device_id for card in direct))
    peers = tuple(Peer(card.device_id, card.node) for card in direct)
    return Plan(CORE, tuple(make.made), peers, writes, reads, "", CATALOGUE, "", ROLLOUT)


def _links(card: NodeCard, cards: Mapping[str, NodeCard], untold: Container[str]) -> list[NodeCard]:
    """The machines the core shares a node's folders with: its town or, without one, the node itself."""
    town = cards.get(card.parent)
    if town is not None and town.revoked:
        town = None
    links = [town or card]
    if card.node in untold:
        halls = [one for one in cards.values() if one.tenant == card.tenant and one.level == "town"]
        links += [one for one in (card, *halls) if one not in links]
    return links


class _Maker:
    def __init__(self, base: Path) -> None:
        self._base = base
        self.made: list[Folder] = []

    def sends(self, folder_id: str, devices: tuple[str, ...]) -> None:
        self.made.append(Folder(folder_id, self._base / folder_id, "sendonly", devices))

    def receives(self, folder_id: str, devices: tuple[str, ...], *, shut: bool = False, bulky: bool = False) -> None:
        self.made.append(Folder(folder_id, self._base / folder_id, "receiveonly", devices, shut, bulky))
