"""The county administrator makes towns tenants: one by one and all at once; a failure says what stands."""

import re
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from core.domain.catalogue.models import Division
from core.domain.staff.models import Membership, User
from core.domain.staff.services import membership_grant, user_create
from tenants import provisioning
from tenants.connection import connection
from tenants.models import Domain, ProvisioningRun, ServicePoint, Tenant
from tenants.provisioning import run_perform
from tenants.selectors import run_view
from tests.core.offices import officer

COUNTY, HUASHI, SHIGU = "430321000000", "430321107000", "430321109000"
pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(tenant: Tenant, client: Client) -> Client:
    """A county administrator in English; the county with two towns that are no tenants, three villages."""
    connection.set_schema_to_public()
    places = [
        (COUNTY, "湘潭县", "430300000000", "county"), ("430321100000", "易俗河镇", COUNTY, "town"),
        (HUASHI, "花石镇", COUNTY, "town"), (SHIGU, "石鼓镇", COUNTY, "town"),
        ("430321107200", "甲村", HUASHI, "village"), ("430321107201", "乙村", HUASHI, "village"),
        ("430321109200", "丙村", SHIGU, "village"),
    ]  # fmt: skip
    Division.objects.bulk_create(
        Division(code=code, name=name, parent=parent, level=level) for code, name, parent, level in places
    )
    client.force_login(officer("boss", "county_admin"), backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    client.defaults["HTTP_HOST"] = "county.localhost"
    return client


def _sent(**changes: str) -> dict[str, str]:
    return {
        "division": HUASHI, "name": "花石镇", "hall_name": "花石镇便民服务中心", "slug": "huashi", "villages": "on",
        "admin-TOTAL_FORMS": "1", "admin-INITIAL_FORMS": "1", "admin-MIN_NUM_FORMS": "1", "admin-MAX_NUM_FORMS": "10",
        "admin-0-code": "zhou", "admin-0-name": "周海燕", "admin-0-password": "correct-horse-7",
    } | changes  # fmt: skip


def _run() -> ProvisioningRun:
    return ProvisioningRun.objects.get(tenant_code=HUASHI)


def _text(client: Client, path: str) -> str:
    page = client.get(path)
    assert page.status_code == 200
    return page.content.decode()


def _work() -> None:
    call_command("jobs", "--once")


def test_the_choice_offers_what_is_no_tenant_yet_first(admin: Client) -> None:
    page = _text(admin, "/tenants/new/")
    assert re.findall(r'<option value="(\d+)"', page) == [COUNTY, HUASHI, SHIGU, "430321100000"]


@pytest.mark.parametrize("typed", ["花石", "huashi", "hsz", "430321107"])
def test_a_town_is_found_by_name_pinyin_initials_and_code(admin: Client, typed: str) -> None:
    page = _text(admin, f"/tenants/new/?search={typed}")
    assert re.findall(r'<option value="(\d+)"', page) == [HUASHI]


def test_the_form_is_filled_with_the_usual_names(admin: Client) -> None:
    page = _text(admin, f"/tenants/new/?division={HUASHI}")
    assert 'value="花石镇便民服务中心"' in page and 'name="slug" value="huashi"' in page
    assert 'value="huashi-admin"' in page and "2 village service points, if ticked" in page
    assert f"t_{HUASHI}" in page


def test_sending_the_form_queues_one_job_that_holds_no_password(admin: Client) -> None:
    answer = admin.post("/tenants/new/", _sent())
    run = _run()
    assert answer.status_code == 302 and answer["Location"] == f"/tenants/runs/{run.pk}/"
    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.args) == ("tenants.provision", {"run": run.pk})
    assert "correct-horse-7" not in str(run.order)
    assert not Tenant.objects.filter(code=HUASHI).exists()
    assert "No worker is running." in _text(admin, f"/tenants/runs/{run.pk}/")


