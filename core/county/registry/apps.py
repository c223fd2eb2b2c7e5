"""The registry app: nodes, cards, enrolment and Syncthing peers, in the public schema."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Names the app; its label is part of table names and must not change."""

    name = "core.county.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"
