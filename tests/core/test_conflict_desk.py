"""Streams and conflicts: what stands still and what is in dispute, in all tenants, for the county's people."""

import io
import json
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection as db
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context
from structlog.testing import capture_logs

from core.county.ingest import services as ingest
from core.county.ingest.troubles import PARKED_TOO_LONG_MS, troubles_follow
from core.county.registry.models import Node
from core.county.registry.selectors import cards_forget
from core.county.registry.services import node_revoke
from core.county.workqueue.models import CaseAccess, Trouble
from core.domain.cases.models import Case, Flag, ParkedEntry
from core.domain.cases.numbering import case_number
from core.domain.journal import bodies as b
from core.domain.journal.chain import Signer, signing_key_new
from core.domain.journal.format import Entry, StreamName
from core.domain.journal.models import Entry as EntryRow
from tenants.connection import connection
from tenants.models import Tenant
from tests.core.conftest import TownMaker
from tests.core.offices import catalogue, officer
from tests.core.registry_places import enrol, villages_make
from tests.core.test_backoffice_inbox import browser
from tests.domain import build
from tests.domain.remote import FIRST, SECOND, Reader, Remote, opening, write_three
from tests.samples import BODIES, CASE, OTHER_CASE, TOWN, VILLAGE, entry, instant_day

DESK = "/conflicts/"
NUMBER = case_number(service_point=VILLAGE, day=instant_day(), serial=1)
#: The number as it is read out.
GROUPED = f"{NUMBER[:6]} {NUMBER[6:12]} {NUMBER[12:14]} {NUMBER[14:20]} {NUMBER[20:]}"


@pytest.fixture
def county(tenant: Tenant, settings: object, tmp_path: Path) -> Tenant:
    """The town with its service points, a village's machine and the catalogue; the connection stands in public."""
    settings.VAR_DIR = tmp_path / "core"  # type: ignore[attr-defined]
    settings.HERE = "core.county.registry.place.here"  # type: ignore[attr-defined]
    catalogue()
    villages_make()
    cards_forget()
    # In November 2026 at nine, and nothing was heard of it since.
    enrol(VILLAGE)
    return tenant


@pytest.fixture
def admin(county: Tenant) -> Client:
    return browser(officer("admin1", "county_admin"))


def read(tenant: Tenant, *entries: Entry, author: str = VILLAGE) -> None:
    """A segment of these entries is read in the tenant, as ingest reads it."""
    with tenant_context(tenant):
        ingest.apply(StreamName(author=author, epoch=1, audience="core"), list(entries))


def accepted() -> list[Entry]:
    return [opening(), entry(2, b.CaseSubmitted(), rev=2), entry(3, BODIES["case.accepted"], rev=3)]


def forwarded_to_the_town() -> list[Entry]:
    return [*accepted(), entry(4, b.CaseForwarded(to=TOWN, power="review"), rev=4)]


def counts(client: Client, query: str = "") -> dict[str, int]:
    found: dict[str, int] = client.get(DESK + query).context["counts"]
    return found


class Village:
    """A village whose files the core reads into its tenant."""

    def __init__(self, tenant: Tenant, base: Path) -> None:
        self.tenant = tenant
        base.mkdir()
        self.reader = Reader(base)
        self.remote: Remote = self.reader.remote(VILLAGE)

    def read(self) -> None:
        """One look, and what the ingest process does after it."""
        with tenant_context(self.tenant):
            self.reader.read(self.remote)
            troubles_follow(quarantine=self.reader.base / "quarantine")

    def forge(self) -> bytes:
        """The second segment is one that somebody else signed; returns its bytes."""
        write_three(self.remote, place=False)
        self.remote.put(FIRST)
        stranger = Signer(VILLAGE, signing_key_new())
        forged = Remote(node=VILLAGE, folder=self.reader.base / "aside", reader="core", recipient=self.remote.recipient,
                        last=2)  # fmt: skip
        data = forged.segment([entry(3, BODIES["case.accepted"], rev=3)], signer=stranger)[1]
        self.remote.put(SECOND, data)
        return data


@pytest.fixture
def village(county: Tenant, tmp_path: Path) -> Village:
    return Village(county, tmp_path / "village")


