"""What Activity says of each kind of event: what it is about, and nothing that its reader may not know."""

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor, Event, record
from accounts.audit.activity import ActivityEntry
from accounts.audit.events import enumerations
from accounts.models import AuditEvent
from accounts.tokens import issuing
from organizations import tokens as organization_tokens
from organizations.models import OrganizationToken
from tests.support.organizations import found
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

ACTIVITY = "/app/settings/activity"

# Kinds of events whose reader is all that they are about, and those of the site, which nobody reads there.
OF_THE_READER = {
    *("login.succeeded", "login.failed", "login.password_accepted", "login.ended", "sudo.granted"),
    *("browser.remembered", "backup_codes.renewed", "backup_codes.revealed", "two_factor.enabled"),
    *("two_factor.disabled", "two_factor.started", "two_factor.cancelled", "two_factor.replaced"),
    *("two_factor.added", "two_factor.removed", "two_factor.set_aside"),  # these have a method, see below
    *("password.failed", "password.changed", "password.reset_requested", "password.reset"),
    *("account.created", "account.deleted", "account.deactivated", "account.reactivated"),
    *("email.confirmation_sent", "email.confirmed", "email.changed", "email.change_requested"),
}
OF_THE_SITE = {"encryption_keys.rotation_started", "encryption_keys.rotated", "audit.retention_changed"} | {
    *("audit.events_purged", "audit.triggers_restored", "texts.paused", "texts.resumed")
}
ACME = "organization:acme"

# Of all others: subject, data, and what the page says in all.
SAID = {
    "session.ended": ("user:alice", {"number": 1}, "Ended a session in another browser|1 browser"),
    "session.others_ended": (
        "user:alice",
        {"number": 3},
        "Ended the sessions in all other browsers|3 browsers",
    ),
    "session.idle_ended": ("user:alice", {"number": 1}, "Signed out of the browsers *|1 browser"),
    "browser.forgotten": ("user:alice", {"number": 2}, "Forgot remembered browsers|2 browsers"),
    "browser.idle_forgotten": ("user:alice", {"number": 1}, "Forgot the remembered browsers *|1 browser"),
    "two_factor.challenged": ("user:alice", {"purpose": "sudo"}, "*|while confirming that it was you"),
    "two_factor.failed": (
        "user:alice",
        {"purpose": "login"},
        ("Entered a wrong two-factor code|while signing in"),
    ),
    "account.rights_changed": (
        "user:alice",
        {"new": {"staff": True, "superuser": False}, "reason": "new job"},
        "Rights on this site changed|now staff|Reason: new job",
    ),
    "account.time_zone_changed": ("user:alice", {"zone": "America/New_York"}, "*|America/New York"),
    "site_invitation.sent": (
        "site",
        {"email": "nina@example.com"},
        "Invited nina@example.com to create an account",
    ),
    "site_invitation.withdrawn": (
        "site",
        {"email": "nina@example.com"},
        "Withdrew the invitation for nina@example.com to create an account",
    ),
    "token.created": (
        "user:alice",
        {"made": "at-7", "description": "laptop"},
        ("Generated an API token: laptop"),
    ),
    "token.revoked": ("user:alice", {"revoked": "at-7", "description": ""}, "Revoked an API token: at-7"),
    "token.sent_in_clear": ("user:alice", {"sent": "at-7", "token": "at-7"}, "Sent an API token *: at-7"),
    "organization.created": (ACME, {}, "Created an organization: acme"),
    "organization.updated": (
        ACME,
        {"email_before": "a@acme.example", "email": "b@acme.example"},
        "Changed *: acme|from a@acme.example to b@acme.example",
    ),
    "organization.deleted": (ACME, {}, "Deleted an organization: acme"),
    "organization.auth_policy_changed": (
        ACME,
        {"policy": "two_factor_mandatory"},
        "Required two-factor authentication in an organization: acme",
    ),
    "organization.two_factor_methods_changed": (
        ACME,
        {"texts": False},
        "Changed which two-factor methods an organization accepts: acme|without text messages",
    ),
    "organization.two_factor_scheduled": (
        ACME,
        {"date": "2027-03-31T12:00:00+00:00", "texts": False},
        "Set a date *: acme|from 31 March 2027, 12:00 UTC, without text messages",
    ),
    "organization.two_factor_schedule_withdrawn": (
        ACME,
        {"date": "2027-03-31T12:00:00+00:00"},
        "Withdrew the date *: acme|from 31 March 2027, 12:00 UTC",
    ),
    "organization.two_factor_put_off": (ACME, {"owners": "bob"}, "Put off *: acme|bob"),
    "organization.member_reminded": (ACME, {}, "Reminded to set up two-factor authentication *: acme"),
    "organization.members_reminded": (ACME, {"number": 2}, "Reminded all members *: acme|2 members"),
    "organization.invitations_started": (ACME, {"people": 3}, "Started to invite a list *: acme|3 people"),
    "organization.invitations_stopped": (
        ACME,
        {"people": 1, "reason": "owner"},
        "Stopped inviting a list *: acme|1 person wasn't invited, by an owner",
    ),
    "organization.evidence_started": (ACME, {"format": "csv"}, "Started to export *: acme|CSV"),
    "organization.evidence_exported": (
        ACME,
        {"format": "csv", "rows": 2, "sha256": "ab"},
        "Exported signed *: acme|CSV, rows: 2, SHA-256: ab",
    ),
    "organization.user_sessions_changed": (
        ACME,
        {"before": [None, None], "after": [60, 1440]},
        "Changed *: acme|1 hour of inactivity and 1 day after signing in",
    ),
    "organization.user_tokens_changed": (
        ACME,
        {"enabled": False},
        "Stopped an organization from accepting personal tokens: acme",
    ),
    "organization.member_invited": (
        ACME,
        {"email": "nina@example.com"},
        "Invited nina@example.com to an organization: acme",
    ),
    "organization.invitation_revoked": (
        ACME,
        {"email": "nina@example.com"},
        "Revoked the invitation of nina@example.com to an organization: acme",
    ),
    "organization.invitation_accepted": (ACME, {}, "Accepted an invitation to an organization: acme"),
    "organization.invitation_declined": (ACME, {}, "Declined an invitation to an organization: acme"),
    "organization.member_removed": (ACME, {}, "Removed from an organization: acme"),
    "organization.member_left": (ACME, {}, "Left an organization: acme"),
    "organization.owner_added": (ACME, {}, "Made an owner of an organization: acme"),
    "organization.owner_removed": (ACME, {}, "No longer an owner of an organization: acme"),
    "organization.left_ownerless": (
        ACME,
        {"reason": "nobody is left"},
        "Deactivated the only active owner of an organization: acme|Reason: nobody is left",
    ),
    "organization.token_created": (ACME, {"kind": "owners"}, "*: acme|team token of the owners"),
    "organization.token_revoked": (ACME, {"kind": "organization"}, "*: acme|organization token"),
    "organization.token_sent_in_clear": (ACME, {"kind": "owners"}, "*: acme|team token of the owners"),
    "organization.missing_exported": (
        ACME,
        {"format": "csv", "texts": False},
        "Exported the list of members who haven't set up *: acme|authenticator apps only",
    ),
    "organization.audit_trail_exported": (
        ACME,
        {"format": "csv", "person": "bob", "since": "2027-03-01"},
        "Exported the audit trail of an organization: acme|CSV, person: bob, from 2027-03-01",
    ),
}


