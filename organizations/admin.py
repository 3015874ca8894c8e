"""Show organizations and memberships in the admin, read-only: only verbs change them."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Level, User, login_key
from accounts.web.admin_parts import NOTHING, Link, at, column, filter_in_words, link
from accounts.web.durations import minutes_in_words
from accounts.web.read_only_admin import ReadOnlyAdmin, found_in, may_see
from organizations.members.support import organization_link, role_of, state_of
from organizations.models import AuthPolicy, Membership, Organization
from organizations.policy.wording import date_in_words, methods_in_words

MEMBERSHIPS = "admin:organizations_membership_changelist"
BOOLEAN, CHOICES = admin.BooleanFieldListFilter, admin.ChoicesFieldListFilter
YES, NO = gettext_lazy("Yes"), gettext_lazy("No")


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin):
    position = 0
    about = gettext_lazy("Every organization and what it requires. Only its owners can change it.")
    when_empty = gettext_lazy("No organizations yet.")
    list_display = ["name", "email", "policy", "members", "invited", "created"]
    list_filter = [
        (
            "collaborator_auth_policy",
            filter_in_words(CHOICES, gettext_lazy("Authentication"), *AuthPolicy.labels),
        )
    ]
    list_select_related = ["counts"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Search by the beginning of a name.")
    ordering = [Lower("name")]
    fields = [
        "name",
        "email",
        "policy",
        "policy_since",
        "methods",
        "date",
        "members",
        "without_two_factor",
        "texts_only",
        "invited",
        "timeout",
        "remember",
        "user_tokens",
        "created",
    ]

    @admin.display(description=gettext_lazy("authentication"))
    def policy(self, organization: Organization) -> Any:
        return organization.get_collaborator_auth_policy_display()

    @admin.display(description=gettext_lazy("authentication changed"))
    def policy_since(self, organization: Organization) -> Any:
        return at(organization.auth_policy_changed_at, _("Never"))

    @admin.display(description=gettext_lazy("methods that count"))
    def methods(self, organization: Organization) -> Any:
        return methods_in_words(organization) or NOTHING

    @admin.display(description=gettext_lazy("two-factor required from"))
    def date(self, organization: Organization) -> Any:
        return date_in_words(organization) or NOTHING

    @admin.display(description=gettext_lazy("members"))
    def members(self, organization: Organization) -> int:
        return organization.counts.members

    @admin.display(description=gettext_lazy("members without two-factor"))
    def without_two_factor(self, organization: Organization) -> int:
        return organization.counts.members_without_two_factor

    @admin.display(description=gettext_lazy("members with text messages only"))
    def texts_only(self, organization: Organization) -> int:
        return organization.counts.members_with_texts_only

    @admin.display(description=gettext_lazy("invited"))
    def invited(self, organization: Organization) -> int:
        return organization.counts.invited

    @admin.display(description=gettext_lazy("sessions time out after"))
    def timeout(self, organization: Organization) -> str:
        return in_words(organization.session_timeout)

    @admin.display(description=gettext_lazy("sign in again after"))
    def remember(self, organization: Organization) -> str:
        return in_words(organization.session_remember)

    @admin.display(description=gettext_lazy("accepts personal tokens"))
    def user_tokens(self, organization: Organization) -> Any:
        return YES if organization.user_tokens_enabled else NO

    @admin.display(description=gettext_lazy("created"))
    def created(self, organization: Organization) -> Any:
        return at(organization.created_at)

    def links(self, request: HttpRequest, organization: Organization) -> list[Link]:
        found = []
        if request.user.has_perm("organizations.view_membership"):
            found = [
                Link(_("Members"), memberships_url(organization, status__exact="active")),
                Link(_("Owners"), memberships_url(organization, is_owner__exact=1, status__exact="active")),
                Link(_("Invitations"), memberships_url(organization, status__exact="invited")),
            ]
        events = self.events_url(request, organization)
        return [*found, Link(_("Audit events"), events)] if events else found

    def events_query(self, organization: Organization) -> str:
        return urlencode({"q": f"organization:{organization.name}"})

    def matching(
        self, request: HttpRequest, queryset: QuerySet[Organization], term: str
    ) -> QuerySet[Organization]:
        return queryset.alias(name_key=Lower("name")).filter(name_key__startswith=login_key(term))


def in_words(minutes: int | None) -> str:
    return _("Site default") if minutes is None else minutes_in_words(minutes)


def memberships_url(organization: Organization, **filters: Any) -> str:
    return f"{reverse(MEMBERSHIPS)}?{urlencode({'organization': organization.pk, **filters})}"


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    about = gettext_lazy("Who is in which organization and who is invited. Newest first.")
    when_empty = gettext_lazy("Nobody is in an organization yet.")
    list_filter = [
        ("status", filter_in_words(CHOICES, gettext_lazy("State"), *Membership.Status.labels)),
        ("is_owner", filter_in_words(BOOLEAN, gettext_lazy("Owner"), YES, NO)),
        ("two_factor_enabled", filter_in_words(BOOLEAN, gettext_lazy("Two-factor"), YES, NO)),
    ]
    list_display_links = ["state"]
    list_select_related = ["organization", "user"]
    search_fields = ["username", "email", "organization__name"]
    search_help_text = gettext_lazy(
        "Search by the beginning of a username or an email address, or by the name of an organization."
    )
    narrowed_by: ClassVar[Any] = {
        "organization": (Organization, gettext_lazy("Only people in the organization %(name)s.")),
        "user": (User, gettext_lazy("Only memberships of %(name)s.")),
    }
    fields = ["person", "where", "role", "state", "two_factor", "invited_by", "created", "joined", "expires"]
    columns: ClassVar[list[Any]] = ["person", "where", "role", "state", "two_factor", "since"]
    list_display = columns

    def get_list_display(self, request: HttpRequest) -> Any:
        """Link people and organizations for those who may see them."""
        shown: list[Any] = [*self.columns]
        if request.user.has_perm("accounts.view_user"):
            shown[0] = column(gettext_lazy("person"), person_link, name="person")
        if request.user.has_perm("organizations.view_organization"):
            shown[1] = column(gettext_lazy("organization"), organization_link, name="where")
        return shown

    def get_ordering(self, request: HttpRequest) -> Any:
        """Sort the members of one organization, or the invited, by name: an index has them in that order."""
        return ["username_key", "pk"] if {"organization", "status__exact"} <= request.GET.keys() else ["-pk"]

    @admin.display(description=gettext_lazy("person"))
    def person(self, membership: Membership) -> str:
        return str(membership)

    @admin.display(description=gettext_lazy("organization"))
    def where(self, membership: Membership) -> str:
        return membership.organization.name

    @admin.display(description=gettext_lazy("role"))
    def role(self, membership: Membership) -> str:
        return role_of(membership)

    @admin.display(description=gettext_lazy("state"))
    def state(self, membership: Membership) -> str:
        return state_of(membership)

    @admin.display(description=gettext_lazy("two-factor"))
    def two_factor(self, membership: Membership) -> str:
        """Owners can't see the two-factor state of people who are only invited: this page doesn't copy it."""
        if membership.is_invited:
            return NOTHING
        if membership.level == Level.TEXTS:
            return str(Level.TEXTS.label)
        return _("On") if membership.level else _("Off")

    @admin.display(description=gettext_lazy("since"))
    def since(self, membership: Membership) -> Any:
        return at(membership.joined_at or membership.created_at)

    @admin.display(description=gettext_lazy("added or invited"))
    def created(self, membership: Membership) -> Any:
        return at(membership.created_at)

    @admin.display(description=gettext_lazy("joined"))
    def joined(self, membership: Membership) -> Any:
        return at(membership.joined_at)

    @admin.display(description=gettext_lazy("invitation expires"))
    def expires(self, membership: Membership) -> Any:
        return at(membership.expires_at)

    def named(self, membership: Membership) -> str:
        words = {"person": membership, "organization": membership.organization.name}
        return _("%(person)s in %(organization)s") % words

    def links(self, request: HttpRequest, membership: Membership) -> list[Link]:
        found = []
        if membership.user_id and request.user.has_perm("accounts.view_user"):
            found.append(Link(_("User"), user_url(membership)))
        if request.user.has_perm("organizations.view_organization"):
            url = reverse("admin:organizations_organization_change", args=[membership.organization_id])
            found.append(Link(_("Organization"), url))
        return found

    def matching(
        self, request: HttpRequest, queryset: QuerySet[Membership], term: str
    ) -> QuerySet[Membership]:
        """Return memberships by index: through the people, the invitations and the organization.

        The addresses of members find them for those who may see users.
        """
        key, people = login_key(term), User.objects.order_by()
        sees_users = may_see(request, User._meta)
        named = people.beginning_with(key) if sees_users else [people.named_from(key)]
        rows = queryset.select_related(None).order_by()
        return found_in(
            queryset,
            *(rows.filter(user__in=found.values("pk")) for found in named),
            rows.filter(user__isnull=True, email__startswith=key),
            rows.filter(organization__in=Organization.objects.named(term).values("pk")),
        )


def user_url(membership: Membership) -> str:
    return reverse("admin:accounts_user_change", args=[membership.user_id])


def person_link(membership: Membership) -> Any:
    return link(user_url(membership), membership.username) if membership.user_id else membership.email
