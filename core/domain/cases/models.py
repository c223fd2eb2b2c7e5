"""A case as its entries left it, and what stands beside it: what waits for a predecessor, what was flagged."""

from __future__ import annotations

from django.db import models


class Case(models.Model):
    """One application for one item. `state` is the folded state (state.CaseState); the columns only find it."""

    id = models.UUIDField(primary_key=True, editable=False)
    number = models.CharField(max_length=25, db_index=True)
    item_code = models.CharField(max_length=80)
    status = models.CharField(max_length=20)
    rev = models.PositiveIntegerField()
    custodian = models.CharField(max_length=20)
    opened_by = models.CharField(max_length=20)
    service_point = models.CharField(max_length=15)
    clerk = models.CharField(max_length=32)
    applicant_name = models.CharField(max_length=120)
    #: The number on the applicant's document, to find their cases by.
    applicant_id = models.CharField(max_length=40, default="", blank=True)
    opened_on = models.DateField()
    promised_due = models.DateField(null=True)
    legal_due = models.DateField(null=True)
    is_open = models.BooleanField()
    state = models.BinaryField()
    state_hash = models.BinaryField()
    updated_at = models.BigIntegerField()

    class Meta:
        indexes = [
            # Partial, since every list of open cases says so: on SQLite a bare boolean finds no other index.
            models.Index(fields=["promised_due"], condition=models.Q(is_open=True), name="case_open_by_due"),
            models.Index(fields=["applicant_id"], name="case_applicant"),
            models.Index(fields=["opened_on"], name="case_opened_on"),
            # The counter's first page: a clerk's open cases, a window's numbers; closed ones are most of the table.
            models.Index(fields=["clerk", "promised_due"], condition=models.Q(is_open=True), name="case_open_clerk"),
            models.Index(fields=["service_point", "status"], condition=models.Q(is_open=True), name="case_open_point"),
        ]

    def __str__(self) -> str:
        return self.number


class ParkedEntry(models.Model):
    """An entry kept in the journal that waits for its predecessor, from another author's stream."""

    entry_id = models.UUIDField(primary_key=True)
    case_id = models.UUIDField(db_index=True)
    rev = models.PositiveIntegerField()
    parked_at_ms = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.entry_id)


class Flag(models.Model):
    """What is wrong with an entry that is kept: the conflict desk's work on the core, a mark on the case on a node."""

    entry_id = models.UUIDField(primary_key=True)
    case_id = models.UUIDField(null=True, db_index=True)
    author = models.CharField(max_length=20)
    #: not_custodian, conflict, illegal_transition, no_authority, unknown_case, clock_uncertain, number_reused,
    #: number_foreign, unknown_item, not_a_case.
    reason = models.CharField(max_length=32)
    detail = models.TextField(default="", blank=True)
    #: False: the entry did not change the case.
    applied = models.BooleanField(default=False)
    flagged_at_ms = models.BigIntegerField()
    resolved = models.BooleanField(default=False)
    resolution = models.TextField(default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["flagged_at_ms"], condition=models.Q(resolved=False), name="flag_open")]

    def __str__(self) -> str:
        return f"{self.reason} {self.entry_id}"


class SerialCounter(models.Model):
    """The last serial a service point used on a day (numbering.py)."""

    service_point = models.CharField(max_length=15)
    day = models.DateField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service_point", "day"], name="serial_counter_unique")]

    def __str__(self) -> str:
        return f"{self.service_point} {self.day}: {self.last}"


class DraftIntake(models.Model):
    """A form being filled in, saved as it is typed; personal to the counter, never journalled, gone once accepted."""

    id = models.UUIDField(primary_key=True)
    item_code = models.CharField(max_length=80)
    clerk = models.CharField(max_length=32, db_index=True)
    service_point = models.CharField(max_length=15)
    data = models.JSONField(default=dict)
    saved_at_ms = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.item_code} {self.clerk}"
