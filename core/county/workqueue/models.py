"""Who must do what by when, and what went wrong, in all tenants: no applicant's name or number stands here.

Public schema.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Power(models.TextChoices):
    """What is to be done."""

    ACCEPT = "accept", _("Accept")
    REVIEW = "review", _("Review")
    DECIDE = "decide", _("Decide")
    DELIVER = "deliver", _("Hand out")
    APPROVE = "approve", _("Answer a request for more days")
    LAPSE = "lapse", _("Close: not supplied in time")  # the day of the supplement notice has gone by
    RESUME = "resume", _("End of the special procedure overdue")
    WAIT = "wait", _("Waiting for others")  # the applicant's turn, or a special procedure: nobody's lateness


class Urged(models.IntegerChoices):
    """The strongest word nobody has answered yet."""

    NO = 0, _("not urged")
    URGING = 1, _("urged")  # 催办
    SUPERVISION = 2, _("supervised")  # 督办


class Task(models.Model):
    """One department must do one thing with one case; "" as department is the hall that hands the result out.

    Derived from the case in the transaction that changed it (services.tasks_reflect), except for `assignee`.
    """

    tenant_code = models.CharField(max_length=12)
    case_id = models.UUIDField()
    number = models.CharField(max_length=25)
    item_code = models.CharField(max_length=80)
    item_name = models.CharField(max_length=200)
    department = models.CharField(max_length=18, default="", blank=True)
    power = models.CharField(max_length=8, choices=Power)
    stage = models.CharField(max_length=40, default="", blank=True)
    stage_name = models.CharField(max_length=80, default="", blank=True)
    status = models.CharField(max_length=20)
    service_point = models.CharField(max_length=15)
    opened_on = models.DateField()
    #: The last day for this step: the promised limit, else the legal one; before acceptance Art. 32's five days.
    due = models.DateField()
    #: Only from this day on there is something to do; null: at once.
    from_on = models.DateField(null=True)
    #: From this day on its light is amber, after `due` red; so lights are counted in the database.
    amber_on = models.DateField()
    promised_due = models.DateField(null=True)
    legal_due = models.DateField(null=True)
    assignee = models.CharField(max_length=32, default="", blank=True)  #: staff code
    urged = models.PositiveSmallIntegerField(choices=Urged, default=Urged.NO, db_default=0)
    updated_at = models.BigIntegerField()  #: of the case (hybrid logical time)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_code", "case_id", "department", "power"], name="task_unique")
        ]
        indexes = [
            # The first page and the next ones are a walk along it; what a light needs is read without the table.
            models.Index(
                fields=["department", "due", "id"], include=["amber_on", "from_on"], condition=~Q(power="wait"),
                name="task_department_due",
            ),
            models.Index(
                fields=["due", "id"], include=["amber_on", "from_on"], condition=~Q(power="wait"), name="task_due"
            ),
            # The lights are counted from it alone: few distinct keys, so it is a fraction of the ones above.
            models.Index(
                fields=["department", "due", "amber_on", "from_on"], condition=~Q(power="wait"), name="task_lights"
            ),
            models.Index(fields=["department", "due", "id"], condition=Q(power="wait"), name="task_waiting"),
            models.Index(fields=["department", "item_code"], name="task_department_item"),
            models.Index(fields=["assignee", "due", "id"], condition=~Q(assignee=""), name="task_assignee_due"),
            models.Index(
                fields=["department", "-urged", "due", "id"], include=["from_on"], condition=Q(urged__gt=0),
                name="task_urged",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.department} {self.power}"


class Undelivered(models.Model):
    """A result that stands ready and was not handed out yet, whoever has the case; derived from it like a Task."""

    tenant_code = models.CharField(max_length=12)
    case_id = models.UUIDField()
    number = models.CharField(max_length=25)
    item_code = models.CharField(max_length=80)
    item_name = models.CharField(max_length=200)
    service_point = models.CharField(max_length=15)  #: that opened the case
    custodian = models.CharField(max_length=20)  #: who hands it out: a node, or "core"
    decided_on = models.DateField()
    due = models.DateField()  #: the tenth working day after the decision (行政许可法 Art. 44)
    urged_on = models.DateField(null=True)  #: the last time somebody was urged about it since the decision
    updated_at = models.BigIntegerField()  #: of the case (hybrid logical time)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_code", "case_id"], name="undelivered_unique")]
        indexes = [
            models.Index(fields=["due", "id"], include=["tenant_code", "service_point"], name="undelivered_due"),
            models.Index(fields=["tenant_code", "due", "id"], name="undelivered_tenant_due"),
        ]

    def __str__(self) -> str:
        return self.number


class CaseFigure(models.Model):
    """What became of one decided case, computed from its entries (core.domain.cases.outcome) and never entered."""

    tenant_code = models.CharField(max_length=12)
    case_id = models.UUIDField()
    item_code = models.CharField(max_length=80)
    department = models.CharField(max_length=18)  #: that decided
    service_point = models.CharField(max_length=15)  #: that opened the case
    decided_on = models.DateField()
    granted = models.BooleanField()
    #: Working days from acceptance to decision; those on which the clock stood are not among them.
    days_used = models.PositiveIntegerField()
    #: Working days before the promised limit (negative: after it); null where the limit is not in days.
    days_early = models.IntegerField(null=True)
    visits = models.PositiveIntegerField()
    one_visit = models.BooleanField()  #: 一次办成: the applicant has the result and came once at most
    delivered_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_code", "case_id"], name="case_figure_unique")]
        indexes = [
            models.Index(
                fields=["decided_on", "tenant_code"], include=["days_used", "days_early", "one_visit", "delivered_on"],
                name="case_figure_decided",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.tenant_code} {self.case_id}"


class CaseAccess(models.Model):
    """Who entered which case of which tenant from the county's console, when, from where and why; append-only."""

    at = models.DateTimeField()
    staff_code = models.CharField(max_length=32)
    tenant_code = models.CharField(max_length=12)
    case_id = models.UUIDField()
    act = models.CharField(max_length=40)  #: "open", "attachment", or the service called
    #: task (there was one for the person's department), department (one of the item's), supervision, operation
    #: (trace_case: where its entries are, and nothing of what they say).
    reason = models.CharField(max_length=16)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant_code", "case_id", "at"], name="case_access_case"),
            models.Index(fields=["staff_code", "at"], name="case_access_staff"),
        ]

    def __str__(self) -> str:
        return f"{self.staff_code} {self.act} {self.case_id}"


