"""Building blocks of the domain tests: a small catalogue, people, applications."""

from __future__ import annotations

import pytest

from core.domain.cases.intake import Application, Handed
from core.domain.catalogue.documents import (
    CalendarYear,
    Department,
    Division,
    FormField,
    Grant,
    Item,
    Limit,
    Material,
    Power,
    Record,
    ReleaseBody,
    Stage,
)
from core.domain.catalogue.services import catalogue_hash, release_apply
from core.domain.journal.bodies import Party
from core.domain.journal.clock import physical_ms
from core.domain.journal.place import Here
from core.domain.staff.actors import Actor
from tests import place

USCC = "11430321DEM0000140"
COUNTY = "430321000000"
ALL: tuple[Power, ...] = ("accept", "review", "decide")
CARD, ALLOWANCE, HOUSE, PERMIT = "ITEM-CARD", "ITEM-ALLOWANCE", "ITEM-HOUSE", "ITEM-PERMIT"

AGENT = Actor(code="agent1", name="村代办员", roles=frozenset({"village_agent"}))
CLERK = Actor(code="clerk1", name="窗口人员", roles=frozenset({"clerk"}))
REVIEWER = Actor(code="rev1", name="审查人", roles=frozenset({"reviewer"}), departments=frozenset({USCC}))
APPROVER = Actor(code="app1", name="首席代表", roles=frozenset({"approver"}), departments=frozenset({USCC}))
#: A valid number: 1949-12-31, female.
CITIZEN = "11010519491231002X"


def item(code: str, name: str, kind: str, *, days: int = 20, promised: int = 10, **more: object) -> Item:
    unit = "immediate" if kind == "immediate" else "working_day"
    fields: dict[str, object] = {
        "item_code": code, "name": name, "department": USCC, "item_type": "07", "exercise_level": "4", "kind": kind,
        "legal_limit": Limit(value=days, unit="working_day"),
        "promised_limit": Limit(value=0 if kind == "immediate" else promised, unit=unit),  # type: ignore[arg-type]
        "materials": (
            Material(code="M01", name="身份证", copies=1),
            Material(code="M02", name="照片", necessity="optional"),
        ),
        "flow": (
            Stage(code="S1", name="初审", departments=(USCC,)),
            Stage(code="S2", name="审核", departments=(USCC,)),
        ),
        "fields": (FormField(name="bank", label="银行账号", type="number", required=kind == "promised"),), "version": 1,
    }  # fmt: skip
    return Item(**(fields | more))  # type: ignore[arg-type]


def records() -> list[Record]:
    return [
        Division(code=COUNTY, name="湘潭县", parent="430300000000", level="county"),
        Division(code="430321100000", name="易俗河镇", parent=COUNTY, level="town"),
        Division(code="430321100200", name="某村", parent="430321100000", level="village"),
        Department(uscc=USCC, name="湘潭县民政局", short_name="民政局", division=COUNTY),
        item(CARD, "老年人优待证办理", "immediate", aliases=("老年卡",), pinyin="lnryhzbl", flow=(
            Stage(code="S1", name="办理", departments=(USCC,)),)),
        item(ALLOWANCE, "高龄津贴", "promised", pinyin="gljt"),
        item(HOUSE, "临时救助", "promised", pinyin="lsjz"),
        item(PERMIT, "公共场所卫生许可", "promised", pinyin="ggcswsxk"),
        Grant(code="G1", item_code=CARD, mode="direct", powers=ALL, level="village", below=COUNTY),
        Grant(code="G2", item_code=ALLOWANCE, mode="front_loaded", powers=("accept",), level="village", below=COUNTY),
        Grant(code="G3", item_code=HOUSE, mode="front_loaded", powers=("accept",), level="village", below=COUNTY),
        Grant(code="G4", item_code=HOUSE, mode="direct", powers=ALL, level="town", below=COUNTY),
        CalendarYear(year=2026, days_off=(), make_up_days=()),
    ]  # fmt: skip


def release(number: int = 1, parts: list[Record] | None = None) -> ReleaseBody:
    parts = records() if parts is None else parts
    return ReleaseBody(number=number, county=COUNTY, made_at_ms=physical_ms(), previous=0,
                       state_sha256=catalogue_hash(parts), records=parts)  # fmt: skip


def catalogue() -> None:
    release_apply(release())


def application(code: str, **more: object) -> Application:
    fields: dict[str, object] = {
        "item_code": code, "applicant": Party(name="陈秀英", id_number=CITIZEN), "form": {"bank": "6217"},
        "materials": {"M01": Handed(how="received")},
    }  # fmt: skip
    return Application(**(fields | more))  # type: ignore[arg-type]


def stand(monkeypatch: pytest.MonkeyPatch, here: Here | None) -> None:
    """From now on the services run at this place."""
    monkeypatch.setattr(place, "current", here)
