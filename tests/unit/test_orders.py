"""The county says which version machines take by themselves, and whose turn it is; nobody else can say it."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from core.domain.journal import chain
from core.exchange.bundles import file_sha256
from core.exchange.orders import (
    MAX_BYTES,
    NAME,
    Order,
    OrderedBundle,
    OrderRefused,
    bundles_relay,
    order_open,
    order_publish,
    order_read,
    order_relay,
    order_wrap,
    orders_look,
)

COUNTY = chain.Signer(chain.ROOT, chain.signing_key_new())
KEY = COUNTY.verify_key
FIRST, TENTH, OTHER = "430321100000-01", "430321100200-01", "430321100201-01"
ORDER = Order(
    serial=7, version="0.2.0", version_made_at="2026-11-22T05:00:00+00:00", ordered_at_ms=1, ring=0,
    rings={FIRST: 0, TENTH: 1},
)  # fmt: skip


def test_a_ring_takes_a_version_when_its_turn_has_come_and_not_before() -> None:
    assert ORDER.waits(FIRST, 5) == ""
    assert ORDER.waits(TENTH, 5) == "0.2.0: the turn of ring 1 has not come"
    assert ORDER.waits(OTHER, 5) == "0.2.0: the turn of ring 2 has not come"
    assert [one for one in (FIRST, TENTH, OTHER) if not replace(ORDER, ring=1).waits(one, 5)] == [FIRST, TENTH]
    assert replace(ORDER, ring=2).waits(OTHER, 5) == ""


def test_a_machine_that_is_named_takes_it_whatever_its_ring_is() -> None:
    named = replace(ORDER, ring=-1, nodes=(OTHER,))
    assert named.waits(OTHER, 5) == ""
    assert named.waits(FIRST, 5) == "0.2.0: the turn of ring 0 has not come"


def test_nobody_takes_a_version_before_its_time_or_after_it_was_withdrawn() -> None:
    later = replace(ORDER, not_before_ms=1_795_424_400_000)
    assert later.waits(FIRST, 1_795_424_399_999) == "0.2.0: not yet, from 2026-11-23T09:00:00+00:00 on"
    assert later.waits(FIRST, 1_795_424_400_000) == ""
    assert replace(ORDER, withdrawn=True, ring=2).waits(FIRST, 5) == "the county has withdrawn 0.2.0"


def test_an_order_of_another_county_or_of_another_kind_is_refused_in_words() -> None:
    data = order_wrap(COUNTY, ORDER)
    assert order_open(data, KEY) == ORDER
    stranger = chain.Signer(chain.ROOT, chain.signing_key_new())
    as_bundle = COUNTY.wrap_bytes(chain.ROLLOUT, msgspec.json.encode(ORDER))
    for forged in (order_wrap(stranger, ORDER), as_bundle, data[:-1] + bytes([data[-1] ^ 1])):
        with pytest.raises(OrderRefused, match=r"the order is not the county's|the order cannot be read"):
            order_open(forged, KEY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ring": 3}, {"serial": 0}, {"version": "0.2.0; rm -rf /"}, {"nodes": ["../../etc"]}, {"format": 2},
        {"bundles": [{"name": "yizhan-../../x.tar.zst", "size": 1, "sha256": "0" * 64}]},
        {"bundles": [{"name": "yizhan-1.tar.zst", "size": 0, "sha256": "0" * 64}]},
    ],
)  # fmt: skip
def test_an_order_with_something_impossible_in_it_is_refused_though_it_is_signed(wrong: dict[str, object]) -> None:
    payload = msgspec.json.encode(msgspec.to_builtins(ORDER) | wrong)
    with pytest.raises(OrderRefused, match="the order cannot be read"):
        order_open(COUNTY.wrap_bytes(chain.ORDER, payload), KEY)


def test_a_field_of_a_later_version_is_passed_over() -> None:
    payload = msgspec.json.encode(msgspec.to_builtins(ORDER) | {"colour": "red"})
    assert order_open(COUNTY.wrap_bytes(chain.ORDER, payload), KEY) == ORDER


def test_an_oversized_order_and_one_that_is_a_link_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / NAME).write_bytes(bytes(MAX_BYTES + 1))
    (tmp_path / "link").mkdir()
    (tmp_path / "elsewhere").write_bytes(order_wrap(COUNTY, ORDER))
    (tmp_path / "link" / NAME).symlink_to(tmp_path / "elsewhere")
    for name in ("big", "link"):
        with pytest.raises(OrderRefused, match="the order cannot be read"):
            order_read(tmp_path / name, KEY)
    found, refused = orders_look([tmp_path / "big", tmp_path / "link", tmp_path / "none"], KEY)
    assert found is None
    assert sorted(refused) == ["big", "link"]


def test_a_forged_order_hides_no_true_one_and_the_newest_counts(tmp_path: Path) -> None:
    for name, order in {"a": ORDER, "b": replace(ORDER, serial=9), "c": replace(ORDER, serial=8)}.items():
        assert order_publish(tmp_path / name, order_wrap(COUNTY, order), KEY)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / NAME).write_bytes(b"\x00" * 10)
    found, refused = orders_look([tmp_path / name for name in "abcd"], KEY)
    assert found is not None and found.serial == 9
    assert list(refused) == ["d"]


def test_an_older_order_never_replaces_a_newer_one(tmp_path: Path) -> None:
    newer = order_wrap(COUNTY, replace(ORDER, serial=9))
    order_publish(tmp_path / "out", newer, KEY)
    assert not order_publish(tmp_path / "out", order_wrap(COUNTY, ORDER), KEY)
    order_publish(tmp_path / "in", order_wrap(COUNTY, ORDER), KEY)
    assert order_relay([tmp_path / "in"], [tmp_path / "out"], KEY) == []
    assert (tmp_path / "out" / NAME).read_bytes() == newer
    assert order_relay([tmp_path / "in", tmp_path / "out"], [tmp_path / "far"], KEY) == [tmp_path / "far"]
    assert (tmp_path / "far" / NAME).read_bytes() == newer


def offered(folder: Path, data: bytes = b"a bundle", version: str = "0.2.0") -> OrderedBundle:
    folder.mkdir(exist_ok=True)
    path = folder / f"yizhan-{version}-bookworm-amd64.tar.zst"
    path.write_bytes(data)
    return OrderedBundle(name=path.name, size=len(data), sha256=file_sha256(path))


def test_a_town_hands_on_what_the_order_names_and_clears_what_it_does_not(tmp_path: Path) -> None:
    source, target = tmp_path / "rollout", tmp_path / "rollout-town"
    old = offered(target, version="0.1.0")
    one = offered(source)
    offered(source, version="6.6.6")
    order = replace(ORDER, bundles=(one,))
    assert bundles_relay(order, [tmp_path / "none", source], target, floor_bytes=0) == [one.name]
    assert [path.name for path in target.iterdir()] == [one.name]
    assert (target / one.name).read_bytes() == b"a bundle"
    assert bundles_relay(order, [source], target, floor_bytes=0) == []
    assert not (target / old.name).exists()
    assert bundles_relay(replace(order, withdrawn=True), [source], target, floor_bytes=0) == []
    assert list(target.iterdir()) == []


def test_a_town_hands_on_nothing_whose_bytes_are_not_those_ordered(tmp_path: Path) -> None:
    source, target = tmp_path / "rollout", tmp_path / "rollout-town"
    order = replace(ORDER, bundles=(offered(source),))
    (source / order.bundles[0].name).write_bytes(b"A BUNDLE")
    assert bundles_relay(order, [source], target, floor_bytes=0) == []
    assert list(target.iterdir()) == []
