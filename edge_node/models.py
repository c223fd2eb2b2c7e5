"""What a node knows of the county it belongs to: its enrolment, and the signed cards it holds."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Enrolment(models.Model):
    """The one row of an enrolled machine. Its private keys lie in NODE_DIR/keys, never here."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    node_id = models.CharField(max_length=15)
    #: Ed25519 key of the county, by which every card is checked from now on.
    root_key = models.BinaryField(max_length=32)
    county_url = models.CharField(max_length=200, default="", blank=True)
    enrolled_at_ms = models.BigIntegerField()

    objects: ClassVar[models.Manager[Enrolment]] = models.Manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="enrolment_is_one_row")]

    def __str__(self) -> str:
        return self.node_id


class HeldCard(models.Model):
    """The newest card of a machine this one deals with: itself, the core, its parent, its children."""

    node_id = models.CharField(primary_key=True, max_length=15)
    epoch = models.PositiveIntegerField()
    serial = models.PositiveIntegerField()
    revoked = models.BooleanField(default=False)
    signed = models.BinaryField()
    held_at_ms = models.BigIntegerField()

    objects: ClassVar[models.Manager[HeldCard]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.node_id} {self.epoch}/{self.serial}"