def said(alice, event, subject="user:alice", **data):
    row = AuditEvent(
        event=event, actor="user:alice", subject=subject, user_id=alice.pk, door="html", data=data
    )
    entry = ActivityEntry.of(row, alice)
    first = f"{entry.sentence}: {entry.subject}" if entry.subject else entry.sentence
    return "|".join([first, *entry.details])


def names():
    return {value for enumeration in enumerations.values() for value in enumeration.values}


def test_the_tables_have_every_kind_of_event():
    assert OF_THE_READER | OF_THE_SITE | SAID.keys() == names()


def test_the_list_for_operators_has_every_kind_of_event_with_its_sentence():
    text = (Path(__file__).resolve().parents[3] / "docs/operations.md").read_text()
    listed = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (.+) \|$", text, re.MULTILINE)

    assert {(value, str(label)) for enum in enumerations.values() for value, label in enum.choices} <= set(
        listed
    )


@pytest.mark.parametrize("event", SAID)
def test_an_event_says_what_it_is_about(alice, event):
    subject, data, words = SAID[event]

    assert re.fullmatch(re.escape(words).replace(r"\*", ".*"), said(alice, event, subject, **data))


@pytest.mark.parametrize("event", sorted(SAID.keys() | OF_THE_READER | OF_THE_SITE))
def test_an_event_of_a_former_release_without_data_is_no_error(alice, event):
    assert said(alice, event)


def test_what_is_switched_says_which_way(alice):
    policy, personal = "organization.auth_policy_changed", "organization.user_tokens_changed"

    assert said(alice, policy, ACME, policy="password").startswith("Stopped requiring two-factor")
    assert said(alice, personal, ACME, enabled=True).startswith("Let an organization accept")
    assert said(alice, "email.change_requested", withdrawn=True).startswith("Cancelled the change")
    assert said(alice, "organization.user_sessions_changed", ACME, after=[None, None]).endswith(
        "the rest of the site"
    )


def test_two_factor_events_name_the_method(alice):
    for event in (Event.TWO_FACTOR_ADDED, Event.TWO_FACTOR_REMOVED, Event.TWO_FACTOR_FAILED):
        record(event, actor=Actor.command(), subject="user:alice", user=alice, method="sms", purpose="login")

    page = html.unescape(sign_in(alice).get(ACTIVITY).content.decode())

    assert "Added a two-factor method: Text message" in page
    assert "Removed a two-factor method: Text message" in page
    assert "Entered a wrong two-factor code: Text message" in page


