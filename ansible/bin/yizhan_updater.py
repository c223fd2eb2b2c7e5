"""Take the version the county has ordered by oneself: for nodes nobody can reach. Run at the maintenance hour, by root.

The county's signed order says which version, by the hash of its bundle, and whose turn it is (core/exchange/orders.py).
Without one nothing is done and nothing fetched; an order that is forged or older than one seen before is refused, and
facts.json says so once. What is ordered is taken where Syncthing or the courier put it, if it is newer than what runs,
and never while a case is open on a screen here. Then the node applies the bundle's own play to itself; that play undoes
what does not work (yizhan_switch.py). A bundle that failed is tried again only when the county says so.

Exit codes: 0 done, or nothing to do; 1 it failed, facts.json says how; 2 not now.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from yizhan_bundle import machine
from yizhan_node import Node, json_read, json_write, now
from yizhan_switch import said

SETTINGS: Final = "etc/yizhan/updater.json"
#: An open page shows itself each 15 s; a browser that was asleep for a moment is not one that was closed.
SCREEN_SECONDS: Final = 120.0
PLAY_SECONDS: Final = 3600.0


class NotNow(Exception):
    """There is something to do, and this is not the moment."""


@dataclass
class Updater:
    node: Node

    @property
    def settings(self) -> dict[str, Any]:
        """`budget_mb` a month (0: no limit), `minutes` a fetch may take, `vars` for the play."""
        return json_read(self.node.root / SETTINGS)

    def run(self) -> int:
        """The version the county has ordered is in use, as far as it is this node's turn. Raises NotNow."""
        version = self.node.version()
        if not version or (self.node.rollout / "pending.json").exists():
            return 0
        order = self._ordered(version)
        if order is None or not self._wanted(order):
            return 0
        if not self._unseen(order, say=False):
            self._fetch(version, self._wanted(order)[0]["name"])
            # Meanwhile the county may have taken it back.
            order = self._ordered(version)
        if order is None:
            return 0
        for archive in self._unseen(order):
            self._screen_require_free()
            found = self._opened(archive, order)
            if found is not None:
                return self._apply(archive, order, found)
        return 0

    # --- the county's order

    def _ordered(self, version: str) -> dict[str, Any] | None:
        """The order, where this node is to take a version now that is newer than what runs; else None."""
        said = self._order_read(version)
        order: dict[str, Any] = said.get("order") or {}
        if order:
            # Root's own: an order once seen is not forgotten because somebody brings an older one.
            json_write(self.node.rollout / "order.json", order | {"ring": said["ring"], "seen_at": now()})
        for place, reason in (said.get("refused") or {}).items():
            self._refuse_once(f"{place}: {reason}", reason)
        if said.get("outcome") != "take":
            reason = str(said.get("reason", ""))
            if said.get("outcome") == "refused" and not said.get("refused"):
                self._refuse_once(reason, reason)
            print(reason)
            return None
        running = json_read(self.node.releases / version / "manifest.json")
        if str(order["version_made_at"]) <= str(running.get("made_at", "")):
            print(f"{order['version']} is not newer than {version}")
            return None
        return order

    def _order_read(self, version: str) -> dict[str, Any]:
        known = int(json_read(self.node.rollout / "order.json").get("serial", 0))
        # As root: what it reads of the node's folders it proves with the key that root has pinned.
        done = self.node.manage_as_root(
            version, "rollout_order", "--known", str(known), "--also", str(self.node.rollout / "in")
        )
        if done.returncode != 0:
            return {"outcome": "none", "reason": done.stderr.strip()[-300:]}
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found

    def _refuse_once(self, key: str, reason: str) -> None:
        """facts.json says it, once: it lies there for weeks, and what came of the last version is worth more."""
        stamp = hashlib.sha256(key.encode()).hexdigest()[:16]
        if stamp in json_read(self.node.rollout / "tried.json"):
            return
        self._note(stamp, reason)
        self.say("refused", self.node.version(), reason)

    def _fetch(self, version: str, name: str) -> None:
        """What the county offers is here, as far as this month's data allows; else what is here already counts."""
        limits = self.settings
        done = self.node.manage(
            version, "rollout_fetch", "--name", name, "--budget-mb", str(limits.get("budget_mb", 0)),
            "--minutes", str(limits.get("minutes", 60)),
        )  # fmt: skip
        print((done.stdout + done.stderr).strip()[-500:])

    def _wanted(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        """The bundles the order names for machines like this one, without those that were tried."""
        codename, arch = machine()
        tried = json_read(self.node.rollout / "tried.json")
        named = [one for one in order["bundles"] if one["name"].endswith(f"-{codename}-{arch}.tar.zst")]
        return [one for one in named if _stamp(one, order) not in tried]

    def _unseen(self, order: dict[str, Any], *, say: bool = True) -> list[Path]:
        """The archives the order names for machines like this one, byte for byte, that were not tried yet."""
        places = [*self.node.data.glob("folders/rollout*"), self.node.rollout / "in",
                  *self.node.data.glob("inbox/rollout*")]  # fmt: skip
        found = []
        for one in self._wanted(order):
            for path in (place / one["name"] for place in places):
                if not path.is_file() or path.is_symlink():
                    continue
                if path.stat().st_size == one["size"] and _sha256(path) == one["sha256"]:
                    found.append(path)
                    break
                if say:
                    reason = f"{one['name']} is not what the county ordered"
                    self._refuse_once(f"{path} {path.stat().st_mtime_ns}", reason)
        return found

    def _opened(self, archive: Path, order: dict[str, Any]) -> dict[str, Any] | None:
        """The unpacked bundle, if the county signed it and it is the version ordered; else it counts as tried."""
        current = self.node.version()
        shutil.rmtree(self.node.rollout / "pull", ignore_errors=True)
        (self.node.rollout / "pull").mkdir(mode=0o755, parents=True)
        # As root, and into a folder of root's: between proof and use nobody else can write there.
        done = self.node.manage_as_root(current, "bundle_open", str(archive), "--into", str(self.node.rollout / "pull"))
        if done.returncode != 0:
            if done.returncode == 1:
                self._tried(order, archive, f"not taken: {done.stderr.strip()[-300:]}")
                self.say("refused", str(order["version"]), done.stderr.strip()[-300:])
            return None
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        if (found["version"], found["made_at"]) != (order["version"], order["version_made_at"]):
            self._tried(order, archive, f"it holds {found['version']}, {order['version']} is ordered")
            self.say("refused", str(order["version"]), f"the bundle holds {found['version']}")
            return None
        return found

    def _screen_require_free(self) -> None:
        """Raises NotNow while somebody who is logged in has a form or a case open (edge_node/screen.py)."""
        try:
            seen = (self.node.data / "screen.json").stat().st_mtime
        except FileNotFoundError:
            return
        if abs(time.time() - seen) < SCREEN_SECONDS:
            raise NotNow("a case is open on a screen here")

    def _apply(self, archive: Path, order: dict[str, Any], found: dict[str, Any]) -> int:
        """The bundle's own play has run here; whatever it left, facts.json says it."""
        tree, started = Path(found["tree"]), now()
        # By its true path: the link leads elsewhere in the middle of the play.
        playbook = self.node.current.resolve() / "venv/bin/ansible-playbook"
        inventory = self.node.rollout / "inventory.json"
        here = {"ansible_connection": "local", "ansible_become": False}
        given = self.settings.get("vars", {}) | {"yizhan_version": found["version"], "yizhan_tree": str(tree)}
        json_write(inventory, {"edge": {"hosts": {"localhost": here | given}}}, mode=0o600)
        done = subprocess.run(
            [str(playbook), "-i", str(inventory), str(tree / "ansible/edge.yml")], cwd=tree / "ansible",
            env={
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                "HOME": "/root", "ANSIBLE_CONFIG": str(tree / "ansible/ansible.cfg"), "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOCAL_TEMP": str(self.node.rollout / "ansible"),
                # Or Ansible leaves its plugins' bytecode in the tree, and the play finds files no manifest names.
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.DEVNULL, check=False, timeout=PLAY_SECONDS,
        )  # fmt: skip
        shutil.rmtree(self.node.rollout / "pull", ignore_errors=True)
        if done.returncode == 0:
            self._tried(order, archive, "taken")
            return 0
        self._tried(order, archive, "the play failed")
        facts = json_read(self.node.rollout / "facts.json")
        if str(facts.get("ended_at", "")) < started:
            self.say("refused", str(found["version"]), "the play failed before the switch")
        return 1

    def say(self, outcome: str, version: str, reason: str) -> None:
        """facts.json says what came of it, as it does of a switch."""
        with self.node.locked():
            said(self.node, outcome, to=version, trigger="pull", reason=reason)

    def _tried(self, order: dict[str, Any], archive: Path, outcome: str) -> None:
        one = next(one for one in order["bundles"] if one["name"] == archive.name)
        self._note(_stamp(one, order), f"{archive.name}: {outcome}")

    def _note(self, stamp: str, words: str) -> None:
        path = self.node.rollout / "tried.json"
        json_write(path, json_read(path) | {stamp: words})


def _stamp(one: dict[str, Any], order: dict[str, Any]) -> str:
    """What tells a bundle and the county's wish to have it tried from others."""
    return f"{one['sha256'][:16]}-{order.get('attempt', 0)}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(node: Node | None = None) -> int:
    argparse.ArgumentParser(description="Take the version the county has ordered.", prog="yizhan-updater").parse_args()
    os.umask(0o022)
    updater = Updater(node or Node())
    try:
        return updater.run()
    except NotNow as error:
        print(error)
        updater.say("refused", updater.node.version(), str(error))
        return 2
    except subprocess.TimeoutExpired as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
