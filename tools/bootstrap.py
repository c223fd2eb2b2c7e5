#!/usr/bin/env python3
"""Make a fresh machine ready for one job, then run it; a second call finds all in place and starts at once.

    python3 tools/bootstrap.py --for demo --run manage.py demo --check
    python3 tools/bootstrap.py --venv /tmp/node --lock edge

Afterwards `.venv` holds exactly the packages of the lock, each checked against its hash, and the Debian packages the
job needs are installed (as root, or through a sudo that asks for no password). Without either, the one command to run
is printed; the demo then goes on with plain folder copying (YIZHAN_TRANSPORT=copy) in place of Syncthing.
Standard library only. The exit code is 2 if the set-up cannot be done, else that of the command.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the whole point: an old Python must be told so, not shown a traceback
    sys.exit(
        "Yizhan needs Python 3.11 or newer; this is Python {}.{} ({}).\n"
        "Install a newer one (Debian 12 has it: apt-get install python3 python3-venv) or name it: "
        "make demo PYTHON=/usr/bin/python3.12".format(*sys.version_info[:2], sys.executable)
    )

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class SetupFailed(Exception):
    """The set-up cannot go on; the message says what to do."""


def say(text: str) -> None:
    print(f"[set-up] {text}", flush=True)


# --- Debian packages -------------------------------------------------------------------------------------------------


def _command(*names: str) -> Callable[[], bool]:
    # A plain user's PATH lacks the sbin directories, where Debian puts some of them.
    path = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin"
    return lambda: all(shutil.which(name, path=path) for name in names)


def _cjk_font() -> bool:
    folders = (Path("/usr/share/fonts"), Path.home() / ".local/share/fonts")
    return any(next(folder.rglob("NotoSansCJK*"), None) for folder in folders)


def _venv_module() -> bool:
    return importlib.util.find_spec("ensurepip") is not None


#: Debian package -> whether what it brings is already there, from whatever source.
PRESENT: dict[str, Callable[[], bool]] = {
    "python3-venv": _venv_module,
    "syncthing": _command("syncthing"),
    "chromium": _command("chromium"),
    "chromium-driver": _command("chromedriver"),
    "fonts-noto-cjk": _cjk_font,
    "gettext": _command("msgfmt", "xgettext", "msgmerge", "msgattrib"),
    "systemd-container": _command("systemd-nspawn"),
    "mmdebstrap": _command("mmdebstrap"),
    "slirp4netns": _command("slirp4netns"),
    "nftables": _command("nft"),
    "iproute2": _command("ip"),
    "openssh-client": _command("ssh", "scp", "ssh-keygen"),
    "prometheus": _command("prometheus", "promtool"),
    "prometheus-alertmanager": _command("prometheus-alertmanager", "amtool"),
    "prometheus-node-exporter": _command("prometheus-node-exporter"),
}

#: What Debian would run at once and after every start of the machine; a developer's machine gets the programs only.
SERVICES: dict[str, str] = {
    "prometheus": "prometheus.service",
    "prometheus-alertmanager": "prometheus-alertmanager.service",
    "prometheus-node-exporter": "prometheus-node-exporter.service",
}

#: PostgreSQL is in no list: without one on the machine the binaries of a locked package serve (tenants/embedded.py).
HOSTS = ("systemd-container", "mmdebstrap", "slirp4netns", "nftables", "iproute2", "openssh-client")
WATCH = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter")
NEEDS: dict[str, tuple[str, ...]] = {
    "demo": ("syncthing",),
    "test": ("syncthing", "chromium", "chromium-driver", "fonts-noto-cjk", "gettext", *HOSTS, *WATCH),
    "check": ("gettext", "prometheus"),
    "bench": ("syncthing",),
    "messages": ("gettext",),
    "rollout-test": HOSTS,
}

#: What a person loses who goes on without the packages.
WITHOUT: dict[str, str] = {
    "demo": "The demo goes on with plain folder copying in place of Syncthing (YIZHAN_TRANSPORT=copy).",
    "test": "The tests go on; those in tests/acceptance that need Syncthing or the browser cannot pass, and so the run "
    "will not be green; those on hosts of their own, and those that watch a county, are passed over.",
    "check": "The checks go on; that of the message catalogues, which needs gettext, and those of the alerts, which "
    "need promtool, will fail.",
    "bench": "The benches go on; `latency` needs Syncthing.",
    "messages": "The catalogues cannot be compiled without gettext.",
    "rollout-test": "No hosts can be made without them.",
}


def missing_packages(job: str) -> list[str]:
    """Debian packages the job needs and this machine lacks."""
    return [package for package in NEEDS.get(job, ()) if not PRESENT[package]()]


def root_prefix() -> list[str] | None:
    """What to put before a command to run it as root; None if there is no way without a password."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def install_packages(packages: list[str]) -> bool:
    """Install Debian packages if it can be done without asking; False, with the command named, if it cannot.

    None of them leaves a service running (Syncthing's Debian units are per user and start only when enabled; those of
    SERVICES are stopped and disabled again), and recommended packages are left out.
    """
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    by_hand = f"apt-get update && {' '.join(install)}"
    if shutil.which("apt-get") is None:
        say(f"This is no Debian: please install what Debian calls {', '.join(packages)}.")
        return False
    prefix = root_prefix()
    if prefix is None:
        become = "sudo sh -c" if shutil.which("sudo") else "su -c"
        say(f"Not root, and no sudo without a password. Please run once:\n\n    {become} '{by_hand}'\n")
        return False
    say(f"Installing Debian packages: {', '.join(packages)} (takes a minute) ...")
    for step in (["apt-get", "update", "-qq"], [*install, "-qq"]):
        run = subprocess.run(
            [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *step],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        # A stale list of one source must not stop the installation from the others.
        if run.returncode != 0 and step[1] == "install":
            say(f"apt-get failed:\n{run.stdout.strip()[-2000:]}\nPlease repair that, then run:\n\n    {by_hand}\n")
            return False
    services_stop(prefix, [SERVICES[package] for package in packages if package in SERVICES])
    return True


def services_stop(prefix: list[str], services: list[str]) -> None:
    """These services neither run nor will at the next start; where no systemd runs, none ever did."""
    if services and Path("/run/systemd/system").is_dir():
        stop = [*prefix, "systemctl", "disable", "--now", *services]
        subprocess.run(stop, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def system_ready(job: str) -> bool:
    """Whether all Debian packages of the job are there, after trying to install them."""
    packages = missing_packages(job)
    if not packages:
        return True
    install_packages(packages)
    left = missing_packages(job)
    if left:
        say(f"Missing: {', '.join(left)}. {WITHOUT[job]}")
    return not left


# --- virtual environment ---------------------------------------------------------------------------------------------


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two jobs started together do not build the same environment; the second waits for the first."""
    handle = os.open(REQUIREMENTS, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is running in this checkout; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def run_quietly(command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip


def installer_environment() -> dict[str, str]:
    """The caller's environment, with the machine's own certificates trusted where there are any."""
    env = dict(os.environ)
    if SYSTEM_CERTIFICATES.exists():
        env.setdefault("UV_SYSTEM_CERTS", "1")
    env.pop("PYTHONHOME", None)
    env.pop("PYTHONPATH", None)
    return env


def stamp_of(lock: Path) -> str:
    """What the environment must have been built from to count as current."""
    parts = (lock.read_bytes(), (REQUIREMENTS / "tools.lock").read_bytes(), sys.version.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def works(python: Path) -> bool:
    """Whether the environment's interpreter starts and has pip: false after an interrupted creation or a move."""
    if not python.exists():
        return False
    probe = [str(python), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def create_venv(venv: Path) -> None:
    if not _venv_module() and not install_packages(["python3-venv"]):
        raise SetupFailed("Python's venv module is missing; the command above installs it.")
    say(f"Creating {venv} with Python {sys.version.split()[0]} ...")
    made = run_quietly([sys.executable, "-m", "venv", "--clear", str(venv)], installer_environment())
    if made.returncode != 0:
        raise SetupFailed(f"python3 -m venv failed:\n{made.stdout.strip()}")


def install_lock(venv: Path, lock: Path) -> None:
    """The environment holds the lock's packages, every file checked against its hash; raises SetupFailed."""
    python, env = str(venv / "bin/python"), installer_environment()
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]
    count = sum(1 for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line)
    say(f"Installing {count} locked packages from {lock.relative_to(ROOT)} ...")
    tools = run_quietly([*pip, str(REQUIREMENTS / "tools.lock")], env)
    if tools.returncode == 0:
        uv = [str(venv / "bin/uv"), "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(lock)]
        synced = run_quietly(uv, env)  # no `:=` in this file: Python 3.6 must be able to read it, to be refused
        if synced.returncode == 0:
            return
        # uv does not read pip's configuration: behind a proxy or a mirror only pip may find its way.
        say(f"uv could not install them ({last_line(synced.stdout)}); trying with pip, which is slower ...")
    else:
        say(f"uv is not to be had ({last_line(tools.stdout)}); going on with pip, which is slower ...")
    installed = run_quietly([*pip, str(lock)], env)
    if installed.returncode != 0:
        raise SetupFailed(
            f"The packages could not be installed:\n{installed.stdout.strip()[-3000:]}\n"
            "What is installed so far is kept. Check the network (and pip's configuration), then run the same again."
        )


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1].strip()


def venv_ready(venv: Path, lock: Path) -> bool:
    """The environment at `venv` is what the lock says. True if something had to be done. Raises SetupFailed."""
    if not lock.is_file():
        raise SetupFailed(f"There is no {lock.relative_to(ROOT)}; make lock writes it.")
    stamp, python = venv / "yizhan.stamp", venv / "bin/python"
    wanted = stamp_of(lock)
    if python.exists() and stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return False
    if not works(python):
        create_venv(venv)
    install_lock(venv, lock)
    # Last, so that an interrupted installation is begun again.
    stamp.write_text(wanted, encoding="ascii")
    return True


# --- the whole -------------------------------------------------------------------------------------------------------


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--for", dest="job", choices=sorted(NEEDS), help="install the Debian packages this job needs")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where the environment lies (default: .venv)")
    parser.add_argument("--lock", choices=("dev", "core", "edge"), default="dev", help="which lock it holds")
    parser.add_argument("--run", nargs=argparse.REMAINDER, help="then run this with the environment's Python")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    venv = options.venv.absolute()
    started = time.monotonic()
    env = dict(os.environ, PYTHONUTF8="1")
    try:
        with one_at_a_time():
            # First the packages: they name what is missing before the long part begins.
            complete = system_ready(options.job) if options.job else True
            if venv_ready(venv, REQUIREMENTS / f"{options.lock}.lock"):
                say(f"Ready after {time.monotonic() - started:.0f} s.")
    except SetupFailed as failure:
        say(str(failure))
        return 2
    if options.job == "demo" and not complete:
        env["YIZHAN_TRANSPORT"] = "copy"
    if not options.run:
        return 0
    python = str(venv / "bin/python")
    sys.stdout.flush()
    os.chdir(ROOT)
    # Replace this process, so that Ctrl-C and the exit code are the command's own.
    os.execve(python, [python, *options.run], env)


if __name__ == "__main__":
    sys.exit(main())
