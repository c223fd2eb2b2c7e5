"""Take the county's newest bundle by oneself: for nodes nobody can reach. Run at the maintenance hour, by root.

Looks for bundles where Syncthing and the courier put them, takes only one that the county signed and that is newer than
what runs, and never while a case is open on a screen here. Then the node applies the bundle's own play to itself; that
play undoes what does not work (yizhan_switch.py). A bundle that failed once is not tried again.

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from yizhan_bundle import machine
from yizhan_node import Node, json_read, json_write, now

SETTINGS: Final = "etc/yizhan/updater.json"
#: An open page shows itself each 15 s; a browser that was asleep for a moment is not one that was closed.
SCREEN_SECONDS: Final = 120.0
PLAY_SECONDS: Final = 3600.0


class NotNow(Exception):
    """There is something to do, and this is not the moment."""


@dataclass
class Updater:
    node: Node = field(default_factory=Node)

    @property
    def settings(self) -> dict[str, Any]:
        """`budget_mb` a month (0: no limit), `minutes` a fetch may take, `vars` for the play."""
        return json_read(self.node.root / SETTINGS)

    def run(self) -> int:
        """The newest bundle that can be taken is in use. Raises NotNow."""
        version = self.node.version()
        if not version or (self.node.rollout / "pending.json").exists():
            return 0
        self._fetch(version)
        for archive in self._unseen():
            self._screen_require_free()
            found = self._opened(archive)
            if found is not None:
                return self._apply(archive, found)
        return 0

    def _fetch(self, version: str) -> None:
        """What the county offers is here, as far as this month's data allows; else what is here already counts."""
        limits = self.settings
        done = self.node.manage(
            version, "rollout_fetch", "--budget-mb", str(limits.get("budget_mb", 0)),
            "--minutes", str(limits.get("minutes", 60)),
        )  # fmt: skip
        print((done.stdout + done.stderr).strip()[-500:])

    def _unseen(self) -> list[Path]:
        """Archives for machines like this one that were not tried yet, the last made first by what is known so far."""
        codename, arch = machine()
        places = [*self.node.data.glob("folders/rollout*"), self.node.data / "inbox/rollout", self.node.rollout / "in"]
        found = [path for place in places for path in place.glob(f"yizhan-*-{codename}-{arch}.tar.zst")]
        tried = json_read(self.node.rollout / "tried.json")
        fresh = [path for path in found if path.is_file() and _stamp(path) not in tried]
        return sorted(fresh, key=lambda path: path.stat().st_mtime, reverse=True)

    def _opened(self, archive: Path) -> dict[str, Any] | None:
        """The unpacked bundle, if the county signed it and it is newer than what runs; else it counts as tried."""
        current = self.node.version()
        shutil.rmtree(self.node.rollout / "pull", ignore_errors=True)
        (self.node.rollout / "pull").mkdir(mode=0o755, parents=True)
        # As root, and into a folder of root's: between proof and use nobody else can write there.
        done = self.node.manage_as_root(current, "bundle_open", str(archive), "--into", str(self.node.rollout / "pull"))
        if done.returncode != 0:
            if done.returncode == 1:
                self._tried(archive, f"not taken: {done.stderr.strip()[-300:]}")
            return None
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        running = json_read(self.node.releases / current / "manifest.json")
        if found["made_at"] <= str(running.get("made_at", "")):
            self._tried(archive, f"{found['version']} is not newer than {current}")
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

    def _apply(self, archive: Path, found: dict[str, Any]) -> int:
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
            },
            stdin=subprocess.DEVNULL, check=False, timeout=PLAY_SECONDS,
        )  # fmt: skip
        shutil.rmtree(self.node.rollout / "pull", ignore_errors=True)
        if done.returncode == 0:
            self._tried(archive, "taken")
            return 0
        self._tried(archive, "the play failed")
        facts = json_read(self.node.rollout / "facts.json")
        if str(facts.get("ended_at", "")) < started:
            self.say("refused", str(found["version"]), "the play failed before the switch")
        return 1

    def say(self, outcome: str, version: str, reason: str) -> None:
        subprocess.run(
            [sys.executable, str(Path(__file__).with_name("yizhan_switch.py")), outcome, "--to", version,
             "--trigger", "pull", "--reason", reason],
            check=False,
        )  # fmt: skip

    def _tried(self, archive: Path, outcome: str) -> None:
        path = self.node.rollout / "tried.json"
        json_write(path, json_read(path) | {_stamp(archive): f"{archive.name}: {outcome}"})


def _stamp(path: Path) -> str:
    """What tells an archive from another of the same name."""
    return hashlib.sha256(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}".encode()).hexdigest()[:16]


def main() -> int:
    argparse.ArgumentParser(description="Take the county's newest bundle.", prog="yizhan-updater").parse_args()
    os.umask(0o022)
    updater = Updater()
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
