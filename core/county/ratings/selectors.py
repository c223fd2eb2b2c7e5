"""Reading the county's ratings: all of them, what is open, how satisfied people are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth

from core.counter.rating_list import Summary, summary_of
from core.county.workqueue.watch import Watch, watch_of
from core.domain.cases.deadlines import AMBER, DONE, GREEN, RED
from core.domain.staff.actors import Actor

from .models import Rating

OPEN = Q(due__isnull=False, settled_at=None)
#: What of the follow-ups is wanted.
FOLLOW_OPEN, FOLLOW_OVERDUE = "open", "overdue"


def county_address() -> str:
    """The county's address as people reach it (settings.COUNTY_ADDRESS), without a slash at the end."""
    return str(settings.COUNTY_URL).rstrip("/")


@dataclass(frozen=True)
class Filters:
    """What is wanted; "" leaves a part open. `score` "1" to "5"; `follow` FOLLOW_OPEN or FOLLOW_OVERDUE."""

    tenant_code: str = ""
    score: str = ""
    follow: str = ""


def ratings_found(watch: Watch, filters: Filters, *, today: date) -> QuerySet[Rating]:
    """The ratings of the tenants watched over: newest first, but follow-ups by their limit."""
    found = Rating.objects.filter(watch.query())
    if filters.tenant_code:
        found = found.filter(tenant_code=filters.tenant_code)
    if filters.score.isdigit():
        found = found.filter(score=int(filters.score))
    if not filters.follow:
        return found.order_by("-rated_at", "-id")
    found = found.filter(OPEN)
    if filters.follow == FOLLOW_OVERDUE:
        found = found.filter(due__lt=today)
    return found.order_by("due", "id")


def light_of(rating: Rating, today: date) -> str:
    """The follow-up's light, as core.counter.rating.follow_light; "" where none is needed."""
    if rating.due is None:
        return ""
    if (rating.settled_on or today) > rating.due:
        return RED
    if rating.settled_on is not None:
        return DONE
    return AMBER if rating.amber_on and today >= rating.amber_on else GREEN


def summary_found(ratings: QuerySet[Rating]) -> Summary:
    """How satisfied people are by these ratings."""
    counts = dict(ratings.order_by().filter(counted=True).values_list("score").annotate(Count("id")))
    return summary_of(counts, ratings.count())


@dataclass(frozen=True)
class Month:
    """A tenant's ratings of one month, `month` its first day."""

    tenant_code: str
    month: date
    summary: Summary
    open: int


def months(watch: Watch, *, tenant_code: str = "", since: date) -> list[Month]:
    """Each tenant's months since that day, the newest first; one statement."""
    found = Rating.objects.filter(watch.query(), rated_on__gte=since)
    if tenant_code:
        found = found.filter(tenant_code=tenant_code)
    scores = {f"n{score}": Count("id", filter=Q(counted=True, score=score)) for score in range(1, 6)}
    rows: Iterable[Any] = (
        found.annotate(month=TruncMonth("rated_on")).values("tenant_code", "month")
        .annotate(total=Count("id"), open=Count("id", filter=OPEN), **scores).order_by("-month", "tenant_code")
    )  # fmt: skip
    return [
        Month(
            tenant_code=row["tenant_code"], month=row["month"], open=row["open"],
            summary=summary_of({score: row[f"n{score}"] for score in range(1, 6)}, row["total"]),
        )
        for row in rows
    ]  # fmt: skip


def follow_ups_open(actor: Actor) -> int:
    """How many low ratings wait to be settled where this person watches: the number in the navigation."""
    watch = watch_of(actor)
    return Rating.objects.filter(OPEN, watch.query()).count() if watch else 0


def rating_get(watch: Watch, *, tenant_code: str, entry_id: Any) -> Rating | None:
    """The rating, None where there is none or the person does not watch over its tenant."""
    if not watch.enters(tenant_code):
        return None
    return Rating.objects.filter(tenant_code=tenant_code, entry_id=entry_id).first()
