"""The caller's own account over the API, and what it may know of other people's."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.test import Client

from accounts.models import ApiToken, AuditEvent, Session, User
from organizations import lifecycle
from tests.api.account_documents import attributes_of, id_of
from tests.api.clients import ApiClient, LiveClient, api_client, document, token_of, token_of_organization
from tests.api.programs import refusals
from tests.support import people
from tests.support.organizations import SERVER, found
from tests.support.people import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


NEW = "another long password 43"
ENROL_ANEW = "/app/settings/tokens"


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
