"""Put the version back that ran before: its program, its units and settings, and tables it can read.

The database is kept and its later migrations are undone by the later version's own code, so nothing written since the
switch is lost and no position of a published stream is used twice. Only where that fails is the backup taken, with
everything carried over that may not be lost (yizhan_carry.py). See docs/adr/0015.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from yizhan_carry import CarryFailed, applied, carry, triggers_restore
from yizhan_node import SERVICES, Node, call, file_copy, json_read, json_write, link_set, now

DEADMAN: Final = "yizhan-deadman"


def undo(node: Node, *, reason: str, at_boot: bool = False) -> str:
    """The former version runs again; returns what could not be put right, "" if all could. The lock is held.

    At boot the services are not started here: this runs before them.
    """
    record = json_read(node.rollout / "pending.json")
    if not record:
        return ""
    clock = time.monotonic()
    trouble = []
    if record["phase"] != "begun":
        if not at_boot:
            node.systemctl("stop", *reversed(SERVICES), check=False)
        trouble.append(database_undo(node, record))
        _files_undo(node, record)
        if not at_boot and record["from"]:
            # The agent is not waited for: where the machine is not enrolled yet it ends and is started again.
            started = node.systemctl("start", *SERVICES[:-1], check=False)
            node.systemctl("start", "--no-block", SERVICES[-1], check=False)
            trouble.append("" if started else "not every service of the former version started")
    record["steps"].append({"name": "rollback", "seconds": round(time.monotonic() - clock, 1)})
    said = "; ".join(filter(None, [reason, *trouble]))
    _facts_write(node, record, said)
    (node.rollout / "pending.json").replace(node.rollout / "undone.json")
    # Last: were it stopped first and the power cut then, nobody would go on.
    call(["systemctl", "--quiet", "stop", f"{DEADMAN}.timer"], check=False, quiet=True)
    return "; ".join(filter(None, trouble))


def database_undo(node: Node, record: dict[str, Any]) -> str:
    """The database has the former version's tables; returns what is wrong where it could not be brought there."""
    if not record["from"] or not node.database.exists():
        return ""
    kept = {(app, name) for app, name in record["migrations"]}
    if not set(applied(node.database)) - kept:
        triggers_restore(node.database, record["triggers"])
        return ""
    try:
        done = node.manage(record["to"], "migrate_back", "--kept", str(_readable(node, record)))
        said = done.stderr.strip()[-300:]
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    if not set(applied(node.database)) - kept:
        triggers_restore(node.database, record["triggers"])
        return ""
    print(f"The later migrations cannot be undone: {said}", file=sys.stderr)
    return _backup_take(node, record)


def _readable(node: Node, record: dict[str, Any]) -> Path:
    """What was applied before, where the node's user may read it."""
    path = node.rollout / "kept.json"
    json_write(path, {"migrations": record["migrations"]})
    return path


def _backup_take(node: Node, record: dict[str, Any]) -> str:
    """The backup with everything since that may not be lost; cases are folded anew from their entries."""
    backup = Path(record["backup"])
    if not record["backup"] or not backup.exists():
        return "the later migrations cannot be undone and there is no backup"
    kept = node.database.with_name(f"{node.database.name}.undone-{backup.name.partition('-')[0]}")
    try:
        entries = carry(backup=backup, live=node.database, kept=kept)
    except (CarryFailed, OSError) as error:
        return f"the database is as the later version left it: {error}"
    print(f"The backup was taken, {entries} entries written since were carried over.", file=sys.stderr)
    done = node.manage(record["from"], "rebuild", "--write")
    return "" if done.returncode == 0 else f"cases could not be folded anew: {done.stderr.strip()[-300:]}"


def _files_undo(node: Node, record: dict[str, Any]) -> None:
    """Units, settings and link are those of before."""
    before = node.rollout / record["before"]
    for path in sorted(node.units.glob("yizhan-*.service")):
        if path.name in SERVICES and not (before / path.name).exists():
            path.unlink()
    for path in sorted(before.glob("yizhan-*.service")):
        file_copy(path, node.units / path.name, mode=0o644)
    if (before / "node.env").exists():
        file_copy(before / "node.env", node.settings, mode=0o640)
    if record["from"]:
        link_set(node.current, node.releases / record["from"])
    else:
        node.current.unlink(missing_ok=True)
    node.systemctl("daemon-reload")
    node.systemctl("reset-failed", *SERVICES, check=False)


def _facts_write(node: Node, record: dict[str, Any], reason: str) -> None:
    json_write(node.rollout / "facts.json", {
        "version": node.version(), "previous": record["from"], "wanted": record["to"], "outcome": "rolled_back",
        "reason": reason, "trigger": record["trigger"], "started_at": record["started_at"], "ended_at": now(),
        "steps": record["steps"],
    })  # fmt: skip


def last_reopen(node: Node) -> bool:
    """A confirmed switch is pending again, to be undone; whether there is one that can be."""
    record = json_read(node.rollout / "last.json")
    if not record or record["to"] != node.version() or not record["from"] or record["from"] == record["to"]:
        return False
    if not (node.releases / record["from"] / "manifest.json").exists():
        return False
    record["started_at"], record["steps"] = now(), []
    json_write(node.rollout / "pending.json", record)
    (node.rollout / "last.json").unlink()
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Put the version back that ran before.", prog="yizhan-rollback")
    parser.add_argument("--reason", default="the operator asked for it")
    parser.add_argument("--at-boot", action="store_true", help="before the services start; none is started here")
    parser.add_argument("--last", action="store_true", help="also a switch that was confirmed")
    asked = parser.parse_args()
    node = Node()
    with node.locked():
        if not (node.rollout / "pending.json").exists() and not (asked.last and last_reopen(node)):
            print("There is nothing to put back.", file=sys.stderr)
            return 3 if asked.last else 0
        trouble = undo(node, reason=asked.reason, at_boot=asked.at_boot)
    if trouble:
        print(trouble, file=sys.stderr)
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
