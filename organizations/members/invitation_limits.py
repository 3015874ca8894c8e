"""How many people are invited: by whom, for which organization, from where, and each of them how often.

Each invitation is a mail to a person who did not ask for it. A company is invited in one run; somebody who
has just signed up, or has just created the organization, may be a spammer.
"""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import crypto
from accounts.audit import Actor
from accounts.exceptions import RateLimited
from accounts.limits import Budget, BySource, Ceiling, Claim, Told
from accounts.models import User, login_key, mailbox_key
from accounts.models.clocks import CLOCK_SKEW
from organizations.models import Organization
from organizations.news import ANOTHER_OWNER

YOUNG = timedelta(days=1)
TOO_MANY = Told(gettext_lazy("You have invited too many people."), ANOTHER_OWNER)
BY_ORGANIZATION = Ceiling("invite:organization", (500, 3600))
BY_PERSON = Budget("invite", (500, 3600), above={"invite:organization": 60}, told=TOO_MANY)
TOO_MANY_FROM_NETWORK = Told(
    gettext_lazy("Too many people were invited from your network."),
    gettext_lazy("You can continue from another network, such as your phone's."),
)
BY_NETWORK = BySource("invite:network", (1000, 3600), told=TOO_MANY_FROM_NETWORK)
TOO_MANY_WHILE_YOUNG = Told(
    gettext_lazy("While the organization or your account is younger than a day, you can invite 20 people."),
    gettext_lazy(
        "Once both are a day old, you can invite 500 people an hour. If you need more now, %(ask)s."
    ),
)
BY_YOUNG_ORGANIZATION = Ceiling("invite:young:organization", (20, 86_400))
BY_YOUNG = Budget(
    "invite:young", (20, 86_400), above={"invite:young:organization": 5}, told=TOO_MANY_WHILE_YOUNG
)
BY_YOUNG_IN_NETWORK = BySource("invite:young:network", (120, 3600), (600, 86_400), told=TOO_MANY_FROM_NETWORK)
# To one person. Above a ceiling, each inviter still can, once in an hour: a mail may get lost.
TO_ONE = Ceiling("invite-one", (20, 86_400))
TO_ONE_BY_ORGANIZATION = Ceiling("invite-one:organization", (5, 86_400))
TOO_MANY_TO_ONE = Told(
    gettext_lazy("This person was invited too often."),
    gettext_lazy(
        "If you have invited them before, the email may be in their spam folder. They also find open "
        "invitations on their Organizations page, once they have signed in and confirmed their address."
    ),
)
TO_ONE_BY_PERSON = Budget(
    "invite-one:person",
    (5, 3600),
    (5, 86_400),
    above={"invite-one": 1, "invite-one:organization": 1},
    told=TOO_MANY_TO_ONE,
)
TO_ONE_BY_NETWORK = BySource(
    "invite-one:network", (10, 3600), (10, 86_400), above={"invite-one": 1}, told=TOO_MANY_TO_ONE
)
# To one mailbox, by any of its addresses with a plus.
TOO_MANY_TO_MAILBOX = Told(
    gettext_lazy("Too many addresses of this mailbox were invited."),
    gettext_lazy(
        "Addresses that differ only after a plus sign count together. You can invite other addresses at "
        "once. Another owner can continue with these from another network."
    ),
)
TO_MAILBOX_BY_PERSON = Budget("invite-mailbox:person", (20, 3600), (60, 86_400), told=TOO_MANY_TO_MAILBOX)
TO_MAILBOX_BY_NETWORK = BySource(
    "invite-mailbox:network", (40, 3600), (120, 86_400), told=TOO_MANY_TO_MAILBOX
)


def concerns_one(error: RateLimited) -> bool:
    """Return whether a limit of one person or mailbox is used up: others can be invited meanwhile."""
    return error.what in (str(TOO_MANY_TO_ONE.what), str(TOO_MANY_TO_MAILBOX.what))


def for_invitation(organization: Organization, who: str, *, actor: Actor) -> list[Claim]:
    """Return the budgets of one invitation of a username or address."""
    return [
        (BY_PERSON, actor.source),
        (BY_ORGANIZATION, str(organization.pk)),
        *BY_NETWORK.claims(actor),
        *invitations_while_young(organization, actor),
        *invitations_to(who, organization, actor),
    ]


def invitations_while_young(organization: Organization, actor: Actor) -> list[Claim]:
    """Return the lower budgets while the organization, or the person, is younger than a day.

    They are not for administrators of the site, who invite their company on the day that they install it.
    """
    if actor.door == "command":  # the server itself
        return []
    person = User.objects.filter(pk=actor.responsible_id, is_active=True).first()
    if person is not None and person.is_staff:
        return []
    now = timezone.now()
    is_young = young_until(organization.created_at, now) is not None
    if not is_young and (person is None or young_until(person.date_joined, now) is None):
        return []
    claims = [(BY_YOUNG, actor.source), *BY_YOUNG_IN_NETWORK.claims(actor)]
    return [*claims, (BY_YOUNG_ORGANIZATION, str(organization.pk))] if is_young else claims


def young_until(began: datetime, now: datetime) -> datetime | None:
    """Return until when what began at this time is young; None if it is not.

    Nobody stays young after a clock that was ahead (D43).
    """
    until = began + YOUNG
    return until if now < until and began <= now + CLOCK_SKEW else None


def invitations_to(who: str, organization: Organization, actor: Actor) -> list[Claim]:
    person = crypto.digest(login_key(who), "invitation")
    mailbox = crypto.digest(mailbox_key(who), "mailbox")
    to_mailbox = [
        (TO_MAILBOX_BY_PERSON, f"{mailbox}:{actor.source}"),
        *TO_MAILBOX_BY_NETWORK.claims(actor, mailbox),
    ]
    return [
        (TO_ONE, person),
        (TO_ONE_BY_ORGANIZATION, f"{person}:{organization.pk}"),
        (TO_ONE_BY_PERSON, f"{person}:{actor.source}"),
        *TO_ONE_BY_NETWORK.claims(actor, person),
        *(to_mailbox if "+" in who else ()),
    ]
