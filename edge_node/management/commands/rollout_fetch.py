"""Open the rollout folder to Syncthing for a while, within this month's data."""

import contextlib
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.domain.journal.place import NotEnrolled
from core.exchange.carriers import syncthing_settings, transport_kind
from core.transport.spool import path_of
from core.transport.syncthing import SyncthingClient, SyncthingError
from edge_node.fetching import MB, fetch
from edge_node.machine import places, plan_current


class Command(BaseCommand):
    help = (
        "Fetch what the county offers of software and shut the rollout folder again. Exit codes: 0 done, also when "
        "the budget did not allow it (it says so), 1 Syncthing does not answer, 2 not enrolled. "
        "Example: manage.py rollout_fetch --budget-mb 300 --minutes 60"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--budget-mb", type=int, default=0, help="MB of software a calendar month; 0: no limit")
        parser.add_argument("--name", default="", help="the file that is wanted: shut the folder as soon as it is here")
        parser.add_argument("--minutes", type=float, default=60.0, help="how long the folder is open at most")

    def handle(self, *args: Any, **options: Any) -> None:
        if transport_kind() != "syncthing":
            self.stdout.write("nothing: no Syncthing here")
            return
        try:
            plan = plan_current()
        except NotEnrolled as error:
            raise CommandError(str(error) or "This machine is not enrolled.", returncode=2) from error
        if not any(one.id == plan.rollout_in and one.shut for one in plan.folders):
            self.stdout.write("nothing: the folder is always open here, for the villages")
            return
        wanted = path_of(places().folders / plan.rollout_in, options["name"]) if options["name"] else None
        given = syncthing_settings(settings.VAR_DIR, settings.SYNC_LISTEN)
        try:
            with contextlib.closing(SyncthingClient(given.api, given.api_key)) as client:
                done = fetch(
                    client, plan.rollout_in, settings.VAR_DIR, month=f"{timezone.localdate():%Y-%m}",
                    budget=options["budget_mb"] * MB, seconds=options["minutes"] * 60,
                    lies=wanted.is_file if wanted is not None else None,
                )  # fmt: skip
        except SyncthingError as error:
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(f"{done.outcome}: {done.fetched // MB} MB fetched, {done.lacking // MB} MB lacking")
