"""Lists of people to invite: what the page says of each row before anybody is invited, whatever is sent."""

import io
from zipfile import ZipFile

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from organizations.models import InvitationBatch, Membership
from tests.support import people

INVITE = "/app/open/settings/users/invite"
PREVIEW = f"{INVITE}/preview"
PLAIN = [(1, "invited", ""), (2, "invited", "")]


def check(stage, people="", file=None, by="una", **more):
    sent = {"people": people}
    if file is not None:
        upload = io.BytesIO(file)
        upload.name = "people.csv"
        sent["file"] = upload
    return stage.browser(by).post(PREVIEW, {**sent, **more})


def fates(response):
    """(row, fate, why) of each row"""
    assert response.status_code == 200, mistakes(response)
    return [(row.entry.position, str(row.fate), row.why) for row in response.context["preview"].rows]


def who(response):
    return [row.entry.who for row in response.context["preview"].invited]


def mistakes(response):
    return [text for errors in response.context["many"].errors.values() for text in errors]


def test_each_row_has_its_fate_and_nobody_is_invited(stage):
    stage.browser("una").post("/app/open/settings/users/add", {"username": "again@example.org"})
    stage.browser("una").post("/app/open/settings/users/add", {"username": "eve"})
    mail.outbox.clear()
    before = Membership.objects.count()

    response = check(
        stage,
        "new@example.org\nAGAIN@example.org\neve\nmax\nMAX@example.com\nnobody\n"
        "Ada Lovelace <New@example.org>\nthis is@wrong\n=cmd|' /C calc'!A0\noscar",
    )

    assert fates(response) == [
        (1, "invited", ""),
        (2, "renewed", ""),
        (3, "renewed", ""),
        (4, "member", "Already a member."),
        (5, "member", "Already a member."),
        (6, "wrong", "There is no user with that name. You can also enter an email address."),
        (7, "duplicate", "The same as row 1."),
        (8, "wrong", "There is no user with that name. You can also enter an email address."),
        (9, "wrong", "Enter an email address such as name@example.com."),
        (10, "wrong", "This begins like a spreadsheet formula. Enter an email address or a username."),
        (11, "wrong", "There is no user with that name. You can also enter an email address."),
        (12, "wrong", "There is no user with that name. You can also enter an email address."),
        (13, "invited", ""),
    ]
    page = response.content.decode()
    assert "Invite 4 people" in page
    assert "=cmd|" in page
    assert Membership.objects.count() == before
    assert not mail.outbox
    assert not InvitationBatch.objects.exists()


def test_ti03_rows_with_and_without_an_account_look_the_same(stage):
    """Confirmed elsewhere, unconfirmed, deactivated, or no account at all."""
    people.make_user("dora", email_confirmed_at=None)
    people.make_user("dan", is_active=False)
    rows = "".join(f"{name}@example.com\n" for name in ["nobody", "dora", "eve", "oscar", "dan"])

    response = check(stage, rows)

    assert fates(response) == [(number, "invited", "") for number in range(1, 6)]
    assert len(who(response)) == 5


def test_deactivated_people_are_unknown_by_name(stage):
    people.make_user("dan", is_active=False)

    [(_row, fate, why)] = fates(check(stage, "dan"))

    assert (fate, why[:29]) == ("wrong", "There is no user with that na")


@pytest.mark.parametrize(
    "pasted",
    [
        "ada@example.org\nbob@example.org",
        "ada@example.org\r\n\r\n\r\nbob@example.org\r\n",
        "ada@example.org, bob@example.org",
        "ada@example.org; bob@example.org;",
        "ada@example.org bob@example.org",
        "  ada@example.org\t\u00a0bob@example.org ",
        "Ada Lovelace <ada@example.org>, Bob <bob@example.org>",
        '"Lovelace, Ada" <ada@example.org>; bob@example.org',
        "Lovelace, Ada <ada@example.org>; Builder, Bob <bob@example.org>",
        "<ada@example.org> <bob@example.org>",
        "mailto:ada@example.org, <mailto:bob@example.org>",
    ],
)
def test_lists_are_pasted_as_programs_copy_them(stage, pasted):
    response = check(stage, pasted)

    assert fates(response) == PLAIN
    assert who(response) == ["ada@example.org", "bob@example.org"]


