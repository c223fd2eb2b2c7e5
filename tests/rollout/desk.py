"""The operator's own machine, as far as a rollout needs one: a key, an ssh that knows the county's core, Ansible."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from tests.lab import Lab
from tests.lab.shell import environment, local

PLAY_SECONDS: Final = 1800
#: Before every other ssh in the PATH: an operator would have this in ~/.ssh/config.
SSH: Final = """#!/bin/sh
exec {ssh} -F {config} "$@"
"""
#: What is met by bootstrap_node is believed by the key pinned then, which Ansible gets from the registry.
CONFIG: Final = """Host {known}
  User root
  IdentityFile {lab_key}
  UserKnownHostsFile {known_hosts}
{names}
Host *
  IdentityFile {key}
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking yes
  ConnectTimeout 5
  ServerAliveInterval 5
  ServerAliveCountMax 3
  LogLevel ERROR
"""


@dataclass
class Desk:
    """`source` is the checkout the operator works in; what is written goes to `folder`."""

    lab: Lab
    folder: Path
    source: Path

    @property
    def key(self) -> Path:
        return self.folder / "operator"

    @property
    def public_key(self) -> str:
        return self.key.with_suffix(".pub").read_text(encoding="ascii").strip()

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory"

    @property
    def log(self) -> Path:
        return self.folder / "ansible.log"

    def make(self, *known: str) -> None:
        """Key, ssh and an empty inventory are there; the hosts named are known from their carton on."""
        (self.folder / "bin").mkdir(parents=True, exist_ok=True)
        if not self.key.exists():
            local("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", str(self.key))
        names = "".join(f"Host {name}\n  HostName {self.lab.hosts[name].address}\n" for name in known)
        config = self.folder / "ssh_config"
        config.write_text(CONFIG.format(
            known=" ".join(known), lab_key=self.lab.key, known_hosts=self.lab.known_hosts, names=names, key=self.key,
        ), encoding="ascii")  # fmt: skip
        ssh = self.folder / "bin/ssh"
        ssh.write_text(SSH.format(ssh=shutil.which("ssh"), config=config), encoding="ascii")
        ssh.chmod(0o755)

    def inventory_write(self, written: dict[str, Any], *, asked: bool) -> None:
        """county.yml holds what the operator wrote; beside it the program that asks the core, if it is to be asked."""
        self.inventory.mkdir(exist_ok=True)
        # JSON is YAML, and the inventory plugin for YAML reads it under this name.
        (self.inventory / "county.yml").write_text(json.dumps(written, indent=1), encoding="utf-8")
        asks = self.inventory / "yizhan"
        asks.unlink(missing_ok=True)
        if asked:
            asks.symlink_to(self.source / "ansible/inventory/yizhan")

    def ansible(self, *command: str) -> str:
        """What Ansible's program said, whether it went well or not; it is appended to the log."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"\n$ {' '.join(command)}\n")
            log.flush()
            before = log.tell()
            self._run(command, self.source / "ansible", log, log)
        return self.log.read_bytes()[before:].decode("utf-8", "replace")

    def manage(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of manage.py; what it said besides is appended to the log."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"\n$ manage.py {' '.join(arguments)}\n")
            log.flush()
            done = self._run((sys.executable, "manage.py", *arguments), self.source, subprocess.PIPE, log)
            log.write(done.stdout or "")
        return done.returncode, done.stdout or ""

    def _run(
        self, command: tuple[str, ...], cwd: Path, out: IO[str] | int, err: IO[str]
    ) -> subprocess.CompletedProcess[str]:
        env = self._environment()
        return subprocess.run(
            self.lab.inside("env", f"PATH={env['PATH']}", *command), cwd=cwd, env=env, stdin=subprocess.DEVNULL,
            stdout=out, stderr=err, text=True, check=False, timeout=PLAY_SECONDS,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in environment().items() if not name.startswith(("YIZHAN_", "DJANGO_"))}
        return own | {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{own['PATH']}", "LC_ALL": "C.UTF-8",
            "ANSIBLE_CONFIG": str(self.source / "ansible/ansible.cfg"), "ANSIBLE_NOCOLOR": "1",
            # A connection kept for the next play belongs to this lab: all labs call their hosts the same.
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.lab.folder / "cp"),
            "ANSIBLE_HOME": str(self.folder / "ansible"), "YIZHAN_CORE": "core", "YIZHAN_VAR": str(self.folder / "var"),
            "YIZHAN_SECRET_KEY": "of-the-rollout-test", "DJANGO_SETTINGS_MODULE": "core.county.settings",
        }  # fmt: skip
