"""The county's border for the map, from a GeoJSON file somebody brings: checked, thinned out, kept as plain rings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from tenants.errors import TenantError
from tenants.models import LATITUDES, LONGITUDES, Outline

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_RINGS: Final = 200
#: A picture of 1,000 pixels shows no more: points nearer to the last one than this part of the extent are left out.
THINNING: Final = 1 / 1000
#: After thinning; a border that needs more is no border of a county.
MAX_POINTS: Final = 10_000

#: Degrees east, degrees north.
LIMITS: Final = tuple((int(least), int(most)) for least, most in (LONGITUDES, LATITUDES))

Point = tuple[float, float]
Ring = list[Point]


class OutlineInvalid(TenantError):
    """The file is no outline; `words` say why. Nothing was changed."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def outline_read(data: bytes) -> list[Ring]:
    """The closed lines of every polygon in a GeoJSON file, thinned out. Raises OutlineInvalid."""
    if len(data) > MAX_FILE_BYTES:
        raise OutlineInvalid(_("The file is larger than %(limit)s MB.") % {"limit": MAX_FILE_BYTES // 1024**2})
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise OutlineInvalid(_("The file is not JSON.")) from error
    rings = [_ring(one) for one in _polygons(document, depth=0)]
    if not rings:
        raise OutlineInvalid(_("There is no polygon in the file: GeoJSON with Polygon or MultiPolygon is expected."))
    if len(rings) > MAX_RINGS:
        raise OutlineInvalid(_("The file has more than %(limit)s closed lines.") % {"limit": MAX_RINGS})
    thin = _thinned(rings)
    if sum(map(len, thin)) > MAX_POINTS:
        raise OutlineInvalid(_("The outline has more than %(limit)s points.") % {"limit": MAX_POINTS})
    return thin


def outline_import(data: bytes, *, county: str, by: str, at: datetime) -> list[Ring]:
    """The map of this county is drawn in this outline from now on. Raises OutlineInvalid."""
    rings = outline_read(data)
    values = {"rings": rings, "imported_at": at, "imported_by": by}
    Outline.objects.update_or_create(code=county, defaults=values)
    return rings


def _polygons(value: Any, *, depth: int) -> Iterator[Any]:
    """The rings of all polygons, as they stand in the file."""
    if not isinstance(value, dict) or depth > 3:
        raise OutlineInvalid(_("This is not GeoJSON."))
    match value.get("type"):
        case "FeatureCollection":
            inner = value.get("features")
        case "GeometryCollection":
            inner = value.get("geometries")
        case "Feature":
            inner = [value.get("geometry")]
        case "Polygon":
            yield from _list(value.get("coordinates"))
            return
        case "MultiPolygon":
            for polygon in _list(value.get("coordinates")):
                yield from _list(polygon)
            return
        case _:
            raise OutlineInvalid(_("Only polygons can be an outline; the file holds something else."))
    for one in _list(inner):
        yield from _polygons(one, depth=depth + 1)


def _ring(value: Any) -> Ring:
    points = [_point(one) for one in _list(value)]
    if len(points) < 4 or points[0] != points[-1]:
        raise OutlineInvalid(_("A line of the outline is not closed: its first and last point must be the same."))
    return points


def _point(value: Any) -> Point:
    numbers = _list(value)[:2]
    if len(numbers) < 2 or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
        raise OutlineInvalid(_("A point of the outline is not a pair of numbers."))
    # Compared before they are floats, and not with decimals: JSON's numbers may be NaN or have 400 digits.
    if not all(least <= one <= most for one, (least, most) in zip(numbers, LIMITS, strict=True)):
        raise OutlineInvalid(_("A point of the outline lies outside of China: degrees east, then north, are expected."))
    return round(float(numbers[0]), 6), round(float(numbers[1]), 6)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise OutlineInvalid(_("This is not GeoJSON."))
    return value


def _thinned(rings: list[Ring]) -> list[Ring]:
    easts = [east for ring in rings for east, _north in ring]
    norths = [north for ring in rings for _east, north in ring]
    least = max(max(easts) - min(easts), max(norths) - min(norths)) * THINNING
    thin = [_ring_thinned(ring, least) for ring in rings]
    # An island smaller than a pixel is not seen.
    return [ring for ring in thin if len(ring) >= 4] or thin[:1]


def _ring_thinned(ring: Ring, least: float) -> Ring:
    kept = [ring[0]]
    for point in ring[1:-1]:
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) >= least:
            kept.append(point)
    return [*kept, ring[-1]]