GOOD_FILES = {
    "without a header": b"ada@example.org\nbob@example.org\n",
    "one column": b"email\nada@example.org\nbob@example.org\n",
    "capitals": b"NAME,E-MAIL\nAda,ada@example.org\nBob,bob@example.org",
    "in words": b"Email Address;Name\r\nada@example.org;Ada\r\nbob@example.org;Bob\r\n",
    "tabs": b"Name\tEmail\nAda\tada@example.org\nBob\tbob@example.org\n",
    "a mark of UTF-8": b"\xef\xbb\xbfemail,name\nada@example.org,Ada\nbob@example.org,Bob\n",
    "quoted": b'"email","name"\r\n"ada@example.org","Lovelace, ""Ada"""\r\n"bob@example.org","B\nob"\r\n',
    "latin": "name;email\nK\u00e4the;ada@example.org\nJos\u00e9;bob@example.org\n".encode("latin-1"),
    "windows": "name;email\n\u20ac \u201eA\u201c;ada@example.org\nB;bob@example.org\n".encode("cp1252"),
    "utf-16": "email\r\nada@example.org\r\nbob@example.org\r\n".encode("utf-16"),
    "utf-16 without a mark": "email\nada@example.org\nbob@example.org\n".encode("utf-16-le"),
    "utf-16, the other way": "email\nada@example.org\nbob@example.org\n".encode("utf-16-be"),
    "utf-32": "email\nada@example.org\nbob@example.org\n".encode("utf-32"),
    "lines of old": b"email\rada@example.org\rbob@example.org\r",
    "what Excel says first": b"sep=;\r\nemail;name\r\nada@example.org;A\r\nbob@example.org;B\r\n",
    "names in addresses": b"email\nAda Lovelace <ada@example.org>\n<bob@example.org>\n",
    "other columns first": b"1,=1+1,ada@example.org\n2,x,bob@example.org\n",
    "a username column, too": b"username,email\n,ada@example.org\nignored,bob@example.org\n",
}


@pytest.mark.parametrize("file", GOOD_FILES.values(), ids=GOOD_FILES)
def test_files_are_read_as_programs_save_them(stage, file):
    response = check(stage, file=file)

    assert [fate for _row, fate, _why in fates(response)] == ["invited", "invited"]
    assert who(response) == ["ada@example.org", "bob@example.org"]


def test_rows_have_the_numbers_that_spreadsheets_show(stage):
    response = check(stage, file=b"email\n\nada@example.org\n\n,\nada@example.org\nnot an address@\n")

    assert [(row, fate, why[:21]) for row, fate, why in fates(response)] == [
        (3, "invited", ""),
        (6, "duplicate", "The same as row 3."),
        (7, "wrong", "Enter an email addres"),
    ]


WRONG_ROWS = {
    "a formula": (b'=HYPERLINK("x";"y")', "begins like a spreadsheet formula"),
    "a plus": (b"+491701234567", "begins like a spreadsheet formula"),
    "a minus": (b"-2+3", "begins like a spreadsheet formula"),
    "an at": (b"@SUM(A1)", "begins like a spreadsheet formula"),
    "nothing": (b'"",Ada', "Enter a username or an email address."),
    "NUL": (b"a\x00b@example.org", "contains a character"),
    "no domain": (b"ada@", "Enter an email address such as"),
    "two addresses": (b"a@example.org b@example.org", "Enter an email address such as"),
    "letters": ("ad\u00e4@example.org".encode(), "without accents"),
    "a name": (b"Ada Lovelace", "There is no user with that name."),
    "markup": (b"<script>alert(1)</script>", "There is no user with that name."),
    "too long": (b"a" * 300, "Use at most 254 characters."),
    "very long": (b"a" * 100_000, "Use at most 254 characters."),
    "backwards": ("\u202emax".encode(), "There is no user with that name."),
}


