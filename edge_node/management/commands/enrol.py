"""Makes this machine a node of the county."""

from __future__ import annotations

import dataclasses
import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from edge_node import enrolment
from edge_node.errors import EnrolError

EXAMPLE = """
With a network (the code comes from the county console and is good for 10 minutes):

    manage.py enrol --core https://county.example --code 7K2M-90QX-ZP4D

By file, on a stick (the code is good for 7 days and is entered at the county):

    manage.py enrol --request /media/stick/village.request
    manage.py enrol --response /media/stick/village.response

A copied disk, or a machine whose identity another one uses too, becomes a node of its own again, with new keys; the
work done on it stays and is sent once more:

    manage.py enrol --again --new-keys --core https://county.example --code 7K2M-90QX-ZP4D

Both sides show the same six characters: compare them. Exit codes: 0 done, 1 the county refused, 2 wrong arguments,
3 the county does not answer, 4 this machine or folder is enrolled already, 5 the answer cannot be used.
"""


class Command(BaseCommand):
    """Parses, asks the county or reads its answer, shows the six words."""

    help = "Make this machine a node: keys, card, staff, catalogue. Online with a code, or by file."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument("--core", metavar="URL", help="address of the county console")
        way.add_argument("--request", metavar="FILE", type=Path, help="write this machine's request to FILE")
        way.add_argument("--response", metavar="FILE", type=Path, help="read the county's answer from FILE")
        parser.add_argument("--code", help="one-time enrolment code (with --core); - reads it from standard input")
        parser.add_argument("--service-point", default="", help="where this machine stands, to catch a wrong code")
        parser.add_argument("--again", action="store_true", help="enrol an enrolled machine anew; its work stays")
        parser.add_argument("--new-keys", action="store_true", help="for a copied disk: leave the keys it came with")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, json: bool, **options: Any) -> None:
        if options["core"] and not options["code"]:
            raise CommandError(_("--core needs --code: the county administrator issues it."), returncode=2)
        try:
            enrolment.database_prepare()
            enrolment.new_required(again=options["again"])
            if options["new_keys"]:
                enrolment.keys_set_aside(again=options["again"])
            result = self._run(options)
        except EnrolError as error:
            if json:
                self.stdout.write(_json({"error": error.code, "message": str(error)}))
            raise CommandError(str(error), returncode=error.exit_code) from error
        except OSError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(_json(result) if json else _text(result))

    def _run(self, options: dict[str, Any]) -> dict[str, Any]:
        again: bool = options["again"]
        if options["response"]:
            return dataclasses.asdict(enrolment.response_apply(options["response"].read_bytes(), again=again))
        request = enrolment.request_make(service_point=options["service_point"])
        if options["request"]:
            enrolment.file_write(options["request"], request)
            return {"request": str(options["request"])}
        url: str = options["core"]
        code = sys.stdin.readline().strip() if options["code"] == "-" else options["code"]
        answer = enrolment.core_ask(url, code=code, request=request)
        return dataclasses.asdict(enrolment.response_apply(answer, again=again, county_url=url, fresh=True))


def _json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False)


def _text(facts: dict[str, Any]) -> str:
    if "request" in facts:
        return _(
            "The request is in %(request)s. Take it to the county; there it becomes a response file for --response."
        ) % {"request": facts["request"]}
    return "\n".join(
        (
            _("Enrolled as %(node)s, %(name)s (epoch %(epoch)s).") % facts,
            _("Accounts: %(staff)s; catalogue release: %(release)s.") % facts,
            _("Compare these six characters with the county's: %(fingerprint)s") % facts,
        )
    )
