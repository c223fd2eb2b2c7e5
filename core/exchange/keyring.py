"""Private keys in files: made once, kept for good, readable by this user alone. No Django here.

Of two processes that start at once both end up with the first one's key: a key is linked into place, never written
over. Nothing in this folder ever leaves the machine.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.domain.journal import chain, seal
from core.transport.process import device_id_of

SIGN_KEY, AGE_KEY = "sign.key", "age.key"
ED25519_BYTES = 32


@dataclass
class KeyDamaged(Exception):
    """A key file does not hold a key: the disk was full when it was made, or somebody edited it."""

    path: Path

    def __str__(self) -> str:
        return f"{self.path} holds no key"


@dataclass(frozen=True)
class Keys:
    """What makes a machine itself: an Ed25519 private key (32 bytes) and an age identity."""

    sign: bytes = field(repr=False)
    age: str = field(repr=False)

    @property
    def verify_key(self) -> bytes:
        return chain.Signer("", self.sign).verify_key

    @property
    def recipient(self) -> str:
        return seal.recipient_of(self.age)


def key_keep(folder: Path, name: str, make: Callable[[], bytes]) -> bytes:
    """What `folder/name` holds; made by `make` if it was not there, durable and with mode 0600 before it is used."""
    path = folder / name
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = _draft_write(folder, name, make())
        # A link, not a rename: the first process's key wins, and it is whole as soon as it has its name.
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        _directory_sync(folder)
    return path.read_bytes()


def file_put(folder: Path, name: str, data: bytes) -> None:
    """`folder/name` holds `data`, durably, with mode 0600; a reader sees the old bytes or the new ones."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.replace(_draft_write(folder, name, data), folder / name)
    _directory_sync(folder)


def keys_keep(folder: Path) -> Keys:
    """The keys of this machine, made on first use. Raises KeyDamaged, OSError on a full disk."""
    sign = key_keep(folder, SIGN_KEY, chain.signing_key_new)
    age = key_keep(folder, AGE_KEY, lambda: seal.identity_new().encode()).decode("ascii", "replace").strip()
    return _checked(folder, sign, age)


def keys_read(folder: Path) -> Keys | None:
    """The keys of this machine, None where none were made yet. Raises KeyDamaged."""
    try:
        sign, age = (folder / SIGN_KEY).read_bytes(), (folder / AGE_KEY).read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    return _checked(folder, sign, age)


def device_id_keep(home: Path) -> str:
    """The Syncthing device id of this machine; the key and certificate it stands for are made in `home` if missing.

    Made here and not by Syncthing's own `generate`, so that a machine without the program has its identity too
    (folders are then carried by plain copying). Syncthing keeps the pair it finds.
    """
    key_pem = key_keep(home, "key.pem", _device_key)
    key_keep(home, "cert.pem", lambda: _device_certificate(key_pem))
    return device_id_of(home / "cert.pem")


def _device_key() -> bytes:
    key = ec.generate_private_key(ec.SECP384R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def _device_certificate(key_pem: bytes) -> bytes:
    """Self-signed as Syncthing makes them: it looks at the key's fingerprint and at nothing else."""
    key = load_pem_private_key(key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "syncthing")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Fixed dates: the clock of a new machine may be years off, and nobody reads them.
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
    )
    return builder.sign(key, hashes.SHA384()).public_bytes(Encoding.PEM)


def _checked(folder: Path, sign: bytes, age: str) -> Keys:
    if len(sign) != ED25519_BYTES:
        raise KeyDamaged(folder / SIGN_KEY)
    try:
        seal.recipient_of(age)
    except Exception as error:  # pyrage raises its own types, which share no base
        raise KeyDamaged(folder / AGE_KEY) from error
    return Keys(sign=sign, age=age)


def _draft_write(folder: Path, name: str, data: bytes) -> Path:
    draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def _directory_sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
