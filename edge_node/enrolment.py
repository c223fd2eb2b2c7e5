"""A machine becomes a node: it asks, checks the answer against its own keys, and takes everything it brings at once.

Also how a node takes the cards that come later, down its stream from the county.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from core.domain.catalogue.selectors import release_number
from core.domain.catalogue.services import ReleaseMismatch, release_apply
from core.domain.journal.chain import card_open
from core.domain.journal.clock import physical_ms
from core.domain.journal.errors import JournalError
from core.domain.journal.format import NodeCard, StreamAck, encode
from core.domain.journal.models import Cursor, OutgoingStream
from core.domain.journal.services import clock_anchor
from core.domain.staff.models import User
from core.domain.staff.services import staff_apply, staff_revoke
from core.exchange import enrolment as wire
from core.exchange.addresses import sync_addresses
from core.exchange.keyring import device_id_keep, keys_keep, keys_read
from core.exchange.releases import release_open
from core.exchange.requeue import outbox_requeue

from .county_key import PinDamaged, county_key_pinned
from .errors import (
    AlreadyEnrolled,
    CoreNotTrusted,
    CoreRefused,
    CoreUnreachable,
    CountyOfAnother,
    FolderOfAnother,
    ResponseOutdated,
    ResponseUnusable,
)
from .identity import identity_forget, keys_folder, syncthing_home
from .models import Enrolment, HeldCard

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 180.0
#: The county's own certificate authority, where it has one; YIZHAN_CA names another place.
CA = "/etc/yizhan/ca.crt"


@dataclass(frozen=True)
class Enrolled:
    """What the command and the demo say of a machine that has just become a node."""

    node: str
    name: str
    parent: str
    fingerprint: str
    staff: int
    release: int
    epoch: int


def database_prepare() -> None:
    """The node's database stands and has every table of this version; its folder is for this user alone."""
    # Applicants' names and the accounts' hashes lie in it.
    Path(settings.VAR_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    Path(settings.VAR_DIR).chmod(0o700)
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def enrolment_current() -> Enrolment | None:
    return Enrolment.objects.first()


def new_required(*, again: bool) -> None:
    """Raises AlreadyEnrolled on an enrolled machine, unless it is to be enrolled again."""
    row = enrolment_current()
    if row is not None and not again:
        raise AlreadyEnrolled(row.node_id)


def keys_set_aside(*, again: bool = False) -> None:
    """The next request brings new keys; the old ones are kept beside them.

    Raises AlreadyEnrolled on a node, unless it is to be enrolled again: the way out for two machines with one identity.
    """
    new_required(again=again)
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    for folder in (keys_folder(), syncthing_home()):
        if folder.exists():
            os.rename(folder, folder.with_name(f"{folder.name}.{stamp}"))


def request_make(*, service_point: str = "") -> bytes:
    """This machine's request, signed; its keys are made on first use and never leave it."""
    keys, row = keys_keep(keys_folder()), enrolment_current()
    held = HeldCard.objects.filter(node_id=row.node_id).first() if row else None
    request = wire.EnrolRequest(
        verify_key=keys.verify_key, recipient=keys.recipient, device_id=device_id_keep(syncthing_home()),
        addresses=sync_addresses(settings.SYNC_LISTEN, settings.SYNC_ADDRESSES), hostname=socket.gethostname(),
        made_at_ms=physical_ms(), service_point=service_point, epoch=held.epoch if held else 0,
    )  # fmt: skip
    return wire.request_make(keys, request)


def core_ask(url: str, *, code: str, request: bytes) -> bytes:
    """The county's sealed answer. Raises CoreUnreachable, CoreNotTrusted, CoreRefused with the county's own words."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise CoreUnreachable(url=url, reason="http:// or https://")
    data, ca = encode(wire.EnrolCall(code=code, request=request)), Path(os.environ.get("YIZHAN_CA") or CA)
    headers = {"Content-Type": "application/octet-stream", "Accept-Language": "zh-hans"}
    try:
        with requests.post(
            url.rstrip("/") + wire.PATH, data=data, headers=headers, timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            stream=True, verify=str(ca) if ca.exists() else True,
        ) as answer:  # fmt: skip
            content = b"".join(_bounded(answer, url))
    except requests.exceptions.SSLError as error:
        raise CoreNotTrusted(url=url, place=str(ca), known=ca.exists()) from error
    except requests.RequestException as error:
        raise CoreUnreachable(url=url, reason=type(error).__name__) from error
    if answer.status_code == requests.codes.ok:
        return content
    try:
        refusal = json.loads(content)
        raise CoreRefused(text=str(refusal["message"]), code=str(refusal["error"]))
    except (ValueError, LookupError, TypeError) as error:
        raise CoreUnreachable(url=url, reason=f"HTTP {answer.status_code}") from error


def _bounded(answer: requests.Response, url: str) -> Iterator[bytes]:
    """The body in parts. Raises CoreUnreachable where it goes on beyond what a response can be: nobody's county."""
    size = 0
    for part in answer.iter_content(1 << 16):
        size += len(part)
        if size > wire.MAX_RESPONSE_BYTES:
            raise CoreUnreachable(url=url, reason=f"> {wire.MAX_RESPONSE_BYTES} B")
        yield part


def response_apply(data: bytes, *, again: bool = False, county_url: str = "", fresh: bool = False) -> Enrolled:
    """This machine is the node the response says: keys, cards, staff and catalogue, all or nothing.

    `fresh` responses were made this moment and set the clock's anchor; one that came by file may be days old.
    Raises AlreadyEnrolled, FolderOfAnother, CountyOfAnother, ResponseUnusable, ResponseOutdated; then nothing was
    changed.
    """
    new_required(again=again)
    keys = keys_read(keys_folder())
    if keys is None:
        raise ResponseUnusable(detail="no keys here")
    try:
        opened = wire.response_open(data, keys)
        release = release_open(opened.response.release, opened.core) if opened.response.release else None
        with transaction.atomic():
            _enrolment_write(opened, county_url or opened.response.county_url)
            _staff_write(opened.response)
            _stream_begin(opened.response.down)
            if fresh:
                clock_anchor(county_ms=opened.response.made_at_ms, here_ms=physical_ms())
            if release is not None and release.number > release_number():
                release_apply(release)
    except (JournalError, ReleaseMismatch, PinDamaged) as error:
        raise ResponseUnusable(detail=str(error)) from error
    identity_forget()
    card = opened.card
    return Enrolled(
        node=card.node, name=card.name, parent=card.parent, release=release_number(), epoch=card.epoch,
        fingerprint=wire.fingerprint_of(card, opened.response.root_key), staff=len(opened.response.staff),
    )  # fmt: skip


def cards_apply(cards: Iterable[bytes]) -> int:
    """The cards held here are these, where they are newer; never one of a lower epoch or serial. Returns how many.

    For CardsChanged, in the reader's transaction. Raises SignatureInvalid, CardRefused on a card the county's root
    key has not signed; then nothing was changed.
    """
    row = Enrolment.objects.get()
    opened = [(card_open(data, bytes(row.root_key)), data) for data in cards]
    changed = sum(_card_hold(card, data, bytes(row.root_key)) for card, data in opened)
    transaction.on_commit(identity_forget)
    return changed


def _enrolment_write(opened: wire.Opened, county_url: str) -> None:
    card, response = opened.card, opened.response
    if county_key_pinned() not in (None, response.root_key):
        raise CountyOfAnother(node=card.node)
    before = enrolment_current()
    if before is not None and (before.node_id, bytes(before.root_key)) != (card.node, response.root_key):
        raise FolderOfAnother(node=before.node_id, asked=card.node)
    held = _held_card(card.node, response.root_key)
    if held is not None and (card.epoch, card.serial) < (held.epoch, held.serial):
        raise ResponseOutdated(card.node)
    Enrolment.objects.update_or_create(
        id=1,
        defaults={
            "node_id": card.node,
            "root_key": response.root_key,
            "county_url": county_url,
            "enrolled_at_ms": physical_ms(),
        },
    )
    for data in (response.card, *response.cards):
        _card_hold(card_open(data, response.root_key), data, response.root_key)
    if held is not None and held.epoch < card.epoch:
        _unsecured_resend(card.node, card.epoch)


def _unsecured_resend(node: str, epoch: int) -> None:
    """What no tested backup of the county holds, of all epochs before this one, is sent again in it: the county reads
    the ended ones no more, and may itself have been restored. What it has is skipped there."""
    for stream in OutgoingStream.objects.filter(author=node, epoch__lt=epoch).order_by("epoch"):
        outbox_requeue(author=node, epoch=stream.epoch, audience=stream.audience, unsecured=True)


def _held_card(node: str, root_key: bytes) -> NodeCard | None:
    held = HeldCard.objects.filter(node_id=node).first()
    return None if held is None else card_open(bytes(held.signed), root_key)


def _card_hold(card: NodeCard, signed: bytes, root_key: bytes) -> bool:
    """Whether the card is newer than the one held, and so is held now."""
    held = _held_card(card.node, root_key)
    if held is not None and not wire.card_supersedes(card, held):
        return False
    HeldCard.objects.update_or_create(
        node_id=card.node,
        defaults={
            "epoch": card.epoch,
            "serial": card.serial,
            "revoked": card.revoked,
            "signed": signed,
            "held_at_ms": physical_ms(),
        },
    )
    return True


def _staff_write(response: wire.EnrolResponse) -> None:
    """The accounts here are exactly those the county sent."""
    for value in response.staff:
        staff_apply(value)
    sent = [value.code for value in response.staff]
    for code in User.objects.filter(is_active=True).exclude(code__in=sent).values_list("code", flat=True):
        staff_revoke(code=code)


def _stream_begin(down: StreamAck | None) -> None:
    """The county's stream is read from where this machine's keys open it."""
    if down is None:
        return
    cursor, _ = Cursor.objects.get_or_create(
        author=down.stream.author, epoch=down.stream.epoch, audience=down.stream.audience
    )
    if cursor.last_seq < down.applied:
        cursor.last_seq, cursor.last_header = down.applied, down.header
        cursor.held_reason = cursor.held_detail = ""
        cursor.save()


def file_write(path: Path, data: bytes) -> None:
    """The file holds `data`; a half-written one never has its name (the stick may be pulled)."""
    draft = path.with_name(path.name + ".partial")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
