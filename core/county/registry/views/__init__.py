"""Pages of the registry, and the one address machines talk to."""
