"""Grafana's dashboards as code: each module makes one, `python -m monitoring.dashboards` writes them beside it as JSON.

Needs the dev extra (grafana-foundation-sdk); Grafana itself needs the JSON files alone.
"""
