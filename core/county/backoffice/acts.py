"""Each act of the case page: the one service it calls with what the form holds, and what is said when it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.domain.cases import services
from core.domain.staff.actors import Actor

from . import offers

Act = Callable[[UUID, Actor, dict[str, Any]], object]


def _accept(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_accept(case_id=case_id, actor=actor)


def _refuse(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_refuse(case_id=case_id, actor=actor, reason=data["reason"], basis=data["basis"])


def _supplement(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.supplement_request(
        case_id=case_id, actor=actor, lacking=tuple(data["lacking"]), text=data["text"]
    )  # fmt: skip


def _supplement_in(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.supplement_receive(case_id=case_id, actor=actor)


def _lapse(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_lapse(case_id=case_id, actor=actor, reason=data["reason"])


def _opinion(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.opinion_record(
        case_id=case_id, actor=actor, verdict=data["verdict"], department=data["department"], text=data["text"],
        returned=tuple(data["returned"]),
    )  # fmt: skip


def _appoint(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    time = f"{data['time']:%H:%M}" if data["time"] else ""
    return services.appointment_set(
        case_id=case_id, actor=actor, day=data["day"], place=data["place"], time=time, text=data["text"]
    )


def _decide(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_decide(
        case_id=case_id, actor=actor, granted=data["granted"] == "yes", text=data["text"], basis=data["basis"],
        result_number=data["result_number"],
    )  # fmt: skip


def _stop(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.clock_stop(
        case_id=case_id, actor=actor, procedure=data["procedure"], text=data["text"],
        expected_days=data["expected_days"],
    )  # fmt: skip


def _resume(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.clock_resume(case_id=case_id, actor=actor)


def _extend_ask(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.extension_request(case_id=case_id, actor=actor, days=data["days"], reason=data["reason"])


def _extend(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.deadline_extend(case_id=case_id, actor=actor)


def _extend_decline(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.extension_decline(case_id=case_id, actor=actor, reason=data["reason"])


def _withdraw(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_withdraw(case_id=case_id, actor=actor, reason=data["reason"])


def _terminate(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_terminate(case_id=case_id, actor=actor, reason=data["reason"], cause=data["cause"])


def _urge(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.case_urge(
        case_id=case_id, actor=actor, level=data["level"], text=data["text"], department=data["department"],
        due=data["due"],
    )  # fmt: skip


def _answer(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.note_add(case_id=case_id, actor=actor, text=data["text"], answers=UUID(data["urging"]))


def _note(case_id: UUID, actor: Actor, data: dict[str, Any]) -> object:
    return services.note_add(case_id=case_id, actor=actor, text=data["text"])


ACTS: Final[dict[str, tuple[Act, str | Promise]]] = {
    offers.ACCEPT: (_accept, _("The case is accepted; its clocks run.")),
    offers.REFUSE: (_refuse, _("The application is not accepted; the counter hands out the notice.")),
    offers.SUPPLEMENT: (_supplement, _("The notice is on its way to the counter; it is the applicant's turn.")),
    offers.SUPPLEMENT_IN: (_supplement_in, _("Everything is in; the case can be accepted.")),
    offers.LAPSE: (_lapse, _("The case is closed: what was missing did not come in time.")),
    offers.OPINION: (_opinion, _("The opinion stands in the case.")),
    offers.APPOINT: (_appoint, _("The appointment stands in the case; every department of the stage sees it.")),
    offers.DECIDE: (_decide, _("The case is decided; the counter that opened it hands the result out.")),
    offers.STOP: (_stop, _("The clock stands; print the notice for the applicant.")),
    offers.RESUME: (_resume, _("The clock runs again; today is day 0.")),
    offers.EXTEND_ASK: (_extend_ask, _("The approver is asked for more days.")),
    offers.EXTEND: (_extend, _("The legal limit is longer now; print the notice for the applicant.")),
    offers.EXTEND_DECLINE: (_extend_decline, _("The limit stays as it is.")),
    offers.WITHDRAW: (_withdraw, _("The application is withdrawn and the case closed.")),
    offers.TERMINATE: (_terminate, _("The case is ended without a decision; print the notice for the applicant.")),
    offers.URGE: (_urge, _("It stands in the case, and whoever has it is told.")),
    offers.ANSWER: (_answer, _("The answer stands in the case.")),
    offers.NOTE: (_note, _("The note stands in the case.")),
}
