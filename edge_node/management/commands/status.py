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
from edge_node.checks import DATABASE, ENROLLED, exit_code, failing
from edge_node.version import VERSION


class Command(BaseCommand):
    help = (
        "Say how this node is. Example: manage.py status --json. With --check it is the node's self-test: database, "
        "keys and card, disk, catalogue, held streams; where YIZHAN_WEB is set also pages, agent and Syncthing. "
        "Exit codes with --check: 0 well, 1 something wants attention, 2 not enrolled, 3 the database cannot be read, "
        "written or is not migrated, 4 a service does not answer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--check", action="store_true", help="run the self-test; exit 0 only on a healthy node")
        parser.add_argument("--hashes", action="store_true", help="also the state hash of every case")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = failing() if options["check"] else {}
        try:
            # Where there is no card or no database, what is wrong is all there is to say.
            found: dict[str, Any] = {"version": VERSION} if {DATABASE, ENROLLED} & set(wrong) else _status()
        except NotEnrolled as error:
            raise CommandError("This machine is not enrolled.", returncode=2) from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be read: {error}", returncode=3) from error
        if options["check"]:
            found["failing"] = wrong
        if options["hashes"]:
            found["hashes"] = dict(hashes())
        self._say(found, as_json=options["json"])
        if wrong:
            words = "; ".join(f"{name}: {text}" for name, text in wrong.items())
            raise CommandError(words, returncode=exit_code(wrong))

    def _say(self, found: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        for name, value in found.items():
            self.stdout.write(f"{name:18} {value}")


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
