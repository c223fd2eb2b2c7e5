"""A county, a town and two villages on this machine, a working day played on them, and weeks of some cases."""

from __future__ import annotations

import contextlib
import signal
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from core.county.demo.chapters import CHAPTERS
from core.county.demo.checking import Verdict, core_waits, verdict
from core.county.demo.play import TRAVEL_SECONDS, Day, play, play_life
from core.county.demo.processes import DemoFailed, await_that
from core.county.demo.stage import LOCAL_STAFF, Stage, county_ready, nodes_ready, stage_of, world_write
from core.county.demo.world import PASSWORD, TOWN_SLUG, transport_copies


class Command(BaseCommand):
    help = (
        "Play a working day of Xiangtan county on real parts and stay up until Ctrl-C. "
        "Example: manage.py demo --check --seed 7 --cases 60. Exit codes: 0 well, 1 something did not hold."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="verify the end, stop, exit 0 or 1")
        parser.add_argument("--seed", type=int, default=1, help="whose day it is (default 1)")
        parser.add_argument("--cases", type=int, default=24, help="applications to take in (default 24, 0: none)")
        names = ", ".join(CHAPTERS)
        parser.add_argument(
            "--chapters", type=_chapters, default=None,
            help=f"what of a case's life is played after the day, divided by commas: all, none, or of {names} "
                 "(default all; with --cases 0 none)",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(highlight=False)
        stage = stage_of(Path(settings.VAR_DIR) / "demo", Path(settings.VAR_DIR))
        # Its port was only just chosen; the core's card must carry the same address in this process as in the others.
        settings.SYNC_LISTEN = f"tcp://127.0.0.1:{stage.core.sync_port}"
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            self._run(stage, console, options)
        except DemoFailed as error:
            raise CommandError(str(error), returncode=1) from error
        except KeyboardInterrupt:
            console.print("\n停止中 stopping ...")
        finally:
            stage.stop()

    def _run(self, stage: Stage, console: Console, options: dict[str, Any]) -> None:
        if transport_copies():
            console.print("[yellow]没有 Syncthing,文件夹用普通复制代替 No Syncthing: plain folder copying[/]")
        began = time.monotonic()
        steps: list[tuple[str, Callable[[], None]]] = [
            ("县级平台:目录、辖区、账号 county: catalogue, tenants, accounts", lambda: county_ready(stage)),
            ("县级平台启动 core: web, ingest, jobs", lambda: stage.core.start(stage.logs)),
            ("镇、村节点登记并启动 nodes: enrolled and started", lambda: nodes_ready(stage)),
        ]
        for words, step in steps:
            with console.status(words):
                step()
            console.print(f"[green]✓[/] {words} [dim]{time.monotonic() - began:.0f} s[/]")
        seed, say = options["seed"], console.print
        if options["cases"]:
            _summary(console, play(stage, cases=options["cases"], seed=seed, say=say))
        chapters = tuple(CHAPTERS) if options["chapters"] is None and options["cases"] else options["chapters"] or ()
        if chapters:
            console.print("[bold]办件的一生 The whole life of a case[/]")
            told = play_life(stage, chapters=chapters, seed=seed, say=say)
            console.print(f"[green]✓[/] {told} 个故事 stories [dim]{time.monotonic() - began:.0f} s[/]")
        if options["check"]:
            _check(stage, console)
            return
        _addresses(console, stage)
        world_write(stage)
        console.print("[bold]Ctrl-C[/] 结束 to stop")
        signal.pause()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Asked to end is the same as Ctrl-C, whatever is being played; what is ending is not asked twice."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _chapters(text: str) -> tuple[str, ...]:
    """Raises ArgumentTypeError for a chapter there is none of."""
    if text in ("all", "none"):
        return tuple(CHAPTERS) if text == "all" else ()
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if unknown := [name for name in names if name not in CHAPTERS]:
        raise ArgumentTypeError(f"no chapter {unknown[0]!r}: all, none, or of {', '.join(CHAPTERS)}")
    return names


def _check(stage: Stage, console: Console) -> None:
    """Raises DemoFailed with every fault."""
    found = Verdict()

    def quiet() -> bool:
        nonlocal found
        # Asking the machines takes seconds: not before the county itself has nothing left to do.
        if core_waits():
            return False
        found = verdict(stage.nodes.values())
        return not found.faults

    with contextlib.suppress(DemoFailed):
        await_that("nothing waits any more", quiet, TRAVEL_SECONDS)
    found = found if found.compared else verdict(stage.nodes.values())
    for fault in found.faults:
        console.print(f"[red]✗[/] {fault}")
    if found.faults or not found.compared:
        raise DemoFailed(f"{len(found.faults)} faults, {found.compared} copies compared")
    console.print(f"[green]✓[/] {found.cases} 件办件,{found.compared} 份副本与县级一致,没有滞留")
    console.print(f"  {found.cases} cases; {found.compared} copies have the county's hash; nothing is left waiting")


def _summary(console: Console, day: Day) -> None:
    table = Table(title="一天的办件 A day's cases")
    table.add_column("事项 item")
    table.add_column("件 cases", justify="right")
    for name, count in sorted(day.taken.items(), key=lambda pair: -pair[1]):
        table.add_row(name, str(count))
    console.print(table)
    console.print(f"离线收件 offline {day.offline} · 部门办理 county acts {day.county_acts} · "
                  f"镇级决定 town decisions {day.town_cases} · 送达 handed out {day.delivered}")  # fmt: skip


def _addresses(console: Console, stage: Stage) -> None:
    table = Table(title=f"地址与账号 addresses and logins (密码 password: {PASSWORD})")
    table.add_column("哪里 where")
    # An address that is cut off is none.
    table.add_column("地址 address", no_wrap=True, min_width=38)
    table.add_column("账号 login")
    port = stage.core.port
    table.add_row("县级控制台 county console", f"http://county.localhost:{port}/", "admin")
    table.add_row("部门审批 department inbox", f"http://county.localhost:{port}/inbox/", "sc01 (审), jd01 (定)")
    table.add_row("镇大厅 town hall on the core", f"http://{TOWN_SLUG}.localhost:{port}/", "")
    for node in stage.nodes.values():
        logins = ", ".join(f"{one.code} {one.name}" for one in LOCAL_STAFF if one.service_point == node.site.node)
        table.add_row(node.site.name, f"{node.url}/", logins)
    table.add_row("给 Prometheus 的指标 metrics", stage.core.metrics_url, "")
    console.print(table)
