"""Pages of a node: the counter, and the way in."""

from django.urls import include, path

urlpatterns = [
    path("", include("core.counter.urls")),
    path("", include("core.counter.account_urls")),
]

handler400 = "core.counter.refusals.bad_request"
handler403 = "core.counter.refusals.permission_denied"
handler404 = "core.counter.refusals.not_found"
handler500 = "core.counter.refusals.server_error"
