"""The words of the acts on a case page: what each is called, what its button says, what it asks first."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACT: Final[dict[str, str | Promise]] = {
    "deliver": _("Hand out the result"),
    "accept": _("Accept"),
    "complete_supplement": _("The supplement is complete"),
    "resume": _("The procedure is over: the clock runs again"),
    "extend": _("Answer the request for an extension"),
    "appoint": _("Call the departments together"),
    "opinion": _("Give an opinion"),
    "decide": _("Decide"),
    "answer": _("Answer an urging"),
    "forward": _("Pass on"),
    "material": _("Hand in a material"),
    "supplement": _("Issue a supplement notice"),
    "refuse": _("Do not accept"),
    "lapse": _("The applicant did not answer: lapse"),
    "stop": _("Special procedure: stop the clock"),
    "ask_extension": _("Ask for an extension"),
    "urge": _("Remind or urge"),
    "note": _("Add a note"),
    "terminate": _("End without a decision"),
    "withdraw": _("The applicant withdraws"),
}
ACT_BUTTON: Final[dict[str, str | Promise]] = {
    "deliver": _("Handed out"),
    "accept": _("Accept"),
    "complete_supplement": _("Go on"),
    "resume": _("Let the clock run"),
    "extend": _("Answer"),
    "appoint": _("Keep the appointment"),
    "opinion": _("Record the opinion"),
    "decide": _("Decide"),
    "answer": _("Answer"),
    "forward": _("Pass on"),
    "material": _("Keep"),
    "supplement": _("Issue the notice"),
    "refuse": _("Do not accept"),
    "lapse": _("Lapse"),
    "stop": _("Stop the clock"),
    "ask_extension": _("Ask"),
    "urge": _("Send"),
    "note": _("Keep"),
    "terminate": _("End the case"),
    "withdraw": _("Withdraw"),
}
#: Acts that end the case ask first.
ACT_CONFIRM: Final[dict[str, str | Promise]] = {
    "refuse": _("The case ends with this. Do not accept it?"),
    "lapse": _("The case ends with this. Let it lapse?"),
    "terminate": _("The case ends with this. End it without a decision?"),
    "withdraw": _("The case ends with this. Withdraw it?"),
}