def test_a_forged_file_holds_the_stream_on_the_page_until_the_true_one_is_read(village, admin):
    data = village.forge()
    village.read()
    trouble = Trouble.objects.get()
    assert (trouble.kind, trouble.node, trouble.reason, trouble.last_seq) == ("held", VILLAGE, "bad_signature", 2)
    assert (trouble.file_name, trouble.file_size) == (SECOND, len(data))
    page = admin.get(DESK).content.decode()
    assert "某村便民服务站" in page and "签名" in page and SECOND in page and trouble.file_sha256[:16] in page
    assert f"/points/{VILLAGE}/" in page
    village.remote.put(SECOND)
    village.read()
    assert counts(admin) == {"held": 0, "flag": 0, "parked": 0, "stranded": 0}
    assert Trouble.objects.get().resolved_at is not None


def test_a_held_stream_is_logged_once_and_its_healing_once(village):
    village.forge()
    with capture_logs() as logs:
        for _ in range(3):
            village.read()
    held = [line for line in logs if line["event"] == "stream_held"]
    assert [(one["stream"], one["reason"], one["read_up_to"]) for one in held] == [
        (f"{VILLAGE}/1", "bad_signature", 2)
    ]  # fmt: skip
    village.remote.put(SECOND)
    with capture_logs() as logs:
        for _ in range(2):
            village.read()
    assert [line["event"] for line in logs if line["event"].startswith("stream_")] == ["stream_healed"]


def test_a_new_epoch_ends_what_held_the_old_one(village, admin):
    village.forge()
    village.read()
    enrol(VILLAGE)
    cards_forget()
    village.read()
    assert counts(admin)["held"] == 0


def test_what_a_non_custodian_wrote_is_on_the_desk_with_both_sides_and_settling_keeps_it(county, admin):
    read(county, *forwarded_to_the_town())
    intruder = entry(5, b.CaseTerminated(reason="申请人死亡"), rev=5)
    read(county, intruder)
    assert counts(admin)["flag"] == 1
    page = admin.get(DESK).content.decode()
    assert GROUPED in page and "某村便民服务站" in page and "陈秀英" not in page
    read(county, entry(6, BODIES["stage.opened"], rev=5, author=TOWN), author=TOWN)
    url = f"{DESK}{county.code}/entries/{intruder.id}/"
    answer = admin.get(url)
    sides = answer.context["found"].sides
    assert [(side.entry_id, side.counts, side.step.node) for side in sides] == [
        (entry(6, BODIES["stage.opened"], rev=5).id, True, "易俗河镇政务服务大厅"),
        (intruder.id, False, "某村便民服务站"),
    ]
    assert "申请人死亡" in answer.content.decode()
    assert connection.schema_name == "public"
    assert admin.post(url, {"note": "村里误点，已电话核实"}).status_code == 302
    with tenant_context(county):
        flag = Flag.objects.get()
        assert (flag.resolved, flag.resolution) == (True, "村里误点，已电话核实")
        assert EntryRow.objects.filter(pk=intruder.id).exists()
        assert Case.objects.get().rev == 5
    assert counts(admin)["flag"] == 0
    assert Trouble.objects.get().resolved_by == "admin1"
    assert list(CaseAccess.objects.order_by("id").values_list("act", "reason")) == [
        ("conflict", "supervision"), ("conflict-settle", "supervision"),
    ]  # fmt: skip


def test_a_dispute_is_not_settled_without_a_note_nor_twice(county, admin):
    read(county, *accepted(), entry(4, b.CaseWithdrawn(reason="撤回"), rev=4, author=TOWN))
    url = f"{DESK}{county.code}/entries/{entry(4, b.CaseSubmitted(), rev=4).id}/"
    assert admin.post(url, {"note": " "}).status_code == 422
    assert counts(admin)["flag"] == 1
    admin.post(url, {"note": "第一次"})
    admin.post(url, {"note": "第二次"})
    with tenant_context(county):
        assert Flag.objects.get().resolution == "第一次"


def test_of_a_number_used_twice_the_other_case_is_shown(county, admin):
    read(county, opening())
    read(county, opening(case=OTHER_CASE, number=20))
    found = admin.get(f"{DESK}{county.code}/entries/{opening(number=20).id}/").context["found"]
    assert (found.flag.reason, found.flag.applied) == ("number_reused", True)
    assert [twin.pk for twin in found.twins] == [CASE]


