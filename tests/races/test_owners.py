"""Owners, members and site admins act on each other at once."""

import threading
from itertools import pairwise

import psycopg
from django.db import connection

from accounts.models import User
from accounts.models.public_ids import public_id
from organizations.models import Membership, Organization
from tests.api.clients import token_of
from tests.races.states import CONFIRM, DELETE, DISABLE, confirmed_devices
from tests.support import environment
from tests.support.invariants import broken
from tests.support.organizations import enrolled, found, membership_of, require
from tests.support.parallel import called, fire, post, sign_in, start_enrolment, write_down
from tests.support.people import PASSWORD, enrol, make_user, rights_shown
from tests.support.waiting import wait_until

# --- Organizations ---


def test_i1_requiring_disabling_and_new_owners_keep_every_owner_enrolled(live_site, rounds):
    for number in rounds():
        people = [make_user(f"{name}{number}") for name in ["alice", "bob", "carol"]]
        apps = [enrol(user) for user in people]
        alice, bob, carol = people
        name = f"acme{number}"
        found(name, alice, owners=[carol], members=[bob])
        first, second = (sign_in(live_site, alice, apps[0]) for _ in range(2))
        bobs, carols = sign_in(live_site, bob, apps[1]), sign_in(live_site, carol, apps[2])
        users = f"/app/{name}/settings/users/{membership_of(bob, name).pk}"
        authentication = f"/app/{name}/settings/authentication"

        raws = []
        for _ in range(4):
            raws += [
                write_down(first, f"{authentication}/require-two-factor"),
                write_down(second, f"{users}/make-owner"),
                write_down(bobs, DISABLE, password=PASSWORD),
                write_down(carols, DISABLE, password=PASSWORD),
                write_down(second, f"{users}/unmake-owner"),
            ]
        fire(live_site, raws)

        organization = Organization.objects.get(name=name)
        unenrolled = Membership.objects.owners().filter(
            organization=organization, user__two_factor_enabled_at=None
        )
        assert not (organization.is_mandatory and unenrolled.exists())


def test_i1_lifting_and_requiring_again_end_in_one_of_both(live_site, rounds, alice):
    app = enrol(alice)
    organization = found("acme", alice)
    for _ in rounds():
        visitors = [sign_in(live_site, alice, app) for _ in range(2)]
        page = "/app/acme/settings/authentication"

        fire(
            live_site,
            [
                write_down(visitor, f"{page}/{action}")
                for visitor in visitors
                for action in ["require-two-factor", "disable-two-factor"]
            ]
            * 5,
        )

        changes = rounds.events("organization.auth_policy_changed")
        policies = [event.data["policy"] for event in changes]
        organization.refresh_from_db()
        assert policies[-1] == organization.collaborator_auth_policy
        assert all(before != after for before, after in pairwise(policies))


def test_f8_owners_and_members_act_on_each_other_without_waiting_in_a_circle(live_site, rounds):
    for number in rounds():
        alice, bob = (make_user(f"{name}{number}") for name in ["alice", "bob"])
        organizations = [found(f"{name}{number}", alice, owners=[bob]) for name in ["acme", "fort"]]
        visitors = {user: [sign_in(live_site, user) for _ in range(2)] for user in (alice, bob)}

        raws = []
        for organization in organizations:
            for user, other in [(alice, bob), (bob, alice)]:
                row = f"/app/{organization.name}/settings/users/{membership_of(other, organization.name).pk}"
                first, second = visitors[user]
                raws += [
                    write_down(first, f"{row}/unmake-owner"),
                    write_down(second, f"{row}/make-owner"),
                    write_down(first, f"/app/{organization.name}/settings/general", email="x@y.example"),
                    write_down(second, f"/app/{organization.name}/leave"),
                    write_down(first, "/app/settings/profile/email", email=f"new-{user.email}"),
                ]
        fire(live_site, raws)


