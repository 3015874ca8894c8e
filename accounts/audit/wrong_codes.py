"""How many wrong codes were entered at sign-in that no right one has followed."""

from datetime import timedelta

from django.utils import timezone

from accounts.audit.actor import networks_of
from accounts.audit.events import Event
from accounts.database.append_only import SHORTEST_RETENTION
from accounts.models import AuditEvent, Session, User

LOOKED_AT = 100  # events
NEW_PASSWORD = (Event.PASSWORD_CHANGED, Event.PASSWORD_RESET)
AT_SIGN_IN = (Event.LOGIN_SUCCEEDED, Event.TWO_FACTOR_FAILED)
WITHOUT_CODE = ("password", Session.REMEMBERED)


def wrong_codes_without_a_right_one(user: User) -> int:
    """Return the wrong codes since the password was set, but for those that a right one made up for.

    A right code makes up for what was mistyped before at the same address, or in the same IPv6 /64, where
    machines change their addresses. It makes up for nothing elsewhere: somebody who knows the password does
    not stay unnoticed because the owner signs in now and then. It looks no further back than events are kept
    in any case.
    """
    since = timezone.now() - timedelta(days=SHORTEST_RETENTION)
    events = AuditEvent.objects.filter(
        user_id=user.pk, event__in=[*NEW_PASSWORD, *AT_SIGN_IN], created_at__gt=since
    )
    made_up_for: set[str] = set()  # networks
    wrong = 0
    for event in events.order_by("-pk")[:LOOKED_AT]:
        network = networks_of(event.ip)[0]
        if event.event in NEW_PASSWORD:
            break
        if event.event == Event.LOGIN_SUCCEEDED and event.data.get("method") not in WITHOUT_CODE:
            made_up_for.add(network)
        if event.event == Event.TWO_FACTOR_FAILED and event.data.get("purpose") == "login":
            wrong += network not in made_up_for
    return wrong
