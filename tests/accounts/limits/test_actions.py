"""Every action is bounded that is recorded or mailed."""

import ast
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from accounts.limits import successes
from accounts.models import AuditEvent, OutboxMessage, RateLimit, Session
from tests.api.clients import api_client, document
from tests.support.guessing import actor_in
from tests.support.mails import link_in
from tests.support.organizations import found
from tests.support.people import PASSWORD, enrol, make_user, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "an entirely different sentence"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def cheap_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# ---------------------------------------------------------------- actions


def use_up_actions(key, left=0):
    """As if so many things had been done in the last hour: to do them takes a minute."""
    limit, seconds = successes.ACTIONS.windows[0]
    RateLimit.objects.update_or_create(
        key=f"{successes.ACTIONS.name}:{key}:{seconds}",
        defaults={"count": limit - left, "resets_at": timezone.now() + timedelta(seconds=seconds)},
    )


def key_of(client, user):
    """The key of the browser's budget, read from what an action of it has counted."""
    RateLimit.objects.filter(key__startswith="action:").delete()
    client.post("/app/settings/sessions/end-others")
    own = RateLimit.objects.filter(key__startswith="action:user:", key__endswith=":3600")
    [key] = own.values_list("key", flat=True)
    return re.fullmatch(r"action:(.*):3600", key)[1]


TWO_FACTOR = "/app/settings/two-factor"
DOORS = [
    (f"{TWO_FACTOR}/reveal-codes", {}),
    (f"{TWO_FACTOR}/renew-codes", {}),
    (f"{TWO_FACTOR}/app/replace", {}),
    ("/app/settings/profile/email", {"email": "alice@example.com"}),
    ("/app/settings/profile/email", {"email": "new@example.com"}),
    ("/app/settings/tokens/create", {"description": "x", "expires": "30"}),
    ("/app/organizations/new", {"name": "another", "email": "x@example.com"}),
    ("/app/acme/settings/general", {"email": "x@example.com"}),
    ("/app/acme/settings/authentication/require-two-factor", {}),
    ("/app/acme/settings/authentication/user-sessions", {"session_timeout": "90"}),
    ("/app/acme/settings/users/add", {"username": "bob"}),
    ("/app/acme/settings/authentication-tokens/organization/create", {"expires": "30"}),
]


@pytest.mark.parametrize(("path", "fields"), DOORS, ids=[path for path, _fields in DOORS])
def test_sf5_every_action_of_a_person_is_bounded(alice, bob, path, fields):
    client = sign_in(alice, enrol(alice))
    found("acme", alice)
    use_up_actions(key_of(client, alice))
    events, mails = AuditEvent.objects.count(), OutboxMessage.objects.count()

    response = client.post(path, fields, follow=True)

    assert "You have made too many changes. Try again in about 1 hour, at " in response.content.decode(), (
        response.status_code
    )
    assert AuditEvent.objects.count() == events
    assert OutboxMessage.objects.count() == mails


def test_sf5_one_account_acts_no_more_often_by_way_of_many_known_browsers(clock, alice):
    contact = {"email": "alice@example.com"}
    known = sign_in(alice)
    assert known.post("/app/settings/profile/email", contact).status_code == 302
    limit, seconds = successes.ACTIONS_IN_ALL_BROWSERS.windows[0]
    together = RateLimit.objects.filter(key__startswith="action:browsers:", key__endswith=f":{seconds}")
    assert together.update(count=limit - 1) == 1  # as if other known browsers had done the rest

    other = sign_in(alice)
    assert other.post("/app/settings/profile/email", contact).status_code == 302
    assert [one.post("/app/settings/profile/email", contact).status_code for one in (known, other)] == [
        429
    ] * 2
    assert other.post("/app/settings/sessions/end-others").status_code == 302  # what takes power away
    clock.shift(3600)
    Session.objects.update(proved_at=timezone.now())
    assert other.post("/app/settings/profile/email", contact).status_code == 302


def test_sf5_the_last_action_that_is_left_is_taken_and_an_hour_later_there_are_more(clock, alice):
    client = sign_in(alice)
    use_up_actions(key_of(client, alice), left=1)

    contact = {"email": "alice@example.com"}
    assert client.post("/app/settings/profile/email", contact).status_code == 302
    assert client.post("/app/settings/profile/email", contact).status_code == 429
    clock.shift(3600)
    Session.objects.update(proved_at=timezone.now())
    assert client.post("/app/settings/profile/email", contact).status_code == 302


