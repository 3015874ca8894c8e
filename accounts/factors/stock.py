"""How many backup codes somebody has left."""

from accounts import factors
from accounts.models import Session, User


def codes_left(user: User, session: Session | None, *, changed: bool) -> int:
    """Return the number of unused backup codes.

    It is read with the session, unless this request may have `changed` it, or another factor keeps the codes.
    """
    read = {} if session is None else vars(session)
    if changed or "backup_codes_left" not in read:
        return factors.remaining(user)
    return read["backup_codes_left"] or 0
