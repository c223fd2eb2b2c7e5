"""Signs a bundle of the program with the county's root key, so that nodes may install it."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.county.registry.services import bundle_signed
from core.exchange.bundles import BundleRefused

EXAMPLE = """
The bundle is proven whole, signed, and written back in its place (or to --out):

    manage.py rollout_sign yizhan-0.1.0+g3f8e10e-bookworm-amd64.tar.zst

Exit codes: 0 signed, 1 refused (damaged, or no bundle), 2 wrong arguments.
"""


class Command(BaseCommand):
    """Parses, proves, signs, says what was signed."""

    help = "Sign a bundle with the county's root key, so that nodes may install it."
    # It asks no database: it is run where the keys are, also while the database is down.
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"epilog": EXAMPLE, "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bundle", type=Path, help="the file make bundle has made (.tar.zst)")
        parser.add_argument(
            "--out", type=Path, metavar="FILE", help="where the signed one is written; default: in place"
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *, bundle: Path, out: Path | None, **options: Any) -> None:
        target = out or bundle
        try:
            manifest = bundle_signed(bundle, target)
        except (BundleRefused, OSError) as error:
            raise CommandError(_("Not signed: %(reason)s") % {"reason": error}) from error
        facts = {"bundle": str(target), "version": manifest.version, "codename": manifest.codename,
                 "arch": manifest.arch, "files": len(manifest.files)}  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(facts, ensure_ascii=False))
        else:
            self.stdout.write(
                _("Signed: %(version)s for Debian %(codename)s %(arch)s, %(files)d files, %(bundle)s") % facts
            )
