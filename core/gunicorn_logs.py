"""gunicorn's own lines, those of its arbiter too, written as all others (gunicorn --logger-class)."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from core.logs import Formatter, Stderr, is_terminal


class Logger(GunicornLogger):  # type: ignore[misc]  # gunicorn ships no types
    """Before the application is loaded, and in the arbiter, which never loads it; then Django's LOGGING counts."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            if any(isinstance(handler, logging.StreamHandler) for handler in log.handlers):
                handler = Stderr()
                handler.setFormatter(Formatter(as_json=not is_terminal()))
                log.handlers = [handler]
