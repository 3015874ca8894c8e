"""News to people, by mail. Called inside the verb's transaction: there is no news without its fact."""

from datetime import timedelta
from typing import Any

from accounts import outbox
from accounts.audit import Actor
from accounts.mails import circumstances, render
from accounts.models import User


def notify(user: User, name: str, /, **context: Any) -> None:
    """Tell a user. An address that was never confirmed may be a stranger's: it gets no news."""
    if user.email_confirmed:
        notify_address(user.email, name, user=user, **context)


def notify_address(
    address: str, name: str, /, *, lifetime: timedelta = outbox.LIFETIME, **context: Any
) -> None:
    """Write to an address. Nobody reads a mail to ""; it is rendered and stored all the same."""
    outbox.enqueue(render(name, address, simplified(context)), lifetime)


def broadcast(name: str, *, audience: str, key: str, **context: Any) -> None:
    """Tell many: everybody whom the audience (see outbox.audience) finds for this key."""
    outbox.enqueue_broadcast(name, simplified(context), audience=audience, key=key)


def simplified(context: dict[str, Any]) -> dict[str, Any]:
    """Replace the actor by what the reader of the mail may know of it."""
    actor = context.get("actor")
    if isinstance(actor, Actor):
        context["actor"] = circumstances(actor, context.get("user"))
    return context
