"""Publishes the draft catalogue."""

import json as jsonlib
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from rich.console import Console

from core.county.publishing.errors import DraftFaulty, NothingToPublish
from core.county.publishing.management.reporting import FAULTY, WRONG_CALL
from core.county.publishing.models import Release
from core.county.publishing.selectors import draft_difference, release_latest
from core.county.publishing.services import release_files_ensure, release_publish

EXAMPLE = """
    manage.py publish_release --note "Limits of 2027"
    manage.py publish_release --dry-run          (what would change)
    manage.py publish_release --if-changed       (exit code 0 where there is nothing to publish, for scripts)

The release is signed, in force on the core at once, and on its way to every node (VAR_DIR/folders/catalogue).
Exit codes: 0 published, 1 the draft has errors, 2 wrong arguments, 3 nothing to publish.
"""
NOTHING = 3


class Command(BaseCommand):
    """Parses, calls release_publish, shows the release."""

    help = "Publish the draft catalogue as the next signed, numbered release."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--note", default="", help="what changed and why, as the release list shows it")
        parser.add_argument("--by", default="system", help="staff code the release is recorded under")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, publish nothing")
        parser.add_argument("--if-changed", action="store_true", help="nothing to publish is no failure")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, note: str, by: str, dry_run: bool, if_changed: bool, json: bool, **options: Any) -> None:
        if len(note) > 200:
            raise CommandError(_("The note may have 200 characters."), returncode=WRONG_CALL)
        if dry_run:
            return self._preview(as_json=json)
        try:
            with Console(stderr=True, quiet=json).status(_("Checking, signing and publishing the draft")):
                release = release_publish(by=by, note=note)
        except DraftFaulty as error:
            lines = [f"{one.kind} {one.key} {one.field}: {one.text(_)}" for one in error.problems]
            raise CommandError("\n".join([_("Nothing was published; the draft has errors:"), *lines]),
                               returncode=FAULTY) from error  # fmt: skip
        except NothingToPublish as error:
            # The files may still be missing: a process may have died between the commit and writing them.
            release_files_ensure()
            if if_changed:
                return self._show(release_latest(), as_json=json, made=False)
            raise CommandError(
                _("The draft says what release %(number)d says; nothing was published.") % {"number": error.number},
                returncode=NOTHING,
            ) from error
        return self._show(release, as_json=json, made=True)

    def _preview(self, *, as_json: bool) -> None:
        change = draft_difference()
        counts = {sort: len(change.of(sort)) for sort in ("added", "changed", "withdrawn")}
        if as_json:
            self.stdout.write(jsonlib.dumps(counts))
            return
        for one in change.changes:
            self.stdout.write(f"{one.sort:10} {one.kind:11} {one.key} {one.title}")
        self.stdout.write(_("%(added)d added, %(changed)d changed, %(withdrawn)d withdrawn.") % counts)

    def _show(self, release: Release | None, *, as_json: bool, made: bool) -> None:
        if as_json:
            number, items = (release.number, release.items) if release else (0, 0)
            facts = {"published": made, "number": number, "items": items}
            self.stdout.write(jsonlib.dumps(facts))
        elif release is not None and made:
            self.stdout.write(
                _("Release %(number)d is published: %(items)d items, %(changes)d changes.")
                % {"number": release.number, "items": release.items, "changes": release.changes}
            )
        else:
            self.stdout.write(_("Nothing to publish."))
