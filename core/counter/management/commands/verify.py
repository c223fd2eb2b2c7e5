"""Check the code of a receipt, or of any other paper, with or without a network."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from core.counter.verifying import Verdict, verdict_of
from core.domain.journal.place import NotEnrolled


class Command(BaseCommand):
    help = (
        "Check the code of a receipt, or of any other paper: what a scanner reads from it, in quotes. With --root-key "
        "nothing but the code and the key is looked at, so it works on any machine, offline. "
        "`verify --print-key` says the county's key. "
        "Example: manage.py verify 'YZ1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDEXWK...'. "
        "Exit codes: 0 genuine, 1 not genuine, 2 this machine does not know the county's key, or the key is none, "
        "3 genuine, but the card of the machine that signed is revoked by now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "payload", nargs="?", default="", help="what the code says (YZ1:...), or the address it leads to"
        )
        parser.add_argument("--root-key", default="", metavar="HEX", help="the county's root public key, 64 hex digits")
        parser.add_argument("--print-key", action="store_true", help="print the county's root public key and stop")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["root_key"]
        root_key = _root_key(given)
        if options["print_key"]:
            self.stdout.write(root_key.hex())
            return
        verdict = verdict_of(options["payload"], root_key, ask=not given)
        found = _words(verdict)
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for name, value in found.items():
                self.stdout.write(f"{name:10} {value}")
        if not verdict.genuine:
            raise CommandError(f"not genuine: {verdict.reason}", returncode=1)
        if verdict.revoked:
            raise CommandError("genuine, but the card of the machine that signed is revoked", returncode=3)


def _root_key(given: str) -> bytes:
    """The key that was given, else the one this machine was enrolled with."""
    if given:
        try:
            key = bytes.fromhex(given)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise CommandError("A root key is 64 hex digits.", returncode=2)
        return key
    try:
        root_key = import_string(settings.IDENTITY)().root_key
    except NotEnrolled as error:
        raise CommandError("This machine is not enrolled: give --root-key.", returncode=2) from error
    assert isinstance(root_key, bytes)
    return root_key


def _words(verdict: Verdict) -> dict[str, Any]:
    """Codes, as scripts read them; empty where nothing is known."""
    card = verdict.receipt.card if verdict.receipt else None
    return {
        "genuine": verdict.genuine,
        "reason": verdict.reason,
        "number": verdict.number,
        "node": card.node if card else "",
        "name": card.name if card else "",
        "revoked": verdict.revoked,
        "known": verdict.known.where if verdict.known else "",
        "status": verdict.known.status if verdict.known else "",
    }
