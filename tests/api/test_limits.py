"""A limit that is used up: 429 for requests a second only, 422 with the time and another way for all else."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytfe import TFEClient, TFEConfig
from pytfe.models import OrganizationMembershipCreateOptions

from accounts.models import OutboxMessage, RateLimit, User
from accounts.models.public_ids import public_id
from organizations.members import memberships
from organizations.models import Organization
from tests.api.clients import ApiClient, api_client, document, token_of, token_of_organization
from tests.api.programs import detail, refusals
from tests.support.organizations import SERVER, found, join, membership_of
from tests.support.people import make_user, sign_in

MEMBERS = "/organizations/{}/organization-memberships"


def use_up(budget):
    """As if all but nothing had been used, where something has."""
    assert RateLimit.objects.filter(key__startswith=f"{budget}:").update(count=100_000)


def invite(client, email, name="acme"):
    return client.post(MEMBERS.format(name), document("organization-memberships", email=email))


def make_token(client, user):
    path = f"/users/{public_id('user', user.pk)}/authentication-tokens"
    return client.post(path, document("authentication-tokens", description="x"))


def create(client, name):
    return client.post("/organizations", document("organizations", name=name, email="x@example.com"))


def shorten(client, minutes):
    return client.patch("/organizations/acme", document("organizations", session_timeout=minutes))


DONE = {
    "invite": lambda client, user, n: invite(client, f"x{n}@example.com"),
    "invite:young": lambda client, user, n: invite(client, f"x{n}@example.com"),
    "invite:young:network": lambda client, user, n: invite(client, f"x{n}@example.com"),
    "invite:network": lambda client, user, n: invite(client, f"x{n}@example.com"),
    "token:create": lambda client, user, n: make_token(client, user),
    "organization:create": lambda client, user, n: create(client, f"new{n}"),
    "organization:news": lambda client, user, n: shorten(client, 60 + n),
    "change-email": lambda client, user, n: client.patch(
        "/account/update", document("users", email=f"new{n}@example.com")
    ),
    "action": lambda client, user, n: make_token(client, user),
}


@pytest.mark.parametrize("budget", DONE)
def test_d36_every_limit_but_that_of_a_second_is_422_with_the_time_and_a_way(alice, budget):
    found("acme", alice)
    client = api_client(alice)
    assert DONE[budget](client, alice, 1).status_code in (200, 201)
    use_up(budget)

    answer = DONE[budget](client, alice, 2)

    assert refusals(answer) == [("422", "limit reached", None)]
    assert "Retry-After" not in answer
    text = detail(answer)
    assert "Try again in about 1 hour, at " in text or "Try again tomorrow at " in text
    assert text.partition(" UTC. ")[2], "no other way"


def test_d36_the_limit_of_a_second_is_429(alice, settings):
    settings.API_REQUESTS_PER_SECOND = 1
    client = api_client(alice)

    answer = next(one for _ in range(50) if (one := client.get("/ping")).status_code != 204)

    assert (answer.status_code, answer["Retry-After"]) == (429, "1")


def test_d36_pages_say_the_same_with_429(alice):
    a_day_ago(alice, found("acme", alice))
    browser = sign_in(alice)
    add = "/app/acme/settings/users/add"
    browser.post(add, {"username": "x1@example.com"})
    use_up("invite:user")

    page = browser.post(add, {"username": "x2@example.com"})

    assert page.status_code == 429
    assert int(page["Retry-After"]) == pytest.approx(3600, abs=5)
    assert "You have invited too many people. Try again in about 1 hour, at " in page.content.decode()


def add_owner(organization, name):
    user = make_user(name)
    a_day_ago(user)
    join(organization, user)
    memberships.make_owner(organization, membership_of(user, organization.name).pk, actor=SERVER)
    return user


# --- AF4: how many people are invited ---


def a_day_ago(user=None, organization=None):
    then = timezone.now() - timedelta(days=1, minutes=1)
    if user:
        User.objects.filter(pk=user.pk).update(date_joined=then)
    if organization:
        Organization.objects.filter(pk=organization.pk).update(created_at=then)


def test_af4_a_company_of_a_hundred_is_invited_in_one_run(live_site):
    """By HashiCorp's client for Python, as it is: it waits for the next second where it is too fast."""
    olga = make_user("olga")
    a_day_ago(olga, found("acme", olga))
    mails = OutboxMessage.objects.filter(kind="mail", audience="")
    secret, before = token_of(olga), mails.count()
    client = TFEClient(TFEConfig(address=live_site.url, token=secret, ca_bundle=None))
    try:
        rows = [
            client.organization_memberships.create(
                "acme", OrganizationMembershipCreateOptions(email=f"person{number}@company.example")
            )
            for number in range(100)
        ]
    finally:
        client.close()

    assert len({row.id for row in rows}) == 100
    assert Organization.objects.get(name="acme").memberships.invited().count() == 100
    assert mails.count() - before == 100, "each has a mail of their own"


