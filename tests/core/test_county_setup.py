"""A new core is set up by one command, twice if need be; the nightly check finds codes nobody knows any more."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as default_connection
from django.utils import timezone
from django_tenants.utils import schema_context
from procrastinate.contrib.django.models import ProcrastinateJob

from core.domain.cases.models import Case, SerialCounter
from core.domain.catalogue.models import Department, Division, ItemVersion
from core.domain.staff.models import Membership, User
from core.domain.staff.services import user_create
from tenants.connection import connection
from tenants.jobs import jobs_resume_stalled, worker_lives
from tenants.models import ReferenceCheck, ServicePoint, Tenant
from tenants.naming import hall_name_of, slug_of, typed_as
from tenants.orphans import Orphan, orphans_of, references_check
from tests.core import offices
from tests.domain import build

COUNTY = "430321000000"


@pytest.fixture
def public(tenant: Tenant) -> Tenant:
    connection.set_schema_to_public()
    return tenant


def _setup(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("setup_county", "--json", *arguments, stdout=out)
    facts: dict[str, Any] = json.loads(out.getvalue())
    return facts


@pytest.mark.django_db
def test_a_new_core_gets_its_hall_and_an_account_that_can_log_in(public: Tenant) -> None:
    Division.objects.create(code=COUNTY, name="湘潭县", parent="430300000000", level="county")
    facts = _setup()
    assert facts["hall"] == "xiangtan.localhost" and facts["console"] == "county.localhost"
    assert User.objects.get(code="county-admin").check_password(facts["password"])
    assert Membership.objects.get(user__code="county-admin").role == "county_admin"
    hall = Tenant.objects.get(code=COUNTY)
    assert (hall.kind, hall.name, hall.hall_name) == ("county", "湘潭县", "湘潭县政务服务中心")
    assert ServicePoint.objects.get(tenant_code=COUNTY).level == "county"


@pytest.mark.django_db
def test_setting_up_again_changes_nothing_and_shows_no_password(public: Tenant) -> None:
    first = _setup("--name", "湘潭县", "--slug", "hall")
    again = _setup("--name", "另一个名字")
    assert again == first | {"password": None}
    assert User.objects.get(code="county-admin").check_password(first["password"])
    assert (Tenant.objects.get(code=COUNTY).name, Membership.objects.count()) == ("湘潭县", 1)


@pytest.mark.django_db
def test_without_the_countys_name_the_account_stands_and_the_command_says_what_to_do(public: Tenant) -> None:
    with pytest.raises(CommandError, match="--name") as refused:
        _setup()
    assert refused.value.returncode == 3
    assert User.objects.filter(code="county-admin").exists() and not Tenant.objects.filter(code=COUNTY).exists()


@pytest.mark.django_db
def test_a_slug_that_is_taken_is_refused(public: Tenant) -> None:
    with pytest.raises(CommandError) as refused:
        _setup("--name", "湘潭县", "--slug", "yisuhe")
    assert refused.value.returncode == 2


def test_host_names_are_the_towns_names_in_pinyin() -> None:
    assert [slug_of(name) for name in ("易俗河镇", "分水乡", "湘潭县", "雨湖路街道", "白镇", "")] == [
        *("yisuhe", "fenshui", "xiangtan", "yuhulu", "baizhen", "hall")
    ]
    assert slug_of("石鼓镇", taken={"shigu", "shigu-2"}) == "shigu-3"
    assert typed_as("花石镇") == "花石镇 huashizhen hsz"
    assert (hall_name_of("湘潭县", county=True), hall_name_of("花石镇")) == ("湘潭县政务服务中心", "花石镇便民服务中心")


@pytest.mark.django_db
def test_a_tenant_whose_codes_are_all_known_has_no_orphans(
    public: Tenant, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    _one_case(public, settings, monkeypatch)
    assert orphans_of(references_check(at=timezone.now())) == []


@pytest.mark.django_db
def test_codes_that_public_no_longer_knows_are_found(
    public: Tenant, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = _one_case(public, settings, monkeypatch)
    ItemVersion.objects.filter(item_code=build.ALLOWANCE).delete()
    Department.objects.all().delete()
    Division.objects.filter(code="430321100200").delete()
    ServicePoint.objects.all().delete()
    User.objects.filter(code=build.AGENT.code).delete()
    kinds = {(one.kind, one.code) for one in orphans_of(references_check(at=timezone.now()))}
    assert kinds >= {
        ("item", f"{build.ALLOWANCE} v1"),
        ("division", "430321100200"),
        ("service_point", "430321100200-01"),
        ("staff", build.AGENT.code),
    }
    with pytest.raises(CommandError) as found:
        call_command("check_orphans", "--json", stdout=(out := StringIO()))
    assert found.value.returncode == 1
    report = json.loads(out.getvalue())
    assert report["tenants"] == 1 and any(number in one["examples"] for one in report["orphans"])
    assert ReferenceCheck.objects.count() == 2


@pytest.mark.django_db
def test_a_tenant_without_a_schema_is_an_orphan_itself(public: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {public.schema_name} CASCADE")
    assert orphans_of(references_check(at=timezone.now())) == [
        Orphan(tenant=public.code, kind="schema", code=public.schema_name, rows=0)
    ]


@pytest.mark.django_db
def test_the_halls_own_window_is_known(public: Tenant) -> None:
    with schema_context(public.schema_name):
        SerialCounter.objects.create(service_point=f"{public.code}-00", day="2026-11-02", last=1)
    assert orphans_of(references_check(at=timezone.now())) == []


@pytest.mark.django_db
def test_jobs_of_a_dead_worker_wait_again(public: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '31 s')")
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
        for status, age in (("doing", 31), ("doing", 0), ("todo", 31)):
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status, worker_id) SELECT 'q',"
                " 't', 0, '{}', %s::procrastinate_job_status, id FROM procrastinate_workers"
                " WHERE (last_heartbeat < now() - interval '30 s') = %s",
                [status, age == 31],
            )
    assert len(jobs_resume_stalled()) == 1
    assert list(ProcrastinateJob.objects.order_by("id").values_list("status", flat=True)) == ["todo", "doing", "todo"]


@pytest.mark.django_db(transaction=True)
def test_the_worker_ends_well_on_sigterm(public: Tenant) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.core.worker_settings",
        "YIZHAN_TEST_DATABASE": str(default_connection.settings_dict["NAME"]),
        "PYTHONUNBUFFERED": "1",
    }
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "jobs"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "Waiting for jobs; SIGTERM or Ctrl-C stops.\n"
        _until_a_worker_is_known()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0
    finally:
        worker.kill()
        worker.communicate()


def _until_a_worker_is_known() -> None:
    deadline = timezone.now() + timedelta(seconds=30)
    while not worker_lives():
        assert timezone.now() < deadline


def _one_case(tenant: Tenant, settings: object, monkeypatch: pytest.MonkeyPatch) -> str:
    """A case of a village whose every code is known; returns its number."""
    offices.catalogue()
    ServicePoint.objects.create(
        code="430321100200-01", tenant_code=tenant.code, division="430321100200", level="village", name="某村",
        kind="village",
    )  # fmt: skip
    user_create(code=build.AGENT.code, name=build.AGENT.name, password=None)
    state = offices.village_case(tenant, settings, monkeypatch)
    with schema_context(tenant.schema_name):
        assert Case.objects.count() == 1
    return state.number
