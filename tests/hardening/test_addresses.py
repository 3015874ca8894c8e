"""What people have entered, where it becomes part of an address or of a header (SF12)."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.templatetags.layouts import mailto
from accounts.users.validators import validate_address
from organizations.models import Organization
from tests.support.organizations import found
from tests.support.people import PASSWORD, make_user, sign_in

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
QUOTED = ['"a?bcc=x@y"@z.example', '"a b"@z.example', '"a,b"@z.example', '"a\\"b"@z.example']
# Without quotation marks, and valid.
STRANGE = ["a?bcc=x%40y&subject=z@z.example", "a#b@z.example", "a%0ab=c@z.example", "o'neil+x/y@z.example"]


@pytest.mark.parametrize("address", [*QUOTED, *STRANGE, "plain@z.example"])
def test_sf12_a_link_that_writes_a_mail_has_one_recipient_and_no_other_field(address):
    parts = urlsplit(mailto(address))

    assert (parts.scheme, parts.query, parts.fragment, parts.netloc) == ("mailto", "", "", "")
    assert unquote(parts.path) == address
    assert parts.path.count("@") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", [QUOTED[0], STRANGE[0]])
def test_sf12_pages_link_to_such_an_address_of_an_organization_safely(alice, address):
    found("acme", alice)
    Organization.objects.filter(name="acme").update(email=address)

    page = sign_in(alice).get("/app/acme").content.decode()

    [link] = re.findall(r'href="(mailto:[^"]*)"', page)
    assert unescape(link) == mailto(address)
    assert unescape(page).count(address) == 1


@pytest.mark.django_db
def test_sf12_the_address_for_support_is_linked_safely(client, settings):
    settings.SUPPORT_EMAIL, settings.SIGN_UP = STRANGE[0], "closed"

    for path in ["/docs", "/account/new"]:
        assert f'href="{mailto(STRANGE[0])}"' in client.get(path).content.decode(), path


@pytest.mark.parametrize("address", QUOTED)
def test_sf12_a_name_in_quotation_marks_is_refused_with_a_sentence(address):
    with pytest.raises(ValidationError, match="without quotation marks"):
        validate_address(address)


@pytest.mark.parametrize("address", STRANGE)
def test_sf12_other_addresses_are_as_valid_as_ever(address):
    validate_address(address)


@pytest.mark.django_db(transaction=True)
def test_sf12_who_has_such_an_address_already_goes_on(db):
    make_user("quoted", email=QUOTED[0])

    assert Client().post("/session", {"username": QUOTED[0], "password": PASSWORD}).status_code == 302


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/account/new", "/app/settings/profile/email"])
def test_sf12_every_form_refuses_it(alice, path):
    browser = sign_in(alice) if path.startswith("/app") else Client()
    fields = {"username": "new", "email": QUOTED[0], "password": "a long enough password of mine"}

    answer = browser.post(path, fields)

    assert answer.status_code == 422
    assert "without quotation marks" in answer.content.decode()


def test_sf12_no_template_pastes_a_value_into_an_address():
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"""(?:href|action|src)=["']\w+:\{\{""", text), template
        for value in re.findall(r"[?&][\w\[\]-]+=\{\{([^}]*)\}\}", text):
            assert re.search(r'\|urlencode|\|stringformat:"d"|\.slug $|^ back $', value), (template, value)
        for value in re.findall(r"\bback=(\S+)", text):  # for all rows of a list
            assert "|urlencode" in value, (template, value)


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["/app?a=b&next=/x#y", "/app/%0d%0aX-Forged:1", "/é", "/app?x=\u2028"])
def test_sf12_where_a_page_leads_on_to_stays_one_value(client, value):
    location = client.get("/app", {"a": value})["Location"]

    assert location.isascii()
    assert location.isprintable()
    assert set(parse_qs(urlsplit(location).query)) == {"next"}
