"""The caller's own account over the API, and what it may know of other people's."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.test import Client

from accounts.models import ApiToken, AuditEvent, Session, User
from organizations import lifecycle
from tests.api.clients import ApiClient, LiveClient, api_client, document, token_of, token_of_organization
from tests.api.programs import refusals
from tests.support import people
from tests.support.organizations import SERVER, found, require
from tests.support.people import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "another long password 43"
ENROL_ANEW = "/app/settings/tokens"


def attributes_of(response):
    assert response.status_code == 200, response.content
    return response.json()["data"]["attributes"]


def id_of(user):
    return f"user-{user.pk:016}"


# ---------------------------------------------------------------- account/details


def test_a_show_takes_two_statements_at_most(alice, django_assert_num_queries):
    lifecycle.create_organization("acme", "x@example.com", owner=alice, actor=SERVER)
    client = api_client(alice)
    client.get("/ping")  # which notes the use of the token

    with django_assert_num_queries(1):
        assert client.get("/account/details").status_code == 200
    with django_assert_num_queries(2):
        assert client.get("/organizations/acme").status_code == 200


def test_details_say_whether_two_factor_is_on(alice, app_of_alice, bob):
    assert attributes_of(api_client(alice).get("/account/details"))["two-factor"] == {
        "enabled": True,
        "verified": True,
    }
    assert attributes_of(api_client(bob).get("/account/details"))["two-factor"] == {
        "enabled": False,
        "verified": False,
    }


def test_an_enrolment_that_is_not_confirmed_is_none(alice):
    people.start_enrolment(people.sign_in(alice))

    assert attributes_of(api_client(alice).get("/account/details"))["two-factor"]["enabled"] is False


def test_details_say_what_the_token_is_of(alice):
    answer = api_client(alice).get("/account/details").json()["data"]

    assert answer["id"] == id_of(alice)
    assert answer["relationships"]["authenticated-resource"] == {
        "data": {"id": id_of(alice), "type": "users"}
    }
    token = ApiToken.objects.get()
    assert answer["links"]["auth-token"] == f"/api/v2/authentication-tokens/{token.public_id}"


@pytest.mark.parametrize(("kind", "resource"), [("organization", "organizations"), ("owners", "teams")])
def test_tokens_of_nobody_are_service_accounts(alice, kind, resource):
    organization = found("acme", alice)
    client = ApiClient(token_of_organization(organization, kind))

    data = client.get("/account/details").json()["data"]

    assert data["type"] == "users"
    assert data["attributes"]["is-service-account"] is True
    assert not any(data["attributes"]["permissions"].values())
    named = {"organizations": "acme", "teams": f"team-{organization.pk:016}"}[resource]
    assert data["relationships"]["authenticated-resource"]["data"] == {"id": named, "type": resource}
    assert client.get(f"/users/{data['id']}").status_code == 404
    assert client.patch("/account/update", document("users", username="alice")).status_code == 404
    assert client.patch("/account/password", document("users")).status_code == 404


# ---------------------------------------------------------------- account/update


def test_the_same_name_and_address_change_nothing(alice):
    client = api_client(alice, verified=False)
    mail.outbox.clear()
    before = AuditEvent.objects.count()

    answer = client.patch("/account/update", document("users", username="alice", email="Alice@example.com"))

    assert attributes_of(answer)["email"] == "alice@example.com"
    assert AuditEvent.objects.count() == before
    assert mail.outbox == []


def test_a_new_address_waits_to_be_confirmed(alice):
    answer = api_client(alice).patch("/account/update", document("users", email="new@example.com"))

    assert attributes_of(answer)["email"] == "alice@example.com"
    assert attributes_of(answer)["unconfirmed-email"] == "new@example.com"
    assert {address for sent in mail.outbox for address in sent.to} >= {"new@example.com", alice.email}
    event = AuditEvent.objects.get(event="email.change_requested")
    assert event.door == "api"
    assert event.data["token"] == ApiToken.objects.get().public_id


def test_asking_for_the_same_new_address_again_sends_no_second_mail(alice):
    client = api_client(alice)
    client.patch("/account/update", document("users", email="new@example.com"))
    sent = len(mail.outbox)

    client.patch("/account/update", document("users", email="new@example.com"))

    assert len(mail.outbox) == sent


def test_the_present_address_withdraws_a_change(alice):
    client = api_client(alice)
    client.patch("/account/update", document("users", email="new@example.com"))

    answer = client.patch("/account/update", document("users", email=alice.email))

    assert attributes_of(answer)["unconfirmed-email"] is None


@pytest.mark.parametrize("name", ["bob", "ALICE", "", None, 7, ["alice"]])
def test_a_user_name_stays_and_then_nothing_else_changes_either(alice, name):
    answer = api_client(alice).patch(
        "/account/update", document("users", username=name, email="new@example.com")
    )

    assert answer.status_code == 422
    assert refusals(answer) == [("422", "invalid attribute", "/data/attributes/username")]
    assert User.objects.get(pk=alice.pk).unconfirmed_email == ""


@pytest.mark.parametrize("email", ["", None, 7, True, ["a@example.com"], {}, "no address", "a@b", "x" * 300])
def test_what_is_no_address_is_refused(alice, email):
    answer = api_client(alice).patch("/account/update", document("users", email=email))

    assert refusals(answer) == [("422", "invalid attribute", "/data/attributes/email")]


def test_what_can_not_be_written_is_refused(alice):
    sent = document("users", is_admin=True, two_factor={"enabled": True}, is_site_admin=True, id="user-1")

    answer = api_client(alice).patch("/account/update", sent)

    assert {pointer for *_status, pointer in refusals(answer)} == {
        f"/data/attributes/{name}" for name in ("is-admin", "two-factor", "is-site-admin")
    }
    assert not User.objects.get(pk=alice.pk).is_staff


def test_an_unverified_token_may_send_what_is_so_already_and_no_new_address(alice, app_of_alice):
    client = api_client(alice, verified=False)

    same = client.patch("/account/update", document("users", username="alice", email=alice.email))
    new = client.patch("/account/update", document("users", email="new@example.com"))

    assert same.status_code == 200
    assert new.status_code == 403
    assert new.json()["errors"][0]["title"] == "two-factor required"
    assert ENROL_ANEW in new.json()["errors"][0]["detail"]
    assert User.objects.get(pk=alice.pk).unconfirmed_email == ""


def test_addresses_are_changed_five_times_a_day(alice):
    client = api_client(alice)

    statuses = [
        client.patch("/account/update", document("users", email=f"new{n}@example.com")).status_code
        for n in range(6)
    ]

    assert statuses == [200] * 5 + [422]


@pytest.mark.parametrize(("kind", "pk"), [("organizations", None), ("users", "user-0000000000000001x")])
def test_another_type_or_id_is_a_conflict(alice, kind, pk):
    sent = document(kind, pk, email="new@example.com")

    assert api_client(alice).patch("/account/update", sent).status_code == 409


# ---------------------------------------------------------------- account/password


def change_of(current=PASSWORD, new=NEW, again=None):
    return document_of(current_password=current, password=new, password_confirmation=again or new)


def document_of(**attributes):
    """As it is documented: the one endpoint whose attributes are in snake_case."""
    return {"data": {"type": "users", "attributes": attributes}}


def test_a_new_password_ends_every_browser_and_no_token(alice):
    browser = people.sign_in(alice)
    client = api_client(alice)

    answer = client.patch("/account/password", change_of())

    assert attributes_of(answer)["username"] == "alice"
    assert User.objects.get(pk=alice.pk).check_password(NEW)
    assert browser.get("/app/settings/profile").status_code == 302
    assert client.get("/account/details").status_code == 200
    assert [sent.to for sent in mail.outbox][-1] == [alice.email]
    assert AuditEvent.objects.get(event="password.changed").data["token"]
    people.post_password(browser, alice, NEW)
    assert Session.objects.filter(user=alice).exists()


def test_kebab_case_is_understood_as_well(alice):
    sent = document("users", current_password=PASSWORD, password=NEW, password_confirmation=NEW)

    assert "current-password" in sent["data"]["attributes"]
    assert api_client(alice).patch("/account/password", sent).status_code == 200


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        (change_of(current="wrong"), ["current_password"]),
        (change_of(new="short"), ["password"]),
        (change_of(new="alice@example.com"), ["password"]),
        (change_of(current="wrong", new="too short"), ["current_password", "password"]),
        (change_of(again="another"), ["password_confirmation"]),
        (document_of(), ["current_password", "password", "password_confirmation"]),
        (change_of(new=["x" * 20]), ["password", "password_confirmation"]),
        (change_of(current=None), ["current_password"]),
        (change_of(current="x" * 2000), ["current_password"]),
    ],
)
def test_a_wrong_weak_or_mistyped_password_changes_nothing(alice, sent, names):
    browser = people.sign_in(alice)

    answer = api_client(alice).patch("/account/password", sent)

    assert refusals(answer) == [("422", "invalid attribute", f"/data/attributes/{name}") for name in names]
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)
    assert browser.get("/app/settings/profile").status_code == 200


def test_ten_wrong_passwords_are_enough_and_then_the_right_one_waits_too(alice):
    client = api_client(alice)

    answers = [client.patch("/account/password", change_of(current=f"wrong {n}")) for n in range(10)]
    last = client.patch("/account/password", change_of())

    assert {answer.status_code for answer in answers} == {422}
    assert last.json()["errors"][0]["title"] == "limit reached"
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


def test_guesses_over_the_api_and_on_the_pages_are_counted_together(alice):
    client = api_client(alice)
    for n in range(10):
        client.patch("/account/password", change_of(current=f"wrong {n}"))

    assert people.post_password(Client(), alice).status_code == 429


def test_an_unverified_token_does_not_even_try_a_password(alice, app_of_alice):
    answer = api_client(alice, verified=False).patch("/account/password", change_of(current="wrong"))

    assert answer.status_code == 403
    assert answer.json()["errors"][0]["title"] == "two-factor required"
    assert not AuditEvent.objects.filter(event="password.failed").exists()


def test_a_verified_token_does_and_stays_verified(alice, app_of_alice):
    client = api_client(alice)

    assert client.patch("/account/password", change_of()).status_code == 200
    assert attributes_of(client.get("/account/details"))["is-sudo"] is True


def test_of_changes_at_the_same_moment_one_counts(live_site, alice):
    """The others were right about the password of a moment ago."""
    clients = [LiveClient(live_site, token_of(alice)) for _ in range(4)]
    passwords = [f"{NEW} {n}" for n in range(4)]

    with ThreadPoolExecutor(4) as pool:
        send = lambda client, new: client.patch("/account/password", change_of(new=new))  # noqa: E731
        answers = list(pool.map(send, clients, passwords))

    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [200, 422, 422, 422]
    assert User.objects.get(pk=alice.pk).check_password(passwords[statuses.index(200)])
    assert AuditEvent.objects.filter(event="password.changed").count() == 1


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
