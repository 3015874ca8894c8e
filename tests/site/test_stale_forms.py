"""A form that is out of date ends in no error: it shows what is true now, and leads to its page (PF5, PF11).

Every form of the site is sent twice, after its session has ended, after somebody else has signed in, and
after what it is about is gone (D42). Forms are found by walking everybody's pages (tests/support/crawler.py).
"""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from accounts import factors
from accounts.audit import Actor
from accounts.models import ApiToken, RememberedBrowser, Session, User
from organizations import lifecycle
from organizations.models import Membership, Organization, OrganizationToken
from tests.support.crawler import FORM, body_of, routes, undone, view_of
from tests.test_bad_input import TOKEN, encoded, right_values

pytestmark = pytest.mark.django_db

PAGE_OF_SETTINGS = 'class="side-nav'  # it says what is gone, and shows what is there
WAY_ON = "Show the page as it is now"
ORGANIZATIONS = "Your organizations"
SIGNED_IN = ["owner", "member", "staff", "setting_up", "with_phone"]
ELSEWHERE = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:evil()"]
FOR_PROGRAMS = {"accounts:sms_status"}  # Twilio's, which signs what it sends


def sign_out_everywhere():
    Session.objects.all().delete()


def time_out():
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def change_passwords():
    for user in User.objects.all():
        user.rotate_stamp()
        user.save(update_fields=["security_stamp"])


def lose_sudo():
    Session.objects.filter(user__isnull=False).update(proved_at=timezone.now() - timedelta(minutes=6))


def delete_organizations():
    for organization in Organization.objects.all():
        lifecycle.delete_organization(organization, actor=Actor.command())


def remove_everybody():
    """Nobody is a member, and no invitation is open."""
    Membership.objects.all().delete()


def remove_others():
    """Only owners are left, and no invitation is open."""
    Membership.objects.filter(is_owner=False).delete()


def demote_owners():
    Membership.objects.update(is_owner=False)


def revoke_tokens():
    for model in (ApiToken, OrganizationToken, RememberedBrowser):
        model.objects.all().delete()


def end_set_ups():
    for factor in factors.all_factors():
        factor.device_model.objects.filter(confirmed=False).delete()


def switch_two_factor_off():
    for factor in factors.all_factors():
        factor.device_model.objects.all().delete()
    User.objects.update(two_factor_enabled_at=None)


ENDED = [sign_out_everywhere, time_out, change_passwords]
GONE = [
    lose_sudo,
    delete_organizations,
    remove_everybody,
    remove_others,
    demote_owners,
    revoke_tokens,
    end_set_ups,
    switch_two_factor_off,
]


def name(function):
    return function.__name__


def browser_of(walker):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies.load(walker.cookies)
    return client


def post_forms(everybody):
    return [(walker, form) for walker, form in everybody.forms if form.method == "post"]


def send(client, walker, form, **fields):
    body = encoded({**right_values(form), TOKEN: walker.token, **fields})
    return client.generic("POST", form.action.partition("#")[0], body, FORM)


def is_page(path):
    """Whether this address can be opened: it is none that only takes forms."""
    return getattr(resolve(urlsplit(path).path).func, "page", None) is None


def pages_with(everybody, form):
    """The views of the pages that have this form: invitations are answered on several."""
    return {
        view_of(page.path) for _, page in everybody.pages for other in page.forms if other.view == form.view
    }


def complaints(response, form):
    """What is wrong with the answer to a stale form, as sentences."""
    text, location = body_of(response).decode(), response.get("Location", "")
    if response.status_code == 405 or (response.status_code >= 500 and response.status_code != 503):
        yield f"{form}: {response.status_code}"
    ways = (WAY_ON, ORGANIZATIONS, "No permission</h1>")  # the last on the admin site, among its links
    if response.status_code == 403 and not any(way in text for way in ways):
        yield f"{form}: a bare 403"
    if response.status_code == 404 and ORGANIZATIONS not in text and PAGE_OF_SETTINGS not in text:
        yield f"{form}: a bare 404"
    if location:
        if urlsplit(location).netloc or not location.startswith("/"):
            yield f"{form}: leads to {location}"
        elif not is_page(location):
            yield f"{form}: leads to {location}, which only takes forms"
        for path in parse_qs(urlsplit(location).query).get("next", []):
            if not is_page(path):
                yield f"{form}: leads on to {path}, which only takes forms"


