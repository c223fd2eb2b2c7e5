"""Addresses of the desk of streams and conflicts, under the county's host name."""

from django.urls import path

from .views import desk, dispute

app_name = "ingest"
urlpatterns = [
    path("", desk.desk, name="desk"),
    path("<str:tenant_code>/entries/<uuid:entry_id>/", dispute.dispute, name="dispute"),
    path("<str:tenant_code>/cases/<uuid:case_id>/custody/", dispute.custody, name="custody"),
    path("<str:tenant_code>/nodes/<str:node>/", dispute.stranded, name="stranded"),
]
