"""First contact with a machine over SSH."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console

from core.county.registry.errors import RegistryError, words_of

if TYPE_CHECKING:
    from core.county.ops.bootstrap import Met, Wanted
    from core.county.ops.ssh import HostKey

EXAMPLE = """
A fresh Debian with sshd becomes ready for ansible/edge.yml; what would happen, then the same in earnest:

    manage.py bootstrap_node 10.31.4.7 --service-point 430321100204-01 --dry-run
    manage.py bootstrap_node 10.31.4.7 --service-point 430321100204-01

Compare the fingerprint with the machine's console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub. In a script give
it: --accept SHA256:... . After the play, at the machine: yizhan-enrol --core URL, which takes the code it was given.

Exit codes: 0 done (or would be), 1 refused by the registry, 2 wrong arguments, 3 host key not accepted, 4 ANOTHER HOST
KEY than the pinned one, 5 not reachable or login refused, 6 the machine cannot become a node, 7 a step failed there.
"""
REFUSED, WRONG, NOT_ACCEPTED, CHANGED, NO_CONTACT, UNSUITABLE, FAILED = range(1, 8)
IDENTITIES: Final = ("id_ed25519", "id_ecdsa", "id_rsa")


class Command(BaseCommand):
    """Parses, asks whether the key is right, meets the machine, says what was changed."""

    help = "Meet a machine over SSH: pin its key, install the operator's, read its facts, hand over the enrolment code."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("host", help="name or address of the machine")
        parser.add_argument("--service-point", required=True, metavar="CODE", help="where it stands, 430321100204-01")
        parser.add_argument("--user", default="root", help="account to log in as: root, or one with sudo")
        parser.add_argument("--port", type=int, default=22, help="port of its sshd")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="private key; else the agent and ~/.ssh")
        parser.add_argument("--ask-password", action="store_true", help="log in (and sudo) by password this once")
        parser.add_argument("--public-key", type=Path, metavar="FILE", help="the operator's, to be installed")
        parser.add_argument("--accept", metavar="FINGERPRINT", help="the host key's, known beforehand: SHA256:...")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, neither there nor here")
        parser.add_argument("--by", default="operator", help="staff code that stands on the record")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, host: str, **options: Any) -> None:
        try:
            from core.county.ops import bootstrap
        except ImportError as error:
            raise CommandError(extra_missing(error), returncode=WRONG) from error
        self._quiet = options["json"]
        try:
            wanted = self._wanted(host, options)
            met = bootstrap.machine_meet(
                wanted, accept=lambda key: self._accept(key, options), progress=self._progress, at=timezone.now()
            )
        except Exception as error:
            code, words = outcome_of(error)
            if not code:
                raise
            if self._quiet:
                self.stdout.write(json.dumps({"exit": code, "message": words}, ensure_ascii=False))
            raise CommandError(words, returncode=code) from error
        facts = met.as_dict() | {"core": settings.COUNTY_URL}
        self.stdout.write(json.dumps(facts, ensure_ascii=False) if self._quiet else _text(met))

    def _wanted(self, host: str, options: dict[str, Any]) -> Wanted:
        from core.county.ops.bootstrap import Wanted
        from core.county.ops.ssh import Login, Place

        password = getpass.getpass(_("Password of %(user)s: ") % options) if options["ask_password"] else None
        return Wanted(
            place=Place(host, options["port"], options["user"]), service_point=options["service_point"],
            login=Login(options["identity"], password), public_key=_public_key(options), by=options["by"],
            dry_run=options["dry_run"],
        )  # fmt: skip

    def _accept(self, key: HostKey, options: dict[str, Any]) -> bool:
        """A given fingerprint decides alone; else a person at a terminal does."""
        if options["accept"]:
            return bool(options["accept"] == key.fingerprint)
        if self._quiet or not sys.stdin.isatty():
            return False
        self.stdout.write(_("The machine shows the host key %(fingerprint)s.") % {"fingerprint": key.fingerprint})
        return input(_('Is it the one on its console? Type "yes": ')).strip() == "yes"

    @contextmanager
    def _progress(self, name: str) -> Iterator[None]:
        """One line a step on stderr; a terminal sees it turn while it lasts."""
        if self._quiet:
            yield
            return
        console = Console(stderr=True)
        try:
            with console.status(name):
                yield
        except BaseException:
            console.print(f"  [red]✗[/red] {name}")
            raise
        console.print(f"  [green]✓[/green] {name}")


def outcome_of(error: Exception) -> tuple[int, str]:
    """The exit code and the sentence for an error of first contact; (0, "") for one that is none of its own."""
    from core.county.ops import bootstrap, facts, ssh

    match error:
        case RegistryError():
            found = REFUSED, words_of(error)
        case bootstrap.KeyNotAccepted():
            found = NOT_ACCEPTED, _("Host key %(key)s was not accepted; nothing was changed.") % {"key": error}
        case ssh.HostKeyChanged():
            found = (
                CHANGED,
                _(
                    "THE HOST KEY HAS CHANGED: %(shown)s, pinned is %(pinned)s. Either another machine answers there, "
                    "or somebody listens between. Nothing was sent. If the machine was replaced: "
                    "node_address --forget-key."
                )
                % {"shown": error.shown, "pinned": error.pinned},
            )
        case ssh.Unreachable():
            found = NO_CONTACT, _("The machine is not reached: %(reason)s") % {"reason": error}
        case ssh.LoginRefused():
            found = NO_CONTACT, _("The machine refuses the login: %(reason)s") % {"reason": error}
        case bootstrap.Unsuitable():
            found = UNSUITABLE, _("This machine cannot become a node: %(reason)s") % {"reason": error}
        case facts.FactsUnread() | bootstrap.StepFailed():
            found = FAILED, _("A step failed: %(reason)s") % {"reason": error}
        case _other:
            found = 0, ""
    return found


def extra_missing(error: ImportError) -> str:
    return _('Install the extra "ops" first: %(reason)s') % {"reason": error}


def _public_key(options: dict[str, Any]) -> str:
    """The line to install. Raises CommandError where there is none."""
    if options["public_key"]:
        places = [options["public_key"]]
    elif options["identity"]:
        places = [options["identity"].with_name(options["identity"].name + ".pub")]
    else:
        places = [Path.home() / ".ssh" / f"{name}.pub" for name in IDENTITIES]
    for place in places:
        if place.is_file():
            return str(place.read_text(encoding="utf-8")).strip()
    raise CommandError(_("There is no public key to install; name one with --public-key."), returncode=WRONG)


def _text(met: Met) -> str:
    lines = [_("Host key %(fingerprint)s") % {"fingerprint": met.fingerprint}]
    if met.facts:
        lines.append(_("%(os)s, %(arch)s, Python %(python)s, clock off by %(clock_offset_s)s s") % vars(met.facts))
    lines += [_("Attention: %(words)s") % {"words": words} for words in met.warnings]
    changed = ", ".join(met.changed) or _("nothing")
    lines.append((_("Would change: %(what)s") if met.dry_run else _("Changed: %(what)s")) % {"what": changed})
    if met.code_file:
        command = f'yizhan-enrol --core {settings.COUNTY_URL} --code "$(cat {met.code_file})"'
        lines.append(_("After ansible/edge.yml, at the machine as root: %(command)s") % {"command": command})
    return "\n".join(lines)
