"""What is offered to machines that fetch their versions themselves: signed bundles, and the order whose turn it is.

All there is lies in two folders, as the machines see it; the database only says which machine stands in which ring.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from msgspec.structs import replace

from core.exchange.bundles import (
    BundleRefused,
    Manifest,
    bundle_is_signed,
    bundle_pack,
    bundle_sign,
    bundle_unpack,
    file_sha256,
)
from core.exchange.carriers import syncthing_settings, transport_kind
from core.exchange.folders import CATALOGUE, ROLLOUT
from core.exchange.machine import Places
from core.exchange.orders import (
    LAST_RING,
    NOBODY,
    Order,
    OrderedBundle,
    OrderRefused,
    bundle_at,
    bundles_clear,
    order_publish,
    order_wrap,
    orders_look,
)
from core.transport import spool
from core.transport.syncthing import SyncthingClient, SyncthingError

from ..errors import RolloutRefused
from ..keys import root_signer
from ..models import SshAddress
from ..selectors import service_point_get

_log = structlog.get_logger(__name__)
#: Below VAR_DIR: where an operator lays bundles that are not published yet.
BUNDLES: Final = "bundles"
EDGE: Final = "edge"


@dataclass(frozen=True)
class Turn:
    """Who may take the version. What was said of the same version before is widened by this, never narrowed."""

    ring: int = NOBODY
    nodes: tuple[str, ...] = ()
    not_before_ms: int = 0
    again: bool = False


def bundle_signed(bundle: Path, target: Path) -> Manifest:
    """`target` is the bundle, proven whole and signed by the county; unchanged bytes where it was signed already.

    Raises BundleRefused, OSError; then `target` is as it was.
    """
    # Beside the target, which has room for it; /tmp may be small memory.
    with tempfile.TemporaryDirectory(prefix=".signing-", dir=target.parent) as scratch:
        tree, manifest = bundle_unpack(bundle, Path(scratch))
        if not bundle_is_signed(tree, root_signer().verify_key):
            bundle_sign(tree, root_signer())
            bundle_pack(tree, target, at=int(datetime.fromisoformat(manifest.made_at).timestamp()))
        elif target != bundle:
            shutil.copyfile(bundle, Path(scratch) / "copy")
            (Path(scratch) / "copy").replace(target)
    return manifest


def rollout_current() -> Order | None:
    """The order in force; None where nothing was ever published. Raises RolloutRefused where the file is damaged."""
    order, refused = orders_look([_catalogue(), _folder()], root_signer().verify_key)
    if order is None and refused:
        raise RolloutRefused("; ".join(refused.values()))
    return order


def rollout_publish(version: str, bundles: Sequence[Path], turn: Turn, *, at: datetime) -> Order:
    """Nodes are offered this version: its signed bundles lie in the rollout folder, the order says whose turn it is.

    Without `bundles`, those of the version are taken that are published already or lie in VAR_DIR/bundles. Other
    versions' bundles are gone from the folder. Raises RolloutRefused, ServicePointUnknown, BundleRefused, SpoolError.
    """
    for node in turn.nodes:
        service_point_get(node)
    before = rollout_current()
    same = before if before is not None and before.version == version and not before.withdrawn else None
    found = {one.name: one for one in (same.bundles if same else ()) if bundle_at(_folder(), one)}
    made_at = same.version_made_at if same else ""
    for bundle in bundles or (() if found else _bundles_of(version)):
        manifest, one = _bundle_bring(bundle, version)
        found[one.name], made_at = one, manifest.made_at
    if not found:
        raise RolloutRefused(f"no bundle of {version} in {_waiting()} or {_folder()}")
    order = Order(
        serial=_serial(before, at), version=version, version_made_at=made_at, ordered_at_ms=_ms(at),
        bundles=tuple(found[name] for name in sorted(found)),
        ring=max(turn.ring, same.ring if same else NOBODY), rings=_rings(),
        nodes=tuple(sorted({*turn.nodes, *(same.nodes if same else ())})),
        not_before_ms=turn.not_before_ms or (same.not_before_ms if same else 0),
        attempt=(before.attempt if before else 0) + turn.again,
    )  # fmt: skip
    _order_give(order)
    return order


def rollout_withdraw(version: str, *, at: datetime) -> Order:
    """No machine takes this version any more that has not; its bundles are gone from the folder. Those that run it
    stay on it until another version is published or somebody puts them back. Raises RolloutRefused."""
    before = rollout_current()
    if before is None or before.version != version:
        raise RolloutRefused(f"{version} is not published" + (f", {before.version} is" if before else ""))
    order = replace(before, serial=_serial(before, at), ordered_at_ms=_ms(at), withdrawn=True, ring=NOBODY, nodes=())
    _order_give(order)
    return order


def _bundles_of(version: str) -> list[Path]:
    # By the manifest, not by the name alone: 1.0 is the beginning of 1.0-1.
    return [path for place in (_folder(), _waiting()) for path in sorted(place.glob(f"yizhan-{version}-*.tar.zst"))]


def _bundle_bring(bundle: Path, version: str) -> tuple[Manifest, OrderedBundle]:
    """The bundle, signed, lies in the rollout folder under its own name."""
    staging = Places(settings.VAR_DIR).staging
    for place in (_folder(), staging):
        spool.directory_make(place)
    with tempfile.TemporaryDirectory(prefix="rollout-", dir=staging) as scratch:
        signed = Path(scratch) / "bundle.tar.zst"
        manifest = bundle_signed(bundle, signed)
        if manifest.version != version or manifest.side != EDGE:
            raise BundleRefused(f"is {manifest.side} {manifest.version}, not {EDGE} {version}", bundle.name)
        one = OrderedBundle(name=f"{manifest.name}.tar.zst", size=signed.stat().st_size, sha256=file_sha256(signed))
        there = _folder() / one.name
        if not there.exists() or file_sha256(there) != one.sha256:
            # Another build of the same commit; a name is given anew only here, and the order names the bytes.
            spool.file_replace(_folder(), one.name, signed, staging=staging, sha256=one.sha256)
    return manifest, one


def _order_give(order: Order) -> None:
    """Bundles first, then the order: who reads it finds them. Then what it does not name goes."""
    signer = root_signer()
    try:
        data = order_wrap(signer, order)
        for folder in (_folder(), _catalogue()):
            spool.directory_make(folder)
            order_publish(folder, data, signer.verify_key)
    except OrderRefused as error:
        raise RolloutRefused(str(error)) from error
    bundles_clear(_folder(), keep=() if order.withdrawn else [one.name for one in order.bundles])
    _announce((ROLLOUT, CATALOGUE))
    _log.info("rollout_ordered", version=order.version, serial=order.serial, ring=order.ring, nodes=len(order.nodes),
              withdrawn=order.withdrawn)  # fmt: skip


def _announce(folders: Iterable[str]) -> None:
    """Syncthing looks at once; where it does not answer it finds the files by itself."""
    if transport_kind() != "syncthing":
        return
    given = syncthing_settings(Path(settings.VAR_DIR), settings.SYNC_LISTEN)
    client = SyncthingClient(given.api, given.api_key, timeout_seconds=10.0)
    try:
        for folder in folders:
            client.scan(folder)
    except (SyncthingError, OSError) as error:
        _log.info("rollout_announce_deferred", reason=str(error))
    finally:
        client.close()


def _rings() -> dict[str, int]:
    """The ring of every machine that does not stand in the last one."""
    rows = SshAddress.objects.exclude(ring=LAST_RING).order_by("service_point")
    return dict(rows.values_list("service_point", "ring"))


def _serial(before: Order | None, at: datetime) -> int:
    """Rises also after the county was restored from a backup, which has forgotten its last orders."""
    return max(int(at.timestamp()), before.serial + 1 if before else 1)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _folder() -> Path:
    return Places(settings.VAR_DIR).folders / ROLLOUT


def _catalogue() -> Path:
    return Places(settings.VAR_DIR).folders / CATALOGUE


def _waiting() -> Path:
    return Path(settings.VAR_DIR) / BUNDLES
