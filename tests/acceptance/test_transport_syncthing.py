"""The carrier over real Syncthing processes: what sync.md relies on, seen to hold."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.transport import spool
from core.transport.process import SyncthingProcess
from core.transport.syncthing import Arrivals, Folder, SyncthingClient, SyncthingError, SyncthingUnreachable
from edge_node.fetching import fetch
from tests.acceptance.syncthing_lab import LabNode, SyncthingLab, free_port, syncthing_missing

pytestmark = pytest.mark.skipif(syncthing_missing(), reason="Syncthing is not installed")

UP = "up-430321100201-01"
SEGMENT = "core/000001-000500.seg"

Pair = tuple[LabNode, LabNode]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A village that writes and a core that reads; nothing in the folder yet, first hints taken."""
    with SyncthingLab("village", "core") as (village, core):
        # Parents first, as at enrolment: who is not expected yet is turned away.
        core.carrier.apply([village.caller()], [core.folder(UP, "receiveonly", village)])
        village.carrier.apply([core.peer()], [village.folder(UP, "sendonly", core)])
        village.await_event("DeviceConnected", lambda: village.carrier.connected() == {core.device_id})
        core.carrier.wait(0)
        yield village, core


def publish(node: LabNode, folder_id: str, name: str, data: bytes) -> None:
    spool.file_publish(node.path(folder_id), name, data)
    node.carrier.announce(folder_id, name)


def test_an_announced_file_arrives_whole_and_is_named_by_an_event(pair: Pair) -> None:
    village, core = pair
    publish(village, UP, SEGMENT, b"sealed" * 100_000)
    assert core.await_file(UP, SEGMENT).read_bytes() == b"sealed" * 100_000
    assert core.carrier.connected() == {village.device_id}
    village.await_event("FolderCompletion", lambda: village.client.completion(UP, core.device_id) == 100)


def test_wait_names_the_folder_that_changed_and_only_it(pair: Pair) -> None:
    village, core = pair
    assert core.carrier.wait(0) == set()
    publish(village, UP, SEGMENT, b"sealed")
    assert core.carrier.wait(60) == {UP}
    assert village.carrier.wait(0) == {UP}  # the first call names every folder
    assert village.carrier.wait(0) == set()  # its own scan is no arrival


def test_a_replaced_file_arrives_in_its_new_version(pair: Pair) -> None:
    village, core = pair
    spool.file_replace(village.path(UP), "acks", b"acks 1")
    village.carrier.announce(UP, "acks")
    arrived = core.await_file(UP, "acks")
    spool.file_replace(village.path(UP), "acks", b"acks 2")
    village.carrier.announce(UP, "acks")
    core.await_that(lambda: arrived.read_bytes() == b"acks 2", what="the second version")


def test_a_temporary_never_travels(pair: Pair) -> None:
    village, core = pair
    (village.path(UP) / ".syncthing.yz-0123.tmp").write_bytes(b"half")
    publish(village, UP, SEGMENT, b"sealed")
    village.carrier.announce(UP)
    core.await_file(UP, SEGMENT)
    assert core.client.folder_status(UP)["globalFiles"] == 1


def test_a_town_carries_from_village_to_core_without_writing() -> None:
    with SyncthingLab("village", "town", "core") as (village, town, core):
        core.carrier.apply([town.caller()], [core.folder(UP, "receiveonly", town)])
        town.carrier.apply([village.caller(), core.peer()], [town.folder(UP, "receiveonly", village, core)])
        village.carrier.apply([town.peer()], [village.folder(UP, "sendonly", town)])
        publish(village, UP, SEGMENT, b"sealed")
        assert core.await_file(UP, SEGMENT).read_bytes() == b"sealed"
        assert town.path(UP).joinpath(SEGMENT).read_bytes() == b"sealed"
        assert village.carrier.connected() == {town.device_id}


def test_a_reader_killed_in_the_middle_goes_on_and_names_every_folder(pair: Pair) -> None:
    village, core = pair
    data = os.urandom(1024 * 1024) * 40
    pid = core.process.pid
    assert pid is not None
    publish(village, UP, "attachments/ab12", data)
    os.kill(pid, signal.SIGKILL)
    arrived = core.await_file(UP, "attachments/ab12")
    assert arrived.read_bytes() == data
    assert core.process.pid not in (None, pid)


def test_a_writer_killed_after_publishing_sends_when_it_is_back(pair: Pair) -> None:
    village, core = pair
    pid = village.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(SyncthingUnreachable):
        for _ in range(1000):
            village.client.ping()
    spool.file_publish(village.path(UP), SEGMENT, b"sealed")
    village.carrier.announce(UP, SEGMENT)
    assert core.await_file(UP, SEGMENT).read_bytes() == b"sealed"


