"""Other versions: one that is good, one that is broken, one during which the power fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from tests.lab import Host

from ..stage import Stage, StepFailed, facts, running_version

SECOND: Final = "second"
BROKEN: Final = "broken"
THIRD: Final = "third"
#: A node that was cut off undoes what was not confirmed: at the next boot, or when its timer runs out.
BACK_SECONDS: Final = 300
#: For so long a node waits for somebody to confirm; a quarter of an hour in the field.
DEADMAN_SECONDS: Final = 90
BROKEN_WSGI: Final = 'raise RuntimeError("this version does not start")\n'


def signed(stage: Stage, name: str, **changes: str) -> None:
    """A bundle of this name, signed where the county's root key lies."""
    archive = stage.versions.next_build(name, changes=changes)
    there = f"/var/lib/yizhan/core/{archive.name}"
    stage.core.copy_in(archive, there)
    stage.core.run("chown", "yizhan:yizhan", there)
    stage.core.run("yizhan-core", "rollout_sign", there)
    stage.core.copy_out(there, archive)
    stage.core.run("rm", there)


def upgrade(stage: Stage) -> None:
    """The canary first, alone; the others when it runs the version and says so."""
    signed(stage, SECOND)
    canary, *others = (site.host for site in stage.sites)
    for batch in ([canary], others):
        stage.play_well("edge.yml", *batch, **stage.wanted(SECOND))
        for name in batch:
            _expect(stage.lab.hosts[name], stage.versions.versions[SECOND], "done")


def broken(stage: Stage) -> None:
    """The canary refuses it and works on as before; nobody else has heard of it."""
    signed(stage, BROKEN, **{"edge_node/wsgi.py": BROKEN_WSGI})
    canary, *others = (site.host for site in stage.sites)
    if stage.play("edge.yml", canary, **stage.wanted(BROKEN))[canary].good:
        raise StepFailed("the play went well with a version that does not start")
    _expect(stage.lab.hosts[canary], stage.versions.versions[SECOND], "rolled_back")
    for name in others:
        if running_version(stage.lab.hosts[name]) != stage.versions.versions[SECOND]:
            raise StepFailed(f"{name} runs {running_version(stage.lab.hosts[name])}")


def power_cut(stage: Stage) -> None:
    """The power goes between switch and confirmation; at the next boot the node works with the former version."""
    signed(stage, THIRD)
    _cut_short(stage, stage.nodes[1], Host.power_cut, _power_back)


def link_cut(stage: Stage) -> None:
    """The line goes between switch and confirmation; the node puts the former version back with no network."""
    _cut_short(stage, stage.nodes[2], Host.link_cut, Host.link_mend)


def _cut_short(stage: Stage, host: Host, cut: Callable[[Host], None], mend: Callable[[Host], None]) -> None:
    """The play to the third version is cut off once the node's link leads to it; then the node is as before."""
    version = stage.versions.versions[THIRD]
    given = stage.wanted(THIRD) | {"node_switch_deadman_seconds": DEADMAN_SECONDS}
    play = threading.Thread(target=stage.play, args=("edge.yml", host.name), kwargs=given)
    play.start()
    try:
        host.until(f"readlink /opt/yizhan/current | grep -qF {version}", BACK_SECONDS)
        cut(host)
    finally:
        play.join()
    # It is given back its line only when it has helped itself; its console needs none.
    if cut is not Host.link_cut:
        mend(host)
    host.enter(
        "timeout", str(BACK_SECONDS), "sh", "-c",
        "until grep -q rolled_back /var/lib/yizhan/rollout/facts.json && systemctl -q is-active yizhan-web.service;"
        " do sleep 0.5; done",
    )  # fmt: skip
    if cut is Host.link_cut:
        mend(host)
    _expect(host, stage.versions.versions[SECOND], "rolled_back")


def _power_back(host: Host) -> None:
    host.start()
    host.wait()


def _expect(host: Host, version: str, outcome: str) -> None:
    """The node runs the version, reports the outcome, and its self-test finds nothing."""
    said = facts(host)
    if running_version(host) != version or said.get("outcome") != outcome or said.get("version") != version:
        raise StepFailed(f"{host.name} runs {running_version(host)}, not {version}, and says {said}")
    host.run("/usr/local/sbin/yizhan-selftest")
