"""The catalogue that is being prepared, and every release that was made of it. Public schema."""

from __future__ import annotations

from django.db import models

from core.domain.catalogue.models import KEY_LENGTH


class DraftRecord(models.Model):
    """One record of the draft catalogue 目录草稿: all of them together are what the next release will say.

    `document` is the record's MessagePack form (documents.record_bytes) without what publishing fills in.
    """

    kind = models.CharField(max_length=12)
    key = models.CharField(max_length=KEY_LENGTH)
    #: What lists show and search: the record's name, codes and aliases, lower case.
    search_text = models.TextField(default="", blank=True)
    document = models.BinaryField()
    changed_by = models.CharField(max_length=32)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="draft_record_unique")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Release(models.Model):
    """A catalogue release 目录版本: numbered, signed, immutable but for the mark that it was recalled.

    `body` and `delta` are the files as nodes receive them; a first release has no delta.
    """

    number = models.PositiveIntegerField(primary_key=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=32)
    note = models.CharField(max_length=200, default="", blank=True)
    body = models.BinaryField()
    delta = models.BinaryField(default=b"", blank=True)
    #: The core's key at that time: later keys do not make an old release unreadable here.
    verify_key = models.BinaryField(max_length=32)
    state_sha256 = models.BinaryField()
    items = models.PositiveIntegerField()
    #: Records added, changed and withdrawn against the release before.
    changes = models.PositiveIntegerField()
    #: The release whose content this one brought back, if it is a recall.
    restores = models.PositiveIntegerField(null=True, blank=True)
    recalled = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.number)
