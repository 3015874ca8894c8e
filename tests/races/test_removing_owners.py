"""An owner is removed while that owner, or a token that the owner made, acts."""

import re

from accounts.models import OutboxMessage
from accounts.outbox.delivery import LISTED
from organizations.models import Membership, OrganizationToken
from tests.support import people
from tests.support.organizations import found, membership_of
from tests.support.parallel import called, fire, post, sign_in, write_down


class Scene:
    """olga and una own an organization; una has made the token of its owners' team."""

    def __init__(self, site, number):
        self.olga, self.una = (people.make_user(f"{name}{number}") for name in ("olga", "una"))
        self.organization = found(f"acme{number}", self.olga, owners=[self.una])
        self.browsers = {user: sign_in(site, user) for user in (self.olga, self.una)}
        self.settings = f"/app/{self.organization.name}/settings"
        self.create = f"{self.settings}/authentication-tokens/owners/create"
        page = post(self.browsers[self.una], self.create, expires="90").text
        self.secret = re.search(r"\w{14}\.atlasv1\.\w{67}", page)[0]
        self.token = OrganizationToken.objects.get(organization=self.organization).public_id
        self.team = f"/teams/team-{self.organization.pk:016}"

    def row(self, user):
        return f"{self.settings}/users/{membership_of(user, self.organization.name).pk}"

    @property
    def owners(self):
        rows = Membership.objects.owners().filter(organization=self.organization)
        return set(rows.values_list("username", flat=True))

    @property
    def tokens_of_una(self):
        return OrganizationToken.objects.filter(organization=self.organization, created_by_id=self.una.pk)


def told_to_owners():
    return OutboxMessage.objects.filter(audience=LISTED)


def users(name):
    return {"data": [{"type": "users", "id": name}]}


def test_sf8_or_16_a_token_that_acts_while_its_maker_is_removed_leaves_none_behind(live_site, rounds):
    """Whatever it does comes before, or not at all: also a token that it makes in its place."""
    for number in rounds():
        scene = Scene(live_site, number)
        removing = write_down(
            scene.browsers[scene.olga], f"{scene.row(scene.una)}/remove", end_tokens="on", shown=scene.token
        )
        path = f"{scene.team}/relationships/users"
        acting = [
            called(live_site, "POST", f"{scene.team}/authentication-token", scene.secret),
            called(live_site, "POST", path, scene.secret, users(scene.una.username)),
        ]

        replies = fire(live_site, [*acting * 3, removing, *acting * 3])

        assert replies[6].status == 302
        assert scene.owners == {scene.olga.username}
        assert not scene.tokens_of_una.exists()
        assert {reply.status for reply in replies} <= {201, 204, 302, 401, 404, 422}


def test_sf8_what_is_kept_was_seen_whatever_is_made_meanwhile(live_site, rounds):
    for number in rounds():
        scene = Scene(live_site, number)
        keeping = write_down(scene.browsers[scene.olga], f"{scene.row(scene.una)}/remove", shown=scene.token)
        making = write_down(scene.browsers[scene.una], scene.create, expires="90")

        replies = fire(live_site, [making, keeping, making, making])

        kept = {token.public_id for token in scene.tokens_of_una}
        if replies[1].status == 302:
            assert kept == {scene.token}
        else:
            assert replies[1].status == 422
            assert scene.owners == {scene.olga.username, scene.una.username}


def test_sf8_of_two_owners_who_remove_each_other_one_stays_and_one_is_told_once(live_site, rounds):
    for number in rounds():
        scene = Scene(live_site, number)
        before = told_to_owners().count()
        volley = [
            write_down(
                scene.browsers[actor], f"{scene.row(other)}/remove", end_tokens="on", shown=scene.token
            )
            for actor, other in [(scene.olga, scene.una), (scene.una, scene.olga)]
        ]

        replies = fire(live_site, volley * 3)

        assert [reply.status for reply in replies].count(302) >= 1
        assert len(scene.owners) == 1
        assert rounds.events("organization.member_removed").count() == 1
        assert told_to_owners().count() - before == 1
