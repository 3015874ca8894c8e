"""Check, change and reset passwords. Each check costs one Argon2 hash, unknown accounts included."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from accounts import crypto, limits, outbox
from accounts.audit import Actor, Event, record, subject_of
from accounts.audit.counts import refusals_counted
from accounts.exceptions import RateLimited, RuleViolation, WrongPassword, together
from accounts.limits import Attempt, Budget, BySource, Claim, guesses, successes
from accounts.models import User, login_key
from accounts.models.methods import PASSWORD
from accounts.sessions.locks import counted, lock_actor, lock_user
from accounts.sessions.store import SessionStore
from accounts.typed.passwords import normal
from accounts.users.links import Link, active_users, check_reader
from accounts.users.validators import LONGEST_PASSWORD, MaximumLengthValidator

# Both are for links that still work: whatever ends the links begins a new budget. While the first one is used
# up, the owner has five mails with a link that works (D37).
RESETS_OF_ACCOUNT = Budget("reset:account", (5, 3600))
RESETS_OF_ACCOUNT_BY_NETWORK = BySource("reset:account:address", (3, 3600))
RESETS_BY_NETWORK = BySource("reset:address", (20, 3600))  # each mails a stranger
# Instead of the latter, in known browsers of the account: others in their network can't use it up. All
# browsers count together: each reset gives one a new key, and begins the first two budgets anew.
RESETS_BY_BROWSERS = Budget("reset:browsers", (20, 3600))

NO_PASSWORD = "!"


class WeakPassword(RuleViolation):
    """The new password is too short, too long, or easy to guess."""

    code = "weak-password"
    fields = ("new_password", "password")


@contextmanager
def authenticate(
    user: User | None, password: str, *, failed: Event, actor: Actor, typed: str = ""
) -> Iterator[Attempt | None]:
    """Check a password; yield the attempt if it is right, else record `failed` and yield None.

    A wrong password, an unknown account (`typed` is the entered name) and an inactive account take the same
    work. Raises RateLimited before any hashing (R4), and Overloaded, which counts nothing.
    """
    if is_too_long(password):
        yield None
        return
    claims = [
        *guesses.for_password(user, typed, actor=actor),
        *successes.for_password(user, typed, actor=actor),
    ]
    with refusals_counted(PASSWORD), limits.attempt(*claims) as spent:
        if check_hash(user, password) and user is not None and user.is_active:
            yield spent
            return
        subject = subject_of(user) if user else "user"  # do not record the entered name: it may be a password
        with transaction.atomic():
            record(failed, actor=actor, subject=subject, user=user)
            spent.failed()
        yield None


def confirm(user: User, password: str, *, session: SessionStore, actor: Actor) -> None:
    """Check the password of the signed-in user once more. Raises WrongPassword, RateLimited, SessionEnded."""
    with authenticate(user, password, failed=Event.PASSWORD_FAILED, actor=actor) as right:
        if right is None:
            raise WrongPassword
        with transaction.atomic():
            lock_user(user, session)  # the password may have changed since the check
            right.succeeded()


def check_hash(user: User | None, typed: str) -> bool:
    """Return whether the password is right. Upgrade old hashes without a new stamp.

    Passwords are hashed in their normal form (D44). Old hashes are of what was typed then, so what is not in
    normal form is tried as it was typed, too. It takes two hashes, and all else one, for every user and
    whether or not the first is right.
    """
    encoded, password = user.password if user else NO_PASSWORD, normal(typed)

    def upgrade(_typed: str) -> None:
        if user is not None:
            stored = User.objects.filter(pk=user.pk, password=encoded)
            stored.update(  # the same password: no session ends
                password=hashed(password), security_stamp=F("security_stamp")
            )

    right = check_password(password, encoded, upgrade)
    if password == typed:
        return right
    old = check_password(typed, encoded)
    if old and not right:
        upgrade(typed)
    return right or old


def hashed(password: str) -> str:
    """Return the hash of a password, as it is stored: that of its normal form."""
    return make_password(normal(password))


def is_too_long(password: str) -> bool:
    """Return whether the password is too long to be hashed, as typed or in its normal form: that can have 18
    times the characters.
    """
    return len(password) > LONGEST_PASSWORD or len(normal(password)) > LONGEST_PASSWORD


def ensure_acceptable(password: str, user: User) -> None:
    """Raise WeakPassword unless the user may have this password: as it was typed, and in normal form."""
    if (weak := weakness(password, user)) is not None:
        raise weak


def weakness(password: str, user: User) -> WeakPassword | None:
    """Return why the user may not have this password, or None."""
    if is_too_long(password):
        return WeakPassword(MaximumLengthValidator().get_help_text())
    try:
        for spelling in dict.fromkeys((password, normal(password))):
            validate_password(spelling, user)
    except ValidationError as error:
        return WeakPassword(" ".join(error.messages))
    return None


def change(user: User, old: str, new: str, *, session: SessionStore | None, actor: Actor) -> None:
    """Set a new password. Every other session ends; this one continues with a new key (R50).

    Without `session` an API token acts, which stays valid. Raises WeakPassword, WrongPassword, or both
    at once (Mistakes), RateLimited, SessionEnded.
    """
    weak = weakness(new, user)
    with authenticate(user, old, failed=Event.PASSWORD_FAILED, actor=actor) as right:
        if right is None:
            raise together(WrongPassword(), weak)
        if weak is not None:
            with transaction.atomic():
                right.undo()
            raise weak
        new_hash = hashed(new)
        with counted(actor, always=True):
            if session is None:
                lock_actor(actor)
            locked = lock_user(user, session)
            if locked.security_stamp != user.security_stamp:
                raise WrongPassword  # the password may have changed since the check
            store(locked, new_hash)
            if session is not None:
                session.renew(locked)
            record(Event.PASSWORD_CHANGED, actor=actor, subject=subject_of(user), user=user)
            outbox.notify(locked, "password_changed", actor=actor)
            right.succeeded()


def store(user: User, new_hash: str) -> None:
    user.password = new_hash
    user.rotate_stamp()
    user.save(update_fields=["password", "security_stamp"])


def request_reset(email: str, *, actor: Actor) -> None:
    """Mail a reset link to the confirmed address of an account. Tells the caller nothing, not even a limit.

    Earlier links go on working. An unknown address takes the same steps, with a mail to nobody: time and
    response are the same.
    """
    user = User.objects.by_confirmed_email(email).filter(is_active=True).first()
    reader = user or User(security_stamp="")  # the default is random: no two requests would count together
    links = crypto.digest(f"{login_key(email)}\n{RESET.state(reader)}", "reset")
    try:
        limits.reserve(
            (RESETS_OF_ACCOUNT, links),
            *RESETS_OF_ACCOUNT_BY_NETWORK.claims(actor, links),
            *resets_from(user, actor),
        )
    except RateLimited:
        return
    with transaction.atomic():
        subject = subject_of(user) if user else "user"
        record(Event.PASSWORD_RESET_REQUESTED, actor=actor, subject=subject, user=user)
        outbox.notify_address(
            reader.email,  # the stored address, never the typed one
            "reset_password",
            lifetime=RESET.lifetime,
            user=reader,
            actor=actor,
            token=RESET.token_for(reader),
        )


def resets_from(user: User | None, actor: Actor) -> list[Claim]:
    """Return the claims of the source. Its known browsers belong to people who have signed in to it (R5)."""
    if user is not None and actor.browser.is_current(user):
        return [(RESETS_BY_BROWSERS, guesses.account_key(user))]
    return RESETS_BY_NETWORK.claims(actor)


def state_for_reset(user: User) -> str:
    """Return the state for reset links: the address that they go to, and the stamp (D42).

    They die on use, on a new password and on a new address. A newer link and a sign-in leave them alone: else
    a stranger who asks for links, or an intruder who signs in, takes away the one that the owner needs (D37).
    So the hash is no part of it, which a sign-in may upgrade: a new password has a new stamp.
    """
    return f"{user.email}\n{user.email_confirmed_at}\n{user.security_stamp}"


RESET = Link("reset-password", timedelta(hours=1), state_for_reset, active_users)


def reset(token: str, new: str, *, actor: Actor) -> User:
    """Set a new password with a link; return the user. Ends all sessions and links, keeps two-factor, signs
    nobody in (R53).

    It works where nobody is signed in, or the user. Raises LinkOfAnother, LinkInvalid, WeakPassword,
    RateLimited, Overloaded, AccountGone.
    """
    check_reader(token, actor.user)
    user = RESET.redeem(token, actor=actor)
    ensure_acceptable(new, user)
    new_hash = hashed(new)
    with transaction.atomic():
        locked: User = User.objects.lock(user.pk)
        RESET.check(token, locked)
        store(locked, new_hash)
        record(Event.PASSWORD_RESET, actor=actor, subject=subject_of(user), user=user)
        outbox.notify(locked, "password_changed", actor=actor)
    return locked