def test_pf11_a_form_that_is_sent_twice_shows_what_is_true(everybody, db):
    wrong = []
    for walker, form in post_forms(everybody):
        with undone():
            client = browser_of(walker)
            first = send(client, walker, form)
            again = send(client, walker, form)  # as it stood in a second tab before the first was sent
            wrong += [*complaints(first, form), *complaints(again, form)]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("end", ENDED, ids=name)
def test_pf11_after_the_session_has_ended_a_form_leads_back_to_its_page(everybody, db, end):
    wrong = []
    for walker, form in post_forms(everybody):
        with undone():
            client = browser_of(walker)
            end()
            response = send(client, walker, form)
            wrong += complaints(response, form)
            if form.action.startswith("/app/"):
                [path] = parse_qs(urlsplit(response["Location"]).query)["next"]
                if view_of(path) not in {view_of(form.action), *pages_with(everybody, form)}:
                    wrong.append(f"{form}: leads to {path}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("other", ["owner", "outsider", "staff"])
@pytest.mark.parametrize("token", ["stale", "their own"])
def test_pf11_after_somebody_else_has_signed_in(everybody, db, other, token):
    wrong, person = [], everybody[other]
    for walker, form in post_forms(everybody):
        with undone():
            client = browser_of(person)
            response = send(client, walker if token == "stale" else person, form)
            wrong += complaints(response, form)
            if token == "stale" and walker is not person and response.status_code != 403:
                wrong.append(f"{form}: taken")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("end", GONE, ids=name)
def test_pf5_after_what_the_form_is_about_is_gone(everybody, db, end):
    wrong = []
    for walker, form in post_forms(everybody):
        with undone():
            end()
            wrong += complaints(send(browser_of(walker), walker, form), form)

    assert not wrong, "\n".join(wrong)


def test_d6_every_form_that_takes_a_proof_says_what_for_and_cancel_leads_back(everybody, db):
    wrong, asked = [], 0
    for walker, form in post_forms(everybody):
        with undone():
            lose_sudo()
            client = browser_of(walker)
            location = send(client, walker, form).get("Location", "")
            if not location.startswith("/session/sudo?"):
                continue
            asked += 1
            text = client.get(location).content.decode()
            if "to continue." in text or "Confirm that it&#x27;s you to" not in text.replace("'", "&#x27;"):
                wrong.append(f"{form}: for what?")
            [cancel] = re.findall(r'<a href="([^"]*)">Cancel</a>', text)
            back = client.get(cancel.replace("&amp;", "&"))
            if back.status_code != 200:
                wrong.append(f"{form}: Cancel leads to {cancel}: {back.status_code} {back.get('Location')}")

    assert asked > 20
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("actor", SIGNED_IN)
def test_pf5_the_address_of_a_form_leads_to_its_page(everybody, db, actor):
    walker, wrong, led = everybody[actor], [], 0
    for path in everybody.places.paths():
        for method in ("GET", "HEAD"):
            answer = walker.send(method, path)
            if answer.status == 405 and view_of(path) not in FOR_PROGRAMS:
                wrong.append(f"{method} {path}: 405")
            if answer.status == 303:
                led += 1
                if walker.wrote or not is_page(answer.location):
                    wrong.append(f"{method} {path}: leads to {answer.location}, wrote {walker.wrote}")

    assert led > 20
    assert not wrong, "\n".join(wrong)


def test_pf5_every_address_that_only_takes_forms_names_their_page(everybody):
    """A new action with Django's `require_POST` would answer a reload with 405: use `post_only`."""
    nameless = [
        route
        for route in routes()
        if not route.template.startswith("/admin/")
        and view_of(path := everybody.places.path(route)) not in FOR_PROGRAMS
        and everybody["owner"].get(path).status == 405
    ]

    assert nameless == []


def test_lg_19_a_stale_form_leads_to_no_other_site(everybody, db):
    wrong = []
    for number, (walker, form) in enumerate(post_forms(everybody)):
        target = ELSEWHERE[number % len(ELSEWHERE)]
        for prepare in (sign_out_everywhere, lose_sudo, remove_everybody):
            with undone():
                prepare()
                responses = [
                    send(browser_of(walker), walker, form, **fields)
                    for fields in ({"next": target}, {"next": target, TOKEN: "x" * 32})
                ]
            for response in responses:
                wrong += complaints(response, form)
                if "evil" in response.get("Location", "") or f'href="{target}' in body_of(response).decode():
                    wrong.append(f"{form}: leads to {target}")

    assert not wrong, "\n".join(wrong)
