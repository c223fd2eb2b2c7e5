"""Watching the county's fleet: exporter, rules and alerts, dashboards. Nothing in the program imports it."""
