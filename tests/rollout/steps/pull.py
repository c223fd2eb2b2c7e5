"""A machine nobody can reach takes the version the county has ordered, by Syncthing and by itself."""

from __future__ import annotations

from typing import Final

from tests.lab import CommandFailed, Host

from ..stage import Stage, StepFailed, rollout_facts, running_version
from .cases import PEOPLE, open_on_screen, take_in
from .upgrade import expect, signed

PULLED: Final = "pulled"
#: Until the county's order has come over the town; then a few minutes for the bundle itself.
ORDER_SECONDS: Final = 180
REPORT_SECONDS: Final = 300
#: A page that was closed so long ago is on no screen (ansible/bin/yizhan_updater.py).
CLOSED: Final = "touch -d '-3 min' /var/lib/yizhan/node/screen.json"


def pull(stage: Stage) -> None:
    """Without SSH, over its town: not while a case is on the screen, then at once; county and machine say so."""
    site = stage.sites[2]
    host, code = stage.host(site), site.service_point
    before = [running_version(one) for one in stage.nodes]
    signed(stage, PULLED)
    version = stage.versions.versions[PULLED]
    stage.core.run("yizhan-core", "node_address", code, "--pull")
    host.enter("systemctl", "stop", "ssh.socket", "ssh.service", check=False)
    stage.core.run("yizhan-core", "rollout_publish", version, "--nodes", code)
    _until(host, "yizhan-manage rollout_order | grep -q '\"take\"'", ORDER_SECONDS)
    case = take_in(stage, site, PEOPLE[3])
    open_on_screen(stage, site, case)
    _refused(host, before[2])
    host.enter("sh", "-c", CLOSED)
    _updater(host)
    said = rollout_facts(host)
    if said.get("trigger") != "pull":
        raise StepFailed(f"{host.name} says {said}")
    expect(stage, host, PULLED, "done")
    _reported(stage, code, version)
    if [running_version(one) for one in stage.nodes[:2]] != before[:2]:
        raise StepFailed("another machine took it too")
    host.enter("systemctl", "start", "ssh.service")


def _refused(host: Host, version: str) -> None:
    """The updater waits: somebody works at the counter."""
    _updater(host)
    said = rollout_facts(host)
    if said.get("outcome") != "refused" or "screen" not in str(said.get("reason")):
        raise StepFailed(f"{host.name} was at work, and says {said}")
    if running_version(host) != version:
        raise StepFailed(f"{host.name} runs {running_version(host)}")


def _updater(host: Host) -> None:
    """What its maintenance hour does. Raises StepFailed with what it said."""
    try:
        host.enter("systemctl", "start", "yizhan-updater.service")
    except CommandFailed as error:
        said = host.enter("journalctl", "--no-pager", "-n", "60", "-u", "yizhan-updater.service")
        raise StepFailed(f"{host.name}'s updater: {said}") from error


def _reported(stage: Stage, code: str, version: str) -> None:
    """The node's own signed status says at the county what its facts say here."""
    wanted = f'"outcome":"done","version":"{version}"'
    stage.core.until(f"yizhan-core fleet --json {code} | grep -qF '{wanted}'", REPORT_SECONDS)


def _until(host: Host, script: str, seconds: int) -> None:
    host.enter("timeout", str(seconds), "sh", "-c", f"until {script}; do sleep 1; done")
