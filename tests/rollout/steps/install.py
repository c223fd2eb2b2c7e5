"""From bare machines to a core and nodes that run: versions, first boot, first run, second run, dry run."""

from __future__ import annotations

from typing import Final

import pyrage

from tests.lab import CommandFailed, Host

from ..stage import Outcome, Stage, StepFailed, running_version

FIRST: Final = "first"
FIRST_CORE: Final = "firstcore"
#: What runs on a node that is well, before it is enrolled; and on a core.
UNITS: Final = ("yizhan-web.service", "yizhan-sync.service")
#: A unit that ended is started again after 5 s, and twelve times a minute.
UNITS_SECONDS: Final = 60
CORE_UNITS: Final = (
    "yizhan-core-web.service", "yizhan-ingest.service", "yizhan-jobs.service", "yizhan-hub.service", "nginx.service",
)  # fmt: skip


def bundles(stage: Stage) -> None:
    """The archives are made, the core's only where it is installed too."""
    stage.versions.copy_make()
    stage.versions.first_build({FIRST: "edge", **({FIRST_CORE: "core"} if stage.with_core else {})})


def boot(stage: Stage) -> None:
    """All hosts are up; the operator has the key that opens the county's backups."""
    identity = pyrage.x25519.Identity.generate()
    stage.known["backup_identity"] = str(identity)
    stage.settings |= {
        "yizhan_backup_recipients": [str(identity.to_public())], "yizhan_ca": str(stage.folder / "ca.crt"),
    }  # fmt: skip
    stage.lab.hosts_up(*(["core"] if stage.with_core else []), *(site.host for site in stage.sites))
    stage.desk_make()


def core(stage: Stage) -> None:
    _core_play(stage)
    stage.core.run("systemctl", "is-active", *CORE_UNITS)


def nodes(stage: Stage) -> None:
    """All at once, without a network: what they need is in the bundle."""
    stage.lab.network.internet_set(on=False)
    try:
        _edge_play(stage)
    finally:
        stage.lab.network.internet_set(on=True)
    for host in stage.nodes:
        _running(host)
        if running_version(host) != stage.versions.versions[FIRST]:
            raise StepFailed(f"{host.name} runs {running_version(host)}")


def _running(host: Host) -> None:
    """Pages and Syncthing run, or will in a moment: systemd starts again what ended. Raises StepFailed with the log."""
    try:
        host.until(f"systemctl is-active --quiet {' '.join(UNITS)}", UNITS_SECONDS)
    except CommandFailed as error:
        units = [f"--unit={unit}" for unit in UNITS]
        said = host.enter("journalctl", "--no-pager", "--lines=80", *units)
        raise StepFailed(f"{host.name} does not run {', '.join(UNITS)}:\n{said}") from error


def again(stage: Stage, *, check: bool = False) -> None:
    """Neither the core nor a node is changed by the same play."""
    found = _edge_play(stage, check=check)
    if stage.with_core:
        found |= _core_play(stage, check=check)
    changed = {host: one.changed for host, one in found.items() if one.changed}
    if changed:
        raise StepFailed(f"the second run changed something: {changed}; see {stage.desk.log}")


def checked(stage: Stage) -> None:
    """A dry run with differences goes through on the core and the nodes, and finds none."""
    again(stage, check=True)


def _core_play(stage: Stage, *, check: bool = False) -> dict[str, Outcome]:
    return stage.play_well("core.yml", "core", check=check, **stage.wanted(FIRST_CORE))


def _edge_play(stage: Stage, *, check: bool = False) -> dict[str, Outcome]:
    names = [stage.name(site) for site in stage.sites]
    return stage.play_well("edge.yml", *names, check=check, **stage.wanted(FIRST))