def test_sf5_what_is_refused_by_a_rule_costs_nothing_of_it(alice):
    client = sign_in(alice)
    key = key_of(client, alice)
    before = RateLimit.objects.get(key=f"action:{key}:3600").count

    client.post(f"{TWO_FACTOR}/renew-codes")  # two-factor is off

    assert RateLimit.objects.get(key=f"action:{key}:3600").count == before


def test_sf5_a_token_that_has_used_up_its_actions_can_still_be_revoked(alice):
    client = sign_in(alice)
    program = api_client(alice)
    use_up_actions(f"user:{alice.pk}:programs")
    tokens = f"/users/{program.get('/account/details').json()['data']['id']}/authentication-tokens"

    refused = program.post(tokens, document("authentication-tokens", description="x"))
    assert "You have made too many changes." in refused.json()["errors"][0]["detail"]

    token = alice.api_tokens.first()
    assert client.post(f"/app/settings/tokens/{token.pk}/revoke")["Location"] == "/app/settings/tokens"
    assert not alice.api_tokens.filter(pk=token.pk).exists()


def test_sf5_a_stolen_session_cannot_keep_the_owner_from_ending_it(alice):
    own = sign_in(alice)
    thief = Client()
    thief.cookies["session"] = sign_in(alice).cookies["session"].value  # and no known browser
    use_up_actions(key_of(thief, alice))

    contact = {"email": "alice@example.com"}
    assert thief.post("/app/settings/profile/email", contact).status_code == 429
    assert own.post("/app/settings/profile/email", contact).status_code == 302


def test_sf5_whoever_has_stolen_all_cookies_cannot_keep_the_owner_from_ending_what_he_has(alice, bob):
    """He uses the budget up, and goes on to use it up. What only takes power away is never refused."""
    app = enrol(alice)
    own = sign_in(alice, app)
    found("theirs", bob, owners=[alice])
    organization = found("acme", alice, owners=[bob])
    own.post("/app/acme/settings/authentication-tokens/organization/create", {"expires": "30"})
    own.post("/app/settings/tokens/create", {"description": "x", "expires": "30"})
    own.post(f"{TWO_FACTOR}/app/replace")
    sign_in(alice, app)
    [token] = alice.api_tokens.all()
    membership = organization.memberships.get(user=bob)
    use_up_actions(key_of(own, alice))
    sign_in(alice, app)  # the stolen session, say
    pages = [
        (f"/app/settings/tokens/{token.pk}/revoke", {}),
        ("/app/settings/sessions/end-others", {}),
        (f"{TWO_FACTOR}/cancel", {}),
        ("/app/acme/settings/authentication-tokens/organization/delete", {}),
        (f"/app/acme/settings/users/{membership.pk}/remove", {}),
        ("/app/theirs/leave", {}),
        (f"{TWO_FACTOR}/disable", {"password": PASSWORD}),
        ("/app/settings/password", {"password": PASSWORD, "new_password": NEW}),
    ]

    before = AuditEvent.objects.count()
    assert [(path, own.post(path, fields).status_code) for path, fields in pages] == [
        (path, 302) for path, _fields in pages
    ]
    assert AuditEvent.objects.count() - before >= len(pages) - 1
    assert own.post("/app/settings/profile/email", {"email": "alice@example.com"}).status_code == 429


def test_sf5_a_reset_link_gives_the_browser_budgets_that_nobody_has_used(alice, bob, mailoutbox):
    own = sign_in(alice)
    sign_in(bob, client=own)
    use_up_actions(f"user:{alice.pk}:{actor_in(own).browser.key}")
    own.post("/session/logout")
    own.post("/account/password/forgot", {"email": alice.email})
    own.get(link_in(mailoutbox[-1], "/account/password/reset/"))
    own.post("/account/password/reset", {"new_password": NEW})

    assert not actor_in(own).browser.is_current(bob)  # or one's own link would begin his budget anew
    assert post_password(own, alice, NEW).status_code == 302
    assert own.post("/app/settings/profile/email", {"email": "alice@example.com"}).status_code == 302


def test_sf5_what_one_owner_does_is_not_counted_for_another(alice):
    other = make_user("other")
    found("acme", alice, owners=[other])
    use_up_actions(key_of(sign_in(alice), alice))
    client = sign_in(other)

    assert client.post("/app/acme/settings/general", {"email": "x@example.com"}).status_code == 302


# ---------------------------------------------------------------- the kind


