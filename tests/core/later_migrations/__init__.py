"""What a next version might bring to a tenant app: stands in for backoffice's migrations in tests of the fan-out."""
