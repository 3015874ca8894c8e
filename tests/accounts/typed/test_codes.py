"""Codes as people type and paste them: what goes, what is refused and why, what counts (D44, R15)."""

import pytest

from accounts.factors.sms.backends.locmem import outbox as texts
from accounts.models import RateLimit
from tests.accounts.factors.sms.conftest import enrol_phone, newest_code, time_passes
from tests.support.people import TWO_FACTOR, Authenticator, key_on, post_password, sign_in, start_enrolment
from tests.support.two_factor import CHALLENGE, RECOVERY, SUDO, answer, events_of, is_out, pending, recover

pytestmark = pytest.mark.django_db(transaction=True)

WITH_DIGITS = "Use only the digits 0-9."
DIGITS_ONLY = "Enter the six digits only, without other characters."
MORE_THAN_ONE = "That is more than one code. Enter only one."

# What browsers, mail and chat programs, PDF, and word processors put into a code.
PASTED = {
    "no-break space": "{0}\u00a0{1}",
    "narrow no-break space": "{0}\u202f{1}",
    "thin space": "{0}\u2009{1}",
    "figure space": "{0}\u2007{1}",
    "ideographic space": "\u3000{0}{1}",
    "blank of braille": "{0}\u2800{1}",
    "tab": "{0}{1}\t",
    "newline": "{0}{1}\r\n",
    "line separator": "{0}{1}\u2028",
    "zero width space": "{0}\u200b{1}",
    "joiners": "\u200c{0}\u200d{1}",
    "word joiner": "\u2060{0}{1}",
    "direction marks": "\u200e{0}{1}\u200f",
    "embedding": "\u202a{0}{1}\u202c",
    "isolate": "\u2068{0}{1}\u2069",
    "byte-order mark": "\ufeff{0}{1}",
    "soft hyphen": "{0}\u00ad{1}",
    "variation selector": "{0}{1}\ufe0e",
    "filler": "\u3164{0}{1}",
    "tag": "{0}{1}\U000e0020",
    "en dash": "{0}\u2013{1}",
    "non-breaking hyphen": "{0}\u2011{1}",
    "minus": "{0}\u2212{1}",
    "full-width hyphen": "{0}\uff0d{1}",
    "long vowel mark": "{0}\u30fc{1}",
    "all at once": "\ufeff\u202a {0}\u00a0\u2013\u200b{1}\u202c\n",
    "a sentence": "Your TFC Auth code is {0}{1}.",
    "a sentence, in groups": "Your TFC Auth code is {0}\u00a0{1}.",
    "with the prefix": "Code:{0}{1}",
    "a place to break the line": "Your code is\u200b{0}{1}\u200band good for five minutes",
    "another script": "验证码{0}{1}，5分钟内有效",
    "quotation marks": "“{0}{1}”",
    "in groups, quoted": "'{0} {1}'",
    "stars of a chat": "*{0}{1}*",
    "brackets": "({0}{1})",
    "the end of a sentence": "{0}{1}.",
    "the end of a quoted sentence": "»{0}-{1}.«",
    "twice the same": "{0}{1} is your code.\n@example.com #{0}{1}",
}

OTHER_DIGITS = {
    "full-width": lambda code: shifted(code, "０"),
    "Arabic-Indic": lambda code: shifted(code, "٠"),
    "extended Arabic-Indic": lambda code: shifted(code, "۰"),
    "Devanagari": lambda code: shifted(code, "०"),
    "Thai": lambda code: shifted(code, "๐"),
    "mathematical": lambda code: shifted(code, "\U0001d7ce"),
    "superscript": lambda code: f"{code[:5]}{'⁰¹²³⁴⁵⁶⁷⁸⁹'[int(code[5])]}",
    "circled": lambda code: f"{code[:5]}①",
    "keycaps": "\ufe0f\u20e3".join,
    "one of them": lambda code: f"{code[:5]}{shifted(code[5], '０')}",
    "within a sentence": lambda code: f"Your code is {shifted(code, '０')}.",
    "beside the code": lambda code: f"Your code is {code}, good for ５ minutes.",
}

