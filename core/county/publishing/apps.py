"""The publishing app: catalogue drafts, import, diff and release, in the public schema."""

from django.apps import AppConfig


class PublishingConfig(AppConfig):
    """Names the app; its label is part of table names and must not change."""

    name = "core.county.publishing"
    label = "publishing"
    default_auto_field = "django.db.models.BigAutoField"
