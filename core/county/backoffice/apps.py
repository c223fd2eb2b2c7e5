"""The backoffice app: review, opinions and decisions, in the tenant's schema."""

from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    """Names the app; its label is part of table names and must not change."""

    name = "core.county.backoffice"
    label = "backoffice"
    default_auto_field = "django.db.models.BigAutoField"
