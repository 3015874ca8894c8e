"""Names and addresses as people type and paste them (D44), and what must never come of it."""

import unicodedata
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.login import sign_in as signing_in
from accounts.models import RateLimit, User, login_key, mailbox_key, validate_username
from accounts.typed import names
from accounts.users.validators import validate_address
from organizations.models import Membership, Organization
from tests.api.clients import api_client, document
from tests.support.mails import link_in
from tests.support.organizations import found
from tests.support.people import PASSWORD, make_user, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "alice@example.com"
# One spelling of a name, and what keyboards, mail programs, word processors, chats and PDF make of it.
NAMES = {
    "capitals": "ALICE",
    "no-break space": "\u00a0alice\u00a0",
    "ideographic space": "alice\u3000",
    "tab and newline": "\talice\r\n",
    "zero width": "ali\u200bce",
    "joiner": "alice\u200d",
    "byte-order mark": "\ufeffalice",
    "direction marks": "\u202aalice\u202c",
    "isolate": "\u2068alice\u2069",
    "soft hyphen": "ali\u00adce",
    "variation selector": "alice\ufe0f",
    "grapheme joiner": "ali\u034fce",
    "filler": "alice\u3164",
    "blank of braille": "\u2800alice",
}
ADDRESSES = {
    name: spelling + "@example.com" for name, spelling in NAMES.items() if spelling[-1].isalpha()
} | {
    "capitals of the domain": "alice@EXAMPLE.COM",
    "trailing dot": "alice@example.com.",
    "end of a sentence": "alice@example.com. ",
    "a list": "alice@example.com,",
    "brackets": "<alice@example.com>",
    "as mail programs copy it": "Alice Example <alice@example.com>",
    "named by itself": '"alice@example.com" <Alice@example.com>',
    "a list of mail programs": "Alice Example <alice@example.com>, ",
    "caught in brackets": "alice@example.com>",
    "a link": "mailto:alice@example.com",
    "a link in brackets": "<mailto:alice@example.com>",
    "full-width domain": "alice@ｅｘａｍｐｌｅ.com",
    "ideographic stop": "alice@example。com",
    "marks in the domain": "alice@exam\u200bple\u00ad.com\u200f",
    "joiner in the domain": "alice@exam\u200dple.com",
}
LOOK_ALIKES = [
    "ａｌｉｃｅ",
    "alicе",
    "ſalice",
    "alıce",
    "ali\u0301ce",
    "al ice",
    "alice\u0338",
    "al\x00ice",
    "a|ice",
    "\u202ealice",
]

ONE_DOMAIN = [
    "bücher.example",
    "bu\u0308cher.example",
    "BÜCHER.example",
    "Bücher.Example.",
    "xn--bcher-kva.example",
    "XN--BCHER-KVA.EXAMPLE",
    "bücher\u200b.example",
    "bücher。example",
    "ｂücher.example",
]
STORED = "erika@xn--bcher-kva.example"


def sign_up(username, email):
    return Client().post("/account/new", {"username": username, "email": email, "password": PASSWORD})


# ---------------------------------------------------------------- signing in


def test_pf2_every_spelling_signs_in_to_one_account(alice):
    for name, typed in [*NAMES.items(), *ADDRESSES.items()]:
        RateLimit.objects.all().delete()
        assert Client().post("/session", {"username": typed, "password": PASSWORD}).status_code == 302, name


def test_pf2_every_spelling_counts_for_one_account(alice):
    for number, (name, typed) in enumerate([*NAMES.items(), *ADDRESSES.items()], start=1):
        client = Client(REMOTE_ADDR=f"198.51.{number}.7")
        response = client.post("/session", {"username": typed, "password": "wrong"})
        assert response.status_code == (422 if number <= 10 else 429), name


def test_pf2_look_alikes_are_no_account_and_use_up_nothing_of_one(alice):
    for number, typed in enumerate(LOOK_ALIKES * 2, start=1):
        client = Client(REMOTE_ADDR=f"198.51.{number}.7")
        assert client.post("/session", {"username": typed, "password": PASSWORD}).status_code == 422, typed

    assert post_password(Client(), alice).status_code == 302


def test_pf2_the_kelvin_sign_is_no_k(alice):
    kate = make_user("kate", email="kate@example.com")

    for typed in ("\u212aate", "\u212aATE@example.com", "\u212aate@EXAMPLE.com"):
        refused = Client().post("/session", {"username": typed, "password": PASSWORD})
        assert refused.status_code == 422, typed
        with pytest.raises(CommandError, match="There is no user"):
            call_command("deactivate_user", typed, reason="gone", stdout=StringIO())

    assert post_password(Client(), kate).status_code == 302


def test_pf2_a_dot_is_part_of_a_name(alice):
    make_user("alice.", email="dot@example.com")

    assert signing_in.find("alice") == alice
    assert signing_in.find("alice. ").username == "alice."


# ---------------------------------------------------------------- names that are stored


