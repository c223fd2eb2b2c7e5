"""The county's own keys under VAR_DIR/keys: the root key that signs every card, and the core's keys and card.

All are made on first use. Whoever reads root.key can admit machines: it belongs into the backup, and nowhere else.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from core.domain.journal import chain
from core.domain.journal.clock import physical_ms
from core.domain.journal.errors import JournalError
from core.domain.journal.format import NodeCard
from core.domain.journal.place import CORE
from core.exchange.addresses import sync_addresses
from core.exchange.identity import Identity
from core.exchange.keyring import Keys, device_id_keep, file_put, key_keep, keys_keep

ROOT_KEY, CORE_CARD, CORE_EPOCH = "root.key", "core.card", "core.epoch"
#: Cards begin a day early and last ten years: a node's clock may be wrong, and revoking is by card, not by date.
CARD_EARLY_MS = 24 * 3600 * 1000
CARD_MS = 10 * 366 * 24 * 3600 * 1000


def root_signer() -> chain.Signer:
    """Signs node cards; its key is made on first use."""
    return chain.Signer(chain.ROOT, key_keep(_folder(), ROOT_KEY, chain.signing_key_new))


def core_identity() -> Identity:
    """The core's keys and card, made on first use; the card follows its addresses and its epoch."""
    return _identity(_folder(), core_epoch())


def core_epoch() -> int:
    """The epoch of the core's own streams: 1 until a backup was restored (`recover`)."""
    try:
        return int((_folder() / CORE_EPOCH).read_text())
    except FileNotFoundError:
        return 1


def core_epoch_set(epoch: int) -> None:
    """From now on every process of the core writes in this epoch; durable. Raises ValueError for one not higher."""
    if epoch <= core_epoch():
        raise ValueError(f"epoch {epoch} is not higher than {core_epoch()}")
    file_put(_folder(), CORE_EPOCH, str(epoch).encode())


@lru_cache(maxsize=4)
def _identity(folder: Path, epoch: int) -> Identity:
    with _locked(folder):
        root, keys = root_signer(), keys_keep(folder)
        device_id = device_id_keep(Path(settings.VAR_DIR) / "syncthing")
        signed, card = _card_keep(folder, root, keys, device_id, epoch)
    return Identity(
        node=CORE, signer=chain.Signer(CORE, keys.sign), age_identity=keys.age, card=card, signed_card=signed,
        root_key=root.verify_key,
    )  # fmt: skip


def _card_keep(folder: Path, root: chain.Signer, keys: Keys, device_id: str, epoch: int) -> tuple[bytes, NodeCard]:
    """The core's card as it is; another one where its keys, epoch, device or addresses have changed."""
    addresses = sync_addresses(settings.SYNC_LISTEN, settings.SYNC_ADDRESSES)
    held = _card_held(folder, root)
    says = (epoch, keys.verify_key, keys.recipient, device_id, addresses)
    if held and says == (held[1].epoch, held[1].verify_key, held[1].recipient, held[1].device_id, held[1].addresses):
        return held
    serial, valid_from = 1, physical_ms() - CARD_EARLY_MS
    if held:
        # Segments name the serial of the keys that signed them: it stays while the keys do.
        same = (held[1].epoch, held[1].verify_key, held[1].recipient) == says[:3]
        serial = held[1].serial if same else held[1].serial + 1
        valid_from = max(valid_from, held[1].valid_from_ms + 1)
    card = NodeCard(
        node=CORE, epoch=epoch, serial=serial, tenant="", service_point="", name="", level="county", parent="",
        verify_key=keys.verify_key, recipient=keys.recipient, device_id=device_id, valid_from_ms=valid_from,
        valid_to_ms=valid_from + CARD_MS, addresses=addresses,
    )  # fmt: skip
    signed = root.wrap(chain.CARD, card)
    file_put(folder, CORE_CARD, signed)
    return signed, card


def _card_held(folder: Path, root: chain.Signer) -> tuple[bytes, NodeCard] | None:
    try:
        signed = (folder / CORE_CARD).read_bytes()
        return signed, chain.card_open(signed, root.verify_key)
    except (FileNotFoundError, JournalError):
        return None


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "keys"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time makes keys here; the lock goes with the process that holds it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
