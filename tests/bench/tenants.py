"""`tenants`: one more town at 400, one more column in 400, a department's inbox over 400 and 200,000 cases."""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path

from .frame import REPO_DIR, Options, Row, best, part_run, room
from .sync import COUNTY

TENANTS = 400
CASES = 200_000
PROVISION_S, MIGRATE_S, INBOX_MS = 0.3, 2.0, 20.0
#: The package that stands in for the migrations of `cases`: the real ones, and one column more a run.
PACKAGE = "bench_later_cases"
COLUMN = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "{before}")]
    operations = [migrations.AddField("Case", "{column}", models.CharField(max_length=20, default=""))]
"""


def run(options: Options) -> list[Row]:
    with room("tenants") as place:
        (place / "core").mkdir(mode=0o755)
        env = {"YIZHAN_VAR": str(place / "core"), "DATABASE_URL": "", "PYTHONPATH": str(place)}
        made = part_run("tenants_core.provision", COUNTY, env, tenants=TENANTS).result
        cold = [part_run("tenants_core.provision_cold", COUNTY, env, number=number).result
                for number in range(options.repeat)]  # fmt: skip
        inbox = part_run("tenants_core.inbox", COUNTY, env, cases=options.cases or CASES).result
        migrated = []
        for number in range(options.repeat):
            _column_add(place / PACKAGE, number)
            migrated.append(part_run("tenants_core.migrate", COUNTY, env, package=PACKAGE).result)
    tenants = f"{made['tenants']} tenants"
    cases = f"{inbox['tasks']} tasks in {tenants}, {inbox['department']} of the department"
    page = f"{inbox['statements']} statements, median of {inbox['times']} pages"
    return [
        best("tenants", "provision one more", made["seconds"], "s", target=PROVISION_S,
             note=f"at {tenants}; median {made['median']:.2f} s"),
        Row("tenants", "the same, processor time", made["busy"], "s", note="Python and PostgreSQL"),
        best("tenants", "the same, first of a process", cold, "s", note="collects the migrations' SQL first"),
        best("tenants", "add a column to all", [one["seconds"] for one in migrated], "s", target=MIGRATE_S,
             note=f"cases_case in {migrated[0]['migrated']} schemas"),
        best("tenants", "the same, processor time", [one["busy"] for one in migrated], "s"),
        _median("inbox: the list, by the server", inbox["explained_ms"], cases),
        _median("inbox: the list, asked and fetched", inbox["list_ms"]),
        _median("inbox: all statements of the page", inbox["page_ms"], page),
    ]  # fmt: skip


def _median(figure: str, times: list[float], note: str = "") -> Row:
    """The median counts; the quickest and the slowest stand beside it."""
    spread = (min(times), max(times))
    return Row("tenants", figure, statistics.median(times), "ms", target=INBOX_MS, runs=spread, note=note)


def _column_add(package: Path, number: int) -> None:
    """The next version of `cases` has one migration more."""
    if not package.exists():
        ours = REPO_DIR / "core/domain/cases/migrations"
        shutil.copytree(ours, package, ignore=shutil.ignore_patterns("__pycache__"))
    before = max(path.stem for path in package.glob("[0-9]*.py"))
    text = COLUMN.format(before=before, column=f"bench_{number}")
    (package / f"{9000 + number}_bench_column.py").write_text(text)
