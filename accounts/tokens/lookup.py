"""Find the token that a program sent.

Applications register lookups for their tokens. Wrong tokens are counted by network. After too many of them,
whatever this site has not made is refused without a statement; valid tokens from the same network are still
accepted (AP-11).
"""

import logging
import math
import time
from collections.abc import Callable

from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.database.prepared import Prepared
from accounts.exceptions import RateLimited, TooFast
from accounts.limits import BySource, Told
from accounts.limits.sources import sources_of
from accounts.limits.throttle import networks_of, throttle
from accounts.models import ApiToken, BearerToken, hash_of_token
from accounts.plugins import Registry
from accounts.sessions.lifetimes import LAST_USED_RESOLUTION
from accounts.tokens.shape import is_made_here, is_well_shaped

logger = logging.getLogger(__name__)

WINDOW = 300  # seconds
WRONG_TOKENS = BySource(
    "token:address",
    (100, WINDOW),
    told=Told(
        gettext_lazy("There were too many requests with invalid tokens from your network."),
        gettext_lazy(
            "Valid tokens still work, unless they are very old. Check your token, or generate a new one on "
            "the Tokens page."
        ),
    ),
)
MOST_NETWORKS = 10_000  # in memory; when reached, all are forgotten

# Networks whose budget is used up, and until when (monotonic seconds): what the limiter told this process.
closed: dict[str, float] = {}

# Returns the valid token with this hash and its holder, or None, in one statement.
Lookup = Callable[[str], BearerToken | None]
lookups: Registry[Lookup] = Registry()

OF_USER = Prepared(lambda token_hash: ApiToken.objects.select_related("owner").filter(token_hash=token_hash))


def token_of_user(token_hash: str) -> BearerToken | None:
    token = OF_USER.first(token_hash=token_hash)
    if token is None or token.is_expired or not token.owner.is_active:
        return None
    token.owner.session_verified = token.counts_as_verified
    token.owner.session_method = token.method
    return token


def find_token(text: str, *, actor: Actor) -> BearerToken | None:
    """Return the valid token with this secret, or None, and note its use. Raises RateLimited as `look_up`."""
    token = look_up(text, actor=actor)
    if token is not None:
        note_use(token)
    return token


def look_up(text: str, *, actor: Actor) -> BearerToken | None:
    """Return the valid token with this secret, or None. Raises RateLimited after too many wrong ones."""
    remaining = closed.get(narrowest_of(actor), 0.0) - time.monotonic()
    if remaining > 0 and not is_made_here(text):
        raise limits.refusal_of(WRONG_TOKENS.told, math.ceil(remaining))
    if is_well_shaped(text):
        token_hash = hash_of_token(text)
        for lookup in lookups.values():
            if token := lookup(token_hash):
                return token
    # A flood of wrong tokens is refused before the limiter writes to the database.
    if throttle.take(networks_of(actor, "wrong:")).exceeded:
        raise TooFast
    count_wrong(actor)
    return None


def count_wrong(actor: Actor) -> None:
    """Count a wrong token. Raises RateLimited if there were too many, and remembers until when."""
    try:
        limits.reserve(*WRONG_TOKENS.claims(actor))
    except RateLimited as refusal:
        if len(closed) >= MOST_NETWORKS:
            closed.clear()
        closed[narrowest_of(actor)] = time.monotonic() + min(refusal.retry_after, WINDOW)
        raise


def narrowest_of(actor: Actor) -> str:
    return sources_of(actor)[0].key


def note_use(token: BearerToken) -> None:
    """Store when a token was last used, once a minute at most. If the write fails, log it and go on."""
    now, before = timezone.now(), token.last_used_at
    if before is not None and abs(now - before) < LAST_USED_RESOLUTION:
        return
    try:
        type(token)._default_manager.filter(pk=token.pk, last_used_at=before).update(last_used_at=now)
    except DatabaseError as error:
        logger.warning("The use of a token was not noted: %s", type(error).__name__)
