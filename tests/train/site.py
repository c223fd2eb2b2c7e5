"""A fleet for the train: real Ansible on this machine, each host a folder, and a program that answers for the core.

A host runs what is in <folder>/<host>/current and says of it what is in facts.json. How it behaves is written into the
inventory: `breaks` refuses the new version and puts the old one back, `sick` runs it and tells the county so, `mute`
does not report, `vanishes` cannot be reached any more once the play has begun, `slow` takes until the file `go` is
there, `cuts` takes the core away with it.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
OLD, NEW = "1.0", "2.0"

ASK: Final = """
- name: Machines say what they run
  hosts: edge
  gather_facts: false
  tasks:
    - name: Ask for the version in use and the last exchange
      ansible.builtin.shell:
        cmd: test ! -e {{ home }}/gone && cat {{ home }}/current && echo && cat {{ home }}/facts.json
      register: ask_said
      check_mode: false
    - name: Tell the driver
      ansible.builtin.set_stats:
        per_host: true
        data:
          current: "{{ ask_said.stdout_lines[0] }}"
          facts: "{{ ask_said.stdout_lines[1:] | join('') }}"
"""
EDGE: Final = """
- name: Nodes run this version
  hosts: edge
  gather_facts: false
  tasks:
    - name: Take it
      ansible.builtin.command:
        cmd: "{{ site }}/node take {{ inventory_hostname }} {{ yizhan_version }} {{ behaves | default('well') }}"
    - name: Be somewhere else
      ansible.builtin.set_fact:
        ansible_connection: ssh
        ansible_host: 127.0.0.1
        ansible_port: 1
      when: behaves | default('well') == 'vanishes'
    - name: Confirm
      ansible.builtin.command:
        cmd: "true"
"""
ROLLBACK: Final = """
- name: Nodes run the version before
  hosts: edge
  gather_facts: false
  tasks:
    - name: Put the former version back
      ansible.builtin.command:
        cmd: "{{ site }}/node back {{ inventory_hostname }} {{ rollback_from }}"
"""

#: What a machine does; the county hears of it as a status.
NODE: Final = """#!{python}
import json, sys, time, pathlib
from datetime import datetime, timedelta, UTC
site = pathlib.Path("{site}")
def put(path, text):
    path.with_suffix(".partial").write_text(text)
    path.with_suffix(".partial").replace(path)
def facts(home, outcome, reason=""):
    at = datetime.now(UTC).isoformat(timespec="seconds")
    said = dict(version=(home / "current").read_text(), outcome=outcome, reason=reason, ended_at=at)
    put(home / "facts.json", json.dumps(said))
def report(home, **more):
    if not (home / "report.json").exists():
        return
    seen = json.loads((home / "report.json").read_text())
    at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    new = dict(made_at=at, last_contact=at, version=(home / "current").read_text())
    put(home / "report.json", json.dumps(seen | new | more))
what, host, version, *how = sys.argv[1:]
home = site / host
with (site / "acts").open("a") as acts:
    acts.write(f"{{what}} {{host}}\\n")
if what == "back":
    (home / "current").write_text((home / "former").read_text())
    facts(home, "rolled_back", "the train was stopped")
    report(home)
elif how == ["breaks"]:
    facts(home, "rolled_back", "web: does not start")
    sys.exit("2.0 was not taken")
elif (home / "current").read_text() == version:
    facts(home, "unchanged")
    report(home)
else:
    (home / "former").write_text((home / "current").read_text())
    (home / "current").write_text(version)
    facts(home, "done")
    if how == ["vanishes"]:
        (home / "gone").touch()
    if how == ["slow"]:
        while not (site / "go").exists():
            time.sleep(0.05)
    if how == ["cuts"]:
        (site / "core_is_away").touch()
    if how != ["mute"]:
        report(home, health=4 if how == ["sick"] else 0)
"""
#: What answers for the core: the statuses, and what is laid out for machines that pull.
CORE: Final = """#!{python}
import json, sys, pathlib
from datetime import datetime, UTC
site = pathlib.Path("{site}")
if (site / "core_is_away").exists():
    sys.exit("no route to the core")
with (site / "asked").open("a") as asked:
    asked.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "fleet":
    nodes = [json.loads(path.read_text()) for path in sorted(site.glob("*/report.json"))]
    print(json.dumps(dict(at=datetime.now(UTC).isoformat(), nodes=nodes)))
