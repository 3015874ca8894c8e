"""User Settings: the profile, the end of an account, and what happened to it."""

import pytest
from django.test import Client

from accounts.audit import Actor, Event, record
from accounts.audit.activity import PAGE_SIZE
from accounts.audit.events import enumerations
from accounts.factors.totp.models import TOTPDevice
from accounts.models import AuditEvent, Session, User
from tests.support.mails import link_in, subjects
from tests.support.people import PASSWORD, enrol, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

PROFILE = "/app/settings/profile"
DELETE = f"{PROFILE}/delete"
ACTIVITY = "/app/settings/activity"


def change_email(client, email="new@example.com"):
    return client.post(f"{PROFILE}/email", {"email": email})


def confirm(client, mail):
    client.get(link_in(mail, "/account/confirm/"))
    return client.post("/account/confirm")


# ---------------------------------------------------------------- address


def test_pr_09_a_new_address_counts_once_confirmed_and_the_old_one_is_told(alice, mailoutbox):
    client = sign_in(alice)
    mailoutbox.clear()

    assert change_email(client)["Location"] == PROFILE
    alice.refresh_from_db()
    assert (alice.email, alice.unconfirmed_email) == ("alice@example.com", "new@example.com")
    assert subjects(mailoutbox, "alice@example.com") == ["Your email address is about to change"]

    assert confirm(client, mailoutbox[0]).status_code == 302
    alice.refresh_from_db()
    assert (alice.email, alice.unconfirmed_email) == ("new@example.com", "")
    assert subjects(mailoutbox, "alice@example.com")[-1] == "Your email address was changed"
    assert post_password(Client(), alice).status_code == 302


KEEPS = "its entry keeps the address that you set it up with"


def test_pf13_whoever_has_two_factor_is_told_that_the_entry_in_the_app_stays(alice, mailoutbox):
    client = sign_in(alice, enrol(alice))
    mailoutbox.clear()
    assert KEEPS in client.get(PROFILE).content.decode()  # before

    change_email(client)
    [mail] = [mail for mail in mailoutbox if mail.to == ["new@example.com"]]
    client.get(link_in(mail, "/account/confirm/"))
    response = client.post("/account/confirm", follow=True)

    assert KEEPS in response.content.decode()  # and when it counts


def test_pf13_nobody_else_is(alice, mailoutbox):
    client = sign_in(alice)
    mailoutbox.clear()
    assert KEEPS not in client.get(PROFILE).content.decode()

    change_email(client)
    client.get(link_in(mailoutbox[0], "/account/confirm/"))
    response = client.post("/account/confirm", follow=True)

    assert "Your email address is confirmed." in response.content.decode()
    assert KEEPS not in response.content.decode()


def test_pr_09_a_new_address_needs_a_recent_proof(alice):
    client = sign_in(alice)
    Session.objects.update(proved_at=None)

    response = change_email(client)

    assert response["Location"].startswith("/session/sudo")
    alice.refresh_from_db()
    assert alice.unconfirmed_email == ""


def test_a_change_can_be_withdrawn_and_its_link_is_dead(alice, mailoutbox):
    client = sign_in(alice)
    mailoutbox.clear()
    change_email(client)

    change_email(client, "alice@example.com")

    alice.refresh_from_db()
    assert alice.unconfirmed_email == ""
    assert confirm(client, mailoutbox[0])["Location"] == PROFILE
    assert b"Your email address alice@example.com is already confirmed." in client.get(PROFILE).content
    alice.refresh_from_db()
    assert (alice.email, alice.unconfirmed_email) == ("alice@example.com", "")


def test_ti_03_an_address_of_somebody_else_gets_the_same_answer(alice, bob, mailoutbox):
    client = sign_in(alice)
    mailoutbox.clear()

    known, unknown = change_email(client, "bob@example.com"), change_email(client, "carol@example.com")

    assert known["Location"] == unknown["Location"] == PROFILE
    assert subjects(mailoutbox, "bob@example.com") == ["Somebody tried to use your email address"]
    assert "alice" not in mailoutbox[0].body.replace("@", "")


def test_the_user_name_is_shown_and_can_not_be_changed(alice):
    client = sign_in(alice)

    page = client.get(PROFILE).content.decode()

    assert "alice" in page
    assert 'name="username"' not in page


# ---------------------------------------------------------------- the end


