"""Create and delete accounts.

An unconfirmed address reserves nothing, and nobody learns whether an address is known (D25, TI-03): for an
address of another account the response is the same, and its owner gets a mail. The link of an invitation
proves the address, so an account that is created with it starts confirmed (record 26).
"""

from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import limits, outbox, signals
from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import RateLimited, RuleViolation, together
from accounts.limits import Attempt, Budget, BySource, Claim, Told
from accounts.limits.budgets import DAY, HOUR
from accounts.models import User
from accounts.sessions.locks import lock_sessions_and_tokens, lock_user
from accounts.sessions.store import SessionStore
from accounts.users import administration, passwords
from accounts.users.email_addresses import (
    AddressTaken,
    confirmations_to,
    send_confirmation,
)
from accounts.users.invited import Proof, proof_of
from accounts.users.joining import check_may_sign_up, may_sign_up, spend
from accounts.users.news import Change, tell_superusers
from accounts.users.proved_addresses import confirm_proved, lock_waiting
from accounts.users.rights import Rights

# Each mails a stranger.
SIGN_UPS = BySource(
    "sign-up",
    (20, 3600),
    told=Told(
        gettext_lazy("Too many new accounts were created from your network."),
        gettext_lazy(
            "If you were invited, open the link in the invitation email: it lets you sign up at once. Or "
            "sign up from another network, such as your phone's. If many people share your network, "
            "%(ask)s: this limit can be raised for it."
        ),
    ),
)
# Accounts of invited people: an office joins in one run, and a spammer who invites himself is stopped.
INVITED_SIGN_UPS = BySource(
    "sign-up:invited",
    (400, HOUR),
    told=Told(
        gettext_lazy("Too many new accounts were created from your network."),
        gettext_lazy("Sign up from another network, such as your phone's, or %(ask)s."),
    ),
)
# An invitation takes one account, and a few tries at it, which don't count as others do. Further ones do.
BY_INVITATION = Budget("sign-up:invitation", (1, 7 * DAY))
TRIES_BY_INVITATION = Budget("sign-up:invitation:tries", (20, HOUR))


class UsernameTaken(RuleViolation):
    code = "username-taken"
    message = gettext_lazy("That username is taken. Choose another one.")
    fields = ("username",)


def sign_up(
    username: str,
    email: str,
    password: str,
    *,
    session: SessionStore,
    actor: Actor,
    invitation_token: str = "",
) -> User:
    """Create an account and sign it in. `invitation_token` is the token of an invitation, or anything.

    Raises SignUpClosed, InvitationNeeded, WeakPassword, UsernameTaken, or both at once (Mistakes),
    RateLimited, Overloaded.
    """
    proof = proof_of(invitation_token, email)
    check_may_sign_up(proof)
    if weak := passwords.weakness(password, User(username=username, email=email)):
        raise together(taken_name(username, proof, actor=actor), weak)
    reserved = reserve_invitation(proof)
    try:
        return create(username, email, password, proof, reserved, session=session, actor=actor)
    except BaseException:
        give_back(reserved)
        raise


def mistakes(
    username: str, email: str, password: str, *, actor: Actor, invitation_token: str = ""
) -> list[RuleViolation]:
    """Return what is wrong with name and password of a sign-up that fails anyway; "" is not looked at.

    So people learn all of it at once. It counts as a sign-up of its network: nobody tries names for ever.
    """
    proof = proof_of(invitation_token, email)
    if not may_sign_up(proof):
        return []
    taken = taken_name(username, proof if email else None, actor=actor)
    weak = passwords.weakness(password, User(username=username, email=email)) if password else None
    return [violation for violation in (taken, weak) if violation is not None]


def taken_name(username: str, proof: Proof | None, *, actor: Actor) -> UsernameTaken | None:
    """Return that the name is taken, or None. It counts as `create` does, which has the last word."""
    if not username:
        return None
    reserved = reserve_invitation(proof)
    try:
        limits.reserve(*network_claims(reserved, actor))
        return UsernameTaken() if User.objects.by_login(username).exists() else None
    except RateLimited:
        return None
    finally:
        give_back(reserved)


