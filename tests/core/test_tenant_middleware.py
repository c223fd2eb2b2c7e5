"""Every request finds its tenant by host name, or is refused; afterwards the connection stands in public."""

from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection as django_connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from tenants.connection import connection
from tenants.directory import directory_forget
from tenants.middleware import TenantMiddleware
from tenants.models import Domain, Tenant

pytestmark = pytest.mark.django_db
HOST = "yisuhe.localhost"


@pytest.fixture(autouse=True)
def in_public(tenant: Tenant) -> None:
    connection.set_schema_to_public()


def _get(client: Client, host: str, language: str = "en") -> SimpleNamespace:
    client.cookies["django_language"] = language
    response = client.get("/healthz", headers={"host": host})
    return SimpleNamespace(status=response.status_code, text=response.content.decode(), headers=response.headers)


def test_a_tenants_host_is_served_from_its_schema(client: Client) -> None:
    assert '"schema": "t_430321100000"' in _get(client, HOST).text
    assert '"schema": "t_430321100000"' in _get(client, f"{HOST}:8000").text


@pytest.mark.parametrize("host", ["county.localhost", "127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_the_countys_hosts_are_served_from_public(client: Client, host: str) -> None:
    assert '"schema": "public"' in _get(client, host).text


def test_after_a_request_the_connection_stands_in_public(client: Client) -> None:
    _get(client, HOST)
    assert connection.schema_name == "public"


def test_a_view_that_breaks_leaves_the_connection_in_public(tenant: Tenant) -> None:
    seen: list[tuple[Tenant, str, str | None]] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append((request.tenant, connection.schema_name, request.urlconf))  # type: ignore[attr-defined]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        TenantMiddleware(view)(RequestFactory().get("/", headers={"host": HOST}))
    assert seen == [(tenant, "t_430321100000", settings.ROOT_URLCONF)]
    assert connection.schema_name == "public"


def test_an_unknown_host_is_refused_in_the_language_chosen(client: Client) -> None:
    english = _get(client, "nowhere.localhost")
    assert english.status == 404
    assert "No town, street or park is registered under the name “nowhere.localhost”." in english.text


@pytest.mark.parametrize("chosen", ["", "zh-hans", "fr"])
def test_pages_are_chinese_whatever_the_browser_says_until_somebody_chooses(client: Client, chosen: str) -> None:
    client.cookies["django_language"] = chosen
    for host, path in (("nowhere.localhost", "/"), ("county.localhost", "/login/"), (HOST, "/login/")):
        page = client.get(path, headers={"host": host, "accept-language": "en"})
        assert '<html lang="zh-hans">' in page.content.decode()


def test_the_language_switch_is_remembered_for_the_host(client: Client) -> None:
    client.post("/language/", {"language": "en", "next": "/login/"}, headers={"host": HOST})
    assert '<html lang="en">' in client.get("/login/", headers={"host": HOST}).content.decode()


def test_a_malformed_host_is_refused(client: Client) -> None:
    assert _get(client, "no_such host").status == 404


def test_a_tenant_whose_schema_is_missing_is_refused_and_nothing_is_read(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA t_430321100000 CASCADE")
    refused = _get(client, HOST)
    assert refused.status == 503
    assert "This service hall is not available" in refused.text
    assert refused.headers["Retry-After"] == "60"
    assert connection.schema_name == "public"


def test_a_host_is_remembered_for_a_while_and_then_asked_for_again(client: Client) -> None:
    _get(client, HOST)
    Domain.objects.all().delete()
    assert _get(client, HOST).status == 200
    directory_forget()
    assert _get(client, HOST).status == 404


def test_an_unknown_host_is_not_remembered(client: Client, tenant: Tenant) -> None:
    assert _get(client, "new.localhost").status == 404
    Domain.objects.create(domain="new.localhost", tenant=tenant, is_primary=False)
    assert _get(client, "new.localhost").status == 200


def test_the_second_request_asks_nothing_about_the_tenant(client: Client) -> None:
    _get(client, HOST)
    with CaptureQueriesContext(django_connection) as captured:
        _get(client, HOST)
    assert [query["sql"] for query in captured if not query["sql"].startswith("SET ")] == ["SELECT current_schema()"]
