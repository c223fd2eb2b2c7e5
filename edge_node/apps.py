from django.apps import AppConfig


class EdgeNodeConfig(AppConfig):
    name = "edge_node"
    label = "edge_node"
    default_auto_field = "django.db.models.BigAutoField"
