"""Render pages of two-factor authentication that several views share."""

from collections.abc import Collection, Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import factors, signals
from accounts.factors.base import Factor
from accounts.factors.stock import codes_left
from accounts.forms import MethodForm
from accounts.models import Level, User
from accounts.sessions.requests import SignedInRequest
from accounts.two_factor import steps
from accounts.two_factor.choices import PAGE as PAGE
from accounts.two_factor.codes_file import codes_file
from accounts.two_factor.demands import demand_of
from accounts.two_factor.fresh_codes import FreshCodes
from accounts.two_factor.pending import PendingEnrolment
from accounts.web.form_pages import form_page

CODES = "accounts:codes"


@sensitive_variables("codes", "saved")
def overview_page(
    request: SignedInRequest, form: MethodForm | None, *, codes: Sequence[str] = (), **context: Any
) -> HttpResponse:
    """Show the methods and, right after they were revealed, the codes."""
    user = request.user
    saved = codes_file(user, codes, when=timezone.now()) if codes else None
    devices = factors.devices_of(user) if user.is_enrolled else {}
    offered = missing(devices)
    backup = [device for factor, device in devices.items() if factor.is_backup]
    return form_page(
        request,
        "accounts/two_factor.html",
        form or MethodForm(offered=offered),
        devices=[
            {"factor": factor, "device": device, "shown": factor.describe(user, {})}
            for factor, device in devices.items()
            if not factor.is_backup
        ],
        missing=offered,
        steps=None if user.is_enrolled else steps.of_choice(user, offered[0]),
        demand=demand_of(user, context.get("next", ""), beyond=user.level),
        codes_left=codes_left(user, request.session.row, changed=request.method == "POST"),
        codes_total=sum(factor.size for factor in factors.backup()),
        codes_last_used=backup[0].last_used_at if backup else None,
        low_stock=factors.LOW_STOCK,
        says_to_confirm=not user.email_confirmed,  # so that the banner does not say it as well
        codes=codes,
        saved=saved,
        **context,
    )


def missing(devices: Collection[Factor]) -> list[Factor]:
    return [factor for factor in factors.primary() if factor not in devices]


@sensitive_variables("codes")
def codes_page(
    request: SignedInRequest,
    codes: Sequence[str],
    *,
    fresh: FreshCodes,
    follower: PendingEnrolment | None = None,
) -> HttpResponse:
    """Show new codes. The caller decides whether this session may (accounts/two_factor/fresh_codes.py)."""
    response = render(
        request,
        "accounts/two_factor_codes.html",
        {
            "codes": codes,
            "saved": codes_file(request.user, codes, when=timezone.now()),
            "fresh": fresh.first,
            "steps": steps.of_codes(request.user, follower) if fresh.first else None,
            "demand": demand_of(request.user, fresh.next_path),
        },
    )
    response["Cache-Control"] = "no-store"
    return response


def codes_gone_page(
    request: SignedInRequest, *, replaced: bool, follower: PendingEnrolment | None
) -> HttpResponse:
    """Say why no codes are shown here any more, and offer to reveal them. `replaced`: by newer ones."""
    context = {"replaced": replaced, "codes_left": factors.remaining(request.user), "follower": follower}
    response = render(request, "accounts/two_factor_codes_gone.html", context)
    response["Cache-Control"] = "no-store"
    return response


def consequences_of(user: User, level: Level = Level.NONE) -> dict[str, list[str]]:
    """Return the names of organizations that forbid that no more than this level is left ("refused_by"), or
    that will lock the user out ("locks").
    """
    consequences: dict[str, list[str]] = {"refused_by": [], "locks": []}
    answers: list[tuple[Any, Any]] = signals.two_factor_consequences.send(User, user=user, level=level)
    for _receiver, answer in answers:
        for kind, names in answer.items():
            consequences[kind] += names
    return consequences


def factor_or_404(slug: str) -> Factor:
    factor = factors.get(slug)
    if factor is None or factor.is_backup:
        raise Http404
    return factor
