"""Enrolment over the county's own line: whom the machine believes, and what root keeps of it."""

import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import translation

from core.exchange.keyring import keys_keep
from edge_node import enrolment, errors
from edge_node.identity import identity_forget, keys_folder
from edge_node.models import Enrolment
from tests.edge.exchanging import BIN
from tests.enrolling import VILLAGE, card, county

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def machine(settings, tmp_path, monkeypatch) -> Iterator[None]:
    settings.VAR_DIR = settings.NODE_DIR = tmp_path / "node"
    monkeypatch.setenv("YIZHAN_CA", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("YIZHAN_COUNTY_KEY", str(tmp_path / "county.key"))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    identity_forget()
    yield
    identity_forget()


Key = ec.EllipticCurvePrivateKey


def certificate(name: str, key: Key, issuer: str, by: Key, *, authority: bool) -> x509.Certificate:
    now = datetime.now(UTC)
    named = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer)]
    made = (
        x509.CertificateBuilder().subject_name(named[0]).issuer_name(named[1]).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
    )  # fmt: skip
    return made.sign(by, hashes.SHA256())


def pem(one: x509.Certificate) -> bytes:
    return one.public_bytes(serialization.Encoding.PEM)


class County(BaseHTTPRequestHandler):
    asked: list[int] = []

    def do_POST(self) -> None:
        self.asked.append(int(self.headers["Content-Length"]))
        self.rfile.read(self.asked[-1])
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"answer")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[tuple[str, bytes]]:
    """The address of a county with an authority of its own, and that one's certificate."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = certificate("county CA", ca_key, "county CA", ca_key, authority=True)
    own = certificate("county", key, "county CA", ca_key, authority=False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(private + pem(own))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    County.asked = []
    with HTTPServer(("127.0.0.1", 0), County) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}", pem(ca)
        server.shutdown()
        thread.join()


def test_a_county_with_an_authority_of_its_own_is_believed_by_that_ones_certificate(pages, tmp_path):
    url, ca = pages
    (tmp_path / "ca.crt").write_bytes(ca)
    assert enrolment.core_ask(url, code="7K2M-90QX-ZP4D", request=b"request") == b"answer"
    assert len(County.asked) == 1


def test_without_it_the_code_goes_to_nobody_and_the_reader_is_told_where_it_belongs(pages, tmp_path):
    url, _ = pages
    with pytest.raises(errors.CoreNotTrusted) as caught:
        enrolment.core_ask(url, code="7K2M-90QX-ZP4D", request=b"request")
    with translation.override("en"):
        assert str(caught.value) == (
            f"This machine does not know who issued the certificate shown at {url}. If the county has an authority of "
            f"its own, put its certificate at {tmp_path / 'ca.crt'} (the play does so with yizhan_ca)."
        )
    assert (caught.value.exit_code, County.asked) == (3, [])


def test_a_certificate_of_another_authority_is_told_from_a_missing_one(pages, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "ca.crt").write_bytes(pem(certificate("county CA", key, "county CA", key, authority=True)))
    with pytest.raises(errors.CoreNotTrusted) as caught:
        enrolment.core_ask(pages[0], code="7K2M-90QX-ZP4D", request=b"request")
    assert caught.value.known
    assert County.asked == []


def test_another_countys_answer_is_refused_while_root_has_pinned_this_ones_key(tmp_path):
    keys, home, other = keys_keep(keys_folder()), county(), county()
    (tmp_path / "county.key").write_text(home.root.verify_key.hex() + "\n")
    with pytest.raises(errors.CountyOfAnother):
        enrolment.response_apply(other.response(card(VILLAGE, keys, device_id="")))
    assert not Enrolment.objects.exists()
    enrolment.response_apply(home.response(card(VILLAGE, keys, device_id="")))
    assert bytes(Enrolment.objects.get().root_key) == home.root.verify_key


def test_a_damaged_pin_admits_no_county(tmp_path):
    keys = keys_keep(keys_folder())
    (tmp_path / "county.key").write_text("00\n")
    with pytest.raises(errors.ResponseUnusable, match="1 bytes"):
        enrolment.response_apply(county().response(card(VILLAGE, keys, device_id="")))


# --- what root does around it: ansible/bin/yizhan-enrol

KEY = "ab" * 32


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The script with its places below a folder, and commands that note what they are told."""
    for folder in ("etc", "sbin"):
        (tmp_path / folder).mkdir()
    text = (BIN / "yizhan-enrol").read_text()
    text = text.replace("/etc/yizhan", f"{tmp_path}/etc").replace("/usr/local/sbin", f"{tmp_path}/sbin")
    for name, script in {
        "yizhan-enrol": text,
        "systemctl": '#!/bin/sh\necho "systemctl $*" >>"$(dirname "$0")/said"\n',
        "yizhan-manage": (
            '#!/bin/sh\necho "$*" >>"$(dirname "$0")/said"\n'
            f'[ "$1" != county_key ] || {{ echo {KEY}; exit "${{KEY_CODE:-0}}"; }}\n'
            'sed "s/^/stdin: /" >>"$(dirname "$0")/said"\nexit "${CODE:-0}"\n'
        ),
    }.items():
        (tmp_path / "sbin" / name).write_text(script)
        (tmp_path / "sbin" / name).chmod(0o755)
    return tmp_path