def test_af4_five_hundred_in_an_hour_and_no_more(alice):
    acme = found("acme", alice)
    a_day_ago(alice, acme)
    client = api_client(alice)
    assert invite(client, "x@example.com").status_code == 201
    key = RateLimit.objects.filter(key__startswith="invite:tokens-of:")
    assert key.update(count=499) == 1

    assert [invite(client, f"x{n}@example.com").status_code for n in range(2)] == [201, 422]


def test_af4_another_owner_goes_on_where_the_organization_has_used_up_its_five_hundred(alice, bob):
    acme = found("acme", alice, owners=[bob])
    a_day_ago(alice, acme)
    a_day_ago(bob)
    assert invite(api_client(alice), "x@example.com").status_code == 201
    assert RateLimit.objects.filter(key__startswith="invite:organization:").update(count=500) == 1
    client = api_client(bob)

    assert invite(client, "y@example.com").status_code == 201
    assert RateLimit.objects.filter(key=f"invite:tokens-of:{bob.pk}:3600").update(count=60) == 1
    assert invite(client, "z@example.com").status_code == 422


def test_pf15_no_invitation_is_said_to_be_open_where_none_is(alice):
    """The budget of one person counts the organizations together; the last of them has invited nobody."""
    a_day_ago(alice)
    for number in range(6):
        a_day_ago(None, found(f"acme{number}", alice))
    client = api_client(alice)

    answers = [invite(client, "x@example.com", f"acme{number}") for number in range(6)]

    assert [answer.status_code for answer in answers] == [201] * 5 + [422]
    assert "The invitation is open" not in detail(answers[-1])
    assert "If you have invited them before" in detail(answers[-1])


def test_af4_one_mailbox_is_not_filled_by_its_addresses_with_a_plus(alice, bob):
    """The larger budget of a company is for many people."""
    acme = found("acme", alice, owners=[bob])
    for user in (alice, bob):
        a_day_ago(user, acme)
    client = api_client(alice)

    answers = [invite(client, f"Eve+{n}@example.com") for n in range(21)]

    assert [answer.status_code for answer in answers] == [201] * 20 + [422]
    assert "after a plus sign count together" in detail(answers[-1])
    assert invite(client, "max+0@example.com").status_code == 201
    assert invite(api_client(bob), "eve+20@example.com").status_code == 201


def test_af4_twenty_a_day_while_the_account_is_younger_than_a_day(alice):
    a_day_ago(None, found("acme", alice))
    client = api_client(alice)

    answers = [invite(client, f"x{n}@example.com") for n in range(21)]

    assert [answer.status_code for answer in answers] == [201] * 20 + [422]
    assert "younger than a day" in detail(answers[-1])
    a_day_ago(alice)
    assert invite(client, "x20@example.com").status_code == 201


def test_af4_twenty_a_day_while_the_organization_is_younger_than_a_day(alice, bob):
    acme = found("acme", alice, owners=[bob])
    a_day_ago(alice)
    a_day_ago(bob)
    senders = [api_client(alice), api_client(bob), ApiClient(token_of_organization(acme))]

    answers = [invite(senders[n % 3], f"x{n}@example.com").status_code for n in range(21)]

    assert answers == [201] * 20 + [422]
    late = api_client(add_owner(acme, "carol"))
    assert [invite(late, f"y{n}@example.com").status_code for n in range(6)] == [201] * 5 + [422]
    a_day_ago(None, acme)
    assert invite(senders[0], "x20@example.com").status_code == 201


def test_af4_an_administrator_of_the_site_invites_the_company_on_the_first_day(alice):
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    found("acme", alice)
    client = api_client(alice)

    assert {invite(client, f"x{n}@example.com").status_code for n in range(25)} == {201}


def test_af4_an_account_from_a_clock_that_was_ahead_does_not_stay_young(alice):
    a_day_ago(None, found("acme", alice))
    User.objects.filter(pk=alice.pk).update(date_joined=timezone.now() + timedelta(days=30))
    client = api_client(alice)

    assert {invite(client, f"x{n}@example.com").status_code for n in range(21)} == {201}
