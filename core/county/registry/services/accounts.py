"""Accounts as the county administrator changes them; each change is on its way to the nodes it concerns at once."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from core.domain.staff import services as staff
from core.domain.staff.models import User

from ..errors import AccountExists, OwnAccount, StaffUnknown
from .staff import staff_send
from .substitutes import substitutions_follow


@transaction.atomic
def account_create(*, code: str, name: str, phone: str, password: str) -> User:
    """A new account without any role. Raises AccountExists, ValidationError on a weak password."""
    if User.objects.filter(code=code).exists():
        raise AccountExists(code)
    validate_password(password, User(code=code, name=name))
    return staff.user_create(code=code, name=name, phone=phone, password=password)


@transaction.atomic
def account_change(*, code: str, name: str, phone: str, by: str) -> None:
    user = account_get(code)
    user.name, user.phone = name, phone
    user.save(update_fields=["name", "phone"])
    staff_send(user=code, by=by)


@transaction.atomic
def account_set_password(*, code: str, password: str, by: str) -> None:
    """Raises StaffUnknown, ValidationError on a weak password."""
    validate_password(password, account_get(code))
    staff.user_set_password(code=code, password=password)
    staff_send(user=code, by=by)


@transaction.atomic
def account_set_active(*, code: str, active: bool, by: str) -> None:
    """The account may log in, or may not any more, here and at every node. Raises StaffUnknown, OwnAccount."""
    user = account_get(code)
    if code == by and not active:
        raise OwnAccount
    if active:
        user.is_active = True
        user.save(update_fields=["is_active"])
    else:
        staff.staff_revoke(code=code)
    staff_send(user=code, by=by)


@transaction.atomic
def account_grant(*, code: str, role: str, tenant_code: str, service_point: str, department: str, by: str) -> None:
    account_get(code)
    staff.membership_grant(
        user_code=code, role=role, tenant_code=tenant_code, service_point=service_point, department=department
    )
    staff_send(user=code, by=by)


@transaction.atomic
def account_withdraw(*, code: str, membership: int, by: str) -> None:
    """The person has this role no more, nor anybody in their place; what they have in another's place is ended with
    the substitution. Raises StaffUnknown, OwnAccount for one's own administrator role."""
    row = account_get(code).memberships.filter(pk=membership, instead_of="").first()
    if row is None:
        return
    if code == by and row.role == "county_admin":
        raise OwnAccount
    substitutes = staff.membership_revoke(
        user_code=code, role=row.role, tenant_code=row.tenant_code, service_point=row.service_point,
        department=row.department,
    )  # fmt: skip
    staff_send(user=code, by=by)
    substitutions_follow(away=code, substitutes=substitutes, by=by)


def account_get(code: str) -> User:
    """Raises StaffUnknown."""
    user = User.objects.filter(code=code).first()
    if user is None:
        raise StaffUnknown(code)
    return user
