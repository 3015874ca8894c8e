"""Invite people to the site, or to an organization: by scripts, and where nobody can open the admin site."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.fields import addresses_in
from accounts.models import User, login_key
from accounts.users.site_invitations import invite_to_site, withdraw
from organizations.management.arguments import organization_named
from organizations.members.invitations import invite
from organizations.models import Membership, Organization

WORDS = {
    "invited": "invited",
    "renewed": "was invited already: the invitation is sent again and open for 7 days from now",
    "has-account": "has an account already: nothing was sent",
    "member": "is a member already: nothing was sent",
    "refused": "was not invited",
}


class Command(BaseCommand):
    help = (
        "Invites people by email to create an account, whatever SIGN_UP says. They choose their password "
        "themselves. Safe to repeat: an open invitation is sent again, and those who have joined get nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("addresses", nargs="+", metavar="ADDRESS")
        parser.add_argument("--organization", metavar="NAME", help="also invite them to this organization")
        parser.add_argument(
            "--owner",
            action="store_true",
            help="with --organization: they become owners once they accept, if they have what owners need",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON array")

    def handle(
        self,
        *args: Any,
        addresses: list[str],
        organization: str | None,
        owner: bool,
        json: bool,
        **options: Any,
    ) -> None:
        if owner and organization is None:
            raise CommandError("--owner needs --organization.")
        found = None if organization is None else organization_named(organization)
        outcomes = [outcome_of(address, found, owner) for address in read(addresses)]
        self.stdout.write(as_json(outcomes) if json else "\n".join(map(in_words, outcomes)))
        if failed := sum(1 for outcome in outcomes if outcome["status"] == "refused"):
            raise CommandError(f"{failed} of {len(outcomes)} were not invited. Repeat the command for them.")


def read(texts: list[str]) -> list[str]:
    """Return the addresses, each once. Raises CommandError, before anybody is invited, if one is none."""
    right, wrong = addresses_in(texts)
    if wrong:
        raise CommandError(f"{wrong[0]!r} isn't an email address. Nobody was invited.")
    return right


def outcome_of(address: str, organization: Organization | None, owner: bool) -> dict[str, Any]:
    """Invite one address; return what became of it."""
    outcome: dict[str, Any] = {"address": address}
    try:
        if organization is None:
            return outcome | {"status": status_of(address)}
        outcome["organization"] = organization.name
        return outcome | {"status": status_in(organization, address, owner)}
    except RuleViolation as violation:
        return outcome | {"status": "refused", "code": violation.code, "detail": str(violation)}


def status_of(address: str) -> str:
    """Invite an address to the site. Raises RuleViolation."""
    if User.objects.by_confirmed_email(address).exists():
        return "has-account"
    return "renewed" if invite_to_site(address, actor=Actor.command()).renewed else "invited"


def status_in(organization: Organization, address: str, owner: bool) -> str:
    """Invite an address to an organization. Raises RuleViolation.

    A new person can create an account with the link of that invitation whatever SIGN_UP says: the site
    invites the address as well, without a mail of its own.
    """
    person = User.objects.by_confirmed_email(address).first()
    rows = Membership.objects.filter(organization=organization)
    if person is not None and rows.active().filter(user=person).exists():
        return "member"
    renewed = any(not row.is_expired for row in rows.invited().filter(user=None, email=login_key(address)))
    by_site = None if person else invite_to_site(address, actor=Actor.command(), quietly=True)
    try:
        invite(organization, address, actor=Actor.command(), as_owner=owner)
    except RuleViolation:
        if by_site is not None and not by_site.renewed:  # nobody has a link
            withdraw(by_site.invitation.pk, actor=Actor.command())
        raise
    return "renewed" if renewed else "invited"


def in_words(outcome: dict[str, Any]) -> str:
    detail = f": {outcome['detail']}" if "detail" in outcome else ""
    return f"{outcome['address']} {WORDS[outcome['status']]}{detail}"


def as_json(outcomes: list[dict[str, Any]]) -> str:
    return json.dumps(outcomes, ensure_ascii=False)
