from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "core.county.demo"
    label = "demo"
