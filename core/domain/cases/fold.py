"""fold(state, entry) > state: what one more entry makes of a case. Pure, shared by node and core. No Django here.

The fold does not judge: it writes down what an entry says happened. It is called with the entries of a case in
the order of `rev`; entries with rev 0 commute and may come at any time after the case was opened (merge.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from ..journal import bodies as b
from ..journal.format import Entry
from . import state as s
from .lifecycle import ACCEPTED, RULES, SUBMITTED, UNDER_REVIEW
from .state import CaseState

Change = dict[str, Any]


def fold(state: CaseState | None, entry: Entry) -> CaseState:
    """The case after `entry`. Raises ValueError where `state` is None and the entry does not open a case."""
    body = entry.body
    if state is None:
        if not isinstance(body, b.CaseOpened):
            raise ValueError(f"{entry.kind} cannot open a case")
        return _opened(entry, body)
    change: Change = _FOLDS[type(body)](state, entry, body) if type(body) in _FOLDS else {}
    # A case is opened once: a second opening takes its rev and says nothing else.
    if type(body) in _FOLDS and (to := RULES[entry.kind].to) is not None:
        change.setdefault("status", to)
    if entry.rev:
        change["rev"] = entry.rev
    if entry.at > state.updated_at:
        change["updated_at"] = entry.at
    return replace(state, **change)


def _opened(entry: Entry, body: b.CaseOpened) -> CaseState:
    assert entry.case_id is not None
    return CaseState(
        id=entry.case_id, number=body.number, item_code=body.item_code, item_version=body.item_version,
        release=entry.release, status="draft", rev=entry.rev, custodian=entry.author, opened_by=entry.author,
        opened_at=entry.at, clerk=entry.actor, service_point=body.service_point, division=body.division,
        applicant=body.applicant, situation=body.situation, agent=body.agent, form=dict(body.form),
        channel=body.channel, parties=frozenset({entry.author}), updated_at=entry.at,
    )  # fmt: skip


def _material_received(state: CaseState, entry: Entry, body: b.MaterialReceived) -> Change:
    fact = s.MaterialFact(
        how=body.how, count=body.count, at=entry.at, by=entry.actor, node=entry.author,
        attachments=body.attachments, note=body.note, certificate=body.certificate,
    )  # fmt: skip
    receipts = {**state.materials.get(body.material, {}), entry.id.hex: fact}
    return {"materials": {**state.materials, body.material: receipts}}


def _material_deferred(state: CaseState, entry: Entry, body: b.MaterialDeferred) -> Change:
    deferral = s.Deferral(due=body.due, at=entry.at, commitment=body.commitment)
    return {"deferrals": {**state.deferrals, body.material: deferral}}


def _material_pledged(state: CaseState, entry: Entry, body: b.MaterialPledged) -> Change:
    return {"pledges": {**state.pledges, body.material: s.Pledge(at=entry.at, text=body.text)}}


def _submitted(state: CaseState, entry: Entry, body: b.CaseSubmitted) -> Change:
    return {"submitted_at": entry.at}


def _accepted(state: CaseState, entry: Entry, body: b.CaseAccepted) -> Change:
    return {
        "accepted_at": entry.at, "accepted_by": entry.actor, "accepted_point": body.service_point,
        "legal": body.legal, "promised": body.promised, "deemed_from": body.deemed_from,
    }  # fmt: skip


def _ended(state: CaseState, entry: Entry, body: Any) -> Change:
    return {"ended_at": entry.at, "reason": body.reason}


def _terminated(state: CaseState, entry: Entry, body: b.CaseTerminated) -> Change:
    return {**_ended(state, entry, body), "cause": body.cause}


def _supplement_requested(state: CaseState, entry: Entry, body: b.SupplementRequested) -> Change:
    return {"supplement": s.Supplement(lacking=body.lacking, at=entry.at, by=entry.actor, text=body.text, due=body.due)}


def _supplement_received(state: CaseState, entry: Entry, body: b.SupplementReceived) -> Change:
    # The application counts as handed in from the day it was complete (Art. 32).
    change: Change = {"status": SUBMITTED, "submitted_at": entry.at}
    if state.supplement is not None:
        change["supplement"] = replace(state.supplement, answered_at=entry.at)
    return change


def _stage_opened(state: CaseState, entry: Entry, body: b.StageOpened) -> Change:
    stage = s.StageState(
        code=body.stage, name=body.name, departments=body.departments, opened_at=entry.at, joint=body.joint
    )
    return {"stages": (*state.stages, stage)}


def _stage_changed(state: CaseState, code: str, change: Callable[[s.StageState], s.StageState]) -> Change:
    """The stage of this code that was opened last is changed; nothing where there is none."""
    stages = list(state.stages)
    for index in range(len(stages) - 1, -1, -1):
        if stages[index].code == code:
            stages[index] = change(stages[index])
            break
    return {"stages": tuple(stages)}


def _appointment(state: CaseState, entry: Entry, body: b.AppointmentSet) -> Change:
    made = s.Appointment(day=body.day, place=body.place, at=entry.at, by=entry.actor, time=body.time, text=body.text)
    return _stage_changed(state, body.stage, lambda stage: replace(stage, appointment=made))


def _opinion(state: CaseState, entry: Entry, body: b.OpinionRecorded) -> Change:
    opinion = s.Opinion(
        verdict=body.verdict, by=entry.actor, at=entry.at, node=entry.author, text=body.text, returned=body.returned,
        instead_of=body.instead_of,
    )  # fmt: skip

    def given(stage: s.StageState) -> s.StageState:
        departments = stage.departments if body.joint else (body.department,)
        return replace(stage, opinions={**stage.opinions, **dict.fromkeys(departments, opinion)})

    return _stage_changed(state, body.stage, given)


def _clock_stopped(state: CaseState, entry: Entry, body: b.ClockStopped) -> Change:
    # Its expected days stay in the entry: what an old entry folds to is the same bytes in every version.
    stop = s.Stop(procedure=body.procedure, from_at=entry.at, text=body.text)
    return {"stops": (*state.stops, stop), "resume_to": state.status}


def _clock_resumed(state: CaseState, entry: Entry, body: b.ClockResumed) -> Change:
    stops = state.stops
    if stops and stops[-1].to_at is None:
        stops = (*stops[:-1], replace(stops[-1], to_at=entry.at))
    back = state.resume_to or (UNDER_REVIEW if state.stages else ACCEPTED)
    return {"stops": stops, "status": back, "resume_to": ""}


def _extension_requested(state: CaseState, entry: Entry, body: b.ExtensionRequested) -> Change:
    asked = s.ExtensionAsked(days=body.days, reason=body.reason, at=entry.at, by=entry.actor)
    return {"extension_asked": asked}


def _extension_declined(state: CaseState, entry: Entry, body: b.ExtensionDeclined) -> Change:
    return {"extension_asked": None}


def _extended(state: CaseState, entry: Entry, body: b.DeadlineExtended) -> Change:
    extension = s.Extension(days=body.days, at=entry.at, by=body.approved_by or entry.actor, reason=body.reason)
    return {"extensions": (*state.extensions, extension), "extension_asked": None}


def _decided(state: CaseState, entry: Entry, body: b.CaseDecided) -> Change:
    return {
        "decision": s.Decision(
            granted=body.granted, department=body.department, by=entry.actor, at=entry.at, node=entry.author,
            text=body.text, basis=body.basis, result_number=body.result_number, instead_of=body.instead_of,
        )
    }  # fmt: skip


def _completed(state: CaseState, entry: Entry, body: b.CaseCompleted) -> Change:
    return {"completed_at": entry.at}


def _delivered(state: CaseState, entry: Entry, body: b.ResultDelivered) -> Change:
    delivery = s.Delivery(
        how=body.how, receiver=body.receiver, by=entry.actor, at=entry.at, node=entry.author,
        receiver_id=body.receiver_id, tracking=body.tracking, authorisation=body.authorisation,
    )  # fmt: skip
    return {"delivery": delivery, "ended_at": entry.at}


def _forwarded(state: CaseState, entry: Entry, body: b.CaseForwarded) -> Change:
    routing = s.Routing(
        to=body.to, power=body.power, department=body.department, at=entry.at, by=entry.actor, reason=body.reason
    )
    return {"custodian": body.to, "parties": state.parties | {body.to}, "routing": routing}


def _custody_taken(state: CaseState, entry: Entry, body: b.CustodyTaken) -> Change:
    return {"custodian": entry.author, "parties": state.parties | {entry.author}}


def _rated(state: CaseState, entry: Entry, body: b.CaseRated) -> Change:
    rating = s.RatingFact(
        score=body.score, at=entry.at, by=entry.actor, reasons=body.reasons, text=body.text, visit=body.visit,
        second_of=body.second_of,
    )  # fmt: skip
    return {"ratings": {**state.ratings, entry.id.hex: rating}}


def _followed(state: CaseState, entry: Entry, body: b.RatingFollowed) -> Change:
    step = s.FollowUp(
        rating=body.rating, step=body.step, text=body.text, by=entry.actor, at=entry.at, node=entry.author
    )
    return {"follow_ups": {**state.follow_ups, entry.id.hex: step}}


def _urged(state: CaseState, entry: Entry, body: b.CaseUrged) -> Change:
    urging = s.Urging(
        level=body.level, text=body.text, by=entry.actor, at=entry.at, node=entry.author, department=body.department,
        due=body.due,
    )  # fmt: skip
    return {"urgings": {**state.urgings, entry.id.hex: urging}}


def _noted(state: CaseState, entry: Entry, body: b.NoteAdded) -> Change:
    note = s.NoteFact(text=body.text, by=entry.actor, at=entry.at, node=entry.author, answers=body.answers)
    return {"notes": {**state.notes, entry.id.hex: note}}


_FOLDS: dict[type, Callable[[CaseState, Entry, Any], Change]] = {
    b.MaterialReceived: _material_received,
    b.MaterialDeferred: _material_deferred,
    b.MaterialPledged: _material_pledged,
    b.CaseSubmitted: _submitted,
    b.CaseAccepted: _accepted,
    b.CaseRefused: _ended,
    b.CaseLapsed: _ended,
    b.CaseWithdrawn: _ended,
    b.CaseTerminated: _terminated,
    b.SupplementRequested: _supplement_requested,
    b.SupplementReceived: _supplement_received,
    b.StageOpened: _stage_opened,
    b.AppointmentSet: _appointment,
    b.OpinionRecorded: _opinion,
    b.ClockStopped: _clock_stopped,
    b.ClockResumed: _clock_resumed,
    b.ExtensionRequested: _extension_requested,
    b.ExtensionDeclined: _extension_declined,
    b.DeadlineExtended: _extended,
    b.CaseDecided: _decided,
    b.CaseCompleted: _completed,
    b.ResultDelivered: _delivered,
    b.CaseForwarded: _forwarded,
    b.CustodyTaken: _custody_taken,
    b.CaseRated: _rated,
    b.RatingFollowed: _followed,
    b.CaseUrged: _urged,
    b.NoteAdded: _noted,
}
