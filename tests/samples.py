"""One sample of every entry kind, and short ways to write entries by hand. Fixed values: the same bytes every time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from core.domain.journal import bodies as b
from core.domain.journal.clock import instant_date, instant_of
from core.domain.journal.format import Entry

CASE = UUID("01930000-0000-7000-8000-000000000001")
OTHER_CASE = UUID("01930000-0000-7000-8000-000000000002")
VILLAGE, TOWN, CORE = "430321100200-01", "430321100000-01", "core"
NUMBER = "4303211002000126112100017"
START = instant_of(datetime(2026, 11, 20, 1, 0, tzinfo=UTC))  # 09:00 in China, a Friday

SCAN = b.AttachmentRef(
    sealed=bytes(range(32)), plain=bytes(range(32, 64)), size=20480, media_type="image/jpeg", name="身份证.jpg"
)
APPLICANT = b.Party(name="陈秀英", id_number="11010519491231002X", phone="13800000000", address="易俗河镇某村")

BODIES: dict[str, b.Body] = {
    b.kind_of(body): body
    for body in (
        b.CaseOpened(
            number=NUMBER, item_code="ITEM-ALLOWANCE", item_version=1, service_point=VILLAGE, division="430321100200",
            applicant=APPLICANT, situation="S1", agent=b.Agent(name="陈大明", id_number="430321197001010017"),
            form={"bank": "6217", "age": "77"},
        ),
        b.MaterialReceived(material="M01", how="original", count=2, attachments=(SCAN,), note="已核对"),
        b.MaterialDeferred(material="M02", due=date(2026, 12, 1), commitment="三日内补齐"),
        b.MaterialPledged(material="M03", text="本人承诺属实"),
        b.CaseSubmitted(),
        b.CaseAccepted(
            legal=b.LimitValue(value=20, unit="working_day"), promised=b.LimitValue(value=10, unit="working_day"),
            service_point=VILLAGE,
        ),
        b.CaseRefused(reason="不属于本机关职权", basis="行政许可法第三十二条"),
        b.SupplementRequested(lacking=("M02", "M03"), text="请补正", due=date(2026, 12, 1)),
        b.SupplementReceived(),
        b.CaseLapsed(reason="逾期未补正"),
        b.StageOpened(stage="S1", name="初审", departments=("11430321DEM0000140",)),
        b.AppointmentSet(
            stage="S1", day=date(2026, 12, 2), time="09:30", place="易俗河镇某村", text="联合踏勘"
        ),
        b.OpinionRecorded(stage="S1", department="11430321DEM0000140", verdict="pass", text="符合条件"),
        b.ClockStopped(procedure="publicity", text="公示", expected_days=7),
        b.ClockResumed(),
        b.ExtensionRequested(days=10, reason="案情复杂"),
        b.ExtensionDeclined(reason="可以按期办结"),
        b.DeadlineExtended(days=10, reason="案情复杂", approved_by="head1"),
        b.CaseDecided(granted=True, department="11430321DEM0000140", text="准予", result_number="潭民〔2026〕1号"),
        b.CaseCompleted(),
        b.ResultDelivered(how="window", receiver="陈秀英", receiver_id="11010519491231002X"),
        b.CaseWithdrawn(reason="申请人撤回"),
        b.CaseTerminated(reason="申请人死亡"),
        b.CaseForwarded(to=CORE, power="review", department="11430321DEM0000140", reason="超出权限"),
        b.CustodyTaken(from_node=VILLAGE, reason="设备丢失"),
        b.CaseRated(score=5, reasons=("态度好",), text="满意", visit="1"),
        b.RatingFollowed(rating=OTHER_CASE, step="contacted", text="已电话回访"),
        b.CaseUrged(level="urging", text="请尽快办理", department="11430321DEM0000140", due=date(2026, 12, 3)),
        b.NoteAdded(text="电话已通知"),
        b.StaffGranted(
            code="agent1", name="王芳", password="argon2$hash", phone="13900000000",
            memberships=(b.MembershipValue(
                tenant="430321100000", service_point=VILLAGE, department="", role="village_agent"),),
        ),
        b.StaffRevoked(code="agent1"),
        b.PolicySet(name="retention_days", value="30"),
        b.CardsChanged(cards=(b"card-1", b"card-2")),
        b.TimeAnchored(ms=1_795_000_000_000),
        b.EntryFlagged(entry=OTHER_CASE, flagged_case=CASE, flag="no_authority", detail="not devolved"),
        b.CaseReleased(released_case=CASE, reason="delivered"),
    )
}  # fmt: skip


def instant_day() -> date:
    """The day of the sample case in China."""
    return instant_date(START)


NODE_KINDS = frozenset(kind for kind, body in BODIES.items() if isinstance(body, b.NodeBody))
CASE_KINDS = frozenset(BODIES) - NODE_KINDS


def entry_id(number: int) -> UUID:
    """A UUIDv7-shaped id; larger numbers are later."""
    return UUID(int=(0x0193_0000_0000_7000_8000 << 48) | number)


def entry(number: int, body: b.Body, *, rev: int, author: str = VILLAGE, **more: Any) -> Entry:
    """The `number`-th entry of the sample case, a second after the one before."""
    fields: dict[str, Any] = {
        "id": entry_id(number), "case_id": CASE, "rev": rev, "author": author, "actor": "agent1",
        "at": START + (number * 1000 << 16), "release": 1, "body": body,
    }  # fmt: skip
    return Entry(**(fields | more))


def sample(kind: str, number: int = 1) -> Entry:
    """An entry of this kind with the rev and case id such an entry has."""
    if kind in NODE_KINDS:
        return entry(number, BODIES[kind], rev=0, case_id=None, author=CORE, actor="system", release=0)
    return entry(number, BODIES[kind], rev=0 if kind in b.COMMUTING else number)


def full_life() -> list[Entry]:
    """A whole case: taken in and accepted at the village, decided at the county, handed out at the village."""
    do = BODIES
    at_village = ["case.opened", "material.deferred", "material.pledged", "case.submitted", "case.accepted",
                  "case.forwarded"]  # fmt: skip
    at_county = ["stage.opened", "opinion.recorded", "clock.stopped", "clock.resumed", "deadline.extended",
                 "case.decided", "case.completed"]  # fmt: skip
    steps = [(do[kind], VILLAGE) for kind in at_village] + [(do[kind], CORE) for kind in at_county]
    steps += [(b.CaseForwarded(to=VILLAGE, power="deliver"), CORE), (do["result.delivered"], VILLAGE)]
    life = [entry(10 + rev, body, rev=rev, author=author) for rev, (body, author) in enumerate(steps, 1)]
    commuting = [("material.received", VILLAGE), ("note.added", CORE), ("case.rated", VILLAGE)]
    life += [entry(6 + n, do[kind], rev=0, author=author) for n, (kind, author) in enumerate(commuting)]
    return life