SEVERAL = {
    "in a sentence": "Your code is {0} (or {1}).",
    "two lines": "{0}\n{1}",
    "a comma": "{0},{1}",
    "a slash": "{0}/{1}",
    "blanks": "{0} {1}",
    "in groups": "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]} and {1}",
    "stuck to a word": "code{0} or code {1}",
    "the wrong one first": "{1} {0}",
}


def shifted(code, zero):
    return "".join(chr(ord(zero) + int(digit)) for digit in code)


def halves(code):
    return code[:3], code[3:]


def attempts(user):
    rows = RateLimit.objects.filter(key__startswith=f"code:user:{user.pk}")
    return set(rows.values_list("count", flat=True))


def test_pf2_what_other_programs_leave_in_a_code_does_not_matter(alice, app_of_alice):
    for name, spelling in PASTED.items():
        RateLimit.objects.all().delete()
        response = answer(pending(alice), spelling.format(*halves(app_of_alice.fresh_code())))
        assert response.status_code == 302, name


@pytest.mark.parametrize("name", ["zero width space", "no-break space", "a sentence"])
def test_pf2_another_spelling_of_a_used_code_is_the_same_code(clock, alice, app_of_alice, name):
    clock.shift(60)
    code = app_of_alice.code()
    assert answer(pending(alice), code).status_code == 302

    response = answer(pending(alice), PASTED[name].format(*halves(code)))

    assert "This code has already been used." in response.content.decode()
    assert "two_factor.failed" not in events_of(alice)


def test_pf2_digits_of_other_scripts_are_refused_explained_and_counted(alice, app_of_alice):
    client = pending(alice)

    for number, (name, spell) in enumerate(OTHER_DIGITS.items(), start=1):
        RateLimit.objects.all().delete()
        response = answer(client, spell(app_of_alice.fresh_code()))
        assert (response.status_code, attempts(alice)) == (422, {1}), name
        assert WITH_DIGITS in response.content.decode(), name
        assert events_of(alice).count("two_factor.failed") == number, name
    assert is_out(client)


@pytest.mark.parametrize("text", ["+{}", "{}.0", "#{}", "{}%", "code{}", "0x{}", "-{},5"])
def test_pf2_a_code_with_something_else_is_refused_with_a_reason(alice, app_of_alice, text):
    response = answer(pending(alice), text.format(app_of_alice.fresh_code()))

    assert (response.status_code, attempts(alice)) == (422, {1})
    assert DIGITS_ONLY in response.content.decode()


def test_pf2_of_several_codes_none_is_tried(alice, app_of_alice):
    client = pending(alice)

    for number, (name, text) in enumerate(SEVERAL.items(), start=1):
        RateLimit.objects.all().delete()
        code = app_of_alice.fresh_code()
        response = answer(client, text.format(code, app_of_alice.wrong_code()))
        assert (response.status_code, attempts(alice)) == (422, {1}), name
        assert MORE_THAN_ONE in response.content.decode(), name
        assert events_of(alice).count("two_factor.failed") == number, name
    assert is_out(client)


def test_pf2_the_whole_text_message_can_be_pasted(alice):
    enrol_phone(alice)
    time_passes()
    client = pending(alice)

    assert answer(client, texts[-1].body)["Location"] == "/app"


def test_pf2_a_wrong_spelling_uses_up_no_more_than_one_try_of_a_text(alice):
    enrol_phone(alice)
    time_passes()
    client = pending(alice)

    answer(client, f"{newest_code()} 000000")

    assert answer(client, newest_code())["Location"] == "/app"


@pytest.mark.parametrize("name", ["byte-order mark", "minus", "a sentence"])
def test_pf2_every_door_reads_codes_alike(clock, alice, name):
    client, spell = sign_in(alice), lambda code: PASTED[name].format(*halves(code))
    app = Authenticator(alice, start_enrolment(client))
    assert client.post(f"{TWO_FACTOR}/confirm", {"code": spell(app.code())}).status_code in (200, 302)
    clock.shift(301)

    assert client.post(SUDO, {"code": spell(app.code()), "next": "/app"})["Location"] == "/app"
    client.post(f"{TWO_FACTOR}/app/replace")
    app.key = key_on(client.get(f"{TWO_FACTOR}/confirm"))
    assert client.post(f"{TWO_FACTOR}/confirm", {"code": spell(app.code())}).status_code in (200, 302)


