"""Every rating of every tenant, unfiltered, with what was done about the low ones. Public schema.

No applicant's name or number stands here; their own words do, because all ratings are shown.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Rating(models.Model):
    """One rating as its case says it; derived from the case in the transaction that changed it (services)."""

    tenant_code = models.CharField(max_length=12)
    case_id = models.UUIDField()
    entry_id = models.UUIDField()  #: of case.rated
    number = models.CharField(max_length=25)
    item_code = models.CharField(max_length=80)
    item_name = models.CharField(max_length=200)
    service_point = models.CharField(max_length=15)  #: where the case was opened
    score = models.PositiveSmallIntegerField()  #: 5 very satisfied .. 1 very dissatisfied
    reasons = models.CharField(max_length=200, default="", blank=True)  #: codes, separated by spaces
    text = models.TextField(default="", blank=True)
    rated_at = models.DateTimeField()
    rated_on = models.DateField()  #: in China
    visit = models.DateField(null=True)  #: None: the case as a whole
    #: The low rating it follows, after somebody had spoken with the applicant.
    second_of = models.UUIDField(null=True)
    #: Whether it counts in averages: the first one of the case and of each visit does (core.counter.rating.firsts).
    counted = models.BooleanField()
    #: The last day of the follow-up, and the day its light turns amber; None where none is needed.
    due = models.DateField(null=True)
    amber_on = models.DateField(null=True)
    contacted_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_on = models.DateField(null=True)
    outcome = models.TextField(default="", blank=True)
    second_score = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_code", "entry_id"], name="rating_unique"),
            models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="rating_has_five_levels"),
        ]
        indexes = [
            models.Index(fields=["-rated_at", "-id"], name="rating_newest"),
            models.Index(fields=["tenant_code", "case_id"], name="rating_case"),
            models.Index(fields=["tenant_code", "-rated_at", "-id"], name="rating_tenant"),
            models.Index(
                fields=["due", "id"], condition=Q(due__isnull=False, settled_at=None), name="rating_follow_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.score}"
