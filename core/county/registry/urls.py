"""Addresses of the registry, under the county's host name."""

from django.urls import path

from .views import machines

app_name = "registry"
urlpatterns = [
    path("enrol/", machines.enrol, name="enrol"),
]
