"""Accounts: made by the county, carried to the nodes as entries, applied there as they are."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from ..journal.bodies import MembershipValue, StaffGranted
from .models import Membership, User


@transaction.atomic
def user_create(*, code: str, name: str, password: str | None, phone: str = "", is_superuser: bool = False) -> User:
    """The account exists; an existing one of this code keeps its password and takes the new name.

    A password of None makes an account nobody can log in to until one is set.
    """
    user = User.objects.filter(code=code).first()
    if user is None:
        return User.objects.create_user(code, name, password, phone=phone, is_superuser=is_superuser)
    user.name, user.phone = name, phone or user.phone
    user.save(update_fields=["name", "phone"])
    return user


def user_set_password(*, code: str, password: str) -> None:
    """The account's password is `password` (kept as its Argon2 hash)."""
    user = User.objects.get(code=code)
    user.set_password(password)
    user.save(update_fields=["password"])


def membership_grant(
    *, user_code: str, role: str, tenant_code: str = "", service_point: str = "", department: str = ""
) -> Membership:
    """The person has the role there; granting it twice changes nothing. Raises User.DoesNotExist."""
    membership, _ = Membership.objects.get_or_create(
        user=User.objects.get(code=user_code), tenant_code=tenant_code, service_point=service_point,
        department=department, role=role,
    )  # fmt: skip
    return membership


def membership_revoke(
    *, user_code: str, role: str, tenant_code: str = "", service_point: str = "", department: str = ""
) -> None:
    Membership.objects.filter(
        user__code=user_code, tenant_code=tenant_code, service_point=service_point, department=department, role=role
    ).delete()


def staff_value(user: User, memberships: Iterable[Membership]) -> StaffGranted:
    """The account as it travels to a node: with its Argon2 hash, never its password."""
    return StaffGranted(
        code=user.code, name=user.name, password=user.password, phone=user.phone,
        memberships=tuple(
            MembershipValue(tenant=m.tenant_code, service_point=m.service_point, department=m.department, role=m.role)
            for m in memberships
        ),
    )  # fmt: skip


@transaction.atomic
def staff_apply(value: StaffGranted) -> None:
    """The account and its memberships here are exactly what the county sent."""
    user, _ = User.objects.update_or_create(
        code=value.code,
        defaults={"name": value.name, "password": value.password, "phone": value.phone, "is_active": True},
    )
    user.memberships.all().delete()
    Membership.objects.bulk_create(
        Membership(user=user, tenant_code=m.tenant, service_point=m.service_point, department=m.department, role=m.role)
        for m in dict.fromkeys(value.memberships)
    )


def staff_revoke(*, code: str) -> None:
    """The account can no longer log in; its name stays for what it signed."""
    User.objects.filter(code=code).update(is_active=False)
