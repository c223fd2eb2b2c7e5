"""Whole lives of cases in memory, of all kinds of entries about a case, about as often as a county sees them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from core.domain.cases.numbering import case_number
from core.domain.journal import bodies as b
from core.domain.journal.clock import instant
from core.domain.journal.format import Entry
from tests.place import VILLAGE

CORE, NODE = "core", VILLAGE.node
USCC, OTHER = "11430321MB00000001", "11430321MB00000002"
START_MS = 1_770_000_000_000
MINUTE_MS = 60_000
#: (kind, author: n the village's node, c the county), by how a case may go and how many in a hundred do.
IMMEDIATE = "opened:n received:n received:n submitted:n accepted:n decided:n completed:n delivered:n rated:n"
INTAKE = "opened:n received:n received:n received:n submitted:n accepted:n forwarded:n"
REVIEW = "stage1:c pass1:c stage2:c pass2:c"
END = "decided:c completed:c back:c delivered:n rated:n"
LIVES: tuple[tuple[int, str], ...] = (
    (34, IMMEDIATE),
    (22, f"{INTAKE} {REVIEW} note:c {END}"),
    (8, f"opened:n received:n submitted:n supplement:n received:n received:n supplied:n accepted:n forwarded:n"
        f" {REVIEW} note:c {END}"),
    (7, f"opened:n received:n deferred:n pledged:n submitted:n accepted:n forwarded:n {REVIEW} received:n {END}"),
    (6, f"{INTAKE} stage1:c return1:c note:n received:n pass1:c stage2:c pass2:c {END} low:n contacted:c settled:c"
        " second:n"),
    (6, f"{INTAKE} stage1:c pass1:c stopped:c note:c resumed:c stage2:c pass2:c {END}"),
    (4, f"{INTAKE} joint:c appointment:c jointly:c stage2:c pass2:c urged:n note:c {END}"),
    (3, f"{INTAKE} {REVIEW} requested:c extended:c urged:n note:c {END}"),
    (2, f"{INTAKE} stage1:c requested:c declined:c pass1:c stage2:c object2:c denied:c completed:c back:c delivered:n"),
    (2, "opened:n received:n submitted:n supplement:n lapsed:n"),
    (2, "opened:n received:n submitted:n refused:n low:n contacted:c settled:c"),
    (2, f"{INTAKE} stage1:c withdrawn:c"),
    (1, f"{INTAKE} stage1:c terminated:c"),
    (1, "opened:n received:n submitted:n accepted:n taken:c stage1:c pass1:c stage2:c pass2:c decided:c completed:c"),
)  # fmt: skip
LIMIT = b.LimitValue(value=20, unit="working_day")
DAY = date(2026, 3, 2)
LOW_RATING = UUID(int=7)
SCAN = b.AttachmentRef(sealed=bytes(32), plain=bytes(32), size=20_480, media_type="image/jpeg", name="身份证.jpg")
PARTY = b.Party(name="陈秀英", id_number="11010519491231002X", phone="13800000000", address="湘潭县易俗河镇某村")
BODIES: dict[str, b.Body] = {
    "received": b.MaterialReceived(material="M01", how="original", attachments=(SCAN,)),
    "deferred": b.MaterialDeferred(material="M03", due=DAY, commitment="十日内补交"),
    "pledged": b.MaterialPledged(material="M04", text="本人承诺以上内容真实"),
    "submitted": b.CaseSubmitted(),
    "accepted": b.CaseAccepted(legal=LIMIT, promised=LIMIT, service_point=NODE),
    "refused": b.CaseRefused(reason="不属于本机关职权范围", basis="行政许可法第三十二条"),
    "supplement": b.SupplementRequested(lacking=("M02", "M03"), text="请补正", due=DAY),
    "supplied": b.SupplementReceived(),
    "lapsed": b.CaseLapsed(reason="逾期未补正"),
    "stage1": b.StageOpened(stage="S1", name="初审", departments=(USCC, OTHER)),
    "stage2": b.StageOpened(stage="S2", name="审核", departments=(USCC,)),
    "joint": b.StageOpened(stage="S1", name="联合踏勘", departments=(USCC, OTHER), joint="site_inspection"),
    "appointment": b.AppointmentSet(stage="S1", day=DAY, time="09:30", place="易俗河镇某村"),
    "pass1": b.OpinionRecorded(stage="S1", department=USCC, verdict="pass", text="符合条件"),
    "return1": b.OpinionRecorded(stage="S1", department=OTHER, verdict="return", text="看不清", returned=("M01",)),
    "jointly": b.OpinionRecorded(stage="S1", department=USCC, verdict="pass", text="现场符合条件", joint=True),
    "pass2": b.OpinionRecorded(stage="S2", department=USCC, verdict="pass", text="同意"),
    "object2": b.OpinionRecorded(stage="S2", department=USCC, verdict="object", text="距离不足"),
    "stopped": b.ClockStopped(procedure="publicity", text="公示七日", expected_days=7),
    "resumed": b.ClockResumed(),
    "requested": b.ExtensionRequested(days=10, reason="案情复杂"),
    "declined": b.ExtensionDeclined(reason="可以按期办结"),
    "extended": b.DeadlineExtended(days=10, reason="案情复杂", approved_by="head1"),
    "decided": b.CaseDecided(granted=True, department=USCC, result_number="潭民〔2026〕1号"),
    "denied": b.CaseDecided(granted=False, department=USCC, text="距离不足", basis="行政许可法第三十八条"),
    "completed": b.CaseCompleted(),
    "delivered": b.ResultDelivered(how="window", receiver="陈秀英", receiver_id="11010519491231002X"),
    "withdrawn": b.CaseWithdrawn(reason="申请人撤回"),
    "terminated": b.CaseTerminated(reason="申请人死亡", cause="applicant_gone"),
    "forwarded": b.CaseForwarded(to=CORE, power="review", department=USCC),
    "back": b.CaseForwarded(to=NODE, power="deliver", department=USCC),
    "taken": b.CustodyTaken(from_node=NODE, reason="设备丢失"),
    "rated": b.CaseRated(score=5, reasons=("fast",), text="满意"),
    "low": b.CaseRated(score=1, reasons=("slow",), text="太慢", visit="2026-03-02"),
    "contacted": b.RatingFollowed(rating=LOW_RATING, step="contacted", text="已电话回访"),
    "settled": b.RatingFollowed(rating=LOW_RATING, step="settled", text="已整改"),
    "second": b.CaseRated(score=4, second_of=LOW_RATING),
    "urged": b.CaseUrged(level="urging", text="请尽快办理", department=USCC, due=DAY),
    "note": b.NoteAdded(text="已电话通知申请人补交材料"),
}  # fmt: skip


def lives(entries: int, *, seed: int = 7) -> Iterator[list[Entry]]:
    """Each case's entries in the order they happened, so many entries in all; the last case may be cut short."""
    chance = random.Random(seed)
    scripts = [[step.split(":") for step in words.split()] for _, words in LIVES]
    weights = [weight for weight, _ in LIVES]
    case = 0
    while entries > 0:
        (script,) = chance.choices(scripts, weights)
        life = list(_life(script, case))[:entries]
        entries, case = entries - len(life), case + 1
        yield life


def _life(script: list[list[str]], case: int) -> Iterator[Entry]:
    rev, case_id, start = 0, UUID(int=(1 << 100) + case), START_MS + case * MINUTE_MS
    for step, (word, author) in enumerate(script):
        body = _opened(case) if word == "opened" else BODIES[word]
        commuting = type(body) in COMMUTING
        rev += not commuting
        yield Entry(
            id=UUID(int=(case << 64) + step), case_id=case_id, rev=0 if commuting else rev,
            author=NODE if author == "n" else CORE, actor="agent1", at=instant(start + step * MINUTE_MS), release=1,
            body=body,  # type: ignore[arg-type]
        )  # fmt: skip


COMMUTING = frozenset(b.BODY_TYPES[kind] for kind in b.COMMUTING)


def _opened(case: int) -> b.CaseOpened:
    return b.CaseOpened(
        number=case_number(service_point=NODE, day=DAY, serial=1 + case % 9000), item_code="ITEM-ALLOWANCE",
        item_version=1, service_point=NODE, division=VILLAGE.division, applicant=PARTY,
        form={"bank": f"6217{case:015d}", "reason": "年满八十周岁"},
    )  # fmt: skip
