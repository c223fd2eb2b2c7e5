"""Sets the clock of a training county that is up; every machine has heard of it when the command ends."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.county.demo.processes import DemoFailed
from core.county.demo.training import ClockBackwards, clock_forward
from core.domain.journal.clock import TRAINING_CLOCK, today


class Command(BaseCommand):
    help = (
        "Set the clock of a training county (the demo) forward; it never goes back. "
        "Example: YIZHAN_TRAINING_CLOCK=var/demo/clock manage.py clock_forward --days 7. "
        "Exit codes: 0 every machine has the new time, 1 not done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        when = parser.add_mutually_exclusive_group(required=True)
        when.add_argument("--days", type=int, help="so many days from the county's today")
        when.add_argument("--to", type=date.fromisoformat, help="a day, like 2027-01-04")

    def handle(self, *args: Any, **options: Any) -> None:
        path = os.environ.get(TRAINING_CLOCK)
        if not path:
            raise CommandError(f"{TRAINING_CLOCK} names no file: this is no training county", returncode=1)
        to = options["to"] or today() + timedelta(days=options["days"])
        try:
            clock_forward(Path(path), to=to)
        except ClockBackwards as error:
            raise CommandError(f"The clock never goes back: {error}", returncode=1) from error
        except DemoFailed as error:
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(f"{today().isoformat()}\n")
