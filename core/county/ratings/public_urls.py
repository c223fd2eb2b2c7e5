"""The one page citizens open on their own phones, under the county's and every tenant's host name."""

from django.urls import path

from .views import public

app_name = "rate"
urlpatterns = [
    path("<str:token>/", public.rate, name="rate"),
    path("<str:token>/thanks/", public.thanks, name="thanks"),
]
