"""Collects a support bundle from a machine over SSH."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console

from .bootstrap_node import REFUSED, WRONG, extra_missing, outcome_of

EXAMPLE = """
By the service point, or by the address it is reached at; the archive lies in the present folder or in --out:

    manage.py node_doctor 430321100204-01
    manage.py node_doctor 10.31.4.7 --out /srv/support

In it: status, self-test, facts of the last rollout, units, the last day's journal, disk, versions, Syncthing. ID and
telephone numbers, names, every Chinese text and all secrets are struck out before anything is written.

Exit codes: 0 done, 1 the machine was never met, 2 wrong arguments, 4 ANOTHER HOST KEY than the pinned one, 5 not
reachable or login refused.
"""


class Command(BaseCommand):
    """Parses, collects, says where the archive is and what the machine could not say."""

    help = "Collect a support bundle without personal data from a machine over SSH."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("machine", metavar="HOST|SERVICE_POINT", help="as bootstrap_node met it")
        parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where the archive is written")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="private key; else the agent and ~/.ssh")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, machine: str, out: Path, **options: Any) -> None:
        try:
            from core.county.ops import doctor
            from core.county.ops.ssh import Login
        except ImportError as error:
            raise CommandError(extra_missing(error), returncode=WRONG) from error
        self._quiet = options["json"]
        try:
            found = doctor.bundle_collect(
                doctor.address_find(machine), Login(options["identity"]), folder=out, at=timezone.now(),
                progress=self._progress,
            )  # fmt: skip
        except (doctor.NotMet, doctor.Ambiguous) as error:
            raise self._failed(REFUSED, doctor.refusal(error)) from error
        except Exception as error:
            code, words = outcome_of(error)
            if not code and isinstance(error, OSError):
                code, words = WRONG, str(error)
            if not code:
                raise
            raise self._failed(code, words) from error
        silent = sorted(name for name, code in found.answers.items() if code)
        facts = {"bundle": str(found.path), "service_point": found.service_point, "failed": silent}
        self.stdout.write(json.dumps(facts) if self._quiet else _text(facts))

    def _failed(self, code: int, words: str) -> CommandError:
        if self._quiet:
            self.stdout.write(json.dumps({"exit": code, "message": words}, ensure_ascii=False))
        return CommandError(words, returncode=code)

    @contextmanager
    def _progress(self, name: str) -> Iterator[None]:
        if self._quiet:
            yield
            return
        with Console(stderr=True).status(name):
            yield


def _text(facts: dict[str, Any]) -> str:
    text = _("%(bundle)s holds what %(service_point)s says of itself, without personal data.") % facts
    if facts["failed"]:
        text += "\n" + _("It could not say: %(what)s") % {"what": ", ".join(facts["failed"])}
    return text
