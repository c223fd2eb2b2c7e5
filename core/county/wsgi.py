"""The core's web application."""

import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.county.settings")
# Before the settings are read: only the web server keeps a pool of connections.
os.environ.setdefault("YIZHAN_DB_POOL", "1")

from django.core.wsgi import get_wsgi_application

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def address_named(application: Wsgi) -> Wsgi:
    """A request that came by a socket has the address its proxy names: nobody but the proxy can open the socket.

    Over TCP the header is anybody's word and stays unread.
    """

    def named(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ.get("REMOTE_ADDR"):
            environ["REMOTE_ADDR"] = environ.get("HTTP_X_REAL_IP", "")
        return application(environ, start_response)

    return named


application = address_named(get_wsgi_application())
