"""Choose the time zone in which a person is told times."""

from accounts.audit import Actor, Event, record, subject_of
from accounts.models import User
from accounts.sessions.locks import acting, lock_acting_user


def change_time_zone(user: User, name: str, *, actor: Actor) -> bool:
    """Store a time zone, "" for the site's; return False if it was that already.

    Raises RateLimited, SessionEnded, AccountGone.
    """
    with acting(actor):
        locked = lock_acting_user(user)
        if locked.time_zone == name:
            return False
        locked.time_zone = name
        locked.save(update_fields=["time_zone"])
        record(Event.TIME_ZONE_CHANGED, actor=actor, subject=subject_of(user), user=user, zone=name)
    return True
