"""The ingest app: streams read into a tenant's rows, in the tenant's schema."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """Names the app; its label is part of table names and must not change."""

    name = "core.county.ingest"
    label = "ingest"
    default_auto_field = "django.db.models.BigAutoField"
