"""Pages of the departments' officers on the county's host."""

from django.urls import path

from .views import acts, case, home, inbox, papers, undelivered

app_name = "backoffice"
urlpatterns = [
    path("overview/", home.overview, name="overview"),
    path("undelivered/", undelivered.undelivered, name="undelivered"),
    path("undelivered/urge/", undelivered.urge, name="undelivered_urge"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/assign/", inbox.assign, name="assign"),
    path("inbox/<str:tenant_code>/<uuid:case_id>/", case.case, name="case"),
    path("inbox/<str:tenant_code>/<uuid:case_id>/scan/<str:key>/", case.scan, name="scan"),
    path("inbox/<str:tenant_code>/<uuid:case_id>/papers/<slug:kind>/", papers.paper, name="paper"),
    path("inbox/<str:tenant_code>/<uuid:case_id>/<slug:name>/", acts.act, name="act"),
]