"""


@dataclass
class Site:
    """`hosts[name]` are the variables of a host in the inventory."""

    folder: Path
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def make(self) -> None:
        plays = self.folder / "plays"
        plays.mkdir(parents=True)
        for name, text in (("ask", ASK), ("edge", EDGE), ("rollback", ROLLBACK)):
            (plays / f"{name}.yml").write_text(text, encoding="utf-8")
        for name, text in (("node", NODE), ("bin/yizhan-core", CORE)):
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text.format(python=sys.executable, site=self.folder), encoding="utf-8")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.bundle(NEW).touch()

    def bundle(self, version: str) -> Path:
        return self.folder / f"yizhan-{version}-bookworm-amd64.tar.zst"

    def host(self, name: str, *, ring: int = 2, behaves: str = "well", pull: bool = False, known: bool = True,
             **report: Any) -> None:  # fmt: skip
        home = self.folder / name
        home.mkdir()
        (home / "current").write_text(OLD)
        (home / "facts.json").write_text("{}")
        if known:
            long_ago = "2026-11-20T09:00:00+00:00"
            seen = {"node": name, "version": OLD, "made_at": long_ago, "last_contact": self._now()} | report
            (home / "report.json").write_text(json.dumps(seen))
        self.hosts[name] = {"yizhan_ring": ring, "behaves": behaves, "home": str(home), "yizhan_pull": pull,
                            "yizhan_service_point": name}  # fmt: skip

    def offline(self, name: str) -> None:
        """Nobody listens there."""
        self.hosts[name] |= {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}

    def online(self, name: str) -> None:
        for variable in ("ansible_connection", "ansible_host", "ansible_port"):
            self.hosts[name].pop(variable, None)
        (self.folder / name / "gone").unlink(missing_ok=True)

    def _now(self) -> str:
        from datetime import UTC, datetime

        return datetime.now(UTC).isoformat()

    def inventory(self) -> Path:
        pulling: dict[str, Any] = {name: {} for name, one in self.hosts.items() if one["yizhan_pull"]}
        whole = {"all": {
            "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable,
                     "site": str(self.folder)},
            "children": {"edge": {"hosts": self.hosts}, "pull": {"hosts": pulling}},
        }}  # fmt: skip
        path = self.folder / "inventory.yml"
        path.write_text(json.dumps(whole), encoding="utf-8")
        return path

    # --- the operator

    def command(self, *more: str, version: str = NEW) -> list[str]:
        given = () if "--resume" in more else ("--bundle", str(self.bundle(version)))
        return [
            sys.executable, str(ROOT / "manage.py"), "rollout", version, *given, "--inventory", str(self.inventory()),
            "--plays", str(self.folder / "plays"), "--state", str(self.folder / "trains"), "--json", *more,
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """No database is there to be asked; Ansible's own notes stay in the folder."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
        return kept | {
            "PATH": f"{self.folder / 'bin'}:{kept['PATH']}", "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(self.folder / "ansible"), "YIZHAN_VAR": str(self.folder / "var"),
            "YIZHAN_SECRET_KEY": "only-for-tests", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        }  # fmt: skip

    def rollout(self, *more: str, version: str = NEW) -> tuple[int, dict[str, Any]]:
        """Exit code and what it says."""
        if "--soak" not in more:
            more = (*more, "--soak", "30")
        done = subprocess.run(
            self.command(*more, version=version), env=self.environment(), capture_output=True, text=True, check=False
        )
        assert done.stdout, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, said

    # --- what became of it

    def runs(self, name: str) -> str:
        return (self.folder / name / "current").read_text()

    def all_run(self) -> dict[str, str]:
        return {name: self.runs(name) for name in sorted(self.hosts)}

    def acts(self) -> list[str]:
        path = self.folder / "acts"
        return path.read_text().splitlines() if path.exists() else []

    def published(self) -> list[str]:
        path = self.folder / "asked"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith("rollout_publish")]


def obstacle() -> str:
    """Why no train can be run here; "" where one can."""
    if not Path(sys.executable).with_name("ansible-playbook").exists():
        return "the extra ops (ansible-core) is not installed"
    return "" if shutil.which("ssh") else "no ssh here"
