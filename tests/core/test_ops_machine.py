"""First contact with a machine, and its support bundle, over a real sshd."""

import io
import json
import shlex
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.county import ops
from core.county.ops.inventory import inventory_host
from core.county.registry.models import EnrolmentCode, SshAddress
from core.county.registry.services import address_set
from core.county.registry.services.codes import code_hash
from tests.core import sshd
from tests.core.registry_places import enrol, villages_make
from tests.enrolling import OTHER, VILLAGE

pytest.importorskip("paramiko", reason="the extra ops (paramiko) is not installed")
pytestmark = pytest.mark.django_db

CODE_FILE = "/etc/yizhan/enrolment-code"
JOURNAL = r"""2026-11-22T07:17:02+0000 n2 yizhan-web[412]: accepted applicant=ZhangSan case=4303211002040126112200017
2026-11-22T07:17:03+0000 n2 yizhan-web[412]: 张三 430321199003071234 13812345678 refused
2026-11-22T07:17:04+0000 n2 yizhan-agent[413]: segment_sealed seq=184 ms=1795331822123"""
STATUS = json.dumps({"node": VILLAGE, "name": "某村便民服务站", "disk_free": 15032385536, "attention": ["张三"]})
PROGRAMS = {
    "journalctl": f"cat <<'END'\n{JOURNAL}\nEND",
    "systemctl": "echo 'yizhan-web.service loaded active running'",
    "yizhan-manage": f"case \"$*\" in *--check*) echo '{STATUS}'; exit 1;; *) echo '{STATUS}';; esac",
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    if reason := sshd.obstacle():
        pytest.skip(reason)
    with sshd.machine(tmp_path_factory.mktemp("machine"), PROGRAMS) as running:
        yield running


@pytest.fixture(autouse=True)
def places(settings, tmp_path, tenant, machine):
    """Every test meets the machine for the first time."""
    settings.VAR_DIR = tmp_path / "var"
    settings.COUNTY_URL = "https://county.example"
    villages_make()
    machine.shell(f"rm -rf /etc/yizhan; sed -i '/newcomer/d' ~/.ssh/authorized_keys; rm -f {CODE_FILE}")


def meet(
    machine: sshd.Machine, *more: str, accept: bool = True, point: str = VILLAGE, identity: bool = True
) -> dict[str, Any]:
    said = io.StringIO()
    accepted = ("--accept", machine.fingerprint) if accept else ()
    own = ("--identity", str(machine.identity)) if identity else ()
    call_command(
        "bootstrap_node", "127.0.0.1", "--service-point", point, "--port", str(machine.port), *own,
        "--public-key", f"{machine.newcomer}.pub", "--json", *accepted, *more, stdout=said,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def refused(machine: sshd.Machine, *more: str, **given) -> CommandError:
    with pytest.raises(CommandError) as caught:
        meet(machine, *more, **given)
    return caught.value


def untouched(machine: sshd.Machine) -> bool:
    there = machine.shell("grep -c newcomer ~/.ssh/authorized_keys || :; ls -A /etc/yizhan 2>/dev/null || :")
    return there == "0\n" and not SshAddress.objects.exists() and not EnrolmentCode.objects.exists()


def test_a_machine_that_was_met_is_pinned_lets_the_operator_in_and_holds_its_code_for_root_alone(machine):
    met = meet(machine)
    assert met["changed"] == ["authorized_key", "host_key", "registry", "enrolment_code"]
    assert (met["fingerprint"], met["pinned"], met["code_file"]) == (machine.fingerprint, False, CODE_FILE)
    row = SshAddress.objects.get()
    assert (row.service_point, row.ssh_host, row.ssh_port, row.ssh_host_key) == (
        VILLAGE, "127.0.0.1", machine.port, machine.host_key,
    )  # fmt: skip
    code = EnrolmentCode.objects.get()
    assert code.service_point == VILLAGE and code.by_file
    assert bytes(code.code_sha256) == code_hash(machine.shell(f"cat {CODE_FILE}"))
    assert machine.shell(f"stat -c '%a %U' {CODE_FILE}; ls -A /etc/yizhan") == "600 root\nenrolment-code\n"
    assert code_hash(json.dumps(met)) != bytes(code.code_sha256)


def test_the_key_it_installs_stands_on_a_line_of_its_own_and_opens_the_machine(machine):
    """The fixture's authorized_keys has no newline at its end."""
    meet(machine)
    lines = machine.shell("cat ~/.ssh/authorized_keys").splitlines()
    assert lines == [Path(f"{one}.pub").read_text().strip() for one in (machine.identity, machine.newcomer)]
    assert meet(machine, "--identity", str(machine.newcomer))["changed"] == []


def test_meeting_it_again_changes_nothing_and_needs_no_fingerprint(machine):
    meet(machine)
    before = EnrolmentCode.objects.get().pk, SshAddress.objects.get().changed_at
    again = meet(machine, accept=False)
    assert again["changed"] == [] and again["pinned"] is True
    assert (EnrolmentCode.objects.get().pk, SshAddress.objects.get().changed_at) == before


def test_a_dry_run_says_what_would_change_and_changes_nothing(machine):
    met = meet(machine, "--dry-run")
    assert met["changed"] == ["authorized_key", "host_key", "registry", "enrolment_code"]
    assert met["facts"]["codename"] in ("bookworm", "trixie") and met["dry_run"] is True
    assert untouched(machine)


def test_a_dry_run_does_not_log_in_where_nobody_has_accepted_the_key(machine):
    met = meet(machine, "--dry-run", accept=False)
    assert met["fingerprint"] == machine.fingerprint and met["facts"] is None
    assert untouched(machine)


def test_facts_are_the_machines_own(machine):
    facts = meet(machine, "--dry-run")["facts"]
    assert facts["os"] + "\n" == machine.shell(". /etc/os-release; echo $PRETTY_NAME")
    assert "Python " + facts["python"] + "\n" == machine.shell("python3 --version")
    assert facts["hostname"] + "\n" == machine.shell("uname -n")
    assert facts["memory"] > 10**9 and facts["disk_free"] > 10**8
    assert abs(facts["clock_offset_s"]) < 5


@pytest.mark.parametrize("more", [(), ("--accept", "SHA256:somebodyelse")])
def test_a_host_key_nobody_accepted_is_refused_and_nothing_is_changed(machine, more):
    error = refused(machine, *more, accept=False)
    assert error.returncode == 3 and machine.fingerprint in str(error)
    assert untouched(machine)


def test_a_changed_host_key_is_refused_loudly_even_if_its_fingerprint_is_given(machine, tmp_path):
    other = sshd._key(tmp_path / "other")
    address_set(service_point=VILLAGE, by="op", at=datetime(2026, 11, 20, tzinfo=UTC),
                ssh_host_key=" ".join(other.split()[:2]))  # fmt: skip
    error = refused(machine)
    assert error.returncode == 4 and "主机密钥已变更" in str(error) and machine.fingerprint in str(error)
    assert SshAddress.objects.get().ssh_host == "" and not EnrolmentCode.objects.exists()
    assert machine.shell("grep -c newcomer ~/.ssh/authorized_keys || :") == "0\n"


def test_a_machine_that_replaces_one_is_met_after_its_key_was_forgotten_and_gets_a_code(machine):
    enrol(VILLAGE)
    meet(machine)
    assert EnrolmentCode.objects.filter(used_at=None).count() == 1
    call_command("node_address", VILLAGE, "--forget-key", stdout=io.StringIO())
    assert refused(machine, accept=False).returncode == 3
    assert meet(machine)["changed"] == ["host_key", "registry"]


def test_a_machine_that_is_enrolled_and_known_gets_no_code(machine):
    enrol(VILLAGE)
    address_set(service_point=VILLAGE, by="op", at=datetime(2026, 11, 20, tzinfo=UTC), ssh_host_key=machine.host_key)
    assert meet(machine)["changed"] == ["authorized_key", "registry"]
    assert not EnrolmentCode.objects.filter(used_at=None).exists()


def test_a_user_with_a_password_becomes_root_by_sudo_and_needs_no_password_for_the_login_again(machine, monkeypatch):
    if machine.shell("command -v sudo || :") == "":
        pytest.skip("the machine's Debian has no sudo")
    monkeypatch.setattr("getpass.getpass", lambda prompt: "a-pass-phrase")
    home = Path(f"{machine.newcomer}.pub").read_text()
    met = meet(machine, "--user", "officer", "--ask-password", identity=False)
    assert met["changed"] == ["authorized_key", "host_key", "registry", "enrolment_code"]
    assert machine.shell("cat /home/officer/.ssh/authorized_keys") == home
    assert machine.shell(f"stat -c '%a %U' {CODE_FILE}") == "600 root\n"
    assert "a-pass-phrase" not in json.dumps(met) + machine.shell(f"cat {CODE_FILE}")
    assert inventory_host(VILLAGE)["ansible_user"] == "officer"
    again = refused(machine, "--user", "officer", "--identity", str(machine.newcomer), identity=False)
    assert again.returncode == 7 and "officer" in str(again)


def test_an_unknown_service_point_is_refused_before_the_machine_is_asked(machine):
    assert refused(machine, point="430321100299-01").returncode == 1
    assert untouched(machine)


def test_a_login_that_is_refused_and_a_port_where_nobody_listens_are_no_contact(machine):
    assert refused(machine, "--identity", str(machine.newcomer)).returncode == 5
    assert refused(machine, "--port", "1").returncode == 5
    assert untouched(machine)


def test_a_public_key_that_is_none_is_not_installed(machine, tmp_path):
    (tmp_path / "id.pub").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert refused(machine, "--public-key", str(tmp_path / "id.pub")).returncode == 7
    assert refused(machine, "--public-key", str(tmp_path / "none.pub")).returncode == 2
    assert untouched(machine)


def test_openssh_believes_the_machine_by_what_the_inventory_says_and_no_other(machine, tmp_path):
    meet(machine)
    options = shlex.split(inventory_host(VILLAGE)["ansible_ssh_common_args"])
    there = ["root@127.0.0.1", "echo in"]
    command = ["ssh", "-F", "none", "-i", str(machine.identity), "-o", "BatchMode=yes", "-p", str(machine.port)]
    done = subprocess.run([*command, *options, *there], capture_output=True, text=True, check=False)
    assert done.stdout == "in\n", done.stderr
    other = " ".join(sshd._key(tmp_path / "other").split()[:2])
    options[-1] = options[-1].replace(machine.host_key, other)
    done = subprocess.run([*command, *options, *there], capture_output=True, text=True, check=False)
    assert done.stdout == "" and done.returncode == 255


def doctor(*arguments: str) -> dict[str, Any]:
    said = io.StringIO()
    call_command("node_doctor", *arguments, "--json", stdout=said)
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def content(path: str) -> dict[str, str]:
    with tarfile.open(path) as archive:
        return {one.name.partition("/")[2]: archive.extractfile(one).read().decode() for one in archive.getmembers()}  # type: ignore[union-attr]


@pytest.mark.parametrize("asked", [VILLAGE, "127.0.0.1"])
def test_the_support_bundle_says_how_the_machine_is_and_names_nobody(machine, tmp_path, asked):
    meet(machine)
    found = doctor(asked, "--out", str(tmp_path), "--identity", str(machine.identity))
    path = Path(found["bundle"])
    assert path.name.startswith(f"yizhan-{VILLAGE}-") and path.name.endswith("Z.tar.gz")
    assert path.stat().st_mode & 0o777 == 0o600 and not list(tmp_path.glob("*.partial"))
    files = content(found["bundle"])
    assert files["journal.txt"].splitlines() == [
        "2026-11-22T07:17:02+0000 n2 yizhan-web[412]: accepted applicant=[struck] case=4303211002040126112200017",
        "2026-11-22T07:17:03+0000 n2 yizhan-web[412]: [zh] [id] [phone] refused",
        "2026-11-22T07:17:04+0000 n2 yizhan-agent[413]: segment_sealed seq=184 ms=1795331822123",
    ]
    assert json.loads(files["status.json"]) == {
        "node": VILLAGE, "name": "[struck]", "disk_free": 15032385536, "attention": ["[zh]"],
    }  # fmt: skip
    assert "yizhan-web.service loaded active running" in files["units.txt"]
    assert "Debian" in files["versions.txt"] and "Filesystem" in files["disk.txt"]
    whole = "".join(files.values())
    assert not [word for word in ("张三", "ZhangSan", "430321199003071234", "13812345678", "便民") if word in whole]


#: Answers what it is asked for, to whom has the key, on a socket in the file system: as a node's Syncthing does.
SYNCTHING = """
import http.server, json, os, socketserver
os.makedirs("/var/lib/yizhan/node/syncthing", exist_ok=True)
path = "/var/lib/yizhan/node/syncthing/api.sock"
with open("/var/lib/yizhan/node/syncthing/config.xml", "w") as file:
    file.write(f"<configuration><gui><address>{path}</address><apikey>k3y-of-it</apikey></gui></configuration>")
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.headers["X-API-Key"] == "k3y-of-it" else 403)
        self.end_headers()
        self.wfile.write(json.dumps({"asked": self.path, "inBytesTotal": 13812345678, "name": "Zhang"}).encode())
    def log_message(self, *_):
        pass
    def address_string(self):
        return ""
server = socketserver.UnixStreamServer(path, Answer)
if os.fork() == 0:
    os.setsid()
    for one in (0, 1, 2):
        os.dup2(os.open("/dev/null", os.O_RDWR), one)
    for _ in range(6):
        server.handle_request()
"""


def test_syncthing_is_asked_over_its_socket_and_its_key_stays_there(machine, tmp_path):
    meet(machine)
    machine.shell(f"python3 -c {shlex.quote(SYNCTHING)}")
    found = doctor(VILLAGE, "--out", str(tmp_path), "--identity", str(machine.identity))
    machine.shell("rm -rf /var/lib/yizhan")
    files = content(found["bundle"])
    assert "syncthing.json" not in found["failed"]
    assert json.loads(files["syncthing.json"])["system/status"] == {
        "asked": "/rest/system/status", "inBytesTotal": 13812345678, "name": "[struck]",
    }  # fmt: skip
    assert "k3y-of-it" not in "".join(files.values())


def test_what_the_machine_cannot_say_is_in_the_bundle_as_its_error(machine, tmp_path):
    meet(machine)
    found = doctor(VILLAGE, "--out", str(tmp_path), "--identity", str(machine.identity))
    about = json.loads(content(found["bundle"])["about.json"])
    assert {"check.json", "facts.json", "syncthing.json"} <= set(found["failed"])
    assert about["exit_codes"]["check.json"] == 1 and "facts.json" in about["errors"]["facts.json"]


def test_a_machine_that_was_never_met_or_shows_another_key_gives_no_bundle(machine, tmp_path):
    with pytest.raises(CommandError) as caught:
        doctor(OTHER, "--out", str(tmp_path))
    assert caught.value.returncode == 1
    other = " ".join(sshd._key(tmp_path / "other").split()[:2])
    address_set(service_point=OTHER, by="op", at=datetime(2026, 11, 20, tzinfo=UTC), ssh_host="127.0.0.1",
                ssh_port=machine.port, ssh_host_key=other)  # fmt: skip
    with pytest.raises(CommandError) as caught:
        doctor(OTHER, "--out", str(tmp_path), "--identity", str(machine.identity))
    assert caught.value.returncode == 4
    assert not list(tmp_path.glob("*.tar.gz*"))


@pytest.mark.parametrize("command", [("bootstrap_node", "host", "--service-point", VILLAGE), ("node_doctor", VILLAGE)])
def test_without_the_operators_extra_the_command_says_what_to_install(monkeypatch, command):
    for name in [name for name in sys.modules if name.startswith("core.county.ops.")]:
        package, _, module = name.rpartition(".")
        monkeypatch.delitem(sys.modules, name)
        # A package goes on naming what was imported from it.
        if package == ops.__name__:
            monkeypatch.delattr(ops, module)
    monkeypatch.setitem(sys.modules, "paramiko", None)
    with pytest.raises(CommandError) as caught:
        call_command(*command, stdout=io.StringIO())
    assert caught.value.returncode == 2 and '"ops"' in str(caught.value)
