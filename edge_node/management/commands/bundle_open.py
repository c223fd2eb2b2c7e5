"""Take a bundle only if it is whole and this node's county signed it."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.exchange.bundles import BundleRefused, bundle_unpack, bundle_verify
from edge_node.county_key import county_key_asked


class Command(BaseCommand):
    help = (
        "Check a bundle: an unpacked directory, or an archive that is unpacked --into a folder first. Prints JSON: "
        "tree, version, codename, arch, made_at. Exit codes: 0 whole and signed by this node's county, 1 not (then "
        "nothing was unpacked), 2 this machine is not enrolled and cannot tell whose it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bundle", type=Path, metavar="DIRECTORY|ARCHIVE")
        parser.add_argument("--into", type=Path, metavar="FOLDER", help="where an archive is unpacked")

    def handle(self, *args: Any, **options: Any) -> None:
        key = county_key_asked()
        tree: Path = options["bundle"]
        try:
            if options["into"]:
                tree, manifest = bundle_unpack(tree, options["into"], key)
            else:
                manifest = bundle_verify(tree, key)
        except (BundleRefused, OSError) as error:
            raise CommandError(str(error), returncode=1) from error
        said = {name: getattr(manifest, name) for name in ("version", "codename", "arch", "made_at")}
        self.stdout.write(json.dumps(said | {"tree": str(tree)}))
