"""`manage.py demo`: something to try everything with, and never on a real site."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import factors
from accounts.models import AuditEvent, OutboxMessage, User
from organizations.management.demo.people import PASSWORD
from organizations.models import Organization
from tests.support import people
from tests.support.invariants import broken

pytestmark = pytest.mark.django_db(transaction=True)


def demo():
    output = io.StringIO()
    call_command("demo", stdout=output)
    return output.getvalue()


@pytest.fixture
def loaded(settings, tmp_path):
    settings.DEBUG, settings.MAIL_DIR = True, tmp_path
    return demo()


def code_of(name):
    output = io.StringIO()
    call_command("demo_code", name, stdout=output)
    return output.getvalue()[:6]


@pytest.mark.parametrize("command", ["demo", "demo_code"])
def test_not_without_debug(command):
    with pytest.raises(CommandError, match="only with DEBUG=1"):
        call_command(command)

    assert not User.objects.exists()


def test_tells_in_few_words_who_there_is_and_where_and_a_second_start_tells_the_same(settings, loaded):
    assert settings.SITE_URL in loaded
    assert f"{settings.SITE_URL}/dev/outbox" in loaded
    assert all(f"  {name}" in loaded for name in ["alice", "bob", "carol", "newcomer", "root"])
    assert PASSWORD in loaded
    lines = loaded.splitlines()
    assert len(lines) < 16
    assert max(map(len, lines)) <= 80

    before = User.objects.count()
    assert loaded.endswith(demo())
    assert User.objects.count() == before
    User.objects.filter(username="newcomer").delete()
    assert "Sign in with" in demo()


def test_shows_what_the_product_is_for(loaded, mailoutbox):
    """A load takes seconds, so all that only looks looks at this one."""
    organizations_and_people()
    what_alice_has()
    the_story_lies_in_the_past_and_its_events_are_in_order()
    the_clock_goes_right_afterwards()
    mails_are_of_today_and_no_message_waits(mailoutbox)
    with pytest.raises(CommandError, match="newcomer has no authenticator app"):
        code_of("newcomer")


def organizations_and_people():
    assert broken() == []
    acme, globex = Organization.objects.order_by("pk")
    members = acme.memberships.active()
    assert (members.count(), acme.is_mandatory, globex.is_mandatory) == (40, True, False)
    assert members.filter(is_owner=True).count() == 2
    assert 2 < members.filter(two_factor_enabled=False).count() < 10
    assert max(map(len, members.values_list("username", flat=True))) == 40
    assert set(acme.memberships.invited().values_list("invited_by", flat=True)) == {"alice", "erik"}
    assert globex.memberships.invited().get().username == "alice"
    texted = User.objects.get(username="carol")
    assert [factor.slug for factor in factors.of_user(texted)] == ["sms"]
    assert User.objects.get(username="root").is_superuser


def what_alice_has():
    acme, alice = Organization.objects.get(name="acme"), User.objects.get(username="alice")
    rows = alice.sessions.all()
    assert len({row.user_agent for row in rows}) == len(rows) >= 4
    assert len({row.ip for row in rows}) >= 3
    assert alice.remembered_browsers.count() == 1
    ends = [token.expires_at for token in alice.api_tokens.all()]
    assert len([end for end in ends if end and end < timezone.now() + timedelta(days=7)]) == 1
    assert {token.kind for token in acme.tokens.all()} == {"organization", "owners"}
    newcomer = User.objects.get(username="newcomer")
    assert not newcomer.memberships.exists()
    assert not newcomer.is_enrolled


def the_story_lies_in_the_past_and_its_events_are_in_order():
    times = list(AuditEvent.objects.order_by("pk").values_list("created_at", flat=True))

    assert times == sorted(times)
    assert times[-1] <= timezone.now()
    assert times[-1] - times[0] > timedelta(days=90)
    alice = User.objects.get(username="alice")
    seen = AuditEvent.objects.filter(user_id=alice.pk)
    assert len({time.date() for time in seen.values_list("created_at", flat=True)}) > 12
    assert seen.values("event").distinct().count() > 12


def the_clock_goes_right_afterwards():
    now = datetime.now(UTC)

    assert abs(timezone.now() - now) < timedelta(seconds=5)
    assert abs(people.make_user("late").date_joined - now) < timedelta(seconds=60)


def mails_are_of_today_and_no_message_waits(mailoutbox):
    assert {mail.to[0] for mail in mailoutbox} >= {"alice@acme.example", "newhire@acme.example"}
    assert len(mailoutbox) < 10
    assert not OutboxMessage.objects.filter(sent_at=None).exists()


def test_everybody_can_sign_in_with_a_good_password_and_code(loaded):
    for name, where in [("bob", "/app"), ("newcomer", "/app"), ("alice", "code"), ("root", "code")]:
        user = User.objects.get(username=name)
        validate_password(PASSWORD, user)
        client = people.Client()
        response = people.post_password(client, user, PASSWORD)
        if where == "code":
            response = client.post("/session/two-factor", {"code": code_of(name)})
        assert response["Location"] == "/app", name
        assert client.get("/app").status_code == 200
    locked_out = people.Client()
    people.post_password(locked_out, User.objects.get(username="bob"), PASSWORD)
    assert locked_out.get("/app/acme")["Location"].startswith("/app/acme/locked-out")


def test_only_into_an_empty_database(settings):
    settings.DEBUG = True
    people.make_user("somebody")

    output = demo()

    assert "isn't empty" in output
    assert User.objects.count() == 1


def test_a_demo_that_was_interrupted_says_what_to_delete(settings):
    settings.DEBUG = True
    people.make_user("alice")

    output = demo()

    assert "incomplete" in output
    assert str(settings.DATABASES["default"]["NAME"]) in output


def test_a_setting_that_closes_the_site_is_named(settings):
    settings.DEBUG, settings.SIGN_UP = True, "closed"

    with pytest.raises(CommandError, match="A setting prevents the demo from loading"):
        demo()


def test_without_texts_everybody_has_an_app(settings, tmp_path):
    settings.DEBUG, settings.MAIL_DIR = True, tmp_path
    settings.SECOND_FACTORS = [path for path in settings.SECOND_FACTORS if "sms" not in path]
    factors.all_factors.cache_clear()
    try:
        demo()
        assert factors.of_user(User.objects.get(username="carol"))[0].slug == "app"
    finally:
        factors.all_factors.cache_clear()