# What is recorded without `acting` or `counted`, and what bounds it instead.
BOUNDED_OTHERWISE = {
    "accounts.audit.retention": "a command",
    "accounts.crypto.rotation": "a command",
    "accounts.factors.sms.news": "texts, which have budgets, and the verbs of the admin site",
    "accounts.factors.challenges": "the budgets of texts, and those of guesses",
    "accounts.login.proofs": "each code works once; the password has its budget",
    "accounts.login.sign_in": "the budget of right passwords",
    "accounts.sessions.caps": "once for each sign-in",
    "accounts.sessions.remembered.remember": "once for each sign-in",
    "accounts.tokens.exposure": "once a day for each token",
    "accounts.users.administration.set_password": "a command",
    "accounts.users.passwords": "the budgets of passwords and of reset links",
    "accounts.users.proved_addresses": "the budget of sign-ups",
    "accounts.users.registration": "the budget of sign-ups; an account is deleted once",
    "organizations.members.account_changes.leave_everything": "an account is deleted once",
    "organizations.members.deactivation.hand_over": "administration.deactivate, which is counted",
    "organizations.members.left_behind.revoke": "its callers: each ends something, once",
    "organizations.members.succession.promote": "its callers: verbs that are counted, and hand_over above",
    "organizations.evidence.exporting": "the budget of exports",
    "organizations.members.batches.halt": "its callers: each list is stopped once",
    "organizations.policy.schedule.take_effect_in": "run_due_work, once a day at most for each date",
    "organizations.policy.two_factor.record_policy": "change_policy, which is counted, and write_due",
    "organizations.policy.two_factor.write_due": "once for each date",
    "organizations.tokens.tell_owners_of_exposure": "once a day for each token",
}


BEGINNINGS = {"acting", "counted"}


@dataclass(frozen=True)
class Function:
    app: str
    module: str
    name: str
    calls: frozenset[str]
    is_always: bool

    @property
    def begins_counted(self):
        return bool(self.calls & BEGINNINGS)

    @property
    def is_excused(self):
        return bool({self.module, f"{self.module}.{self.name}"} & BOUNDED_OTHERWISE.keys())


def functions_of(app):
    for path in sorted((ROOT / app).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                called = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
                names = {getattr(one, "id", getattr(one, "attr", "")) for one in called}
                is_always = any(
                    getattr(call.func, "id", "") in BEGINNINGS
                    and any(given.arg == "always" and is_true(given.value) for given in call.keywords)
                    for call in ast.walk(node)
                    if isinstance(call, ast.Call)
                )
                yield Function(app, module, node.name, frozenset(names), is_always)


def is_true(value):
    return isinstance(value, ast.Constant) and value.value is True


def is_counted(function, functions, seen=()):
    """Whether it begins with the count, or everybody who calls it does."""
    if function.begins_counted:
        return True
    callers = [
        one
        for one in functions
        if function.name in one.calls and one.app == function.app and one.name not in (function.name, *seen)
    ]
    return bool(callers) and all(is_counted(one, functions, (*seen, function.name)) for one in callers)


@pytest.mark.parametrize("app", ["accounts", "organizations"])
def test_sf5_whatever_is_recorded_is_counted_for_the_one_who_acts(app):
    """A new verb that begins with neither `acting` nor `counted` fails here."""
    functions = list(functions_of(app))
    recording = [one for one in functions if "record" in one.calls and one.name != "record"]

    assert len(recording) > 10
    assert [
        f"{one.module}.{one.name}"
        for one in recording
        if not one.is_excused and not is_counted(one, functions)
    ] == []


# What only takes power away: no budget of actions keeps its owner from it.
NEVER_REFUSED = [
    "accounts.sessions.ending.end_elsewhere",
    "accounts.sessions.remembered.forget",
    "accounts.tokens.issuing.revoke",
    "accounts.two_factor.enrolment.cancel_enrolment",
    "accounts.two_factor.removal.disable_once",
    "accounts.two_factor.removal.remove_once",
    "accounts.users.administration.deactivate",
    "accounts.users.passwords.change",
    "accounts.users.site_invitations.withdraw",
    "organizations.members.batches.stop",
    "organizations.members.invitations.decline",
    "organizations.members.memberships.leave",
    "organizations.members.memberships.remove",
    "organizations.members.memberships.unmake_owner",
    "organizations.members.memberships.unmake_owners",
    "organizations.tokens.revoke",
]


def test_sf5_these_verbs_are_never_refused_by_the_budget_of_actions_and_no_others():
    functions = [one for app in ("accounts", "organizations") for one in functions_of(app)]

    assert sorted(f"{one.module}.{one.name}" for one in functions if one.is_always) == NEVER_REFUSED
