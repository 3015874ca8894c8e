"""Create and revoke tokens. expiry.py handles their expiry."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import limits, outbox
from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import RuleViolation
from accounts.limits import Budget, Told
from accounts.models import ApiToken, BearerToken, Session, User, hash_of_token, unexpired
from accounts.models.methods import UNKNOWN
from accounts.models.public_ids import public_id
from accounts.sessions.locks import acting, counted, lock_acting_user, lock_actor
from accounts.tokens.shape import new_token

MOST_TOKENS = 200  # of one user that have not expired
CREATIONS = Budget(
    "token:create",
    (120, 3600),
    (500, 86_400),
    told=Told(
        gettext_lazy("You have generated too many API tokens."),
        gettext_lazy(
            "Your existing tokens keep working. The Tokens page and programs are counted separately."
        ),
    ),
)
LONGEST_LIFE = timedelta(days=36_500)


class InvalidExpiry(RuleViolation):
    code = "invalid-expiry"
    message = gettext_lazy("The date must be in the future, and within a hundred years.")
    fields = ("expired-at",)


class OutlivesMaker(RuleViolation):
    code = "outlives-maker"
    message = gettext_lazy(
        "The token that you sent expires at %(end)s. A token that it creates can't expire later: ask for "
        "that time, for an earlier one, or for none."
    )
    fields = ("expired-at",)

    def __init__(self, end: datetime) -> None:
        super().__init__(end=end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


class TooManyTokens(RuleViolation):
    code = "too-many-tokens"
    message = gettext_lazy(
        "You have %(n)s working tokens, and can't have more. Revoke those that you no longer need, and try "
        "again."
    )

    def __init__(self) -> None:
        super().__init__(n=MOST_TOKENS)


def create(
    user: User, *, description: str, expires_at: datetime | None, verified: bool = False, actor: Actor
) -> tuple[ApiToken, str]:
    """Create a token; return it with its secret, which is never shown again.

    `verified` says that the session passed a second factor. A token that creates another passes on its own
    assurance and at most its own expiry (D6).

    Raises InvalidExpiry, OutlivesMaker, TooManyTokens, RateLimited, SessionEnded.
    """
    limits.reserve((CREATIONS, f"{user.pk}:{actor.source}"))
    with acting(actor) as session:
        locked = lock_acting_user(user)
        if locked.api_tokens.filter(unexpired()).count() >= MOST_TOKENS:
            raise TooManyTokens
        token = ApiToken(owner=locked, description=description)
        secret = issue(token, expires_at=expires_at, verified=verified, session=session, actor=actor)
        record(
            Event.TOKEN_CREATED,
            actor=actor,
            subject=subject_of(user),
            user=user,
            made=token.public_id,
            description=description,
        )
        outbox.notify(
            locked,
            "token_created",
            apart="by a program" if actor.token else "",
            actor=actor,
            description=description,
            expires_at=token.expires_at,
            by_token=actor.token is not None,
        )
    return token, secret


def issue(
    token: BearerToken,
    *,
    expires_at: datetime | None,
    verified: bool,
    session: Session | None,
    actor: Actor,
) -> str:
    """Give a new token of any kind a secret and save it; return the secret.

    The method behind it is that of the token that makes it, else that of `session`, which the caller has
    locked: nobody can say that it was another one (D45). Raises InvalidExpiry, OutlivesMaker.
    """
    maker = actor.token
    behind = maker or session
    if maker is not None:
        verified = maker.counts_as_verified
        if maker.expires_at is not None and (expires_at is None or expires_at > maker.expires_at):
            raise OutlivesMaker(maker.expires_at)
    if expires_at is not None and not timezone.now() < expires_at <= timezone.now() + LONGEST_LIFE:
        raise InvalidExpiry
    secret = new_token()
    token.token_hash = hash_of_token(secret)
    token.verified, token.expires_at = verified, expires_at
    token.method = behind.method if behind is not None else UNKNOWN
    token.created_by_id = actor.responsible_id
    token.created_by = str(actor).partition(":")[2]
    token.save()
    return secret


@dataclass(frozen=True)
class Expiry:
    at: datetime
    shortened: bool = False  # because the token that asks ends earlier


def usual_expiry(*, actor: Actor) -> Expiry:
    """Return when a token ends for which a program asks no expiry: after two years, as in Terraform Cloud.

    It ends with the token that makes it, if that is earlier.
    """
    usual = two_years_after(timezone.now())
    end = actor.token.expires_at if actor.token else None
    return Expiry(usual) if end is None or usual <= end else Expiry(end, shortened=True)


def two_years_after(moment: datetime) -> datetime:
    try:
        return moment.replace(year=moment.year + 2)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year + 2, month=3, day=1)


def of_user(user: User) -> QuerySet[ApiToken]:
    """Return the tokens of a user, newest first."""
    return user.api_tokens.order_by("-id")


def revoke(user: User, token_id: int, *, actor: Actor) -> ApiToken | None:
    """Revoke a token of this user; return it, or None if there is none with this id. Raises SessionEnded."""
    own = actor.token.pk if isinstance(actor.token, ApiToken) else None
    with counted(actor, always=True):
        if own is None:
            lock_actor(actor)  # sessions come before tokens, as in lock_sessions_and_tokens
        # Lock both in the order of ids: if two tokens revoke each other, one comes first.
        both = user.api_tokens.filter(Q(pk=token_id) | Q(pk=own))
        rows = both.order_by("pk").select_for_update(no_key=True)
        token = next((row for row in rows if row.pk == token_id), None)
        if own is not None:
            lock_actor(actor)
        if token is None:
            return None
        token.delete()
        record(
            Event.TOKEN_REVOKED,
            actor=actor,
            subject=subject_of(user),
            user=user,
            revoked=public_id("at", token_id),
            description=token.description,
        )
    return token
