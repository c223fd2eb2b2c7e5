"""The watch app: how the county's machines, cases and pages are now and were lately. It has no tables of its own."""

from django.apps import AppConfig


class WatchConfig(AppConfig):
    """Names the app."""

    name = "core.county.watch"
    label = "watch"
