"""Pages under the county's host name: they read and write the public schema only."""

from django.urls import path

from core.county.health import health

urlpatterns = [path("healthz", health, name="health")]
