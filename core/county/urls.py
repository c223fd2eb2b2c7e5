"""Pages under a tenant's own host name."""

from django.urls import path

from core.county.health import health

urlpatterns = [path("healthz", health, name="health")]
