"""A node whose database cannot be read, and one that is gone: what docs/operations.md says to do, as commands."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.lab import CommandFailed, Host

from ..stage import COUNTY_HOST, Site, Stage, StepFailed, facts
from .cases import core_shell, node_hashes, node_knows
from .county import FIRST_CONTACT_SECONDS
from .install import FIRST
from .meeting import carton_met

NODE: Final = "/var/lib/yizhan/node"
#: Exit code of the self-test: the database.
DATABASE: Final = 3
#: "Restore of a node": what there is is kept, and the node begins anew.
BEGIN_ANEW: Final = f"""
systemctl stop yizhan-web yizhan-agent yizhan-sync
mv {NODE} {NODE}.ill
install -d -o yizhan -g yizhan -m 0700 {NODE}
systemctl restart yizhan-migrate
systemctl start yizhan-web
"""
#: What the console's page does where it says "Revoke".
REVOKE: Final = """
import json
from django.utils import timezone
from core.county.registry.services import node_revoke
given = json.loads({given!r})
print(node_revoke(node=given["node"], by="operator", at=timezone.now()).revoked_at.isoformat())
"""
NEW: Final = "n4"


def unreadable(stage: Stage) -> None:
    """Begun anew with new keys, the node has its case again, and the county goes on with it."""
    site = stage.sites[1]
    host, case = stage.host(site), stage.known["case"]
    before = node_hashes(host, case)
    host.enter("systemctl", "stop", "yizhan-web", "yizhan-agent")
    host.enter("sh", "-c", f"head -c 4096 /dev/urandom | dd of={NODE}/node.sqlite3 conv=notrunc status=none")
    _self_test_says(host, DATABASE)
    host.enter("sh", "-ec", BEGIN_ANEW)
    code = facts(stage.core.run("yizhan-core", "enrol_node", site.service_point, "--json"))["code"]
    host.enter(
        "yizhan-enrol", "--core", f"https://{COUNTY_HOST}", "--service-point", site.service_point, "--code", code
    )
    _working_again(stage, site, before)
    host.enter("rm", "-r", f"{NODE}.ill")


def lost(stage: Stage) -> None:
    """The lost machine is shut out; another one stands in its place and has what the county has."""
    site = stage.sites[1]
    case = stage.known["case"]
    before, version = node_hashes(stage.host(site), case), stage.wanted(FIRST)
    stage.host(site).link_cut()
    core_shell(stage, REVOKE, {"node": site.service_point})
    stage.core.run("yizhan-core", "node_address", site.service_point, "--forget-key")
    stage.lab.hosts_up(NEW)
    there = replace(site, host=NEW)
    stage.sites = tuple(there if one == site else one for one in stage.sites)
    stage.host(there).run("tee", "-a", "/etc/hosts", stdin=f"{stage.core.address} {COUNTY_HOST}\n")
    carton_met(stage, there)
    stage.play_well("edge.yml", stage.name(there), **version)
    stage.host(there).enter("yizhan-enrol", "--core", f"https://{COUNTY_HOST}")
    _working_again(stage, there, before)


def _working_again(stage: Stage, site: Site, wanted: dict[str, str]) -> None:
    host = stage.host(site)
    host.until("/usr/local/sbin/yizhan-manage status --check >/dev/null 2>&1", FIRST_CONTACT_SECONDS)
    for case in wanted:
        node_knows(stage, site, case, "delivered")
    if (found := node_hashes(host, *wanted)) != wanted:
        raise StepFailed(f"{host.name} has {found}, and before {wanted}")


def _self_test_says(host: Host, wanted: int) -> None:
    try:
        host.enter("yizhan-selftest", "--json")
    except CommandFailed as error:
        if error.code == wanted:
            return
        raise
    raise StepFailed(f"{host.name} finds itself well")
