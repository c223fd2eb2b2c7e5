"""Is this node well? Each check has a name that stays the same over versions; the roll-out compares by it.

A check answers "" where all is well, else what is wrong in a few words without anybody's personal data.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from core.domain.catalogue.selectors import release_age_days, release_number
from core.domain.journal.chain import card_require_valid
from core.domain.journal.clock import physical_ms
from core.domain.journal.errors import JournalError
from core.domain.journal.place import NotEnrolled
from core.domain.journal.policy import policy
from core.domain.journal.selectors import streams_held
from core.exchange.carriers import syncthing_settings, transport_kind
from core.exchange.keyring import keys_read
from core.exchange.status import network_read
from core.transport.spool import free_bytes
from core.transport.syncthing import SyncthingClient, SyncthingError

from .identity import identity, keys_folder
from .version import VERSION

#: The agent writes its state every 15 s; a long turn may keep it from that for a while.
AGENT_SILENT_SECONDS: Final = 180
ANSWER_SECONDS: Final = 10.0
QUICK_SECONDS: Final = 2.0
DATABASE: Final = "database"
ENROLLED: Final = "enrolled"
#: Where one of these fails nobody can work at this machine, or nothing leaves it.
SERVICES: Final = ("web", "agent", "sync")


#: What forbids to change or delete an entry (core/domain/journal/operations.py).
APPEND_ONLY: Final = ("journal_entry_no_delete", "journal_entry_no_update")


def database() -> str:
    """Every table of this version is there, the journal is append-only, and a row can be written."""
    try:
        executor = MigrationExecutor(connection)
        if waiting := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return f"{len(waiting)} migrations are not applied"
    except DatabaseError as error:
        return str(error)
    return database_writable()


def database_writable() -> str:
    """The journal is append-only, and a row can be written."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # SQLite changes a table by making it anew, and what hung on the old one is gone without a word.
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            if missing := set(APPEND_ONLY) - {name for (name,) in cursor.fetchall()}:
                return f"entries could be changed: {', '.join(sorted(missing))} is missing"
            cursor.execute("CREATE TABLE yizhan_write_probe (one integer)")
            transaction.set_rollback(True)
    except DatabaseError as error:
        return str(error)
    return ""


def enrolled() -> str:
    """The keys are there, the card belongs to them, is valid and not revoked."""
    try:
        if keys_read(keys_folder()) is None:
            return "not enrolled"
        card = identity().card
        card_require_valid(card, epoch=card.epoch, at_ms=physical_ms())
    except NotEnrolled as error:
        return str(error) or "not enrolled"
    except JournalError as error:
        return str(error)
    return ""


def disk() -> str:
    free = free_bytes(settings.VAR_DIR)
    return f"{free // 1_000_000} MB free" if free < settings.DISK_FLOOR_BYTES else ""


def catalogue() -> str:
    if not release_number():
        return "missing"
    age = release_age_days()
    return f"{age} days old" if age > policy("catalogue_max_age_days") else ""


def streams() -> str:
    return "; ".join(f"{one.author}: {one.held_reason}" for one in streams_held())


def web(answer_seconds: float = ANSWER_SECONDS) -> str:
    """This version's pages answer where YIZHAN_WEB says."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{os.environ['YIZHAN_WEB']}/healthz", timeout=answer_seconds) as answer:
            found = json.loads(answer.read(4096)).get("version")
    except (urllib.error.URLError, OSError, ValueError, AttributeError) as error:
        return f"no answer: {error}"
    return "" if found == VERSION else f"version {found} answers, not {VERSION}"


def agent() -> str:
    """It wrote its state lately."""
    silent = (physical_ms() - int(network_read(settings.VAR_DIR).get("seen_ms", 0))) // 1000
    return f"silent for {silent} s" if silent > AGENT_SILENT_SECONDS else ""


def sync() -> str:
    """Syncthing's REST interface answers to this node's key."""
    if transport_kind() != "syncthing":
        return ""
    given = syncthing_settings(settings.VAR_DIR, settings.SYNC_LISTEN)
    client = SyncthingClient(given.api, given.api_key, timeout_seconds=ANSWER_SECONDS)
    try:
        client.ping()
    except (SyncthingError, OSError) as error:
        return f"no answer: {error}"
    finally:
        client.close()
    return ""


#: In this order; a machine that is not enrolled has only the first and its web pages.
_ALWAYS: Final[dict[str, Callable[[], str]]] = {DATABASE: database, ENROLLED: enrolled, "disk": disk}
_ENROLLED: Final[dict[str, Callable[[], str]]] = {"catalogue": catalogue, "streams": streams}
_RUNNING: Final[dict[str, Callable[[], str]]] = {"web": web, "agent": agent, "sync": sync}
#: What the agent asks each time it says how the machine is; its own life and Syncthing's it knows by itself.
_QUICK: Final[dict[str, Callable[[], str]]] = {DATABASE: database_writable, ENROLLED: enrolled, "disk": disk}


def failing() -> dict[str, str]:
    """What is wrong, by check; {} on a healthy node. Services are asked only where YIZHAN_WEB says there are some."""
    found = _failing(_ALWAYS)
    running = _RUNNING if os.environ.get("YIZHAN_WEB") else {}
    if DATABASE in found:
        return found
    if ENROLLED in found:
        # Nobody has given this machine work yet: its agent waits for its card.
        return found | _failing({name: check for name, check in running.items() if name == "web"})
    return found | _failing(_ENROLLED) | _failing(running)


def _failing(checks: dict[str, Callable[[], str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, check in checks.items():
        # Whose node this is stands in the database: where that cannot be read, nobody can be asked.
        if name == ENROLLED and DATABASE in found:
            continue
        if text := check():
            found[name] = text
    return found


def exit_code(found: dict[str, str]) -> int:
    """0 well, 1 something wants attention, 2 not enrolled, 3 the database, 4 a service does not answer."""
    if DATABASE in found:
        return 3
    if any(name in found for name in SERVICES):
        return 4
    if ENROLLED in found:
        return 2
    return 1 if found else 0


def health_code() -> int:
    """The self-test's exit code as an agent can tell it every 15 s: some ms, at most 2 s where the pages are stuck.

    Left out is what a start has settled already: that every migration is applied.
    """
    found = _failing(_QUICK)
    if DATABASE not in found and ENROLLED not in found:
        found |= _failing(_ENROLLED)
    if DATABASE not in found and os.environ.get("YIZHAN_WEB"):
        found |= _failing({"web": lambda: web(QUICK_SECONDS)})
    return exit_code(found)
