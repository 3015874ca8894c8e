"""Render mails.

Each mail has one subject and one text (`templates/email/<name>.subject.txt`, `<name>.txt`). `layout.txt` and
`layout.html` both show that text, so the plain and the HTML part can't differ.
"""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.audit import Actor, strip_control_characters, user_agents
from accounts.models import User
from accounts.typed.characters import visible

LONGEST_SUBJECT = 77  # characters: RFC 5322 would have lines shorter than 79
NAMES_IN_SUBJECTS = ("organization_name", "names", "person", "place")
NAMES_CUT_TO = (LONGEST_SUBJECT, 24, 16, 10)  # characters, one after the other until the subject fits


@dataclass(frozen=True)
class Mail:
    address: str
    subject: str
    text: str
    html: str


def render(name: str, address: str, context: dict[str, Any]) -> Mail:
    """Render a mail.

    `held` in the context says how many mails it stands for, if it had to wait, and `earlier` has the times
    before this one (`time_of`), as many as are known. Times are in the zone of the `user` in the context.
    """
    with translation.override(settings.LANGUAGE_CODE), timezone.override(zone_in(context)):
        context = site() | {"when": timezone.now()} | context
        context["more"] = context.get("held", 0) - 1
        subject = subject_of(name, context)
        context["buttons"] = []  # what `button` in the text adds (accounts/templatetags/mails.py)
        body = body_of(name, context)
        context["by"] = plain("includes/by.txt", context).strip()
        context["preheader"] = " ".join(body.partition("\n\n")[0].split())
        context["earlier"] = [listed(time, body) for time in context.get("earlier", ())]
        context["unlisted"] = context["more"] - len(context["earlier"])
        context["subject"] = subject
        context["body"] = f"{body}\n\n{plain('includes/held.txt', context)}".strip()
        return Mail(
            address=address,
            subject=context["subject"],
            text=plain("layout.txt", context).strip() + "\n",
            html=render_to_string("email/layout.html", context),
        )


def subject_of(name: str, context: dict[str, Any]) -> str:
    """Return the subject: one line of LONGEST_SUBJECT at most.

    Names are cut before the words that say what happened, and those before the number of further mails.
    """
    counted = one_line("includes/more.txt", context)
    room = LONGEST_SUBJECT - len(counted) - bool(counted)
    said = ""
    for longest in NAMES_CUT_TO:
        named = {key: cut(str(context[key]), longest) for key in NAMES_IN_SUBJECTS if context.get(key)}
        said = one_line(f"{name}.subject.txt", context | named)
        if len(said) <= room:
            break
    return f"{cut(said, room)} {counted}".strip()


def one_line(template: str, context: dict[str, Any]) -> str:
    """Return a text without line breaks and what is invisible: a header has one line."""
    return strip_control_characters(" ".join(visible(plain(template, context)).split()))


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip(" ,") + "…"


def body_of(name: str, context: dict[str, Any]) -> str:
    """Return the text of a mail, without what is around it, and without the times before it."""
    return re.sub(r"\n{3,}", "\n\n", plain(f"{name}.txt", {"buttons": []} | context).strip())


def time_of(name: str, context: dict[str, Any]) -> dict[str, Any]:
    """Return what a later mail of the same kind tells of this time, if this one has to wait; as JSON."""
    now = timezone.now()
    with translation.override(settings.LANGUAGE_CODE), timezone.override(zone_in(context)):
        said = body_of(name, site() | {"when": now} | context)
    return {"when": now.isoformat(), "actor": context.get("actor"), "said": said}


def listed(time: dict[str, Any], body: str) -> dict[str, Any]:
    """Return an earlier time, with what its mail would have said and this one does not."""
    said = [part for part in time["said"].split("\n\n") if part not in body.split("\n\n")]
    return time | {
        "when": datetime.fromisoformat(time["when"]),
        "said": " ".join(" ".join(said).split()),
    }


def plain(template: str, context: dict[str, Any]) -> str:
    """Render a plain text template, without escaping."""
    page = Engine.get_default().get_template(f"email/{template}")
    return page.render(Context(context, autoescape=False))


def zone_in(context: dict[str, Any]) -> tzinfo:
    """Return the time zone of the reader; the site's where the reader is not known yet, or has no account."""
    reader = context.get("user")
    return reader.zone if isinstance(reader, User) else timezone.get_default_timezone()


def site() -> dict[str, Any]:
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "support_email": settings.SUPPORT_EMAIL,
    }


def circumstances(actor: Actor, user: User | None = None) -> dict[str, str]:
    """Return who acted and from where, for a mail to `user`.

    Do not reveal the address and browser of anyone else, such as an administrator or an owner.
    """
    if actor.door == "command":
        return {"by": "server"}
    if actor.user and (user is None or actor.user.pk != user.pk):
        return {"by": "admin"} if actor.door == "admin" else {"by": "user", "name": actor.user.username}
    return {"by": "you", "ip": actor.ip or "", "browser": user_agents.describe(actor.user_agent)}
