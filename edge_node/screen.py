"""What stands on a screen at this node right now: so that nothing is exchanged under somebody's hands.

Every page asks for the network bar each 15 s as long as it is open, and htmx says with each request which page asks.
So a page that is open and can still be worked with is known without asking the browser anything more.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

#: The file, beside the database, that is as old as the last sign of a case on a screen.
SCREEN_FILE: Final = "screen.json"
#: A form being filled in, a case, its papers and acts.
_CASE_PAGE: Final = re.compile(r"^/(intake/|cases/[0-9a-f-]{36}/)")
#: Not written more often than this: village machines keep their files on memory cards.
_WRITE_SECONDS: Final = 10.0


def screen_path() -> Path:
    return Path(settings.VAR_DIR) / SCREEN_FILE


def on_screen(request: HttpRequest) -> str:
    """The path of the page this request comes from: the one htmx names, else the one asked for."""
    return urlsplit(request.headers.get("HX-Current-URL", "")).path or request.path


class ScreenMiddleware:
    """The screen file is written while somebody who is logged in has a case open.

    A page left open after its session ended cannot be worked with any more, and does not count.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._next_write = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _CASE_PAGE.match(on_screen(request)) and request.user.is_authenticated:
            self._note()
        return self.get_response(request)

    def _note(self) -> None:
        if time.monotonic() < self._next_write:
            return
        self._next_write = time.monotonic() + _WRITE_SECONDS
        try:
            screen_path().write_text(json.dumps({"seen": int(time.time())}), encoding="utf-8")
        except OSError:
            # A full disk is said elsewhere; here it must not cost anybody their page.
            return
