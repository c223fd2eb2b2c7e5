"""The image every host begins from: a small Debian with systemd, sshd and Python, as an operator first meets a machine.

Made once and kept in YIZHAN_LAB_CACHE (default: the user's cache directory). It holds no key: each lab puts its own in.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tools.debian import sources

from .shell import attempt, local

#: All that is there before the first play: what a person at the console would have made, and no more.
PACKAGES: Final = (
    "systemd", "systemd-sysv", "dbus", "libpam-systemd", "udev", "openssh-server", "python3", "python3-apt", "sudo",
    "iproute2", "iputils-ping", "nftables", "ca-certificates", "procps",
)  # fmt: skip
#: Work that a machine does by itself at night, and a host that lives for minutes must not.
TIMERS: Final = ("apt-daily.timer", "apt-daily-upgrade.timer", "fstrim.timer", "dpkg-db-backup.timer",
                 "e2scrub_all.timer")  # fmt: skip
OWN_CERTIFICATES: Final = Path("/usr/local/share/ca-certificates")


def cache() -> Path:
    """Where images and running hosts lie: a real disk, outside the repository."""
    named = os.environ.get("YIZHAN_LAB_CACHE")
    base = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yizhan/lab"
    base.mkdir(parents=True, exist_ok=True)
    return base.resolve()


def image(codename: str = "bookworm") -> Path:
    """The root directory of the image, made if need be (about a minute); nobody may write in it."""
    # Made from something else, it is another image.
    text = "\n".join([*PACKAGES, *TIMERS, sources(codename), Path(__file__).read_text(encoding="utf-8")])
    target = cache() / f"image-{codename}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    with (cache() / f"image-{codename}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            _make(codename, target)
    return target


def _make(codename: str, target: Path) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=f"making-{codename}-", dir=cache()))
    try:
        root = scratch / "root"
        listed = scratch / "debian.sources"
        listed.write_text(sources(codename), encoding="utf-8")
        # Without sources of its own, mmdebstrap takes what it knows of this Debian.
        mirrors = [str(listed)] if listed.stat().st_size else []
        local("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", codename, str(root),
              *mirrors)  # fmt: skip
        _prepare(root)
        root.chmod(0o755)
        root.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _prepare(root: Path) -> None:
    """The machine's own certificate authorities are trusted, and root may log in by key."""
    for certificate in sorted(OWN_CERTIFICATES.glob("*.crt")):
        shutil.copy(certificate, root / str(OWN_CERTIFICATES).lstrip("/"))
    local("chroot", str(root), "update-ca-certificates")
    for timer in TIMERS:
        attempt("chroot", str(root), "systemctl", "--quiet", "disable", timer)
    for name in ("etc/hostname", "etc/machine-id"):
        (root / name).unlink(missing_ok=True)
    # Or Ansible's cache_valid_time takes the empty lists for fresh ones.
    os.utime(root / "var/lib/apt/lists", (0, 0))
    (root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    config = root / "etc/ssh/sshd_config.d/lab.conf"
    config.write_text("PermitRootLogin prohibit-password\nUseDNS no\n", encoding="ascii")
