"""Open the rollout folder to Syncthing for a while, within this month's data."""

import contextlib
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.domain.journal.place import NotEnrolled
from core.exchange.carriers import syncthing_settings, transport_kind
from core.exchange.folders import ROLLOUT
from core.transport.syncthing import SyncthingClient, SyncthingError
from edge_node.fetching import MB, bundles_republish, fetch
from edge_node.identity import identity
from edge_node.machine import places, plan_current


class Command(BaseCommand):
    help = (
        "Fetch what the county offers of software and shut the rollout folder again; a town offers it to its "
        "villages. Exit codes: 0 done, also when "
        "the budget did not allow it (it says so), 1 Syncthing does not answer, 2 not enrolled. "
        "Example: manage.py rollout_fetch --budget-mb 300 --minutes 60"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--budget-mb", type=int, default=0, help="MB of software a calendar month; 0: no limit")
        parser.add_argument("--minutes", type=float, default=60.0, help="how long the folder is open at most")

    def handle(self, *args: Any, **options: Any) -> None:
        if transport_kind() != "syncthing":
            self.stdout.write("nothing: no Syncthing here")
            return
        try:
            plan, root_key = plan_current(), identity().root_key
        except NotEnrolled as error:
            raise CommandError(str(error) or "This machine is not enrolled.", returncode=2) from error
        given = syncthing_settings(settings.VAR_DIR, settings.SYNC_LISTEN)
        try:
            with contextlib.closing(SyncthingClient(given.api, given.api_key)) as client:
                done = fetch(
                    client, plan.rollout_in, settings.VAR_DIR, month=f"{timezone.localdate():%Y-%m}",
                    budget=options["budget_mb"] * MB, seconds=options["minutes"] * 60,
                )  # fmt: skip
        except SyncthingError as error:
            raise CommandError(str(error), returncode=1) from error
        if plan.rollout_out:
            spots = places()
            ways = [spots.folders / plan.rollout_in, spots.inbox / ROLLOUT]
            for name in bundles_republish(ways, spots.folders / plan.rollout_out, root_key, spots.staging):
                self.stdout.write(f"{name}: offered to the villages")
        self.stdout.write(f"{done.outcome}: {done.fetched // MB} MB fetched, {done.lacking // MB} MB lacking")
