"""Exchange the version a node runs, and put the former one back when nobody confirms the new one.

    yizhan-switch needed --to V      exit 0 when V, as it is staged, is in use already; 5 when it is not
    yizhan-switch begin --to V       backup, what runs now remembered, the dead man's timer armed
    yizhan-switch go                 units and link of V, its services started (they migrate first)
    yizhan-switch gate               self-test until it is no worse than before; exit 1 when it stays so
    yizhan-switch confirm            V stays: timer stopped, facts written, what is older cleared away
    yizhan-rollback                  undo: services stopped, migrations undone by V's own code, the former one started

A switch that was begun and not confirmed is undone by whoever comes first: the caller, the timer, or the next boot.
Every step may be cut short by a power failure and be done again. Exit codes: 0 done, 1 failed, 3 nothing to do it
with, 4 it has been undone meanwhile.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from yizhan_carry import applied, backup_make, triggers
from yizhan_node import SERVICES, Node, call, file_copy, json_read, json_write, link_set, now
from yizhan_undo import undo

DEADMAN: Final = "yizhan-deadman"
#: Free beyond the backup itself.
SPARE_BYTES: Final = 200 * 1024 * 1024
GATE_PAUSE_SECONDS: Final = 3.0
KEPT_BACKUPS: Final = 2
#: Whatever failed before the switch: without these nobody can work, so a version without them never stays.
NEVER_FAILING: Final = frozenset({"database", "web", "selftest"})


class Refused(Exception):
    """The switch was not begun; nothing was changed."""


def staged(node: Node, version: str) -> list[tuple[Path, Path, int]]:
    """(file of the version, where it belongs, mode) of its units and settings."""
    folder = node.releases / version / "units"
    units = [(one, node.units / one.name, 0o644) for one in sorted(folder.glob("yizhan-*.service"))]
    return [*units, (folder / "node.env", node.settings, 0o640)]


def needed(node: Node, version: str) -> bool:
    """Whether something of this version, as it is staged, is not in use."""
    if node.version() != version or (node.rollout / "pending.json").exists():
        return True
    return any(not to.exists() or to.read_bytes() != source.read_bytes() for source, to, _ in staged(node, version))


def selftest(node: Node, version: str) -> dict[str, Any]:
    """What the version's own self-test says is failing, by check; {"selftest": reason} where it cannot run."""
    try:
        done = node.manage(version, "status", "--check", "--json")
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"selftest": str(error)}
    lines = done.stdout.strip().splitlines()
    try:
        found = json.loads(lines[-1])["failing"] if lines else None
    except (ValueError, LookupError, TypeError):
        found = None
    return found if isinstance(found, dict) else {"selftest": (done.stderr or done.stdout).strip()[-500:]}


def begin(node: Node, version: str, *, deadman_seconds: int, trigger: str) -> None:
    """The node can be put back to what it is now, and will be unless somebody confirms. Raises Refused."""
    if not (node.releases / version / "manifest.json").exists():
        raise Refused(f"{version} is not installed whole")
    if (node.rollout / "pending.json").exists():
        undo(node, reason="the switch before was not confirmed")
    started, clock = now(), time.monotonic()
    former = node.version()
    record: dict[str, Any] = {
        "from": former, "to": version, "started_at": started, "trigger": trigger, "phase": "begun", "steps": [],
        "failing": selftest(node, former) if former else {}, "backup": "", "migrations": [], "triggers": {},
        "before": f"before-{datetime.now(UTC):%Y%m%dT%H%M%S}",
    }  # fmt: skip
    if former and node.database.exists():
        record["backup"] = str(_backup(node, former))
        record["migrations"] = applied(node.database)
        record["triggers"] = triggers(node.database)
    _before_save(node, node.rollout / record["before"])
    step(record, "backup", clock)
    json_write(node.rollout / "pending.json", record)
    deadman_arm(deadman_seconds)


