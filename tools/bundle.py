"""Build a bundle: all a machine needs to become a node, or to take a version, without any network.

    make bundle
    make bundle ARGS="--codename trixie --arch arm64 --kiosk --out /srv/bundles"

What lies in it and how it is proven: core/exchange/bundles.py. It is made of this checkout's tracked and new files, of
wheels whose hashes the locks name, and of Debian packages beyond the smallest Debian. The same commit with the same
packages gives the same bytes. Downloads are kept in YIZHAN_BUNDLE_CACHE. Exit code 1 says what is not to be had.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, get_args

from core.exchange.bundles import BundleRefused, Manifest, Side, bundle_pack, manifest_make
from tools.bootstrap import REQUIREMENTS, ROOT
from tools.debian import ARCHITECTURES, MINIMAL, PYTHONS, DebianFailed, Packages

#: Beyond the smallest Debian. python3-apt because Ansible would fetch it from a network otherwise; zstd to unpack.
DEBS: Final[dict[Side, tuple[str, ...]]] = {
    "edge": (
        "python3",
        "python3-venv",
        "python3-apt",
        "syncthing",
        "sqlite3",
        "zstd",
        "ca-certificates",
        "systemd-timesyncd",
    ),
    # The county's own machine has a Debian mirror, and dozens of packages that get security updates from it.
    "core": (),
}
#: A screen at the counter: only where the inventory wants one.
KIOSK: Final = ("chromium", "cage", "fonts-noto-cjk")
LOCKS: Final[dict[Side, tuple[str, ...]]] = {"edge": ("edge", "pull"), "core": ("core",)}
#: Architecture in Debian's words -> in those of wheels.
MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
#: glibc 2.36 is in bookworm, 2.41 in trixie; every older platform's wheels run there too.
GLIBC: Final = {"bookworm": 36, "trixie": 41}
#: What of the checkout makes the project's wheel.
SOURCE: Final = ("core", "edge_node", "monitoring", "tenants", "pyproject.toml", "MANIFEST.in", "README.md")


class BuildFailed(Exception):
    """The bundle cannot be built; the message says what is not to be had."""


@dataclass
class Build:
    """One bundle to be built from `source`, the files of one version; a test gives another source or version."""

    codename: str = "bookworm"
    arch: str = "amd64"
    side: Side = "edge"
    kiosk: bool = False
    source: Path = ROOT
    version: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    def build(self, out: Path) -> tuple[Path, Manifest]:
        """The archive lies in `out`. Raises BuildFailed, DebianFailed, BundleRefused."""
        version, at = self.version or version_of(self.source), time_of(self.source)
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".bundle-", dir=out) as scratch:
            tree = Path(scratch) / "tree"
            self._timed("program", lambda: self._program(tree, Path(scratch) / "source", version, at))
            self._timed("wheels", lambda: self._wheels(tree / "wheels"))
            self._timed("debs", lambda: self._debs(tree))
            manifest = manifest_make(
                tree, version=version, codename=self.codename, arch=self.arch, python=PYTHONS[self.codename],
                made_at=datetime.fromtimestamp(at, UTC).isoformat(), side=self.side,
            )  # fmt: skip
            tree = tree.rename(tree.with_name(manifest.name))
            target = out / f"{manifest.name}.tar.zst"
            self._timed("pack", lambda: bundle_pack(tree, target, at=at))
        return target, manifest

    def _timed(self, name: str, part: Callable[[], None]) -> None:
        started = time.monotonic()
        part()
        self.seconds[name] = time.monotonic() - started

    # --- the program itself

    def _program(self, tree: Path, source: Path, version: str, at: int) -> None:
        """wheels/ holds the project, app/ what starts it and the locks, ansible/ and bin/ what installs it."""
        for path in files_of(self.source):
            part = path.split("/", 1)[0]
            if part in SOURCE:
                _copy(self.source / path, source / path)
            elif part == "ansible":
                _copy(self.source / path, tree / path)
                if path.startswith("ansible/bin/"):
                    _copy(self.source / path, tree / path.removeprefix("ansible/"))
        _copy(self.source / "manage.py", tree / "app/manage.py")
        for lock in LOCKS[self.side]:
            _copy(self.source / f"requirements/{lock}.lock", tree / f"app/{lock}.lock")
        project = source / "pyproject.toml"
        text = re.sub(r'^version = ".*"$', f'version = "{version}"', project.read_text(encoding="utf-8"), flags=re.M)
        project.write_text(text, encoding="utf-8")
        (tree / "wheels").mkdir(exist_ok=True)
        env = os.environ | {"SOURCE_DATE_EPOCH": str(max(at, ZIP_BEGINS))}
        # By the setuptools of the lock, not by whichever is the newest today.
        _pip(["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tree / "wheels"), str(source)], env)

    def _wheels(self, target: Path) -> None:
        """The wheels of the locks for the machine the bundle is for, each checked against its hash."""
        kept = cache() / f"wheels-{self.codename}-{self.arch}-{self.side}"
        shutil.rmtree(kept.with_suffix(".new"), ignore_errors=True)
        locks = [str(REQUIREMENTS / f"{lock}.lock") for lock in LOCKS[self.side]]
        try:
            # What was there in the last run is not fetched again.
            self._download(locks, kept.with_suffix(".new"), kept)
        except BuildFailed as error:
            missing = self._missing(locks)
            raise BuildFailed(
                f"no wheel for {self.codename} {self.arch} of: {', '.join(missing)}" if missing else str(error)
            ) from error
        shutil.rmtree(kept, ignore_errors=True)
        kept.with_suffix(".new").rename(kept)
        for wheel in kept.iterdir():
            _copy(wheel, target / wheel.name)

    def _download(self, requirements: list[str], target: Path, known: Path) -> None:
        minor, machine = PYTHONS[self.codename].replace(".", ""), MACHINES[self.arch]
        platforms = [f"manylinux_2_{number}_{machine}" for number in range(GLIBC[self.codename], 16, -1)]
        choice = ["--python-version", minor, "--implementation", "cp"]
        for name in (*platforms, f"manylinux2014_{machine}"):
            choice += ["--platform", name]
        for abi in (f"cp{minor}", "abi3", "none"):
            choice += ["--abi", abi]
        listed = [word for path in requirements for word in ("-r", path)]
        _pip(["download", "--require-hashes", "--no-deps", "--only-binary=:all:", *choice, "--find-links", str(known),
              "--dest", str(target), *listed], dict(os.environ))  # fmt: skip

    def _missing(self, locks: list[str]) -> list[str]:
        """The pins of the locks for which there is no wheel: asked one by one, because pip names the first only."""
        missing = []
        with tempfile.TemporaryDirectory() as scratch:
            one = Path(scratch) / "one.txt"
            for lock in locks:
                for pin in re.split(r"\n(?=\S)", Path(lock).read_text(encoding="utf-8").strip()):
                    one.write_text(pin + "\n", encoding="utf-8")
                    try:
                        self._download([str(one)], Path(scratch) / "wheels", Path(scratch) / "wheels")
                    except BuildFailed:
                        missing.append(pin.split()[0])
        return missing

    # --- Debian packages

    def _debs(self, tree: Path) -> None:
        """debs/ and, if wanted, kiosk/ hold packages with all they need, each with an index apt can read."""
        sets = {"debs": DEBS[self.side]} | ({"kiosk": KIOSK} if self.kiosk else {})
        if not any(sets.values()):
            return
        packages = Packages(cache() / f"debian-{self.codename}-{self.arch}", self.codename, self.arch)
        packages.forget()
        packages.refresh()
        packages.assume(packages.needed(*MINIMAL))
        for name, wanted in sets.items():
            needed = packages.needed(*wanted)
            kept = cache() / f"{name}-{self.codename}-{self.arch}"
            index = packages.fetch(needed, kept)
            for fields in packages.records(needed):
                _copy(kept / packages.file_name(fields), tree / name / packages.file_name(fields))
            (tree / name / "Packages").write_text(index, encoding="utf-8")
            packages.assume(needed)


#: 1980, before which a zip archive knows no time.
ZIP_BEGINS: Final = 315532800


def cache() -> Path:
    """Where downloads are kept."""
    named = os.environ.get("YIZHAN_BUNDLE_CACHE")
    base = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yizhan/bundle"
    base.mkdir(parents=True, exist_ok=True)
    return base.resolve()


def files_of(source: Path) -> list[str]:
    """The files of the checkout: tracked ones, and new ones that are not ignored; sorted."""
    listed = _git(source, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted({path for path in listed if path and (source / path).is_file()})


def version_of(source: Path) -> str:
    """The project's version and the commit, 0.1.0+g3f8e10e; `.dirty` where files differ from it."""
    text = (source / "pyproject.toml").read_text(encoding="utf-8")
    number = re.search(r'^version = "(.*)"$', text, flags=re.M)
    if number is None:
        raise BuildFailed("pyproject.toml names no version")
    parts = ["core", "edge_node", "monitoring", "tenants", "ansible", "manage.py", "pyproject.toml", "requirements"]
    dirty = ".dirty" if _git(source, "status", "--porcelain", "--", *parts) else ""
    return f"{number[1]}+g{_git(source, 'rev-parse', '--short=7', 'HEAD')}{dirty}"