def reserve_invitation(proof: Proof | None) -> Attempt | None:
    """Count this sign-up for its invitation; return None if it has none, or that is used up.

    Its address is the one that was invited: the link alone opens no accounts for others.
    """
    if proof is None:
        return None
    try:
        limits.reserve((TRIES_BY_INVITATION, proof.key))
        return limits.reserve((BY_INVITATION, proof.key))
    except RateLimited:
        return None


def give_back(reserved: Attempt | None) -> None:
    """Give back what `reserve_invitation` has counted: no account was created."""
    if reserved:
        with transaction.atomic():
            reserved.undo()


def network_claims(reserved: Attempt | None, actor: Actor) -> list[Claim]:
    """Return the budgets of the network: of invited people if a sign-up is reserved for an invitation."""
    return (INVITED_SIGN_UPS if reserved else SIGN_UPS).claims(actor)


def create(
    username: str,
    email: str,
    password: str,
    proof: Proof | None,
    reserved: Attempt | None,
    *,
    session: SessionStore,
    actor: Actor,
) -> User:
    """Create an account that counts for the network, among those of invited people if it is one."""
    with limits.attempt(*network_claims(reserved, actor)):
        if User.objects.by_login(username).exists():
            raise UsernameTaken
        with limits.attempt(*confirmations_to(email, actor)):
            hashed = passwords.hashed(password)
    try:
        with transaction.atomic():
            waiting = lock_waiting(proof.address) if proof else []
            proved = proof is not None and spend(proof)
            by: dict[str, Any] = {"invitation": proof.key} if proof and proved else {}
            user: User = User.objects.create(username=username, email=email, password=hashed)
            session.sign_in(user, actor=actor)
            record(Event.ACCOUNT_CREATED, actor=actor, subject=subject_of(user), user=user, **by)
            if not (proved and confirm_proved(user, waiting, actor=actor)):
                send_confirmation(user, email, actor=actor)
    except IntegrityError as error:
        raise UsernameTaken from error
    return user


def create_superuser(username: str, email: str, password: str, *, actor: Actor) -> User:
    """Create a superuser; the address counts as confirmed. All superusers are told.

    Raises WeakPassword, UsernameTaken, AddressTaken.
    """
    passwords.ensure_acceptable(password, User(username=username, email=email))
    if User.objects.by_login(username).exists():
        raise UsernameTaken
    if User.objects.by_confirmed_email(email).exists():
        raise AddressTaken
    fields = {"password": passwords.hashed(password), "email_confirmed_at": timezone.now()}
    try:
        with transaction.atomic():
            user: User = User.objects.create(
                username=username, email=email, is_staff=True, is_superuser=True, **fields
            )
            record(Event.ACCOUNT_CREATED, actor=actor, subject=subject_of(user), user=user, superuser=True)
            tell_superusers(user, Change.SUPERUSER_CREATED, actor=actor, reason="")
    except IntegrityError as error:
        raise UsernameTaken from error
    return user


@transaction.atomic
def delete_account(user: User, *, session: SessionStore, actor: Actor) -> None:
    """Delete the account and all rows that belong to it.

    All superusers are told if it had rights on the admin site. Raises LastSuperuser, SessionEnded.

    Organizations may veto with a RuleViolation: their last owner must stay.
    """
    lock_sessions_and_tokens(user)
    session.lock()
    # Receivers lock organizations first, then people, all in one statement: else two who go could deadlock.
    lock = partial(administration.lock_with_superusers, user)
    signals.account_deleting.send(User, user=user, actor=actor, lock=lock)
    administration.ensure_a_superuser_remains(lock())
    locked = lock_user(user, session, row_too=False, for_deletion=True)
    record(Event.ACCOUNT_DELETED, actor=actor, subject=subject_of(locked), user=locked)
    outbox.notify(locked, "account_deleted", actor=actor)
    if locked.is_staff:
        tell_superusers(
            locked, Change.STAFF_LEFT, actor=actor, reason="", rights=Rights.of(locked).in_words()
        )
    session.end()
    locked.delete()
