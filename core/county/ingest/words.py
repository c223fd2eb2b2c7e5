"""What to do about a trouble, in words. What it is called stands in core/counter/wording.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

#: What mends a held stream.
WAIT, UPGRADE, ENROL = "wait", "upgrade", "enrol"


@dataclass(frozen=True)
class Advice:
    """`remedy` is one of the three above; `text` says it to people."""

    remedy: str
    text: Text


_TRUE_FILE: Final = Advice(WAIT, _(
    "Nothing to do at first: the stream goes on by itself as soon as the true file arrives, over the network or with"
    " a courier. If it stands still for more than a day, have the machine and its town node looked at."
))  # fmt: skip
_NEW_KEYS: Final = Advice(ENROL, _(
    "Find out which machine is the true one, take the other one away, and enrol the true one anew: with new keys it"
    " starts a new stream, and sends again what only it has."
))  # fmt: skip
HELD_ADVICE: Final[dict[str, Advice]] = {
    "damaged": _TRUE_FILE, "bad_signature": _TRUE_FILE, "broken_chain": _TRUE_FILE, "bad_seal": _TRUE_FILE,
    "wrong_stream": _TRUE_FILE, "entry_too_large": _TRUE_FILE, "gap": _TRUE_FILE,
    "needs_upgrade": Advice(UPGRADE, _(
        "Upgrade the county's program: the machine already has a newer one. The stream goes on by itself afterwards."
    )),
    "fork": _NEW_KEYS,
    "wrong_author": Advice(ENROL, _(
        "A machine answers for its own entries alone. Have it examined, and enrol it anew before it works again."
    )),
    "unknown_author": Advice(ENROL, _("The machine has no card, or a newer one than is known here. Enrol it anew.")),
    "card_refused": Advice(ENROL, _("The machine's card has run out or was revoked. Enrol it anew with new keys.")),
    "segment_lost": Advice(ENROL, _("The machine's disk lost a file that was sent. Enrol it anew with new keys.")),
}  # fmt: skip

FLAG_ADVICE: Final[dict[str, Text]] = {
    "not_custodian": _(
        "Ask the machine's people why they wrote it. If the step is right, whoever has the case now does it again; if"
        " it is not, settle it with a note. The applicant may hold a paper that says otherwise: call them."
    ),
    "conflict": _(
        "Compare the two sides with the papers at the counter. If the one that does not count is right, whoever has"
        " the case now does that step again; then settle it with a note."
    ),
    "illegal_transition": _(
        "The step counts, though the case was not at that point. Look at the case's course: if the outcome is wrong,"
        " the next step has to put it right; then settle it with a note."
    ),
    "no_authority": _(
        "The step counts, since the counter did it. Look whether the grant was only forgotten in the catalogue"
        " (publish it), or whether the department must revoke what was done; then settle it with a note."
    ),
    "unknown_item": _(
        "The case names a version of the item that the county never published. Compare the machine's catalogue release"
        " with the county's, and have the application taken in again if the item was not in force."
    ),
    "unknown_case": _(
        "The entry that opened the case is not here. See whether the machine's stream is held or its files are still"
        " on their way; if the case exists on paper only, have it taken in again."
    ),
    "number_foreign": _(
        "The case stands under a number that belongs to another counter, or is none. Have the machine examined; if the"
        " application is real, have it taken in again where the applicant is, and revoke the machine if nobody can"
        " explain it."
    ),
    "clock_uncertain": _(
        "The entry counts, with the time the machine gave. Compare the day with the papers: if a limit is wrong by it,"
        " tell the department; then settle it with a note."
    ),
    "not_a_case": _(
        "Only the county sends such entries. It changed nothing. Have the machine examined; revoke it if nobody can"
        " explain it."
    ),
    "number_reused": _(
        "Two cases carry one number: the machine was set back, or exists twice. Tell both applicants which number is"
        " theirs, and enrol the machine anew."
    ),
}  # fmt: skip
#: A conflict with the county's own takeover of the case.
AFTER_TAKEOVER: Final[Text] = _(
    "The county had taken the case over before this arrived: the machine could not know. If what it wrote is right, the"
    " department does that step again; then settle it with a note."
)
OTHERWISE: Final[Text] = _("Compare it with the papers at the counter, and settle it with a note.")


def held_advice(reason: str) -> Advice:
    """What to do about a stream held for this reason."""
    return HELD_ADVICE.get(reason, _TRUE_FILE)


def flag_advice(reason: str, *, after_takeover: bool = False) -> str:
    """What to do about an entry flagged for this reason."""
    return str(AFTER_TAKEOVER if after_takeover else FLAG_ADVICE.get(reason, OTHERWISE))
