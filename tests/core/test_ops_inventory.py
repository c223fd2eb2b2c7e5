"""The registry is Ansible's inventory; where machines are reached and which key they are believed by is kept there."""

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core.county.ops.inventory import inventory_host, inventory_whole
from core.county.registry.errors import AddressInvalid, ServicePointUnknown
from core.county.registry.models import Node, SshAddress
from core.county.registry.services import address_set, node_revoke
from tests.core.registry_places import LATER, NOW, enrol, villages_make
from tests.enrolling import OTHER, TENANT, VILLAGE

pytestmark = pytest.mark.django_db

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"


@pytest.fixture(autouse=True)
def places(settings, tmp_path, tenant):
    settings.VAR_DIR = tmp_path
    villages_make()


def say(*arguments: str) -> str:
    said = io.StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue()


def reach(point: str, **more: str | int) -> SshAddress:
    given: dict[str, str | int] = {"ssh_host": "10.31.4.7", "ssh_host_key": KEY, **more}
    return address_set(service_point=point, by="op", at=NOW, **given)[0]


def test_a_county_without_machines_has_an_inventory_ansible_can_read():
    assert inventory_whole() == {
        "_meta": {"hostvars": {}}, "all": {"children": ["edge", "pull"]}, "edge": {"hosts": []}, "pull": {"hosts": []},
    }  # fmt: skip


def test_an_enrolled_machine_without_an_address_is_in_the_group_pull():
    enrol(VILLAGE)
    Node.objects.filter(pk=VILLAGE).update(status={"version": "0.1.0+g3f8e10e"})
    found = inventory_whole()
    assert found["_meta"]["hostvars"][VILLAGE] == {
        "yizhan_service_point": VILLAGE, "yizhan_tenant": TENANT, "yizhan_level": "village", "yizhan_ring": 2,
        "yizhan_enrolled": True, "yizhan_running_version": "0.1.0+g3f8e10e", "yizhan_pull": True,
    }  # fmt: skip
    assert found["all"]["children"] == [
        "edge", "level_village", "pull", "ring_2", f"tenant_{TENANT}", "version_0_1_0_g3f8e10e",
    ]  # fmt: skip
    assert all(found[group] == {"hosts": [VILLAGE]} for group in found["all"]["children"])


def test_a_machine_that_was_met_but_is_not_enrolled_yet_can_be_installed():
    reach(OTHER, ssh_port=2222, ssh_user="debian", ring=0)
    found = inventory_host(OTHER)
    assert found["yizhan_enrolled"] is False and found["yizhan_pull"] is False and found["yizhan_ring"] == 0
    assert (found["ansible_host"], found["ansible_port"], found["ansible_user"]) == ("10.31.4.7", 2222, "debian")
    assert inventory_whole()["pull"] == {"hosts": []}
    assert inventory_whole()["version_unknown"] == {"hosts": [OTHER]}


def test_a_host_is_believed_by_the_pinned_key_and_by_no_file():
    reach(OTHER)
    assert inventory_host(OTHER)["ansible_ssh_common_args"] == (
        "-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null "
        f"-o 'KnownHostsCommand=/usr/bin/echo %H {KEY}'"
    )


def test_a_revoked_machine_is_in_no_group_until_another_one_is_met_at_its_place():
    enrol(VILLAGE)
    reach(VILLAGE)
    node_revoke(node=VILLAGE, by="ysh-admin", at=LATER)
    assert inventory_whole()["edge"] == {"hosts": []}
    address_set(service_point=VILLAGE, by="op", at=LATER + timedelta(hours=1), ssh_host="10.31.4.9")
    assert inventory_whole()["edge"] == {"hosts": [VILLAGE]}


