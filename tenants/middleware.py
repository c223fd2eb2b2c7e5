"""Host name > tenant > schema, and back to public when the answer is made. Fails closed.

PostgreSQL silently skips a schema that does not exist and would go on reading public; so a host name without a
tenant and a tenant without a schema are refused before any page is asked.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.template.loader import render_to_string
from django.utils import translation

from core.tracing import trace_now
from tenants.connection import connection
from tenants.directory import is_county_host, tenant_of_host
from tenants.errors import SchemaMissing

logger = logging.getLogger(__name__)


class TenantMiddleware:
    """Sets request.tenant (None on the county's host) and the connection's schema; synchronous only.

    A view that streams must read its rows before it returns: the body is sent after the schema is public again.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            host = split_domain_port(request.get_host())[0]
        except DisallowedHost:
            return _refusal(request, "tenants/unknown_host.html", 404, host="")
        connection.set_schema_to_public()
        if is_county_host(host):
            request.tenant = None  # type: ignore[attr-defined]
            request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
            return self.get_response(request)
        try:
            tenant = tenant_of_host(host)
        except SchemaMissing as error:
            logger.error("refused %s: %s", host, error)
            return _refusal(request, "tenants/schema_missing.html", 503, host=host)
        if tenant is None:
            return _refusal(request, "tenants/unknown_host.html", 404, host=host)
        request.tenant = tenant  # type: ignore[attr-defined]
        request.urlconf = settings.ROOT_URLCONF
        try:
            connection.set_tenant(tenant)
            return self.get_response(request)
        finally:
            connection.set_schema_to_public()


def _refusal(request: HttpRequest, template: str, status: int, *, host: str) -> HttpResponse:
    """A page in the chosen language, else in Chinese; made here, because the language middleware has not run yet."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    with translation.override(chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE):
        context = {"host": host, "county_host": settings.COUNTY_HOST, "request_id": trace_now().id}
        body = render_to_string(template, context)
    response = HttpResponse(body, status=status)
    if status == 503:
        response["Retry-After"] = "60"
    return response
