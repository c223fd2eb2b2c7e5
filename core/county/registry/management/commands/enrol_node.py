"""Issues an enrolment code, or turns a machine's request file into the response file."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from core.county.registry.errors import RegistryError, words_of
from core.county.registry.keys import core_identity
from core.county.registry.selectors import card_of, cards_forget
from core.county.registry.services import enrolment_code_issue, node_enrol
from core.exchange.enrolment import RequestDamaged, fingerprint_of

EXAMPLE = """
A code to be typed at the machine within 10 minutes (7 days with --by-file):

    manage.py enrol_node 430321100200-01

A machine without a network: its request file becomes the response file to carry back:

    manage.py enrol_node 430321100200-01 --request village.request --response village.response

Exit codes: 0 done, 1 refused (unknown or closed service point, copied machine, damaged request), 2 wrong arguments.
"""


class Command(BaseCommand):
    """Parses, issues or enrols, shows the code or the six words."""

    help = "Enrol a machine at a service point: issue a one-time code, or answer a request file."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("service_point", help="code of the service point, 430321100200-01")
        parser.add_argument("--by-file", action="store_true", help="the code is good for 7 days")
        parser.add_argument("--request", type=Path, metavar="FILE", help="the machine's request")
        parser.add_argument("--response", type=Path, metavar="FILE", help="where the answer is written")
        parser.add_argument("--by", default="operator", help="staff code that stands on the record")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, service_point: str, json: bool, **options: Any) -> None:
        if bool(options["request"]) != bool(options["response"]):
            raise CommandError(_("--request and --response go together."), returncode=2)
        try:
            facts = self._enrol(service_point, options) if options["request"] else self._issue(service_point, options)
        except (RegistryError, RequestDamaged) as error:
            if json:
                self.stdout.write(_json({"error": error.code, "message": words_of(error)}))
            raise CommandError(words_of(error), returncode=1) from error
        except OSError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(_json(facts) if json else _text(facts))

    def _issue(self, service_point: str, options: dict[str, Any]) -> dict[str, Any]:
        issued = enrolment_code_issue(
            service_point=service_point, by=options["by"], at=timezone.now(), by_file=options["by_file"]
        )
        expires = timezone.localtime(issued.row.expires_at).isoformat(timespec="seconds")
        return {"service_point": service_point, "code": issued.text, "expires": expires}

    def _enrol(self, service_point: str, options: dict[str, Any]) -> dict[str, Any]:
        """The operator's own right to run this stands for the code: one is issued and used in the same breath."""
        request = options["request"].read_bytes()
        at = timezone.now()
        issued = enrolment_code_issue(service_point=service_point, by=options["by"], at=at, by_file=True)
        options["response"].write_bytes(node_enrol(request=request, code=issued.text, at=at))
        cards_forget()
        card = card_of(service_point)
        assert card is not None
        return {
            "service_point": service_point,
            "response": str(options["response"]),
            "epoch": card.epoch,
            "fingerprint": fingerprint_of(card, core_identity().root_key),
        }


def _json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False)


def _text(facts: dict[str, Any]) -> str:
    if "code" in facts:
        return _("Code for %(service_point)s: %(code)s, good until %(expires)s.") % facts
    return _("%(response)s is the answer for %(service_point)s. Compare these six characters: %(fingerprint)s") % facts
