"""The versions a run takes to its hosts: bundles built of one copy of the checkout, each newer than the one before."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from core.exchange.bundles import Side
from tools.bootstrap import ROOT
from tools.bundle import Build, files_of, time_of, version_of

#: The oldest of a run's versions is as old as the checkout's commit; each further one is so many seconds newer.
APART_SECONDS = 60


@dataclass
class Versions:
    """`archives[name]` and `versions[name]` are what was built as "first", "second", ...; all below `folder`."""

    folder: Path
    codename: str
    archives: dict[str, Path] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    _base: str = ""

    @property
    def source(self) -> Path:
        """The copy: others may go on working in the checkout, and all versions and plays are of one state."""
        return self.folder / "source"

    def copy_make(self) -> None:
        """The checkout's files as they are now are the copy, a repository of its own."""
        shutil.rmtree(self.source, ignore_errors=True)
        for one in files_of(ROOT):
            (self.source / one).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / one, self.source / one)
        self._base = version_of(ROOT).removesuffix(".dirty")
        self._git("init", "-q")
        self._commit("first", time_of(ROOT))

    def first_build(self, sides: Mapping[str, Side]) -> None:
        """The bundles of the copy by their names, made side by side."""
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(self._build, name, side) for name, side in sides.items()]:
                done.result()

    def next_build(self, name: str, *, side: Side = "edge", changes: Mapping[str, str] | None = None) -> Path:
        """The bundle of a version newer than all before, in which the files at these paths say these texts."""
        before = {path: (self.source / path).read_text(encoding="utf-8") for path in changes or {}}
        try:
            self._write(changes or {})
            self._commit(name, time_of(self.source) + APART_SECONDS)
            return self._build(name, side)
        finally:
            self._write(before)

    def _build(self, name: str, side: Side) -> Path:
        version = f"{self._base}.{name}"
        build = Build(codename=self.codename, side=side, source=self.source, version=version)
        self.archives[name], _ = build.build(self.folder / "bundles")
        self.versions[name] = version
        return self.archives[name]

    def _write(self, texts: Mapping[str, str]) -> None:
        for path, text in texts.items():
            (self.source / path).write_text(text, encoding="utf-8")

    def _commit(self, name: str, at: int) -> None:
        who = ["-c", "user.name=rollout-test", "-c", "user.email=rollout-test@localhost"]
        self._git("add", "-A", ".")
        self._git(*who, "commit", "-q", "--allow-empty", "-m", name, at=at)

    def _git(self, *command: str, at: int = 0) -> None:
        dates = {"GIT_AUTHOR_DATE": f"{at} +0000", "GIT_COMMITTER_DATE": f"{at} +0000"} if at else {}
        subprocess.run(
            ["git", *command], cwd=self.source, env=os.environ | dates, check=True, capture_output=True
        )  # fmt: skip
