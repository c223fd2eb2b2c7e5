"""A real sshd on the loopback address, with keys and a configuration of its own, over a root that is thrown away.

The root is Debian's as it is on this machine, or that of a lab's image, below a layer in memory: what a test writes to
/etc or /root there is gone with it. The user officer logs in by the password "a-pass-phrase" and may use sudo by it.
systemctl, journalctl and the node's own commands are scripts the test gives.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.lab.image import cache

#: The root is a layer over $1 inside the mount namespace alone; $2 is what the test gives, $3 an empty folder.
START: Final = r"""
mount -t tmpfs tmpfs "$3"
mkdir "$3/upper" "$3/work" "$3/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$3/upper,workdir=$3/work" "$3/root"
cd "$3/root"
rm -rf root/.ssh etc/yizhan
cp -R --preserve=mode "$2/." .
mount -t proc proc proc
mount --rbind /dev dev
mkdir -p run/sshd
chmod 0755 run run/sshd
grep -q '^sshd:' etc/passwd || echo 'sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin' >>etc/passwd
chroot . useradd --create-home --shell /bin/sh officer
echo 'officer:a-pass-phrase' | chroot . chpasswd
if [ -d etc/sudoers.d ]; then echo 'officer ALL=(ALL:ALL) ALL' >etc/sudoers.d/officer; fi
exec chroot . /usr/sbin/sshd -D -e -f /etc/ssh/test_config
"""
CONFIG: Final = """
Port {port}
ListenAddress 127.0.0.1
HostKey /etc/ssh/test_host_key
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication yes
AuthorizedKeysFile .ssh/authorized_keys
StrictModes no
UsePAM no
UseDNS no
"""
READY_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Machine:
    port: int
    #: The operator's private key, which the machine believes; its public half lies beside it.
    identity: Path
    host_key: str
    fingerprint: str
    #: Another key of the operator's, which the machine does not know yet.
    newcomer: Path

    def shell(self, script: str) -> str:
        """What a script answers there, by OpenSSH's own client."""
        done = subprocess.run(
            ["ssh", "-F", "none", "-i", str(self.identity), "-p", str(self.port), "-o", "StrictHostKeyChecking=no",
             "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "root@127.0.0.1",
             script],
            capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout


def obstacle() -> str:
    """Why no sshd can be started here; "" where one can."""
    if os.geteuid() != 0:
        return "an sshd over a root of its own is started by root only"
    if any(shutil.which(command) is None for command in ("ssh", "ssh-keygen", "unshare")):
        return "ssh, ssh-keygen or unshare is missing (Debian packages openssh-client, util-linux)"
    if _base() is None:
        return "there is no sshd (Debian package openssh-server), and no image of a lab that has one"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        return "no mount namespace can be made here"
    return ""


def _base() -> Path | None:
    if Path("/usr/sbin/sshd").exists():
        return Path("/")
    return next((path.parents[2] for path in sorted(cache().glob("image-*/usr/sbin/sshd"))), None)


def _key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)], check=True)
    return path.with_name(f"{path.name}.pub").read_text(encoding="ascii")


@contextlib.contextmanager
def machine(folder: Path, programs: Mapping[str, str]) -> Iterator[Machine]:
    """The machine answers until the end; `programs` are scripts it has in /usr/local/bin, by name."""
    given, empty = folder / "given", folder / "mnt"
    for path in (given / "etc/ssh", given / "root/.ssh", given / "usr/local/bin", empty):
        path.mkdir(parents=True)
    (given / "root").chmod(0o700)
    host_key, public = _key(given / "etc/ssh/test_host_key"), _key(folder / "operator")
    _key(folder / "newcomer")
    (given / "root/.ssh/authorized_keys").write_text(public.rstrip("\n"), encoding="ascii")
    for name, script in programs.items():
        (given / "usr/local/bin" / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (given / "usr/local/bin" / name).chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (given / "etc/ssh/test_config").write_text(CONFIG.format(port=port), encoding="ascii")
    listed = subprocess.run(["ssh-keygen", "-lf", str(given / "etc/ssh/test_host_key.pub")], capture_output=True,
                            text=True, check=True)  # fmt: skip
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "sh", "-euc", START,
             "start", str(_base()), str(given), str(empty)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        _await(process, port, folder / "sshd.log")
        yield Machine(port, folder / "operator", " ".join(host_key.split()[:2]), listed.stdout.split()[1],
                      folder / "newcomer")  # fmt: skip
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """sshd has said its name. An sshd announces to nobody that it listens, so it is asked."""
    end = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
            if connection.recv(4) == b"SSH-":
                return
        time.sleep(0.05)
    raise AssertionError(f"sshd did not start:\n{log.read_text(errors='replace')}")
