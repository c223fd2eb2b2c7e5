"""The tenants app: tenants, their host names and service points, in the public schema."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Names the app; its label is part of table names and must not change."""

    name = "tenants"
    label = "tenants"
    default_auto_field = "django.db.models.BigAutoField"
