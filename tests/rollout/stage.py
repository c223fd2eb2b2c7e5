"""What every step works with: the hosts, the bundles made for them, and Ansible run as an operator runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.lab import Host, Lab
from tests.lab.shell import environment

from .versions import Versions

PLAY_SECONDS: Final = 1800
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
    """Where a node of the test stands: its host's name, the service point, its level."""

    host: str
    service_point: str
    level: str


SITES: Final = (
    Site("n1", "430321100000-01", "town"),
    Site("n2", "430321100204-01", "village"),
    Site("n3", "430321100206-01", "village"),
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
    """`folder` is the test's own; `versions` are what is taken to the hosts."""

    lab: Lab
    folder: Path
    sites: tuple[Site, ...] = SITES
    with_core: bool = True
    codename: str = "bookworm"
    versions: Versions = field(init=False)
    #: What the operator says of the whole county, in the inventory.
    settings: dict[str, Any] = field(default_factory=lambda: dict(COUNTY_SETTINGS))
    #: What later steps need of earlier ones: case ids, codes.
    known: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.versions = Versions(self.folder, self.codename)

    @classmethod
    def short(cls, lab: Lab, folder: Path, codename: str = "bookworm") -> Stage:
        """For the short form: a town's and a village's machine are what the roles tell apart, and no core is asked."""
        return cls(lab, folder, sites=SITES[:2], codename=codename, with_core=False)

    @property
    def ansible(self) -> Path:
        return self.versions.source / "ansible"

    def wanted(self, name: str) -> dict[str, Any]:
        """What a play is given to bring hosts to this version."""
        return {
            "yizhan_version": self.versions.versions[name], "yizhan_bundle": str(self.versions.archives[name]),
        }  # fmt: skip

    @property
    def core(self) -> Host:
        return self.lab.hosts["core"]

    @property
    def nodes(self) -> list[Host]:
        return [self.lab.hosts[site.host] for site in self.sites]

    # --- Ansible

    def inventory(self) -> Path:
        """The hosts as the registry's inventory would name them: groups core, edge, ring_0 and ring_1."""
        every = {
            "ansible_ssh_common_args": f"-F {self.lab.ssh_config}", "ansible_user": "root",
            **self.settings,
        }  # fmt: skip
        hosts = {site.host: self._host_variables(site) for site in self.sites}
        groups: dict[str, Any] = {"core": {"hosts": {"core": {}}}, "edge": {"hosts": hosts}}
        for site in self.sites:
            groups.setdefault(f"ring_{self._ring(site)}", {"hosts": {}})["hosts"][site.host] = {}
        whole = {"all": {"vars": every, "children": groups}}
        # JSON is YAML, and the inventory plugin for YAML reads it under this name.
        path = self.folder / "inventory.yml"
        path.write_text(json.dumps(whole, indent=1), encoding="utf-8")
        return path

    def _ring(self, site: Site) -> int:
        return int(site is not self.sites[0])

    def _host_variables(self, site: Site) -> dict[str, Any]:
        return {
            "yizhan_tenant": site.service_point.partition("-")[0], "yizhan_level": site.level,
            "yizhan_service_point": site.service_point, "yizhan_ring": self._ring(site),
        }  # fmt: skip

    def play(self, book: str, *hosts: str, check: bool = False, **variables: Any) -> dict[str, Outcome]:
        """What the playbook did on each host. Its output is appended to ansible.log; it may fail on hosts."""
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"), "--inventory", str(self.inventory()),
            "--limit", ",".join(hosts), "--extra-vars", json.dumps(variables), str(self.ansible / book),
            *(["--check", "--diff"] if check else []),
        ]  # fmt: skip
        env = environment() | {"ANSIBLE_CONFIG": str(self.ansible / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1",
                               "ANSIBLE_HOME": str(self.folder / "ansible"), "LC_ALL": "C.UTF-8"}  # fmt: skip
        with self.log().open("a", encoding="utf-8") as log:
            log.write(f"\n$ {' '.join(command)}\n")
            log.flush()
            before = log.tell()
            subprocess.run(
                self.lab.inside(*command), cwd=self.ansible, env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, check=False, timeout=PLAY_SECONDS,
            )  # fmt: skip
        said = self.log().read_bytes()[before:].decode("utf-8", "replace")
        found = {host: _outcome(counts) for host, counts in _RECAP.findall(said)}
        if not found:
            raise StepFailed(f"{book} did not run:\n{said[-3000:]}")
        return found

    def play_well(self, book: str, *hosts: str, check: bool = False, **variables: Any) -> dict[str, Outcome]:
        """As `play`. Raises StepFailed with the failing task's words unless it went well on every host."""
        found = self.play(book, *hosts, check=check, **variables)
        bad = sorted(host for host in hosts if host not in found or not found[host].good)
        if bad:
            raise StepFailed(f"{book} failed on {', '.join(bad)}:\n{self.last_failure()}")
        return found

    def last_failure(self) -> str:
        """What Ansible said of the task that failed last, with the task's name."""
        text = self.log().read_text(encoding="utf-8")
        found = [one.start() for one in re.finditer(r"^(fatal|failed): ", text, re.MULTILINE)]
        if not found:
            return text[-3000:]
        task = text.rfind("\nTASK [", 0, found[-1])
        return text[task:][:3000]

    def log(self) -> Path:
        return self.folder / "ansible.log"


def facts(host: Host) -> dict[str, Any]:
    """What the last run on a node says of itself."""
    found: dict[str, Any] = json.loads(host.read("/var/lib/yizhan/rollout/facts.json"))
    return found


def running_version(host: Host) -> str:
    """The version a node's `current` leads to."""
    return os.path.basename(host.run("readlink", "/opt/yizhan/current").strip())


def _outcome(counts: str) -> Outcome:
    found = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", counts)}
    return Outcome(found["changed"], found["failed"], found["unreachable"], found["rescued"])
