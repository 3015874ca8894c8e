"""Programs that change an organization at the same moment: what is left is what the last one said."""

from itertools import pairwise

from accounts.models.public_ids import public_id
from organizations.models import Membership
from tests.api.clients import LiveClient, document, token_of, token_of_organization
from tests.support.organizations import found, membership_of
from tests.support.parallel import AT_ONCE, called, fire
from tests.support.people import enrol, make_user

ON = {"collaborator_auth_policy": "two_factor_mandatory", "session_timeout": 60, "email": "on@example.com"}
OFF = {"collaborator_auth_policy": "password", "session_timeout": 120, "email": "off@example.com"}


def state_of(organization):
    organization.refresh_from_db()
    return {name: getattr(organization, name) for name in ON}


def statuses(replies):
    return {reply.status for reply in replies}


def test_ap_12_two_owners_switch_it_on_and_off(live_site, rounds):
    owners = [make_user(name) for name in ("alice", "bob")]
    for owner in owners:
        enrol(owner)
    organization = found("acme", owners[0], owners=owners[1:])
    path, secrets = "/organizations/acme", [token_of(owner) for owner in owners]
    raws = [
        called(live_site, "PATCH", path, secret, document("organizations", **sent))
        for secret, sent in zip(secrets, (ON, OFF), strict=True)
    ]

    for _ in rounds(3):
        replies = fire(live_site, raws * AT_ONCE)

        assert statuses(replies) == {200}
        assert state_of(organization) in (ON, OFF)
        for event, key, final in (
            ("organization.auth_policy_changed", "policy", organization.collaborator_auth_policy),
            ("organization.updated", "email", organization.email),
        ):
            changes = [one.data[key] for one in rounds.events(event)]
            assert all(before != after for before, after in pairwise(changes))
            assert not changes or changes[-1] == final
        sessions = rounds.events("organization.user_sessions_changed")
        assert all(before.data["after"] == after.data["before"] for before, after in pairwise(sessions))


def test_af3_personal_tokens_change_nothing_after_they_are_refused(live_site, rounds):
    for number in rounds(3):
        owner, name = make_user(f"owner{number}"), f"acme{number}"
        path, personal = f"/organizations/{name}", token_of(owner)
        shared = token_of_organization(found(name, owner), "owners")
        refuse = document("organizations", user_tokens_enabled=False)
        raws = [
            called(live_site, "PATCH", path, personal, document("organizations", email=f"{n}@example.com"))
            for n in range(AT_ONCE)
        ]
        raws.insert(AT_ONCE // 2, called(live_site, "PATCH", path, shared, refuse))

        replies = fire(live_site, raws)

        assert statuses(replies) <= {200, 403}
        [switched] = rounds.events("organization.user_tokens_changed")
        assert all(one.pk < switched.pk for one in rounds.events("organization.updated"))
        assert LiveClient(live_site, personal).get(path).status_code == 403
        assert LiveClient(live_site, shared).get(path).status_code == 200


def test_ap_12_requiring_against_new_owners_without_two_factor(live_site, rounds):
    for number in rounds(3):
        alice, bob, carol = (make_user(f"{name}{number}") for name in ("alice", "bob", "carol"))
        enrol(alice)
        organization = found(f"acme{number}", alice, members=[bob, carol])
        secret, team = token_of(alice), public_id("team", organization.pk)
        sent = {"data": [{"type": "users", "id": user.username} for user in (carol, bob)]}
        users = f"/teams/{team}/relationships/users"
        raws = [
            called(live_site, "PATCH", f"/organizations/{organization.name}", secret, document(None, **ON)),
            called(live_site, "POST", users, secret, sent),
            called(live_site, "DELETE", users, secret, sent),
        ]

        replies = fire(live_site, raws * 6)

        assert statuses(replies) <= {200, 204, 422}
        organization.refresh_from_db()
        names = set(owners_of(organization))
        assert names in ({alice.username}, {alice.username, bob.username, carol.username})
        assert not (organization.is_mandatory and len(names) > 1)
        changed = rounds.events("organization.owner_added", "organization.owner_removed").count()
        assert changed % 2 == 0  # both of them or nobody


def owners_of(organization):
    return Membership.objects.owners().filter(organization=organization).values_list("username", flat=True)


def test_f8_lists_in_opposite_order_do_not_wait_in_a_circle_and_one_owner_stays(live_site, rounds):
    for number in rounds(3):
        people = [make_user(f"{name}{number}") for name in ("alice", "bob", "carol")]
        name = f"acme{number}"
        organization = found(name, people[0], owners=people[1:])
        secrets = [token_of(user) for user in people]
        rows = f"/teams/{public_id('team', organization.pk)}/relationships/organization-memberships"
        pks = [public_id("ou", membership_of(user, name).pk) for user in people]

        raws = []
        for index, secret in enumerate(secrets):
            others = [pk for pk in pks if pk != pks[index]]
            for order in (others, others[::-1], pks):
                sent = {"data": [{"type": "organization-memberships", "id": pk} for pk in order]}
                raws += [called(live_site, method, rows, secret, sent) for method in ("DELETE", "POST")]
        replies = fire(live_site, raws)

        assert statuses(replies) <= {204, 403, 422}
        assert owners_of(organization)
