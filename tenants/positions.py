"""Where service points stand: degrees from a person, a form or a file, checked before anything is written.

There is no public geometry of villages. A county brings its own: positions from a GPS (WGS84) or from a Chinese map
(GCJ-02, up to some 600 m aside). Both are taken as they are: the map is drawn to scale within one system, so positions
and outline must be of the same one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from tenants.errors import TenantError
from tenants.models import LATITUDES, LONGITUDES, ServicePoint

#: Six decimals are 11 cm.
STEP: Final = Decimal("0.000001")
MAX_FILE_BYTES: Final = 5 * 1024 * 1024
MAX_ROWS: Final = 20_000
#: The names a column may have.
COLUMNS: Final = {
    "code": ("code", "service_point", "编码", "站点编码"),
    "longitude": ("longitude", "lon", "lng", "经度"),
    "latitude": ("latitude", "lat", "纬度"),
}

NOT_A_NUMBER: Final = "not_a_number"
HALF: Final = "half"
EXCHANGED: Final = "exchanged"
OUTSIDE: Final = "outside"


@dataclass(frozen=True)
class Position:
    """Degrees east and north, six decimals."""

    longitude: Decimal
    latitude: Decimal


class PositionInvalid(TenantError):
    """These degrees are no place; `reason` is NOT_A_NUMBER, HALF, EXCHANGED or OUTSIDE."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.reason = reason
        self.field = field


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one row of a file; row 0 is the file as a whole."""

    row: int
    column: str
    words: str


class PositionsRefused(TenantError):
    """The file has faults; nothing of it was written."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)


def position_read(longitude: str, latitude: str) -> Position | None:
    """The position two texts name; None where both are empty. Raises PositionInvalid."""
    if not longitude.strip() and not latitude.strip():
        return None
    if not longitude.strip() or not latitude.strip():
        raise PositionInvalid(HALF, "latitude" if longitude.strip() else "longitude")
    east, north = _degrees(longitude, "longitude"), _degrees(latitude, "latitude")
    if not _within(east, LONGITUDES) and _within(east, LATITUDES) and _within(north, LONGITUDES):
        raise PositionInvalid(EXCHANGED, "longitude")
    for value, limits, field in ((east, LONGITUDES, "longitude"), (north, LATITUDES, "latitude")):
        if not _within(value, limits):
            raise PositionInvalid(OUTSIDE, field)
    return Position(longitude=east, latitude=north)


def position_words(error: PositionInvalid) -> str:
    """What is wrong, and what is expected."""
    if error.reason == HALF:
        return _("Longitude and latitude come together: give both, or neither.")
    if error.reason == EXCHANGED:
        return _("Longitude and latitude are exchanged: the longitude comes first, about 73 to 136.")
    if error.reason == NOT_A_NUMBER:
        return _("Write degrees as a decimal number, 112.951380 say; no degree sign, no minutes.")
    limits = LONGITUDES if error.field == "longitude" else LATITUDES
    return _("This lies outside of China: from %(least)s to %(most)s degrees are expected.") % {
        "least": limits[0], "most": limits[1],
    }  # fmt: skip


def position_set(*, code: str, position: Position | None) -> bool:
    """The service point stands there (None: nobody knows where); False where there is no such service point."""
    values = {
        "longitude": position.longitude if position else None, "latitude": position.latitude if position else None,
    }  # fmt: skip
    return ServicePoint.objects.filter(code=code).update(**values) == 1


def positions_import(data: bytes, *, dry_run: bool = False) -> int:
    """All rows of the CSV file with a position are written, or with one fault none; returns how many.

    Rows without degrees are passed over, so that a list of all service points can be filled in bit by bit.
    Raises PositionsRefused.
    """
    faults: list[RowFault] = []
    found = dict(_rows_read(data, faults))
    with transaction.atomic():
        points = {one.code: one for one in ServicePoint.objects.select_for_update().filter(code__in=list(found))}
        for code, (row, _position) in found.items():
            if code not in points:
                faults.append(RowFault(row, "code", _("There is no service point %(code)s.") % {"code": code}))
        if faults:
            raise PositionsRefused(sorted(faults, key=lambda fault: fault.row))
        for code, (_row, position) in found.items():
            points[code].longitude, points[code].latitude = position.longitude, position.latitude
        if not dry_run:
            ServicePoint.objects.bulk_update(points.values(), ["longitude", "latitude"], batch_size=500)
    return len(found)


def _rows_read(data: bytes, faults: list[RowFault]) -> Iterator[tuple[str, tuple[int, Position]]]:
    """(code, (row, position)) of every sound row with a position; what is wrong stands in `faults` afterwards."""
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 1024**2
        raise PositionsRefused([RowFault(0, "", _("The file is larger than %(limit)s MB.") % {"limit": limit})])
    reader = csv.DictReader(io.StringIO(_text(data), newline=""))
    names = _columns(reader.fieldnames or ())
    seen: dict[str, int] = {}
    # Row 1 is the head, as a spreadsheet counts.
    for row, values in enumerate(reader, start=2):
        if row > MAX_ROWS + 1:
            raise PositionsRefused([RowFault(row, "", _("More than %(rows)s rows.") % {"rows": MAX_ROWS})])
        cells = {field: (values.get(name) or "").strip() for field, name in names.items()}
        try:
            position = position_read(cells["longitude"], cells["latitude"])
        except PositionInvalid as error:
            faults.append(RowFault(row, error.field, position_words(error)))
            continue
        if position is None:
            continue
        first = seen.setdefault(cells["code"], row)
        if first != row:
            words = _("%(code)s stands in row %(row)s already.") % {"code": cells["code"], "row": first}
            faults.append(RowFault(row, "code", words))
            continue
        yield cells["code"], (row, position)


def _text(data: bytes) -> str:
    """Spreadsheets in China save CSV as GB 18030 or as UTF-8 with a mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise PositionsRefused([RowFault(0, "", _("The file is not text (UTF-8 or GB 18030)."))]) from error


def _columns(heads: Sequence[str]) -> dict[str, str]:
    """Which head of the file stands for which field. Raises PositionsRefused."""
    by_name = {head.strip().lower(): head for head in heads if head}
    found = {}
    for field, names in COLUMNS.items():
        name = next((name for name in names if name in by_name), None)
        if name is None:
            words = _("The first row must name the columns code, longitude and latitude.")
            raise PositionsRefused([RowFault(1, field, words)])
        found[field] = by_name[name]
    return found


def _degrees(text: str, field: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation as error:
        raise PositionInvalid(NOT_A_NUMBER, field) from error
    if not value.is_finite() or abs(value) > 1000:
        raise PositionInvalid(OUTSIDE if value.is_finite() else NOT_A_NUMBER, field)
    return value.quantize(STEP)


def _within(value: Decimal, limits: tuple[Decimal, Decimal]) -> bool:
    return limits[0] <= value <= limits[1]
