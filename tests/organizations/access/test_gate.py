"""Every route below an organization, met by people whom it must not let in."""

import pytest
from django.urls import get_resolver, reverse

from accounts.audit import Actor
from accounts.models import AuditEvent, Session
from accounts.two_factor.removal import disable
from organizations.models import Membership, Organization, OrganizationToken
from tests.support.organizations import lift, membership_of
from tests.support.two_factor import text_of

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# The only pages that are open to locked-out members (D5).
OPEN_TO_LOCKED_OUT = {"locked_out", "leave"}


def routes():
    """(name, its other arguments) of all routes that carry an organization's name."""
    _, resolver = get_resolver().namespace_dict["organizations"]
    for name in resolver.reverse_dict:
        if isinstance(name, str):
            [(_, parameters)], *_ = resolver.reverse_dict.getlist(name)[0]
            if "organization_name" in parameters:
                yield name, tuple(sorted(set(parameters) - {"organization_name"}))


ROUTES = sorted(routes())


def path_of(route, arguments, organization, membership_id=1):
    known = {"membership_id": membership_id, "batch_id": 1, "kind": "organization"}
    kwargs = {name: known[name] for name in arguments}
    return reverse(f"organizations:{route}", kwargs={"organization_name": organization, **kwargs})


def everything():
    return [
        *Organization.objects.order_by("pk").values_list(),
        *Membership.objects.order_by("pk").values_list(),
        *OrganizationToken.objects.order_by("pk").values_list(),
        AuditEvent.objects.count(),
    ]


def test_the_walk_finds_the_routes():
    assert len(ROUTES) >= 13
    assert {name for name, _ in ROUTES} > OPEN_TO_LOCKED_OUT


@pytest.mark.parametrize(("route", "arguments"), ROUTES)
def test_anonymous_is_sent_to_sign_in(stage, client, route, arguments):
    for name in ["open", "nowhere"]:
        path = path_of(route, arguments, name)

        assert client.get(path)["Location"].startswith("/session?")
        assert client.post(path)["Location"].startswith("/session?")


def shown(response, name):
    """Return the page without the name asked for and the token of its forms, which always differs."""
    return response.status_code, text_of(response).replace(name, "NAME")


@pytest.mark.parametrize(("route", "arguments"), ROUTES)
def test_or10_foreign_and_missing_organizations_look_the_same(stage, route, arguments):
    target = membership_of(stage.max, "fort").pk
    browser = stage.browser("eve")

    for method in METHODS:
        foreign = browser.generic(method, path_of(route, arguments, "fort", target))
        missing = browser.generic(method, path_of(route, arguments, "nowhere", target))

        assert foreign.status_code == missing.status_code
        assert foreign.status_code in (404, 405)
        assert shown(foreign, "fort") == shown(missing, "nowhere")


@pytest.mark.parametrize("actor", ["mia", "oscar"])
@pytest.mark.parametrize(("route", "arguments"), ROUTES)
def test_or01_locked_out_members_get_nowhere(stage, actor, route, arguments):
    """mia never enrolled; oscar, an owner, was reset by break-glass."""
    if route in OPEN_TO_LOCKED_OUT:
        return
    target = membership_of(stage.max, "fort").pk
    if actor == "oscar":
        disable(stage.oscar, actor=Actor.command(), reason="lost", forced=True)
        del stage.apps["oscar"]
    browser = stage.browser(actor)
    before = everything()

    for method in METHODS:
        response = browser.generic(method, path_of(route, arguments, "fort", target))

        assert response.status_code in (302, 405), method
        assert response.status_code == 405 or response["Location"].startswith("/app/fort/locked-out?next=")
        assert "olga" not in text_of(response)
        assert "max" not in text_of(response)

    assert everything() == before


@pytest.mark.parametrize(("route", "arguments"), ROUTES)
def test_or04_an_unverified_session_must_verify_first(stage, route, arguments):
    """Can't come about by enrolling, which verifies; forced by taking the mark from the session."""
    browser = stage.browser("olga")
    Session.objects.filter(user=stage.olga).update(verified_at=None)
    if route == "leave":
        return

    for method in METHODS:
        response = browser.generic(method, path_of(route, arguments, "fort"))

        assert response.status_code in (302, 405), method
        assert response.status_code == 405 or response["Location"].startswith("/session/sudo?next=")


def test_or04_verifying_opens_it_again(stage):
    browser = stage.browser("olga")
    Session.objects.filter(user=stage.olga).update(verified_at=None)

    step_up = browser.get("/app/fort/settings/users?q=m")["Location"]
    response = browser.post(step_up, {"code": stage.apps["olga"].fresh_code()})

    assert response["Location"] == "/app/fort/settings/users?q=m"
    assert browser.get("/app/fort").status_code == 200


def test_other_organizations_stay_open(stage):
    browser = stage.browser("mia")

    assert browser.get("/app/fort").status_code == 302
    assert browser.get("/app/open").status_code == 200


def test_everything_comes_back_when_the_policy_is_lifted(stage):
    browser = stage.browser("mia")
    assert browser.get("/app/fort").status_code == 302

    lift(Organization.objects.get(name="fort"))

    assert browser.get("/app/fort").status_code == 200


def test_a_removed_member_is_out_with_the_next_request(stage):
    browser = stage.browser("max")
    assert browser.get("/app/open").status_code == 200

    stage.browser("una").post(f"/app/open/settings/users/{membership_of(stage.max, 'open').pk}/remove")

    assert browser.get("/app/open").status_code == 404


def test_an_unmade_owner_acts_as_owner_no_more(stage):
    browser = stage.browser("una")
    assert browser.get("/app/open/settings/users").status_code == 200

    stage.browser("olga").post(f"/app/open/settings/users/{membership_of(stage.una, 'open').pk}/unmake-owner")

    assert browser.get("/app/open/settings/users").status_code == 403


def test_names_are_found_without_regard_to_case(stage):
    assert stage.browser("olga").get("/app/OPEN").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "../admin",
        ".",
        "%2e%2e",
        "a/b",
        "x" * 300,
        "%E2%80%AEopen",
        "%D0%BEpen",
        "op%00en",
        "op%ED%A0%80en",
        "open%20",
        "open;x=1",
    ],
)
def test_or11_odd_names_in_paths_lead_to_no_organization(stage, name):
    response = stage.browser("olga").get(f"/app/{name}")

    assert response.status_code in (301, 302, 400, 404)
    assert b"No 2FA" not in response.content


@pytest.mark.parametrize("pk", ["0", "999999999", "9" * 30, "9" * 5000])
def test_odd_membership_ids_are_not_found(stage, pk):
    for action in ["make-owner", "unmake-owner", "remove"]:
        assert stage.browser("una").post(f"/app/open/settings/users/{pk}/{action}").status_code == 404


def test_a_membership_of_another_organization_is_not_found(stage):
    foreign = membership_of(stage.max, "fort").pk

    response = stage.browser("una").post(f"/app/open/settings/users/{foreign}/remove")

    assert response.status_code == 404
    assert Membership.objects.filter(pk=foreign).exists()