def test_a_restart_of_syncthing_makes_every_folder_suspect(pair: Pair) -> None:
    _, core = pair
    arrivals = Arrivals(core.client)
    assert arrivals.wait(0) == {UP}
    assert arrivals.wait(0) == frozenset()
    core.process.stop()
    with pytest.raises(SyncthingUnreachable):
        arrivals.wait(0)
    core.process.start()
    core.process.wait_ready()
    assert arrivals.wait(0) == {UP}


def test_a_file_removed_by_its_author_stays_in_the_readers_trash_can(pair: Pair) -> None:
    village, core = pair
    publish(village, UP, SEGMENT, b"sealed")
    arrived = core.await_file(UP, SEGMENT)
    spool.file_remove(village.path(UP), SEGMENT)
    village.carrier.announce(UP, SEGMENT)
    core.await_that(lambda: not arrived.exists(), what="removal")
    assert (core.path(UP) / ".stversions" / SEGMENT).read_bytes() == b"sealed"
    assert spool.names_below(core.path(UP)) == []


def test_a_folder_whose_disk_is_gone_deletes_nothing_at_the_reader(pair: Pair) -> None:
    village, core = pair
    publish(village, UP, SEGMENT, b"sealed")
    arrived = core.await_file(UP, SEGMENT)
    village.path(UP).rename(village.root / "unmounted")
    village.path(UP).mkdir()
    village.carrier.apply([core.peer()], [village.folder(UP, "sendonly", core)])
    with pytest.raises(SyncthingError, match="marker"):
        village.carrier.announce(UP)
    assert village.client.folder_status(UP)["state"] == "error"
    assert list(village.path(UP).iterdir()) == []
    assert arrived.read_bytes() == b"sealed"


def test_configuring_the_same_again_puts_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    village, core = pair
    puts: list[dict[str, Any]] = []
    monkeypatch.setattr(SyncthingClient, "config_put", lambda _, config: puts.append(config))
    assert core.carrier.apply([village.caller()], [core.folder(UP, "receiveonly", village)]) is False
    assert village.carrier.apply([core.peer()], [village.folder(UP, "sendonly", core)]) is False
    assert puts == []
    renamed = replace(village.caller(), name="another")
    assert core.carrier.apply([renamed], [core.folder(UP, "receiveonly", village)]) is True
    assert len(puts) == 1


def test_what_is_no_longer_wanted_is_taken_out_and_its_files_stay(pair: Pair) -> None:
    village, core = pair
    publish(village, UP, SEGMENT, b"sealed")
    arrived = core.await_file(UP, SEGMENT)
    assert core.carrier.apply([], []) is True
    assert core.client.folder_ids() == frozenset()
    assert [device["deviceID"] for device in core.client.config()["devices"]] == [core.device_id]
    assert arrived.read_bytes() == b"sealed"


def test_a_cut_node_keeps_its_cut_through_configuring_and_catches_up_afterwards(pair: Pair) -> None:
    village, core = pair
    village.client.device_pause(core.device_id)
    village.await_event("DeviceDisconnected", lambda: village.carrier.connected() == set())
    assert village.carrier.apply([core.peer()], [village.folder(UP, "sendonly", core)]) is False
    publish(village, UP, SEGMENT, b"made offline")
    assert not (core.path(UP) / SEGMENT).exists()
    village.client.device_resume(core.device_id)
    assert core.await_file(UP, SEGMENT).read_bytes() == b"made offline"


def test_a_paused_folder_stands_still(pair: Pair) -> None:
    village, core = pair
    core.client.folder_pause(UP, paused=True)
    publish(village, UP, SEGMENT, b"sealed")
    assert not (core.path(UP) / SEGMENT).exists()
    core.client.folder_pause(UP, paused=False)
    core.await_file(UP, SEGMENT)


BUNDLE = "yizhan-0.2.0+g3f8e10e-bookworm-amd64.tar.zst"


def shared(core: LabNode, village: LabNode, *, shut: bool) -> Folder:
    """The folder of bundles lies between the two, at the reader shut or not."""
    core.carrier.apply([village.caller()], [core.folder("rollout", "sendonly", village)])
    reader = replace(village.folder("rollout", "receiveonly", core), shut=shut, bulky=True)
    village.carrier.apply([core.peer()], [reader])
    return reader


