"""Phone numbers as people type and paste them (D44)."""

import pytest

from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import SMSDevice
from tests.accounts.factors.sms.conftest import E164, start_phone
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

# NUMBER, as address books, chats, web pages and word processors hand it on.
PASTED = [
    "\u202a+1 (202) 555-0143\u202c",
    "\u202d+1 (202) 555-0143\u202c",
    "\u2068+1\u00a0202\u00a0555\u00a00143\u2069",
    "+1\u2011202\u2011555\u20110143",
    "+1\u2013202\u2013555\u20130143",
    "+1\u2212202\u2212555\u22120143",
    "\ufeff+12025550143\n",
    "+1\u2009202\u2009555\u20090143",
    "+1\u3000202\u3000555\u30fc0143",
    "tel:+12025550143",
    "202\u200b555\u00ad0143\t",
]
OTHER_DIGITS = ["+１２０２５５５０１４３", "+١٢٠٢٥٥٥٠١٤٣", "+१२०२५५५०१४३", "+1 202 555 014³", "+𝟏𝟐𝟎𝟐𝟓𝟓𝟓𝟎𝟏𝟒𝟑"]
SEVERAL = [
    "+12025550143 or +12025550144",
    "+12025550143\n+12025550144",
    "+12025550143; 2025550144",
    "+12025550143;ext=2025550144",
    "(202) 555-0143 / (202) 555-0144",
]


@pytest.fixture
def client(alice):
    outbox.clear()
    return sign_in(alice)


@pytest.mark.parametrize("typed", PASTED)
def test_pf2_a_pasted_number_is_the_same_number(client, typed):
    start_phone(client, typed)

    assert [text.to for text in outbox] == [E164]


def test_pf2_digits_of_other_scripts_in_a_number_are_refused_and_explained(client):
    for typed in OTHER_DIGITS:
        response = start_phone(client, typed)
        assert response.status_code == 422, typed
        assert "Use only the digits 0-9." in response.content.decode(), typed
    assert outbox == []


def test_pf2_of_several_numbers_none_is_taken(client):
    for typed in SEVERAL:
        assert start_phone(client, typed).status_code == 422, typed
    assert outbox == []
    assert not SMSDevice.objects.exists()
