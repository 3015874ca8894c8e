"""What a site admin has to know first about a person who asks for help: the state of the account."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import factors, limits
from accounts.audit import user_agents
from accounts.audit.activity import last_sign_in
from accounts.factors.base import BACKUP_CODES, MOST_FAILURES, SIX_DIGIT_CODES
from accounts.factors.methods import label_of
from accounts.limits.guesses import BY_ACCOUNT, account_key
from accounts.models import User
from accounts.users import support
from accounts.users.rights import Rights
from accounts.web.admin_parts import BAD, GOOD, WARN, Fact, at
from accounts.web.read_only_admin import may_see_events


def facts_about(user: User, request: HttpRequest) -> list[Fact]:
    """Return the state of an account, line by line. What others add to it comes before the rights."""
    found = [account(user), address(user), *two_factor(user), locks(user), sign_in(user, request)]
    for others in support.facts.values():
        found += others(user, request)
    return [*found, rights(user), time_zone(user)]


def account(user: User) -> Fact:
    since = _("Joined %(time)s") % {"time": at(user.date_joined)}
    if user.is_active:
        return Fact(_("Account"), [_("Active"), since], GOOD)
    return Fact(_("Account"), [_("Deactivated"), _("Nobody can sign in to it."), since], BAD)


def address(user: User) -> Fact:
    if user.email_confirmed:
        lines, mark = [_("Confirmed %(time)s") % {"time": at(user.email_confirmed_at)}], ""
    else:
        lines, mark = [_("Not confirmed")], WARN
    if user.unconfirmed_email:
        lines.append(_("Waiting for confirmation: %(address)s") % {"address": user.unconfirmed_email})
    return Fact(_("Email address"), [user.email, *lines], mark)


def two_factor(user: User) -> Iterator[Fact]:
    label = _("Two-factor authentication")
    if not user.is_enrolled:
        lines = [_("Off")]
        if user.two_factor_forced_off_at:
            lines.append(_("Forced off %(time)s") % {"time": at(user.two_factor_forced_off_at)})
        yield Fact(label, lines, WARN)
        return
    methods = factors.methods_of(user)
    names = ", ".join(str(factor.label) for factor in [*methods.working, *methods.set_aside])
    yield Fact(
        label,
        [
            _("On since %(time)s") % {"time": at(user.two_factor_enabled_at)},
            _("Methods: %(names)s") % {"names": names},
        ],
        GOOD,
    )
    if methods.set_aside:
        words = {"names": ", ".join(str(factor.label) for factor in methods.set_aside), "n": MOST_FAILURES}
        yield Fact(
            _("Out of use"),
            [
                _("%(names)s: out of use after %(n)s wrong codes") % words,
                _("The person can sign in with another method or a recovery code, then replace it."),
            ],
            BAD,
        )


def locks(user: User) -> Fact:
    """Say what is closed after too many attempts, and until when: that passes by itself."""
    key = account_key(user)
    names = {
        BY_ACCOUNT.name: _("Wrong passwords: no more attempts until %(time)s"),
        SIX_DIGIT_CODES.unknown_browsers.name: _("Wrong codes: no more attempts until %(time)s"),
        SIX_DIGIT_CODES.known_browsers.name: _(
            "Wrong codes in browsers used before: no more attempts until %(time)s"
        ),
        BACKUP_CODES.unknown_browsers.name: _("Wrong recovery codes: no more attempts until %(time)s"),
    }
    budgets = [
        BY_ACCOUNT,
        SIX_DIGIT_CODES.unknown_browsers,
        SIX_DIGIT_CODES.known_browsers,
        BACKUP_CODES.unknown_browsers,
    ]
    closed = limits.closed_until(*((budget, key) for budget in budgets))
    lines = [names[name] % {"time": at(until)} for name, until in closed.items()]
    if not lines:
        return Fact(_("Sign-in attempts"), [_("Not limited")])
    note = _("Browsers that the person has signed in from before are counted separately.")
    return Fact(_("Sign-in attempts"), [*lines, note], BAD)


def sign_in(user: User, request: HttpRequest) -> Fact:
    event = last_sign_in(user)
    if event is None:
        return Fact(_("Last sign-in"), [_("None on record")])
    method = _("With: %(method)s") % {"method": label_of(event.data.get("method", ""))}
    lines = [at(event.created_at), method]
    if may_see_events(request):
        where = {"browser": user_agents.describe(event.user_agent), "ip": event.ip or _("an unknown address")}
        lines.append(_("From %(ip)s, %(browser)s") % where)
    return Fact(_("Last sign-in"), lines)


def rights(user: User) -> Fact:
    return Fact(_("Rights"), Rights.of(user).in_words())


def time_zone(user: User) -> Fact:
    return Fact(_("Time zone"), [user.time_zone or _("Site default")])