def test_an_entry_without_a_case_is_shown_too(county, admin):
    astray = entry(9, b.PolicySet(name="retention_days", value="1"), rev=0, case_id=None)
    read(county, astray)
    answer = admin.get(f"{DESK}{county.code}/entries/{astray.id}/")
    assert (answer.status_code, answer.context["found"].state) == (200, None)
    assert CaseAccess.objects.count() == 0


def test_a_case_whose_custodian_is_revoked_is_taken_over(county, admin):
    read(county, *accepted())
    take = f"{DESK}{county.code}/cases/{CASE}/custody/"
    assert admin.get(take).context["holder"].standing == "silent"
    node_revoke(node=VILLAGE, by="admin1", at=timezone.now())
    with tenant_context(county):
        troubles_follow()
    assert counts(admin)["stranded"] == 1
    assert Trouble.objects.get().count == 1
    assert GROUPED in admin.get(f"{DESK}{county.code}/nodes/{VILLAGE}/").content.decode()
    assert admin.get(take).context["holder"].takeable
    assert admin.post(take, {"reason": "设备被盗"}).status_code == 302
    with tenant_context(county):
        case = Case.objects.get()
        taken = EntryRow.objects.get(kind="custody.taken")
    assert (case.custodian, case.rev, taken.author) == ("core", 4, "core")
    assert counts(admin)["stranded"] == 0
    assert CaseAccess.objects.filter(act="custody-take", staff_code="admin1").count() == 1


def test_what_the_machine_had_written_meanwhile_stands_beside_the_takeover(county, admin):
    read(county, *accepted())
    admin.post(f"{DESK}{county.code}/cases/{CASE}/custody/", {"reason": "设备被盗"})
    late = entry(7, b.CaseWithdrawn(reason="撤回"), rev=4)
    read(county, late)
    found = admin.get(f"{DESK}{county.code}/entries/{late.id}/").context["found"]
    assert [(side.step.kind, side.counts) for side in found.sides] == [
        ("custody.taken", True), ("case.withdrawn", False),
    ]  # fmt: skip
    assert found.after_takeover


def test_all_cases_of_a_machine_that_is_gone_are_taken_at_once(county, admin):
    read(county, opening(), opening(case=OTHER_CASE, number=20))
    answer = admin.post(f"{DESK}{county.code}/nodes/{VILLAGE}/", {"reason": "设备被盗"})
    assert answer.status_code == 302
    with tenant_context(county):
        assert set(Case.objects.values_list("custodian", flat=True)) == {"core"}


def test_no_case_is_taken_from_a_machine_at_work(county, admin):
    read(county, *accepted())
    Node.objects.update(last_seen=timezone.now())
    take = f"{DESK}{county.code}/cases/{CASE}/custody/"
    assert not admin.get(take).context["holder"].takeable
    admin.post(take, {"reason": "设备被盗"})
    admin.post(f"{DESK}{county.code}/nodes/{VILLAGE}/", {"reason": "设备被盗"})
    with tenant_context(county):
        assert Case.objects.get().custodian == VILLAGE
        assert not EntryRow.objects.filter(kind="custody.taken").exists()


def test_an_entry_that_waits_for_more_than_a_day_says_for_whom(county, admin):
    read(county, *forwarded_to_the_town())
    read(county, entry(8, b.CaseForwarded(to=VILLAGE, power="deliver"), rev=6))
    with tenant_context(county):
        troubles_follow()
        assert not Trouble.objects.exists()
        ParkedEntry.objects.update(parked_at_ms=ParkedEntry.objects.get().parked_at_ms - PARKED_TOO_LONG_MS - 1)
        troubles_follow()
    connection.set_schema_to_public()
    trouble = Trouble.objects.get()
    assert (trouble.kind, trouble.node, trouble.waits_for, trouble.number) == ("parked", VILLAGE, TOWN, NUMBER)
    assert counts(admin)["parked"] == 1
    read(county, entry(7, BODIES["stage.opened"], rev=5, author=TOWN), author=TOWN)
    with tenant_context(county):
        troubles_follow()
    assert counts(admin)["parked"] == 0


