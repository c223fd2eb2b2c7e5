"""Pages of a node: the counter, the way in, and whether it answers at all."""

from django.urls import include, path

from edge_node.health import health

urlpatterns = [
    path("healthz", health, name="health"),
    path("", include("core.counter.urls")),
    path("", include("core.counter.account_urls")),
]

handler400 = "core.counter.refusals.bad_request"
handler403 = "core.counter.refusals.permission_denied"
handler404 = "core.counter.refusals.not_found"
handler500 = "core.counter.refusals.server_error"
