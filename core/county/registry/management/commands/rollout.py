"""A new version for the machines, from the operator's machine."""

from __future__ import annotations

import json
import signal
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.county.ops.train.county import ROOT, CountyUnread, county_of
from core.county.ops.train.driver import NoCanary, Orders, Train
from core.county.ops.train.inventory import InventoryUnread, machines_read
from core.county.ops.train.judging import OUTCOMES
from core.county.ops.train.plan import DEFAULT_BATCHES, PlanInvalid, bundle_require, sizes_parse, version_require
from core.county.ops.train.plays import Ansible, AnsibleMissing, PlayFailed
from core.county.ops.train.record import Record, RecordUnread, Shelf, Underway, record_new
from core.county.ops.train.show import Show

EXAMPLE = """
Ring 0 first, then 1, then 2; in each ring one machine, a tenth, the rest. After each batch the county is asked
(YIZHAN_CORE, as by ansible/inventory) until every machine of it has reported and is well; else the train stops
and the batch gets back what it ran before.

    export YIZHAN_CORE=root@core1.xiangtan.gov.cn
    manage.py rollout 0.2.0+g3f8e10e --bundle bundles/yizhan-0.2.0+g3f8e10e-bookworm-amd64.tar.zst --check
    manage.py rollout 0.2.0+g3f8e10e --bundle bundles/yizhan-0.2.0+g3f8e10e-bookworm-amd64.tar.zst
    manage.py rollout 0.2.0+g3f8e10e --resume

--resume (or --catch-up) goes on after an interruption, and takes machines that did not answer; those that are done
are left alone. The record and Ansible's log lie in var/rollout/ under the version's name (--state).

Exit codes: 0 done, 1 cannot start, 2 stopped and put back, 3 some machines are left, 4 interrupted (--resume).
"""
REFUSED = 1