def test_f8_enabling_against_joining_leaving_and_deleting_keeps_copies_and_counts_right(live_site, rounds):
    for number in rounds():
        alice, bob = (make_user(f"{name}{number}") for name in ["alice", "bob"])
        names = [f"{name}{number}" for name in ["acme", "fort", "open", "shut"]]
        owner = sign_in(live_site, alice)
        joined = [found(name, alice, members=[bob]) for name in names[:2]]
        for name in names[2:]:
            found(name, alice)
            post(owner, f"/app/{name}/settings/users/add", username=bob.username)
        enabling, *others = (sign_in(live_site, bob) for _ in range(4))
        code = start_enrolment(enabling, bob).code()
        rows = [membership_of(bob, name).pk for name in names]

        raws = [
            write_down(others[0], f"/app/{joined[0].name}/leave"),
            write_down(others[1], f"/app/settings/organizations/{rows[2]}/accept"),
            write_down(others[2], f"/app/settings/organizations/{rows[3]}/accept"),
            write_down(owner, f"/app/{names[0]}/settings/users/{rows[0]}/remove"),
            write_down(owner, f"/app/{names[1]}/settings/general/delete", name=names[1]),
            write_down(owner, f"/app/{names[3]}/settings/users/{rows[3]}/remove"),
        ]
        raws.insert(number, write_down(enabling, CONFIRM, code=code))
        fire(live_site, raws * 2)

        assert confirmed_devices(bob).count() == 1


def test_or_06_one_of_two_last_owners_stays(live_site, rounds):
    for number in rounds():
        alice, bob = (make_user(f"{name}{number}") for name in ["alice", "bob"])
        name = f"acme{number}"
        found(name, alice, owners=[bob])
        visitors = [sign_in(live_site, user) for user in (alice, bob)]
        users = f"/app/{name}/settings/users"

        fire(
            live_site,
            [
                raw
                for visitor, user, other in zip(visitors, (alice, bob), (bob, alice), strict=True)
                for raw in [
                    write_down(visitor, f"/app/{name}/leave"),
                    write_down(visitor, f"{users}/{membership_of(other, name).pk}/remove"),
                    write_down(visitor, f"{users}/{membership_of(user, name).pk}/unmake-owner"),
                    write_down(visitor, DELETE, password=PASSWORD),
                ]
            ]
            * 2,
        )

        assert Membership.objects.owners().filter(organization__name=name).count() == 1


def hands_over(name):
    """The organization has an owner who can act, or the site knows why not; and nobody breaks its policy."""
    organization = Organization.objects.get(name=name)
    owners = organization.memberships.owners()
    assert owners.filter(user__is_active=True).exists()
    assert not (organization.is_mandatory and owners.filter(user__two_factor_enabled_at=None).exists())


def test_two_owners_who_leave_and_name_each_other_leave_one_behind(live_site, rounds):
    for number in rounds():
        alice, bob = (make_user(f"{name}{number}") for name in ["alice", "bob"])
        name = f"acme{number}"
        found(name, alice, owners=[bob])
        visitors = [sign_in(live_site, user) for user in (alice, bob)]
        users = f"/app/{name}/settings/users"

        fire(
            live_site,
            [
                raw
                for visitor, user, other in zip(visitors, (alice, bob), (bob, alice), strict=True)
                for raw in [
                    write_down(visitor, f"/app/{name}/leave", successor=other.username),
                    write_down(
                        visitor,
                        f"{users}/{membership_of(user, name).pk}/unmake-owner",
                        successor=other.username,
                    ),
                ]
            ]
            * 2,
        )

        hands_over(name)


def test_the_next_owner_disables_leaves_or_is_deactivated_in_the_same_moment(live_site, rounds):
    for number in rounds():
        alice, bob, carol = people = [make_user(f"{name}{number}") for name in ["alice", "bob", "carol"]]
        apps = [enrol(user) for user in people]
        root = make_user(f"root{number}", is_staff=True, is_superuser=True)
        name = f"acme{number}"
        organization = found(name, alice, members=[bob, carol])
        require(organization)
        owner, member = sign_in(live_site, alice, apps[0]), sign_in(live_site, bob, apps[1])
        admin = sign_in(live_site, root, enrol(root))
        act = "/admin/accounts/user/{}/act/deactivate/"
        asked = {"reason": "x", f"successor_{organization.pk}": carol.username}

        fire(
            live_site,
            [
                write_down(owner, f"/app/{name}/leave", successor=bob.username),
                write_down(member, DISABLE, password=PASSWORD),
                write_down(member, f"/app/{name}/leave"),
                write_down(admin, act.format(bob.pk), **asked),
                write_down(owner, f"/app/{name}/leave", successor=carol.username),
                write_down(member, f"/app/{name}/leave", successor=carol.username),
            ],
        )

        hands_over(name)


