"""The machines of the county: who they are, how they came in, what they say of themselves. Public schema."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Node(models.Model):
    """A machine at a service point 驿站节点, as its newest card says; its id is the service point's code."""

    node_id = models.CharField(primary_key=True, max_length=15)
    tenant_code = models.CharField(max_length=12, db_index=True)
    service_point = models.CharField(max_length=15)
    name = models.CharField(max_length=100)
    level = models.CharField(max_length=10)
    #: The node it links to: its town's, else "core".
    parent = models.CharField(max_length=15, db_index=True)
    epoch = models.PositiveIntegerField(default=0)
    serial = models.PositiveIntegerField(default=0)
    verify_key = models.BinaryField(max_length=32)
    recipient = models.CharField(max_length=80)
    device_id = models.CharField(max_length=63, default="", blank=True)
    addresses = models.JSONField(default=list)
    hostname = models.CharField(max_length=255, default="", blank=True)
    signed_card = models.BinaryField()
    enrolled_at = models.DateTimeField()
    enrolled_by = models.CharField(max_length=32, default="", blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=32, default="", blank=True)
    #: When the machine said that it has read its newest card; until then its former links stay up.
    card_told_at = models.DateTimeField(null=True, blank=True)
    #: Where in the core's stream this machine begins to read: what is before was sealed to another one's keys.
    down_seq = models.BigIntegerField(default=0)
    down_header = models.BinaryField(max_length=32, default=bytes, blank=True)
    #: What the machine last said of itself (format.NodeStatus as a dict), and when that was read here.
    status = models.JSONField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.node_id})"


class IssuedCard(models.Model):
    """Every card the county ever signed: which keys were whose, and who admitted or revoked them."""

    node_id = models.CharField(max_length=15, db_index=True)
    epoch = models.PositiveIntegerField()
    serial = models.PositiveIntegerField()
    verify_key = models.BinaryField(max_length=32, db_index=True)
    recipient = models.CharField(max_length=80, db_index=True)
    device_id = models.CharField(max_length=63, default="", blank=True, db_index=True)
    revoked = models.BooleanField(default=False)
    signed_card = models.BinaryField()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=32, default="", blank=True)

    def __str__(self) -> str:
        return f"{self.node_id} {self.epoch}/{self.serial}"


class EnrolmentCode(models.Model):
    """A one-time code for one service point; only its hash is kept."""

    code_sha256 = models.BinaryField(max_length=32, unique=True)
    service_point = models.CharField(max_length=15, db_index=True)
    by_file = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=32)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    #: Whose request it admitted: the same machine may ask again when the answer was lost on the way.
    used_by_key = models.BinaryField(max_length=32, default=bytes, blank=True)

    def __str__(self) -> str:
        return f"{self.service_point} {self.created_at:%Y-%m-%d %H:%M}"


class SshAddress(models.Model):
    """How the operator reaches the machine of a service point, and when it takes a new version.

    Not part of Node: it is there before the machine is enrolled, and no machine may say it of itself.
    """

    service_point = models.CharField(primary_key=True, max_length=15)
    #: "" where it cannot be reached (behind carrier NAT): such a machine fetches its versions itself.
    ssh_host = models.CharField(max_length=255, default="", blank=True)
    ssh_port = models.PositiveIntegerField(default=22)
    ssh_user = models.CharField(max_length=32, default="root")
    #: The one key it is believed by, as OpenSSH writes it: "ssh-ed25519 AAAA..."; "" before first contact.
    ssh_host_key = models.CharField(max_length=1000, default="", blank=True)
    #: 0 takes a new version first, 1 are the next tenth, 2 all the others.
    ring = models.PositiveSmallIntegerField(default=2)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ssh_port__gte=1, ssh_port__lte=65535), name="ssh_address_port_range"),
            models.CheckConstraint(condition=Q(ring__lte=2), name="ssh_address_ring_range"),
        ]

    def __str__(self) -> str:
        return f"{self.service_point} {self.ssh_host}"


class FailedAttempt(models.Model):
    """A wrong code, and the address it came from: for the limit on guessing."""

    address = models.CharField(max_length=45)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.address} {self.at:%Y-%m-%d %H:%M}"


class StaffAtNode(models.Model):
    """An account a node holds, as it was last sent there: what a later change is compared with."""

    node_id = models.CharField(max_length=15)
    user_code = models.CharField(max_length=32, db_index=True)
    #: SHA-256 of the value that was sent.
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node_id", "user_code"], name="staff_at_node_unique")]

    def __str__(self) -> str:
        return f"{self.user_code} at {self.node_id}"


class PolicyValue(models.Model):
    """A limit the county set for all its machines and itself (journal/policy.py names them)."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.PositiveIntegerField()
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=32)

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


class Substitution(models.Model):
    """Who stands in for an officer who is away, from `since` to `until`, and who ordered it; kept for good (替岗).

    What it gives are memberships with days (staff.Membership.instead_of); ended early, these are gone and this stays.
    """

    away = models.CharField(max_length=32)  #: staff code
    substitute = models.CharField(max_length=32)  #: staff code
    since = models.DateField()
    until = models.DateField()  #: the last day
    #: (role, tenant code, service point, department) of each post, as they were.
    posts = models.JSONField(default=list)
    appointed_at = models.DateTimeField()
    appointed_by = models.CharField(max_length=32)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=32, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="substitution_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(away=F("substitute")), name="substitution_is_by_another"),
            models.UniqueConstraint(
                fields=["away", "substitute", "since"], condition=Q(ended_at=None), name="substitution_once"
            ),
        ]
        indexes = [
            models.Index(fields=["away", "until"], condition=Q(ended_at=None), name="substitution_away"),
            models.Index(fields=["substitute", "until"], condition=Q(ended_at=None), name="substitution_substitute"),
        ]

    def __str__(self) -> str:
        return f"{self.substitute} for {self.away} {self.since}..{self.until}"
