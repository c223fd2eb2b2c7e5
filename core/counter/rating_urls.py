"""Pages of ratings at the counter; core/counter/urls.py takes them in under its own name space."""

from django.urls import path

from .views import rating

urlpatterns = [
    path("ratings/", rating.ratings, name="ratings"),
    path("cases/<uuid:case_id>/rate/", rating.rate, name="rate"),
    path("cases/<uuid:case_id>/rate/thanks/", rating.rate_thanks, name="rate_thanks"),
    path("cases/<uuid:case_id>/rate/qr.svg", rating.rate_qr, name="rate_qr"),
    path("cases/<uuid:case_id>/ratings/<uuid:rating_id>/", rating.follow, name="rating_follow"),
]
