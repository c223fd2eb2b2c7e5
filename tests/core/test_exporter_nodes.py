"""Figures of machines: what they said, as far as it is true now, and nothing that is not."""

from datetime import timedelta

import pytest

from monitoring.exporter.metrics import KEPT_OF_A_SILENT_NODE, NODES
from monitoring.exporter.moment import Across
from monitoring.exporter.nodes import nodes_collect
from tests.core.exporting import MOMENT, NOW, NOW_MS, PARENT, SOON, TOWN, VILLAGE, node_make, samples, status, value

pytestmark = pytest.mark.django_db
#: The core has read the village's stream up to number 20, and knows of one case there that is due soon.
BEHIND = Across(applied={(VILLAGE, 1): 20}, due_soon={VILLAGE: 1})
READ_ALL = Across(applied={(VILLAGE, 1): 30})


def figures(across: Across | None = BEHIND) -> dict[str, float]:
    """The village's samples by name."""
    found = samples(nodes_collect(MOMENT, across))
    return {name: got for name in found if (got := value(found, name, node=VILLAGE)) is not None}


def test_a_node_in_contact_says_everything_it_said(tenant):
    node_make(said=status())
    assert figures() == {
        "yizhan_node_info": 1,
        "yizhan_node_last_contact_timestamp_seconds": NOW.timestamp() - 50,
        "yizhan_node_status_timestamp_seconds": NOW.timestamp() - 60,
        "yizhan_node_waiting_entries": 5,
        "yizhan_node_oldest_waiting_seconds": 100,
        "yizhan_node_waiting_cases": 2,
        "yizhan_node_waiting_cases_due_soon": 1,
        "yizhan_node_held_cases_due_soon": 1,
        "yizhan_node_open_cases": 9,
        "yizhan_node_release": 7,
        "yizhan_node_disk_free_bytes": 2e9,
        "yizhan_node_disk_size_bytes": 8e9,
        "yizhan_node_clock_offset_seconds": -1.5,
        "yizhan_node_battery_ratio": 0.8,
        "yizhan_node_sync_completion_ratio": 0.5,
        "yizhan_node_hop_last_contact_timestamp_seconds": NOW.timestamp() - 90,
        "yizhan_node_health": 0,
        "yizhan_node_held_streams": 1,
        "yizhan_node_rollout_outcome": 1,
        "yizhan_node_rollout_timestamp_seconds": NOW.timestamp() - 3600,
    }
    assert set(figures()) == set(NODES)


def test_labels_name_the_place_and_its_town(tenant):
    node_make(said=status())
    found = samples(nodes_collect(MOMENT, BEHIND))
    assert [dict(labels) for labels in found["yizhan_node_info"]] == [{
        "node": VILLAGE, "name": "赤湖村便民服务站", "tenant": TOWN, "tenant_name": "易俗河镇", "level": "village",
        "parent": "core", "version": "0.1.0+g3f8e10e",
    }]  # fmt: skip
    assert value(found, "yizhan_node_rollout_outcome", outcome="done", tenant=TOWN, level="village") == 1
    assert value(found, "yizhan_node_hop_last_contact_timestamp_seconds", peer="core") == NOW.timestamp() - 90


def test_a_silent_node_is_silent_and_not_zero(tenant):
    node_make(said=status(made_at_ms=NOW_MS - 901_000), silent=timedelta(seconds=901))
    found = figures()
    assert set(found) == KEPT_OF_A_SILENT_NODE
    assert found["yizhan_node_waiting_cases"] == 2
    assert found["yizhan_node_last_contact_timestamp_seconds"] == NOW.timestamp() - 901


def test_how_long_silence_is_allowed_to_be_is_a_setting(tenant, settings):
    settings.NODE_STALE_SECONDS = 30
    node_make(said=status())
    assert set(figures()) == KEPT_OF_A_SILENT_NODE


def test_a_status_that_was_days_under_way_tells_no_figures_of_today(tenant):
    node_make(said=status(made_at_ms=NOW_MS - 3 * 86_400_000))
    found = figures()
    assert set(found) == KEPT_OF_A_SILENT_NODE
    assert found["yizhan_node_last_contact_timestamp_seconds"] == NOW.timestamp() - 50


def test_a_clock_the_county_knows_to_be_an_hour_slow_makes_no_node_silent(tenant):
    node_make(said=status(made_at_ms=NOW_MS - 3_660_000, clock_offset_ms=3_600_000))
    assert set(figures()) == set(NODES)


def test_a_node_that_never_said_anything_has_a_name_and_the_time_it_was_admitted(tenant):
    node_make()
    assert figures() == {
        "yizhan_node_info": 1,
        "yizhan_node_last_contact_timestamp_seconds": (NOW - timedelta(days=90)).timestamp(),
        "yizhan_node_held_cases_due_soon": 1,
    }


