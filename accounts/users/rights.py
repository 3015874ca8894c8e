"""What somebody may do on this site besides using it: staff, superuser, and what staff may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.exceptions import RuleViolation
from accounts.models import User
from accounts.plugins import Registry

CHANGE_USERS = "accounts.change_user"
INVITE = "accounts.add_siteinvitation"

# What a superuser can let staff do: Django's permission -> what it allows, in words.
grantable: Registry[Promise] = Registry()

OF_ACCOUNTS: dict[str, Promise] = {
    "accounts.view_user": gettext_lazy("See users"),
    CHANGE_USERS: gettext_lazy("Deactivate and reactivate users, and remove their two-factor authentication"),
    "accounts.view_siteinvitation": gettext_lazy("See invitations to the site"),
    INVITE: gettext_lazy("Invite people to the site, and withdraw these invitations"),
    "accounts.view_auditevent": gettext_lazy("See audit events"),
}


class UnknownPermission(RuleViolation):
    code = "unknown-permission"
    message = gettext_lazy("There is no permission %(name)s.")
    fields = ("permissions",)


class PermissionsBackend(ModelBackend):
    """Answer `has_perm`, and nothing else.

    It signs nobody in: `django.contrib.auth.authenticate` would check a password without limits, record and
    second factor. Only active staff have permissions, and only their own: no page manages Django's groups.
    """

    def authenticate(self, request: HttpRequest | None, *args: Any, **credentials: Any) -> None:
        return None

    async def aauthenticate(self, request: HttpRequest | None, *args: Any, **credentials: Any) -> None:
        return None

    def _get_group_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return Permission.objects.none()

    def _get_user_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return user_obj.user_permissions.all() if user_obj.is_staff else Permission.objects.none()


@dataclass(frozen=True)
class Rights:
    """The rights of one person. Superusers are staff and may do everything; others than staff, nothing."""

    staff: bool
    superuser: bool
    permissions: frozenset[str]

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the stored rights of a user."""
        rows = user.user_permissions.values_list("content_type__app_label", "codename").order_by()
        names = frozenset(f"{app}.{codename}" for app, codename in rows)
        return cls(user.is_staff, user.is_superuser, names)

    @classmethod
    def chosen(cls, *, staff: bool, superuser: bool, permissions: Iterable[str]) -> Self:
        """Return the rights that somebody chose, without what can't be together. Raises UnknownPermission."""
        staff = staff or superuser
        names = frozenset(permissions)
        if unknown := sorted(names - set(grantable)):
            raise UnknownPermission(name=unknown[0])
        return cls(staff, superuser, names if staff else frozenset())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the rights that `as_text` wrote. Of any other text, rights that nobody has."""
        words = set(text.split())
        return cls("staff" in words, "superuser" in words, frozenset(words - {"staff", "superuser"}))

    def as_text(self) -> str:
        """Return these rights in one line, for a hidden field."""
        flags = [name for name in ("staff", "superuser") if getattr(self, name)]
        return " ".join([*flags, *sorted(self.permissions)])

    def store(self, user: User) -> None:
        """Write these rights; call it with the user's row locked. Raises UnknownPermission."""
        user.is_staff, user.is_superuser = self.staff, self.superuser
        user.save(update_fields=["is_staff", "is_superuser"])
        user.user_permissions.set(permissions_named(self.permissions))

    def exceed(self, others: Self) -> bool:
        """Return whether these rights allow anything that the other rights don't."""
        if others.superuser:
            return False
        return self.superuser or (self.staff and bool(self.permissions - others.permissions))

    def as_data(self) -> dict[str, Any]:
        """Return these rights for an audit event."""
        return {
            "staff": self.staff,
            "superuser": self.superuser,
            "permissions": sorted(self.permissions),
        }

    def in_words(self) -> list[str]:
        """Return what these rights allow, one sentence each, for pages and mails."""
        if self.superuser:
            return [_("Superuser: can do everything on the admin site")]
        if not self.staff:
            return [_("No rights on the admin site")]
        told = [str(text) for name, text in grantable.items() if name in self.permissions]
        return [_("Staff"), *told]


def permissions_named(names: Iterable[str]) -> list[Permission]:
    """Return the rows of permissions that are named as in `has_perm`.

    Raises UnknownPermission if one has no row: `migrate` writes them, and nobody must be told of a right that
    is not stored.
    """
    names = set(names)
    wanted = Q(pk__in=[])
    for name in names:
        app, _dot, codename = name.partition(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    rows = Permission.objects.select_related("content_type").filter(wanted)
    found = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    if missing := sorted(names - found.keys()):
        raise UnknownPermission(name=missing[0])
    return list(found.values())


def may_change_users(user: User | AnonymousUser) -> bool:
    """Return whether somebody may deactivate and activate users and remove their two-factor."""
    return isinstance(user, User) and user.is_staff and user.has_perm(CHANGE_USERS)


def may_invite_to_site(user: User | AnonymousUser) -> bool:
    """Return whether somebody may invite people to create an account, and withdraw these invitations."""
    return isinstance(user, User) and user.is_staff and user.has_perm(INVITE)


def may_grant_rights(user: User | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_active and user.is_staff and user.is_superuser