@pytest.mark.django_db(transaction=True)
def test_the_worker_makes_the_town_and_the_page_says_so(admin: Client) -> None:
    admin.post("/tenants/new/", _sent())
    _work()
    tenant = Tenant.objects.get(code=HUASHI)
    assert Domain.objects.get(tenant=tenant).domain == "huashi.localhost"
    assert ServicePoint.objects.filter(tenant_code=HUASHI).count() == 3
    assert User.objects.get(code="zhou").check_password("correct-horse-7")
    run = _run()
    assert run.order["administrators"][0]["password_hash"] == ""
    page = _text(admin, f"/tenants/runs/{run.pk}/")
    assert "花石镇 is set up." in page and 'href="http://huashi.localhost/"' in page and "every 1s" not in page
    assert not ProcrastinateJob.objects.filter(task_name="tenants.provision").exists()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA t_{HUASHI} CASCADE")  # what a test commits it removes


def test_without_a_worker_it_is_done_right_now(admin: Client) -> None:
    admin.post("/tenants/new/", _sent())
    run = _run()
    admin.post(f"/tenants/runs/{run.pk}/continue/", {"now": "1"})
    run.refresh_from_db()
    assert run_view(run).state == "done"
    assert Membership.objects.get(user__code="zhou").role == "supervisor"


def test_a_made_password_is_shown_once_and_works(admin: Client) -> None:
    answer = admin.post("/tenants/new/", _sent(**{"admin-0-password": ""}))
    shown = re.findall(r'yz-secret">([^<]+)<', answer.content.decode())
    assert len(shown) == 1 and "no-store" in answer["Cache-Control"]
    run = _run()
    assert shown[0] not in _text(admin, f"/tenants/runs/{run.pk}/")
    run_perform(run)
    assert User.objects.get(code="zhou").check_password(shown[0])


def test_an_account_that_exists_keeps_its_password_and_none_is_made(admin: Client) -> None:
    user_create(code="zhou", name="原名", password="old-password")
    answer = admin.post("/tenants/new/", _sent(**{"admin-0-password": ""}))
    assert answer.status_code == 302
    run_perform(_run())
    user = User.objects.get(code="zhou")
    assert user.name == "原名" and user.check_password("old-password")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slug": "yisuhe"}, "“yisuhe.localhost” is already the address of 易俗河镇."),
        ({"slug": "county"}, "“county.localhost” is already the address of the county console."),
        ({"slug": "花石"}, "An address takes only a-z, 0-9 and hyphens"),
        ({"name": ""}, "This field is required."),
        ({"admin-0-code": ""}, "This field is required."),
        ({"admin-0-code": "a b"}, "A staff code takes only letters"),
        ({"admin-0-password": "12345678"}, "This password is too common."),
    ],
)
def test_wrong_input_is_marked_and_starts_nothing(admin: Client, change: dict[str, str], message: str) -> None:
    page = admin.post("/tenants/new/", _sent(**change)).content.decode()
    assert "Nothing was started yet." in page and message in page
    assert ProvisioningRun.objects.filter(ended_at=None).count() == 0 and ProcrastinateJob.objects.count() == 0


def test_one_more_administrator_keeps_what_was_typed(admin: Client) -> None:
    page = admin.post("/tenants/new/", _sent(name="花石", add="1")).content.decode()
    assert 'name="admin-1-code"' in page and 'value="花石"' in page and 'value="周海燕"' in page
    assert ProvisioningRun.objects.filter(ended_at=None).count() == 0


def test_two_rows_with_one_staff_code_are_refused(admin: Client) -> None:
    second = {"admin-TOTAL_FORMS": "2", "admin-1-code": "zhou", "admin-1-name": "周", "admin-1-password": ""}
    page = admin.post("/tenants/new/", _sent(**second)).content.decode()
    assert "The same staff code stands in two rows." in page