def test_the_same_fleet_gives_the_same_text_and_an_unknown_host_has_no_variables():
    reach(OTHER)
    reach(VILLAGE)
    assert say("inventory", "--list") == say("inventory", "--list")
    assert json.loads(say("inventory", "--host", OTHER)) == inventory_host(OTHER)
    assert json.loads(say("inventory", "--host", "nobody")) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ssh_host", "-oProxyCommand=reboot"), ("ssh_host", "a b"), ("ssh_port", 0), ("ssh_port", 65536),
        ("ssh_user", "root;id"), ("ssh_host_key", "ssh-ed25519 $(id)"), ("ssh_host_key", KEY.replace("ed25519", "rsa")),
        ("ssh_host_key", f"{KEY} comment"), ("ring", 3), ("ring", "0"), ("epoch", 1),
    ],
)  # fmt: skip
def test_what_cannot_be_an_address_is_refused_and_nothing_is_kept(name, value):
    with pytest.raises(AddressInvalid):
        address_set(service_point=VILLAGE, by="op", at=NOW, **{name: value})
    assert not SshAddress.objects.exists()


def test_an_address_of_no_service_point_is_refused():
    with pytest.raises(ServicePointUnknown):
        address_set(service_point="430321100299-01", by="op", at=NOW, ring=0)


def test_the_command_sets_what_is_given_leaves_the_rest_and_says_whether_it_changed_anything():
    reach(VILLAGE, ssh_port=2222)
    said = [json.loads(say("node_address", VILLAGE, "--ring", "0", "--json")) for _ in range(2)]
    assert said[0] == {
        "service_point": VILLAGE, "ssh_host": "10.31.4.7", "ssh_port": 2222, "ssh_user": "root", "ssh_host_key": KEY,
        "ring": 0, "changed": True,
    }  # fmt: skip
    assert said[1] == said[0] | {"changed": False}
    say("node_address", VILLAGE, "--pull")
    assert inventory_host(VILLAGE) == {}
    say("node_address", VILLAGE, "--forget-key")
    assert SshAddress.objects.get().ssh_host_key == ""


def test_of_a_machine_nobody_met_the_command_says_so():
    with pytest.raises(CommandError):
        say("node_address", VILLAGE)
    assert not SshAddress.objects.exists()


def test_ansible_reads_the_script_and_ends_with_its_groups(tmp_path):
    """The script asks a core over SSH; here a program of that name gives what a core would."""
    program = Path(sys.executable).with_name("ansible-inventory")
    if not program.exists():
        pytest.skip("the extra ops (ansible-core) is not installed")
    reach(OTHER, ring=1)
    (tmp_path / "list.json").write_text(say("inventory", "--list"), encoding="utf-8")
    asked = tmp_path / "bin/ssh"
    asked.parent.mkdir()
    # As sshd does: the last word is the line of another shell.
    asked.write_text(f'#!/bin/sh\necho "$1 $2 $3" >>{tmp_path}/asked\nexec sh -c "$4"\n', encoding="utf-8")
    asked.chmod(0o755)
    core = asked.with_name("yizhan-core")
    core.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\ncat {tmp_path}/list.json\n', encoding="utf-8")
    core.chmod(0o755)
    script = Path(__file__).parents[2] / "ansible/inventory/yizhan"
    path = f"{asked.parent}:{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "YIZHAN_CORE": "root@core1", "HOME": str(tmp_path),
                        "ANSIBLE_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}  # fmt: skip
    done = subprocess.run([str(program), "-i", str(script), "--list"], env=env, cwd=tmp_path, capture_output=True,
                          text=True, check=True)  # fmt: skip
    found = json.loads(done.stdout)
    assert found["ring_1"]["hosts"] == [OTHER] and found["level_village"]["hosts"] == [OTHER]
    assert found["_meta"]["hostvars"][OTHER]["yizhan_tenant"] == TENANT
    assert (tmp_path / "asked").read_text() == "-o BatchMode=yes root@core1\ninventory --list\n"
    core.unlink()
    bare = subprocess.run([str(script), "--list"], env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(bare.stdout) == {"_meta": {"hostvars": {}}}


def test_ssh_itself_understands_how_the_key_is_pinned():
    if shutil.which("ssh") is None:
        pytest.skip("no ssh here")
    reach(OTHER)
    options = shlex.split(inventory_host(OTHER)["ansible_ssh_common_args"])
    done = subprocess.run(["ssh", "-G", *options, "host"], capture_output=True, text=True, check=True)
    assert f"knownhostscommand /usr/bin/echo %H {KEY}" in done.stdout.splitlines()
