"""The people who work here: accounts and what they may do where. Global in public; on a node, its own staff."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    CLERK = "clerk", _("Counter clerk")  # 综合窗口人员
    VILLAGE_AGENT = "village_agent", _("Village agent")  # 村级代办员
    REVIEWER = "reviewer", _("Reviewer")  # 审查人
    APPROVER = "approver", _("Approver")  # 决定人(首席代表)
    SUPERVISOR = "supervisor", _("Supervisor")  # 监察员
    COUNTY_ADMIN = "county_admin", _("County administrator")  # 县级管理员
    OPERATOR = "operator", _("Operator")  # 运维


class UserManager(BaseUserManager["User"]):
    def create_user(self, code: str, name: str, password: str | None = None, **extra: Any) -> User:
        user = self.model(code=code, name=name, **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, code: str, name: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(code, name, password, is_superuser=True, **extra)


class User(AbstractBaseUser):
    """A member of staff 工作人员; logs in by staff code."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("staff code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=60)
    phone = models.CharField(_("phone"), max_length=20, default="", blank=True)
    is_active = models.BooleanField(default=True)
    is_superuser = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "code"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class Membership(models.Model):
    """What one person may do in one place: a role at a service point, or for a department, of a tenant.

    An empty `service_point` means all of the tenant, an empty `tenant_code` the whole county. With days it counts on
    these days only, the last one among them; with `instead_of` it is the post of an officer who is away (替岗).
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    tenant_code = models.CharField(max_length=12, default="", blank=True)
    service_point = models.CharField(max_length=15, default="", blank=True)
    department = models.CharField(max_length=18, default="", blank=True)
    role = models.CharField(max_length=16, choices=Role.choices)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    #: Staff code of the officer who is away; "" for a post of one's own. No foreign key: a node need not know them.
    instead_of = models.CharField(max_length=32, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "tenant_code", "service_point", "department", "role"],
                condition=models.Q(since=None), name="membership_unique",
            ),
            models.UniqueConstraint(
                fields=["user", "tenant_code", "service_point", "department", "role", "instead_of", "since"],
                condition=models.Q(since__isnull=False), name="membership_on_days_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(since__isnull=False, until__gte=models.F("since")),
                name="membership_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=models.Q(instead_of="") | models.Q(since__isnull=False, until__isnull=False),
                name="membership_in_place_of_another_has_days",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.service_point or self.tenant_code}"
