"""What an organization requires over the API: methods that count, a date, the rehearsal of a change."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEvent, Level, OutboxMessage
from accounts.outbox.delivery import send_due
from organizations.models import Organization
from tests.api.clients import document
from tests.api.organization_documents import OPEN, POLICY, organization
from tests.api.programs import Kind, attributes, detail, organization_program, program, refusals
from tests.support.organizations import is_mandatory

pytestmark = pytest.mark.django_db
FROM = "/data/attributes/two-factor-required-from"


def hours(number):
    """Return a full hour that is so far ahead."""
    whole = timezone.now().replace(minute=0, second=0, microsecond=0)
    return whole + timedelta(hours=number + 1)


def text(moment):
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fort(**sent):
    return document("organizations", "fort", **sent)


def mails():
    """Return (reader, subject) of what has been sent since the last call."""
    send_due()
    found = sorted((message.to[0].partition("@")[0], message.subject) for message in mail.outbox)
    mail.outbox.clear()
    return found


def dated(at, methods, policy="two_factor_mandatory"):
    return fort(
        collaborator_auth_policy=policy,
        two_factor_required_from=text(at),
        two_factor_required_from_methods=methods,
    )


def day_of(moment):
    return f"{moment.astimezone(UTC):%-d %B %Y}"


def stored_date():
    found = Organization.objects.get(name="open")
    return found.required_from, found.scheduled_level


@pytest.mark.parametrize("spelling", [str, lambda name: name.replace("-", "_")])
def test_a_date_is_set_shown_and_withdrawn(stage, spelling):
    client, at = program(stage, "olga"), hours(24 * 30)

    shown = attributes(client.patch(OPEN, organization(**{spelling("two-factor-required-from"): text(at)})))

    assert shown["two-factor-required-from"] == text(at)
    assert shown["two-factor-required-from-methods"] == "any"
    assert shown["collaborator-auth-policy"] == "password"
    assert stored_date() == (at, Level.TEXTS)
    assert attributes(program(stage, "mia").get(OPEN))["two-factor-required-from"] == text(at)

    shown = attributes(client.patch(OPEN, organization(**{spelling("two-factor-required-from"): None})))

    assert shown["two-factor-required-from"] is shown["two-factor-required-from-methods"] is None
    assert stored_date() == (None, None)


def test_the_time_becomes_the_next_full_hour_in_whatever_zone_it_was_sent(stage):
    at = hours(48)
    sent = (at - timedelta(minutes=17)).astimezone(timezone.get_fixed_timezone(345)).isoformat()

    shown = attributes(program(stage, "olga").patch(OPEN, organization(two_factor_required_from=sent)))

    assert shown["two-factor-required-from"] == text(at)


@pytest.mark.parametrize("ahead", [-24 * 365, -1, 0, 22, 24 * 90 + 1, 24 * 5000])
def test_a_date_out_of_range_is_refused_with_the_range(stage, ahead):
    client = program(stage, "olga")

    response = client.patch(
        OPEN, organization(email="new@example.com", two_factor_required_from=text(hours(ahead)))
    )

    assert refusals(response) == [("422", "invalid attribute", FROM)]
    assert "Choose a time from" in detail(response)
    assert stored_date() == (None, None)
    assert attributes(client.get(OPEN))["email"] != "new@example.com"


@pytest.mark.parametrize("sent", ["tomorrow", "2027-01-01", 5, True, [], {}, "", "2027-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(stage, sent):
    response = program(stage, "olga").patch(OPEN, organization(two_factor_required_from=sent))

    assert refusals(response) == [("422", "invalid attribute", FROM)]


def test_methods_of_the_date_need_a_date(stage):
    response = program(stage, "olga").patch(
        OPEN, organization(two_factor_required_from_methods="application")
    )

    assert refusals(response) == [("422", "invalid attribute", f"{FROM}-methods")]


def test_a_whole_document_with_a_date_can_be_sent_back(stage):
    client = program(stage, "olga")
    client.patch(
        OPEN,
        organization(
            two_factor_required_from=text(hours(100)), two_factor_required_from_methods="application"
        ),
    )
    whole = client.get(OPEN).json()["data"]
    events, mails = AuditEvent.objects.count(), OutboxMessage.objects.count()

    answer = client.send("PUT", OPEN, {"data": whole})

    assert answer.status_code == 200, answer.content
    assert answer.json()["data"] == whole
    assert (AuditEvent.objects.count(), OutboxMessage.objects.count()) == (events, mails)


def test_a_date_that_would_change_nothing_is_refused(stage):
    response = program(stage, "olga").patch(
        "/organizations/fort", fort(two_factor_required_from=text(hours(50)))
    )

    assert refusals(response) == [("422", "invalid attribute", FROM)]


def test_stronger_methods_can_be_required_from_a_date(stage):
    sent = {"two_factor_required_from": text(hours(50)), "two_factor_required_from_methods": "application"}

    shown = attributes(program(stage, "olga").patch("/organizations/fort", fort(**sent)))

    assert (shown["two-factor-methods"], shown["two-factor-required-from-methods"]) == ("any", "application")
    assert shown["collaborator-auth-policy"] == "two_factor_mandatory"


def test_one_step_lifts_it_and_changes_the_date(stage):
    by_text = {"two_factor_enabled": True, "two_factor_level": Level.TEXTS}
    Organization.objects.get(name="fort").memberships.filter(user=stage.max).update(**by_text)
    client, former, at = program(stage, "olga"), hours(24 * 20), hours(24 * 30)
    client.patch("/organizations/fort", dated(former, "application"))
    mails()

    shown = attributes(client.patch("/organizations/fort", dated(at, "any", "password")))

    assert (shown["collaborator-auth-policy"], shown["two-factor-required-from"]) == ("password", text(at))
    assert shown["two-factor-required-from-methods"] == "any"
    coming = f"fort requires two-factor authentication from {day_of(at)}"
    lifted = "fort no longer requires two-factor authentication"
    assert mails() == [
        ("max", f"fort won't require an authenticator app from {day_of(former)}"),
        ("mia", coming),
        ("olga", lifted),
        ("olga", coming),
        ("oscar", lifted),
        ("oscar", coming),
    ]
    recorded = AuditEvent.objects.filter(event__startswith="organization.two_factor_schedule").order_by("pk")
    assert [(row.event, row.data.get("former")) for row in recorded] == [
        ("organization.two_factor_scheduled", None),
        ("organization.two_factor_scheduled", former.isoformat()),
    ]


def test_one_step_lifts_it_and_keeps_a_date_that_is_sent_back(stage):
    client, at = program(stage, "olga"), hours(24 * 20)
    client.patch("/organizations/fort", dated(at, "application"))
    mails()

    shown = attributes(client.patch("/organizations/fort", dated(at, "application", "password")))

    assert (shown["collaborator-auth-policy"], shown["two-factor-required-from"]) == ("password", text(at))
    assert {subject for _reader, subject in mails()} == {"fort no longer requires two-factor authentication"}


def test_one_step_lifts_it_and_changes_the_methods_of_the_date(stage):
    client, at = program(stage, "olga"), hours(24 * 20)
    client.patch("/organizations/fort", dated(at, "application"))
    sent = fort(collaborator_auth_policy="password", two_factor_required_from_methods="any")

    shown = attributes(client.patch("/organizations/fort", sent))

    assert (shown["collaborator-auth-policy"], shown["two-factor-required-from"]) == ("password", text(at))
    assert shown["two-factor-required-from-methods"] == "any"


def test_an_owner_with_texts_only_prevents_requiring_applications(stage):
    found = Organization.objects.get(name="fort")
    type(stage.oscar).objects.filter(pk=stage.oscar.pk).update(two_factor_level=Level.TEXTS)
    found.memberships.filter(user=stage.oscar).update(two_factor_level=Level.TEXTS)

    response = program(stage, "olga").patch("/organizations/fort", fort(two_factor_methods="application"))

    assert refusals(response) == [("422", "invalid attribute", POLICY)]
    assert "oscar" in detail(response)
    found.refresh_from_db()
    assert found.accepted_level == Level.TEXTS


def test_a_dry_run_says_what_would_happen_and_changes_nothing(stage):
    program(stage, "mia").get(OPEN)  # her token has been used
    client = program(stage, "olga")
    events, mails = AuditEvent.objects.count(), OutboxMessage.objects.count()
    sent = document(
        "organizations", "open", collaborator_auth_policy="two_factor_mandatory", email="new@a.example"
    )

    response = client.patch(f"{OPEN}?dry-run=true", sent)

    found = response.json()["data"]
    assert (found["type"], found["id"]) == ("two-factor-rehearsals", "open")
    shown = found["attributes"]
    assert shown["missing-owners"] == {"total": 1, "first": ["una"]}
    assert shown["locked-out-members"]["first"] == ["mia", "una"]
    assert shown["locked-out-members"]["total"] == 2
    assert shown["personal-tokens-stopping"] == 1
    assert not is_mandatory("open")
    assert Organization.objects.get(name="open").email != "new@a.example"
    assert (AuditEvent.objects.count(), OutboxMessage.objects.count()) == (events, mails)


def test_a_dry_run_of_a_wrong_document_is_refused(stage):
    client = program(stage, "olga")

    assert client.patch(f"{OPEN}?dry-run=true", organization(two_factor_methods="none")).status_code == 422
    assert refusals(client.patch(f"{OPEN}?dry-run=yes", organization()))[0][:2] == (
        "400",
        "invalid parameter",
    )


@pytest.mark.parametrize("who", ["mia", "max"])
def test_only_owners_rehearse(stage, who):
    response = program(stage, who).patch(f"{OPEN}?dry-run=true", organization())

    assert response.status_code == 403


@pytest.mark.parametrize("kind", list(Kind))
def test_tokens_of_the_organization_neither_rehearse_nor_set_dates(stage, kind):
    client = organization_program(Organization.objects.get(name="open"), kind)

    assert client.patch(f"{OPEN}?dry-run=true", organization()).status_code == 403
    assert client.patch(OPEN, organization(two_factor_required_from=text(hours(50)))).status_code == 403
    assert stored_date() == (None, None)


def test_a_date_that_has_come_is_shown_as_the_policy_before_anything_is_written(stage):
    stage.enrol("una")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    Organization.objects.filter(name="open").update(
        required_from=now, due_at=now, scheduled_level=Level.TEXTS
    )

    shown = attributes(program(stage, "olga").get(OPEN))

    assert shown["collaborator-auth-policy"] == "two_factor_mandatory"
    assert shown["two-factor-required-from"] is None
    assert program(stage, "mia").get(OPEN).status_code == 403
