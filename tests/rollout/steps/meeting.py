"""First contact with machines, and what an ill one says: the registry's commands, on the core that holds it."""

from __future__ import annotations

import json
import tarfile
from typing import Any, Final

from tests.lab import CommandFailed, Host

from ..stage import Site, Stage, StepFailed, facts
from .cases import PEOPLE

#: Where the operator's keys lie on the core while they are used; the first is the one a machine came with.
CARTON_KEY: Final = "/srv/carton-key"
OPERATOR_KEY: Final = "/srv/operator-key"
NOT_ACCEPTED: Final = 3


def meet(stage: Stage) -> None:
    """Each machine's key is pinned, the operator's installed, and Ansible names it by its place, ring and level."""
    _key_bring(stage, stage.lab.key.read_text(encoding="ascii"), CARTON_KEY)
    stage.core.run("tee", f"{OPERATOR_KEY}.pub", stdin=stage.desk.public_key + "\n")
    _meet_with_care(stage, stage.sites[0])
    for site in stage.sites[1:]:
        _meet(stage, site)
    for site in stage.sites:
        stage.core.run("yizhan-core", "node_address", site.service_point, "--ring", str(site.ring))
    stage.core.run("rm", CARTON_KEY)
    said = stage.desk.ansible(
        stage.program("ansible-inventory"), "--inventory", str(stage.desk.inventory), "--list"
    )  # fmt: skip
    groups = json.loads(said[said.index("{") :])
    for site in stage.sites:
        for group in ("edge", f"ring_{site.ring}", f"level_{site.level}", "version_unknown"):
            if site.service_point not in groups.get(group, {}).get("hosts", []):
                raise StepFailed(f"{site.service_point} is not in {group}")


def carton_met(stage: Stage, site: Site) -> None:
    """One more machine out of its carton is met, as the others were."""
    _key_bring(stage, stage.lab.key.read_text(encoding="ascii"), CARTON_KEY)
    _meet(stage, site)
    stage.core.run("rm", CARTON_KEY)


def doctor(stage: Stage) -> None:
    """What a machine says of itself for support names nobody whose case it has."""
    site = stage.sites[1]
    _key_bring(stage, stage.desk.key.read_text(encoding="ascii"), OPERATOR_KEY)
    stage.core.run("install", "-d", "-o", "yizhan", "/srv/support")
    said = facts(stage.core.run(
        "yizhan-core", "node_doctor", site.service_point, "--identity", OPERATOR_KEY, "--out", "/srv/support", "--json",
    ))  # fmt: skip
    stage.core.run("rm", OPERATOR_KEY)
    if said["failed"]:
        raise StepFailed(f"the machine could not say {said['failed']}")
    archive = stage.folder / "support.tar.gz"
    stage.core.copy_out(said["bundle"], archive)
    with tarfile.open(archive) as tar:
        texts = {one.name: tar.extractfile(one).read().decode() for one in tar if one.isfile()}  # type: ignore[union-attr]
    for person in PEOPLE:
        if named := [name for name, text in texts.items() if any(word in text for word in person)]:
            raise StepFailed(f"{named} name {person[0]}")


def _meet(stage: Stage, site: Site) -> dict[str, Any]:
    """What was changed, at a machine whose key was read at its console."""
    host = stage.host(site)
    fingerprint = host.enter("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    return _bootstrap(stage, site, fingerprint)


def _meet_with_care(stage: Stage, site: Site) -> None:
    """Refused with another key; a dry run changes nothing and says what will be; a second run finds all done."""
    trusted = "/root/.ssh/authorized_keys"
    host, before = stage.host(site), stage.host(site).read(trusted)
    _refused(stage, site, "SHA256:ofanothermachine")
    fingerprint = host.enter("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    would = _bootstrap(stage, site, fingerprint, "--dry-run")
    if host.read(trusted) != before or not would["dry_run"]:
        raise StepFailed(f"a dry run changed something: {would}")
    done = _meet(stage, site)
    if sorted(done["changed"]) != sorted(would["changed"]) or stage.desk.public_key not in host.read(trusted):
        raise StepFailed(f"the machine was met otherwise than the dry run said: {done}, {would}")
    if again := _meet(stage, site)["changed"]:
        raise StepFailed(f"a second run changed {again}")


def _refused(stage: Stage, site: Site, fingerprint: str) -> None:
    """A machine that shows another key than the one on its console's label gets nothing."""
    try:
        _bootstrap(stage, site, fingerprint)
    except CommandFailed as error:
        if error.code != NOT_ACCEPTED:
            raise
        return
    raise StepFailed("a machine was met whose key nobody had accepted")


def _bootstrap(stage: Stage, site: Site, fingerprint: str, *more: str) -> dict[str, Any]:
    return facts(stage.core.run(
        "yizhan-core", "bootstrap_node", stage.host(site).address, "--service-point", site.service_point,
        "--identity", CARTON_KEY, "--public-key", f"{OPERATOR_KEY}.pub", "--accept", fingerprint, "--json", *more,
    ))  # fmt: skip


def _key_bring(stage: Stage, text: str, place: str) -> None:
    """The key lies on the core for the program's user alone."""
    core: Host = stage.core
    core.run("install", "-m", "0600", "-o", "yizhan", "/dev/stdin", place, stdin=text)