def test_a_revoked_node_is_no_node(tenant):
    node = node_make(said=status())
    node.revoked_at = NOW
    node.save()
    assert samples(nodes_collect(MOMENT, BEHIND)) == {}


def test_nothing_waits_as_soon_as_the_county_has_read_all_that_was_sealed(tenant):
    node_make(said=status())
    found = figures(READ_ALL)
    names = ("waiting_entries", "oldest_waiting_seconds", "waiting_cases", "waiting_cases_due_soon")
    assert [found[f"yizhan_node_{name}"] for name in names] == [0, 0, 0, 0]
    assert found["yizhan_node_held_cases_due_soon"] == 0


def test_what_arrives_from_a_silent_node_in_a_couriers_bag_is_no_longer_missing(tenant):
    node_make(said=status(), silent=timedelta(days=3))
    assert figures(READ_ALL)["yizhan_node_waiting_cases_due_soon"] == 0
    assert figures(BEHIND)["yizhan_node_waiting_cases_due_soon"] == 1


def test_an_earlier_stream_of_the_node_brought_nothing_of_this_one(tenant):
    node_make(said=status())
    assert figures(Across(applied={(VILLAGE, 0): 500}))["yizhan_node_waiting_cases"] == 2


def test_an_older_version_that_does_not_say_what_it_sealed_is_taken_at_its_word(tenant):
    said = status()
    del said["up_seq"]
    node_make(said=said)
    assert figures(READ_ALL)["yizhan_node_waiting_cases"] == 2


def test_without_the_tenants_figures_nothing_is_said_of_what_waits(tenant):
    node_make(said=status())
    missing = {
        f"yizhan_node_{name}"
        for name in (
            "waiting_entries",
            "oldest_waiting_seconds",
            "waiting_cases",
            "waiting_cases_due_soon",
            "held_cases_due_soon",
        )
    }
    assert set(NODES) - set(figures(None)) == missing


@pytest.mark.parametrize(("days", "cases"), [(-400, 1), (0, 1), (1, 0)])
def test_due_soon_is_overdue_or_within_two_working_days(tenant, days, cases):
    node_make(said=status(waiting_due=[[SOON.toordinal() + days, 1]]))
    assert figures()["yizhan_node_waiting_cases_due_soon"] == cases


@pytest.mark.parametrize(
    ("field", "wrong", "metric"),
    [
        ("disk_free", -1, "disk_free_bytes"),
        ("disk_free", 1 << 70, "disk_free_bytes"),
        ("battery_percent", 101, "battery_ratio"),
        ("battery_percent", True, "battery_ratio"),
        ("completion_percent", None, "sync_completion_ratio"),
        ("clock_offset_ms", 1 << 60, "clock_offset_seconds"),
        ("release", "7", "release"),
        ("open_cases", 1.5, "open_cases"),
        ("waiting_cases", -3, "waiting_cases"),
        ("waiting_due", "soon", "waiting_cases_due_soon"),
        ("held", None, "held_streams"),
        ("rollout_at_ms", 5, "rollout_timestamp_seconds"),
        ("made_at_ms", 1 << 62, "status_timestamp_seconds"),
    ],
)
def test_a_number_out_of_range_is_left_out(tenant, field, wrong, metric):
    node_make(said=status(**{field: wrong}))
    assert f"yizhan_node_{metric}" not in figures()


def test_a_hostile_due_list_counts_what_is_well_formed_in_it(tenant):
    day = SOON.toordinal()
    due = [[day, 1], [day], "x", [day, -5], [day, 1 << 80], [-3, 1], [None, 1], [day, True], [day, 2, 3]]
    node_make(said=status(waiting_due=due))
    assert figures()["yizhan_node_waiting_cases_due_soon"] == 1


def test_labels_are_bounded_whatever_a_machine_says(tenant):
    node_make(name='名"\\\n' + "长" * 90, said=status(
        version="1.0 <script>", rollout_outcome="won the lottery",
        contacts=[["core", NOW_MS], ["core", NOW_MS], ["evil\n", NOW_MS], [PARENT, NOW_MS], ["core"], 7],
    ))  # fmt: skip
    found = samples(nodes_collect(MOMENT, BEHIND))
    ((labels, _),) = found["yizhan_node_info"].items()
    assert dict(labels)["version"] == "unknown"
    assert dict(labels)["name"] == '名"\\\n' + "长" * 76
    assert value(found, "yizhan_node_rollout_outcome", outcome="unknown") == 1
    # One hop: a name nobody knows is none, and one that is named twice is one.
    assert len(found["yizhan_node_hop_last_contact_timestamp_seconds"]) == 1


def test_the_number_of_statements_does_not_grow_with_the_nodes(tenant, django_assert_num_queries):
    for number in range(3):
        node_make(f"43032110{number:04d}-01", status())
    with django_assert_num_queries(3):
        nodes_collect(MOMENT, BEHIND)
