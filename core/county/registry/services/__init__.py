"""Writing the registry: codes, nodes and their cards, the accounts they hold."""

from .addresses import address_set
from .cards import cards_send
from .codes import attempt_note, attempt_require, enrolment_code_issue
from .nodes import node_enrol, node_revoke, node_status_keep
from .policies import policies_send, policy_change
from .rollouts import bundle_signed, rollout_current, rollout_publish, rollout_withdraw
from .staff import staff_send, staff_values
from .substitutes import substitute_appoint, substitute_end, substitutions_clear

__all__ = [
    "address_set",
    "attempt_note",
    "attempt_require",
    "bundle_signed",
    "cards_send",
    "enrolment_code_issue",
    "node_enrol",
    "node_revoke",
    "node_status_keep",
    "policies_send",
    "policy_change",
    "rollout_current",
    "rollout_publish",
    "rollout_withdraw",
    "staff_send",
    "staff_values",
    "substitute_appoint",
    "substitute_end",
    "substitutions_clear",
]