def time_of(source: Path) -> int:
    """When the commit was made, Unix s."""
    return int(_git(source, "log", "-1", "--format=%ct"))


def _git(source: Path, *command: str) -> str:
    done = subprocess.run(["git", "-C", str(source), *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildFailed(f"git {command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def _pip(command: list[str], env: dict[str, str]) -> None:
    """Raises BuildFailed with what pip says."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", *command, "--quiet", "--disable-pip-version-check"], env=env,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise BuildFailed(f"pip {command[0]}: {done.stderr.strip()[-2000:]}")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--codename", choices=sorted(PYTHONS), default="bookworm")
    parser.add_argument("--arch", choices=ARCHITECTURES, default="amd64")
    parser.add_argument("--side", choices=get_args(Side), default="edge", help="for nodes, or for the county's core")
    parser.add_argument("--kiosk", action="store_true", help="with a browser for the counter's own screen (200 MB)")
    parser.add_argument("--out", type=Path, default=ROOT / "var/bundles", help="where the bundle is written")
    options = parser.parse_args()
    build = Build(codename=options.codename, arch=options.arch, side=options.side, kiosk=options.kiosk)
    try:
        target, manifest = build.build(options.out)
    except (BuildFailed, DebianFailed, BundleRefused) as error:
        print(f"No bundle: {error}", file=sys.stderr)
        return 1
    for name in dict.fromkeys((*build.seconds, *(["kiosk"] if options.kiosk else []))):
        held = [one for one in manifest.files if one.path.startswith(f"{name}/")]
        size = f"{sum(one.size for one in held) / 1e6:9.1f} MB {len(held):5} files" if held else ""
        # The kiosk's packages come along with the others.
        took = f"{build.seconds[name]:8.1f} s" if name in build.seconds else " " * 10
        print(f"    {name:<10}{took} {size}".rstrip())
    print(f"    {'all':<10}{sum(build.seconds.values()):8.1f} s {target.stat().st_size / 1e6:9.1f} MB  {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
