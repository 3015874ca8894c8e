"""What a person holds in organizations, as administrators see it before they deactivate the account."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.fields import NameField
from accounts.models import USERNAME_LENGTH, User, unexpired
from accounts.users.deactivation import Held
from accounts.users.reasons import LONGEST_REASON
from accounts.web.times import relative
from organizations.announcements import INVITATIONS
from organizations.members import succession
from organizations.models import Membership, MembershipQuerySet, Organization, OrganizationToken

MOST_ASKED = 20  # organizations; the reason is for all others
SHOWN = 20  # rows of a list
TEXT = {"class": "vTextField", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


@dataclass(frozen=True)
class Decision:
    """What an administrator has decided. `shown` names what they have seen; None is for programs.

    What was not shown is not kept, and no organization is left without an owner for a reason that was given
    for others.
    """

    successors: Mapping[int, str] = field(default_factory=dict)  # id of the organization -> username
    without: str = ""  # why the others are left without an owner
    end_tokens: bool = False
    withdraw: bool = False
    shown: frozenset[str] | None = None

    def has_shown(self, name: str) -> bool:
        """Return whether the administrator has seen this, and so decided about it."""
        return self.shown is None or name in self.shown


# ---------------------------------------------------------------- what there is


def owned_alone(user: User) -> QuerySet[Organization]:
    """Return the organizations whose only active owner this user is."""
    others = Membership.objects.owners().filter(organization=OuterRef("pk"), user__is_active=True)
    return Organization.objects.owned_by(user).exclude(Exists(others.exclude(user=user)))


def tokens_by(user: User) -> QuerySet[OrganizationToken]:
    made = OrganizationToken.objects.filter(unexpired(), created_by_id=user.pk)
    return made.select_related("organization").order_by("organization_id", "kind")


def invitations_by(user: User) -> MembershipQuerySet:
    return Membership.objects.invited().current().filter(invited_by_id=user.pk)


def names_of(user: User) -> set[str]:
    """Return what stands for all this in `Decision.shown`."""
    names = {token.public_id for token in tokens_by(user)}
    return names | ({INVITATIONS} if invitations_by(user).exists() else set())


def held_by(user: User) -> list[Held]:
    """Return the organizations that they own alone, and the tokens and invitations that they made."""
    alone = [organization.name for organization in owned_alone(user).order_by("name")]
    tokens = [token_in_words(token) for token in tokens_by(user)]
    found = []
    if alone:
        title = ngettext(
            "%(name)s is the only active owner of this organization",
            "%(name)s is the only active owner of these organizations",
            len(alone),
        )
        note = _("Name the next owner, or say why there is none. All members get an email.")
        found.append(Held(title % {"name": user.username}, alone, note))  # all: the reason is for each
    if tokens:
        title = _("Tokens of organizations that %(name)s created") % {"name": user.username}
        note = _("They belong to the organizations and keep working if you don't delete them.")
        found.append(Held(title, first_of(tokens), note))
    if invited := [invitations_in_words(*row) for row in invitations_by_organization(user)]:
        title = _("Open invitations that %(name)s sent") % {"name": user.username}
        note = _("If you don't withdraw them, people who accept become members.")
        found.append(Held(title, first_of(invited), note))
    return found


def token_in_words(token: OrganizationToken) -> str:
    used = token.last_used_at
    last = _("last used %(time)s") % {"time": relative(used)} if used else _("never used")
    return f"{token.organization}: {token.get_kind_display()}, {last}"


def invitations_by_organization(user: User) -> Iterable[tuple[str, int]]:
    """Return how many invitations are open in each organization: to whom is not the site's business."""
    counted = invitations_by(user).order_by("organization__name").values_list("organization__name")
    return counted.annotate(number=Count("pk"))


def invitations_in_words(name: str, number: int) -> str:
    words = {"name": name, "number": number}
    return ngettext("%(name)s: %(number)s invitation", "%(name)s: %(number)s invitations", number) % words


def first_of(names: list[str]) -> list[str]:
    more = len(names) - SHOWN
    rest = [ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}] if more > 0 else []
    return [*names[:SHOWN], *rest]


# ---------------------------------------------------------------- what is asked


def fields_for(user: User) -> dict[str, Any]:
    alone = list(owned_alone(user).order_by("name"))
    asked = {
        successor_field_name(o): successor_field(o, succession.suggestions(o, user.pk))
        for o in alone[:MOST_ASKED]
    }
    names = names_of(user)
    return asked | other_fields(
        alone=bool(alone),
        tokens=bool(names - {INVITATIONS}),
        invitations=INVITATIONS in names,
        shown=",".join([*sorted(names), *map(successor_field_name, alone)]),
    )


SUCCESSOR = "successor_"


def successor_field_name(organization: Organization) -> str:
    return f"{SUCCESSOR}{organization.pk}"


def decided(user: User, values: Mapping[str, Any]) -> Decision:
    return Decision(
        successors={
            int(name.removeprefix(SUCCESSOR)): value
            for name, value in values.items()
            if name.startswith(SUCCESSOR) and value
        },
        without=values.get("without_successor", ""),
        end_tokens=values.get("end_tokens", False),
        withdraw=values.get("withdraw_invitations", False),
        shown=frozenset(values.get("shown", "").split(",")),
    )


def successor_field(organization: Organization, names: Sequence[str]) -> forms.Field:
    """Return the field for the next owner. `names` are of members who could be it."""
    known = (
        _("For example: %(names)s.") % {"names": ", ".join(names)}
        if names
        else _("No member can become an owner right now.")
    )
    return NameField(
        label=_("Next owner of %(name)s") % {"name": organization.name},
        required=False,
        max_length=USERNAME_LENGTH,
        help_text=_("The username of a member.") + " " + known,
        widget=forms.TextInput(attrs=TEXT),
    )


def other_fields(*, alone: bool, tokens: bool, invitations: bool, shown: str) -> dict[str, forms.Field]:
    """Return the fields for what there is besides."""
    fields: dict[str, forms.Field] = {}
    if alone:
        fields["without_successor"] = forms.CharField(
            label=gettext_lazy("Why there is no next owner"),
            required=False,
            max_length=LONGEST_REASON,
            help_text=gettext_lazy(
                "For all organizations above without a next owner. Recorded, and emailed to superusers."
            ),
            widget=forms.TextInput(attrs=TEXT),
        )
    if tokens:
        fields["end_tokens"] = forms.BooleanField(
            label=gettext_lazy("Delete these tokens"),
            help_text=gettext_lazy("Programs that use them stop working at once. You can't undo this."),
            required=False,
            initial=True,
        )
    if invitations:
        fields["withdraw_invitations"] = forms.BooleanField(
            label=gettext_lazy("Withdraw these invitations"), required=False, initial=True
        )
    return fields | {"shown": forms.CharField(required=False, initial=shown, widget=forms.HiddenInput)}
