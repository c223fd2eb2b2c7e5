"""The carrier by plain copying behaves as the one over Syncthing where an agent can tell."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.transport import spool
from core.transport.copying import CopyCarrier, cut_set
from core.transport.syncthing import Folder, Peer

UP = "up-430321100201-01"
SEGMENT = "core/000001-000500.seg"
VILLAGE, CORE = Peer("VILLAGE", "village"), Peer("CORE", "core")


class Exchange:
    """A village that writes and a core that reads, first hints taken."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "exchange"
        self.written, self.read = root / "village" / UP, root / "core" / UP
        self.village = CopyCarrier(self.directory, VILLAGE.device_id)
        self.core = CopyCarrier(self.directory, CORE.device_id)
        self.village.apply([CORE], [Folder(UP, self.written, "sendonly", (CORE.device_id,))])
        self.core.apply([VILLAGE], [Folder(UP, self.read, "receiveonly", (VILLAGE.device_id,))])
        self.core.wait(0)

    def publish(self, name: str, data: bytes) -> None:
        spool.file_publish(self.written, name, data)
        self.village.announce(UP, name)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    made = Exchange(tmp_path)
    yield made
    made.village.close()
    made.core.close()


def test_an_announced_file_arrives_and_its_folder_is_named_once(exchange: Exchange) -> None:
    exchange.publish(SEGMENT, b"sealed")
    assert exchange.core.wait(10) == {UP}
    assert (exchange.read / SEGMENT).read_bytes() == b"sealed"
    assert exchange.core.wait(0) == set()


def test_a_waiting_reader_is_woken_by_an_arrival(exchange: Exchange) -> None:
    woken: list[set[str]] = []
    reader = threading.Thread(target=lambda: woken.append(exchange.core.wait(60)))
    reader.start()
    exchange.publish(SEGMENT, b"sealed")
    reader.join(10)
    assert woken == [{UP}]


def test_the_first_call_names_every_folder(exchange: Exchange) -> None:
    assert exchange.village.wait(60) == {UP}
    assert exchange.village.wait(0) == set()


def test_a_replaced_file_arrives_in_its_new_version(exchange: Exchange) -> None:
    for version in (b"acks 1", b"acks 2"):
        spool.file_replace(exchange.written, "acks", version)
        exchange.village.announce(UP, "acks")
        assert exchange.core.wait(10) == {UP}
        assert (exchange.read / "acks").read_bytes() == version


def test_what_was_published_without_announcing_goes_at_the_next_look(exchange: Exchange) -> None:
    spool.file_publish(exchange.written, SEGMENT, b"sealed")
    exchange.village.wait(0)
    assert exchange.core.wait(10) == {UP}


def test_a_file_removed_by_its_author_stays_in_the_readers_trash_can(exchange: Exchange) -> None:
    exchange.publish(SEGMENT, b"sealed")
    exchange.core.wait(10)
    spool.file_remove(exchange.written, SEGMENT)
    exchange.village.announce(UP, SEGMENT)
    assert exchange.core.wait(10) == {UP}
    assert spool.names_below(exchange.read) == []
    assert (exchange.read / ".stversions" / SEGMENT).read_bytes() == b"sealed"


def test_a_lost_exchange_deletes_nothing_at_the_reader(exchange: Exchange) -> None:
    exchange.publish(SEGMENT, b"sealed")
    exchange.core.wait(10)
    (exchange.directory / "folders").rename(exchange.directory / "lost")
    assert exchange.core.wait(0) == set()
    assert (exchange.read / SEGMENT).read_bytes() == b"sealed"


def test_a_cut_node_neither_sends_nor_receives_and_catches_up_afterwards(exchange: Exchange) -> None:
    assert exchange.village.connected() == {"CORE"}
    cut_set(exchange.directory, VILLAGE.device_id, cut=True)
    exchange.publish(SEGMENT, b"made offline")
    exchange.village.wait(0)
    assert exchange.core.wait(0) == set()
    assert exchange.village.connected() == set()
    assert exchange.core.connected() == set()
    cut_set(exchange.directory, VILLAGE.device_id, cut=False)
    exchange.village.wait(0)
    assert exchange.core.wait(10) == {UP}
    assert (exchange.read / SEGMENT).read_bytes() == b"made offline"


def test_a_cut_reader_catches_up_afterwards(exchange: Exchange) -> None:
    cut_set(exchange.directory, CORE.device_id, cut=True)
    exchange.publish(SEGMENT, b"sealed")
    assert exchange.core.wait(0) == set()
    cut_set(exchange.directory, CORE.device_id, cut=False)
    assert exchange.core.wait(10) == {UP}


def test_a_process_that_ended_is_not_connected(exchange: Exchange) -> None:
    exchange.village.close()
    assert exchange.core.connected() == set()


def test_applying_the_same_again_changes_nothing(exchange: Exchange) -> None:
    same = Folder(UP, exchange.read, "receiveonly", (VILLAGE.device_id,))
    assert exchange.core.apply([VILLAGE], [same]) is False
    assert exchange.core.apply([], [same]) is True
