"""django-tenants' connection, with index-backed introspection and the private server started on first use."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db.utils import OperationalError
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantDatabaseWrapper

from tenants.embedded import EmbeddedDatabaseError, ensure_database
from tenants.postgresql.introspection import FastIntrospection


class DatabaseWrapper(TenantDatabaseWrapper):  # type: ignore[misc]
    """Settings may name EMBEDDED_VAR in place of HOST: no process starts the server before it needs a connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.introspection = FastIntrospection(self)

    def get_connection_params(self) -> dict[str, Any]:
        """libpq's parameters; the private server runs when they are returned."""
        var_dir = self.settings_dict.get("EMBEDDED_VAR")
        if var_dir:
            try:
                url = ensure_database(Path(var_dir), durable=self.settings_dict.get("EMBEDDED_DURABLE", True))
            except EmbeddedDatabaseError as error:
                raise OperationalError(str(error)) from error
            parts = urlsplit(url)
            self.settings_dict.update(HOST=parse_qs(parts.query)["host"][0], USER=parts.username)
        params: dict[str, Any] = super().get_connection_params()
        return params
