"""Offers a version to machines that fetch theirs themselves, ring by ring, or withdraws it."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from core.county.registry.errors import RegistryError, words_of
from core.county.registry.services import rollout_current, rollout_publish, rollout_withdraw
from core.county.registry.services.rollouts import Turn
from core.exchange.bundles import BundleRefused, bundle_peek
from core.exchange.orders import LAST_RING, NOBODY, Order
from core.transport.errors import SpoolError

EXAMPLE = """
A file is signed if it is not, and laid where Syncthing brings it to towns, and by them to villages. A version without a
file is one that is published already, or lies in VAR_DIR/bundles (/var/lib/yizhan/core/bundles):

    yizhan-core rollout_publish /var/lib/yizhan/core/bundles/yizhan-0.2.0+g3f8e10e-bookworm-amd64.tar.zst
    yizhan-core rollout_publish 0.2.0+g3f8e10e --ring 0             # rings 0 to N may take it; --all is the last ring
    yizhan-core rollout_publish 0.2.0+g3f8e10e --nodes 430321100204-01,430321100206-01
    yizhan-core rollout_publish 0.2.0+g3f8e10e --ring 1 --not-before 2026-11-24T01:00
    yizhan-core rollout_publish 0.2.0+g3f8e10e --withdraw           # who has not taken it does not
    yizhan-core rollout_publish                                     # what is in force

Without --ring, --all and --nodes nobody may take it yet: towns fetch it, villages wait. Each call widens what was said
of the same version; withdraw it to begin anew. Machines that tried it and failed try again only after --again.
Exit codes: 0 done, 1 refused, 2 wrong arguments.
"""


class Command(BaseCommand):
    help = "Offer a version to machines that fetch theirs themselves, ring by ring, or withdraw it."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="*", metavar="VERSION|PATH", help="a version, or the files of one")
        parser.add_argument("--ring", type=int, choices=range(LAST_RING + 1), help="rings 0 to this one may take it")
        parser.add_argument("--all", action="store_true", help="every machine may take it")
        parser.add_argument("--nodes", default="", metavar="CODE,...", help="these may take it, whatever their ring is")
        parser.add_argument("--not-before", type=datetime.fromisoformat, metavar="TIME",
                            help="nobody takes it earlier: ISO 8601, by the county's clock")  # fmt: skip
        parser.add_argument("--again", action="store_true", help="machines that failed with it try once more")
        parser.add_argument("--withdraw", action="store_true", help="nobody takes it any more")
        parser.add_argument("--json", action="store_true", help="print the order as JSON")

    def handle(self, *, what: list[str], **options: Any) -> None:
        try:
            order = self._order(what, options)
        except RegistryError as error:
            raise CommandError(words_of(error), returncode=1) from error
        except (BundleRefused, SpoolError, OSError) as error:
            raise CommandError(_("Not published: %(reason)s") % {"reason": error}, returncode=1) from error
        if options["json"]:
            self.stdout.write(json.dumps(msgspec.to_builtins(order) if order else {}, ensure_ascii=False))
        else:
            self.stdout.write(_text(order) if order else _("Nothing is published."))

    def _order(self, what: list[str], options: dict[str, Any]) -> Order | None:
        files = [Path(one) for one in what if one.endswith(".tar.zst")]
        versions = {one for one in what if not one.endswith(".tar.zst")} | {bundle_peek(one).version for one in files}
        if not versions:
            return rollout_current()
        if len(versions) != 1:
            raise CommandError(_("One version at a time: %(versions)s") % {"versions": ", ".join(sorted(versions))},
                               returncode=2)  # fmt: skip
        version = versions.pop()
        if options["withdraw"]:
            return rollout_withdraw(version, at=timezone.now())
        ring = LAST_RING if options["all"] else NOBODY if options["ring"] is None else options["ring"]
        nodes = tuple(one for one in options["nodes"].split(",") if one)
        turn = Turn(ring=ring, nodes=nodes, not_before_ms=_ms(options["not_before"]), again=options["again"])
        return rollout_publish(version, files, turn, at=timezone.now())


def _ms(at: datetime | None) -> int:
    if at is None:
        return 0
    aware = at if timezone.is_aware(at) else timezone.make_aware(at)
    return int(aware.timestamp() * 1000)


def _text(order: Order) -> str:
    facts = {"version": order.version, "serial": order.serial, "ring": order.ring,
             "bundles": ", ".join(one.name for one in order.bundles), "nodes": ", ".join(order.nodes)}  # fmt: skip
    if order.withdrawn:
        return _("%(version)s is withdrawn: who has not taken it does not (order %(serial)s).") % facts
    lines = [_("%(version)s is published (order %(serial)s): %(bundles)s") % facts]
    if order.ring >= LAST_RING:
        lines.append(_("Every machine may take it."))
    elif order.ring >= 0:
        lines.append(_("Rings 0 to %(ring)s may take it.") % facts)
    if order.nodes:
        lines.append(_("These may take it: %(nodes)s") % facts)
    if order.ring < 0 and not order.nodes:
        lines.append(_("Nobody may take it yet."))
    if order.not_before_ms:
        at = timezone.localtime(datetime.fromtimestamp(order.not_before_ms / 1000, UTC))
        lines.append(_("Not before %(at)s.") % {"at": f"{at:%Y-%m-%d %H:%M}"})
    return "\n".join(lines)
