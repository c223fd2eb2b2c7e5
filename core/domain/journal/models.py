"""Entries and what carries them: streams out, cursors in. One writer a stream, one cursor a reader.

On the core these tables stand in each tenant's schema, on a node they are its SQLite database.
"""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One fact, never changed and never deleted (triggers in the first migration forbid both)."""

    id = models.UUIDField(primary_key=True, editable=False)
    case_id = models.UUIDField(null=True)
    rev = models.PositiveIntegerField()
    author = models.CharField(max_length=20)
    kind = models.CharField(max_length=32)
    #: Hybrid logical time: milliseconds since 1970 times 65,536 plus a counter.
    at = models.BigIntegerField()
    #: The whole entry in its wire form (format.Entry): the columns above only find it.
    wire = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["case_id", "rev"], name="entry_case_rev"),
            # All ratings are shown, newest first: few of many entries.
            models.Index(fields=["-at", "-id"], condition=models.Q(kind="case.rated"), name="entry_rated"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class OutgoingStream(models.Model):
    """Everything this machine sends one audience within one epoch, and how far the audience says it is."""

    author = models.CharField(max_length=20)
    epoch = models.PositiveIntegerField()
    audience = models.CharField(max_length=20)
    last_seq = models.BigIntegerField(default=0)
    last_header = models.BinaryField(default=bytes)
    applied_seq = models.BigIntegerField(default=0)
    secured_seq = models.BigIntegerField(default=0)
    #: When the reader's ack was made, by its clock (ms since 1970); 0: never heard of it.
    acked_at_ms = models.BigIntegerField(default=0)
    #: Why the reader holds this stream (an errors.py code), "" while it flows.
    held_reason = models.CharField(max_length=32, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "epoch", "audience"], name="outgoing_stream_unique")]

    def __str__(self) -> str:
        return f"{self.author}/{self.epoch}>{self.audience}"


class OutboxItem(models.Model):
    """An entry on its way to an audience; `seq` is given when it is sealed, and stays to trace the entry by."""

    audience = models.CharField(max_length=20)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    epoch = models.PositiveIntegerField(null=True)
    seq = models.BigIntegerField(null=True)
    queued_at_ms = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["audience", "id"], condition=models.Q(seq=None), name="outbox_unsealed"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["audience", "epoch", "seq"], condition=models.Q(seq__isnull=False), name="outbox_seq_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} > {self.audience}"


class Segment(models.Model):
    """A segment this machine wrote. Its file is durable in staging before the row is; published: it has its name."""

    stream = models.ForeignKey(OutgoingStream, on_delete=models.PROTECT, related_name="segments")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    header_hash = models.BinaryField()
    made_at_ms = models.BigIntegerField()
    published = models.BooleanField(default=False)
    #: Its file was removed from the folder after it was secured and old enough.
    pruned = models.BooleanField(default=False)
    #: When the reader's word was made, by its clock (ms), that it has applied this, and that a backup holds it; 0: not
    #: heard, or before this was kept. Whether it has now is for the stream's numbers to say.
    acked_at_ms = models.BigIntegerField(default=0, db_default=0)
    secured_at_ms = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "first"], name="segment_first_unique")]
        indexes = [models.Index(fields=["stream"], condition=models.Q(published=False), name="segment_unpublished")]

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


class Cursor(models.Model):
    """How far this reader is in a stream; moved in the transaction that applies a segment."""

    author = models.CharField(max_length=20)
    epoch = models.PositiveIntegerField()
    audience = models.CharField(max_length=20)
    last_seq = models.BigIntegerField(default=0)
    last_header = models.BinaryField(default=bytes)
    secured_seq = models.BigIntegerField(default=0)
    #: Why the stream is held (an errors.py code), "" while it flows.
    held_reason = models.CharField(max_length=32, default="", blank=True)
    held_detail = models.TextField(default="", blank=True)
    held_at_ms = models.BigIntegerField(default=0)
    read_at_ms = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "epoch", "audience"], name="cursor_unique")]

    def __str__(self) -> str:
        return f"{self.author}/{self.epoch}>{self.audience} at {self.last_seq}"


class ReadSegment(models.Model):
    """A segment this reader applied: its header's hash, by which a fork shows itself, and its times (ms; 0: not known):
    made by the author's clock, come and applied by this machine's."""

    cursor = models.ForeignKey(Cursor, on_delete=models.PROTECT, related_name="segments")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    header_hash = models.BinaryField()
    made_at_ms = models.BigIntegerField(default=0, db_default=0)
    #: When the file got its name in the folder here.
    came_at_ms = models.BigIntegerField(default=0, db_default=0)
    applied_at_ms = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cursor", "first"], name="read_segment_first_unique")]

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


class QuarantinedFile(models.Model):
    """A file that was not what it should be, copied aside with the reason."""

    author = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    sha256 = models.BinaryField()
    reason = models.CharField(max_length=32)
    detail = models.TextField(default="", blank=True)
    seen_at_ms = models.BigIntegerField()
    resolved = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "name", "sha256"], name="quarantined_once")]

    def __str__(self) -> str:
        return f"{self.author} {self.name}: {self.reason}"


class Attachment(models.Model):
    """A scanned material, by the SHA-256 of its sealed bytes; `present` once its plain bytes are kept here."""

    sealed_sha256 = models.BinaryField(primary_key=True, max_length=32)
    plain_sha256 = models.BinaryField()
    case_id = models.UUIDField(db_index=True)
    author = models.CharField(max_length=20)
    name = models.CharField(max_length=200, default="", blank=True)
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    present = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["author"], condition=models.Q(present=False), name="attachment_in_transit")]

    def __str__(self) -> str:
        return self.name


class ClockState(models.Model):
    """The one row by which time never goes backwards here."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last_at = models.BigIntegerField(default=0)
    #: The county's clock when it last anchored this machine, and this machine's own at that moment (ms).
    anchor_ms = models.BigIntegerField(default=0)
    anchored_here_ms = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="clock_state_is_one_row")]

    def __str__(self) -> str:
        return str(self.last_at)


class Policy(models.Model):
    """What the county has set for this machine by `policy.set`; everything else stands in the settings."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.name}={self.value}"
