"""The machines as Ansible's own inventory names them, whatever sources it has."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

from core.exchange.orders import LAST_RING

from .plan import Machine
from .plays import TAIL_CHARACTERS, Ansible, program

ASK_SECONDS: Final = 120


class InventoryUnread(Exception):
    """Ansible cannot say which hosts there are; the message is the end of what it said."""


def machines_read(ansible: Ansible, *, limit: str = "") -> list[Machine]:
    """The hosts of the group edge that `limit` leaves, by name. Raises InventoryUnread, AnsibleMissing."""
    command = [str(program("ansible-inventory")), "--inventory", str(ansible.inventory), "--list"]
    if limit:
        command += ["--limit", limit]
    try:
        done = subprocess.run(
            command, cwd=ansible.folder, env=ansible.environment(), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=True, timeout=ASK_SECONDS,
        )  # fmt: skip
        whole: dict[str, Any] = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        raise InventoryUnread(str(error.stderr).strip()[-TAIL_CHARACTERS:]) from error
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise InventoryUnread(str(error)) from error
    return machines_of(whole)


def machines_of(whole: dict[str, Any]) -> list[Machine]:
    """The same from what `ansible-inventory --list` prints; a host's own variables go before its groups."""
    variables: dict[str, dict[str, Any]] = whole.get("_meta", {}).get("hostvars", {})
    groups = {name: _members(whole, name, frozenset()) for name in whole if name != "_meta"}
    found = []
    for name in sorted(groups.get("edge", set())):
        mine = variables.get(name, {})
        rings = [ring for ring in range(LAST_RING + 1) if name in groups.get(f"ring_{ring}", set())]
        found.append(
            Machine(
                name=name, node=str(mine.get("yizhan_service_point", name)),
                ring=int(mine.get("yizhan_ring", rings[0] if rings else LAST_RING)),
                pull=name in groups.get("pull", set()) or mine.get("yizhan_pull") is True,
            )
        )  # fmt: skip
    return found


def _members(whole: dict[str, Any], group: str, above: frozenset[str]) -> set[str]:
    """The hosts of a group and of all groups in it."""
    found = set(whole.get(group, {}).get("hosts", []))
    for child in whole.get(group, {}).get("children", []):
        if child not in above:
            found |= _members(whole, child, above | {group})
    return found
