"""What site admins see of a person's organizations (accounts/users/support.py)."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Level, User
from accounts.web.admin_parts import BAD, Fact, Table, Text, at, link
from organizations.access.of_person import ORDER, first_of, parts
from organizations.models import Membership, confirmed_address

SHOWN = 50  # organizations on a person's page
VIEW = "organizations.view_membership"


def locked_out_of(user: User, request: HttpRequest) -> list[Fact]:
    """Say which organizations are closed until the person sets up more; names only to who may see them."""
    label = _("Locked out of")
    if user.level == max(Level):
        return [Fact(label, [_("No organization")])]
    closed = Membership.objects.active().requiring_more_than(user.level).filter(user=user)
    names = list(
        closed.order_by("organization__name").values_list("organization__name", flat=True)[: SHOWN + 1]
    )
    if not names:
        return [Fact(label, [_("No organization")])]
    n = len(names)
    if request.user.has_perm(VIEW):
        lines = [", ".join(names[:SHOWN]) + (", …" if n > SHOWN else "")]
    else:
        lines = [ngettext("%(n)s organization", "%(n)s organizations", n) % {"n": n}]
    lines.append(
        _(
            "These require two-factor authentication, some of them an app. They open as soon as the person "
            "sets it up."
        )
    )
    return [Fact(label, lines, BAD)]


def organizations_of(user: User, request: HttpRequest) -> Table | None:
    """Return what somebody is in and invited to, or None for who may not see memberships."""
    if not request.user.has_perm(VIEW):
        return None
    # Invitations first: they are few, and what stands behind the first fifty is on another page.
    found = parts(user.pk, confirmed_address(user), Membership.objects.invited())
    rows = list(first_of(found, SHOWN + 1).order_by("-status", *ORDER)[: SHOWN + 1])
    linked = request.user.has_perm("organizations.view_organization")
    columns = [_("Organization"), _("Role"), _("State"), _("Requires two-factor"), _("Since")]
    note: Any = ""
    if len(rows) > SHOWN:
        url = f"{reverse('admin:organizations_membership_changelist')}?user={user.pk}"
        note = link(url, _("Show all"))
    return Table(
        _("Organizations"),
        columns,
        [
            [
                organization_link(row) if linked else row.organization.name,
                role_of(row),
                state_link(row),
                _("Yes") if row.organization.is_mandatory else _("No"),
                at(row.joined_at or row.created_at),
            ]
            for row in rows[:SHOWN]
        ],
        _("%(name)s isn't in any organization, and has no invitation.") % {"name": user.username},
        note,
    )


def organization_link(row: Membership) -> Text:
    url = reverse("admin:organizations_organization_change", args=[row.organization_id])
    return link(url, row.organization.name)


def state_link(row: Membership) -> Text:
    return link(reverse("admin:organizations_membership_change", args=[row.pk]), state_of(row))


def role_of(row: Membership) -> str:
    return _("Owner") if row.is_owner else _("Member")


def state_of(row: Membership) -> str:
    if not row.is_invited:
        return _("Active")
    return _("Invitation expired") if row.is_expired else _("Invited")