@pytest.mark.parametrize(("row", "said"), WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_a_wrong_row_fails_by_itself(stage, row, said):
    response = check(stage, file=b"email,name\nada@example.org,Ada\n" + row + b"\nbob@example.org,Bob\n")

    (_2, *first), (number, fate, why), (_4, *last) = fates(response)
    assert [first, last] == [["invited", ""], ["invited", ""]]
    assert (number, fate) == (3, "wrong")
    assert said in why
    assert "<script>alert" not in response.content.decode()


def workbook():
    content = io.BytesIO()
    with ZipFile(content, "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    return content.getvalue()


BAD_FILES = {
    "empty": (b"", "There is nobody on this list."),
    "blank": (b"\r\n \r\n,,\r\n", "There is nobody on this list."),
    "a header alone": (b"email,name\n", "There is nobody on this list."),
    "no column": (b"first,last\nAda,Lovelace\n", "We don't know which column"),
    "a workbook": (workbook(), "save it as CSV"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + bytes(600), "save it as CSV"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "We can't read this file."),
    "bytes": (bytes(range(256)) * 8, "We can't read this file."),
    "half a letter": ("email\nada@example.org".encode("utf-16") + b"\0", "We can't read this file."),
    "not utf-8 as it says": (b"\xef\xbb\xbfemail\n\xff\xfe\xfa@example.org\n", "We can't read this file."),
    "an open quote": (b'email\nada@example.org\n"bob@example.org\ncarol@example.org\n', "read row 3."),
    "a quote inside": (b'email\n"ada" x@example.org\n', "read row 2."),
    "too many rows": (
        b"email\n" + b"a@example.org\n" * 10_001,
        "can have 10,000 rows, and this one has 10,001",
    ),
    "too large": (b"email\n" + b"a" * 900_000, "larger than 900 kB"),
}


@pytest.mark.parametrize(("file", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_cannot_be_used_is_a_mistake_at_its_field(stage, file, said):
    response = check(stage, file=file)

    assert response.status_code == 422
    assert list(response.context["many"].errors) == ["file"]
    assert said in response.context["many"].errors["file"][0]
    assert not Membership.objects.invited().exists()


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("", "Paste a list of people, or choose a file."),
        (" \n ", "Paste a list of people, or choose a file."),
        (",;,\n", "There is nobody on this list."),
        ("a@example.org\n" * 10_001, "can have 10,000 rows"),
        ("a\0b@example.org", "contains a character"),
    ],
    ids=["nothing", "blanks", "commas", "too many", "NUL"],
)
def test_a_pasted_list_that_cannot_be_used_is_a_mistake_and_stays(stage, pasted, said):
    response = check(stage, pasted)

    assert response.status_code == 422
    assert said in mistakes(response)[0]
    assert response.context["many"]["people"].value() == pasted


def test_a_list_and_a_file_at_once_are_a_mistake(stage):
    response = check(stage, "a@example.org", file=b"b@example.org")

    assert (response.status_code, mistakes(response)) == (422, ["Paste a list or choose a file, not both."])


def test_a_body_that_is_too_large_gets_a_page_that_says_so(stage):
    response = check(stage, file=b"a" * 2_000_000)

    assert response.status_code == 413
    assert "split a long list or a large file" in response.content.decode()


def test_who_opens_the_address_of_the_check_sees_the_form(stage):
    for path in (PREVIEW, f"{INVITE}/batches"):
        assert stage.browser("una").get(path)["Location"] == INVITE


def test_ten_thousand_rows_take_few_statements(stage):
    rows = "".join(f"person{number}@example.org,Person {number}\n" for number in range(9_800))
    names = "".join(f"nobody{number},Nobody {number}\n" for number in range(200))

    with CaptureQueriesContext(connection) as asked:
        response = check(stage, file=f"email,name\n{rows}{names}".encode())

    found = response.context["preview"]
    assert (len(found.invited), len(found.wrong), found.names_left) == (9_900, 100, 100)
    assert "We don't check 100 usernames until we send the invitations." in " ".join(
        response.content.decode().split()
    )
    assert len(asked) < 45, len(asked)
    assert len(response.content) < 3_000_000


def test_checks_have_a_limit_because_they_tell_of_usernames(stage):
    for _ in range(30):
        assert check(stage, "max").status_code == 200

    response = check(stage, "max")

    assert response.status_code == 429
    assert "You have checked too many lists." in response.content.decode()
    assert response["Retry-After"]
    assert check(stage, "max", by="olga").status_code == 200
