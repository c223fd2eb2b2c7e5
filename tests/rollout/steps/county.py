"""A county for the nodes to belong to: the demo's catalogue, halls and people; then three machines enrol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from ..stage import COUNTY_HOST, Site, Stage, StepFailed
from .install import FIRST_CORE

#: For a folder to travel once between two Syncthings that have never met.
FIRST_CONTACT_SECONDS: Final = 180
#: Run by the core's own Python: the steps an operator would do on the console's pages, with the demo's data. What a
#: county installs has no made-up applicants, so only those modules of the demo are used which need none.
SET_UP: Final = """
import json
from core.county.demo.county import county_set_up, staff_set_up
from core.county.demo.stage import officers_of
from core.county.demo.world import Site, Staff
from core.domain.catalogue.models import Department
given = json.loads({given!r})
county_set_up([Site(*one) for one in given["sites"]])
staff_set_up([Staff(*one) for one in given["staff"]])
staff_set_up(officers_of(list(Department.objects.order_by("uscc"))))
"""
BRING_STAFF: Final = """
import json
from core.county.demo.county import staff_bring
from core.county.demo.world import Site
staff_bring([Site(*one) for one in json.loads({given!r})["sites"]])
"""
#: Code, name, role, town, service point, department: who logs in at the three nodes, and who watches the county.
STAFF: Final = (
    ("yshck01", "陈静", "clerk", "430321100000", "430321100000-01", ""),
    ("chihu01", "周春兰", "village_agent", "430321100000", "430321100204-01", ""),
    ("jinxia01", "刘建国", "village_agent", "430321100000", "430321100206-01", ""),
    ("jc01", "监察员", "supervisor", "", "", ""),
)


def county(stage: Stage) -> None:
    """Catalogue, halls, service points and accounts stand; the nodes know where the county is."""
    _on_core(stage, SET_UP)
    # The operators' list of tenants asks for the villages of each, whom the catalogue has named only now.
    if stage.play_well("core.yml", "core", tags="tenants", **stage.wanted(FIRST_CORE))["core"].changed != 1:
        raise StepFailed("the town's other villages were not made")
    for host in (stage.core, *stage.nodes):
        host.run("tee", "-a", "/etc/hosts", stdin=f"{stage.core.address} {COUNTY_HOST}\n")


def enrol(stage: Stage) -> None:
    """Every machine is a node: by the code that lay there since first contact, one of them by files on a stick."""
    *online, last = stage.sites
    for site in online:
        _enrol_online(stage, site)
    _enrol_by_file(stage, last)
    _on_core(stage, BRING_STAFF)
    for host in stage.nodes:
        host.run("systemctl", "is-active", "yizhan-agent.service")
        # Card, staff and catalogue come by Syncthing; then nothing wants attention.
        host.until("/usr/local/sbin/yizhan-manage status --check >/dev/null 2>&1", FIRST_CONTACT_SECONDS)


def _on_core(stage: Stage, script: str) -> None:
    sites = [(site.service_point, site.host, site.level) for site in stage.sites]
    text = script.format(given=json.dumps({"sites": sites, "staff": STAFF}))
    stage.core.run("yizhan-core", "shell", "--command", text)


def _enrol_online(stage: Stage, site: Site) -> None:
    """As its page says: the play has brought what makes the machine believe the county's own authority."""
    stage.host(site).shell(
        f"yizhan-enrol --core https://{COUNTY_HOST} --service-point {site.service_point}"
        ' --code "$(cat /etc/yizhan/enrolment-code)"'
    )


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
