"""What an event says: its sentence, what it is about, and details. Its reader is the person concerned.

Names and data are text: events outlive what they name. An event of a former release may have fewer data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """The sentence of an event, the name of what it is about ("" if that is the reader), and details."""

    sentence: str
    about: str = ""
    details: tuple[str, ...] = ()


def of_account(event: str, sentence: str, data: Data) -> Said:
    """Describe an event of an account. `sentence` is that of the kind of event."""
    if event == "email.change_requested" and data.get("withdrawn"):
        sentence = _("Cancelled the change of the email address")
    if event == "account.created" and data.get("superuser"):
        sentence = _("Created the account, as a superuser")
    if event in TO_ADDRESSES and "email" in data:
        sentence = str(TO_ADDRESSES[event]) % {"address": data["email"]}
    details = [words for name, words_of in DETAILS.items() if name in data and (words := words_of(data))]
    return Said(sentence, about=token_in(data), details=tuple(details))


def token_in(data: Data) -> str:
    """Return the description of the token that an event is about, or its id; "" if it is about no token."""
    token = next((data[name] for name in ("made", "revoked", "sent") if name in data), "")
    return str(data.get("description") or token)


def purpose(data: Data) -> str:
    return {
        "login": _("while signing in"),
        "sudo": _("while confirming that it was you"),
        "enrolment": _("while setting it up"),
    }.get(data["purpose"], "")


def number(data: Data) -> str:
    """Return how many sessions or browsers an event ended."""
    many = data["number"]
    return ngettext("%(n)s browser", "%(n)s browsers", many) % {"n": many}


def reason(data: Data) -> str:
    """Return the reason that an administrator gave: the person had it by mail, too."""
    return _("Reason: %(text)s") % {"text": data["reason"]} if data["reason"] else ""


def rights(data: Data) -> str:
    new = data["new"]
    if new.get("superuser"):
        return _("now a superuser")
    return _("now staff") if new.get("staff") else _("now no rights")


# Invitations to an address: who sent or withdrew them reads it.
TO_ADDRESSES = {
    "site_invitation.sent": gettext_lazy("Invited %(address)s to create an account"),
    "site_invitation.withdrawn": gettext_lazy("Withdrew the invitation for %(address)s to create an account"),
}
DETAILS: dict[str, Callable[[Data], str]] = {
    "purpose": purpose,
    "zone": lambda data: data["zone"].replace("_", " ") or _("the time zone of this site"),
    "number": number,
    "new": rights,
    "reason": reason,
}
