"""Accounts: made by the county, carried to the nodes as entries, applied there as they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

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
        department=department, role=role, since=None, until=None, instead_of="",
    )  # fmt: skip
    return membership


@transaction.atomic
def membership_revoke(
    *, user_code: str, role: str, tenant_code: str = "", service_point: str = "", department: str = ""
) -> tuple[str, ...]:
    """The person has this post of their own no more, and nobody stands in for them in it: returns who did."""
    post = Membership.objects.filter(
        tenant_code=tenant_code, service_point=service_point, department=department, role=role
    )
    post.filter(user__code=user_code, since=None, instead_of="").delete()
    standing_in = post.filter(instead_of=user_code)
    codes = tuple(sorted(set(standing_in.values_list("user__code", flat=True))))
    standing_in.delete()
    return codes


@transaction.atomic
def memberships_lend(
    posts: Iterable[Membership], *, substitute: str, instead_of: str, since: date, until: date
) -> tuple[Membership, ...]:
    """On these days, first and last among them, `substitute` has the posts in place of the officer who is away (替岗).

    Raises User.DoesNotExist.
    """
    user = User.objects.get(code=substitute)
    return tuple(
        Membership.objects.create(
            user=user, tenant_code=post.tenant_code, service_point=post.service_point, department=post.department,
            role=post.role, since=since, until=until, instead_of=instead_of,
        )
        for post in posts
    )  # fmt: skip


def memberships_return(*, substitute: str, instead_of: str, since: date) -> None:
    """The posts that were lent from `since` on are the absent officer's alone again."""
    Membership.objects.filter(user__code=substitute, instead_of=instead_of, since=since).delete()


def staff_value(user: User, memberships: Iterable[Membership]) -> StaffGranted:
    """The account as it travels to a node: with its Argon2 hash, never its password."""
    return StaffGranted(
        code=user.code, name=user.name, password=user.password, phone=user.phone,
        memberships=tuple(
            MembershipValue(
                tenant=m.tenant_code, service_point=m.service_point, department=m.department, role=m.role,
                since=m.since, until=m.until, instead_of=m.instead_of,
            )
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
        Membership(
            user=user, tenant_code=m.tenant, service_point=m.service_point, department=m.department, role=m.role,
            since=m.since, until=m.until, instead_of=m.instead_of,
        )
        for m in dict.fromkeys(value.memberships)
    )  # fmt: skip


def staff_revoke(*, code: str) -> None:
    """The account can no longer log in; its name stays for what it signed."""
    User.objects.filter(code=code).update(is_active=False)
