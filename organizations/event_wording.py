"""Say the details of events of organizations, from their data, for activity pages and the audit trail."""

from datetime import datetime

from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.audit.wording import Data
from accounts.web.durations import minutes_in_words
from accounts.web.times import in_full
from organizations.models import InvitationBatch

KINDS = {"owners": _("team token of the owners"), "organization": _("organization token")}


def contact(data: Data) -> str:
    if "email" not in data:
        return ""
    former = data.get("email_before") or gettext("none")
    return gettext("from %(former)s to %(new)s") % {"former": former, "new": data["email"]}


def lifetimes(data: Data) -> str:
    """Return how long sessions last since: without use, and since the sign-in; None is the site's limit."""
    if "after" not in data:
        return ""
    limits = zip(data["after"], (_("%(time)s of inactivity"), _("%(time)s after signing in")), strict=False)
    said = [str(words) % {"time": minutes_in_words(minutes)} for minutes, words in limits if minutes]
    return get_text_list(said, gettext("and")) or gettext("as on the rest of the site")


def members_reminded(data: Data) -> str:
    number = data.get("number", 0)
    return ngettext("%(n)s member", "%(n)s members", number) % {"n": number}


def kind(data: Data) -> str:
    return str(KINDS.get(data.get("kind", ""), ""))


def people_on_list(data: Data) -> str:
    number = data.get("people", 0)
    return ngettext("%(n)s person", "%(n)s people", number) % {"n": number}


def not_invited(data: Data) -> str:
    """Return how many people were not invited, and why the list was stopped."""
    number = data.get("people", 0)
    left = ngettext("%(n)s person wasn't invited", "%(n)s people weren't invited", number) % {"n": number}
    reason = data.get("reason", "")
    said = InvitationBatch.Reason(reason).label if reason in InvitationBatch.Reason.values else ""
    return f"{left}, {said}" if said else left


def narrowed(data: Data) -> str:
    """Return the format of an export, and what it was narrowed to."""
    only = [
        gettext("person: %(name)s") % {"name": data["person"]} if "person" in data else "",
        gettext("only: %(event)s") % {"event": data["only"]} if "only" in data else "",
        gettext("from %(day)s") % {"day": data["since"]} if "since" in data else "",
        gettext("to %(day)s") % {"day": data["until"]} if "until" in data else "",
    ]
    return ", ".join([data.get("format", "").upper(), *filter(None, only)])


def account(data: Data) -> str:
    return gettext("deleted their account") if data.get("account") == "deleted" else ""


def reason(data: Data) -> str:
    return gettext("Reason: %(text)s") % {"text": data["reason"]} if "reason" in data else ""


def methods(data: Data) -> str:
    return gettext("without text messages") if data.get("texts") is False else ""


def accepted(data: Data) -> str:
    return gettext("with text messages") if data.get("texts") else methods(data)


def counted(data: Data) -> str:
    """Return which methods counted in a list of those who have none."""
    return gettext("any method") if data.get("texts") else gettext("authenticator apps only")


def date(data: Data) -> str:
    """Return the date of a schedule, and which methods count, in the zone of the reader."""
    if "date" not in data:
        return ""
    at = datetime.fromisoformat(data["date"])
    return ", ".join(filter(None, [gettext("from %(date)s") % {"date": in_full(at)}, methods(data)]))


def export(data: Data) -> str:
    """Return what was exported: its format, and once it is whole, its rows and its digest."""
    form = str(data.get("format", "")).upper()
    if "sha256" not in data:
        return form
    words = gettext("%(format)s, rows: %(rows)s, SHA-256: %(digest)s")
    return words % {"format": form, "rows": data.get("rows"), "digest": data["sha256"]}
