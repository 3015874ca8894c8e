"""The tables of a person's sessions, remembered browsers and API tokens. They are only looked at here."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.audit import user_agents
from accounts.factors.methods import label_of
from accounts.models import ApiToken, User
from accounts.sessions import overview, remembered
from accounts.sessions.caps import MOST_SESSIONS
from accounts.web.admin_parts import NOTHING, Table, Text, at
from accounts.web.read_only_admin import may_see_events

MOST_TOKENS = 100


def sessions_table(user: User, request: HttpRequest) -> Table:
    """Return where somebody is signed in; addresses only for those who may see audit events."""
    private = may_see_events(request)
    columns = [
        _("Browser"),
        _("Signed in"),
        _("Last used"),
        _("Method"),
        *([_("Address")] if private else []),
    ]
    rows = [
        [
            user_agents.describe(row.user_agent),
            at(row.created_at),
            at(row.last_used_at),
            label_of(row.method),
            *([row.ip or NOTHING] if private else []),
        ]
        for row in overview.valid_sessions(user, most=MOST_SESSIONS)
    ]
    note = _("To end all sessions, deactivate the account, or ask the person to set a new password.")
    empty = _("%(name)s isn't signed in anywhere.") % {"name": user.username}
    return Table(_("Signed in"), columns, rows, empty, note if rows else "")


def remembered_table(user: User, request: HttpRequest) -> Table:
    """Return the browsers that skip the code, in the same way."""
    private = may_see_events(request)
    columns = [
        _("Browser"),
        _("Remembered"),
        _("Last used"),
        _("Until"),
        *([_("Address")] if private else []),
    ]
    rows = [
        [
            user_agents.describe(row.user_agent),
            at(row.created_at),
            at(row.last_used_at),
            at(remembered.ends_at(row)),
            *([row.ip or NOTHING] if private else []),
        ]
        for row in remembered.remembered_browsers(user)
    ]
    return Table(_("Remembered browsers"), columns, rows, _("No browser is remembered."))


def tokens_table(user: User) -> Table:
    """Return the newest API tokens of a user, without what they are for: only their owner sees that."""
    columns = [_("ID"), _("Created"), _("Last used"), _("Expires"), _("Created with")]
    found = list(ApiToken.objects.filter(owner=user).order_by("-pk")[: MOST_TOKENS + 1])
    rows = [
        [
            row.public_id,
            at(row.created_at),
            at(row.last_used_at, _("Never")),
            expiry(row),
            label_of(row.method),
        ]
        for row in found[:MOST_TOKENS]
    ]
    empty = _("%(name)s has no API tokens.") % {"name": user.username}
    cut = _("The newest %(n)s.") % {"n": MOST_TOKENS} if len(found) > MOST_TOKENS else ""
    return Table(_("API tokens"), columns, rows, empty, cut)


def expiry(token: ApiToken) -> Text:
    if token.is_expired:
        return _("Expired %(time)s") % {"time": at(token.expires_at)}
    return at(token.expires_at, _("Never"))
