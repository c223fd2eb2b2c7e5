"""What core and node share: the same models, migrations and services on PostgreSQL and on SQLite.

DOMAIN_APPS is the one list both settings install. On the core the first two live in the public schema and
the last two in every tenant's schema; on a node all four are one small SQLite database.
"""

SHARED_DOMAIN_APPS = ["core.domain.staff", "core.domain.catalogue"]
TENANT_DOMAIN_APPS = ["core.domain.journal", "core.domain.cases"]
DOMAIN_APPS = SHARED_DOMAIN_APPS + TENANT_DOMAIN_APPS
