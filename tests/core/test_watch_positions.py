"""Positions of service points and the county's outline: read row by row, written whole or not at all."""

import io
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from tenants.connection import connection
from tenants.models import Outline, ServicePoint
from tenants.outlines import OutlineInvalid, outline_read
from tenants.positions import PositionInvalid, PositionsRefused, position_read, positions_import
from tests.core.registry_places import villages_make
from tests.enrolling import OTHER, VILLAGE

SQUARE = [[112.5, 27.5], [113.0, 27.5], [113.0, 28.0], [112.5, 28.0], [112.5, 27.5]]


@pytest.fixture
def villages(tenant):
    connection.set_schema_to_public()
    villages_make()


def where(code: str) -> tuple[Decimal | None, Decimal | None]:
    return ServicePoint.objects.values_list("longitude", "latitude").get(pk=code)


def faults_of(data: str) -> list[tuple[int, str]]:
    with pytest.raises(PositionsRefused) as refused:
        positions_import(data.encode())
    return [(fault.row, fault.column) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("east", "north", "reason", "field"),
    [
        ("112.95", "", "half", "latitude"),
        ("", "27.78", "half", "longitude"),
        ("27.78", "112.95", "exchanged", "longitude"),
        ("112°57'", "27.78", "not_a_number", "longitude"),
        ("112.95", "NaN", "not_a_number", "latitude"),
        ("112.95", "2.778", "outside", "latitude"),
        ("1129.5", "27.78", "outside", "longitude"),
    ],
)
def test_degrees_that_are_no_place_are_refused_with_their_reason(east, north, reason, field):
    with pytest.raises(PositionInvalid) as refused:
        position_read(east, north)
    assert (refused.value.reason, refused.value.field) == (reason, field)


def test_degrees_are_kept_to_eleven_centimetres():
    found = position_read(" 112.9513804 ", "27.7789")
    assert found and (found.longitude, found.latitude) == (Decimal("112.951380"), Decimal("27.778900"))
    assert position_read("", " ") is None


@pytest.mark.django_db
def test_a_file_of_a_spreadsheet_in_china_is_read_and_empty_rows_stay_as_they_were(villages):
    text = f"名称,编码,经度,纬度\n某村,{VILLAGE},112.951380,27.778900\n另村,{OTHER},,\n"
    assert positions_import(text.encode("gb18030")) == 1
    assert where(VILLAGE) == (Decimal("112.951380"), Decimal("27.778900"))
    assert where(OTHER) == (None, None)


@pytest.mark.django_db
def test_every_fault_of_a_file_is_named_by_its_row_and_nothing_is_written(villages):
    rows = [f"{VILLAGE},112.95,27.77", f"{OTHER},27.77,112.95", "430321999999-01,112,27", f"{VILLAGE},112,27", "x,1,"]
    assert faults_of("\n".join(["code,longitude,latitude", *rows])) == [
        (3, "longitude"), (4, "code"), (5, "code"), (6, "latitude"),
    ]  # fmt: skip
    assert where(VILLAGE) == (None, None)


@pytest.mark.django_db
@pytest.mark.parametrize("data", ["", "code,latitude\n", "\x00"])
def test_a_file_without_the_three_columns_is_refused_as_a_whole(villages, data):
    assert faults_of(data)[0][0] == 1


@pytest.mark.django_db
def test_the_command_writes_checks_and_says_what_is_wrong(villages, tmp_path):
    good, bad, out = tmp_path / "good.csv", tmp_path / "bad.csv", io.StringIO()
    good.write_text(f"code,lon,lat\n{VILLAGE},112.95,27.77\n")
    bad.write_text(f"code,lon,lat\n{VILLAGE},12,27.77\n")
    call_command("import_positions", str(good), "--dry-run", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"imported": False, "positions": 1}
    assert where(VILLAGE) == (None, None)
    call_command("import_positions", str(good), stdout=out)
    assert where(VILLAGE) == (Decimal("112.95"), Decimal("27.77"))
    out = io.StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("import_positions", str(bad), "--json", stdout=out)
    assert refused.value.returncode == 1
    assert [(one["row"], one["column"]) for one in json.loads(out.getvalue())["faults"]] == [(2, "longitude")]
    with pytest.raises(CommandError) as missing:
        call_command("import_positions", str(tmp_path / "none.csv"))
    assert missing.value.returncode == 2


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"longitude": 112}, {"latitude": 27}, {"longitude": 27, "latitude": 112}])
def test_the_database_holds_no_half_position(villages, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        ServicePoint.objects.filter(pk=VILLAGE).update(**values)


def geojson(kind: str, coordinates: object) -> bytes:
    return json.dumps({"type": kind, "coordinates": coordinates}).encode()


def test_an_outline_is_thinned_out_to_what_a_picture_shows():
    fine = [[112.5 + n / 100_000, 27.5] for n in range(50_001)]
    rings = outline_read(geojson("Polygon", [[*fine, [113.0, 28.0], [112.5, 28.0], [112.5, 27.5]]]))
    assert len(rings) == 1 and 900 < len(rings[0]) < 1100
    assert rings[0][0] == rings[0][-1] == (112.5, 27.5)


def test_polygons_are_found_in_features_and_collections():
    polygon = {"type": "Polygon", "coordinates": [SQUARE]}
    multi = {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}
    features = [{"type": "Feature", "geometry": one} for one in (polygon, multi)]
    found = outline_read(json.dumps({"type": "FeatureCollection", "features": features}).encode())
    assert found == [[tuple(point) for point in SQUARE]] * 3


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"[" * 100_000, b'{"type": "Polygon"}', geojson("Polygon", []), geojson("Point", [112, 27]),
        geojson("Polygon", [SQUARE[:-1]]), geojson("Polygon", [[[0, 0], [1, 0], [1, 1], [0, 0]]]),
        geojson("Polygon", [[["112", 27]] * 4]), b'{"type": "Polygon", "coordinates": [[[NaN, 27], [NaN, 27]]]}',
        geojson("Polygon", [[[10**400, 27]] * 4]),
        b" " * (10 * 1024 * 1024 + 1),
    ],
)  # fmt: skip
def test_what_is_no_outline_is_refused_in_words(data):
    with pytest.raises(OutlineInvalid) as refused:
        outline_read(data)
    assert len(refused.value.words) > 8


@pytest.mark.django_db
def test_the_outline_command_replaces_and_removes(tenant, tmp_path, settings):
    connection.set_schema_to_public()
    file, out = tmp_path / "county.geojson", io.StringIO()
    for coordinates in ([SQUARE], [SQUARE, SQUARE]):
        file.write_bytes(geojson("Polygon", coordinates))
        call_command("import_outline", str(file), "--json", "--by", "op1", stdout=out)
    assert Outline.objects.values_list("code", "imported_by").get() == (settings.COUNTY_CODE, "op1")
    assert len(Outline.objects.get().rings) == 2
    file.write_bytes(b"{}")
    with pytest.raises(CommandError) as refused:
        call_command("import_outline", str(file))
    assert refused.value.returncode == 1
    assert len(Outline.objects.get().rings) == 2
    call_command("import_outline", "--remove", stdout=out)
    assert not Outline.objects.exists()
