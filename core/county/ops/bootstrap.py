"""First contact with a machine: its key pinned, the operator's installed, its facts read, the enrolment code there."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from core.county.registry.models import Node, SshAddress
from core.county.registry.selectors import code_latest, service_point_get
from core.county.registry.services import address_set, enrolment_code_issue
from core.county.registry.services.codes import code_hash

from .facts import Facts, facts_read
from .ssh import HostKey, Login, Place, Remote, host_key_read

#: Read by root at the machine, where yizhan-enrol looks for it by itself.
CODE_FILE: Final = "/etc/yizhan/enrolment-code"
PUBLIC_KEY: Final = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/]+=*( .*)?")

#: The line is there once, whoever runs this again; answers "changed" where it was not.
INSTALL_KEY: Final = r"""
umask 077
read -r line
mkdir -p ~/.ssh
touch ~/.ssh/authorized_keys
if ! grep -qxF -- "$line" ~/.ssh/authorized_keys; then
    # A last line without its end would swallow this one.
    [ -z "$(tail -c 1 ~/.ssh/authorized_keys)" ] || echo >>~/.ssh/authorized_keys
    printf '%s\n' "$line" >>~/.ssh/authorized_keys
    echo changed
fi
"""
WRITE_CODE: Final = f"""
umask 077
mkdir -p -m 0755 {CODE_FILE.rpartition("/")[0]}
cat >{CODE_FILE}.partial
chown root:root {CODE_FILE}.partial
mv {CODE_FILE}.partial {CODE_FILE}
"""
READ_CODE: Final = f"cat {CODE_FILE} 2>/dev/null || :"

Progress = Callable[[str], AbstractContextManager[object]]


class KeyNotAccepted(Exception):
    """Nobody has said that this is the machine's key."""


class Unsuitable(Exception):
    """The machine cannot become a node; the message says why."""


class StepFailed(Exception):
    """The machine did not do what it was told; the message says what, and its own words."""


@dataclass(frozen=True)
class Wanted:
    """What is to be: this machine, met by this login, stands at this service point."""

    place: Place
    service_point: str
    login: Login
    public_key: str
    by: str
    dry_run: bool = False


@dataclass
class Met:
    """What became of it. `changed` are the things that were changed, in a dry run those that would be."""

    service_point: str
    fingerprint: str
    pinned: bool = False
    facts: Facts | None = None
    warnings: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    dry_run: bool = False
    code_file: str = ""

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def machine_meet(
    wanted: Wanted, *, accept: Callable[[HostKey], bool], progress: Progress, at: datetime,
    now: Callable[[], float] = time.time,
) -> Met:  # fmt: skip
    """The machine is ready for the play and for its enrolment; a second run changes nothing. In a dry run nothing is.

    Raises RegistryError, KeyNotAccepted, Unsuitable, StepFailed, FactsUnread, and what ssh.py raises.
    """
    if PUBLIC_KEY.fullmatch(wanted.public_key) is None:
        raise StepFailed(_("This is not a public key of SSH."))
    point = service_point_get(wanted.service_point)
    row = SshAddress.objects.filter(pk=point.code).first()
    pinned = row.ssh_host_key if row else ""
    with progress(_("Ask for the host key")):
        key = host_key_read(wanted.place, pinned=pinned)
    met = Met(point.code, key.fingerprint, pinned=bool(pinned), dry_run=wanted.dry_run)
    if not pinned and not accept(key):
        if not wanted.dry_run:
            raise KeyNotAccepted(key.fingerprint)
        # Whom nobody vouches for gets neither a login nor a password, so there is nothing more to know.
        met.changed = ["host_key", "authorized_key", "registry", "enrolment_code"]
        return met
    with ExitStack() as session:
        with progress(_("Log in")):
            remote = session.enter_context(Remote(wanted.place, key, wanted.login))
        for name, step in _steps(wanted, met, key, remote, at, now):
            with progress(name):
                step()
    return met


def _steps(
    wanted: Wanted, met: Met, key: HostKey, remote: Remote, at: datetime, now: Callable[[], float]
) -> Iterator[tuple[str, Callable[[], None]]]:
    """In this order: what can refuse comes before what changes anything."""
    yield _("Read its facts"), lambda: _facts(met, remote, now)
    yield _("Try to be root"), lambda: _root_require(remote)
    yield _("Install the operator's key"), lambda: _key_install(wanted, met, remote)
    yield _("Write it into the registry"), lambda: _register(wanted, met, key, at)
    yield _("Hand over the enrolment code"), lambda: _code_hand_over(wanted, met, remote, at)


def _facts(met: Met, remote: Remote, now: Callable[[], float]) -> None:
    met.facts = facts_read(remote, now)
    met.warnings = met.facts.warnings()
    if obstacles := met.facts.obstacles():
        raise Unsuitable("; ".join(obstacles))


def _root_require(remote: Remote) -> None:
    answer = remote.root("id -u")
    if not answer.good or answer.out.strip() != "0":
        raise StepFailed(_("%(user)s is not root and may not become it: %(words)s") % {
            "user": remote.place.user, "words": answer.err.strip()[-300:],
        })  # fmt: skip


def _key_install(wanted: Wanted, met: Met, remote: Remote) -> None:
    if wanted.dry_run:
        there = remote.run("cat ~/.ssh/authorized_keys 2>/dev/null || :").out.splitlines()
        met.changed += [] if wanted.public_key in there else ["authorized_key"]
        return
    answer = remote.run(INSTALL_KEY, wanted.public_key + "\n")
    _require_good(answer.good, _("the operator's key"), answer.err)
    met.changed += ["authorized_key"] if answer.out.strip() == "changed" else []


def _register(wanted: Wanted, met: Met, key: HostKey, at: datetime) -> None:
    place = wanted.place
    values: dict[str, str | int] = {
        "ssh_host": place.host, "ssh_port": place.port, "ssh_user": place.user, "ssh_host_key": key.text,
    }  # fmt: skip
    row = SshAddress.objects.filter(pk=met.service_point).first()
    differs = [name for name, value in values.items() if row is None or getattr(row, name) != value]
    met.changed += (["host_key"] if "ssh_host_key" in differs else []) + (["registry"] if differs else [])
    if differs and not wanted.dry_run:
        address_set(service_point=met.service_point, by=wanted.by, at=at, **values)


def _code_hand_over(wanted: Wanted, met: Met, remote: Remote, at: datetime) -> None:
    """A code good for 7 days, since the program has to be installed first, lies at the machine for root alone."""
    works = Node.objects.filter(pk=met.service_point, revoked_at=None).exists()
    if works and met.pinned:
        return
    met.code_file = CODE_FILE
    if _code_good(remote.root(READ_CODE).out, met.service_point, at):
        return
    met.changed.append("enrolment_code")
    if wanted.dry_run:
        return
    issued = enrolment_code_issue(service_point=met.service_point, by=wanted.by, at=at, by_file=True)
    answer = remote.root(WRITE_CODE, issued.text + "\n")
    _require_good(answer.good, _("the enrolment code"), answer.err)


def _code_good(text: str, service_point: str, at: datetime) -> bool:
    """Whether the code that lies there is the last one issued, unused and in time."""
    latest = code_latest(service_point)
    return (
        latest is not None
        and latest.used_at is None
        and latest.expires_at > at
        and bytes(latest.code_sha256) == code_hash(text)
    )


def _require_good(good: bool, what: str, words: str) -> None:
    if not good:
        raise StepFailed(_("%(what)s could not be written: %(words)s") % {"what": what, "words": words.strip()[-300:]})
