"""Other versions: one that is good, one that is broken, one during which power or line fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, Final

from tests.lab import Host

from ..stage import Stage, StepFailed, rollout_facts, running_version
from .telling import fires

SECOND: Final = "second"
BROKEN: Final = "broken"
THIRD: Final = "third"
#: A node that was cut off undoes what was not confirmed: at the next boot, or when its timer runs out.
BACK_SECONDS: Final = 300
#: For so long a node waits for somebody to confirm; a quarter of an hour in the field.
DEADMAN_SECONDS: Final = 90
#: For so long a version that does not start is waited for; three minutes in the field, where machines are slow.
GATE_SECONDS: Final = 60
#: For a batch to be well at the county: a node reports each minute.
SOAK_SECONDS: Final = 300
#: What the county is told of the canary.
NOT_TAKEN: Final = "易俗河镇便民服务中心没有换上新程序版本（已退回原版本），仍用原版本工作"
BROKEN_WSGI: Final = 'raise RuntimeError("this version does not start")\n'
#: Exit codes of manage.py rollout.
DONE, PUT_BACK = 0, 2
#: Where the county looks for what it publishes to machines that fetch.
SHELF: Final = "/var/lib/yizhan/core/bundles"


def signed(stage: Stage, name: str, **changes: str) -> None:
    """A bundle of this name, signed where the county's root key lies, and on the shelf of what may be published."""
    archive = stage.versions.next_build(name, changes=changes)
    there = f"{SHELF}/{archive.name}"
    stage.core.run("install", "-d", "-o", "yizhan", "-g", "yizhan", SHELF)
    stage.core.copy_in(archive, there)
    stage.core.run("chown", "yizhan:yizhan", there)
    stage.core.run("yizhan-core", "rollout_sign", there)
    stage.core.copy_out(there, archive)


def upgrade(stage: Stage) -> None:
    """The canary first, alone; the others when the county has heard that it is well."""
    signed(stage, SECOND)
    train = _train(stage, SECOND, DONE)
    canary, *others = (stage.name(site) for site in stage.sites)
    batches = [sorted(one["hosts"]) for one in train["batches"]]
    if batches != [[canary], sorted(others)]:
        raise StepFailed(f"the batches were {batches}")
    if any(one["by_facts"] for one in train["hosts"].values()):
        raise StepFailed(f"the county was not asked: {train['hosts']}")
    for host in stage.nodes:
        expect(stage, host, SECOND, "done")


def broken(stage: Stage) -> None:
    """The canary refuses it and works on as before; nobody else has heard of it, and the county is told."""
    signed(stage, BROKEN, **{"edge_node/wsgi.py": BROKEN_WSGI})
    train = _train(stage, BROKEN, PUT_BACK, node_switch_gate_seconds=GATE_SECONDS)
    canary, *others = stage.sites
    reached = [host for batch in train["batches"] for host in batch["hosts"]]
    if reached != [stage.name(canary)]:
        raise StepFailed(f"the broken version reached {reached}")
    expect(stage, stage.host(canary), SECOND, "rolled_back")
    for site in others:
        expect(stage, stage.host(site), SECOND, "done")
    fires(stage, "NodeRolledBack", NOT_TAKEN)


def power_cut(stage: Stage) -> None:
    """The power goes between switch and confirmation; at the next boot the node works with the former version."""
    signed(stage, THIRD)
    _cut_short(stage, 1, Host.power_cut, _power_back)


def link_cut(stage: Stage) -> None:
    """The line goes between switch and confirmation; the node puts the former version back with no network."""
    _cut_short(stage, 2, Host.link_cut, Host.link_mend)


def expect(stage: Stage, host: Host, name: str, outcome: str) -> None:
    """The node runs the version, reports the outcome, and its self-test finds nothing."""
    said, version = rollout_facts(host), stage.versions.versions[name]
    if running_version(host) != version or said.get("outcome") != outcome or said.get("version") != version:
        raise StepFailed(f"{host.name} runs {running_version(host)}, not {version}, and says {said}")
    host.enter("/usr/local/sbin/yizhan-selftest")


def _train(stage: Stage, name: str, wanted: int, **variables: int) -> dict[str, Any]:
    """What manage.py rollout says of its train, which ended with the exit code `wanted`; its plays have `variables`."""
    code, said = stage.desk.manage(
        "rollout", stage.versions.versions[name], "--bundle", str(stage.versions.archives[name]),
        "--inventory", str(stage.desk.inventory), "--state", str(stage.desk.folder / "trains"), "--batches", "100%",
        "--soak", str(SOAK_SECONDS), "--json", "--extra-vars", json.dumps(variables),
    )  # fmt: skip
    if code != wanted:
        raise StepFailed(f"the train of {name} ended with {code}, not {wanted}: {said[-2000:]}; see {stage.desk.log}")
    found: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return found


def _cut_short(stage: Stage, place: int, cut: Callable[[Host], None], mend: Callable[[Host], None]) -> None:
    """The play to the third version is cut off once the node's link leads to it; then the node is as before."""
    site, version = stage.sites[place], stage.versions.versions[THIRD]
    host = stage.host(site)
    given = stage.wanted(THIRD) | {"node_switch_deadman_seconds": DEADMAN_SECONDS}
    play = threading.Thread(target=stage.play, args=("edge.yml", stage.name(site)), kwargs=given)
    play.start()
    try:
        _until(host, f"readlink /opt/yizhan/current | grep -qF {version}")
        cut(host)
    finally:
        play.join()
    # It is given back its line only when it has helped itself; its console needs none.
    if cut is not Host.link_cut:
        mend(host)
    _until(
        host, "grep -q rolled_back /var/lib/yizhan/rollout/facts.json && systemctl -q is-active yizhan-web.service"
    )  # fmt: skip
    if cut is Host.link_cut:
        mend(host)
    expect(stage, host, SECOND, "rolled_back")


def _power_back(host: Host) -> None:
    host.start()
    host.wait()


def _until(host: Host, script: str) -> None:
    host.enter("timeout", str(BACK_SECONDS), "sh", "-c", f"until {script}; do sleep 0.5; done")
