"""Run the node's agent: seal, read, apply releases, report."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.domain.journal.place import NotEnrolled
from core.transport.process import SyncthingMissing
from edge_node.agent import agent_run
from edge_node.memory import memory_modest
from edge_node.version import VERSION


class Command(BaseCommand):
    help = "Carry this node's journal to the county and back, until stopped. Example: manage.py agent"

    def handle(self, *args: Any, **options: Any) -> None:
        memory_modest()
        try:
            agent_run(VERSION, ready=lambda: self.stdout.write("agent ready", ending="\n"))
        except NotEnrolled as error:
            text = str(error) or "This machine is not enrolled yet: run `manage.py enrol` first."
            raise CommandError(text, returncode=2) from error
        except SyncthingMissing as error:
            raise CommandError(f"{error} (Debian: apt-get install syncthing)", returncode=3) from error
