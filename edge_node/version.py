"""The version of this software, as a node reports it."""

import json
import sys
from pathlib import Path
from typing import Final

#: Where this is not an installed release: a checkout, the demo, the tests.
CHECKOUT: Final = "0.1.0"


def _installed(prefix: Path) -> str:
    """The version its bundle's manifest gives the release this interpreter belongs to (<release>/venv)."""
    try:
        manifest = json.loads((prefix.parent / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return CHECKOUT
    return str(manifest.get("version") or CHECKOUT) if isinstance(manifest, dict) else CHECKOUT


VERSION: Final = _installed(Path(sys.prefix))
