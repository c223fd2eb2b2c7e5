"""What drives `counter`: the county that enrols the node, the clerk's browser, the watch over memory."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from django.conf import settings

from core.county.demo.browser import Browser
from core.county.demo.county import code_for, county_set_up, staff_set_up
from core.county.demo.day import ITEMS, Window
from core.county.demo.machines import Core, Node
from core.county.demo.people import People
from core.county.demo.processes import await_that, port_choose
from core.county.demo.world import PASSWORD, TOWN, Site, Staff
from core.county.publishing.demo_catalogue import demo_records
from core.domain.catalogue.documents import Item

from .part import peak_mb
from .place import VILLAGE

SITE = Site(VILLAGE.node, VILLAGE.name, "village")
CLERK = Staff("bench01", "周春兰", "village_agent", TOWN, VILLAGE.node)
TIMES = 40  #: each page is asked for so often; the median counts
CLIENTS = 4  #: browsers at once while memory is watched
SEAL_SECONDS = 300.0
SAMPLE_SECONDS = 0.1


def enrolled(node_dir: str) -> None:
    """The machine is a node of the county, by the real enrolment; the county is gone again."""
    core = _core()
    settings.SYNC_LISTEN = f"tcp://127.0.0.1:{core.sync_port}"
    county_set_up([SITE])
    staff_set_up([CLERK])
    try:
        core.start(Path(settings.VAR_DIR) / "logs")
        _node(node_dir).manage("enrol", "--core", core.url, "--code", code_for(SITE), "--json")
    finally:
        for process in core.processes:
            process.stop()


def _core() -> Core:
    var = Path(settings.VAR_DIR)
    return Core(var=var, clock=_clock(), port=port_choose(18600), sync_port=port_choose(18640))


def _clock() -> Path:
    """Where a training county's clock would lie; there is none, so all clocks here are right."""
    return Path(settings.VAR_DIR) / "no-clock"


def _node(node_dir: str) -> Node:
    exchange = Path(settings.VAR_DIR) / "exchange"
    ports = {"port": port_choose(18680), "sync_port": port_choose(18720)}
    return Node(site=SITE, base=Path(node_dir), exchange=exchange, clock=_clock(), **ports)


def measured(node_dir: str, words: list[str], repeat: int) -> dict[str, Any]:
    """Medians of the pages' milliseconds, peaks of memory while clerks work and the agent seals all."""
    node = _node(node_dir)
    node.start(Path(settings.VAR_DIR) / "node-logs")
    try:
        # The processes started are the guard's, then the program's own: the same process id.
        web, agent = (process.child.pid for process in node.processes if process.child)
        processes = [psutil.Process(web), *psutil.Process(web).children(recursive=True), psutil.Process(agent)]
        with _watched(processes) as peaks:
            _crowd(node, words)
            await_that("all is sealed", lambda: _sealed(Path(node_dir)), SEAL_SECONDS)
        cpu: dict[str, float] = {}
        runs = [_pages(node, words, processes[1], cpu) for _ in range(repeat)]
        rss = {one.pid: peak_mb(one.pid) for one in processes}
    finally:
        for process in node.processes:
            process.stop()
    names = list(runs[0])
    return {
        "medians": {name: [statistics.median(run[name]) for run in runs] for name in names},
        "p95": {name: statistics.quantiles([one for run in runs for one in run[name]], n=20)[-1] for name in names},
        "cpu_ms": cpu,
        "pss_mb": max(sum(one) for one in peaks), "pss_note": _shares(max(peaks, key=sum)),
        "rss_mb": sum(rss.values()), "rss_note": _shares(list(rss.values())),
    }  # fmt: skip


def _shares(parts: list[float]) -> str:
    *web, agent = parts
    return f"web {' + '.join(f'{one:.0f}' for one in web)}, agent {agent:.0f}"


def _sealed(node_dir: Path) -> bool:
    with closing(sqlite3.connect(f"file:{node_dir / 'node.sqlite3'}?mode=ro", uri=True)) as database:
        return not database.execute("SELECT 1 FROM journal_outboxitem WHERE seq IS NULL LIMIT 1").fetchone()


@contextmanager
def _watched(processes: list[psutil.Process]) -> Iterator[list[list[float]]]:
    """Samples of the processes' proportional set sizes (shared pages counted once among those that share), in MB."""
    samples: list[list[float]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            samples.append([one.memory_full_info().pss / 1e6 for one in processes])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield samples
    finally:
        done.set()
        watcher.join()


def _clerk(node: Node) -> Browser:
    browser = Browser(node.url)
    browser.login(CLERK.code, PASSWORD)
    return browser


def _crowd(node: Node, words: list[str]) -> None:
    """Several browsers at once go through every page, and take cases in."""
    items = {one.item_code: one for one in demo_records() if isinstance(one, Item)}

    # One after the other: nobody logs in in the same tenth of a second as three others.
    browsers = [_clerk(node) for _ in range(CLIENTS)]

    def work(number: int) -> None:
        browser, people = browsers[number], People(number)
        window = Window(SITE.name, browser)
        for code, youngest, oldest, _ in ITEMS:
            for path in _paths(words).values():
                browser.get(path(number))
            window.take_in(items[code], people, (youngest, oldest))

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, range(CLIENTS)))


def _busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _paths(words: list[str]) -> dict[str, Callable[[int], str]]:
    return {
        "search page": lambda n: f"/items/?q={quote(words[n % len(words)])}",
        "intake page": lambda n: f"/intake/{ITEMS[n % len(ITEMS)][0]}/",
        "list of cases": lambda n: f"/cases/?page={1 + n % 5}",
        "home page": lambda n: "/",
    }


def _pages(
    node: Node, words: list[str], worker: psutil.Process, cpu: dict[str, float]
) -> dict[str, list[float]]:  # fmt: skip
    """Milliseconds of each page, asked for one after the other; `cpu` gets the worker's processor time of each.

    Raises RuntimeError for an answer that is no page.
    """
    browser, people = _clerk(node), People(99)
    items = {one.item_code: one for one in demo_records() if isinstance(one, Item)}
    found: dict[str, list[float]] = {}
    for name, path in _paths(words).items():
        busy = 0.0
        for number in range(-2, TIMES):
            if not number:
                busy = _busy(worker)
            started = time.perf_counter()
            page = browser.get(path(number))
            if page.status != 200:
                raise RuntimeError(f"{path(number)} answers {page.status}")
            if number >= 0:  # the first two fill the caches any page after a restart finds empty
                found.setdefault(name, []).append((time.perf_counter() - started) * 1000)
        spent = (_busy(worker) - busy) * 1000 / TIMES
        cpu[name] = min(cpu.get(name, spent), spent)
    window = Window(SITE.name, browser)
    for number in range(TIMES // 4):
        code, youngest, oldest, _ = ITEMS[number % len(ITEMS)]
        started = time.perf_counter()
        window.take_in(items[code], people, (youngest, oldest))
        found.setdefault("taking a case in, two pages and all", []).append((time.perf_counter() - started) * 1000)
    return found
