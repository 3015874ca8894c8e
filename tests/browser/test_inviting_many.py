"""A company is invited by a file: chosen, checked, sent, watched, stopped, and what failed is downloaded."""

import csv
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.management import due_work
from accounts.models import User
from organizations.models import Membership, Organization
from tests.browser.conftest import KINDS
from tests.support.organizations import found
from tests.support.people import make_user

pytestmark = pytest.mark.browser

USERS = "/app/acme/settings/users"
LONG = "somebody-with-a-long-local-part-which-does-not-end-soon@a-department.of-a-company.example"


def company(number):
    rows = [["Name", "E-Mail"], ["Bob", "bob@example.com"], ["Nobody", "not an address@"], ["Long", LONG]]
    return rows + [[f"Person {each}", f"person{each}@company.example"] for each in range(number)]


@pytest.fixture
def file(tmp_path):
    """A file as Excel saves it in Germany: semicolons, CRLF, and a mark in front."""
    path = tmp_path / "people.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as opened:
        csv.writer(opened, delimiter=";").writerows(company(40))
    return path


@pytest.fixture
def owner(open_browser, alice, bob):
    found("acme", alice, members=[bob])
    then = timezone.now() - timedelta(days=2)
    User.objects.update(date_joined=then)
    Organization.objects.update(created_at=then)
    person = open_browser(alice)
    person.sign_in()
    person.goto(USERS)
    return person


def fits(owner):
    """Nothing is wider than the screen."""
    return owner.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def open_form(owner, kind):
    owner.click("Invite a user", role="link")
    if kind.get("java_script_enabled", True):  # else the link leads to the page
        owner.click("Invite many people at once", role="link")
    assert owner.path == f"{USERS}/invite"


def test_a_company_is_invited_by_a_file(owner, kind, file, tmp_path):
    open_form(owner, kind)
    owner.page.set_input_files("[name=file]", file)
    owner.click("Check the list")

    assert "41 people will be invited to acme." in owner.text
    assert "1 row has a mistake." in owner.text
    assert "Enter an email address such as name@example.com." in owner.text
    assert "Already a member." in owner.text
    assert fits(owner)
    assert not Membership.objects.invited().exists()

    owner.click("Invite 41 people")
    assert "20 of 41 sent, a few minutes left" in owner.text
    assert fits(owner)

    owner.click("Stop")
    assert "alice stopped this list." in owner.text
    with owner.page.expect_download() as downloading:
        owner.click("Download as CSV", role="link")
    downloading.value.save_as(tmp_path / "not-invited.csv")
    assert len((tmp_path / "not-invited.csv").read_text().splitlines()) == 22

    owner.click("Try these again")
    due_work.steps["invitations of lists sent"].work()
    if owner.page.get_by_role("link", name="Refresh").count():
        owner.click("Refresh", role="link")
    assert "41 of 41 sent" in owner.text
    owner.goto(f"{USERS}/invite")
    assert "41 of 41" in owner.text
    assert fits(owner)


def test_a_mistake_keeps_what_was_pasted(owner, kind):
    open_form(owner, kind)
    owner.click("Check the list")
    assert "Paste a list of people, or choose a file." in owner.text

    owner.page.fill("[name=people]", f"nobody-here\nAda <ada@example.org>\n{LONG}")
    owner.click("Check the list")
    assert "There is no user with that name." in owner.text
    field = owner.page.locator("[name=people]:visible")
    assert field.input_value().startswith("nobody-here\n")

    field.fill("Ada <ada@example.org>")
    owner.click("Check the list")
    owner.click("Invite 1 person")
    assert "1 of 1 sent" in owner.text
    assert Membership.objects.invited().get().email == "ada@example.org"


@pytest.mark.parametrize("kind", [KINDS["wide"]], ids=["wide"])
def test_a_workbook_and_a_very_large_file_are_explained(owner, kind, tmp_path):
    make_user("carol")
    open_form(owner, kind)
    (tmp_path / "people.xlsx").write_bytes(b"PK\x03\x04" + bytes(200))
    owner.page.set_input_files("[name=file]", tmp_path / "people.xlsx")
    owner.click("Check the list")
    assert "This is a workbook." in owner.text

    (tmp_path / "large.csv").write_bytes(b"email\n" + b"a@example.org\n" * 200_000)
    owner.page.set_input_files("[name=file]", tmp_path / "large.csv")
    owner.click("Check the list")
    assert "larger than we accept" in owner.text