def _backup(node: Node, former: str) -> Path:
    folder = node.rollout / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    wanted, free = node.database.stat().st_size + SPARE_BYTES, shutil.disk_usage(folder).free
    if free < wanted:
        raise Refused(f"{free // 1_000_000} MB free, the backup needs {wanted // 1_000_000} MB")
    backup = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{former}.sqlite3"
    backup_make(node.database, backup)
    return backup


def _before_save(node: Node, folder: Path) -> None:
    """Units and settings as they are now lie in the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for path in [*sorted(node.units.glob("yizhan-*.service")), node.settings]:
        if path.is_file():
            shutil.copy2(path, folder / path.name)


def deadman_arm(seconds: int) -> None:
    """After so many seconds the node puts itself back, whether anybody can reach it or not."""
    deadman_stop()
    call([
        "systemd-run", "--quiet", "--collect", f"--unit={DEADMAN}", f"--on-active={seconds}",
        "--timer-property=AccuracySec=1s", "/usr/local/sbin/yizhan-rollback", "--reason",
        f"nobody confirmed the new version within {seconds} s",
    ])  # fmt: skip


def deadman_stop() -> None:
    call(["systemctl", "--quiet", "stop", f"{DEADMAN}.timer"], check=False, quiet=True)
    call(["systemctl", "--quiet", "reset-failed", f"{DEADMAN}.service", f"{DEADMAN}.timer"], check=False, quiet=True)


def go(node: Node) -> None:
    """The new version's services run: they said that they are ready. Raises CalledProcessError, Refused."""
    record = pending(node)
    clock = time.monotonic()
    node.systemctl("stop", *reversed(SERVICES), check=False)
    record["phase"] = "switched"
    json_write(node.rollout / "pending.json", record)
    for source, target, mode in staged(node, record["to"]):
        file_copy(source, target, mode=mode)
    if record["from"] != record["to"]:
        node.previous.write_text(record["from"] + "\n", encoding="utf-8")
    link_set(node.current, node.releases / record["to"])
    node.systemctl("daemon-reload")
    node.systemctl("reset-failed", *SERVICES, check=False)
    node.systemctl("--quiet", "enable", *SERVICES)
    step(record, "switch", clock)
    clock = time.monotonic()
    # By themselves, so that what took long is seen.
    node.systemctl("start", "yizhan-migrate.service")
    step(record, "migrate", clock)
    clock = time.monotonic()
    node.systemctl("start", "yizhan-sync.service", "yizhan-web.service")
    # It starts anew until the machine is enrolled; its own readiness is the gate's question.
    node.systemctl("start", "--no-block", "yizhan-agent.service")
    step(record, "start", clock)
    json_write(node.rollout / "pending.json", record)


def gate(node: Node, seconds: float) -> dict[str, Any]:
    """What fails now and may not; {} when the new version passes twice. It has `seconds` to do so."""
    record = pending(node)
    clock = time.monotonic()
    allowed = set(record["failing"]) - NEVER_FAILING if record["from"] else {"enrolled", "catalogue"}
    passed = 0
    while True:
        found = selftest(node, record["to"])
        wrong = {name: text for name, text in found.items() if name not in allowed}
        running = [one for one in SERVICES if one != "yizhan-agent.service" or "enrolled" not in found]
        if not node.systemctl("is-active", "--quiet", *running, check=False):
            wrong["services"] = "not all are active"
        passed = 0 if wrong else passed + 1
        if passed == 2 or time.monotonic() - clock > seconds:
            step(record, "self-test", clock)
            json_write(node.rollout / "pending.json", record)
            return wrong
        # A service that dies again and again is active in between; nothing tells when the last one is well.
        time.sleep(GATE_PAUSE_SECONDS)


