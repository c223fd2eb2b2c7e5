"""The fleet as Ansible wants it from a script: hosts are service points, grouped by tenant, level, ring and version.

Nothing in it is secret: addresses, public host keys, codes of places. The same fleet gives the same text.
"""

from __future__ import annotations

import re
import shlex
from typing import Any, Final

from core.county.registry.models import Node, SshAddress
from tenants.models import ServicePoint

#: With this a host is believed by the pinned key and no other; no file has to be kept beside the inventory. The
#: program is asked by ssh for the keys of the host it names as %H (ssh_config(5), KnownHostsCommand).
PIN: Final = (
    "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null",
)  # fmt: skip

Variables = dict[str, Any]


def inventory_whole() -> dict[str, Any]:
    """What `--list` prints: every machine that is enrolled or was met, with its variables under _meta."""
    points, nodes, addresses = _fleet()
    groups: dict[str, list[str]] = {"edge": [], "pull": []}
    hostvars: dict[str, Variables] = {}
    for code in sorted(points):
        found = _variables(points[code], nodes.get(code), addresses.get(code))
        hostvars[code] = found
        for group in _groups_of(found):
            groups.setdefault(group, []).append(code)
    return {
        "_meta": {"hostvars": hostvars},
        "all": {"children": sorted(groups)},
        **{name: {"hosts": hosts} for name, hosts in sorted(groups.items())},
    }


def inventory_host(name: str) -> Variables:
    """What `--host` prints: {} for a host that is not in the inventory, as Ansible expects."""
    found: Variables = inventory_whole()["_meta"]["hostvars"].get(name, {})
    return found


def _fleet() -> tuple[dict[str, ServicePoint], dict[str, Node], dict[str, SshAddress]]:
    nodes = Node.objects.in_bulk()
    addresses = SshAddress.objects.in_bulk()
    revoked = {code: node.revoked_at for code, node in nodes.items() if node.revoked_at}
    # A revoked machine is nobody's any more, until another one is met at its place.
    met = {
        code for code, address in addresses.items()
        if address.ssh_host and not (code in revoked and address.changed_at <= revoked[code])
    }  # fmt: skip
    working = {code: node for code, node in nodes.items() if code not in revoked}
    return ServicePoint.objects.in_bulk(met | working.keys()), working, addresses


def _variables(point: ServicePoint, node: Node | None, address: SshAddress | None) -> Variables:
    found: Variables = {
        "yizhan_service_point": point.code,
        "yizhan_tenant": point.tenant_code,
        "yizhan_level": node.level if node else point.level,
        "yizhan_ring": address.ring if address else SshAddress._meta.get_field("ring").default,
        "yizhan_enrolled": node is not None,
        # Not yizhan_version: that is the one it is to take.
        "yizhan_running_version": str(((node.status if node else None) or {}).get("version", "")),
        "yizhan_pull": not (address and address.ssh_host),
    }
    if address and address.ssh_host:
        found |= {"ansible_host": address.ssh_host, "ansible_port": address.ssh_port, "ansible_user": address.ssh_user}
        if address.ssh_host_key:
            told = f"KnownHostsCommand=/usr/bin/echo %H {address.ssh_host_key}"
            found["ansible_ssh_common_args"] = shlex.join([*PIN, "-o", told])
    return found


def _groups_of(found: Variables) -> list[str]:
    version = found["yizhan_running_version"] or "unknown"
    return [
        "edge", f"tenant_{found['yizhan_tenant']}", f"level_{found['yizhan_level']}", f"ring_{found['yizhan_ring']}",
        # A group's name is letters, digits and underscores.
        "version_" + re.sub(r"[^0-9A-Za-z]+", "_", version),
        *(["pull"] if found["yizhan_pull"] else []),
    ]  # fmt: skip
