"""Other versions on the core: one that counts anew, by limits of the county's own; and one that does not start."""

from __future__ import annotations

from typing import Any, Final

from ..stage import COUNTY_HOST, Stage, StepFailed, rollout_facts, running_version
from .cases import core_shell
from .install import CORE_UNITS
from .upgrade import BROKEN_WSGI

SECOND_CORE: Final = "secondcore"
BROKEN_CORE: Final = "brokencore"
#: Pages that the version before has counted, and the next one has not.
ASKED: Final = 40
#: Run by the core's Python, as root, who may open the socket too.
ASK: Final = f"""
import socket
for _ in range({ASKED}):
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        line.connect("/run/yizhan/web.sock")
        line.sendall(b"GET /login/ HTTP/1.0\\r\\nHost: {COUNTY_HOST}\\r\\nX-Forwarded-Proto: https\\r\\n\\r\\n")
        said = line.makefile("rb").read()
    assert said.startswith(b"HTTP/1.0 200"), said[:200]
"""
COUNTED: Final = (
    "yizhan-core exporter --once | awk '/^yizhan_http_request_duration_seconds_count/ {n += $NF} END {print n + 0}'"
)
LIMITS: Final[dict[str, Any]] = {"core_app_node_stale_seconds": 960, "core_app_node_silent_seconds": 90_000}
LIMITS_HOLD: Final = """
from django.conf import settings
assert (settings.NODE_STALE_SECONDS, settings.NODE_SILENT_SECONDS) == (960, 90_000), settings.NODE_STALE_SECONDS
"""


def renew(stage: Stage) -> None:
    """A newer version runs on the core, with all its units; it counts from nought, by limits of the county's own."""
    _pages_ask(stage)
    stage.versions.next_build(SECOND_CORE, side="core")
    stage.play_well("core.yml", "core", tags="app", **stage.wanted(SECOND_CORE), **LIMITS)
    _runs_anew(stage, "done")
    core_shell(stage, LIMITS_HOLD, {})


def put_back(stage: Stage) -> None:
    """A version whose pages do not start leaves the core as it was; what either of them counted is away."""
    _pages_ask(stage)
    stage.versions.next_build(BROKEN_CORE, side="core", changes={"core/county/wsgi.py": BROKEN_WSGI})
    given = stage.wanted(BROKEN_CORE) | LIMITS | {"core_app_answer_tries": 2}
    found = stage.play("core.yml", "core", tags="app", **given)["core"]
    if found.good or f"{stage.versions.versions[SECOND_CORE]} runs as before" not in stage.last_failure():
        raise StepFailed(f"the broken version was not put back: {found}; {stage.last_failure()}")
    _runs_anew(stage, "rolled_back")
    core_shell(stage, LIMITS_HOLD, {})


def _pages_ask(stage: Stage) -> None:
    stage.core.run("python3", "-", stdin=ASK)
    if (counted := _counted(stage)) < ASKED:
        raise StepFailed(f"{counted} pages were counted, and {ASKED} asked for")


def _runs_anew(stage: Stage, outcome: str) -> None:
    """The second version runs, as the last play's outcome, with all units, and has counted next to nothing."""
    core, version = stage.core, stage.versions.versions[SECOND_CORE]
    core.run("systemctl", "is-active", *CORE_UNITS, "yizhan-exporter.service")
    said = rollout_facts(core)
    if running_version(core) != version or (said["version"], said["outcome"]) != (version, outcome):
        raise StepFailed(f"the core runs {running_version(core)}, and says {said}")
    if (counted := _counted(stage)) >= ASKED:
        raise StepFailed(f"{counted} pages were counted by a version that has just been started")


def _counted(stage: Stage) -> int:
    """How many pages the processes have counted together."""
    return int(float(stage.core.shell(COUNTED)))
