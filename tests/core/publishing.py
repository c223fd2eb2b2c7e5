"""What the tests of publishing share: a small catalogue, a folder of its own, a workbook to break."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import openpyxl

from core.county.publishing.faults import FileRead
from core.county.publishing.jsonfile import json_read, json_write
from core.county.publishing.selectors import draft_get
from core.county.publishing.services import draft_put, import_records, release_publish
from core.county.publishing.workbook_write import workbook_write
from core.county.registry.keys import core_identity
from core.domain.catalogue.documents import (
    CalendarYear,
    Department,
    Division,
    Grant,
    Item,
    Limit,
    Material,
    Record,
    ReleaseBody,
    Stage,
)
from core.exchange.releases import release_open

BUREAU = "11430321DEM0000140"
PROVINCE = Division(code="430000000000", name="湖南省", parent="", level="province")
CITY = Division(code="430300000000", name="湘潭市", parent="430000000000", level="city")
COUNTY = Division(code="430321000000", name="湘潭县", parent="430300000000", level="county")
TOWN = Division(code="430321100000", name="易俗河镇", parent="430321000000", level="town")
OFFICE = Department(uscc=BUREAU, name="湘潭县民政局", division="430321000000", short_name="县民政局")
GRANT = Grant(code="G1", item_code="X1", mode="direct", powers=("accept", "decide"), level="town", below="430321000000")
YEAR = CalendarYear(year=2026, days_off=(), make_up_days=())


def item(code: str = "X1", name: str = "高龄津贴", days: int = 5) -> Item:
    return Item(
        item_code=code, name=name, department=BUREAU, item_type="05", exercise_level="4", kind="promised",
        legal_limit=Limit(value=30, unit="working_day"), promised_limit=Limit(value=days, unit="working_day"),
        materials=(Material(code="M01", name="申请书", originals=1),),
        flow=(Stage(code="R1", name="审核", departments=(BUREAU,), days=days),),
    )  # fmt: skip


def catalogue() -> list[Record]:
    return [PROVINCE, CITY, COUNTY, TOWN, OFFICE, item("X1"), item("X2", "临时救助"), GRANT, YEAR]


def published() -> int:
    """The small catalogue is drafted and published."""
    draft_put(catalogue(), by="admin1")
    return release_publish(by="admin1", note="初版").number


def as_read(records: list[Record]) -> FileRead:
    return json_read(json_write(records))


def imported(*records: Record, replace: bool = False) -> None:
    import_records(as_read(list(records)), by="admin1", replace=replace)


def body_of(folder: Path, name: str) -> ReleaseBody:
    """A release file as a node opens it: with the core's card."""
    return release_open((folder / name).read_bytes(), core_identity().card)


def broken_book(records: list[Record], *cells: tuple[str, int, str, Any]) -> bytes:
    """A workbook of the records in which some cells (sheet, row, head, value) say something else."""
    book = openpyxl.load_workbook(io.BytesIO(workbook_write(records)))
    for sheet, row, head, value in cells:
        heads = [str(cell.value).rstrip(" *") for cell in book[sheet][1]]
        book[sheet].cell(row=row, column=heads.index(head) + 1).value = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def renamed(record: Item, name: str) -> Item:
    return msgspec.structs.replace(record, name=name)


def drafted(code: str) -> Item:
    """The draft's item."""
    found = draft_get("item", code)
    assert isinstance(found, Item)
    return found
