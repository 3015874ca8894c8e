"""Creating, changing and deleting organizations."""

from urllib.parse import urlencode

import pytest
from django.test import override_settings

from accounts.models import AuditEvent
from organizations.models import Membership, Organization, OrganizationCounts
from organizations.names import RESERVED_NAMES
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import counts_of, let_sudo_expire, membership_of

pytestmark = pytest.mark.django_db
NEW = "/app/organizations/new"
DELETE = "/app/acme/settings/general/delete"


@pytest.fixture
def alice():
    return people.make_user("alice")


@pytest.fixture
def alices(alice):
    """The browser in which alice is signed in."""
    return people.sign_in(alice)


def create(browser, name="acme", **fields):
    body = urlencode({"name": name, "email": "team@acme.example"} | fields, errors="surrogatepass")
    return browser.post(NEW, body, content_type="application/x-www-form-urlencoded")


def test_the_creator_is_its_owner(alices, alice):
    response = create(alices)

    assert response["Location"] == "/app/acme"
    assert membership_of(alice, "acme").is_owner
    assert counts_of("acme") == (1, 1, 0)
    assert AuditEvent.objects.get(event="organization.created").subject == "organization:acme"
    assert alices.get("/app/acme").status_code == 200


def test_the_own_address_is_proposed(alices):
    assert 'value="alice@example.com"' in alices.get(NEW).content.decode()


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 40, "-", "_"])
def test_good_names(alices, name):
    assert create(alices, name).status_code == 302


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "x" * 41,
        "x" * 100_000,
        "a b",
        "a/b",
        "../admin",
        ".",
        "acme.",
        "ac\nme",
        "ac\x00me",
        "\ud800",
        "\u202eacme",
        "аcme",
        "٣",
        "３",
        "<img src=x onerror=alert(1)>",
        "{{7*7}}",
    ],
)
def test_or11_bad_names(alices, name):
    response = create(alices, name)

    assert response.status_code == 422
    assert not Organization.objects.exists()
    assert b"<img src=x" not in response.content


@pytest.mark.parametrize("name", [*sorted(RESERVED_NAMES)[::7], "Settings", "ORGANIZATIONS", "Admin"])
def test_reserved_names(alices, name):
    response = create(alices, name)

    assert response.status_code == 422
    assert "is reserved" in response.content.decode()


def test_names_are_unique_without_regard_to_case(alices):
    create(alices, "acme")

    response = create(alices, "ACME")

    assert response.status_code == 422
    assert "That name is taken" in response.content.decode()


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a@b\n.example", "x" * 300 + "@acme.example"])
def test_bad_contact_addresses(alices, email):
    assert create(alices, email=email).status_code == 422
    assert not Organization.objects.exists()


def test_only_people_with_a_confirmed_address_create():
    dora = people.make_user("dora", email_confirmed_at=None)
    browser = people.sign_in(dora)

    assert "as soon as you have confirmed your email address" in browser.get(NEW).content.decode()
    assert create(browser).status_code == 422
    assert not Organization.objects.exists()


@override_settings(CREATE_ORGANIZATIONS="staff")
def test_d31_creation_can_be_left_to_site_admins(alices):
    root = people.make_user("root", is_staff=True)

    assert "Only site admins" in alices.get(NEW).content.decode()
    assert create(alices).status_code == 422
    assert create(people.sign_in(root)).status_code == 302


def test_the_contact_address_can_be_changed(alices):
    create(alices)

    response = alices.post("/app/acme/settings/general", {"email": "new@acme.example"})

    assert response.status_code == 302
    assert Organization.objects.get().email == "new@acme.example"
    assert AuditEvent.objects.get(event="organization.updated").data["email_before"] == "team@acme.example"


def test_the_same_address_again_is_no_change(alices):
    create(alices)

    alices.post("/app/acme/settings/general", {"email": "team@acme.example"})

    assert not AuditEvent.objects.filter(event="organization.updated").exists()


def test_unknown_fields_change_nothing(alices):
    """R46: what a form does not have can't be set with it."""
    create(alices, collaborator_auth_policy="two_factor_mandatory")
    alices.post(
        "/app/acme/settings/general",
        {"email": "a@acme.example", "name": "evil", "collaborator_auth_policy": "two_factor_mandatory"},
    )

    organization = Organization.objects.get()
    assert (organization.name, organization.is_mandatory) == ("acme", False)


def test_deleting_takes_everything_of_it(alices):
    create(alices)
    alices.post("/app/acme/settings/users/add", {"username": "x@acme.example"})

    response = alices.post(DELETE, {"name": "acme"})

    assert response["Location"] == "/app"
    assert not Organization.objects.exists()
    assert not Membership.objects.exists()
    assert not OrganizationCounts.objects.exists()
    assert AuditEvent.objects.get(event="organization.deleted").subject == "organization:acme"
    assert alices.get("/app/acme").status_code == 404


@pytest.mark.parametrize("name", ["", "ACME", "acme1", "\x00"])
def test_deleting_takes_the_typed_name(alices, name):
    create(alices)

    assert alices.post(DELETE, {"name": name}).status_code == 422
    assert Organization.objects.exists()


def test_deleting_needs_sudo(alices, alice):
    create(alices)
    let_sudo_expire(alice)

    assert alices.get(DELETE)["Location"].startswith("/session/sudo?next=")
    assert alices.post(DELETE, {"name": "acme"})["Location"].startswith("/session/sudo?next=")
    assert Organization.objects.exists()


def test_a_deleted_name_can_be_used_again(alices):
    create(alices)
    alices.post(DELETE, {"name": "acme"})

    assert create(alices, "Acme").status_code == 302
    assert broken() == []


@pytest.mark.parametrize("path", ["/app", "/app/settings/organizations", "/app/open"])
@pytest.mark.parametrize(("who", "offered"), [("eve", False), ("root", True), ("mia", False)])
def test_pf8_what_the_site_leaves_to_administrators_is_not_offered_to_others(
    stage, settings, who, offered, path
):
    settings.CREATE_ORGANIZATIONS = "staff"
    if path == "/app/open" and who != "mia":
        return
    page = stage.browser(who).get(path).content.decode()

    assert ('href="/app/organizations/new"' in page) is offered
    settings.CREATE_ORGANIZATIONS = "everybody"
    assert 'href="/app/organizations/new"' in stage.browser(who).get(path).content.decode()
