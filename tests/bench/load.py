"""Cases in bulk: synthetic people apply for the demo's real items at the bench's village. The same for equal seeds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

import uuid_utils.compat
from django.db import transaction
from faker import Faker

from core.domain.cases.bulk import entries_apply
from core.domain.cases.numbering import case_number
from core.domain.catalogue.authority import ACCEPT, Allowed
from core.domain.catalogue.documents import Item
from core.domain.catalogue.models import Item as ItemRow
from core.domain.catalogue.selectors import item_authority, item_get, place_of
from core.domain.journal import bodies as b
from core.domain.journal.clock import instant, instant_date, physical_ms
from core.domain.journal.format import Entry, encode
from core.domain.journal.place import CORE
from core.domain.journal.services import entry_new, outbox_queue

from .place import VILLAGE

PEOPLE = 2_000
CASES_A_DAY = 500
ENTRIES_A_CASE = 4
DAY_MS = 24 * 3600 * 1000
#: Entries one transaction of the loading writes.
CHUNK = 2_000
#: Brings case.opened to about 500 bytes, as a form of the demo's items does.
REASON = "申请人因家庭困难，年满八十周岁，户籍在本村，现按规定提出申请，所附材料均真实有效，如有不实愿承担责任。"


def people(seed: int) -> list[b.Party]:
    """Applicants with valid, made-up ID numbers."""
    fake = Faker("zh_CN")
    fake.seed_instance(seed)
    return [
        b.Party(name=fake.name(), id_number=fake.ssn(), phone=fake.phone_number(), address="湘潭县易俗河镇某村")
        for _ in range(PEOPLE)
    ]


def items_accepted_here() -> list[Item]:
    """The catalogue's items this village may accept today: nothing of what is loaded is flagged."""
    place = place_of(VILLAGE.division, VILLAGE.level)
    today = instant_date(instant(physical_ms()))
    items = [item_get(code) for code in ItemRow.objects.order_by("item_code").values_list("item_code", flat=True)]
    found = []
    for item in items:
        allowed = item_authority(item, place=place, on=today)
        if item.kind == "promised" and isinstance(allowed, Allowed) and ACCEPT in allowed.powers:
            found.append(item)
    return found


def cases_entries(count: int, *, seed: int = 7) -> Iterator[list[Entry]]:
    """Each case's entries: opened, a material in, submitted, accepted; of every second one forwarded to the county
    in place of the material, so that the county's work queue has its part."""
    chance = random.Random(seed)
    parties, items = people(seed), items_accepted_here()
    now = physical_ms()
    for index in range(count):
        days_ago, serial = divmod(index, CASES_A_DAY)
        at = instant(now - days_ago * DAY_MS - (CASES_A_DAY - serial) * 20_000)
        bodies = _bodies(chance.choice(items), chance.choice(parties), serial + 1, at, forwarded=index % 2 == 1)
        case_id = uuid_utils.compat.uuid7()
        entries, rev = [], 0
        for step, body in enumerate(bodies):
            commuting = b.kind_of(body) in b.COMMUTING
            rev += not commuting
            entries.append(entry_new(
                case_id=case_id, rev=0 if commuting else rev, body=body, actor="agent1", at=at + step, release=1,
                here=VILLAGE,
            ))  # fmt: skip
        yield entries


def _bodies(item: Item, party: b.Party, serial: int, at: int, *, forwarded: bool) -> list[b.Body]:
    opened = b.CaseOpened(
        number=case_number(service_point=VILLAGE.service_point, day=instant_date(at), serial=serial),
        item_code=item.item_code, item_version=item.version, service_point=VILLAGE.service_point,
        division=VILLAGE.division, applicant=party, form={"bank": f"6217{serial:015d}", "reason": REASON[:30]},
    )  # fmt: skip
    legal = b.LimitValue(value=item.legal_limit.value, unit=item.legal_limit.unit)
    promised = b.LimitValue(value=item.promised_limit.value, unit=item.promised_limit.unit)
    accepted = b.CaseAccepted(legal=legal, promised=promised, service_point=VILLAGE.service_point)
    if forwarded:
        onward = b.CaseForwarded(to=CORE, power="review", department=item.department)
        return [opened, b.CaseSubmitted(), accepted, onward]
    material = item.materials[0].code if item.materials else "M01"
    return [opened, b.MaterialReceived(material=material, how="original"), b.CaseSubmitted(), accepted]


def node_load(cases: int, *, queued: bool = True) -> dict[str, float]:
    """The node's tables hold the cases as if its counter had written them; `queued`: in the core's outbox too.

    Returns the number of entries and the mean bytes of a case.opened and of an entry.
    """
    entries = (entry for case in cases_entries(cases) for entry in case)
    count = size = opened = 0
    while chunk := list(islice(entries, CHUNK)):
        with transaction.atomic():
            entries_apply(chunk)
            if queued:
                outbox_queue([entry.id for entry in chunk], audiences=[CORE])
        count += len(chunk)
        size += sum(len(encode(entry)) for entry in chunk)
        opened += sum(len(encode(entry)) for entry in chunk if entry.kind == "case.opened")
    return {"entries": count, "opened_bytes": opened / max(1, cases), "entry_bytes": size / max(1, count)}
