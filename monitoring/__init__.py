"""Watching the county's fleet: the exporter, the rules and alerts, the dashboards. Nothing in the program imports it."""