def enrol(root: Path, *arguments: str, **env: str) -> tuple[int, list[str]]:
    (root / "sbin/said").unlink(missing_ok=True)
    done = subprocess.run(
        [str(root / "sbin/yizhan-enrol"), *arguments], env={"PATH": f"{root}/sbin:{os.environ['PATH']}"} | env,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    lines = (root / "sbin/said").read_text().splitlines()
    return done.returncode, [line for line in lines if not line.startswith("systemctl")]


CORE = ("--core", "https://county.example")


def test_the_code_left_at_first_contact_is_taken_and_removed_once_it_was_used(root):
    (root / "etc/enrolment-code").write_text("7K2M-90QX-ZP4D\n")
    assert enrol(root, *CORE, CODE="3") == (
        3,
        ["enrol --core https://county.example --code -", "stdin: 7K2M-90QX-ZP4D"],
    )
    assert (root / "etc/enrolment-code").exists()
    assert enrol(root, *CORE)[0] == 0
    assert not (root / "etc/enrolment-code").exists()


def test_a_code_that_is_given_is_the_one_that_counts(root):
    (root / "etc/enrolment-code").write_text("7K2M-90QX-ZP4D\n")
    assert enrol(root, *CORE, "--code=AAAA-BBBB-CCCC") == (
        0, ["enrol --core https://county.example --code=AAAA-BBBB-CCCC", "county_key"],
    )  # fmt: skip
    assert (root / "etc/enrolment-code").exists()


def test_the_countys_key_is_pinned_once_the_machine_is_enrolled_and_not_before(root):
    pin = root / "etc/county.key"
    assert enrol(root, "--request", "/media/stick/a b.request", KEY_CODE="2")[1][0] == (
        "enrol --request /media/stick/a b.request"
    )
    assert not pin.exists()
    enrol(root, *CORE, CODE="1")
    assert not pin.exists()
    enrol(root, *CORE)
    assert pin.read_text() == KEY + "\n"
    assert pin.stat().st_mode & 0o777 == 0o644
    pin.write_text("older\n")
    enrol(root, *CORE, "--again")
    assert pin.read_text() == "older\n"


def test_a_machine_that_is_given_away_gets_the_other_countys_pin_only_when_that_one_took_it(root):
    pin = root / "etc/county.key"
    pin.write_text("older\n")
    assert enrol(root, "--another-county", *CORE, CODE="4") == (4, ["enrol --core https://county.example"])
    assert pin.read_text() == "older\n"
    assert enrol(root, *CORE, "--another-county")[0] == 0
    assert pin.read_text() == KEY + "\n"
    assert (root / "etc/county.key.before").read_text() == "older\n"
