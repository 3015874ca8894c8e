"""Tokens that are made, replaced, revoked and used at the same moment."""

import json
import re

from accounts.models import ApiToken, User
from accounts.tokens.issuing import MOST_TOKENS
from organizations.models import Organization, OrganizationToken
from tests.api.clients import LiveClient, token_of
from tests.support import people
from tests.support.organizations import found
from tests.support.parallel import AT_ONCE, called, fire, sign_in, write_down

CREATE = "/app/settings/tokens/create"
FORM = {"description": "ci", "expires": "90"}


def secrets_on(replies):
    return [match[0] for reply in replies if (match := re.search(r"\w{14}\.atlasv1\.\w{67}", reply.text))]


def statuses(replies):
    return sorted(reply.status for reply in replies)


def test_two_requests_for_the_last_token_make_one(live_site, rounds):
    for number in rounds(2):
        user = people.make_user(f"user{number}")
        visitor = sign_in(live_site, user)
        filler = [ApiToken(owner=user, token_hash=f"{number} {n}") for n in range(MOST_TOKENS - 1)]
        ApiToken.objects.bulk_create(filler)

        replies = fire(live_site, [write_down(visitor, CREATE, **FORM)] * 2)

        assert statuses(replies) == [200, 422]
        assert user.api_tokens.count() == MOST_TOKENS
        assert rounds.events("token.created").count() == 1


def test_of_twenty_new_tokens_of_an_organization_the_last_one_works(live_site, rounds):
    for number in rounds(2):
        owner = people.make_user(f"owner{number}")
        name = f"acme{number}"
        found(name, owner)
        visitor, secret = sign_in(live_site, owner), token_of(owner)
        page = f"/app/{name}/settings/authentication-tokens/organization/create"
        volley = [write_down(visitor, page, expires="90")] * (AT_ONCE // 2)
        volley += [called(live_site, "POST", f"/organizations/{name}/authentication-token", secret)] * 10

        replies = fire(live_site, volley)

        secrets = secrets_on(replies)
        good = [LiveClient(live_site, one).get(f"/organizations/{name}").status_code for one in secrets]
        assert len(set(secrets)) == AT_ONCE
        assert sorted(good) == [200] + [401] * (AT_ONCE - 1)
        assert rounds.events("organization.token_created").count() == AT_ONCE


def test_tokens_that_revoke_each_other_leave_one(live_site, rounds):
    for number in rounds():
        user = people.make_user(f"user{number}")
        secrets = [token_of(user) for _ in range(2)]
        first, second = [row.public_id for row in user.api_tokens.order_by("pk")]
        paths = [f"/authentication-tokens/{second}", f"/authentication-tokens/{first}"]
        volley = [
            called(live_site, "DELETE", path, secret) for path, secret in zip(paths, secrets, strict=True)
        ]

        replies = fire(live_site, volley * 5)

        assert [reply.status for reply in replies].count(204) == 1
        assert user.api_tokens.count() == 1


def test_what_a_token_makes_while_it_is_revoked_comes_before_or_not_at_all(live_site, rounds):
    for number in rounds():
        user = people.make_user(f"user{number}")
        visitor, secret = sign_in(live_site, user), token_of(user)
        token = user.api_tokens.get()
        path = f"/users/user-{user.pk:016}/authentication-tokens"
        making = called(live_site, "POST", path, secret, {"data": {"attributes": {"description": "x"}}})
        ending = write_down(visitor, f"/app/settings/tokens/{token.pk}/revoke")

        replies = fire(live_site, [*[making] * 5, ending, *[making] * 5])

        made = [reply.status for reply in replies].count(201)
        assert set(statuses(replies)) <= {201, 302, 401}
        assert user.api_tokens.count() == made == rounds.events("token.created").filter(door="api").count()
        assert rounds.events("token.revoked").count() == 1


def test_an_organization_that_is_deleted_takes_along_what_is_made_meanwhile(live_site, rounds):
    for number in rounds():
        owner = people.make_user(f"owner{number}")
        name = f"acme{number}"
        team = f"team-{found(name, owner).pk:016}"
        visitor, secret = sign_in(live_site, owner), token_of(owner)
        owners = json.loads(
            LiveClient(live_site, secret).post(f"/teams/{team}/authentication-token").content
        )["data"]["attributes"]["token"]
        volley = [
            called(live_site, "POST", f"/organizations/{name}/authentication-token", one)
            for one in [secret, owners] * 5
        ]
        volley.insert(5, write_down(visitor, f"/app/{name}/settings/general/delete", name=name))
        volley.append(called(live_site, "DELETE", f"/teams/{team}/authentication-token", owners))

        replies = fire(live_site, volley)

        assert set(statuses(replies)) <= {201, 204, 302, 401, 404}
        assert not Organization.objects.filter(name=name).exists()
        assert not OrganizationToken.objects.exists()


def test_an_account_that_is_deleted_takes_along_what_is_made_meanwhile(live_site, rounds):
    for number in rounds():
        user = people.make_user(f"user{number}")
        visitor, secret = sign_in(live_site, user), token_of(user)
        token = user.api_tokens.get().public_id
        path = f"/users/user-{user.pk:016}/authentication-tokens"
        making = called(live_site, "POST", path, secret, {"data": {"attributes": {"description": "x"}}})
        ending = write_down(visitor, "/app/settings/profile/delete", password=people.PASSWORD)
        revoking = called(live_site, "DELETE", f"/authentication-tokens/{token}", secret)

        replies = fire(live_site, [*[making] * 4, ending, revoking, *[making] * 4])

        assert set(statuses(replies)) <= {201, 204, 302, 401, 404}
        assert not User.objects.filter(pk=user.pk).exists()
        assert not ApiToken.objects.exists()
