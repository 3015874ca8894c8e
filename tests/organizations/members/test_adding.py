"""Adding people by name or address: what owners are told, and who gets mail (D24)."""

import pytest
from django.core import mail

from accounts.models import RateLimit
from organizations.models import Membership
from tests.support import people
from tests.support.organizations import counts_of, let_sudo_expire

ADD = "/app/open/settings/users/add"
MINE = "/app/settings/organizations"


def add(stage, who, by="una"):
    return stage.browser(by).post(ADD, {"username": who})


def test_ti03_any_address_gets_the_same_answer(stage):
    people.make_user("dora", email_confirmed_at=None)
    answers = {}
    for who in ["nobody@example.com", "dora@example.com", "eve@example.com", "max@example.com"]:
        response = add(stage, who)
        page = stage.browser("una").get(response["Location"]).content.decode()
        answers[who] = (response.status_code, response["Location"], page.count(who))

    assert len(set(answers.values())) == 1, answers
    rows = Membership.objects.invited().values_list("user", "username", "is_owner", "two_factor_enabled")
    assert set(rows) == {(None, "", False, False)}


def test_adding_twice_is_one_invitation(stage):
    for who in ["eve", "Eve", "new@example.com", "NEW@example.com"]:
        assert add(stage, who).status_code == 302

    assert Membership.objects.invited().count() == 2
    assert counts_of("open") == (4, 2, 2)


def test_members_are_not_added_again_by_name(stage):
    response = add(stage, "max")

    assert response.status_code == 422
    assert "max is already a member." in response.content.decode()


@pytest.mark.parametrize(
    "who", ["nobody", "", " ", "x" * 300, "a\x00b", "a@", "@", "٣", "\u202emax", "a b@c.example"]
)
def test_what_is_no_user_and_no_address_is_refused(stage, who):
    assert add(stage, who).status_code == 422
    assert not Membership.objects.invited().exists()


def test_the_mail_names_organization_and_inviter(stage):
    mail.outbox.clear()

    add(stage, "stranger@example.com")

    [message] = [message for message in mail.outbox if message.to == ["stranger@example.com"]]
    assert message.subject == "You're invited to open"
    assert "una has invited you" in message.body
    assert "http://localhost:8000/app/invitations/" in message.body


def test_unconfirmed_addresses_of_users_get_no_mail(stage):
    people.make_user("dora", email="victim@example.com", email_confirmed_at=None)
    mail.outbox.clear()

    add(stage, "dora")

    assert not [message for message in mail.outbox if message.to == ["victim@example.com"]]


def test_nobody_is_flooded(stage):
    for _ in range(5):
        assert add(stage, "stranger@example.com").status_code == 302

    response = add(stage, "stranger@example.com")

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert not any("stranger" in key for key in RateLimit.objects.values_list("key", flat=True))


def test_adding_needs_no_sudo(stage):
    let_sudo_expire(stage.una)
    stage.browser("una")

    assert add(stage, "eve").status_code == 302
