"""Pages under a tenant's own host name: the counter of its hall."""

from django.urls import include, path

from core.county.health import health

urlpatterns = [
    path("healthz", health, name="health"),
    path("rate/", include("core.county.ratings.public_urls")),
    path("", include("core.counter.urls")),
    path("", include("core.counter.account_urls")),
]

handler400 = "core.counter.refusals.bad_request"
handler403 = "core.counter.refusals.permission_denied"
handler404 = "core.counter.refusals.not_found"
handler500 = "core.counter.refusals.server_error"
