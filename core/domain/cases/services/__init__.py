"""The acts of the procedure. Each reads as the procedure does, in one transaction.

All raise CaseUnknown, NotCustodian, IllegalTransition, RoleMissing besides what they name.
"""

from .acceptance import case_accept, case_refuse
from .clocks import (
    PROCEDURES,
    clock_resume,
    clock_stop,
    deadline_extend,
    extension_decline,
    extension_most,
    extension_request,
)
from .custody import custody_take
from .decision import case_decide
from .delivery import IN_PERSON, WAYS, result_deliver
from .ending import CAUSES, DEFERRAL_MISSED, case_terminate, case_withdraw
from .forwarding import HALL_STATION, RouteStep, case_forward, next_holder, route_expected
from .materials import deferrals_missed, deferrals_open, material_receive, materials_lacking, note_add
from .powers import (
    ROLES_ACCEPT,
    ROLES_DECIDE,
    ROLES_REVIEW,
    case_item,
    departments_concerned,
    departments_of,
    limits_of,
    powers_devolved,
    powers_entitled,
    roles_deciding,
)
from .rating import APPLICANT, LOW, REASONS_GOOD, REASONS_LOW, SCORES, Following, case_rate, followings, rating_follow
from .review import (
    appointment_set,
    departments_speaking,
    opinion_record,
    returns_unanswered,
    stage_following,
    stage_open_next,
    stage_waits_for,
    stages_left,
)
from .submitting import case_submit, supplement_complete
from .supplement import case_lapse, supplement_due_on, supplement_receive, supplement_request
from .urging import LEVEL_ROLES, case_urge, urgings_unanswered

__all__ = [
    "APPLICANT", "CAUSES", "DEFERRAL_MISSED", "HALL_STATION", "IN_PERSON", "LEVEL_ROLES", "LOW", "PROCEDURES",
    "REASONS_GOOD", "REASONS_LOW", "ROLES_ACCEPT", "ROLES_DECIDE", "ROLES_REVIEW", "SCORES", "WAYS", "Following",
    "RouteStep", "appointment_set", "case_accept", "case_decide", "case_forward", "case_item", "case_lapse",
    "case_rate", "case_refuse", "case_submit", "case_terminate", "case_urge", "case_withdraw", "clock_resume",
    "clock_stop", "custody_take", "deadline_extend", "deferrals_missed", "deferrals_open", "departments_concerned",
    "departments_of", "departments_speaking", "extension_decline", "extension_most", "extension_request", "followings",
    "limits_of", "material_receive", "materials_lacking", "next_holder", "note_add", "opinion_record",
    "powers_devolved", "powers_entitled", "rating_follow", "result_deliver", "returns_unanswered", "roles_deciding",
    "route_expected", "stage_following", "stage_open_next", "stage_waits_for", "stages_left", "supplement_complete",
    "supplement_due_on", "supplement_receive", "supplement_request", "urgings_unanswered",
]  # fmt: skip