class TroubleKind(models.TextChoices):
    """What a person at the county has to look at."""

    HELD = "held", _("Stream that stands still")
    FLAG = "flag", _("Entry in dispute")
    PARKED = "parked", _("Entry that waits too long")
    STRANDED = "stranded", _("Cases at a revoked machine")


class Trouble(models.Model):
    """One thing wrong in one tenant, as its own tables say; derived from them (core.county.ingest.troubles).

    What it is about: HELD a stream (`key` "author/epoch"), FLAG an entry (`key` its id), PARKED a case
    (`key` its id; `entry_id` is the first that waits), STRANDED a revoked node (`key` its id). Free text that people
    write about it stays in the tenant's schema.
    """

    tenant_code = models.CharField(max_length=12)
    kind = models.CharField(max_length=8, choices=TroubleKind)
    key = models.CharField(max_length=40)
    #: Whose machine it is about.
    node = models.CharField(max_length=20)
    #: A code of core.counter.wording: HELD for a stream, FLAG for an entry; "" for the other kinds.
    reason = models.CharField(max_length=32, default="", blank=True)
    #: For people who mend it: the error (HELD), the entry's kind (FLAG, PARKED).
    detail = models.TextField(default="", blank=True)
    entry_id = models.UUIDField(null=True)
    case_id = models.UUIDField(null=True)
    number = models.CharField(max_length=25, default="", blank=True)  #: of the case
    #: FLAG: whether the entry changed the case all the same.
    applied = models.BooleanField(default=False)
    #: PARKED: whose stream is to bring what it waits for; "" where nobody can say.
    waits_for = models.CharField(max_length=20, default="", blank=True)
    #: HELD: how far the stream was read, and the copy that was kept of the file that stopped it.
    last_seq = models.BigIntegerField(default=0)
    file_name = models.CharField(max_length=80, default="", blank=True)
    file_sha256 = models.CharField(max_length=64, default="", blank=True)
    file_size = models.BigIntegerField(default=0)  #: bytes
    count = models.PositiveIntegerField(default=1)  #: of open cases (STRANDED), of entries of the case (PARKED)
    since = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=32, default="", blank=True)  #: staff code; "" where it went by itself

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_code", "kind", "key"], condition=Q(resolved_at=None), name="trouble_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["kind", "since", "id"], condition=Q(resolved_at=None), name="trouble_open"),
            models.Index(fields=["node"], condition=Q(resolved_at=None), name="trouble_open_node"),
            models.Index(fields=["tenant_code", "case_id"], name="trouble_case"),
            models.Index(fields=["-resolved_at"], condition=Q(resolved_at__isnull=False), name="trouble_settled"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_code} {self.kind} {self.key}"
