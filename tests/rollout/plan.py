"""The steps in their order, what each needs in the checkout, and the run that times them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tools.bootstrap import ROOT

from .stage import Stage
from .steps import alarms, backup, cases, county, install, lost, meeting, pull, renew, upgrade


@dataclass(frozen=True)
class Step:
    """`run` proves what `says` says, or raises. `needs` are files of the checkout without which it cannot be tried."""

    name: str
    says: str
    run: Callable[[Stage], None]
    needs: tuple[str, ...] = ()
    short: bool = False


@dataclass
class Result:
    step: Step
    seconds: float = 0.0
    error: Exception | None = None
    missing: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        return "FAILED" if self.error else f"not tried: no {', '.join(self.missing)}" if self.missing else "ok"


BOTH: Final = ("ansible/core.yml", "ansible/edge.yml")

STEPS: Final = (
    Step("bundles", "bundles for the core and for nodes", install.bundles, short=True),
    Step("boot", "bare hosts boot", install.boot, short=True),
    Step("core", "the core is installed from bare", install.core, needs=("ansible/core.yml",)),
    Step("county", "catalogue, halls and people stand", county.county, needs=BOTH),
    Step("meet", "first contact: keys pinned, the registry names the fleet", meeting.meet, needs=BOTH),
    Step("nodes", "the nodes are installed from bare, offline", install.nodes, needs=("ansible/edge.yml",), short=True),
    Step("again", "a second run changes nothing", install.again, needs=("ansible/edge.yml",), short=True),
    Step("check", "--check --diff would change nothing either", install.checked, needs=("ansible/edge.yml",)),
    Step("enrol", "the machines become nodes and hear of the county", county.enrol, needs=BOTH),
    Step("cases", "a case goes each way, over Syncthing", cases.cases, needs=BOTH),
    Step("doctor", "a support bundle names nobody", meeting.doctor, needs=BOTH),
    Step("unreadable", "a node begins anew whose database cannot be read", lost.unreadable, needs=BOTH),
    Step("lost", "another machine takes the place of a lost one", lost.lost, needs=BOTH),
    Step("renew", "another version on the core, which counts anew", renew.renew, needs=BOTH),
    Step("unfit", "a version that does not start is put back on the core", renew.put_back, needs=BOTH),
    Step("upgrade", "a signed version by the train, the canary first", upgrade.upgrade, needs=BOTH),
    Step("broken", "a broken version is stopped at the canary and put back", upgrade.broken, needs=BOTH),
    Step("power", "the power fails in the middle of an upgrade", upgrade.power_cut, needs=BOTH),
    Step("line", "the line fails in the middle of an upgrade", upgrade.link_cut, needs=BOTH),
    Step("pull", "a machine without SSH takes the version ordered", pull.pull, needs=BOTH),
    Step("alarms", "services, disk and backups raise their alarm", alarms.alarms, needs=BOTH),
    Step("backup", "a core that lost everything is restored", backup.backup, needs=BOTH),
)  # fmt: skip


def chosen(*, short: bool, only: str) -> list[Step]:
    """The steps to run. `only`: names with commas; what those need has to be among them."""
    names = only.split(",") if only else [step.name for step in STEPS if step.short or not short]
    if unknown := set(names) - {step.name for step in STEPS}:
        raise SystemExit(f"There is no step {', '.join(sorted(unknown))}: {', '.join(step.name for step in STEPS)}")
    return [step for step in STEPS if step.name in names]


def run(stage: Stage, steps: Sequence[Step], told: Callable[[Result], None]) -> list[Result]:
    """Each step in turn, `told` after each; the first failure ends the run, for the later ones build on it."""
    results = []
    for step in steps:
        result = Result(step, missing=[path for path in step.needs if not (ROOT / path).exists()])
        started = time.monotonic()
        if not result.missing:
            try:
                step.run(stage)
            except Exception as error:
                result.error = error
        result.seconds = time.monotonic() - started
        results.append(result)
        told(result)
        if result.error:
            break
    return results
