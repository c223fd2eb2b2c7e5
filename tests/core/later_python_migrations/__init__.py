"""A next version whose migration must run Python in each tenant's schema."""