def test_pf2_no_character_that_nobody_sees_makes_another_name(mailoutbox):
    spellings = [name for name in NAMES.values() if name != "ALICE"]
    assert sign_up(spellings[0], ADDRESS).status_code == 302
    assert User.objects.get().username == "alice"

    for typed in NAMES.values():
        RateLimit.objects.all().delete()
        assert "That username is taken." in sign_up(typed, "other@example.com").content.decode(), typed


def test_pf2_no_look_alike_is_stored(alice):
    found("acme", alice)
    client = sign_in(alice)

    for typed in LOOK_ALIKES:
        RateLimit.objects.all().delete()
        data = {"name": typed, "email": "x@example.com"}
        assert sign_up(typed, "other@example.com").status_code == 422, typed
        assert client.post("/app/organizations/new", data).status_code == 422, typed


@pytest.mark.parametrize(
    "typed", ["ac\u200bme", "\u00a0acme\u00a0", "acme\ufeff", "\u202aacme\u202c", "ACME"]
)
def test_pf2_organizations_have_one_name_in_every_spelling(alice, bob, typed):
    found("acme", bob)
    data = {"name": typed, "email": "x@example.com"}

    page = sign_in(alice).post("/app/organizations/new", data)
    api = api_client(alice).post("/organizations", document("organizations", **data))

    assert (page.status_code, api.status_code) == (422, 422)
    assert Organization.objects.get().name == "acme"


def test_pf2_a_non_breaking_hyphen_is_a_hyphen_in_names(alice):
    sign_up("jean\u2011paul", "jp@example.com")
    sign_in(alice).post("/app/organizations/new", {"name": "ac\u2011me\u200b", "email": "x@example.com"})

    assert User.objects.filter(username="jean-paul").exists()
    assert Organization.objects.get().name == "ac-me"


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize("domain", ONE_DOMAIN)
def test_pf2_both_spellings_of_a_domain_are_one_address_and_mails_go_out(mailoutbox, domain):
    assert sign_up("erika", f"erika@{domain}").status_code == 302
    erika = User.objects.get()
    assert [mail.to for mail in mailoutbox] == [[erika.email]]
    assert erika.email.lower() == STORED
    client = sign_in(erika)
    client.get(link_in(mailoutbox[-1], "/account/confirm/"))
    client.post("/account/confirm")

    for spelling in ONE_DOMAIN:
        RateLimit.objects.all().delete()
        typed = {"username": f"erika@{spelling}", "password": PASSWORD}
        assert Client().post("/session", typed).status_code == 302, spelling


def test_pf2_a_reset_goes_to_the_stored_address_in_every_spelling(mailoutbox):
    make_user("erika", email=STORED)

    for spelling in ONE_DOMAIN:
        RateLimit.objects.all().delete()
        mailoutbox.clear()
        Client().post("/account/password/forgot", {"email": f"erika@{spelling}"})
        assert [mail.to for mail in mailoutbox] == [[STORED]], spelling


@pytest.mark.parametrize(
    "typed",
    [
        "alice@exаmple.com",  # Cyrillic
        "alice@example.com\u0301",
        "alıce@example.com",
        "alice@exa\u0301mple.com",
        "a\u212aice@example.com",
        "alice@example.com, bob@example.com",
        "bob@example.com <alice@example.com>",
        "alice@example.com <bob@example.com>",
        "alice＠example.com",
        "alice@exa\u202emple.com",
        "\u202ealice@example.com",
    ],
)
def test_pf2_a_reset_for_another_address_mails_nobody(alice, bob, mailoutbox, typed):
    Client().post("/account/password/forgot", {"email": typed})

    assert mailoutbox == []


def test_pf2_a_domain_that_looks_like_another_is_shown_as_it_is(alice, mailoutbox):
    sign_up("mallory", "alice@exаmple.com")

    stored = User.objects.get(username="mallory").email
    assert stored == "alice@xn--exmple-4nf.com"
    assert [mail.to for mail in mailoutbox] == [[stored]]


def test_pf2_sharp_s_is_not_ss():
    assert names.address("x@straße.example") == "x@xn--strae-oqa.example"
    assert names.address("x@STRASSE.example") == "x@STRASSE.example"
    assert login_key("x@straße.example") != login_key("x@strasse.example")


def test_pf2_a_joiner_that_is_part_of_a_domain_stays():
    assert names.address("x@نامه\u200cای.com") == "x@xn--mgba3gch31f060k.com"


@pytest.mark.parametrize("domain", ["i❤.example", "ü..example", "-ü.example", "ü" * 64 + ".example", "ü"])
def test_pf2_what_can_be_no_domain_is_refused_with_a_reason(domain):
    response = sign_up("erika", f"erika@{domain}")

    assert response.status_code == 422
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["erïka@example.com", "erika\u0301@example.com", "ｅｒｉｋａ@example.com"])
def test_pf2_other_letters_before_the_at_are_refused_with_a_reason(email):
    assert "without accents" in sign_up("erika", email).content.decode()


