"""The actions on an account: what each says beforehand and afterwards, and the verb that it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.forms import DeactivationForm, ReasonForm, RightsForm
from accounts.audit import Actor
from accounts.models import User
from accounts.two_factor import removal
from accounts.users import administration


@dataclass(frozen=True)
class Action:
    """One action on an account: a form to confirm it, and the verb that it runs."""

    label: Promise
    explanation: Promise
    done: Promise  # with the %(name)s, as the next one
    already_done: Promise  # what to say if there is nothing left to do
    applies_to: Callable[[User], bool]
    run: Callable[[User, Actor, Any], bool | None]  # called with the valid form; False: nothing to do
    form_for: Callable[[User], Callable[..., ReasonForm]] = lambda user: ReasonForm
    grants: bool = False  # takes a superuser
    is_dangerous: bool = False  # takes something away from the person
    warn: Callable[[User], list[str]] = lambda user: []  # what the admin should know before


ACTIONS: dict[str, Action] = {
    "disable-two-factor": Action(
        label=gettext_lazy("Disable two-factor"),
        explanation=gettext_lazy(
            "Removes every method and all recovery codes, and ends every session. After that, the person "
            "signs in with the password alone. Make sure that you know who is asking."
        ),
        done=gettext_lazy("Two-factor authentication is off for %(name)s."),
        already_done=gettext_lazy("Two-factor authentication is already off for %(name)s."),
        applies_to=lambda user: user.is_enrolled,
        is_dangerous=True,
        warn=removal.why_refused_to_admins,
        run=lambda user, actor, form: removal.disable(user, reason=form.cleaned_data["reason"], actor=actor),
    ),
    "deactivate": Action(
        label=gettext_lazy("Deactivate"),
        explanation=gettext_lazy(
            "Ends every session and stops the API tokens. Nobody can sign in to the account until it's "
            "reactivated."
        ),
        done=gettext_lazy("The account %(name)s is deactivated."),
        already_done=gettext_lazy("The account %(name)s is already deactivated."),
        applies_to=lambda user: user.is_active,
        is_dangerous=True,
        run=lambda user, actor, form: administration.deactivate(
            user, reason=form.cleaned_data["reason"], actor=actor, decisions=form.decisions
        ),
        form_for=lambda user: partial(DeactivationForm, user),
    ),
    "reactivate": Action(
        label=gettext_lazy("Reactivate"),
        explanation=gettext_lazy(
            "Lets the person sign in again, with the same password and second factor. Their API tokens work "
            "again."
        ),
        done=gettext_lazy("The account %(name)s is active again."),
        already_done=gettext_lazy("The account %(name)s is already active."),
        applies_to=lambda user: not user.is_active,
        run=lambda user, actor, form: administration.reactivate(
            user, reason=form.cleaned_data["reason"], actor=actor
        ),
    ),
    "rights": Action(
        label=gettext_lazy("Change rights"),
        explanation=gettext_lazy(
            "Sets what the person can do on this admin site. The change takes effect at once."
        ),
        done=gettext_lazy("The rights of %(name)s have changed."),
        already_done=gettext_lazy("Nothing has changed: %(name)s already has these rights."),
        applies_to=lambda user: True,
        run=lambda user, actor, form: administration.change_rights(
            user, rights=form.rights, shown=form.shown, reason=form.cleaned_data["reason"], actor=actor
        ),
        form_for=lambda user: RightsForm,
        grants=True,
    ),
}


def offered_actions(request: HttpRequest, user: User) -> list[tuple[str, Action]]:
    """Return (slug, action) of what the admin of this request may do to the user now."""
    return [
        (slug, action)
        for slug, action in ACTIONS.items()
        if not why_not(request, user, granting=action.grants) and action.applies_to(user)
    ]


def why_not(request: HttpRequest, user: User, *, granting: bool = False) -> str:
    """Return why the admin of this request may not act on the account, or ""."""
    manager = cast(User, request.user)
    try:
        administration.check_may_manage(user, manager, granting=granting)
    except administration.NotYours as error:
        if manager.pk == user.pk:
            return _("This is your own account. Ask another site admin to change it.")
        return str(error)
    return ""
