"""Grafana's dashboards: current, the same when read back, and asking only for what the exporter has."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.dashboards.__main__ import ALL, HERE, files
from monitoring.exporter.metrics import HISTOGRAM, METRICS

#: What Prometheus adds to every series it scrapes.
SCRAPED = {"job", "instance"}
SAMPLES = {
    sample: set(metric.labels) | SCRAPED | ({"le"} if metric.type == HISTOGRAM else set())
    for name, metric in METRICS.items()
    for sample in metric.samples_of(name)
}
DASHBOARDS = sorted(HERE.glob("*.json"))


def expressions(value: Any) -> list[str]:
    """Every PromQL expression of a dashboard, wherever it stands."""
    if isinstance(value, dict):
        own = [value["expr"]] if isinstance(value.get("expr"), str) else []
        return own + [one for inner in value.values() for one in expressions(inner)]
    return [one for inner in value for one in expressions(inner)] if isinstance(value, list) else []


def expanded(expression: str) -> str:
    """As Grafana sends it: variables replaced."""
    return re.sub(r"\$\{?\w+\}?", ".*", expression.replace("$__rate_interval", "5m"))


def test_the_files_are_what_the_code_makes_and_no_others_lie_beside_them():
    wanted = files()
    assert sorted(wanted) == DASHBOARDS
    stale = [path.name for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, f"{stale}: run python -m monitoring.dashboards"


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_expression_asks_for_metrics_and_labels_that_exist(path: Path):
    found = expressions(json.loads(path.read_text(encoding="utf-8")))
    assert len(found) >= 8
    for expression in found:
        names = set(re.findall(r"\byizhan_\w+", expression))
        assert names, expression
        assert names <= SAMPLES.keys(), f"{names - SAMPLES.keys()} in {expression}"
        known = set.union(*(SAMPLES[name] for name in names))
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
        asked |= grouped(expression)
        assert asked <= known, f"{asked - known} in {expression}"


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_legend_names_labels_the_series_have(path: Path):
    for target in targets(json.loads(path.read_text(encoding="utf-8"))):
        for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            kept = {
                one.strip() for group in re.findall(r"\bby \(([^)]*)\)", target["expr"]) for one in group.split(",")
            }
            names = re.findall(r"\byizhan_\w+", target["expr"])
            assert label in (kept or set.union(*(SAMPLES[name] for name in names))), target["expr"]


def grouped(expression: str) -> set[str]:
    """The labels series are summed by."""
    return {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(",")}


def targets(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if "expr" in value and "legendFormat" in value else []
        return own + [one for inner in value.values() for one in targets(inner)]
    return [one for inner in value for one in targets(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_each_picture_has_its_own_place_and_a_title(path: Path):
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    assert dashboard["uid"] == f"yizhan-{path.stem}" and path.stem in ALL
    titles = [panel["title"] for panel in dashboard["panels"]]
    assert all(titles)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
    assert len(places) == len(set(places))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_prometheus_accepts_every_expression(tmp_path):
    found = [one for path in DASHBOARDS for one in expressions(json.loads(path.read_text(encoding="utf-8")))]
    rules = [{"record": f"dashboard:e{n}", "expr": expanded(one)} for n, one in enumerate(found)]
    file = tmp_path / "dashboards.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(found)} rules found" in done.stdout
