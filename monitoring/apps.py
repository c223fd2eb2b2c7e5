"""The monitoring app: it has commands and no tables."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Names the app."""

    name = "monitoring"
    label = "monitoring"
