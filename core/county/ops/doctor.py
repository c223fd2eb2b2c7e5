"""A support bundle: what a machine says of itself, without anybody's personal data, as one archive."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from core.county.registry.models import SshAddress
from core.scrub import scrub, scrub_json

from .ssh import Answer, HostKey, Login, Place, Remote

#: Of each answer its end counts: the last day's journal of a machine in trouble may be long.
MOST_CHARACTERS: Final = 8_000_000

#: Syncthing's own view over its API; the key to it is read there and does not leave the machine. The system's Python,
#: so that it answers also where no version is in use.
_SYNCTHING: Final = r"""
exec python3 - <<'END'
import http.client, json, socket, urllib.parse, xml.etree.ElementTree as tree
gui = tree.parse("/var/lib/yizhan/node/syncthing/config.xml").getroot().find("gui")
address, key = gui.findtext("address"), gui.findtext("apikey")
asked = {}
for path in ("system/version", "system/status", "system/connections", "system/error", "stats/folder", "stats/device"):
    local = http.client.HTTPConnection("localhost", timeout=10)
    if address.startswith("/"):
        local.sock = socket.socket(socket.AF_UNIX)
        local.sock.settimeout(10)
        local.sock.connect(address)
    else:
        place = urllib.parse.urlsplit("//" + address)
        local = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    local.request("GET", "/rest/" + path, headers={"X-API-Key": key})
    answer = local.getresponse()
    asked[path] = json.loads(answer.read()) if answer.status == 200 else answer.status
print(json.dumps(asked))
END
"""

#: File in the bundle -> script run by root at the machine. None of them changes anything there.
SOURCES: Final[dict[str, str]] = {
    "status.json": "yizhan-manage status --json",
    "check.json": "yizhan-manage status --check --json",
    "facts.json": "cat /var/lib/yizhan/rollout/facts.json",
    "units.txt": "systemctl --no-pager --full list-units --all 'yizhan-*'; "
    "systemctl --no-pager --full list-timers --all 'yizhan-*'; systemctl show --no-pager 'yizhan-*' "
    "-p Id,ActiveState,SubState,Result,NRestarts,ExecMainStatus,ActiveEnterTimestamp,MemoryCurrent",
    "journal.txt": "journalctl --no-pager --output=short-iso --since=-24h --unit='yizhan-*'",
    "disk.txt": "df -hT; df -hi /var/lib/yizhan; du -xsh /var/lib/yizhan/* /opt/yizhan/releases/* 2>/dev/null || :",
    "versions.txt": '. /etc/os-release; echo "$PRETTY_NAME"; uname -srm; python3 --version; syncthing --version || :;'
    " readlink /opt/yizhan/current; ls -l /opt/yizhan/releases; cat /opt/yizhan/previous 2>/dev/null || :",
    "load.txt": "uptime; cat /proc/meminfo /proc/loadavg; timedatectl || :",
    "syncthing.json": _SYNCTHING,
}

Progress = Callable[[str], AbstractContextManager[object]]


class NotMet(Exception):
    """The machine was never met: no address, or no pinned key."""


class Ambiguous(Exception):
    """Several machines are reached by this name; the message lists their service points."""


@dataclass(frozen=True)
class Bundle:
    """`answers` are the exit codes by file; `truncated` the files whose beginning was left out."""

    path: Path
    service_point: str
    answers: dict[str, int]
    truncated: list[str]


def address_find(asked: str) -> SshAddress:
    """The machine of a service point, or the one reached by this host name. Raises NotMet, Ambiguous."""
    row = SshAddress.objects.filter(pk=asked).first()
    found = [row] if row else list(SshAddress.objects.filter(ssh_host=asked).order_by("pk")) if asked else []
    if len(found) > 1:
        raise Ambiguous(", ".join(one.service_point for one in found))
    if not found or not found[0].ssh_host or not found[0].ssh_host_key:
        raise NotMet(asked)
    return found[0]


def bundle_collect(address: SshAddress, login: Login, *, folder: Path, at: datetime, progress: Progress) -> Bundle:
    """The archive lies in the folder, readable by its owner alone, named by service point and time.

    What a machine cannot say is in it as its error: half a bundle helps more than none. Raises what ssh.py raises.
    """
    place = Place(address.ssh_host, address.ssh_port, address.ssh_user)
    answers: dict[str, Answer] = {}
    with Remote(place, HostKey(address.ssh_host_key), login) as remote:
        for name, script in SOURCES.items():
            with progress(name):
                answers[name] = remote.root(script)
    stamp = at.astimezone(UTC)
    path = folder / f"yizhan-{address.service_point}-{stamp:%Y%m%dT%H%M%SZ}.tar.gz"
    truncated = [name for name, one in answers.items() if len(one.out) > MOST_CHARACTERS]
    files = {name: _clean(name, one) for name, one in answers.items()}
    files["about.json"] = json.dumps({
        "service_point": address.service_point, "collected_at": stamp.isoformat(timespec="seconds"),
        "exit_codes": {name: one.code for name, one in answers.items()}, "truncated": truncated,
        "errors": {name: scrub(one.err[-2000:]) for name, one in answers.items() if one.err.strip()},
    }, indent=1)  # fmt: skip
    _write(path, files, stamp)
    return Bundle(path, address.service_point, {name: one.code for name, one in answers.items()}, truncated)


def _clean(name: str, answer: Answer) -> str:
    """What may leave: a JSON document stays one, anything else is text."""
    if name.endswith(".json"):
        try:
            return json.dumps(scrub_json(_document(answer.out)), indent=1, ensure_ascii=False)
        except ValueError:
            pass
    # Cut at a line's end, or half a number could pass for something else.
    text = answer.out[-MOST_CHARACTERS:]
    return scrub(text if len(text) == len(answer.out) else text.partition("\n")[2])


def _document(text: str) -> Any:
    """The last line that is one: programs may have warned of something before it."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(text.strip().rpartition("\n")[2])


def _write(path: Path, files: dict[str, str], at: datetime) -> None:
    """The whole archive or none has the name."""
    folder, draft = path.name.removesuffix(".tar.gz"), path.with_name(path.name + ".partial")
    with (
        open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
        tarfile.open(fileobj=file, mode="w:gz") as archive,
    ):
        for name, text in sorted(files.items()):
            data = text.encode()
            about = tarfile.TarInfo(f"{folder}/{name}")
            about.size, about.mtime, about.mode = len(data), int(at.timestamp()), 0o600
            archive.addfile(about, io.BytesIO(data))
    os.replace(draft, path)


def refusal(error: NotMet | Ambiguous) -> str:
    if isinstance(error, Ambiguous):
        return _("Several machines are reached by this name; name the service point: %(points)s") % {"points": error}
    return _("%(asked)s was not met yet; run bootstrap_node first.") % {"asked": error}
