"""Why a machine is not, or not any more, a node; `str()` is the sentence for the reader, in their language."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.domain.journal.place import NotEnrolled


@dataclass
class NodeRevoked(NotEnrolled):
    """The county has revoked this node's card: it reads nothing more of it."""

    node: str

    def __str__(self) -> str:
        return _("The county has revoked node %(node)s.") % {"node": self.node}


@dataclass
class NodeReplaced(NotEnrolled):
    """Another machine was enrolled for this service point: the card names other keys."""

    node: str

    def __str__(self) -> str:
        return _("Another machine now stands for %(node)s.") % {"node": self.node}


class EnrolError(Exception):
    """Base of what `enrol` refuses; `exit_code` is the command's."""

    code = "enrol_error"
    exit_code = 1


@dataclass
class AlreadyEnrolled(EnrolError):
    node: str
    code = "already_enrolled"
    exit_code = 4

    def __str__(self) -> str:
        return _("This machine is enrolled as %(node)s. Give --again to enrol it anew; its work stays.") % {
            "node": self.node
        }


@dataclass
class FolderOfAnother(EnrolError):
    """The node folder holds the work of another node, or of another county's."""

    node: str
    asked: str
    code = "folder_of_another"
    exit_code = 4

    def __str__(self) -> str:
        return _(
            "This folder holds the work of node %(node)s and cannot become %(asked)s. Set YIZHAN_NODE_DIR to an "
            "empty folder; nothing was changed."
        ) % {"node": self.node, "asked": self.asked}


@dataclass
class CountyOfAnother(EnrolError):
    """Root has pinned another county's key here (county_key.py)."""

    node: str
    code = "county_of_another"
    exit_code = 4

    def __str__(self) -> str:
        return _(
            "The answer for %(node)s comes from another county than the one this machine belongs to; nothing was "
            "changed. If the machine was really given away, give --another-county to yizhan-enrol."
        ) % {"node": self.node}


@dataclass
class CoreNotTrusted(EnrolError):
    """Whoever answers there shows a certificate this machine has no reason to believe; nothing was sent to it."""

    url: str
    place: str
    known: bool
    code = "core_not_trusted"
    exit_code = 3

    def __str__(self) -> str:
        words = (
            _("The certificate shown at %(url)s is not by the county's authority in %(place)s, or not for this name.")
            if self.known
            else _(
                "This machine does not know who issued the certificate shown at %(url)s. If the county has an "
                "authority of its own, put its certificate at %(place)s (the play does so with yizhan_ca)."
            )
        )
        return words % {"url": self.url, "place": self.place}


@dataclass
class CoreUnreachable(EnrolError):
    url: str
    reason: str
    code = "core_unreachable"
    exit_code = 3

    def __str__(self) -> str:
        return _(
            "The county does not answer at %(url)s (%(reason)s). The keys are kept: try again, or use --request FILE."
        ) % {"url": self.url, "reason": self.reason}


@dataclass
class CoreRefused(EnrolError):
    """The county said no; `text` is its own sentence."""

    text: str
    code: str = "refused"
    exit_code = 1

    def __str__(self) -> str:
        return self.text


@dataclass
class ResponseUnusable(EnrolError):
    detail: str
    code = "response_unusable"
    exit_code = 5

    def __str__(self) -> str:
        return _(
            "The answer cannot be used (%(detail)s). It is for another machine, or was altered on the way; nothing "
            "was changed. Make a new request with --request FILE."
        ) % {"detail": self.detail}


@dataclass
class ResponseOutdated(EnrolError):
    """The answer is older than the card held here."""

    node: str
    code = "response_outdated"
    exit_code = 5

    def __str__(self) -> str:
        return _("This answer is older than the card %(node)s has already; nothing was changed.") % {"node": self.node}
