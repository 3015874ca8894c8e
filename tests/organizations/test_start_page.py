"""The start page: what to do first, what one is invited to, and where one is in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from organizations.models import Organization
from tests.organizations.members.test_many import names, put_into
from tests.support.people import enrol, make_user, sign_in
from tests.support.two_factor import text_of

pytestmark = pytest.mark.django_db

CARD = "Secure your account"
SET_UP = 'button-primary" href="/app/settings/two-factor?next=/app"'


def require(wanted):
    then = timezone.now() - timedelta(days=40)
    Organization.objects.filter(name__in=wanted).update(
        collaborator_auth_policy="two_factor_mandatory", auth_policy_changed_at=then
    )


def start(user, app=None):
    return text_of(sign_in(user, app).get("/app"))


def test_the_card_is_there_until_two_factor_is_on():
    user = make_user("dora")

    page = start(user)
    assert CARD in page
    assert SET_UP in page
    app = enrol(user)
    page = start(user, app)
    assert CARD not in page
    assert 'button-primary" href="/app/organizations/new">Create your first organization' in page


@pytest.mark.parametrize(
    ("number", "demanding", "said"),
    [
        (2, 1, "<strong>org000</strong> has required it since <time"),
        (3, 3, "<strong>org002</strong> has required it since <time"),
        (4, 4, "<strong>org002</strong> and 1 more organization require it"),
        (40, 40, "<strong>org002</strong> and 37 more organizations require it"),
        (2, 0, "two minutes"),
    ],
)
def test_the_card_says_which_organizations_demand_it(number, demanding, said):
    user = make_user("dora")
    put_into(user, names(number))
    require(names(demanding))

    page = " ".join(start(user).split())

    assert said in page
    assert ("locked until you set it up" in page) is bool(demanding)


def test_what_demands_it_beyond_the_organizations_shown_is_counted():
    user = make_user("dora")
    put_into(user, names(40))
    require(["org039", "org038"])

    assert "2 of your organizations require it" in start(user)


def test_an_unconfirmed_address_comes_first_and_is_said_once():
    page = start(make_user("dora", email_confirmed_at=None))

    assert "First confirm your email address" in page
    assert page.count('href="/account/confirm"') == 1
    assert SET_UP not in page


def test_a_locked_organization_says_what_to_do():
    user = make_user("dora")
    put_into(user, ["acme"])
    require(["acme"])

    page = start(user)

    assert "Locked" in page
    assert page.count("is locked until") == 1
    assert page.count("/app/acme/locked-out") == 0  # told once, in the card
    assert page.count(SET_UP) == 1
    listed = text_of(sign_in(user).get("/app/settings/organizations"))
    assert 'href="/app/acme/locked-out">Set it up to get back in' in listed


def test_site_admins_find_the_site_admin():
    root = make_user("root", is_staff=True, is_superuser=True)

    assert "The site admin also requires it." in start(root)
    assert 'href="/admin/">Open the site admin' in start(root, enrol(root))


def test_somebody_in_many_organizations_can_search():
    user = make_user("dora")
    put_into(user, [*names(40), "Zulu"])
    client = sign_in(user)

    found = text_of(client.get("/app/settings/organizations", {"q": "ZU"}))
    assert 'href="/app/Zulu"><strong>' in found
    assert 'href="/app/org039"><strong>' not in found
    paged = text_of(client.get("/app/settings/organizations", {"q": "org"}))
    assert "?q=org&amp;page=2" in paged
    none = text_of(client.get("/app/settings/organizations", {"q": "%"}))
    assert "None of your organizations has a name that begins like that." in none
