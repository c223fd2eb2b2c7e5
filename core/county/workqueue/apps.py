"""The workqueue app: who must do what by when, across tenants, in the public schema."""

from django.apps import AppConfig


class WorkqueueConfig(AppConfig):
    """Names the app; its label is part of table names and must not change."""

    name = "core.county.workqueue"
    label = "workqueue"
    default_auto_field = "django.db.models.BigAutoField"
