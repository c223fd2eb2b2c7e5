"""The node's side of `sync`: its database filled, then its outbox sealed by the same round as the agent's."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from core.county.publishing.demo_catalogue import demo_records
from core.domain.journal.place import CORE
from core.exchange import post
from core.exchange.folders import plan_for_node
from core.exchange.keyring import keys_keep
from core.exchange.machine import Machine, Places
from core.transport.syncthing import Folder, Peer

from .part import hear, say
from .place import VILLAGE, Papers, catalogue_apply, identity_of
from .profiling import profiled


def prepare(cases: int) -> dict[str, Any]:
    """The node has its tables, its catalogue, its keys and the cases in its outbox."""
    settings.HERE = "tests.bench.place.here"
    call_command("migrate", verbosity=0)
    keys = keys_keep(Path(settings.VAR_DIR) / "keys")
    catalogue_apply(demo_records())
    from .load import node_load

    loaded = node_load(cases)
    return loaded | {"verify_key": keys.verify_key.hex(), "recipient": keys.recipient}


class Mouth:
    """A carrier that says what was published: the bench copies it."""

    def apply(self, peers: Iterable[Peer], folders: Iterable[Folder]) -> bool:
        return False

    def announce(self, folder_id: str, name: str = "") -> None:
        say({"folder": folder_id, "name": name})

    def wait(self, timeout_seconds: float) -> set[str]:
        return set()

    def connected(self) -> set[str]:
        return set()

    def completion(self, folder_id: str, device_id: str) -> int | None:
        return None

    def close(self) -> None:
        pass


def papers_keep(node_dir: Path, papers: Papers) -> None:
    import msgspec

    (node_dir / "papers.json").write_bytes(msgspec.json.encode(papers))


def machine() -> Machine:
    """The node as the agent has it, carried by the bench."""
    node_dir = Path(settings.VAR_DIR)
    me, core = identity_of(node_dir)
    places = Places(node_dir)
    places.make()
    cards = {CORE: core.card, me.node: me.card}
    plan = plan_for_node(me.card, [core.card], places.folders)
    return Machine(identity=me, places=places, cards=cards.get, plan=plan, carrier=Mouth())


def seal(profile: bool = False) -> dict[str, float]:
    """Everything queued is in named segments; seconds by the clock and of this process's processor time."""
    settings.HERE = "tests.bench.place.here"
    node = machine()
    node.folder_out(CORE)
    say({"ready": True})
    hear()
    wall, cpu = time.perf_counter(), time.process_time()
    with profiled("seal" if profile else ""):
        done = post.send(node, VILLAGE)
    return {"entries": done.sealed, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
