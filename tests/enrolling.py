"""A county and machines without a database: keys, requests, cards, answers."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.journal import chain, seal
from core.domain.journal.bodies import MembershipValue, StaffGranted
from core.domain.journal.clock import physical_ms
from core.domain.journal.format import NodeCard
from core.exchange.enrolment import EnrolRequest, EnrolResponse, request_make, response_make
from core.exchange.identity import Identity
from core.exchange.keyring import Keys

VILLAGE, TOWN, OTHER = "430321100200-01", "430321100000-01", "430321100201-01"
TENANT = "430321100000"
AGENT = StaffGranted(
    code="agent1", name="陈大明", password="argon2$hash",
    memberships=(MembershipValue(tenant=TENANT, service_point=VILLAGE, department="", role="village_agent"),),
)  # fmt: skip


def keys_new() -> Keys:
    return Keys(sign=chain.signing_key_new(), age=seal.identity_new())


def request(keys: Keys, **more: object) -> bytes:
    fields: dict[str, object] = {
        "verify_key": keys.verify_key, "recipient": keys.recipient, "device_id": "",
        "addresses": ("tcp://10.0.0.2:22000",), "hostname": "pc-1", "made_at_ms": physical_ms(),
    }  # fmt: skip
    return request_make(keys, EnrolRequest(**(fields | more)))  # type: ignore[arg-type]


def card(node: str, keys: Keys, **more: object) -> NodeCard:
    fields: dict[str, object] = {
        "node": node, "epoch": 1, "serial": 1, "tenant": TENANT, "service_point": node, "name": "某村便民服务站",
        "level": "village", "parent": "core", "verify_key": keys.verify_key, "recipient": keys.recipient,
        "device_id": "", "valid_from_ms": 1, "valid_to_ms": 2**50,
    }  # fmt: skip
    return NodeCard(**(fields | more))  # type: ignore[arg-type]


@dataclass(frozen=True)
class County:
    """The core as a node sees it: what it signs, what it answers."""

    root: chain.Signer
    core: Identity

    def signed(self, card: NodeCard) -> bytes:
        return self.root.wrap(chain.CARD, card)

    def response(self, card: NodeCard, *, cards: tuple[NodeCard, ...] = (), **more: object) -> bytes:
        fields: dict[str, object] = {
            "card": self.signed(card), "root_key": self.root.verify_key,
            "cards": (self.core.signed_card, *(self.signed(one) for one in cards)), "staff": (AGENT,), "release": b"",
            "county_url": "http://county.localhost:8000", "made_at_ms": physical_ms(),
        }  # fmt: skip
        return response_make(self.core, EnrolResponse(**(fields | more)), recipient=card.recipient)  # type: ignore[arg-type]


def county() -> County:
    root, keys = chain.Signer(chain.ROOT, chain.signing_key_new()), keys_new()
    core = card("core", keys, level="county", parent="", tenant="", service_point="", name="")
    identity = Identity(
        node="core", signer=chain.Signer("core", keys.sign), age_identity=keys.age, card=core,
        signed_card=root.wrap(chain.CARD, core), root_key=root.verify_key,
    )  # fmt: skip
    return County(root=root, core=identity)
