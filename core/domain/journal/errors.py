"""What can be wrong with something that came from another machine, as domain words with data."""

from __future__ import annotations

from dataclasses import dataclass


class JournalError(Exception):
    """Base of everything the journal refuses; `code` is stable and stands in the database and in metrics."""

    code = "journal_error"


@dataclass
class SegmentDamaged(JournalError):
    """The bytes are not a segment: truncated, wrong magic, lengths that do not add up, undecodable body."""

    detail: str
    code = "damaged"


@dataclass
class NeedsUpgrade(JournalError):
    """Format version or entry tag from the future: the stream waits until this machine is upgraded."""

    detail: str
    code = "needs_upgrade"


@dataclass
class SignatureInvalid(JournalError):
    """The signature does not belong to the named author: forged, or spoiled on the way."""

    author: str
    code = "bad_signature"


@dataclass
class CardUnknown(JournalError):
    """No card for this author and serial is known here."""

    node: str
    serial: int
    code = "unknown_author"


@dataclass
class CardRefused(JournalError):
    """The author's card is revoked, expired, not signed by the county, or of another epoch."""

    node: str
    reason: str
    code = "card_refused"


@dataclass
class ChainBroken(JournalError):
    """The header does not follow the one this reader applied last."""

    expected: str
    found: str
    code = "broken_chain"


@dataclass
class SegmentGap(JournalError):
    """A later segment is here, the next one is not: not an error, the reader waits."""

    expected: int
    found: int
    code = "gap"


@dataclass
class StreamForked(JournalError):
    """Another header for sequence numbers already read: the author was cloned or rolled back."""

    first: int
    last: int
    code = "fork"


@dataclass
class SealBroken(JournalError):
    """The body is not sealed to this machine, or was altered."""

    detail: str
    code = "bad_seal"


@dataclass
class StreamMisplaced(JournalError):
    """The header names another stream than the folder it lies in."""

    expected: str
    found: str
    code = "wrong_stream"


@dataclass
class EntryTooLarge(JournalError):
    """An entry of more than format.MAX_ENTRY_BYTES: refused before it is written, so that each segment can be read."""

    kind: str
    size: int
    code = "entry_too_large"


@dataclass
class SegmentLost(JournalError):
    """A sealed segment's file is neither staged nor published: this machine's disk lost it; a new epoch is needed."""

    name: str
    code = "segment_lost"


@dataclass
class AuthorNotEntitled(JournalError):
    """An entry inside the segment names another author than the segment's."""

    author: str
    found: str
    code = "wrong_author"
