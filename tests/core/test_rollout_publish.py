"""The county offers a version ring by ring, to machines that fetch theirs themselves, and can take it back."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from core.county.registry.keys import root_signer
from core.county.registry.services import address_set
from core.exchange.bundles import bundle_pack, bundle_unpack, file_sha256, manifest_make
from core.exchange.orders import NAME, Order, order_read
from tests.core.registry_places import NOW, villages_make
from tests.enrolling import OTHER, VILLAGE

pytestmark = pytest.mark.django_db

VERSION, NEXT = "0.2.0+gaaaaaaa", "0.3.0+gbbbbbbb"


@pytest.fixture(autouse=True)
def places(settings, tmp_path, tenant, monkeypatch):
    settings.VAR_DIR = tmp_path / "var"
    monkeypatch.setenv("YIZHAN_TRANSPORT", "copy")
    villages_make()
    address_set(service_point=VILLAGE, by="op", at=NOW, ring=0)


def folder(name: str = "rollout") -> Path:
    from django.conf import settings

    return Path(settings.VAR_DIR) / "folders" / name


def bundle(
    base: Path, version: str = VERSION, arch: str = "amd64", made_at: str = "2026-11-22T05:00:00+00:00", **more: str
) -> Path:
    tree = base / f"trees-{arch}" / f"yizhan-{'core-' if more else ''}{version}-bookworm-{arch}"
    (tree / "app").mkdir(parents=True)
    (tree / "app/manage.py").write_text(f"{version} {arch}")
    manifest_make(tree, version=version, codename="bookworm", arch=arch, python="3.11", made_at=made_at, **more)  # type: ignore[arg-type]
    bundle_pack(tree, base / f"{tree.name}.tar.zst", at=0)
    return base / f"{tree.name}.tar.zst"


def publish(*arguments: str) -> dict[str, object]:
    said = io.StringIO()
    call_command("rollout_publish", *arguments, "--json", stdout=said)
    found: dict[str, object] = json.loads(said.getvalue())
    return found


def order(where: str = "rollout") -> Order:
    found = order_read(folder(where), root_signer().verify_key)
    assert found is not None
    return found


def lying() -> list[str]:
    return sorted(path.name for path in folder().glob("*.zst"))


def test_an_unsigned_bundle_is_signed_and_offered_with_an_order_that_names_its_bytes(tmp_path: Path) -> None:
    archive = bundle(tmp_path)
    publish(str(archive), "--ring", "0")
    assert lying() == [archive.name]
    _, manifest = bundle_unpack(folder() / archive.name, tmp_path / "node", root_signer().verify_key)
    assert manifest.version == VERSION
    said = order()
    assert [(one.name, one.sha256) for one in said.bundles] == [(archive.name, file_sha256(folder() / archive.name))]
    assert (said.version, said.version_made_at, said.ring, said.rings) == (
        VERSION, "2026-11-22T05:00:00+00:00", 0, {VILLAGE: 0},
    )  # fmt: skip
    assert (said.waits(VILLAGE, 1), said.waits(OTHER, 1)) == ("", f"{VERSION}: the turn of ring 2 has not come")
    # The same order is where every machine sees it, though the folder of bundles is shut there.
    assert (folder("catalogue") / NAME).read_bytes() == (folder() / NAME).read_bytes()


def test_each_call_widens_what_was_said_of_the_same_version(tmp_path: Path) -> None:
    publish(str(bundle(tmp_path)))
    first = order()
    assert (first.ring, first.nodes) == (-1, ())
    publish(VERSION, "--nodes", OTHER)
    publish(VERSION, "--ring", "0")
    publish(VERSION)
    last = order()
    assert (last.ring, last.nodes, last.bundles) == (0, (OTHER,), first.bundles)
    assert last.serial >= first.serial + 3
    publish(VERSION, "--all", "--not-before", "2026-11-24T01:00")
    assert order().not_before_ms == int(datetime(2026, 11, 23, 17, 0, tzinfo=UTC).timestamp() * 1000)
    assert order().ring == 2


def test_serials_rise_with_every_order_even_within_one_second(tmp_path: Path) -> None:
    publish(str(bundle(tmp_path)))
    serials = [order().serial]
    for ring in "012":
        publish(VERSION, "--ring", ring)
        serials.append(order().serial)
    assert sorted(set(serials)) == serials


def test_bundles_for_other_machines_are_added_to_the_same_order(tmp_path: Path) -> None:
    publish(str(bundle(tmp_path)), str(bundle(tmp_path, arch="arm64")), "--ring", "1")
    assert [one.name.rsplit("-", 1)[1] for one in order().bundles] == ["amd64.tar.zst", "arm64.tar.zst"]
    assert len(lying()) == 2


def test_a_version_is_found_where_the_operator_laid_it(tmp_path: Path, settings) -> None:
    waiting = Path(settings.VAR_DIR) / "bundles"
    waiting.mkdir(parents=True)
    archive = bundle(tmp_path)
    archive.rename(waiting / archive.name)
    publish(VERSION, "--ring", "0")
    assert lying() == [archive.name]
    with pytest.raises(CommandError, match=r"no bundle of 9\.9\.9"):
        publish("9.9.9", "--ring", "0")
    assert order().version == VERSION


def test_another_version_clears_the_one_before_out_of_the_folder(tmp_path: Path) -> None:
    publish(str(bundle(tmp_path)), "--all")
    then = order().serial
    newer = bundle(tmp_path / "next", NEXT, made_at="2026-11-23T05:00:00+00:00")
    publish(str(newer), "--ring", "0")
    assert lying() == [newer.name]
    assert (order().version, order().ring) == (NEXT, 0)
    assert order().serial > then


def test_a_withdrawn_version_is_offered_to_nobody_and_may_be_published_anew_from_nothing(tmp_path: Path) -> None:
    archive = bundle(tmp_path)
    publish(str(archive), "--all")
    with pytest.raises(CommandError, match=r"0\.3\.0\+gbbbbbbb is not published, 0\.2\.0\+gaaaaaaa is"):
        publish(NEXT, "--withdraw")
    publish(VERSION, "--withdraw")
    assert lying() == []
    assert order().waits(VILLAGE, 1) == f"the county has withdrawn {VERSION}"
    assert order("catalogue") == order()
    publish(str(archive), "--ring", "0", "--again")
    assert (order().withdrawn, order().ring, order().attempt) == (False, 0, 1)


def test_what_no_node_could_take_is_not_published(tmp_path: Path) -> None:
    damaged = bundle(tmp_path)
    data = bytearray(damaged.read_bytes())
    data[len(data) * 2 // 3] ^= 1
    damaged.write_bytes(data)
    for given in (
        [str(damaged)],
        [str(bundle(tmp_path / "core", side="core"))],
        [str(bundle(tmp_path / "good", NEXT)), VERSION],
        [str(tmp_path / "good" / f"yizhan-{NEXT}-bookworm-amd64.tar.zst"), "--nodes", "430321100999-01"],
    ):
        with pytest.raises(CommandError):
            publish(*given)
    assert lying() == []
    assert publish() == {}


def test_what_is_in_force_is_said_in_words(tmp_path: Path) -> None:
    def said() -> str:
        out = io.StringIO()
        with translation.override("en"):
            call_command("rollout_publish", stdout=out)
        return out.getvalue().strip()

    assert said() == "Nothing is published."
    archive = bundle(tmp_path)
    publish(str(archive), "--ring", "1")
    assert said() == (f"{VERSION} is published (order {order().serial}): {archive.name}\nRings 0 to 1 may take it.")
    publish(VERSION, "--withdraw")
    assert said() == f"{VERSION} is withdrawn: who has not taken it does not (order {order().serial})."
