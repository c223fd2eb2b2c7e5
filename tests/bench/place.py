"""Where the bench's node stands: a village of Xiangtan, linked to the core alone. settings.HERE in node parts."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.domain.catalogue.documents import Record, ReleaseBody
from core.domain.catalogue.services import catalogue_hash, release_apply
from core.domain.journal.chain import Signer, card_open
from core.domain.journal.clock import physical_ms
from core.domain.journal.place import Here
from core.exchange.identity import Identity
from core.exchange.keyring import keys_keep

COUNTY, TOWN = "430321000000", "430321100000"
VILLAGE = Here(
    node="430321100204-01", epoch=1, tenant=TOWN, service_point="430321100204-01", division="430321100204",
    level="village", name="赤湖村便民服务站", peers=frozenset({"core"}),
)  # fmt: skip


def here() -> Here:
    return VILLAGE


class Papers(msgspec.Struct):
    """What the county gave the node: its card and the core's, both signed, and the key to prove them by."""

    card: bytes
    core_card: bytes
    root_key: bytes


def identity_of(node_dir: Path) -> tuple[Identity, Identity]:
    """The node with its private keys, and the core as far as the node knows it (without any)."""
    papers = msgspec.json.decode((node_dir / "papers.json").read_bytes(), type=Papers)
    keys = keys_keep(node_dir / "keys")
    card, core = (card_open(one, papers.root_key) for one in (papers.card, papers.core_card))
    node = Identity(
        node=card.node, signer=Signer(card.node, keys.sign), age_identity=keys.age, card=card, signed_card=papers.card,
        root_key=papers.root_key,
    )  # fmt: skip
    return node, Identity(
        node="core", signer=node.signer, age_identity="", card=core, signed_card=papers.core_card,
        root_key=papers.root_key,
    )  # fmt: skip


def catalogue_apply(records: list[Record]) -> None:
    """Release 1 of these records is in force here."""
    release_apply(ReleaseBody(
        number=1, county=COUNTY, made_at_ms=physical_ms(), previous=0, state_sha256=catalogue_hash(records),
        records=records,
    ))  # fmt: skip
