"""Who shares which folder with whom, as cards change."""

from pathlib import Path

from msgspec.structs import replace

from core.domain.journal.format import NodeCard
from core.exchange.folders import Plan, plan_for_core, plan_for_node
from tests.enrolling import OTHER, TOWN, VILLAGE, card, keys_new

BASE = Path("/folders")


def node(name: str, **more: object) -> NodeCard:
    level = "town" if name == TOWN else "village"
    return card(name, keys_new(), device_id=f"device-{name}", level=level, **more)


def shares(plan: Plan, folder: str) -> set[str]:
    found = next((one for one in plan.folders if one.id == folder), None)
    return set(found.devices) if found else set()


def test_the_core_shares_a_villages_folders_with_its_town_alone():
    plan = plan_for_core([node(TOWN), node(VILLAGE, parent=TOWN)], BASE)
    assert shares(plan, f"down-{VILLAGE}") == shares(plan, f"up-{VILLAGE}") == {f"device-{TOWN}"}
    assert [peer.name for peer in plan.peers] == [TOWN]


def test_a_village_that_has_not_heard_of_its_town_keeps_its_own_link_beside():
    plan = plan_for_core([node(TOWN), node(VILLAGE, parent=TOWN)], BASE, untold={VILLAGE})
    assert shares(plan, f"down-{VILLAGE}") == {f"device-{TOWN}", f"device-{VILLAGE}"}
    assert {peer.name for peer in plan.peers} == {TOWN, VILLAGE}


def test_villages_of_a_revoked_town_are_reached_through_it_until_they_have_heard():
    town = replace(node(TOWN), revoked=True)
    plan = plan_for_core([town, node(VILLAGE), node(OTHER)], BASE, untold={TOWN, VILLAGE})
    assert shares(plan, f"down-{VILLAGE}") == {f"device-{TOWN}", f"device-{VILLAGE}"}
    assert shares(plan, f"down-{OTHER}") == {f"device-{OTHER}"}
    assert shares(plan, f"down-{TOWN}") == {f"device-{TOWN}"}


def test_a_revoked_node_that_has_heard_of_it_is_shared_nothing():
    plan = plan_for_core([replace(node(VILLAGE), revoked=True)], BASE)
    assert plan.writes == plan.reads == {}
    assert shares(plan, "catalogue") == set()


def test_a_town_relays_for_a_revoked_village_and_reads_nothing_of_it():
    town, core = node(TOWN), card("core", keys_new(), device_id="device-core", level="county", parent="")
    gone = replace(node(VILLAGE, parent=TOWN), revoked=True)
    plan = plan_for_node(town, [core, node(OTHER, parent=TOWN)], BASE, leaving=[gone])
    assert shares(plan, f"down-{VILLAGE}") == shares(plan, f"up-{VILLAGE}") == {f"device-{VILLAGE}", "device-core"}
    assert shares(plan, f"side-{VILLAGE}") == shares(plan, f"town-{VILLAGE}") == set()
    assert VILLAGE not in plan.writes and VILLAGE not in plan.reads
    assert shares(plan, f"catalogue-{TOWN}") == {f"device-{OTHER}"}
    assert f"device-{VILLAGE}" in {peer.device_id for peer in plan.peers}
    assert f"down-{VILLAGE}" not in {one.id for one in plan_for_node(town, [core], BASE).folders}


def test_bundles_go_the_catalogues_way_and_wait_shut_until_a_village_fetches_them():
    town, village = node(TOWN), node(VILLAGE, parent=TOWN)
    core = card("core", keys_new(), device_id="device-core", level="county", parent="")
    assert shares(plan_for_core([town, village], BASE), "rollout") == {f"device-{TOWN}"}
    of_town = plan_for_node(town, [core, village], BASE)
    assert shares(of_town, "rollout") == {"device-core"}
    assert shares(of_town, f"rollout-{TOWN}") == {f"device-{VILLAGE}"}
    of_village = plan_for_node(village, [core, town], BASE)
    assert (of_village.rollout_in, of_village.rollout_out) == (f"rollout-{TOWN}", "")
    assert [one.id for one in (*of_town.folders, *of_village.folders) if one.bulky] == ["rollout", f"rollout-{TOWN}"]
    # A town has to have them for its villages.
    assert [one.id for one in (*of_town.folders, *of_village.folders) if one.shut] == [f"rollout-{TOWN}"]
    assert [one.id for one in plan_for_node(town, [core], BASE).folders if one.shut] == ["rollout"]
