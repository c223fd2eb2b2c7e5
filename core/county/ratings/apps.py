"""The ratings app: what applicants think of the service, across tenants, in the public schema."""

from django.apps import AppConfig


class RatingsConfig(AppConfig):
    """Names the app; its label is part of table names and must not change."""

    name = "core.county.ratings"
    label = "ratings"
    default_auto_field = "django.db.models.BigAutoField"
