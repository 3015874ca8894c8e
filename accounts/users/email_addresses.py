"""Confirm, correct and change the email address of an account."""

from dataclasses import replace
from datetime import timedelta

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import crypto, limits, outbox, signals
from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import RuleViolation
from accounts.limits import Budget, BySource, Ceiling, Claim, Told
from accounts.limits.guesses import account_key
from accounts.models import User, login_key, mailbox_key
from accounts.sessions.locks import acting, lock_acting_user
from accounts.users.link_texts import LinkInvalid
from accounts.users.links import Link, active_users, check_reader

# Each mails a stranger. Above the ceiling each network still can, once in an hour: a mail may get lost.
CONFIRMATIONS = Ceiling("confirm:address", (20, 86_400))
TOO_MANY_CONFIRMATIONS = Told(
    gettext_lazy("We have sent too many emails to this address."),
    gettext_lazy(
        "Look for one of them in your inbox and spam folder. The links in all of them work. If you can't "
        "find one, %(ask)s."
    ),
)
CONFIRMATIONS_BY_NETWORK = BySource(
    "confirm:address:network",
    (5, 3600),
    (5, 86_400),
    above={"confirm:address": 1},
    told=TOO_MANY_CONFIRMATIONS,
)
# All addresses of one mailbox together: those with a plus reach it, too.
CONFIRMATIONS_TO_MAILBOX_BY_NETWORK = BySource(
    "confirm:mailbox:network",
    (20, 3600),
    (20, 86_400),
    above={"confirm:address": 1},
    told=TOO_MANY_CONFIRMATIONS,
)
RESENDS = Budget(
    "resend",
    (1, 60),
    (5, 86_400),
    told=Told(
        gettext_lazy("We have just sent this email, or sent it too often."),
        gettext_lazy(
            "Look for it in your inbox and spam folder. If the address is wrong, enter the right one. If "
            "no email arrives, %(ask)s."
        ),
    ),
)
ADDRESS_CHANGES = Budget(
    "change-email",
    (5, 86_400),
    told=Told(
        gettext_lazy("You have changed your email address too often."),
        gettext_lazy(
            "The link in the last email works. Look for it in your inbox and spam folder. If the address "
            "in your profile is wrong, %(ask)s."
        ),
    ),
)


class AddressTaken(RuleViolation):
    """Another account has confirmed the same address."""

    code = "address-taken"
    message = gettext_lazy("That email address belongs to another account.")


class NothingToConfirm(RuleViolation):
    code = "nothing-to-confirm"
    message = gettext_lazy("Your email address %(address)s is already confirmed.")


def unconfirmed_address(user: User) -> str:
    """Return the address that is not confirmed yet, or ""."""
    return user.unconfirmed_email if user.email_confirmed else user.email


def note_on_apps(user: User) -> str:
    """Return what a new address leaves as it was, or "" for a user without two-factor."""
    if not user.is_enrolled:
        return ""
    return _(
        "If you use an authenticator app, its entry keeps the address that you set it up with. Its codes "
        "keep working."
    )


def state_to_confirm(user: User) -> str:
    """Return the state for links that confirm an address: the addresses, and the password (D42).

    A thief may have asked for the change, and may get the owner to open the link: a new password ends what
    was begun under the former one. The stamp is not part of it: setting up two-factor must not end the link.
    """
    state = f"{user.email}\n{user.email_confirmed_at}\n{user.unconfirmed_email}\n{user.password}"
    return f"{state}\n{user.address_given_up_at}" if user.address_given_up_at else state


CONFIRM = Link("confirm-email", timedelta(hours=24), state_to_confirm, active_users)


def resend_confirmation(user: User, *, actor: Actor) -> None:
    """Send the confirmation link again. Raises NothingToConfirm, RateLimited, SessionEnded."""
    ensure_unconfirmed(user)
    address = unconfirmed_address(user)
    limits.reserve((RESENDS, acting_on(user, actor)), *confirmations_to(address, actor))
    with acting(actor):
        send_confirmation(user, address, actor=actor)
        record(Event.CONFIRMATION_SENT, actor=actor, subject=subject_of(user), user=user)


