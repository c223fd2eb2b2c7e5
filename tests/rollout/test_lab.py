"""The lab's own promises: what a host keeps, what it loses, and that nothing is left."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.lab import CommandFailed, Lab, groups
from tools.bootstrap import ROOT

#: A unit that would say it was stopped.
POLITE = "[Service]\nExecStart=sleep 1000\nExecStop=touch /root/farewell\n"

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def lab():
    with Lab("selftest") as lab:
        lab.hosts_up("one", "two")
        yield lab


def test_a_host_boots_whole_and_reaches_the_others_by_name(lab):
    one = lab.hosts["one"]
    assert one.run("systemctl", "is-system-running").strip() == "running"
    assert one.run("hostname").strip() == "one"
    one.run("ping", "-c1", "-W2", "two")


def test_hosts_have_keys_and_identities_of_their_own(lab):
    one, two = lab.hosts.values()
    for path in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key.pub"):
        assert one.read(path) != two.read(path)


def test_a_power_cut_keeps_the_disk_and_runs_no_farewell(lab):
    one = lab.hosts["one"]
    one.shell("echo written >/root/kept; sync")
    one.run("tee", "/etc/systemd/system/polite.service", stdin=POLITE)
    one.shell("systemctl daemon-reload; systemctl start polite")
    one.power_cut()
    one.start()
    one.wait()
    assert one.read("/root/kept") == "written\n"
    with pytest.raises(CommandFailed):
        one.read("/root/farewell")


def test_a_reboot_is_another_boot_of_the_same_machine(lab):
    two = lab.hosts["two"]
    machine, boot = two.read("/etc/machine-id"), two.run("journalctl", "--list-boots", "-q")
    two.reboot()
    assert two.read("/etc/machine-id") == machine
    assert two.run("journalctl", "--list-boots", "-q") != boot


def test_a_cut_link_leaves_the_console(lab):
    one = lab.hosts["one"]
    one.link_cut()
    with pytest.raises(CommandFailed):
        lab.hosts["two"].run("ping", "-c1", "-W1", "one")
    assert one.enter("hostname").strip() == "one"
    one.link_mend()
    lab.hosts["two"].run("ping", "-c1", "-W2", "one")


def test_a_lab_that_ended_has_left_nothing():
    with Lab("brief", internet=False) as lab:
        (host,) = lab.hosts_up("h")
        folder, name = lab.folder, lab.network.name
        with pytest.raises(CommandFailed):
            host.run("ping", "-c1", "-W1", "10.0.2.3")
    assert not folder.exists()
    assert list(Path("/run/netns").glob(f"{name}*")) == []
    assert str(folder) not in Path("/proc/self/mounts").read_text(encoding="utf-8")
    assert subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, check=False).stdout == b""
    # A listener that outlives its host takes the next host's notices: it then seems to be off, or never to come up.
    assert "h-notices" not in [thread.name for thread in threading.enumerate()]


def test_hosts_of_a_lab_that_was_killed_end_with_the_next_lab():
    killed = subprocess.Popen(
        [sys.executable, "-m", "tests.lab", "h", "--no-internet"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert killed.stdout is not None
    assert any("Ctrl-C" in line for line in killed.stdout)
    killed.kill()
    killed.wait()
    name = f"yz-hand-{killed.pid}-h"
    with Lab("next", internet=False):
        files = [file for folder in groups.folders(name) for file in folder.rglob("cgroup.procs")]
        deadline = time.monotonic() + 10
        # What was killed takes a moment to go; nothing tells who is not its parent.
        while any(file.exists() and file.read_text() for file in files) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [file.read_text() for file in files if file.exists() and file.read_text()] == []
    assert list(Path("/run/netns").glob(f"{name}*")) == []