def test_of_two_owners_who_are_deactivated_at_once_the_second_takes_a_next_one(live_site, rounds):
    for number in rounds():
        alice, bob = owners = [make_user(f"{name}{number}") for name in ["alice", "bob"]]
        name = f"acme{number}"
        found(name, alice, owners=[bob])
        roots = [make_user(f"root{number}-{n}", is_staff=True, is_superuser=True) for n in range(2)]
        admins = [sign_in(live_site, root, enrol(root)) for root in roots]

        replies = fire(
            live_site,
            [
                write_down(admin, f"/admin/accounts/user/{user.pk}/act/deactivate/", reason="x")
                for admin, user in zip(admins, owners, strict=True)
            ],
        )

        assert sorted(reply.status for reply in replies) == [302, 422]
        hands_over(name)


# --- Site admins ---


def test_two_superusers_who_demote_each_other_never_leave_the_site_without_one(live_site, rounds):
    for number in rounds():
        User.objects.update(is_superuser=False)
        roots = [make_user(f"root{number}-{n}", is_staff=True, is_superuser=True) for n in range(2)]
        visitors = [sign_in(live_site, root, enrol(root)) for root in roots]

        fire(
            live_site,
            [
                write_down(
                    visitor,
                    f"/admin/accounts/user/{other.pk}/act/rights/",
                    is_staff="on",
                    reason="x",
                    **rights_shown(other),
                )
                for visitor, other in zip(visitors, reversed(roots), strict=True)
            ],
        )

        assert User.objects.filter(is_superuser=True).count() == 1


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def test_tf4_r42_who_becomes_an_owner_while_two_factor_is_removed_keeps_it(live_site):
    if environment.KIND != "postgresql":
        return  # one writer at a time: nothing comes in between
    root = make_user("root", is_staff=True, is_superuser=True)
    owner, member = make_user("owner"), make_user("member")
    for user in (root, owner, member):
        enrolled(user)
    require(found("acme", owner, members=[member]))
    path = f"/admin/users/{public_id('user', member.pk)}/actions/disable_two_factor"
    raw, replies = called(live_site, "POST", path, token_of(root)), []

    with psycopg.connect(environment.test_database_url()) as other:
        other.execute("SELECT 1 FROM accounts_user WHERE id = %s FOR NO KEY UPDATE", [member.pk])
        removal = threading.Thread(target=lambda: replies.extend(fire(live_site, [raw])))
        removal.start()
        wait_until(somebody_waits, live_site.log)
        other.execute("UPDATE organizations_membership SET is_owner = true WHERE user_id = %s", [member.pk])
    removal.join()

    assert replies[0].status == 422, replies[0].text
    assert User.objects.get(pk=member.pk).is_enrolled
    assert broken() == []


def test_r42_nobody_becomes_an_owner_whose_two_factor_is_removed_at_this_moment(live_site):
    if environment.KIND != "postgresql":
        return  # one writer at a time: nothing comes in between
    owner, member = make_user("owner"), make_user("member")
    visitor, replies = sign_in(live_site, owner, enrol(owner)), []
    enrolled(member)
    require(found("acme", owner, members=[member]))
    raw = write_down(visitor, f"/app/acme/settings/users/{membership_of(member, 'acme').pk}/make-owner")

    with psycopg.connect(environment.test_database_url()) as other:
        off = "UPDATE accounts_user SET two_factor_enabled_at = NULL WHERE id = %s"
        other.execute(off, [member.pk])
        promotion = threading.Thread(target=lambda: replies.extend(fire(live_site, [raw])))
        promotion.start()
        wait_until(lambda: somebody_waits() or not promotion.is_alive(), live_site.log)
        mirror = "UPDATE organizations_membership SET two_factor_enabled = false WHERE user_id = %s"
        other.execute(mirror, [member.pk])
    promotion.join()

    assert replies
    assert not membership_of(member, "acme").is_owner
