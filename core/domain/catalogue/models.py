"""The catalogue as the last applied release left it: on the core in public, on a node in its SQLite database.

A record's document (documents.py) is stored whole; columns stand beside it for what is searched. Nothing is
deleted: what a release takes out is withdrawn, because cases pin what they were opened under.
"""

from __future__ import annotations

from django.db import models

#: A paper template's key is the longest: its kind, a slash and an item code of 80 characters.
KEY_LENGTH = 100


class Division(models.Model):
    """A place 行政区划 by its 12-digit code."""

    code = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=80)
    parent = models.CharField(max_length=12, db_index=True, default="", blank=True)
    level = models.CharField(max_length=10)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    successors = models.CharField(max_length=200, default="", blank=True)

    def __str__(self) -> str:
        return self.name


class Department(models.Model):
    """An authority 实施主体 by its USCC."""

    uscc = models.CharField(max_length=18, primary_key=True)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40, default="", blank=True)
    division = models.CharField(max_length=12)
    phone = models.CharField(max_length=40, default="", blank=True)
    address = models.CharField(max_length=200, default="", blank=True)

    def __str__(self) -> str:
        return self.short_name or self.name


class Item(models.Model):
    """An implementation item 实施清单 as it is today; `version` names its document in ItemVersion."""

    item_code = models.CharField(max_length=80, primary_key=True)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    #: Everything one may type to find it: name, aliases, pinyin initials, codes, category; lower case.
    search_text = models.TextField()
    category = models.CharField(max_length=40, default="", blank=True, db_index=True)
    department = models.CharField(max_length=18, db_index=True)
    kind = models.CharField(max_length=10)
    withdrawn = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class ItemVersion(models.Model):
    """The document of an item under one version: what a case was opened under stays readable for ever."""

    item_code = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    release = models.PositiveIntegerField()
    document = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item_code", "version"], name="item_version_unique")]

    def __str__(self) -> str:
        return f"{self.item_code} v{self.version}"


class Grant(models.Model):
    """A devolution grant 下放; documents.Grant says what the fields mean."""

    code = models.CharField(max_length=80, primary_key=True)
    item_code = models.CharField(max_length=80, db_index=True)
    document = models.BinaryField()

    def __str__(self) -> str:
        return self.code


class CalendarYear(models.Model):
    """One year's days off and make-up days, as the release carries them."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    document = models.BinaryField()

    def __str__(self) -> str:
        return str(self.year)


class PaperTemplate(models.Model):
    """The county's words of one kind of paper 文书 for one item, or (item code "") for all without their own."""

    key = models.CharField(max_length=KEY_LENGTH, primary_key=True)
    paper = models.CharField(max_length=20)
    item_code = models.CharField(max_length=80, default="", blank=True)
    document = models.BinaryField()

    def __str__(self) -> str:
        return self.key


class RecordDigest(models.Model):
    """SHA-256 of every record's canonical form as it stands: their sum says whether a delta met the right base."""

    kind = models.CharField(max_length=12)
    key = models.CharField(max_length=KEY_LENGTH)
    sha256 = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="record_digest_unique")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class AppliedRelease(models.Model):
    """A release that stands, or stood, in these tables."""

    number = models.PositiveIntegerField(primary_key=True)
    made_at_ms = models.BigIntegerField()
    applied_at_ms = models.BigIntegerField()
    #: When the county last said that this release is still the one in force (its clock, ms since 1970).
    confirmed_at_ms = models.BigIntegerField(default=0)
    state_sha256 = models.BinaryField()
    items = models.PositiveIntegerField()
    note = models.CharField(max_length=200, default="", blank=True)

    def __str__(self) -> str:
        return str(self.number)
