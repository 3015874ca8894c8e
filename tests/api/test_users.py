"""People over the API: users/:id, and what site admins do."""

import pytest
from django.core import mail

from accounts.models import ApiToken, AuditEvent, User
from tests.api.account_documents import attributes_of, id_of
from tests.api.clients import ApiClient, api_client, token_of
from tests.api.programs import refusals
from tests.support import people
from tests.support.organizations import found, require

pytestmark = pytest.mark.django_db(transaction=True)


# ---------------------------------------------------------------- users/:id


def seen(caller, user, **options):
    answer = api_client(caller, **options).get(f"/users/{id_of(user)}")
    return set(answer.json()["data"]["attributes"]) if answer.status_code == 200 else answer.status_code


def test_oneself_is_shown_whole(alice):
    assert seen(alice, alice) > {"email", "two-factor", "permissions", "unconfirmed-email"}


def test_ap_14_owners_see_addresses_and_two_factor_of_members(alice, bob):
    found("acme", alice, members=[bob])

    assert {"email", "two-factor"} <= seen(alice, bob)
    assert not {"unconfirmed-email", "is-admin"} & seen(alice, bob)


def test_ap_14_members_see_names(alice, bob, carol):
    found("acme", alice, members=[bob, carol])

    for user in [alice, carol]:
        assert "username" in seen(bob, user)
        assert not {"email", "two-factor"} & seen(bob, user)


def test_ap_14_strangers_see_nothing_and_can_not_tell_whether_there_is_anybody(alice, mallory):
    found("acme", alice)
    client = api_client(mallory)

    foreign = client.get(f"/users/{id_of(alice)}")
    missing = client.get("/users/user-0000000009999999")

    assert (foreign.status_code, foreign.content) == (missing.status_code, missing.content)
    assert foreign.status_code == 404


def test_ap_14_who_was_invited_has_not_agreed_to_be_seen(alice, bob):
    found("acme", alice)
    owner = people.sign_in(alice)
    assert owner.post("/app/acme/settings/users/add", {"username": "bob"}).status_code == 302

    assert seen(alice, bob) == 404
    assert seen(bob, alice) == 404


def test_ap_14_a_closed_organization_shows_nobody(alice, bob, carol):
    people.enrol(alice)
    acme = found("acme", alice, members=[bob, carol])
    assert "username" in seen(bob, carol)

    require(acme)

    assert seen(bob, carol) == 404
    assert "email" in seen(alice, carol)
    assert seen(alice, carol, verified=False) == 404


@pytest.mark.parametrize(
    "text", ["", "1", "user-1", "user-٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠١", "x" * 5000, "team-0000000000000001"]
)
def test_what_is_no_id_is_nobody(alice, text):
    assert api_client(alice).get(f"/users/{text}").status_code == 404


# ---------------------------------------------------------------- admin


@pytest.fixture
def root(transactional_db):
    user = people.make_user("root", is_staff=True, is_superuser=True)
    people.enrol(user)
    return user


def disable(caller, user, **options):
    path = f"/admin/users/{id_of(user)}/actions/disable_two_factor"
    return api_client(caller, **options).post(path)


def test_staff_remove_two_factor_and_it_is_recorded_by_which_token(alice, app_of_alice, root):
    client = api_client(root)
    browser = people.sign_in(alice, app_of_alice)

    answer = client.post(f"/admin/users/{id_of(alice)}/actions/disable_two_factor")

    assert attributes_of(answer)["two-factor"] == {"enabled": False, "verified": False}
    assert attributes_of(answer)["email"] == alice.email
    event = AuditEvent.objects.get(event="two_factor.disabled")
    token = ApiToken.objects.get(owner=root).public_id
    assert event.data["reason"] == f"API, token {token}"
    assert (event.door, event.actor, event.data["token"]) == ("api", "user:root", token)
    assert all(token in message.body for message in mail.outbox[-2:])
    assert browser.get("/app/settings/profile").status_code == 302


def test_who_has_none_is_a_400(alice, root):
    answer = disable(root, alice)

    assert answer.status_code == 400
    assert refusals(answer) == [("400", "bad request", None)]


def test_nobody_is_a_404(root, alice):
    alice.pk = 99_999

    assert disable(root, alice).status_code == 404


def test_for_others_there_is_no_administration(alice, app_of_alice, bob, root):
    people.enrol(bob)

    for caller, options in [(alice, {}), (bob, {}), (root, {"verified": False})]:
        assert disable(caller, alice, **options).status_code == 404
    assert ApiClient().post(f"/admin/users/{id_of(alice)}/actions/disable_two_factor").status_code == 401
    assert User.objects.get(pk=alice.pk).is_enrolled


def test_staff_who_are_not_enrolled_are_nobody(alice, app_of_alice):
    staff = people.make_user("staff", is_staff=True)

    assert disable(staff, alice).status_code == 404


def test_or12_an_owner_of_a_mandatory_organization_keeps_it(alice, app_of_alice, root):
    require(found("acme", alice))

    answer = disable(root, alice)

    assert answer.status_code == 422
    assert "acme" in answer.json()["errors"][0]["detail"]
    assert User.objects.get(pk=alice.pk).is_enrolled


def test_sf3_staff_without_the_right_to_change_users_are_nobody(alice, app_of_alice):
    staff = people.make_staff("staff", "accounts.view_user")
    people.enrol(staff)

    assert disable(staff, alice).status_code == 404
    assert User.objects.get(pk=alice.pk).is_enrolled


def test_sf3_superusers_are_told_of_what_a_program_did(alice, app_of_alice, root):
    staff = people.make_staff("staff", "accounts.change_user")
    people.enrol(staff)
    mail.outbox.clear()

    assert disable(staff, alice).status_code == 200

    told = {message.to[0]: message for message in mail.outbox}
    assert {alice.email, root.email} <= set(told)
    assert "Who did it: staff" in told[root.email].body
    assert "API, token" in told[root.email].body


def test_staff_do_it_neither_to_themselves_nor_to_superusers(root):
    staff = people.make_staff("staff", "accounts.change_user")
    people.enrol(staff)

    assert disable(root, root).status_code == 403
    assert disable(staff, root).status_code == 403
    assert User.objects.get(pk=root.pk).is_enrolled


def test_a_token_of_former_staff_is_nobodys(alice, app_of_alice, root):
    client = ApiClient(token_of(root))
    User.objects.filter(pk=root.pk).update(is_staff=False)

    assert client.post(f"/admin/users/{id_of(alice)}/actions/disable_two_factor").status_code == 404
