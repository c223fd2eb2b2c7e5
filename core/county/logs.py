"""What the log lines of the core say of where they were written (core/logs.py)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django_tenants.utils import get_public_schema_name

from core.domain.journal.place import CORE
from tenants.connection import connection

from .registry.keys import ROOT_KEY, root_signer

#: Schemas are named by their tenant's code (tenants.models.schema_name_of).
SCHEMA_PREFIX = "t_"


def place() -> Mapping[str, str]:
    """The tenant whose schema the connection stands in, as far as there is one; asks no database."""
    schema = connection.schema_name
    tenant = {} if schema == get_public_schema_name() else {"tenant": schema.removeprefix(SCHEMA_PREFIX)}
    return {**tenant, "node": CORE}


def case_key() -> bytes:
    """The county's root public key. Raises FileNotFoundError before it was made: a log line makes no keys."""
    (Path(settings.VAR_DIR) / "keys" / ROOT_KEY).stat()
    return root_signer().verify_key
