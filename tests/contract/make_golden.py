"""Writes the golden files beside it: python -m tests.contract.make_golden. What is there is never overwritten.

A golden file is what this version wrote, kept for ever: later versions must read it. A new entry kind gets a new file;
a file that no longer reads is a broken promise to the nodes in the villages, not a file to make anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.domain.cases.merge import replay
from core.domain.cases.state import state_bytes
from core.domain.journal.chain import NO_PREVIOUS, Signer, header_sign, sha256
from core.domain.journal.format import Entry, SegmentHeader, StreamName, encode, segment_join
from core.domain.journal.seal import body_seal, identity_new, recipient_of
from tests import samples

GOLDEN = Path(__file__).parent / "golden"
#: 2026-11-21 00:00 UTC; golden files are made at no other time.
MADE_AT_MS = 1_795_219_200_000
#: Kinds that came after the segment of all kinds was made; each has a file of its own.
LATER_KINDS = frozenset(
    {"appointment.set", "extension.requested", "extension.declined", "rating.followed", "case.urged"}
)


def keep(name: str, data: bytes) -> bool:
    """`data` stands under this name; False where something stood there before, which is left as it is."""
    path = GOLDEN / name
    if path.exists():
        return False
    path.write_bytes(data)
    return True


def keys() -> dict[str, Any]:
    """The test keys, made once. They protect nothing and must never sign anything real."""
    path = GOLDEN / "keys.json"
    if not path.exists():
        signer = Signer(samples.CORE, bytes(range(32)))
        identity = identity_new()
        keep("keys.json", json.dumps({
            "what": "TEST KEYS. They protect nothing. Never use them anywhere else.",
            "author": signer.name, "signing_key": bytes(range(32)).hex(), "verify_key": signer.verify_key.hex(),
            "reader": samples.VILLAGE, "identity": identity, "recipient": recipient_of(identity),
        }, indent=2).encode() + b"\n")  # fmt: skip
    return dict(json.loads(path.read_text()))


def segment(entries: Sequence[Entry], signer: Signer, recipient: str) -> bytes:
    """The first segment of the core's stream to the village: it may pass on what every author wrote."""
    body = body_seal(encode(list(entries)), [recipient])
    header = SegmentHeader(
        version=1, stream=StreamName(author=signer.name, epoch=1, audience=samples.VILLAGE), first=1, last=len(entries),
        count=len(entries), previous=NO_PREVIOUS, body_sha256=sha256(body), card_serial=1, made_at_ms=MADE_AT_MS,
    )  # fmt: skip
    data, signature = header_sign(signer, header)
    return segment_join(data, signature, body)


def contents() -> dict[str, list[Entry]]:
    """What each golden segment holds, by its name."""
    by_kind = {kind: [samples.sample(kind)] for kind in samples.BODIES}
    first_kinds = sorted(set(samples.BODIES) - LATER_KINDS)
    return by_kind | {"mixed": [samples.sample(kind, n) for n, kind in enumerate(first_kinds, 1)],
                      "full-life": samples.full_life()}  # fmt: skip


def main() -> int:
    GOLDEN.mkdir(exist_ok=True)
    known = keys()
    signer = Signer(known["author"], bytes.fromhex(known["signing_key"]))
    made: list[str] = []
    for name, entries in contents().items():
        if keep(f"{name}.seg", segment(entries, signer, known["recipient"])):
            keep(f"{name}.entries", encode(entries))
            made.append(name)
    state = replay(samples.full_life()).state
    assert state is not None
    if keep("full-life.state", state_bytes(state)):
        made.append("full-life.state")
    print(f"{len(made)} made, all others left as they were: {', '.join(made) or 'nothing new'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
