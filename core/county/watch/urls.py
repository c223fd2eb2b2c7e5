"""Addresses of the watch, under watch/ on the county's host."""

from django.urls import path

from .views import counters, ingest, map, node, overview

app_name = "watch"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("map/", map.county_map, name="map"),
    path("map/states/", map.states, name="states"),
    path("nodes/<str:code>/", node.node, name="node"),
    path("ingest/", ingest.ingest, name="ingest"),
    path("counters/", counters.counters, name="counters"),
]
