"""Who stands in for an officer who is away (替岗): the posts are lent for some days, here and at the nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

from django.db import transaction
from django.utils import timezone

from core.domain.journal import clock
from core.domain.staff.models import Membership, User
from core.domain.staff.services import memberships_lend, memberships_return

from .. import errors as e
from ..models import Substitution
from ..substitutes import cases_left_to_nobody, posts_to_lend, substitutions_now
from .staff import staff_send

#: Days a substitution lasts at most; whoever is away for longer is succeeded.
LONGEST: Final = 90


@transaction.atomic
def substitute_appoint(
    *, away: str, substitute: str, since: date, until: date, by: str, posts: Collection[int] | None = None,
    today: date | None = None,
) -> Substitution:  # fmt: skip
    """From `since` to `until`, both among them, the substitute has the posts (None: all of them) of the officer who is
    away, in their place; the nodes concerned are on their way to hear of it, and it ends there without another word.

    Raises StaffUnknown, OwnSubstitute, SubstituteShut, SubstitutionBackwards, SubstitutionPast, SubstitutionTooLong,
    SubstituteAway, SubstitutionOverlaps, NothingToLend, ReviewedByThem. The two-post rule 一审一核 stays what it is:
    who reviewed a case does not decide it, in whose place whatever.
    """
    today = today or clock.today()
    people = _people(away, substitute)
    _days_require(since, until, today)
    _free_require(away, substitute, since, until)
    lent = _posts(people[away], people[substitute], posts)
    _decisions_require(lent, away=away, substitute=substitute, since=since)
    memberships_lend(lent, substitute=substitute, instead_of=away, since=since, until=until)
    row = Substitution.objects.create(
        away=away, substitute=substitute, since=since, until=until, appointed_by=by, appointed_at=timezone.now(),
        posts=[[post.role, post.tenant_code, post.service_point, post.department] for post in lent],
    )  # fmt: skip
    staff_send(user=substitute, by=by)
    return row


@transaction.atomic
def substitute_end(*, substitution: int, by: str, today: date | None = None) -> Substitution:
    """From now on nobody stands in; what was done in the officer's place stays. Raises SubstitutionUnknown where it is
    over, or was ended."""
    row = substitutions_now(on=today).select_for_update().filter(pk=substitution).first()
    if row is None:
        raise e.SubstitutionUnknown(substitution)
    _end(row, by)
    staff_send(user=row.substitute, by=by)
    return row


@transaction.atomic
def substitutions_follow(*, away: str, substitutes: Iterable[str], by: str) -> None:
    """A post was taken from the officer who is away: its substitutes' nodes hear that it is lent no more, and a
    substitution with no post left is at its end."""
    for code in substitutes:
        for row in substitutions_now().filter(away=away, substitute=code):
            if not Membership.objects.filter(user__code=code, instead_of=away, since=row.since).exists():
                _end(row, by)
        staff_send(user=code, by=by)


@transaction.atomic
def substitutions_clear(*, today: date | None = None) -> int:
    """Posts lent until yesterday are given back, and nodes forget the accounts of people who are there no more.

    They counted no longer anyhow: this only keeps a password's hash from lying where nobody needs it. Returns how many
    people it was.
    """
    over = Membership.objects.exclude(instead_of="").filter(until__lt=today or clock.today())
    codes = sorted(set(over.values_list("user__code", flat=True)))
    over.delete()
    for code in codes:
        staff_send(user=code, by="system")
    return len(codes)


def _people(away: str, substitute: str) -> dict[str, User]:
    if away == substitute:
        raise e.OwnSubstitute(away)
    # Locked in one order: two administrators may appoint at the same time.
    people = {user.code: user for user in
              User.objects.select_for_update().filter(code__in=(away, substitute)).order_by("code")}  # fmt: skip
    for code in (away, substitute):
        if code not in people:
            raise e.StaffUnknown(code)
    if not people[substitute].is_active:
        raise e.SubstituteShut(substitute)
    return people


def _days_require(since: date, until: date, today: date) -> None:
    if until < since:
        raise e.SubstitutionBackwards(since=since, until=until)
    if since < today:
        raise e.SubstitutionPast(since=since, today=today)
    days = (until - since).days + 1
    if days > LONGEST:
        raise e.SubstitutionTooLong(days=days, most=LONGEST)


def _free_require(away: str, substitute: str, since: date, until: date) -> None:
    meanwhile = Substitution.objects.filter(ended_at=None, since__lte=until, until__gte=since).order_by("since")
    own = meanwhile.filter(away=substitute).first()
    if own is not None:
        raise e.SubstituteAway(user=substitute, since=own.since, until=own.until)
    same = meanwhile.filter(away=away, substitute=substitute).first()
    if same is not None:
        raise e.SubstitutionOverlaps(user=substitute, since=same.since, until=same.until)


def _posts(away: User, substitute: User, chosen: Collection[int] | None) -> list[Membership]:
    """The posts chosen which the substitute has not of their own."""
    held = set(substitute.memberships.filter(instead_of="").values_list(*_PLACE))
    posts = [post for post in posts_to_lend(away) if chosen is None or post.pk in chosen]
    lent = [post for post in posts if tuple(getattr(post, name) for name in _PLACE) not in held]
    if not lent:
        raise e.NothingToLend(substitute.code)
    return lent


_PLACE = ("tenant_code", "service_point", "department", "role")


def _decisions_require(posts: list[Membership], *, away: str, substitute: str, since: date) -> None:
    for post in posts:
        if post.role == "approver":
            numbers = cases_left_to_nobody(post, away=away, substitute=substitute, on=since)
            if numbers:
                raise e.ReviewedByThem(user=substitute, department=post.department, cases=numbers)


def _end(row: Substitution, by: str) -> None:
    memberships_return(substitute=row.substitute, instead_of=row.away, since=row.since)
    row.ended_at, row.ended_by = timezone.now(), by
    row.save(update_fields=["ended_at", "ended_by"])
