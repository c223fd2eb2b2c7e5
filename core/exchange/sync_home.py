"""Syncthing as a systemd unit runs it: `python -m core.exchange.sync_home`, with the environment of this machine.

The home is prepared as core.transport.process does it for its own child, then this process becomes Syncthing, so that
systemd watches the one that holds the files. The program that drives it has YIZHAN_SYNC_EXTERNAL=1.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from core.exchange.carriers import syncthing_settings
from core.settings_base import SYNC_LISTEN
from core.transport.process import SyncthingMissing, environment, home_prepare

BINARY = "syncthing"


def main() -> None:
    """Becomes Syncthing on <YIZHAN_NODE_DIR or YIZHAN_VAR>/syncthing; exit code 3 where it is not installed."""
    base = os.environ.get("YIZHAN_NODE_DIR") or os.environ.get("YIZHAN_VAR")
    if not base:
        sys.exit("Neither YIZHAN_NODE_DIR nor YIZHAN_VAR says whose Syncthing this is.")
    given = syncthing_settings(Path(base).resolve(), SYNC_LISTEN)
    try:
        home_prepare(given.home, api_address=given.api, api_key=given.api_key, listen=given.listen, binary=BINARY)
    except SyncthingMissing as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    if given.api.startswith("/"):
        # Left by a process that was killed; Syncthing would not listen on it again.
        Path(given.api).unlink(missing_ok=True)
    os.execvpe(BINARY, [BINARY, "serve", f"--home={given.home}", "--no-browser"], environment(given.home))


if __name__ == "__main__":
    main()