def change_email(user: User, email: str, *, actor: Actor) -> User:
    """Store a new address, which takes effect once confirmed; notify the confirmed address (PR-09).

    Entering the current confirmed address withdraws a change. Returns the changed user. Raises RateLimited,
    SessionEnded, AccountGone.
    """
    withdrawn = user.email_confirmed and login_key(email) == login_key(user.email)
    if not withdrawn:
        limits.reserve((ADDRESS_CHANGES, acting_on(user, actor)), *confirmations_to(email, actor))
    with acting(actor):
        locked = lock_acting_user(user)
        if locked.email_confirmed:
            locked.unconfirmed_email = "" if withdrawn else email
        else:
            locked.email = email
        locked.save(update_fields=["email", "unconfirmed_email"])
        record(
            Event.EMAIL_CHANGE_REQUESTED,
            actor=actor,
            subject=subject_of(user),
            user=user,
            withdrawn=withdrawn,
        )
        if not withdrawn:
            send_confirmation(locked, email, actor=actor)
            outbox.notify(locked, "email_change_requested", actor=actor, address=email)
    return locked


def acting_on(user: User, actor: Actor) -> str:
    """Return the key for limits of changes to an account: those by tokens use up nothing at the pages."""
    return f"{account_key(user)}:{actor.source}"


def confirmations_to(address: str, actor: Actor) -> list[Claim]:
    """Return the claims for a mail to an address that nobody has confirmed to be theirs."""
    mailbox = crypto.digest(mailbox_key(address), "confirm")
    key = crypto.digest(login_key(address), "confirm")
    return [
        (CONFIRMATIONS, mailbox),
        *CONFIRMATIONS_BY_NETWORK.claims(actor, key),
        *CONFIRMATIONS_TO_MAILBOX_BY_NETWORK.claims(actor, mailbox),
    ]


def send_confirmation(user: User, address: str, *, actor: Actor) -> None:
    """Send the confirmation link; or tell the address's owner that somebody else has entered it.

    Both take the same statements, so that nobody can tell which it was (R5): neither mail is collected. The
    budgets of both are the same, too.
    """
    stranger = replace(actor, user=None)  # do not reveal the account to the reader
    owner = User.objects.by_confirmed_email(address).exclude(pk=user.pk).first()
    if owner:
        outbox.notify_address(owner.email, "address_in_use", user=owner, actor=stranger)
        return
    outbox.notify_address(
        address,
        "confirm_email",
        lifetime=CONFIRM.lifetime,
        user=user,
        actor=stranger,
        address=address,
        token=CONFIRM.token_for(user),
    )


def confirm_email(user: User, token: str, *, actor: Actor) -> None:
    """Confirm the unconfirmed address.

    Only the signed-in user of that account can: if they mistyped the address, its owner must get no more
    than a mail. Raises LinkOfAnother, NothingToConfirm, LinkInvalid, AddressTaken, RateLimited, SessionEnded.
    """
    check_reader(token, user)
    ensure_unconfirmed(user)
    try:
        CONFIRM.redeem(token, actor=actor)
    except LinkInvalid:
        user.refresh_from_db()  # another tab may have used the link a moment ago
        ensure_unconfirmed(user)
        raise
    try:
        with acting(actor):
            locked = User.objects.lock(user.pk)
            CONFIRM.check(token, locked)
            confirm_address(locked, actor=actor)
    except IntegrityError as error:
        raise AddressTaken from error


def ensure_unconfirmed(user: User) -> None:
    """Raise NothingToConfirm if the account has no address that waits for its confirmation."""
    if not unconfirmed_address(user):
        raise NothingToConfirm(address=user.email)


def confirm_address(user: User, *, actor: Actor) -> None:
    former = user.email if user.email_confirmed else ""
    user.email, user.unconfirmed_email = unconfirmed_address(user), ""
    user.email_confirmed_at = timezone.now()
    user.save(update_fields=["email", "unconfirmed_email", "email_confirmed_at"])
    signals.address_confirmed.send(User, user=user)
    event = Event.EMAIL_CHANGED if former else Event.EMAIL_CONFIRMED
    record(event, actor=actor, subject=subject_of(user), user=user)
    if former:
        outbox.notify_address(former, "email_changed", user=user, actor=actor, address=user.email)
