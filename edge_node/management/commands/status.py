"""Say how this node is; with --check, by the exit code too."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from core.domain.cases.selectors import hashes
from core.domain.catalogue.selectors import release_age_days, release_number
from core.domain.journal.place import CORE, NotEnrolled, here
from core.domain.journal.policy import policy
from core.domain.journal.selectors import streams_held, waiting_for
from core.exchange.status import network_read
from core.transport.spool import free_bytes
from edge_node.version import VERSION


class Command(BaseCommand):
    help = (
        "Say how this node is. Example: manage.py status --json. "
        "Exit codes with --check: 0 well, 1 something wants attention, 2 not enrolled, 3 the database cannot be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--check", action="store_true", help="exit 1 when something wants attention")
        parser.add_argument("--hashes", action="store_true", help="also the state hash of every case")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = _status()
        except NotEnrolled as error:
            raise CommandError("This machine is not enrolled.", returncode=2) from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be read: {error}", returncode=3) from error
        if options["hashes"]:
            found["hashes"] = dict(hashes())
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for name, value in found.items():
                self.stdout.write(f"{name:18} {value}")
        if options["check"] and found["attention"]:
            raise CommandError("; ".join(found["attention"]), returncode=1)


def _status() -> dict[str, Any]:
    where = here()
    waiting = waiting_for(CORE, here=where)
    network = network_read(settings.VAR_DIR)
    held = [f"{stream.author}: {stream.held_reason}" for stream in streams_held()]
    attention = [f"stream held: {one}" for one in held]
    free = free_bytes(settings.VAR_DIR)
    if free < settings.DISK_FLOOR_BYTES:
        attention.append("the disk is full")
    if not release_number() or release_age_days() > policy("catalogue_max_age_days"):
        attention.append("the catalogue is missing or too old")
    return {
        "node": where.node, "name": where.name, "version": VERSION, "release": release_number(),
        "release_age_days": release_age_days(), "waiting": waiting.count, "oldest_waiting_s": waiting.oldest_s,
        "connected": network.get("connected", []), "last_ack_ms": network.get("last_ack_ms", 0),
        "disk_free": free, "held": held, "attention": attention,
    }  # fmt: skip