@pytest.mark.parametrize(
    ("role", "department", "tenant_code", "desk", "entry_page"),
    [
        ("county_admin", "", "", 200, 200),
        ("supervisor", "", "", 200, 200),
        ("supervisor", "", "430321100000", 200, 200),
        ("supervisor", "", "430321999000", 200, 404),
        ("supervisor", build.USCC, "", 403, 404),
        ("operator", "", "", 200, 403),
        ("reviewer", build.USCC, "", 403, 403),
        ("clerk", "", "430321100000", 403, 403),
    ],
)
def test_the_desk_is_for_those_who_watch_over_the_tenant(county, role, department, tenant_code, desk, entry_page):
    intruder = entry(4, b.CaseWithdrawn(reason="撤回"), rev=4, author=TOWN)
    read(county, *accepted(), intruder)
    client = browser(officer("one", role, department, tenant_code))
    answer = client.get(DESK)
    assert answer.status_code == desk
    if desk == 200:
        assert answer.context["counts"]["flag"] == (0 if tenant_code == "430321999000" else 1)
    assert client.get(f"{DESK}{county.code}/entries/{intruder.id}/").status_code == entry_page
    if entry_page != 200:
        assert client.post(f"{DESK}{county.code}/entries/{intruder.id}/", {"note": "x"}).status_code == entry_page
        assert client.post(f"{DESK}{county.code}/cases/{CASE}/custody/", {"reason": "x"}).status_code == entry_page
        with tenant_context(county):
            assert (Flag.objects.get().resolved, Case.objects.get().custodian) == (False, VILLAGE)


def astray(number: int) -> Entry:
    return entry(number, b.PolicySet(name="a", value="1"), rev=0, case_id=None)


def test_the_number_of_queries_does_not_grow_with_the_troubles_nor_with_the_tenants(county, admin, town: TownMaker):
    read(county, astray(1))
    admin.get(DESK)
    with CaptureQueriesContext(db) as few:
        admin.get(DESK)
    for number in (1, 2):
        other = town(number)
        read(other, *(astray(one) for one in range(100 * number, 100 * number + 20)))
    with CaptureQueriesContext(db) as many:
        answer = admin.get(DESK)
    assert answer.context["counts"]["flag"] == 41
    assert len(many) == len(few)


def test_a_segment_of_many_flags_writes_the_index_in_as_many_statements_as_one(county):
    read(county, astray(1))
    with CaptureQueriesContext(db) as few:
        read(county, astray(2))
    with CaptureQueriesContext(db) as many:
        read(county, *(astray(number) for number in range(10, 60)))
    assert len(many) == len(few)
    assert Trouble.objects.count() == 52


def test_the_badge_and_the_machines_page_say_how_many_are_open(village, admin):
    village.forge()
    village.read()
    page = admin.get(f"/points/{VILLAGE}/").content.decode()
    assert page.count('class="yz-count') == 2
    assert f"{DESK}?node={VILLAGE}" in admin.get("/nodes/").content.decode()
    assert counts(admin, f"?node={VILLAGE}")["held"] == 1
    assert counts(admin, f"?node={TOWN}")["held"] == 0


def test_the_index_is_rebuilt_from_the_tenants(county, village, admin):
    village.forge()
    village.read()
    read(county, astray(1))
    settled: UUID = astray(2).id
    read(county, astray(2))
    admin.post(f"{DESK}{county.code}/entries/{settled}/", {"note": "好"})
    names = [field.attname for field in Trouble._meta.fields if field.attname not in ("id", "file_size")]
    before = list(Trouble.objects.filter(resolved_at=None).order_by("key").values(*names))
    Trouble.objects.all().delete()
    Trouble.objects.create(tenant_code="430321888000", kind="flag", key="gone", node="x", since=timezone.now())
    out = io.StringIO()
    call_command("rebuild_troubles", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"open": {county.code: 2}, "of_gone_tenants": 1}
    assert list(Trouble.objects.filter(resolved_at=None).order_by("key").values(*names)) == before


def test_no_column_of_the_index_holds_the_applicant(county):
    read(county, *accepted(), entry(4, b.CaseWithdrawn(reason="陈秀英撤回"), rev=4, author=TOWN))
    index = str(list(Trouble.objects.values()))
    assert NUMBER in index and "陈秀英" not in index and build.CITIZEN not in index
