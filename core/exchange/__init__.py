"""How a machine exchanges its journal: domain.journal over transport, the same on core and node."""
