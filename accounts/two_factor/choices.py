"""The choice of a method to set up: carried out at once, or by the proof that it has to wait for (D6).

While it waits it lies in the session for five minutes, sealed, because it may hold a phone number. The form
of the proof names it: a proof carries out what its page said, once, and nothing that was chosen since.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import factors
from accounts.crypto import open_sealed, seal
from accounts.exceptions import DecryptionFailed, EmailNotConfirmed, MethodPaused, RuleViolation
from accounts.factors.base import Factor
from accounts.sessions.assurance import SUDO_LIFETIME, has_sudo, redirect_to_sudo, sent_form
from accounts.sessions.requests import SignedInRequest
from accounts.two_factor.pending import PendingEnrolment, stamp_of
from accounts.web.acting import path_of
from accounts.web.form_pages import add_message

PAGE = "accounts:two_factor"
CHOICE = "choice"  # in the session
LIFETIME = SUDO_LIFETIME


@dataclass(frozen=True)
class Choice:
    """What somebody chose to set up. `also` is set up after it, with its details."""

    factor: Factor
    details: dict[str, Any] = field(repr=False)  # may hold a phone number, as those of `also`
    also: tuple[Factor, dict[str, Any]] | None = field(default=None, repr=False)
    next_path: str = ""
    replacing: bool = False
    name: str = ""  # while it waits: tells it from others of the session

    @property
    def shown(self) -> list[str]:
        """Return what was chosen, in words, with numbers masked."""
        chosen = [(self.factor, self.details), *([self.also] if self.also else [])]
        return [factor.named(details) for factor, details in chosen]

    def keep(self, request: SignedInRequest) -> None:
        """Let it wait in the session for the proof. It replaces one that waits already."""
        now = timezone.now().timestamp()
        plain = {
            "factor": self.factor.slug,
            "details": self.details,
            "also": self.also and [self.also[0].slug, self.also[1]],
            "next": self.next_path,
            "replacing": self.replacing,
        }
        request.session[CHOICE] = {
            "sealed": seal(json.dumps(plain), sealing_context(request)),
            "chosen_at": now,
            "form": request.path,
            "stamp": stamp_of(request),
        }

    @classmethod
    @sensitive_variables("plain")
    def waiting(cls, request: SignedInRequest, form: str) -> Self | None:
        """Return the choice that waits for a proof for this form; None if there is none, or not any more."""
        stored: dict[str, Any] | None = request.session.get(CHOICE)
        if stored is None or stored["form"] != form or stored["stamp"] != stamp_of(request):
            return None
        age = timezone.now() - datetime.fromtimestamp(stored["chosen_at"], UTC)
        if not timedelta(0) <= age < LIFETIME:
            return None
        try:
            plain = json.loads(open_sealed(stored["sealed"], sealing_context(request)))
        except DecryptionFailed:  # accounts.crypto has logged the alarm
            return None
        factor = factors.get(plain["factor"])
        also = factors.get(plain["also"][0]) if plain["also"] else None
        if factor is None:
            return None
        return cls(
            factor=factor,
            details=plain["details"],
            also=(also, plain["also"][1]) if also else None,
            next_path=plain["next"],
            replacing=plain["replacing"],
            name=str(round(stored["chosen_at"] * 1000)),
        )

    @classmethod
    def take(cls, request: SignedInRequest, form: str, name: str) -> Self | None:
        """Return the choice that waits for this form, and let it wait no longer.

        None if it is not the one with this name: it was made after the page that asked for the proof.
        """
        found = cls.waiting(request, form)
        forget(request)
        return found if found and found.name == name else None


def forget(request: SignedInRequest) -> None:
    request.session.pop(CHOICE, None)


def sealing_context(request: SignedInRequest) -> str:
    row = request.session.row
    return f"choice:{request.user.pk}:{row.pk if row else 0}"


def choose(request: SignedInRequest, choice: Choice, *, page: str) -> HttpResponse:
    """Begin the set-up, or ask for the proof that begins it. `page` names the URL of the form."""
    if not request.user.email_confirmed:
        messages.error(request, str(EmailNotConfirmed()))
        return redirect(PAGE)
    if has_sudo(request):
        return begin(request, choice)
    choice.keep(request)
    return redirect_to_sudo(path_of(request, page), form=sent_form(request))


def begin(request: SignedInRequest, choice: Choice) -> HttpResponse:
    """Begin the set-up that was chosen, after checking that it is still possible, and show its page."""
    user, factor, also = request.user, choice.factor, choice.also
    forget(request)
    if (factor.device_of(user) is not None) != choice.replacing:
        words = (
            _("%(label)s isn't configured.") if choice.replacing else _("%(label)s is already configured.")
        )
        messages.info(request, words % {"label": factor.label})
        return redirect(PAGE)
    try:
        pending = PendingEnrolment.start(
            request,
            user,
            factor,
            details=choice.details,
            next_path=choice.next_path,
            replacing=choice.replacing,
            then=also if also and also[0].device_of(user) is None else None,
        )
    except RuleViolation as error:
        messages.error(request, str(error))
        return redirect(PAGE)
    if factor.acts:
        act(request, pending)
    return redirect("accounts:confirm")


def act(request: SignedInRequest, pending: PendingEnrolment) -> None:
    """Have the factor act; if that fails, the next page says why."""
    try:
        pending.ask(request)
    except MethodPaused:
        pass  # the page says so
    except RuleViolation as error:
        description = pending.factor.describe(pending.user, pending.state, enrolling=True)
        add_message(request, error, countdown=bool(description.get("resend_in")))
