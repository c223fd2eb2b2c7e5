"""The counter app: the staff screens used at every window, on core and node."""

from django.apps import AppConfig


class CounterConfig(AppConfig):
    """Names the app; its label is part of table names and must not change."""

    name = "core.counter"
    label = "counter"
    default_auto_field = "django.db.models.BigAutoField"
