"""Ansible run as an operator runs it: one playbook on named hosts, and what became of each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

#: How often the running play's events are read: for the display only, its end is awaited.
LOOK_SECONDS: Final = 0.5
CALLBACK: Final = "yizhan_train"
#: Of a play that did not run: the end of what Ansible said.
TAIL_CHARACTERS: Final = 1500
#: Before it can no longer be reached, Ansible's own retries have passed.
STOP_SECONDS: Final = 60.0

Told = Callable[[str], None]


class AnsibleMissing(Exception):
    """ansible-core is not installed beside this Python (the extra "ops")."""


class PlayFailed(Exception):
    """Ansible did not come to running the play; the message is the end of what it said."""


@dataclass
class HostResult:
    """What one play did on one host. `reason` is its first failure, "" where there was none."""

    host: str
    ok: int = 0
    changed: int = 0
    failures: int = 0
    unreachable: int = 0
    rescued: int = 0
    reason: str = ""
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return not self.failures and not self.unreachable


@dataclass(frozen=True)
class Standing:
    """What a host runs ("" where it answers and runs nothing), and what it says of the last exchange (facts.json)."""

    current: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Ansible:
    """`folder` holds the playbooks, ansible.cfg and the callback's plugin; what Ansible says is appended to `log`."""

    folder: Path
    inventory: Path
    log: Path
    extra: tuple[str, ...] = ()
    #: Files kept open by the play too: a lock stays until it has ended, also where its driver was killed.
    holds: tuple[int, ...] = ()
    callbacks: Path = Path(__file__).resolve().parents[4] / "ansible/callback_plugins"

    def ask(self, hosts: Sequence[str], *, told: Told = lambda text: None) -> dict[str, Standing | None]:
        """What each host runs; None where it does not answer. Raises PlayFailed, AnsibleMissing."""
        found = self.play("ask.yml", hosts, {}, told=told)
        return {name: _standing(found.get(name)) for name in hosts}

    def play(
        self, book: str, hosts: Sequence[str], variables: Mapping[str, Any], *, check: bool = False,
        told: Told = lambda text: None,
    ) -> dict[str, HostResult]:  # fmt: skip
        """What became of each host; one of which the play does not speak is missing. Raises PlayFailed,
        AnsibleMissing."""
        command = [
            str(program("ansible-playbook")), "--inventory", str(self.inventory), "--limit", ",".join(hosts),
            "--extra-vars", json.dumps(dict(variables)), *self.extra, *(["--check", "--diff"] if check else []),
            str(self.folder / book),
        ]  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="yizhan-train-") as scratch, self.log.open("ab") as log:
            events = Path(scratch) / "events"
            events.touch()
            log.write(f"\n$ {' '.join(command)}\n".encode())
            log.flush()
            begins = log.tell()
            results, began = self._follow(command, events, log, told)
        if not began:
            raise PlayFailed(self.log.read_bytes()[begins:].decode("utf-8", "replace").strip()[-TAIL_CHARACTERS:])
        return results

    def _follow(self, command: list[str], events: Path, log: Any, told: Told) -> tuple[dict[str, HostResult], bool]:
        results: dict[str, HostResult] = {}
        reasons: dict[str, str] = {}
        began = False
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment(events), stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, pass_fds=self.holds,
        )  # fmt: skip
        try:
            for event in _events(process, events):
                began = True
                match event["event"]:
                    case "task":
                        told(event["name"])
                    case "failed" | "unreachable":
                        reasons.setdefault(event["host"], _reason(event))
                    case "end":
                        host = event["host"]
                        results[host] = _result(host, event, reasons.get(host, ""))
        finally:
            _end(process)
        return results, began

    def environment(self, events: Path | None = None) -> dict[str, str]:
        found = os.environ | {
            "ANSIBLE_CALLBACK_PLUGINS": str(self.callbacks), "ANSIBLE_CALLBACKS_ENABLED": CALLBACK,
            "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        if (self.folder / "ansible.cfg").is_file():
            found["ANSIBLE_CONFIG"] = str(self.folder / "ansible.cfg")
        if events:
            found["YIZHAN_TRAIN_EVENTS"] = str(events)
        return found


def program(name: str) -> Path:
    """Ansible's program of that name beside this Python. Raises AnsibleMissing."""
    found = Path(sys.executable).with_name(name)
    if not found.exists():
        raise AnsibleMissing(name)
    return found


def _events(process: subprocess.Popen[bytes], path: Path) -> Iterator[dict[str, Any]]:
    """Every event until the play has ended."""
    with path.open(encoding="utf-8") as file:
        rest = ""
        while True:
            ended = _has_ended(process)
            rest += file.read()
            *lines, rest = rest.split("\n")
            for line in lines:
                yield json.loads(line)
            if ended:
                return


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """The play has ended, also where the operator broke off: a node whose switch is under way undoes it itself."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _reason(event: dict[str, Any]) -> str:
    return ": ".join(filter(None, [event.get("task", ""), event["message"]]))


def _result(host: str, event: dict[str, Any], reason: str) -> HostResult:
    counts = event["counts"]
    return HostResult(
        host=host, ok=counts["ok"], changed=counts["changed"], failures=counts["failures"],
        unreachable=counts["unreachable"], rescued=counts["rescued"], reason=reason, said=event["said"],
    )  # fmt: skip


def _standing(result: HostResult | None) -> Standing | None:
    if result is None or not result.good:
        return None
    facts: Any = result.said.get("facts", {})
    # Ansible before 2.19 makes an object of what looks like one.
    if isinstance(facts, str):
        try:
            facts = json.loads(facts)
        except ValueError:
            facts = {}
    return Standing(str(result.said.get("current", "")), facts if isinstance(facts, dict) else {})