def confirm(node: Node) -> None:
    """The new version stays. Raises Refused where it has been undone meanwhile."""
    record = pending(node)
    if record["phase"] != "switched":
        raise Refused(f"the switch is {record['phase']}")
    deadman_stop()
    if record["from"] != record["to"]:
        # Of new settings alone nobody asks for the former version by a rollback.
        json_write(node.rollout / "last.json", record | {"confirmed_at": now()})
    facts_write(node, record, "done", "")
    (node.rollout / "pending.json").unlink()
    _clear_away(node)


def facts_write(node: Node, record: dict[str, Any], outcome: str, reason: str) -> None:
    json_write(node.rollout / "facts.json", {
        "version": node.version(), "previous": record["from"], "wanted": record["to"], "outcome": outcome,
        "reason": reason, "trigger": record["trigger"], "started_at": record["started_at"], "ended_at": now(),
        "steps": record["steps"],
    })  # fmt: skip


def said(node: Node, outcome: str, *, to: str, trigger: str, reason: str) -> None:
    """facts.json says of a run that exchanged nothing why it did not. The lock is held."""
    record = {"from": node.version(), "to": to, "trigger": trigger, "started_at": now(), "steps": []}
    facts_write(node, record, outcome, reason)


def _clear_away(node: Node) -> None:
    """Left are this version and the one before, with what undoing the last switch needs."""
    last = json_read(node.rollout / "last.json")
    kept = {node.version(), str(last.get("from", ""))}
    for release in node.releases.iterdir():
        if release.name not in kept:
            shutil.rmtree(release)
    for before in node.rollout.glob("before-*"):
        if before.name != last.get("before"):
            shutil.rmtree(before)
    # Bundles whose run was cut short; the switch has what it needs of its own.
    for unpacked in node.rollout.glob("yizhan-*"):
        shutil.rmtree(unpacked) if unpacked.is_dir() else unpacked.unlink()
    for backup in sorted((node.rollout / "backups").glob("*.sqlite3"))[:-KEPT_BACKUPS]:
        backup.unlink()
    # What a rollback set aside was wanted until a later version proved itself.
    for leftover in node.data.glob("node.sqlite3.undone-*"):
        leftover.unlink()


def pending(node: Node) -> dict[str, Any]:
    record = json_read(node.rollout / "pending.json")
    if not record:
        raise Refused("no switch is under way")
    return record


def step(record: dict[str, Any], name: str, since: float) -> None:
    record["steps"].append({"name": name, "seconds": round(time.monotonic() - since, 1)})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="yizhan-switch"
    )
    parser.add_argument("what", choices=("needed", "begin", "go", "gate", "confirm", "unchanged", "refused"))
    parser.add_argument("--to", default="", metavar="VERSION")
    parser.add_argument("--trigger", default="push", choices=("push", "pull"))
    parser.add_argument("--deadman", type=int, default=900, metavar="SECONDS")
    parser.add_argument("--for", type=float, default=180, metavar="SECONDS", dest="seconds")
    parser.add_argument("--reason", default="")
    return parser.parse_args()


def run(node: Node, asked: argparse.Namespace) -> int:
    if asked.what == "needed":
        return 5 if needed(node, asked.to) else 0
    if asked.what == "gate":
        # Not locked: the timer may undo what is being looked at.
        wrong = gate(node, asked.seconds)
        print(json.dumps(wrong, ensure_ascii=False))
        return 1 if wrong else 0
    with node.locked():
        if asked.what == "begin":
            begin(node, asked.to, deadman_seconds=asked.deadman, trigger=asked.trigger)
        elif asked.what == "go":
            go(node)
        elif asked.what == "confirm":
            confirm(node)
        else:
            said(node, asked.what, to=asked.to, trigger=asked.trigger, reason=asked.reason)
    return 0


def main() -> int:
    asked = arguments()
    try:
        return run(Node(), asked)
    except Refused as error:
        print(error, file=sys.stderr)
        return 4 if asked.what in {"go", "gate", "confirm"} else 3
    except subprocess.CalledProcessError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