def test_tokens_are_named_by_their_description_when_they_are_made_and_revoked(alice):
    client = sign_in(alice)
    client.post("/app/settings/tokens/create", {"description": "CI <b>nightly</b>", "expires": "30"})
    client.post(f"/app/settings/tokens/{alice.api_tokens.get().pk}/revoke")

    page = client.get(ACTIVITY).content.decode()

    assert "Generated an API token: CI &lt;b&gt;nightly&lt;/b&gt;" in page
    assert "Revoked an API token: CI &lt;b&gt;nightly&lt;/b&gt;" in page


def test_r58_what_a_program_of_ones_own_did_names_its_token(alice):
    token, secret = issuing.create(alice, description="laptop", expires_at=None, actor=Actor.command())
    client = Client(headers={"authorization": f"Bearer {secret}"})
    body = {"data": {"type": "authentication-tokens", "attributes": {"description": "second"}}}
    path = f"/api/v2/users/{token.belongs_to[1]}/authentication-tokens"
    assert client.post(path, body, content_type="application/vnd.api+json").status_code == 201

    page = sign_in(alice).get(ACTIVITY).content.decode()

    assert "Generated an API token: second" in page
    assert f"by a program, with your API token {token.public_id}" in page


def test_where_a_program_with_an_organizations_token_runs_is_not_shown(alice, bob):
    found("acme", alice)
    actor = Actor(user=None, ip="203.0.113.9", user_agent="curl/8", door="api", token=token_of_acme(alice))
    invitation = "organization.member_invited"
    AuditEvent.objects.create(
        event=invitation,
        actor=str(actor),
        subject=ACME,
        user_id=bob.pk,
        ip=actor.ip,
        user_agent="curl/8",
        door="api",
    )

    page = sign_in(bob).get(ACTIVITY).content.decode()

    assert "by a program, with one of the organization&#x27;s tokens" in page
    assert "203.0.113.9" not in page
    assert "curl" not in page


FIRST_STEP = "Entered the right password, and was asked for a code"


def record_sign_in(user, *steps, ip="198.51.100.7"):
    actor = Actor(user=user, ip=ip, user_agent="Firefox", door="html")
    for step in steps:
        method = {"method": "app"} if step == Event.LOGIN_SUCCEEDED else {}
        record(step, actor=actor, subject=f"user:{user.username}", user=user, **method)


def entries_of(page):
    return re.findall(r'<th scope="row">\s*(.+?)\s*<', html.unescape(page.content.decode()))


def test_a_sign_in_with_a_code_is_one_entry(alice):
    client = sign_in(alice)
    before = entries_of(client.get(ACTIVITY))
    record_sign_in(alice, Event.PASSWORD_ACCEPTED, Event.LOGIN_SUCCEEDED)

    assert entries_of(client.get(ACTIVITY)) == ["Signed in", *before]


def test_r58_a_right_password_that_no_code_followed_stays_an_entry(alice):
    client = sign_in(alice)
    before = entries_of(client.get(ACTIVITY))
    with time_machine.travel(timezone.now() - timedelta(hours=1), tick=False):
        record_sign_in(alice, Event.PASSWORD_ACCEPTED, ip="192.0.2.1")  # too long ago for the code below
    record_sign_in(alice, Event.LOGIN_SUCCEEDED, ip="192.0.2.1")
    record_sign_in(alice, Event.PASSWORD_ACCEPTED)  # somebody beside alice, in the same network and browser
    record_sign_in(alice, Event.PASSWORD_ACCEPTED, ip="203.0.113.9")  # somebody elsewhere
    record_sign_in(alice, Event.PASSWORD_ACCEPTED, Event.LOGIN_SUCCEEDED)
    record_sign_in(alice, Event.PASSWORD_ACCEPTED)

    listed = entries_of(client.get(ACTIVITY))
    assert listed == [FIRST_STEP, "Signed in", FIRST_STEP, FIRST_STEP, "Signed in", FIRST_STEP, *before]


def test_the_pages_of_activity_have_each_sign_in_once(alice):
    client = sign_in(alice)
    before = entries_of(client.get(ACTIVITY))
    for _number in range(30):
        record_sign_in(alice, Event.PASSWORD_ACCEPTED, Event.LOGIN_SUCCEEDED)

    page, listed = client.get(ACTIVITY), []
    while True:
        listed += entries_of(page)
        older = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        if older is None:
            break
        page = client.get(older[1])

    assert listed == ["Signed in"] * 30 + before


def token_of_acme(alice):
    acme = alice.memberships.get().organization
    return organization_tokens.replace(
        acme, OrganizationToken.Kind.ORGANIZATION, expires_at=None, actor=Actor.command()
    )[0]
