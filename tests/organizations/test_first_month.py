"""The first month of a company of 300: a closed site, a list of people, a date, and an auditor at the end."""

import csv
import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from organizations.models import InvitationBatch, Membership, Organization
from tests.support.environment import ROOT
from tests.support.invariants import broken
from tests.support.mails import link_in
from tests.support.organizations import enrolled, is_mandatory
from tests.support.people import PASSWORD, TWO_FACTOR, Authenticator, key_on, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, EARLY, LATE = 300, 200, 20  # who enrol at once, and who wait until they are locked out
DAY = timedelta(days=1)
MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)
ACME = "/app/acme"
AUTHENTICATION = f"{ACME}/settings/authentication"
INVITE = f"{ACME}/settings/users/invite"


@pytest.fixture
def calendar(settings):
    """It is Monday, nine o'clock; `calendar(days)` goes on to that day, and does what was due meanwhile."""
    settings.SIGN_UP, settings.CREATE_ORGANIZATIONS = "invited", "staff"
    with time_machine.travel(MONDAY, tick=False) as traveller:

        def on_day(days):
            traveller.move_to(MONDAY + days * DAY, tick=False)
            work()

        yield on_day


def work():
    call_command("run_due_work", verbosity=0)


def mails_to(address):
    return [message for message in mail.outbox if message.to == [address]]


def about_the_date(name):
    """The mails to a member about what acme requires."""
    sent = mails_to(f"{name}@acme.example")
    return [message for message in sent if "acme" in message.subject and "invited" not in message.subject]


def name_of(number):
    return f"p{number:03}"


def joined_by_link(address, name):
    """Sign up with the link of an invitation, accept it, and return the browser and where that led."""
    browser = Client()
    browser.get(link_in(mails_to(address)[-1], "/app/invitations/"))
    sent = {"username": name, "email": address, "password": PASSWORD, "next": "/app/invitations"}
    assert browser.post("/account/new", sent)["Location"] == "/app/invitations"
    row = Membership.objects.get(email=address)
    return browser, browser.post(f"/app/settings/organizations/{row.pk}/accept")["Location"]


def set_up(browser, name):
    """Set up an application on the pages, and return where that leads."""
    user = User.objects.get(username=name)
    start = browser.post(f"{TWO_FACTOR}/enable", {"method": "app", "next": ACME})
    app = Authenticator(user, key_on(browser.get(start["Location"])))
    assert browser.post(f"{TWO_FACTOR}/confirm", {"code": app.code()}).status_code == 302
    kept = browser.post(f"{TWO_FACTOR}/codes/kept")
    return app, kept["Location"]


def the_site_and_its_first_owner():
    """A site admin creates the organization, and invites the person who will own it."""
    root = make_user("root", is_staff=True, is_superuser=True)
    admin = sign_in(root, enrolled(root))
    admin.post("/app/organizations/new", {"name": "acme", "email": "hello@acme.example"})
    call_command("invite", "olga@acme.example", "--organization", "acme", "--owner", verbosity=0)
    work()
    browser, _page = joined_by_link("olga@acme.example", "olga")
    assert Membership.objects.owners().filter(user__username="olga").exists()
    app, _page = set_up(browser, "olga")
    assert admin.post(f"{ACME}/leave").status_code == 302
    return app


def everybody_is_invited(owner):
    """A file with 300 people is checked, and started; the limits spread it."""
    rows = [("Name", "E-Mail"), *((f"Person {n}", f"{name_of(n)}@acme.example") for n in range(PEOPLE))]
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows(rows)
    upload = io.BytesIO(file.getvalue().encode("utf-8-sig"))
    upload.name = "people.csv"
    page = owner.post(f"{INVITE}/preview", {"file": upload})
    checked = page.context["checked"]
    sent = {name: checked[name].value() for name in ("people", "key")}
    assert owner.post(f"{INVITE}/batches", sent).status_code == 302
    while InvitationBatch.objects.get().state == InvitationBatch.State.RUNNING:
        work()
    assert Membership.objects.invited().count() == PEOPLE


def verified(tmp_path, evidence, keys):
    """What the auditor's machine says, which has neither settings nor a database."""
    (tmp_path / "evidence.csv").write_bytes(evidence)
    (tmp_path / "keys.json").write_bytes(keys)
    command = [sys.executable, "manage.py", "verify_evidence", str(tmp_path / "evidence.csv")]
    command += ["--public-key", str(tmp_path / "keys.json"), "--organization", "acme"]
    return subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=120, check=False)


def test_the_first_month_of_a_company_of_300(calendar, tmp_path):
    stranger = Client()
    assert "invit" in stranger.get("/account/new").content.decode()
    app = the_site_and_its_first_owner()

    calendar(2)
    owner = sign_in(User.objects.get(username="olga"), app)
    everybody_is_invited(owner)
    browsers = {n: joined_by_link(f"{name_of(n)}@acme.example", name_of(n))[0] for n in range(PEOPLE)}
    assert Membership.objects.active().count() == PEOPLE + 1
    apps = [set_up(browsers[n], name_of(n))[0] for n in range(EARLY)]

    page = owner.get(f"{AUTHENTICATION}/require-two-factor").content.decode()
    assert f"{PEOPLE - EARLY} of {PEOPLE + 1} members" in page
    date = (MONDAY + 18 * DAY).date().isoformat()
    announced = owner.post(f"{AUTHENTICATION}/schedule", {"methods": "any", "date": date, "hour": "9"})
    assert announced.status_code == 302
    work()
    assert [len(about_the_date(name_of(n))) for n in (0, PEOPLE - 1)] == [0, 1]

    calendar(10)
    owner = sign_in(User.objects.get(username="olga"), app)
    assert owner.post(f"{AUTHENTICATION}/remind").status_code == 302
    work()
    for n in range(EARLY, PEOPLE - LATE):
        browser = sign_in(User.objects.get(username=name_of(n)))
        assert "two-factor" in browser.get("/app").content.decode()
        set_up(browser, name_of(n))
    for day in (11.5, 17.5):
        calendar(day)
    assert not is_mandatory("acme")
    assert len(about_the_date(name_of(PEOPLE - 1))) == 4  # set, reminded, 7 days and 1 day before

    calendar(18)
    assert is_mandatory("acme")
    assert len(about_the_date(name_of(PEOPLE - 1))) == 5
    for n in range(PEOPLE - LATE, PEOPLE):
        browser = sign_in(User.objects.get(username=name_of(n)))
        assert browser.get(ACME)["Location"].startswith(f"{ACME}/locked-out")
        assert set_up(browser, name_of(n))[1] == ACME
        assert browser.get(ACME).status_code == 200

    calendar(25)
    leaver = ["olga", "--reason", "left the company", "--successor", "acme=p000"]
    call_command("deactivate_user", *leaver, verbosity=0)
    assert [row.username for row in Membership.objects.owners().filter(user__is_active=True)] == ["p000"]

    calendar(28)
    next_owner = sign_in(User.objects.get(username="p000"), apps[0])
    answer = next_owner.post(f"{AUTHENTICATION}/evidence", {"format": "csv"})
    evidence = b"".join(answer.streaming_content)
    keys = stranger.get("/.well-known/tfc-auth-evidence-keys.json").content
    done = verified(tmp_path, evidence, keys)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "exported by: p000" in done.stdout
    tampered = evidence.replace(b"none", b"text messages", 1)
    assert verified(tmp_path, tampered, keys).returncode == 1
    text = evidence.decode()
    assert all(name_of(n) in text for n in range(PEOPLE))
    assert Organization.objects.get(name="acme").counts.members_without_two_factor == 0
    assert broken() == []
