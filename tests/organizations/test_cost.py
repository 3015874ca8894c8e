"""How many statements pages and verbs may send to the database. BEGIN and COMMIT are not counted."""

from accounts.models import OutboxMessage
from organizations.models import AuthPolicy
from organizations.policy.two_factor import set_auth_policy
from tests.support import people
from tests.support.organizations import SERVER, found, join, make_stage
from tests.support.statements import most, sent, statements

MOST = {
    "/app": 2,  # session and user; organizations and invitations
    "/app/settings/organizations": 3,  # and which of them nobody else owns
    "/app/open": 4,  # session and user; gate; members; switcher
    "/app/open/settings/users": 5,  # and whose accounts are deactivated
    "/app/open/settings/users?status=invited": 4,
    "/app/open/settings/general": 3,
    "/app/fort/settings/authentication": 3,
    "/app/open/settings/authentication": 4,  # and the owners who are missing
    "/app/settings/two-factor": 6,  # each method, its device, and how many backup codes are left
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

    above = {path: asked for path, asked in taken.items() if len(asked) > most(MOST[path])}
    assert not above, "\n".join(f"{path}: {len(asked)}\n{asked}" for path, asked in above.items())


def test_a_refusal_by_the_policy_costs_two_statements(transactional_db):
    browser = make_stage().browser("mia")
    browser.get("/app/fort")

    assert len(sent_by(lambda: browser.get("/app/fort"))) <= most(2)


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