def test_pf2_explained_while_setting_up_too(alice):
    client = sign_in(alice)
    app = Authenticator(alice, start_enrolment(client))

    for spell, words in (
        (lambda code: shifted(code, "０"), WITH_DIGITS),
        (lambda c: f"{c} 000000", MORE_THAN_ONE),
    ):
        response = client.post(f"{TWO_FACTOR}/confirm", {"code": spell(app.code())})
        assert response.status_code == 422
        assert words in response.content.decode()


# ---------------------------------------------------------------- recovery codes


def with_looks(code):
    return code.replace("1", "l").replace("0", "o").lower()


RECOVERY_CODES = {
    "no-break hyphens": lambda code: code.replace("-", "\u2011"),
    "long dashes of a word processor": lambda code: code.replace("-", "\u2014"),
    "ideographic spaces": lambda code: code.replace("-", "\u3000"),
    "marks and a tab": lambda code: f"\u202a{code}\u202c\t",
    "soft hyphens": lambda code: "\u00ad".join(code),
    "a capital by the word processor": lambda code: code.capitalize(),
    "look-alikes": with_looks,
    "with its number": lambda code: f"3. {code}",
    "with its name": lambda code: f"TFC Auth recovery code: {code}",
    "in quotes": lambda code: f"“{code}”",
}
WITHOUT_HYPHENS = {
    "the end of a sentence": lambda code: code.replace("-", " ").lower() + ".",
    "in quotes": lambda code: f"„{code.replace('-', ' ')}“,",
    "in brackets": lambda code: f"({code.replace('-', '')})",
}


@pytest.mark.parametrize("spellings", [RECOVERY_CODES, WITHOUT_HYPHENS], ids=["in groups", "without hyphens"])
def test_pf2_recovery_codes_as_word_processors_and_people_spell_them(alice, app_of_alice, spellings):
    for (name, spell), code in zip(spellings.items(), app_of_alice.codes, strict=False):
        response = recover(pending(alice), spell(code))
        assert response.status_code == 302, (name, code)


def test_pf2_of_several_recovery_codes_none_is_tried(alice, app_of_alice):
    first, second, *_rest = app_of_alice.codes

    for text in (f"{first}\n{second}", f"{first} or {second}", "\n".join(app_of_alice.codes)):
        response = recover(pending(alice), text)
        assert MORE_THAN_ONE in response.content.decode()

    assert recover(pending(alice), first).status_code == 302
    assert recover(pending(alice), second).status_code == 302


@pytest.mark.parametrize(
    "spell",
    [
        lambda code: "".join(chr(ord(char) + 0xFEE0) if char.isalnum() else char for char in code),
        lambda code: code[:-1] + chr(0x1D7CE + 3),
        lambda code: code.replace(code[0], "ß", 1),
        lambda code: code.replace(code[0], "А", 1),
        lambda code: code.replace(code[0], "ı", 1),
    ],
    ids=["full-width", "mathematical", "sharp s", "Cyrillic", "dotless"],
)
def test_pf2_letters_of_other_scripts_in_recovery_codes_are_refused_explained_and_counted(
    alice, app_of_alice, spell
):
    response = recover(pending(alice), spell(app_of_alice.codes[0]))

    assert response.status_code == 422
    assert "Use only the letters A-Z and the digits 0-9." in response.content.decode()
    assert events_of(alice)[-1] == "two_factor.failed"


def test_pf2_a_sentence_in_the_field_of_the_other_kind_is_led_to_its_own(alice, app_of_alice):
    client = pending(alice)

    there = answer(client, f"Your code is {app_of_alice.fresh_code()}.", RECOVERY).content.decode()
    back = answer(client, f"3. {app_of_alice.codes[0]}", CHALLENGE).content.decode()

    assert "That looks like a code from your device" in there
    assert "That looks like a recovery code." in back
    assert post_password(client, alice).status_code == 302
