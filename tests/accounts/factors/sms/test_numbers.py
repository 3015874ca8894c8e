"""What people type for a phone number: the country that it is read as, and what is missing."""

import html

import pytest
from django.core.management import call_command

from accounts.factors.sms.backends.locmem import outbox
from tests.accounts.factors.sms.conftest import start_phone
from tests.support.people import TWO_FACTOR, sign_in

TERRITORIES = {
    "JE": ("+44 7797 712345", "Jersey"),
    "GG": ("+44 7781 123456", "Guernsey"),
    "IM": ("+44 7624 123456", "Isle of Man"),
    "PR": ("(787) 234-5678", "Puerto Rico"),
    "KZ": ("+7 701 234 5678", "Kazakhstan"),
    "RU": ("+7 912 345 6789", "Russia"),
    "RE": ("+262 692 12 34 56", "Réunion"),
    "GP": ("+590 690 12 34 56", "Guadeloupe"),
    "XK": ("+383 44 123 456", "Kosovo"),
    "DO": ("(809) 234-5678", "Dominican Republic"),
    "JM": ("1 876 210 1234", "Jamaica"),
}
ELSEWHERE = {  # told of the country even where the number is of a kind that gets no texts anywhere
    "+44 1534 500700": "Jersey",
    "+47 79 02 12 34": "Svalbard & Jan Mayen",
    "+358 18 12345": "Åland Islands",
    "+881 612345678": "no country",
}


def said(response):
    return " ".join(html.unescape(response.content.decode()).split())


def refusal(alice, number):
    response = start_phone(sign_in(alice), number)
    assert response.status_code == 422
    assert outbox == []
    return said(response)


@pytest.mark.parametrize(("number", "name"), TERRITORIES.values(), ids=TERRITORIES.keys())
def test_pf12_the_country_that_a_number_belongs_to_is_named(alice, number, name):
    page = refusal(alice, number)

    assert f"We don't send text messages to this number's country: {name}." in page
    assert "Use an authenticator app instead." in page
    assert "If you don't have one, ask the administrators of this site." in page


@pytest.mark.parametrize(("number", "name"), ELSEWHERE.items())
def test_pf12_also_of_numbers_that_get_no_texts_anywhere(alice, number, name):
    said_of = {"no country": "This number doesn't belong to any country"}
    expected = said_of.get(name, f"We don't send text messages to this number's country: {name}.")
    assert expected in refusal(alice, number)


def test_pf12_whom_to_ask_is_the_support_address(alice, settings):
    settings.SUPPORT_EMAIL = "help@example.com"

    assert "If you don't have one, write to help@example.com." in refusal(alice, "+44 7797 712345")


@pytest.mark.parametrize(
    ("region", "number"), [(region, number) for region, (number, _) in TERRITORIES.items()]
)
def test_pf12_territories_of_a_calling_code_are_listed_by_themselves(alice, settings, region, number):
    settings.SMS_COUNTRIES = [region]
    client = sign_in(alice)

    assert start_phone(client, number).status_code == 302

    assert len(outbox) == 1
    assert f"••{number[-2:]} ({TERRITORIES[region][1]})" in said(client.get(f"{TWO_FACTOR}/confirm"))


def test_pf12_a_number_read_as_one_of_another_country_shows_on_the_next_page(alice):
    """An Italian one, without its country code, is one of New York."""
    client = sign_in(alice)
    start_phone(client, "347 234 5678")

    assert "••78 (United States)" in said(client.get(f"{TWO_FACTOR}/confirm"))


SPELLINGS = [
    "+44 7797 712345",
    "0044 7797 712345",
    "00 44 (0) 7797 712345",
    "(00 44) 7797 712345",
    "011 44 7797 712345",
    "+44 (0)7797 712345",
    "+44 07797 712345",
    "tel:+44-7797-712345",
    "tel:07797712345;phone-context=+44",
    "Mobile: +44 7797 712345",
    "Tel. 0044-7797-712345",
    "\N{ZERO WIDTH SPACE}+44\N{NO-BREAK SPACE}7797\N{NON-BREAKING HYPHEN}712345",
]


@pytest.mark.parametrize("number", SPELLINGS)
def test_pf12_what_people_write_is_one_number(alice, settings, number):
    settings.SMS_COUNTRIES = ["JE"]

    start_phone(sign_in(alice), number)

    assert [text.to for text in outbox] == ["+447797712345"]


MISSING = {
    "447797712345": "Start with a plus sign. Did you mean +44 7797 712345?",
    "44 (0)7797 712345": "Start with a plus sign. Did you mean +44 7797 712345?",
    "07797 712345": "Start a number from another country with a plus sign and the country code",
    "0151 2345 6789": "This isn't a valid US phone number.",
    "0412 345 678": "Start a number from another country with a plus sign and the country code",
    "12345": "This isn't a valid US phone number.",
    "+44 7797 71234": "This isn't a valid number for the country code +44.",
    "+49 151": "Some digits are missing. Numbers with the country code +49 are longer.",
    "+44 7797 7123456789": "There are too many digits. Numbers with the country code +44 are shorter.",
    "+44 7700 900123": "This isn't a valid number for the country code +44.",
    "+999 123 456 789": "This number doesn't start with a valid country code.",
    "+1 202-555-0143 ext. 12": "A number with an extension can't get text messages.",
    "(202) 555-0143 x5": "A number with an extension can't get text messages.",
    "tel:+12025550143;ext=12": "A number with an extension can't get text messages.",
    "1-800-FLOWERS": "Enter the number in digits",
    "(202) 555-CALL": "Enter the number in digits",
    "+44 7797 7I2345": "Enter the number in digits",
    "(202) 555-0143 (mobile)": "Enter the number in digits",
    "call me": "Enter a phone number",
}


@pytest.mark.parametrize(("number", "sentence"), MISSING.items())
def test_pf12_what_is_wrong_or_missing_is_said(alice, number, sentence):
    assert sentence in refusal(alice, number)


def test_pf12_doctor_says_what_each_entry_covers(db, capsys, settings):
    settings.SMS_COUNTRIES = ["GB", "JE", "DE"]

    call_command("doctor")

    told = capsys.readouterr().out
    assert "texts go to Germany (DE), Jersey (JE) and United Kingdom (GB)" in told
    assert "numbers with +44 that get no texts: Guernsey (GG) and Isle of Man (IM)" in told
