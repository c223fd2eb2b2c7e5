"""The counter's pages: under every hall's host name on the core, and on every node."""

from django.urls import path

from .views import start

app_name = "counter"

urlpatterns = [
    path("", start.home, name="home"),
    path("network/", start.network_bar, name="network"),
]
