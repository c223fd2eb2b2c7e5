"""Says or sets where a machine is reached by SSH, and its ring."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from core.county.registry.errors import RegistryError, words_of
from core.county.registry.models import SshAddress
from core.county.registry.services import address_set

EXAMPLE = """
bootstrap_node sets address and key at first contact. Here the rest: a machine moves to the first ring, is reached at
another address, cannot be reached any more, or was replaced (then bootstrap_node has to see the new one's key):

    manage.py node_address 430321100204-01 --ring 0
    manage.py node_address 430321100204-01 --host 10.31.4.7 --port 2222 --user debian
    manage.py node_address 430321100204-01 --pull
    manage.py node_address 430321100204-01 --forget-key

Without an option it only says what is known. Exit codes: 0 done, 1 refused, 2 wrong arguments.
"""


class Command(BaseCommand):
    help = "Say or set how a machine is reached by SSH, and in which ring it takes a new version."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("service_point", help="code of the service point, 430321100204-01")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--host", dest="ssh_host", metavar="HOST", help="name or address it is reached by")
        where.add_argument("--pull", dest="ssh_host", action="store_const", const="",
                           help="it cannot be reached and fetches its versions itself")  # fmt: skip
        parser.add_argument("--port", dest="ssh_port", type=int, help="port of its sshd")
        parser.add_argument("--user", dest="ssh_user", help="account with the operator's key: root, or one with sudo")
        parser.add_argument("--forget-key", dest="ssh_host_key", action="store_const", const="",
                            help="the machine was replaced: the next bootstrap_node asks for its key")  # fmt: skip
        parser.add_argument("--ring", type=int, choices=(0, 1, 2), help="0 first, 1 the next tenth, 2 the others")
        parser.add_argument("--by", default="operator", help="staff code that stands on the record")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, service_point: str, by: str, **options: Any) -> None:
        names = ("ssh_host", "ssh_port", "ssh_user", "ssh_host_key", "ring")
        values = {name: options[name] for name in names if options[name] is not None}
        row, changed = SshAddress.objects.filter(pk=service_point).first(), False
        try:
            if values:
                row, changed = address_set(service_point=service_point, by=by, at=timezone.now(), **values)
        except RegistryError as error:
            raise CommandError(words_of(error), returncode=1) from error
        if row is None:
            raise CommandError(_("Nothing is known of how %(code)s is reached.") % {"code": service_point})
        facts = {"service_point": service_point, **{name: getattr(row, name) for name in names}, "changed": changed}
        self.stdout.write(json.dumps(facts) if options["json"] else _text(facts))


def _text(facts: dict[str, Any]) -> str:
    if not facts["ssh_host"]:
        return _("%(service_point)s is not reached; it fetches its versions itself. Ring %(ring)s.") % facts
    key = _("key pinned") if facts["ssh_host_key"] else _("no key pinned yet")
    return _("%(service_point)s: %(ssh_user)s@%(ssh_host)s, port %(ssh_port)s, %(key)s, ring %(ring)s.") % (
        facts | {"key": key}
    )
