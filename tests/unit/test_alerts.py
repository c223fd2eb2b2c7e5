"""Every alert has one sentence, one runbook, one test by promtool, and asks only for what is measured."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core import settings_base
from core.counter.wording import HELD
from core.county.watch.instruments import HTTP_BUCKETS, LAG_BUCKETS
from monitoring import render
from monitoring.exporter.metrics import HISTOGRAM, METRICS
from monitoring.thresholds import ALL, THRESHOLDS, UnknownThreshold, thresholds_with
from tests.alert_rules import (
    MONITORING,
    OTHERS,
    ROOT,
    RUNBOOKS,
    Rule,
    alerts,
    groupings_in,
    kebab,
    metrics_in,
    rules,
    selectors_in,
    tool,
)

ALERTS = alerts()
NAMES = sorted({one.alert for one in ALERTS})
TESTS = sorted((MONITORING / "tests").glob("*.yml"))
RECORDED = {str(one.given["record"]) for one in rules() if "record" in one.given}
#: Name as Prometheus stores it -> labels.
STORED = OTHERS | {
    stored: {*metric.labels, "job", "instance", *({"le"} if metric.type == HISTOGRAM else ())}
    for name, metric in METRICS.items()
    for stored in metric.samples_of(name)
}


def commands() -> set[str]:
    """Every command of manage.py there is."""
    return {path.stem for app in ("core", "edge_node", "tenants", "monitoring")
            for path in (ROOT / app).rglob("management/commands/[a-z]*.py")}  # fmt: skip


def expectations(alert: str) -> list[tuple[int, list[dict[str, Any]]]]:
    """(place in time within its test, what is expected) for each look at the alert."""
    looks = []
    for path in TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            mine = [look for look in test["alert_rule_test"] if look["alertname"] == alert]
            looks += [(index, look.get("exp_alerts") or []) for index, look in enumerate(mine)]
    return looks


def test_the_rendered_rules_are_those_of_the_sources_and_thresholds() -> None:
    wanted = render.files(THRESHOLDS)
    there = {f"{kind}/{path.name}": path.read_text() for kind in render.KINDS for path in (MONITORING / kind).iterdir()}
    assert there == wanted, "run python -m monitoring.render"


def test_promtool_accepts_every_rule() -> None:
    files = [MONITORING / name for name in render.files(THRESHOLDS)]
    assert tool("promtool", "check", "rules", *files).count("SUCCESS") == len(files)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_promtool_sees_every_alert_fire_and_end_with_its_words(path: Path) -> None:
    assert "SUCCESS" in tool("promtool", "test", "rules", path)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.alert or rule.given["record"])
def test_a_rule_asks_only_for_series_and_labels_that_exist(rule: Rule) -> None:
    asked = metrics_in(rule.expr)
    assert asked or rule.alert == "Watchdog"
    assert asked <= STORED.keys() | RECORDED
    for name, labels in selectors_in(rule.expr):
        if name in STORED:
            assert labels <= STORED[name], name
    assert groupings_in(rule.expr) <= set().union(*STORED.values())


def test_what_templates_ask_for_exists_as_well() -> None:
    summaries = " ".join(one.given["annotations"]["summary"] for one in ALERTS)
    queries = " ".join(re.findall(r'query \(printf "([^"]*)"', summaries))
    asked = set(re.findall(r"yizhan[_:]\w+", queries))
    assert asked == {"yizhan_node_waiting_cases", "yizhan:town_villages_waiting_cases"}
    assert asked <= STORED.keys() | RECORDED


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.alert)
def test_an_alert_says_one_chinese_sentence_its_severity_and_its_runbook(rule: Rule) -> None:
    given = rule.given
    assert given["annotations"].keys() == {"summary", "runbook"}
    assert re.search(r"[\u4e00-\u9fff]{4}", given["annotations"]["summary"])
    assert "\n" not in given["annotations"]["summary"]
    assert "。" not in given["annotations"]["summary"]
    assert given["labels"]["severity"] in {"critical", "warning", "info"}
    assert given["labels"]["about"] in {"node", "county", "machine", "watch"}
    assert given["annotations"]["runbook"] == f"docs/runbooks/{kebab(rule.alert)}.md"


@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_is_seen_silent_before_and_after_it_fires(alert: str) -> None:
    looks = expectations(alert)
    assert any(found for _, found in looks)
    if alert != "Watchdog":
        assert any(not found for index, found in looks if index == 0)
        assert any(not found for index, found in looks if index > 0)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == {kebab(name) for name in NAMES}
    listed = re.findall(r"^\| \[(\w+)\]\(([\w-]+)\.md\) \| ([\w, ]+) \|", (RUNBOOKS / "README.md").read_text(), re.M)
    severities = {name: [one.given["labels"]["severity"] for one in ALERTS if one.alert == name] for name in NAMES}
    assert sorted(listed) == [(name, kebab(name), ", ".join(severities[name])) for name in NAMES]


@pytest.mark.parametrize("alert", NAMES)
def test_a_runbook_says_what_it_means_and_names_only_commands_that_exist(alert: str) -> None:
    text = (RUNBOOKS / f"{kebab(alert)}.md").read_text()
    assert text.startswith(f"# {alert}\n")
    for part in ("## What it means", "## Look", "## Do", "## It ends", "## Tried"):
        assert part in text, part
    named = set(re.findall(r"(?:manage\.py|yizhan-core|yizhan-manage) ([a-z_]+)", text))
    assert named <= commands()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (RUNBOOKS / link).exists(), link


@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_was_caused_for_real_by_the_test_its_runbook_names(alert: str) -> None:
    tried = (RUNBOOKS / f"{kebab(alert)}.md").read_text().partition("## Tried")[2]
    named = re.findall(r"`(tests/(?:acceptance|rollout)/[\w/]+\.py)`", tried)
    assert any(f'"{alert}"' in (ROOT / path).read_text() for path in named), named


def test_every_threshold_is_used_and_named_in_no_second_place() -> None:
    text = "".join(path.read_text() for path in render.SOURCES.rglob("*.yml"))
    assert {one.name for one in ALL if f"<<{one.name}" not in text} == set()
    assert len(THRESHOLDS) == len(ALL)


def test_thresholds_agree_with_the_program_and_its_buckets() -> None:
    assert THRESHOLDS["disk_floor"].value == settings_base.DISK_FLOOR_BYTES
    assert THRESHOLDS["counter_target"].value in HTTP_BUCKETS
    assert THRESHOLDS["ingest_lag_target"].value in LAG_BUCKETS
    # Else a gap of the figures would end an alert before ExporterDown can keep its end from being told.
    assert THRESHOLDS["hold"].value > THRESHOLDS["short_grace"].value + 60


def test_a_threshold_reads_as_prometheus_and_as_people_write_it() -> None:
    shown = {name: (str(THRESHOLDS[name]), THRESHOLDS[name].duration, THRESHOLDS[name].words)
             for name in ("alone", "silent_with_due", "backup_age")}  # fmt: skip
    assert shown == {
        "alone": ("259200", "3d", "3 天"),
        "silent_with_due": ("72000", "20h", "20 小时"),
        "backup_age": ("108000", "30h", "30 小时"),
    }
    assert (THRESHOLDS["disk_floor"].words, THRESHOLDS["battery_low"].words) == ("210 MB", "20%")


def test_other_thresholds_are_other_rules_and_other_words() -> None:
    text = render.files(thresholds_with({"alone": 20, "grace": 0}))["alerts/nodes.yml"]
    assert "floor((yizhan:node_silence_seconds > 20) / 1)" in text
    assert '已失联 {{ printf "%.0f" $value }} 秒，最后得知时' in text
    assert "for: 0s" in text
    with pytest.raises(UnknownThreshold, match="alonely"):
        thresholds_with({"alonely": 1})
    with pytest.raises(UnknownThreshold, match="nothing"):
        render.rendered("<<nothing>>", THRESHOLDS)


def test_every_reason_a_stream_can_be_held_for_has_words() -> None:
    assert render.HELD_WORDS.keys() == HELD.keys() - {"gap"}