def test_pf2_a_change_of_address_and_its_withdrawal_read_every_spelling(alice, mailoutbox):
    client = sign_in(alice)
    client.post("/app/settings/profile/email", {"email": "Alice <alice@bücher.example>"})
    alice.refresh_from_db()
    assert alice.unconfirmed_email == "alice@xn--bcher-kva.example"

    client.post("/app/settings/profile/email", {"email": "\u200balice@EXAMPLE.com."})

    alice.refresh_from_db()
    assert alice.unconfirmed_email == ""


def test_pf2_over_the_api_the_same_address_changes_nothing(alice):
    sent = document("users", email="\ufeffALICE@example.com.")

    assert api_client(alice).patch("/account/update", sent).status_code == 200
    alice.refresh_from_db()
    assert alice.unconfirmed_email == ""


def test_pf2_two_accounts_never_share_an_address_in_two_spellings(mailoutbox):
    make_user("erika", email=STORED)

    sign_up("mallory", "erika@bücher.example")

    assert [mail.to for mail in mailoutbox] == [[STORED]]
    assert "another account" in mailoutbox[0].body or "already" in mailoutbox[0].body


# ---------------------------------------------------------------- invitations, lists, commands


def test_pf2_invitations_find_one_person_in_every_spelling(alice, bob):
    acme, client = found("acme", bob), sign_in(bob)

    for typed in (*NAMES.values(), *ADDRESSES.values()):
        RateLimit.objects.all().delete()
        response = client.post("/app/acme/settings/users/add", {"username": typed})
        assert response.status_code == 302, typed

    invited = Membership.objects.filter(organization=acme, status="invited")
    assert set(invited.values_list("user", "email")) == {(alice.pk, ""), (None, ADDRESS)}


def test_pf2_an_invitation_in_one_spelling_is_found_in_the_other(bob):
    acme, erika = found("acme", bob), make_user("erika", email=STORED)
    sign_in(bob).post("/app/acme/settings/users/add", {"username": "erika@Bücher.example"})
    path = "/organizations/acme/organization-memberships"
    listed = api_client(bob).get(path, {"filter[email]": "erika@bücher.example"})

    assert len(listed.json()["data"]) == 1
    assert Membership.objects.of_person(erika).invited().get().organization == acme


def test_pf2_the_search_of_members_reads_names(alice, bob):
    found("acme", bob, members=[alice])

    page = sign_in(bob).get("/app/acme/settings/users", {"q": "\u200bALI\u00a0"}).content.decode()

    assert "alice" in page


def test_pf2_the_search_of_the_admin_site_reads_names_and_addresses(app_of_alice):
    make_user("erika", email=STORED)
    User.objects.filter(username="alice").update(is_staff=True, is_superuser=True)
    client = sign_in(app_of_alice.user, app_of_alice)

    for typed in ("\u200berika\u00a0", "erika@bücher.example"):
        assert STORED in client.get("/admin/accounts/user/", {"q": typed}).content.decode()


def test_pf2_commands_read_names_and_addresses(alice, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("deactivate_user", "\ufeffali\u200bce ", reason="gone", stdout=StringIO())
    options = {"username": "ro\u200bot", "email": "Root <root@bücher.example>"}
    call_command("createsuperuser", "--noinput", stdout=StringIO(), **options)

    alice.refresh_from_db()
    assert not alice.is_active
    assert User.objects.get(username="root").email == "root@xn--bcher-kva.example"


@pytest.mark.parametrize("typed", ["alicе", "al\x00ice", "alice\udc80", ""])
def test_pf2_commands_find_nobody_for_a_look_alike(alice, typed):
    with pytest.raises(CommandError, match="There is no user"):
        call_command("deactivate_user", typed, reason="gone", stdout=StringIO())


# ---------------------------------------------------------------- what must hold for every text


USERNAMES = st.from_regex(r"\A[A-Za-z0-9_.-]{1,40}\Z")
STORED_ADDRESSES = st.emails().filter(lambda text: valid(validate_address, text))


def valid(validator, text):
    try:
        validator(text)
    except Exception:
        return False
    return True


@given(USERNAMES)
@settings(max_examples=200, deadline=None, database=None)
def test_pf2_stored_names_are_read_as_themselves(stored):
    assert valid(validate_username, stored)
    assert names.login(stored) == names.name(stored) == stored


@given(STORED_ADDRESSES)
@settings(max_examples=200, deadline=None, database=None)
def test_pf2_stored_addresses_are_read_as_themselves(stored):
    assert names.login(stored) == stored
    assert login_key(stored) == stored.lower()
    assert mailbox_key(stored).endswith(stored.rpartition("@")[2].lower())


@given(st.text(max_size=60) | st.emails().map(lambda text: unicodedata.normalize("NFKD", f"ü{text}é")))
@settings(max_examples=300, deadline=None, database=None)
def test_pf2_reading_twice_changes_nothing(text):
    once = names.login(text)

    if valid(validate_address, once) or valid(validate_username, once):
        assert names.login(once) == once
