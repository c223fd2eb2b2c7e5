"""Debian packages for a machine other than this one: its package lists, what it lacks, and the files to bring it.

Everything happens in a directory of its own, with a state of its own: which packages this machine has installed, and
which architecture it is of, make no difference. No root is needed. Where packages come from is what this machine's own
sources say; only the name of the suite is exchanged.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

#: Codename -> the Python of its python3 package.
PYTHONS: Final[dict[str, str]] = {"bookworm": "3.11", "trixie": "3.13"}
ARCHITECTURES: Final = ("amd64", "arm64")
SOURCE_FIELDS: Final[tuple[str, ...]] = ("URIs", "Components", "Signed-By")
SOURCES: Final = Path("/etc/apt/sources.list.d")
#: What every Debian that boots has, however small: the packages marked essential, apt, and systemd.
MINIMAL: Final = ("?essential", "apt", "systemd-sysv")
#: The fields by which apt resolves and checks; texts and tags would only make the bundle longer.
INDEXED: Final = (
    "Package", "Version", "Architecture", "Multi-Arch", "Essential", "Priority", "Source", "Provides", "Depends",
    "Pre-Depends", "Conflicts", "Breaks", "Replaces", "Installed-Size", "Size", "SHA256",
)  # fmt: skip
_INST = re.compile(r"^Inst (\S+?)(?::\S+)? (?:\[\S+\] )?\((\S+) ")


class DebianFailed(Exception):
    """apt cannot do what was asked; the message is its own."""


def own_codename() -> str:
    """This machine's Debian, from os-release; "" where it is none."""
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return ""


def sources(codename: str) -> str:
    """Package sources for a codename in deb822 form, as this machine has them for its own; "" if it has none."""
    own = own_codename()
    suites = re.compile(rf"^{re.escape(own)}(-updates|-security)?$") if own else re.compile(r"(?!)")
    found = []
    for stanza in _stanzas():
        mine = [suite for suite in stanza.get("Suites", "").split() if suites.match(suite)]
        if mine and "deb" in stanza.get("Types", "").split() and stanza.get("Enabled", "yes") != "no":
            # The architectures are the other machine's, and its sources are not wanted.
            lines = {name: stanza[name] for name in SOURCE_FIELDS if name in stanza}
            lines |= {"Types": "deb", "Suites": " ".join(mine).replace(own, codename)}
            found.append("".join(f"{name}: {value}\n" for name, value in lines.items()))
    return "\n".join(found)


def _stanzas() -> Iterator[dict[str, str]]:
    """What this machine's apt reads, one field mapping for each source."""
    for path in sorted(SOURCES.glob("*.sources")):
        for text in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
            yield _fields(text)
    for path in [SOURCES.parent / "sources.list", *sorted(SOURCES.glob("*.list"))]:
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
            parts = re.match(r"^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$", line.split("#")[0].strip())
            if parts:
                signed = re.search(r"signed-by=(\S+)", parts[1] or "")
                one = {"Types": "deb", "URIs": parts[2], "Suites": parts[3], "Components": parts[4].strip()}
                yield one | ({"Signed-By": signed[1]} if signed else {})


