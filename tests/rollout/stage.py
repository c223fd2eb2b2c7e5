"""What every step works with: the hosts, the versions made for them, the operator's desk, and plays run from there."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.lab import Host, Lab

from .desk import Desk
from .versions import Versions

COUNTY_HOST: Final = "county.example"
#: What the operator gives for the whole county; its divisions are those of the catalogue's demo.
COUNTY_SETTINGS: Final[dict[str, Any]] = {
    "yizhan_county_code": "430321000000", "yizhan_county_name": "湘潭县", "yizhan_county_host": COUNTY_HOST,
    "yizhan_tenants": [
        {"code": "430321100000", "name": "易俗河镇", "slug": "yisuhe", "villages": True},
    ],
}  # fmt: skip
_RECAP = re.compile(r"^(\S+)\s+: (ok=\d+\s.*)$", re.MULTILINE)


class StepFailed(Exception):
    """What a step was to prove is not so."""


@dataclass(frozen=True)
class Site:
    """Where a node of the test stands: its host's name, the service point, its level, its turn with a new version."""

    host: str
    service_point: str
    level: str
    ring: int


SITES: Final = (
    Site("n1", "430321100000-01", "town", 0),
    Site("n2", "430321100204-01", "village", 1),
    Site("n3", "430321100206-01", "village", 1),
)


@dataclass(frozen=True)
class Outcome:
    """What a play did on one host, as Ansible counts it."""

    changed: int
    failed: int
    unreachable: int
    rescued: int

    @property
    def good(self) -> bool:
        return not self.failed and not self.unreachable


@dataclass
class Stage:
    """`folder` is the test's own; `versions` are what is taken to the hosts. With a core, the fleet is as its registry
    names it; without one, as the operator wrote it down."""

    lab: Lab
    folder: Path
    sites: tuple[Site, ...] = SITES
    codename: str = "bookworm"
    with_core: bool = True
    versions: Versions = field(init=False)
    desk: Desk = field(init=False)
    #: What the operator says of the whole county, in the inventory.
    settings: dict[str, Any] = field(default_factory=lambda: dict(COUNTY_SETTINGS))
    #: What later steps need of earlier ones: case ids, codes.
    known: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.versions = Versions(self.folder, self.codename)
        self.desk = Desk(self.lab, self.folder / "desk", self.versions.source)

    @classmethod
    def short(cls, lab: Lab, folder: Path, codename: str = "bookworm") -> Stage:
        """For the short form: a town's and a village's machine are what the roles tell apart, and no core is asked."""
        return cls(lab, folder, sites=SITES[:2], codename=codename, with_core=False)

    @property
    def core(self) -> Host:
        return self.lab.hosts["core"]

    @property
    def nodes(self) -> list[Host]:
        return [self.host(site) for site in self.sites]

    def host(self, site: Site) -> Host:
        return self.lab.hosts[site.host]

    def name(self, site: Site) -> str:
        """What the inventory calls the machine: by its place, where the registry names it."""
        return site.service_point if self.with_core else site.host

    def wanted(self, name: str) -> dict[str, Any]:
        """What a play is given to bring hosts to this version."""
        return {
            "yizhan_version": self.versions.versions[name], "yizhan_bundle": str(self.versions.archives[name]),
        }  # fmt: skip

    # --- plays

    def desk_make(self) -> None:
        """The operator can reach what is known from its carton on: the core, or the nodes where there is none."""
        self.desk.make(*(["core"] if self.with_core else [site.host for site in self.sites]))
        written: dict[str, Any] = {"all": {"vars": self.settings}}
        if self.with_core:
            written["core"] = {"hosts": {"core": {"ansible_user": "root"}}}
        else:
            written["edge"] = {"hosts": {site.host: {
                "ansible_user": "root", "yizhan_service_point": site.service_point, "yizhan_level": site.level,
                "yizhan_ring": site.ring,
            } for site in self.sites}}  # fmt: skip
        self.desk.inventory_write(written, asked=self.with_core)

    def play(
        self, book: str, *hosts: str, check: bool = False, tags: str = "all", **variables: Any
    ) -> dict[str, Outcome]:
        """What the playbook, or its roles of these tags, did on each host of the inventory. It may fail on hosts."""
        said = self.desk.ansible(
            self.program("ansible-playbook"), "--inventory", str(self.desk.inventory), "--limit", ",".join(hosts),
            "--extra-vars", json.dumps(variables), "--tags", tags, *(["--check", "--diff"] if check else []), book,
        )  # fmt: skip
        found = {host: _outcome(counts) for host, counts in _RECAP.findall(said)}
        if not found:
            raise StepFailed(f"{book} did not run:\n{said[-3000:]}")
        return found

    def play_well(
        self, book: str, *hosts: str, check: bool = False, tags: str = "all", **variables: Any
    ) -> dict[str, Outcome]:
        """As `play`. Raises StepFailed with the failing task's words unless it went well on every host."""
        found = self.play(book, *hosts, check=check, tags=tags, **variables)
        bad = sorted(host for host in hosts if host not in found or not found[host].good)
        if bad:
            raise StepFailed(f"{book} failed on {', '.join(bad)}:\n{self.last_failure()}")
        return found

    def program(self, name: str) -> str:
        """Ansible's program of that name beside this Python."""
        return str(Path(sys.executable).with_name(name))

    def last_failure(self) -> str:
        """What Ansible said of the task that failed last, with the task's name."""
        text = self.desk.log.read_text(encoding="utf-8")
        found = [one.start() for one in re.finditer(r"^(fatal|failed): ", text, re.MULTILINE)]
        if not found:
            return text[-3000:]
        task = text.rfind("\nTASK [", 0, found[-1])
        return text[task:][:3000]


def facts(said: str) -> dict[str, Any]:
    """The object in the last line of what a command said: warnings may stand before it."""
    found: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return found


def rollout_facts(host: Host) -> dict[str, Any]:
    """What the last run on a node says of itself."""
    found: dict[str, Any] = json.loads(host.enter("cat", "/var/lib/yizhan/rollout/facts.json"))
    return found


def running_version(host: Host) -> str:
    """The version a node's `current` leads to."""
    return os.path.basename(host.enter("readlink", "/opt/yizhan/current").strip())


def _outcome(counts: str) -> Outcome:
    found = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", counts)}
    return Outcome(found["changed"], found["failed"], found["unreachable"], found["rescued"])
