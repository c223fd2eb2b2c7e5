"""The worker of the job queue: provisions towns, checks references every night."""

import asyncio
import signal
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from procrastinate import App
from procrastinate.contrib.django import app

from core.exchange.notify import notify, watchdog_seconds
from tenants.connection import connection
from tenants.jobs import jobs_resume_stalled

EXAMPLE = """
Run one beside the web server; more of them, on more machines, share the work:

    manage.py jobs
    manage.py jobs --once      # what waits now, then stop

SIGTERM or Ctrl-C: the job under way is finished, no other is begun, exit code 0. A second one stops at once; what was
under way is taken up again by the next worker. Jobs that fail stay in the queue's table with their state.
"""


class Command(BaseCommand):
    """Parses, runs procrastinate's worker."""

    help = "Do the jobs of the queue until told to stop."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what waits now, then stop")
        parser.add_argument("--queue", action="append", help="only jobs of this queue; repeatable")
        parser.add_argument("--concurrency", type=int, default=1, help="jobs at the same time (default: 1)")

    def handle(self, *, once: bool, queue: list[str] | None, concurrency: int, **options: Any) -> None:
        # Starts the private server, where it is ours: the worker's own connections cannot.
        connection.ensure_connection()
        resumed = jobs_resume_stalled()
        if resumed:
            self.stdout.write(f"{len(resumed)} jobs of a worker that died wait again.")
        if not once:
            self.stdout.write("Waiting for jobs; SIGTERM or Ctrl-C stops.", ending="\n")
            self.stdout.flush()
        # Until the worker has handlers of its own there is no job under way: stop at once, and well.
        signal.signal(signal.SIGTERM, _stop)
        # The web's connector shares Django's connection and transaction; a worker needs connections of its own.
        with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
            asyncio.run(_work(working, once=once, queue=queue, concurrency=concurrency))


async def _work(working: App, *, once: bool, queue: list[str] | None, concurrency: int) -> None:
    """The worker works; systemd hears that it is ready, and that its loop still turns."""
    async with working.open_async():
        notify("READY=1")
        alive = asyncio.create_task(_say_alive(watchdog_seconds()))
        try:
            await working.run_worker_async(
                queues=queue,  # type: ignore[arg-type]  # None is every queue, as its documentation says
                concurrency=concurrency,
                wait=not once,
                listen_notify=not once,
                delete_jobs="successful",
                name="yizhan",
            )
        finally:
            alive.cancel()


async def _say_alive(pause_seconds: float) -> None:
    """On the worker's own loop: jobs run on threads, so a long one does not keep it from being said."""
    while pause_seconds:
        notify("WATCHDOG=1")
        await asyncio.sleep(pause_seconds)


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