def test_a_failure_says_what_is_kept_and_continuing_finishes(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(order: object) -> None:
        raise IntegrityError("no more villages")

    admin.post("/tenants/new/", _sent())
    run = _run()
    path = f"/tenants/runs/{run.pk}/"
    with monkeypatch.context() as broken:
        broken.setitem(provisioning._STEP_FUNCTIONS, "villages", fail)
        admin.post(f"{path}continue/", {"now": "1"})
    ProcrastinateJob.objects.all()._raw_delete("default")  # the job itself failed with it
    page = _text(admin, path)
    assert "no more villages" in page
    assert "The 3 steps before it are kept; of the failed step nothing was kept." in page
    admin.post(f"{path}continue/")
    assert ProcrastinateJob.objects.count() == 1
    admin.post(f"{path}continue/")  # pressed twice: still one
    assert ProcrastinateJob.objects.count() == 1
    admin.post(f"{path}continue/", {"now": "1"})
    assert ServicePoint.objects.filter(tenant_code=HUASHI).count() == 3
    assert "花石镇 is set up." in _text(admin, path)


def test_a_run_whose_worker_died_says_that_nobody_works_on_it(admin: Client) -> None:
    admin.post("/tenants/new/", _sent())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    run = _run()
    assert "Nobody is working on this any more." in _text(admin, f"/tenants/runs/{run.pk}/")


def test_a_run_somebody_works_on_is_under_way(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    admin.post("/tenants/new/", _sent())
    run = _run()
    monkeypatch.setitem(provisioning._STEP_FUNCTIONS, "villages", lambda _: seen.append(run_view(run).state))
    run_perform(run)
    run.refresh_from_db()
    assert (seen, run_view(run).state) == (["running"], "done")


def test_all_that_are_ticked_start_in_one_post_with_one_job_each(admin: Client) -> None:
    page = _text(admin, "/tenants/many/")
    assert re.findall(r'name="division" value="(\d+)" checked', page) == [COUNTY, HUASHI, SHIGU]
    answer = admin.post("/tenants/many/", {"division": [HUASHI, SHIGU], "villages": "on", "administrators": "on"})
    passwords = re.findall(r'yz-secret">([^<]+)<', answer.content.decode())
    assert len(passwords) == 2 and ProcrastinateJob.objects.count() == 2
    admin.post("/tenants/runs/now/")
    assert set(Tenant.objects.values_list("slug", flat=True)) == {"yisuhe", "huashi", "shigu"}
    assert User.objects.get(code="shigu-admin").check_password(passwords[1])
    assert "every 1s" not in _text(admin, "/tenants/runs/").replace("3 are", "")


def test_nothing_ticked_starts_nothing_and_says_so(admin: Client) -> None:
    assert "Nothing was ticked" in admin.post("/tenants/many/", {}, follow=True).content.decode()
    assert ProcrastinateJob.objects.count() == 0


def test_the_list_shows_address_service_points_and_figures(admin: Client) -> None:
    page = _text(admin, "/tenants/")
    assert 'href="http://yisuhe.localhost/"' in page and "易俗河镇政务服务大厅" in page
    assert "1 halls work; 3 divisions of the county have none yet." in page


def test_the_list_takes_as_many_queries_with_three_tenants_as_with_one(
    admin: Client, django_assert_max_num_queries: object
) -> None:
    admin.post("/tenants/many/", {"division": [HUASHI, SHIGU]})
    admin.post("/tenants/runs/now/")
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        admin.get("/tenants/")


@pytest.fixture
def paths() -> Iterator[list[str]]:
    yield ["/tenants/", "/tenants/new/", "/tenants/many/", "/tenants/runs/", "/tenants/references/"]


def test_only_county_administrators_may_open_the_pages(admin: Client, paths: list[str]) -> None:
    admin.force_login(officer("sup", "supervisor"), backend="django.contrib.auth.backends.ModelBackend")
    assert [admin.get(path).status_code for path in paths] == [403] * 5
    assert admin.post("/tenants/new/", _sent()).status_code == 403
    admin.logout()
    assert [admin.get(path).status_code for path in paths] == [302] * 5
    assert ProvisioningRun.objects.filter(ended_at=None).count() == 0


def test_a_living_worker_is_noticed(admin: Client) -> None:
    admin.post("/tenants/new/", _sent())
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert ProcrastinateWorker.objects.count() == 1
    page = _text(admin, f"/tenants/runs/{_run().pk}/")
    assert "No worker is running." not in page and "every 1s" in page


def test_a_membership_elsewhere_does_not_make_a_county_administrator(admin: Client) -> None:
    membership_grant(user_code=officer("clerk", "clerk").code, role="approver", tenant_code="430321100000")
    admin.force_login(User.objects.get(code="clerk"), backend="django.contrib.auth.backends.ModelBackend")
    assert admin.get("/tenants/").status_code == 403