def test_deletes_the_account_with_what_belongs_to_it(alice, mailoutbox):
    app = enrol(alice)
    here, there = sign_in(alice, app), sign_in(alice, app)

    response = here.post(DELETE, {"password": PASSWORD})

    assert response["Location"] == "/session"
    assert not User.objects.exists()
    assert not TOTPDevice.objects.exists()
    assert not Session.objects.exists()
    assert there.get(PROFILE).status_code == 302
    assert subjects(mailoutbox, "alice@example.com")[-1] == "Your account was deleted"
    assert AuditEvent.objects.filter(event="account.deleted", subject="user:alice").count() == 1


def test_a_wrong_password_deletes_nothing(alice):
    response = sign_in(alice).post(DELETE, {"password": "wrong"})

    assert response.status_code == 422
    assert User.objects.filter(username="alice").exists()


def test_the_last_owner_of_an_organization_can_not_go(alice):
    client = sign_in(alice)
    client.post("/app/organizations/new", {"name": "acme", "email": "acme@example.com"})

    response = client.post(DELETE, {"password": PASSWORD})

    assert response.status_code == 422
    assert b"acme" in response.content
    assert User.objects.filter(username="alice").exists()


def test_a_member_who_goes_leaves_the_organization(alice, bob):
    owner, member = sign_in(alice), sign_in(bob)
    owner.post("/app/organizations/new", {"name": "acme", "email": "acme@example.com"})
    owner.post("/app/acme/settings/users/add", {"username": "bob"})

    assert member.post(DELETE, {"password": PASSWORD}).status_code == 302

    assert owner.get("/app/acme/settings/users").status_code == 200
    assert not User.objects.filter(username="bob").exists()


# ---------------------------------------------------------------- activity


def test_r58_people_read_their_own_events_in_words(alice, bob):
    sign_in(bob)
    client = sign_in(alice)
    post_password(Client(), alice, "wrong")

    entries = client.get(ACTIVITY).context["entries"]

    assert [entry.sentence for entry in entries] == ["Entered a wrong password when signing in", "Signed in"]


def test_every_event_has_a_name_and_a_sentence_of_its_own():
    values = [value for names in enumerations.values() for value in names.values]
    sentences = [str(label) for names in enumerations.values() for label in names.labels]

    assert len(set(values)) == len(values) > 50
    assert len(set(sentences)) == len(sentences)
    assert not set(values) & set(sentences)


def test_an_event_that_no_application_knows_any_more_is_shown_by_its_name(alice):
    AuditEvent.objects.create(event="gone.long_ago", actor="server", subject="user:alice", user_id=alice.pk)

    assert "gone.long_ago" in sign_in(alice).get(ACTIVITY).content.decode()


def test_older_events_are_on_further_pages(alice):
    client = sign_in(alice)
    for number in range(2 * PAGE_SIZE):
        record(Event.LOGOUT, actor=Actor.command(), subject="user:alice", user=alice, number=number)

    first = client.get(ACTIVITY)
    second = client.get(f"{ACTIVITY}?before={first.context['next']}")
    third = client.get(f"{ACTIVITY}?before={second.context['next']}")

    pages = [len(page.context["entries"]) for page in (first, second, third)]
    assert pages == [PAGE_SIZE, PAGE_SIZE, 1]
    assert third.context["next"] is None
    assert b"Nothing here" in client.get(f"{ACTIVITY}?before=1").content


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "١", "9" * 30, "%00", "1'"])
def test_malformed_pages_are_refused(alice, before):
    assert sign_in(alice).get(f"{ACTIVITY}?before={before}").status_code == 400


def test_wh_04_what_a_browser_calls_itself_is_not_shown(alice):
    client = sign_in(alice)
    post_password(Client(HTTP_USER_AGENT="<img src=x onerror=alert(1)> Firefox/1 Linux"), alice, "wrong")

    page = client.get(ACTIVITY).content.decode()

    assert "onerror" not in page
    assert "Firefox on Linux" in page


def test_where_an_administrator_sits_is_not_shown(alice, bob):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    actor = Actor(user=bob, ip="203.0.113.9", user_agent="Firefox/1 Linux", door="admin")
    record(Event.RIGHTS_CHANGED, actor=actor, subject="user:alice", user=alice)

    page = sign_in(alice).get(ACTIVITY).content.decode()

    assert "a site admin" in page
    assert "203.0.113.9" not in page
