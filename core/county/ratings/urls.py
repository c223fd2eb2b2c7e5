"""Pages of all ratings and their follow-ups, under the county's host name."""

from django.urls import path

from .views import desk

app_name = "ratings"
urlpatterns = [
    path("", desk.ratings, name="list"),
    path("<str:tenant_code>/<uuid:entry_id>/", desk.rating, name="rating"),
]