class Command(BaseCommand):
    """Parses, takes the lock, drives, says what became of it."""

    help = "Bring a version to the machines in rings and batches; stop and roll back where it does harm."
    # It asks no database: the machines are named by Ansible's inventory, the county is asked over SSH.
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        # argparse's own exit code is 2, which here says that a train was stopped.
        parser.error = partial(_wrong, parser)  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("release", metavar="VERSION", help="as the bundle's name says it")
        add("--bundle", type=Path, metavar="PATH", help="the signed bundle (.tar.zst); with --resume as before")
        add("--inventory", type=Path, default=ROOT / "ansible/inventory", metavar="PATH", help="Ansible's inventory")
        add("--batches", default=DEFAULT_BATCHES, metavar="SIZES", help="within each ring; default %(default)s")
        add("--max-fail", type=float, default=0.0, metavar="PERCENT", help="of a batch that may fail; default 0")
        add("--soak", type=float, default=600.0, metavar="SECONDS",
            help="a batch has to be well at the county; ends early; 0: do not ask (default %(default)s)")  # fmt: skip
        add("--rollback", choices=("batch", "all"), default="batch", help="who is put back when the train stops")
        add("--limit", default="", metavar="PATTERN", help="only these machines, as Ansible's --limit")
        add("--check", action="store_true", help="what would happen (ansible --check --diff); nothing is changed")
        add("--resume", "--catch-up", action="store_true", help="go on with a former train of this version")
        add("--state", type=Path, metavar="DIR", help="where trains are recorded; default var/rollout")
        add("--plays", type=Path, default=ROOT / "ansible", metavar="DIR", help="where the playbooks lie")
        add("-e", "--extra-vars", action="append", default=[], metavar="VARS", help="passed on to ansible-playbook")
        add("--json", action="store_true", help="print the train's record as JSON, and nothing else")

    def handle(self, *, release: str, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _interrupted)
        show = Show(quiet=options["json"])
        try:
            version_require(release)
            shelf = Shelf(options["state"] or settings.VAR_DIR / "rollout")
            with shelf.locked(release) as lock:
                record = self._run(release, shelf, show, options | {"holds": (lock,)})
        except _REFUSALS as error:
            self._refuse(error, as_json=options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(record.as_json(), ensure_ascii=False))
        else:
            show.end(record)
        sys.exit(OUTCOMES[record.outcome])

    def _run(self, version: str, shelf: Shelf, show: Show, options: dict[str, Any]) -> Record:
        """The record of the train, which has run. Raises what keeps it from starting."""
        orders, record = self._orders(version, shelf, options)
        ansible = Ansible(
            options["plays"].resolve(), options["inventory"].resolve(), shelf.log(version),
            extra=tuple(word for one in options["extra_vars"] for word in ("--extra-vars", one)),
            holds=options["holds"],
        )  # fmt: skip
        machines = machines_read(ansible, limit=options["limit"])
        if not machines:
            raise PlanInvalid(_("The inventory has no machines (group edge)."))
        record.machines_add(machines, whole=not orders.limited)
        chosen = {one.name for one in machines}
        record.again(chosen)
        train = Train(orders, record, shelf, ansible, county_of(), show, chosen)
        try:
            train.run()
        except KeyboardInterrupt:
            _ends(train, "interrupted", _("Interrupted; --resume goes on."))
        except (PlayFailed, CountyUnread) as error:
            if not record.batches:
                _ends(train, "refused", str(error))
                raise
            _ends(train, "interrupted", _("Interrupted: %(reason)s --resume goes on.") % {"reason": error})
        except NoCanary as error:
            _ends(train, "refused", _("No machine of the first ring answers."))
            raise error
        return record

    def _orders(self, version: str, shelf: Shelf, options: dict[str, Any]) -> tuple[Orders, Record]:
        """What is wanted, and the record it goes on with: a former one, or a new one. Raises PlanInvalid."""
        former = shelf.read(version)
        if options["resume"] and former is None:
            raise PlanInvalid(_("There was no train of %(version)s here.") % {"version": version})
        begun = former is not None and former.outcome not in ("done", "refused")
        if begun and not options["resume"] and not options["check"]:
            raise PlanInvalid(_("A train of %(version)s was begun; go on with --resume.") % {"version": version})
        path = options["bundle"] or (Path(former.bundle) if former and former.bundle else None)
        if path is None or not path.is_file():
            raise PlanInvalid(_("Name the bundle (--bundle): %(path)s is not there.") % {"path": path or "-"})
        bundle_require(path.name, version)
        orders = Orders(
            version=version, bundle=path.resolve(), sizes=sizes_parse(options["batches"]),
            max_fail=options["max_fail"], soak_seconds=0.0 if options["check"] else max(0.0, options["soak"]),
            everyone_back=options["rollback"] == "all", check=options["check"], limited=bool(options["limit"]),
        )  # fmt: skip
        record = former if former is not None and options["resume"] else record_new(version, str(orders.bundle))
        record.bundle = str(orders.bundle)
        return orders, record

    def _refuse(self, error: Exception, *, as_json: bool) -> NoReturn:
        words = refusal(error)
        if as_json:
            self.stdout.write(json.dumps({"outcome": "refused", "exit": REFUSED, "words": words}, ensure_ascii=False))
        raise CommandError(words, returncode=REFUSED) from error


_REFUSALS = (
    PlanInvalid, Underway, RecordUnread, InventoryUnread, AnsibleMissing, PlayFailed, CountyUnread, NoCanary, OSError,
)  # fmt: skip


def refusal(error: Exception) -> str:
    """Why the train cannot start, in a sentence."""
    words = {
        Underway: _("Another train is under way: %(reason)s"),
        RecordUnread: _("The record of the former train cannot be read: %(reason)s"),
        InventoryUnread: _("The inventory cannot be read: %(reason)s"),
        AnsibleMissing: _('Install the extra "ops" first: %(reason)s'),
        PlayFailed: _("Ansible did not run the play: %(reason)s"),
        CountyUnread: _("The county's core cannot be asked (YIZHAN_CORE): %(reason)s"),
        NoCanary: _("No machine of the first ring answers (%(reason)s); give the ring to another one (node_address)."),
    }
    return words.get(type(error), _("The train cannot start: %(reason)s")) % {"reason": error}


def _ends(train: Train, outcome: str, words: str) -> None:
    train.record.outcome, train.record.words = outcome, words
    train.save()


def _wrong(parser: ArgumentParser, message: str) -> NoReturn:
    parser.print_usage(sys.stderr)
    parser.exit(REFUSED, f"{parser.prog}: {message}\n")


def _interrupted(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