def _fields(text: str) -> dict[str, str]:
    """A deb822 stanza as a mapping; lines that go on are joined."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0] in " \t":
            found[name] += "\n" + line
        else:
            name, _, value = line.partition(":")
            found[name] = value.strip()
    return found


@dataclass
class Packages:
    """The package lists of one Debian for one architecture, below `root`; `refresh` fetches them."""

    root: Path
    codename: str
    arch: str
    _config: Path = field(init=False)

    def __post_init__(self) -> None:
        for part in ("lists/partial", "archives/partial", "etc", "dpkg"):
            (self.root / part).mkdir(parents=True, exist_ok=True)
        self._config = self.root / "apt.conf"
        self._config.write_text(self._settings(), encoding="utf-8")
        text = sources(self.codename)
        if not text:
            raise DebianFailed("this machine has no Debian package sources that could be used for another one")
        (self.root / "etc/debian.sources").write_text(text, encoding="utf-8")
        status = self.root / "dpkg/status"
        if not status.exists():
            status.write_text("", encoding="utf-8")

    def _settings(self) -> str:
        """apt's configuration, with which nothing of this machine's own state is read."""
        settings = {
            "APT::Architecture": self.arch, "APT::Architectures": self.arch, "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "", "Dir::State": str(self.root),
            "Dir::State::Lists": str(self.root / "lists"), "Dir::State::status": str(self.root / "dpkg/status"),
            "Dir::Cache": str(self.root), "Dir::Cache::Archives": str(self.root / "archives"),
            "Dir::Etc::SourceList": "/dev/null", "Dir::Etc::SourceParts": str(self.root / "etc"),
            "Dir::Etc::Main": "/dev/null", "Dir::Etc::Parts": "/dev/null", "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null", "Acquire::Languages": "none", "APT::Get::Assume-Yes": "true",
        }  # fmt: skip
        lines = [f'{name} "{value}";' for name, value in settings.items()]
        # A machine behind a proxy goes through it here too.
        for name in ("Acquire::http::Proxy", "Acquire::https::Proxy"):
            shown = subprocess.run(
                ["apt-config", "shell", "V", name], capture_output=True, text=True, check=False
            ).stdout  # fmt: skip
            if shown.startswith("V="):
                lines.append(f'{name} "{shown[2:].strip().strip(chr(39))}";')
        # Lists are taken from all sources and for one architecture; nothing on this machine is asked or run.
        return "\n".join([*lines, "#clear APT::Update::Post-Invoke;", "#clear DPkg::Post-Invoke;", ""])

    def _run(self, command: list[str], *, cwd: Path | None = None) -> str:
        env = os.environ | {"APT_CONFIG": str(self._config), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise DebianFailed(f"{' '.join(command[:3])} ({self.codename}, {self.arch}): {done.stderr.strip()[-2000:]}")
        return done.stdout

    def refresh(self) -> None:
        """The lists are today's. Raises DebianFailed."""
        self._run(["apt-get", "update", "-qq", "--error-on=any"])

    def assume(self, names: list[str]) -> None:
        """From now on the packages of `names` (as by `needed`) count as installed, with their present versions."""
        marked = re.sub(r"^(Package: .*)$", r"\1\nStatus: install ok installed", self._records(names), flags=re.M)
        with (self.root / "dpkg/status").open("a", encoding="utf-8") as status:
            status.write(marked)

    def forget(self) -> None:
        """Nothing counts as installed."""
        (self.root / "dpkg/status").write_text("", encoding="utf-8")

    def needed(self, *wanted: str) -> list[str]:
        """`name=version` of all that must be installed for `wanted`, sorted. Raises DebianFailed."""
        out = self._run(["apt-get", "install", "--simulate", "-qq", *wanted])
        return sorted(f"{found[1]}={found[2]}" for line in out.splitlines() if (found := _INST.match(line)))

    def _records(self, names: list[str]) -> str:
        """The packages' stanzas in the lists, each followed by an empty line."""
        return self._run(["apt-cache", "show", "--no-all-versions", *names]) if names else ""

    def records(self, names: list[str]) -> list[dict[str, str]]:
        """What the lists say of each package."""
        return [_fields(text) for text in self._records(names).split("\n\n") if text.strip()]

    def size(self, names: list[str]) -> int:
        """Bytes to download for the packages."""
        return sum(int(fields["Size"]) for fields in self.records(names))

    def fetch(self, names: list[str], target: Path) -> str:
        """The files of the packages lie in `target`, checked by apt against the signed lists.

        Returns what a flat repository's `Packages` file says of them. Files that lie there already are not fetched.
        """
        target.mkdir(parents=True, exist_ok=True)
        index, missing = [], []
        for fields in self.records(names):
            name = self.file_name(fields)
            path = target / name
            if not path.is_file() or path.stat().st_size != int(fields["Size"]):
                missing.append(f"{fields['Package']}={fields['Version']}")
            index.append(
                "".join(f"{key}: {fields[key]}\n" for key in INDEXED if key in fields) + f"Filename: ./{name}\n"
            )
        if missing:
            self._run(["apt-get", "download", "-qq", *missing], cwd=target)
        return "\n".join(index)

    @staticmethod
    def file_name(fields: dict[str, str]) -> str:
        """What apt calls the file of a package."""
        return f"{fields['Package']}_{fields['Version'].replace(':', '%3a')}_{fields['Architecture']}.deb"
