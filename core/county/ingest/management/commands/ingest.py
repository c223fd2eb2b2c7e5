"""Run the ingest process: read what nodes send, send what they are owed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.county.ingest.worker import ingest_run
from core.transport.process import SyncthingMissing


class Command(BaseCommand):
    help = "Read what nodes send and send what they are owed, until stopped. Example: manage.py ingest"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            ingest_run(ready=lambda: self.stdout.write("ingest ready", ending="\n"))
        except SyncthingMissing as error:
            raise CommandError(f"{error} (Debian: apt-get install syncthing)", returncode=3) from error
