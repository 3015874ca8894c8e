"""Show the start page after sign-in, and create organizations."""

from dataclasses import dataclass
from typing import Self

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.exceptions import RuleViolation
from accounts.models import Level
from accounts.sessions.requests import SignedInRequest
from accounts.web.form_pages import add_violation, form_page
from accounts.web.methods import get_or_post
from organizations import lifecycle
from organizations.access.rights import may_create_organizations
from organizations.context_processors import Switcher, SwitcherEntry, switcher_of
from organizations.forms.organizations import NewOrganizationForm
from organizations.models import Membership

MOST_NAMED = 3  # organizations in the card "Secure your account"


@dataclass(frozen=True)
class Demands:
    """The organizations that require more than the user has: some, the number of others, those by date."""

    named: list[SwitcherEntry]
    others: int
    coming: list[SwitcherEntry]

    def __bool__(self) -> bool:
        return bool(self.named or self.others or self.coming)

    @classmethod
    def of(cls, switcher: Switcher) -> Self:
        user, entries = switcher.request.user, switcher.organizations
        demanding = [entry for entry in entries if entry.lacking]
        named, number = demanding[:MOST_NAMED], len(demanding)
        if switcher.has_more:  # only some are read
            number = Membership.objects.active().filter(user=user).requiring_more_than(user.level).count()
        return cls(named, number - len(named), switcher.dated[:MOST_NAMED])


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """Show what to do first, the invitations, and the organizations.

    The lists come from organizations.context_processors, as in the top bar.
    """
    user = request.user
    asks = user.level < max(Level)
    demands = Demands.of(switcher_of(request)) if asks else None
    context = {"nav": "start", "demands": demands if demands or not user.is_enrolled else None}
    return render(request, "organizations/home.html", context)


@get_or_post
def new(request: SignedInRequest) -> HttpResponse:
    user = request.user
    form = NewOrganizationForm(
        request.POST if request.method == "POST" else None, initial={"email": user.email}
    )
    if form.is_valid():
        try:
            organization = lifecycle.create_organization(
                form.cleaned_data["name"],
                form.cleaned_data["email"],
                owner=user,
                actor=request.actor,
            )
        except RuleViolation as error:
            add_violation(form, error)
        else:
            messages.success(request, _("You created %(name)s.") % {"name": organization.name})
            return redirect("organizations:detail", organization.name)
    elif form.is_bound and "name" in form.cleaned_data:
        taken = lifecycle.taken_name(form.cleaned_data["name"], owner=user, actor=request.actor)
        if taken:
            add_violation(form, taken)
    return form_page(request, "organizations/new.html", form, allowed=may_create_organizations(user))
