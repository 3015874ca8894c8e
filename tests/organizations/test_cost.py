"""How many statements pages and verbs may send to the database, and what grows with their lists.

BEGIN and COMMIT are not counted.
"""

import cProfile
import pstats

import pytest

from accounts.models import OutboxMessage
from accounts.models.public_ids import public_id
from organizations.models import AuthPolicy
from organizations.policy.two_factor import set_auth_policy
from tests.api.clients import api_client
from tests.support import people
from tests.support.crawler import undone
from tests.support.organizations import SERVER, found, join, make_stage, membership_of
from tests.support.plenty import organization_with, person_with
from tests.support.statements import sent, statements

MOST = {
    "/app": 2,  # session and user; organizations and invitations
    "/app/settings/organizations": 3,  # and which of them nobody else owns
    "/app/open": 4,  # session and user; gate; members; switcher
    "/app/open/settings/users": 5,  # and whose accounts are deactivated
    "/app/open/settings/users?status=invited": 4,
    "/app/open/settings/general": 3,
    "/app/fort/settings/authentication": 4,  # and the progress
    "/app/open/settings/authentication": 5,  # and the owners who are missing
    "/app/settings/two-factor": 3,  # session and user; what is shown of each method; switcher
}


def sent_by(function):
    with sent() as queries:
        function()
    return statements(queries)


def test_statements_of_each_page(transactional_db):
    stage = make_stage()
    browser = stage.browser("olga")
    taken = {}
    for path in MOST:
        browser.get(path)
        taken[path] = sent_by(lambda path=path: browser.get(path))

    above = {path: asked for path, asked in taken.items() if len(asked) > MOST[path]}
    assert not above, "\n".join(f"{path}: {len(asked)}\n{asked}" for path, asked in above.items())


def test_a_refusal_by_the_policy_costs_two_statements(transactional_db):
    browser = make_stage().browser("mia")
    browser.get("/app/fort")

    assert len(sent_by(lambda: browser.get("/app/fort"))) <= 2


def test_requiring_takes_the_same_statements_whatever_the_size(db):
    news = OutboxMessage.objects.filter(audience__startswith="organizations.")
    earlier, taken = news.count(), []
    for size in [0, 12]:
        owner = people.make_user(f"owner{size}")
        organization = found(f"org{size}", owner)
        for number in range(size):
            join(organization, people.make_user(f"m{number}"))
        type(owner).objects.filter(pk=owner.pk).update(two_factor_enabled_at=owner.date_joined)
        organization.memberships.filter(user=owner).update(two_factor_enabled=True)
        taken.append(
            sent_by(
                lambda organization=organization: set_auth_policy(
                    organization, AuthPolicy.TWO_FACTOR_MANDATORY, actor=SERVER
                )
            )
        )

    small, large = taken
    # The budget of news, the organization, its owners, the change, its event; for each audience a mail, and
    # its window.
    assert len(small) == len(large) <= 9, "\n".join(large)
    assert sum(sql.startswith("UPDATE") for sql in large) == 1
    assert news.count() - earlier == 4


# ---------------------------------------------------------------- twenty, and a thousand

SIZES = {"few": 20, "many": 1_001}
PAGES = [
    "/app",
    "/app/settings/profile",  # the top bar, as on every page
    "/app/settings/organizations",
    "/app/settings/organizations?q={name}-in",
    "/app/settings/organizations/invitations",
    "/app/settings/tokens",
    "/app/settings/sessions",
    "/app/settings/activity",
    "/app/{crowd}",
    "/app/{crowd}/settings/users",
    "/app/{crowd}/settings/users?status=invited",
    "/app/{crowd}/settings/users?q={crowd}",
    "/app/{crowd}/settings/users?q=nobody",
    "/app/{crowd}/settings/users/{own}/remove",
    "/app/{crowd}/settings/users/{own}/unmake-owner",
    "/app/{crowd}/settings/authentication",
    "/app/{crowd}/settings/authentication/require-two-factor",
    "/app/{crowd}/settings/audit-trail",
    "/app/{crowd}/settings/audit-trail?person={name}",
    "/app/{crowd}/settings/authentication-tokens",
    "/app/{crowd}/settings/authentication-tokens/personal",
    "/app/{crowd}/leave",
]
LISTS_OF_THE_API = [
    "/organizations?page[size]=20",
    "/organizations?page[size]=20&q={name}",
    "/organization-memberships?page[size]=20",
    "/organizations/{crowd}/organization-memberships",
    "/organizations/{crowd}/organization-memberships?q={crowd}",
    "/teams/{team}/relationships/organization-memberships",
    "/users/{user}/authentication-tokens?page[size]=20",
]
# What may differ: a row more to compare, a link to the next page, numbers with more digits. All sessions of a
# person, a hundred at most, are read to find the newest.
TOLERANCE = 1.25


@pytest.fixture(scope="module")
def grown(django_db_setup, django_db_blocker):
    """Two people, one of whom has twenty of everything and the other a thousand and one."""
    with django_db_blocker.unblock(), undone():
        made = {}
        for name, number in SIZES.items():
            user = person_with(number, name)
            organization = organization_with(number, f"{name}-crowd", user)
            places = {
                "name": name,
                "crowd": organization.name,
                "own": membership_of(user, organization.name).pk,
                "team": public_id("team", organization.pk),
                "user": public_id("user", user.pk),
            }
            made[name] = (people.sign_in(user), api_client(user), places)
        yield made


def cost(get, path):
    """The statements and the function calls of the second request."""
    assert get(path).status_code == 200
    asked = sent_by(lambda: get(path))
    profile = cProfile.Profile()
    profile.runcall(get, path)
    return len(asked), pstats.Stats(profile).total_calls


@pytest.mark.parametrize("path", PAGES)
def test_a_page_costs_the_same_with_a_thousand_rows(grown, db, path):
    few, many = (cost(grown[name][0].get, path.format(**grown[name][2])) for name in SIZES)

    # One may count what it does not show, and one more may ask how many require two-factor authentication.
    assert many[0] <= few[0] + 2
    assert many[1] <= few[1] * TOLERANCE, (few, many)


@pytest.mark.parametrize("path", LISTS_OF_THE_API)
def test_a_list_of_the_api_costs_the_same_with_a_thousand_rows(grown, db, path):
    few, many = (cost(grown[name][1].get, path.format(**grown[name][2])) for name in SIZES)

    assert many[0] <= few[0]
    assert many[1] <= few[1] * TOLERANCE, (few, many)
