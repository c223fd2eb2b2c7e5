"""Pages under the county's host name: they read and write the public schema only."""

from django.urls import include, path

from core.counter.views import start, verify
from core.county.health import health

urlpatterns = [
    path("healthz", health, name="health"),
    path("", start.console, name="console"),
    path("", include("core.counter.account_urls")),
    path("verify/", verify.verify, name="verify"),
    path("", include("core.county.registry.urls")),
    path("", include("core.county.backoffice.urls")),
    path("ratings/", include("core.county.ratings.urls")),
    path("rate/", include("core.county.ratings.public_urls")),
    path("watch/", include("core.county.watch.urls")),
    path("conflicts/", include("core.county.ingest.urls")),
    path("catalogue/", include("core.county.publishing.urls")),
    path("tenants/", include("tenants.urls")),
]

handler400 = "core.counter.refusals.bad_request"
handler403 = "core.counter.refusals.permission_denied"
handler404 = "core.counter.refusals.not_found"
handler500 = "core.counter.refusals.server_error"
