"""Who hears of an alert, as the role writes it for Alertmanager, by Alertmanager's own tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alert_rules import MONITORING, ROLE, alerts, role_file, tool

LETTERS: dict[str, Any] = {
    "core_watch_smtp": {"smarthost": "mail.example:587", "from": "yizhan@example", "username": "u", "password": "p\"'"},
    "core_watch_emails": ["zhihui@example"],
}


def configuration(folder: Path, **given: Any) -> Path:
    """The role's alertmanager.yml with these values, its letters' words beside it."""
    path = folder / "alertmanager.yml"
    path.write_text(role_file("alertmanager.yml.j2", core_watch_etc=str(ROLE / "files"), **given))
    return path


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"core_watch_webhooks": ["http://127.0.0.1:1/a"], "core_watch_critical_webhooks": ["http://127.0.0.1:1/b"]},
        {"core_watch_watchdog_webhook": "http://127.0.0.1:1/alive"},
        LETTERS,
        LETTERS | {"core_watch_critical_emails": ["zhuren@example"], "core_watch_webhooks": ["http://127.0.0.1:1/a"]},
    ],
)
def test_amtool_accepts_what_a_county_may_say(tmp_path: Path, given: dict[str, Any]) -> None:
    said = tool("amtool", "check-config", configuration(tmp_path, **given))
    assert "SUCCESS" in said
    assert "1 templates" in said


def test_critical_ones_go_to_their_own_people_too_and_the_watchdog_elsewhere(tmp_path: Path) -> None:
    path = configuration(tmp_path, core_watch_webhooks=["http://all/"], core_watch_critical_webhooks=["http://night/"],
                         core_watch_watchdog_webhook="http://elsewhere/")  # fmt: skip
    for alert in alerts():
        labels = [f"alertname={alert.alert}", f"severity={alert.given['labels']['severity']}"]
        told = tool("amtool", "config", "routes", "test", f"--config.file={path}", *labels).strip()
        wanted = {"critical": "critical", "warning": "operators", "info": "watchdog"}[alert.given["labels"]["severity"]]
        assert told == wanted, alert.alert
    receivers = {one["name"]: one["webhook_configs"] for one in yaml.safe_load(path.read_text())["receivers"]}
    assert receivers == {
        "operators": [{"url": "http://all/", "send_resolved": True}],
        "critical": [{"url": "http://all/", "send_resolved": True}, {"url": "http://night/", "send_resolved": True}],
        "watchdog": [{"url": "http://elsewhere/", "send_resolved": True}],
    }


def test_what_silences_and_what_is_silenced_exists(tmp_path: Path) -> None:
    known = {one.alert for one in alerts()}
    about = {one.given["labels"]["about"] for one in alerts()}
    for rule in yaml.safe_load(configuration(tmp_path).read_text())["inhibit_rules"]:
        for text in rule["source_matchers"] + rule["target_matchers"]:
            label, _, values = text.replace('"', "").replace("~", "").partition("=")
            if label != "name":
                assert set(values.split("|")) <= {"alertname": known, "about": about}[label]
    # What nothing may silence.
    assert {one.alert for one in alerts() if one.given["labels"]["about"] == "watch"} == {
        "ExporterDown", "MachineExporterDown", "Watchdog",
    }  # fmt: skip


def test_promtool_accepts_what_is_measured(tmp_path: Path) -> None:
    (tmp_path / "yizhan").symlink_to(MONITORING)
    (tmp_path / "rules").mkdir()
    path = tmp_path / "prometheus.yml"
    path.write_text(role_file("prometheus.yml.j2", core_watch_etc=str(tmp_path)))
    assert "SUCCESS" in tool("promtool", "check", "config", path)
    jobs = {one["job_name"] for one in yaml.safe_load(path.read_text())["scrape_configs"]}
    assert jobs == {"prometheus", "alertmanager", "yizhan", "core", "more"}
