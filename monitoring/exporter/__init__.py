"""What Prometheus reads of the county: metrics.py lists it, the other modules collect it."""
