"""A county for the nodes to belong to: the demo's catalogue, halls and people; then three machines enrol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from core.county.demo.world import PASSWORD

from ..stage import COUNTY_HOST, Site, Stage, StepFailed

#: For a folder to travel once between two Syncthings that have never met.
FIRST_CONTACT_SECONDS: Final = 180
#: Run by the core's own Python: the steps an operator would do on the console's pages, with the demo's data.
SET_UP: Final = """
from core.county.demo.county import county_set_up, staff_bring, staff_set_up
from core.county.demo.stage import COUNTY_STAFF, LOCAL_STAFF, SITES, officers_of
from core.domain.catalogue.models import Department
county_set_up(SITES)
staff_set_up([*LOCAL_STAFF, *COUNTY_STAFF, *officers_of(list(Department.objects.order_by("uscc")))])
"""
BRING_STAFF: Final = """
from core.county.demo.county import staff_bring
from core.county.demo.stage import SITES
staff_bring(SITES)
"""


def county(stage: Stage) -> None:
    """Catalogue, halls, service points and accounts stand; the nodes know where the county is."""
    stage.core.run("yizhan-core", "shell", "--command", SET_UP)
    for host in stage.nodes:
        host.run("tee", "-a", "/etc/hosts", stdin=f"{stage.core.address} {COUNTY_HOST}\n")
    stage.known["password"] = PASSWORD


def enrol(stage: Stage) -> None:
    """Every machine is a node: its request went to the county by file, and the answer came back."""
    for site in stage.sites:
        _enrol_by_file(stage, site)
    stage.core.run("yizhan-core", "shell", "--command", BRING_STAFF)
    for host in stage.nodes:
        host.run("systemctl", "is-active", "yizhan-agent.service")
        # Card, staff and catalogue come by Syncthing; then nothing wants attention.
        host.until("/usr/local/sbin/yizhan-manage status --check >/dev/null 2>&1", FIRST_CONTACT_SECONDS)


def status(stage: Stage, site: Site) -> dict[str, Any]:
    """What the node says of itself."""
    found: dict[str, Any] = json.loads(
        stage.lab.hosts[site.host].run("/usr/local/sbin/yizhan-manage", "status", "--json", "--hashes")
    )
    return found


def _enrol_by_file(stage: Stage, site: Site) -> None:
    node, carried = stage.lab.hosts[site.host], Path(stage.folder)
    node.run("/usr/local/sbin/yizhan-enrol", "--request", "/tmp/here.request")
    node.copy_out("/tmp/here.request", carried / f"{site.host}.request")
    stage.core.copy_in(carried / f"{site.host}.request", f"/tmp/{site.host}.request")
    # The core's own user reads and writes there.
    stage.core.run("chmod", "0644", f"/tmp/{site.host}.request")
    said = stage.core.run(
        "yizhan-core", "enrol_node", site.service_point, "--request", f"/tmp/{site.host}.request",
        "--response", f"/tmp/{site.host}.response", "--json",
    )  # fmt: skip
    fingerprint = json.loads(said.splitlines()[-1])["fingerprint"]
    stage.core.copy_out(f"/tmp/{site.host}.response", carried / f"{site.host}.response")
    node.copy_in(carried / f"{site.host}.response", "/tmp/here.response")
    node.run("chmod", "0644", "/tmp/here.response")
    answer = json.loads(
        node.run("/usr/local/sbin/yizhan-enrol", "--response", "/tmp/here.response", "--json").splitlines()[-1]
    )
    if answer.get("fingerprint") != fingerprint:
        raise StepFailed(f"{site.host} shows {answer}, the county shows {fingerprint}")