def test_bundles_come_to_a_village_only_while_it_fetches_and_then_no_longer_than_needed(
    pair: Pair, tmp_path: Path
) -> None:
    village, core = pair
    shared(core, village, shut=True)
    publish(core, "rollout", BUNDLE, b"a bundle" * 100_000)
    assert not (village.path("rollout") / BUNDLE).exists()
    arrived = village.path("rollout") / BUNDLE
    done = fetch(
        village.client, "rollout", tmp_path, month="2026-11", budget=0, seconds=60.0, lies=arrived.is_file,
        pause=lambda seconds: village.await_that(arrived.is_file, what="the bundle"),
    )  # fmt: skip
    assert (done.outcome, arrived.read_bytes()) == ("whole", b"a bundle" * 100_000)
    (folder,) = village.client.config()["folders"]
    assert folder["paused"] is True


def test_a_village_that_becomes_a_town_has_the_folder_open_and_keeps_nothing_that_was_withdrawn(pair: Pair) -> None:
    village, core = pair
    shared(core, village, shut=True)
    publish(core, "rollout", BUNDLE, b"a bundle")
    shared(core, village, shut=False)
    arrived = village.await_file("rollout", BUNDLE)
    (folder,) = village.client.config()["folders"]
    assert (folder["paused"], folder["versioning"]["type"]) == (False, "")
    spool.file_remove(core.path("rollout"), BUNDLE)
    core.carrier.announce("rollout", BUNDLE)
    village.await_that(lambda: not arrived.exists(), what="withdrawal")
    assert not (village.path("rollout") / ".stversions").exists()


def test_nothing_talks_to_anybody_it_was_not_told_about(pair: Pair) -> None:
    _, core = pair
    options = core.client.config()["options"]
    assert options["listenAddresses"] == [f"tcp://127.0.0.1:{core.port}"]
    assert [options[name] for name in ("globalAnnounceEnabled", "localAnnounceEnabled", "relaysEnabled")] == [False] * 3
    assert [options[name] for name in ("natEnabled", "crashReportingEnabled", "startBrowser")] == [False] * 3
    assert (options["urAccepted"], options["autoUpgradeIntervalH"]) == (-1, 0)
    assert stat.S_IMODE(Path(core.process.api_address).stat().st_mode) == 0o600
    assert stat.S_IMODE((core.process.home / "config.xml").stat().st_mode) == 0o600


def test_readers_keep_versions_and_no_folder_has_two_writers(pair: Pair) -> None:
    village, core = pair
    (at_core,), (at_village,) = core.client.config()["folders"], village.client.config()["folders"]
    assert (at_core["type"], at_core["versioning"]["type"]) == ("receiveonly", "trashcan")
    assert (at_village["type"], at_village["versioning"]["type"]) == ("sendonly", "")
    assert (at_core["ignorePerms"], at_core["order"], at_core["fsWatcherDelayS"]) == (True, "smallestFirst", 1)
    with pytest.raises(ValueError, match="two writers"):
        Folder(UP, core.path(UP), "sendreceive", ())  # type: ignore[arg-type]


def test_the_device_id_is_known_before_the_first_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = SyncthingProcess(home, api_address="127.0.0.1:1", api_key="k", listen="tcp://127.0.0.1:0")
    device_id = process.device_id
    told = subprocess.run(["syncthing", "--device-id", f"--home={home}"], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == device_id
    assert process.device_id == device_id


def test_the_loopback_port_works_as_well_and_needs_the_key(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    process = SyncthingProcess(tmp_path / "home", api_address=address, api_key="right", listen="tcp://127.0.0.1:0")
    process.start()
    try:
        process.wait_ready()
        assert process.client().device_id() == process.device_id
        with pytest.raises(SyncthingError, match=r"401|403"):
            SyncthingClient(address, "wrong").ping()
    finally:
        process.stop()
    with pytest.raises(SyncthingUnreachable):
        process.client().ping()


def test_a_process_left_over_from_a_killed_parent_is_replaced(tmp_path: Path) -> None:
    arguments = {"api_address": str(tmp_path / "api"), "api_key": "k", "listen": "tcp://127.0.0.1:0"}
    first = SyncthingProcess(tmp_path / "home", **arguments)
    second = SyncthingProcess(tmp_path / "home", **arguments)
    first.start()
    try:
        first.wait_ready()
        left_over = first.pid
        first._ending.set()  # as if the parent were dead: nobody starts the child again
        second.start()
        first.stop()
        second.wait_ready()
        assert second.pid not in (None, left_over)
    finally:
        first.stop()
        second.stop()
