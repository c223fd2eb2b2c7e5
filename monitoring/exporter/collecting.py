"""One scrape: every collector does its part, and one that cannot is one metric, never a failed scrape."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import structlog

from core.county.watch.instruments import FOLDER
from tenants.connection import connection

from .county import database_collect, desk_collect, jobs_collect, releases_collect, tenancy_collect
from .families import Family
from .moment import Across, Moment, moment
from .nodes import nodes_collect
from .processes import processes_collect
from .tenants import tenants_collect

_log = structlog.get_logger(__name__)
#: What is read tenant by tenant, or file by file, is as old as this at most; everything else is of the scrape's moment.
KEEP_SECONDS: Final = 60.0
#: A table a migration has locked must not keep Prometheus waiting: it gives up after 10 s.
STATEMENT_MS: Final = 8000
LOCK_MS: Final = 2000

Collect = Callable[["Scrape"], list[Family]]


@dataclass
class Scrape:
    """What collectors of one scrape share; `across` stands once the tenants were read."""

    moment: Moment
    across: Across | None = None


@dataclass
class Kept:
    """A costly collector's figures, until they are too old."""

    families: list[Family]
    across: Across | None
    taken: float
    until: float


@dataclass
class Exporter:
    """The collectors in their order, and what of theirs is kept between two scrapes."""

    folder: Path | None = field(default_factory=lambda: Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else None)
    keep_seconds: float = KEEP_SECONDS
    _kept: dict[str, Kept] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    def collect(self) -> list[Family]:
        """The families of all collectors, and what became of each collector. Closes the thread's connection."""
        with self._turn:
            try:
                return self._collect()
            finally:
                # A backend remembers every table it has seen: one for ever would have seen all tenants'.
                connection.close()

    def _collect(self) -> list[Family]:
        success, seconds = Family("yizhan_exporter_collector_success"), Family("yizhan_exporter_collect_seconds")
        families: list[Family] = []
        scrape: Scrape | None = None
        for name, collect, keep in self.collectors():
            started = time.perf_counter()
            try:
                scrape = scrape or _scrape()
                found, taken = self._ask(name, collect, keep, scrape, started)
            except Exception as error:  # whatever it is, the other figures are needed all the more
                _log.error("collector_failed", collector=name, reason=repr(error))
                _reconnect()
                found, taken = [], time.perf_counter() - started
                success.add(0, name)
            else:
                success.add(1, name)
            seconds.add(taken, name)
            families += found
        return [*families, success, seconds]

    def collectors(self) -> list[tuple[str, Collect, float]]:
        """(name, what collects, for how many seconds its figures may be kept), in the order they are asked."""
        folder = self.folder
        found: list[tuple[str, Collect, float]] = [
            ("tenants", _tenants, self.keep_seconds),
            ("nodes", lambda scrape: nodes_collect(scrape.moment, scrape.across), 0.0),
            ("desk", lambda scrape: desk_collect(scrape.moment), 0.0),
            ("jobs", lambda scrape: jobs_collect(scrape.moment), 0.0),
            ("releases", lambda scrape: releases_collect(scrape.moment), 0.0),
            ("tenancy", lambda scrape: tenancy_collect(scrape.moment), self.keep_seconds),
            ("database", lambda scrape: database_collect(scrape.moment), self.keep_seconds),
        ]
        if folder is not None:
            found.append(("processes", lambda scrape: processes_collect(folder), 0.0))
        return found

    def _ask(
        self, name: str, collect: Collect, keep: float, scrape: Scrape, started: float
    ) -> tuple[list[Family], float]:
        """The collector's families and how long it took to get them, lately or now."""
        kept = self._kept.pop(name, None)
        if kept is None or started >= kept.until:
            families = collect(scrape)
            now = time.perf_counter()
            kept = Kept(families, scrape.across, taken=now - started, until=now + keep)
        if keep:
            self._kept[name] = kept
            scrape.across = kept.across if kept.across is not None else scrape.across
        return kept.families, kept.taken


def _tenants(scrape: Scrape) -> list[Family]:
    families, scrape.across = tenants_collect(scrape.moment)
    return families


def _scrape() -> Scrape:
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {STATEMENT_MS}; SET lock_timeout = {LOCK_MS}")
    return Scrape(moment())


def _reconnect() -> None:
    """The next collector finds a connection that works, where there is a database."""
    if not connection.is_usable():
        connection.close()
