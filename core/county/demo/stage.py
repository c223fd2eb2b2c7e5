"""Everything the demo runs: the county, a town, two villages, started in order and ended together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.county.registry.selectors import card_of
from core.domain.catalogue.models import Department
from core.transport import spool

from .browser import Browser
from .county import code_for, county_set_up, staff_bring, staff_set_up
from .day import Officer, Window
from .desks import Officers
from .machines import EXCHANGE, Core, Node
from .training import clock_join
from .world import TOWN, Site, Staff, ports_of

SITES: Final = (
    Site("430321100000-01", "易俗河镇便民服务中心", "town"),
    Site("430321100204-01", "赤湖村便民服务站", "village"),
    Site("430321100206-01", "金霞村便民服务站", "village"),
)
TOWN_SITE, FIRST_VILLAGE, SECOND_VILLAGE = SITES
LOCAL_STAFF: Final = (
    Staff("chihu01", "周春兰", "village_agent", TOWN, FIRST_VILLAGE.node),
    Staff("jinxia01", "刘建国", "village_agent", TOWN, SECOND_VILLAGE.node),
    Staff("yshck01", "陈静", "clerk", TOWN, TOWN_SITE.node),
    Staff("yshsc01", "彭志强", "reviewer", TOWN, TOWN_SITE.node),
    Staff("yshjd01", "唐立新", "approver", TOWN, TOWN_SITE.node),
)
#: Who watches over the whole county.
COUNTY_STAFF: Final = (Staff("jc01", "监察员", "supervisor"),)
BASE_PORT: Final = 8400
WORLD: Final = "world.json"


def site_of(node: str) -> Site:
    """The demo's site with this service point."""
    return next(site for site in SITES if site.node == node)


def officers_of(departments: list[Department]) -> list[Staff]:
    """Two people a department: one reviews, the other decides."""
    people: list[Staff] = []
    for index, one in enumerate(departments, 1):
        short = one.short_name or one.name
        people.append(Staff(f"sc{index:02d}", f"{short}审查员", "reviewer", department=one.uscc))
        people.append(Staff(f"jd{index:02d}", f"{short}首席代表", "approver", department=one.uscc))
    return people


@dataclass
class Stage:
    """`core` and `nodes` with their processes; `officers` are those of the county's departments."""

    var: Path
    core: Core
    nodes: dict[str, Node]
    officers: list[Staff] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        return self.var / "logs"

    def stop(self) -> None:
        """Every process is gone; what they held is on the disk."""
        (self.var / WORLD).unlink(missing_ok=True)
        processes = [process for machine in (*self.nodes.values(), self.core) for process in machine.processes]
        for process in processes:
            process.ask_to_stop()
        for process in processes:
            process.stop()

    def window(self, site: Site, staff_code: str) -> Window:
        window = Window(place=site.name, browser=Browser(self.nodes[site.node].url))
        window.log_in(staff_code)
        return window

    def officer(self, staff: Staff) -> Officer:
        officer = Officer(Browser(self.core.url))
        officer.log_in(staff.code)
        return officer

    def officers_logged_in(self) -> Officers:
        return {(one.role, one.department): self.officer(one) for one in self.officers}

    def cut(self, site: Site, *, off: bool) -> None:
        """The village's line is down, or up again."""
        card = card_of(site.node)
        assert card is not None
        self.nodes[site.node].cut(off=off, device_id=card.device_id)


def stage_of(var: Path, core_var: Path) -> Stage:
    """The demo's machines with ports that are free now and one clock, by which this process lives too."""
    names = ["core", *(site.node for site in SITES)]
    ports = ports_of(var, [*names, *(f"sync {name}" for name in names), "metrics"], BASE_PORT)
    clock = clock_join(var)
    core = Core(
        var=core_var, port=ports["core"], sync_port=ports["sync core"], metrics_port=ports["metrics"], clock=clock
    )  # fmt: skip
    nodes = {
        site.node: Node(
            site=site, base=var / site.node, exchange=core_var / EXCHANGE, clock=clock,
            port=ports[site.node], sync_port=ports[f"sync {site.node}"],
        )
        for site in SITES
    }  # fmt: skip
    return Stage(var, core, nodes)


def county_ready(stage: Stage) -> None:
    """The county's halls, catalogue and accounts stand."""
    county_set_up(SITES)
    stage.officers = officers_of(list(Department.objects.order_by("uscc")))
    staff_set_up([*LOCAL_STAFF, *COUNTY_STAFF, *stage.officers])


def nodes_ready(stage: Stage) -> None:
    """Every node is enrolled and runs; the town first, so that its villages link to it."""
    for site in SITES:
        node = stage.nodes[site.node]
        if (node.base / "node.sqlite3").exists():
            # The demo is taken up again, perhaps by a newer version than the one that left it.
            node.manage("migrate", "--verbosity", "0")
        if not node.enrolled:
            node.manage("enrol", "--core", stage.core.url, "--code", code_for(site), "--json")
        node.start(stage.logs)
    staff_bring(SITES)


def world_write(stage: Stage) -> Path:
    """Addresses and logins of what runs now, for scripts: <var>/world.json, gone when the demo ends."""
    world = {
        "core": stage.core.url,
        "metrics": stage.core.metrics_url,
        "nodes": {node.site.node: {"url": node.url, "dir": str(node.base)} for node in stage.nodes.values()},
        "staff": {
            one.code: {"role": one.role, "department": one.department} for one in (*COUNTY_STAFF, *stage.officers)
        },
    }
    path = stage.var / WORLD
    spool.file_replace(stage.var, path.name, json.dumps(world, ensure_ascii=False).encode())
    return path
