"""Files of evidence against which somebody has done something, and `manage.py verify_evidence`."""

import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from accounts.crypto import signing_key
from accounts.evidence.statements import key_id, public_bytes, read_trailer, sign
from accounts.models import EvidenceKey
from tests.support import evidence
from tests.support.environment import ROOT
from tests.support.organizations import found
from tests.support.people import make_user

pytestmark = pytest.mark.django_db
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
FORMATS = ["csv", "json"]


@pytest.fixture
def acme(alice, bob):
    return found("acme", alice, members=[bob])


@pytest.fixture(params=FORMATS)
def data(request, acme, alice):
    return evidence.exported(acme, alice, request.param)


def form_of(data):
    return "json" if data.startswith(b"{") else "csv"


def trailer_at(data):
    return data.rfind(b"\n# signature," if form_of(data) == "csv" else b'\n"signature": ') + 1


def result(folder, data, *options):
    """(exit code, outcome, hint)"""
    code, output = evidence.verify(evidence.saved(folder, data), "--json", *options)
    told = json.loads(output)
    return code, told["outcome"], told["hint"]


def test_a_file_as_it_was_downloaded_is_valid(tmp_path, data):
    code, output = evidence.verify(evidence.saved(tmp_path, data))

    assert code == 0
    assert output.startswith("VALID: this file is exactly as the site signed it.\n")
    for line in (
        "site: http",
        "organization: acme",
        "state of: 20",
        "exported by: alice",
        "rows: 2",
        "key: ",
    ):
        assert f"  {line}" in output


def test_programs_get_the_statement_as_json(tmp_path, data):
    code, output = evidence.verify(evidence.saved(tmp_path, data), "--json")

    told = json.loads(output)
    assert (code, told["valid"], told["outcome"]) == (0, True, "valid")
    assert told["evidence"]["organization"] == "acme"
    assert told["evidence"]["rows"] == 2


def test_ev_01_any_changed_byte_is_noticed(tmp_path, data):
    """In the rows, in the statement and in the signature; nowhere is room to write the same differently."""
    step = max(1, len(data) // 150)
    for place in [*range(0, len(data), step), len(data) - 1]:
        changed = bytearray(data)
        changed[place] ^= 1

        code, outcome, _hint = result(tmp_path, bytes(changed))

        assert code != 0, f"byte {place} was changed, and the file is {outcome}"


def test_ev_01_a_row_that_was_changed_or_left_out(tmp_path, data):
    line = next(line for line in data.splitlines(keepends=True) if b"bob" in line)

    for changed in (data.replace(line, b""), data.replace(b"bob@", b"rob@")):
        code, outcome, hint = result(tmp_path, changed)
        assert (code, outcome) == (1, "changed")
        assert hint.startswith("Rows or characters are not those that were signed")


@pytest.mark.parametrize(
    "extra", [b"user-0000000000000009,eve,,owner,active\r\n", b"\n", b" ", b"}" * 20_000]
)
def test_ev_02_what_was_added_behind_the_signature(tmp_path, data, extra):
    code, outcome, _hint = result(tmp_path, data + extra)

    assert code == 1
    assert outcome in ("changed", "truncated")


def test_ev_02_rows_before_the_signature(tmp_path, data):
    at = trailer_at(data)

    assert result(tmp_path, data[:at] + b"user-0000000000000009,eve\r\n" + data[at:])[:2] == (1, "changed")


@pytest.mark.parametrize("left", [0.3, 0.8, 0.99])
def test_ev_03_a_file_that_was_cut_off(tmp_path, data, left):
    """In its rows, and in its last line."""
    code, outcome, _hint = result(tmp_path, data[: int(len(data) * left)])

    assert (code, outcome) == (1, "truncated")


def test_ev_03_a_file_without_its_last_line_end(tmp_path, data):
    assert result(tmp_path, data[:-1])[0] == 1


def test_ev_04_signatures_of_two_exports_are_not_exchanged(tmp_path, data, acme, alice):
    make_user("carla")
    other = evidence.exported(acme, alice, form_of(data))

    swapped = data[: trailer_at(data)] + other[trailer_at(other) :]

    # All but the moment is the same, which stands in JSON alone; two CSV files with equal rows may.
    expected = (0, "valid") if form_of(data) == "csv" else (1, "changed")
    assert result(tmp_path, swapped)[:2] == expected


def test_ev_04_the_signature_of_a_former_export_fits_no_other_rows(tmp_path, data, acme, alice, bob):
    bob.email = "robert@example.com"
    bob.save(update_fields=["email"])
    later = evidence.exported(acme, alice, form_of(data))

    for mixed in (
        data[: trailer_at(data)] + later[trailer_at(later) :],
        later[: trailer_at(later)] + data[trailer_at(data) :],
    ):
        assert result(tmp_path, mixed)[:2] == (1, "changed")


def test_ev_04_csv_is_not_passed_off_as_json(tmp_path, acme, alice):
    files = {form: evidence.exported(acme, alice, form) for form in FORMATS}
    statement, signature = read_trailer(files["csv"][trailer_at(files["csv"]) :], "csv")
    at = trailer_at(files["json"])
    forged = json.dumps({**statement.__dict__, "signature": signature.hex()}, sort_keys=True)

    code, outcome, _hint = result(tmp_path, files["json"][:at] + f'"signature": {forged}\n}}\n'.encode())

    assert (code, outcome) == (1, "changed")


def test_ev_05_the_export_of_another_organization(tmp_path, data, bob):
    theirs = evidence.exported(found("theirs", bob), bob, form_of(data))

    assert evidence.verify(evidence.saved(tmp_path, theirs))[0] == 0  # it says whose it is
    code, output = evidence.verify(evidence.saved(tmp_path, theirs), "--organization", "acme")
    assert code == 1
    assert "It is from the organization theirs, not acme." in output
    assert evidence.verify(evidence.saved(tmp_path, theirs), "--organization", "Theirs")[0] == 0
    assert evidence.verify(evidence.saved(tmp_path, theirs), "--site", "https://elsewhere.example")[0] == 1


@pytest.mark.parametrize("name", ["organization", "exported_by", "taken_at", "rows", "site", "sha256"])
def test_ev_05_what_the_statement_says_is_signed(tmp_path, data, name):
    at = trailer_at(data)
    statement, _signature = read_trailer(data[at:], form_of(data))
    value = getattr(statement, name)
    said = f"{value}".encode()
    other = f"{value + 1}".encode() if isinstance(value, int) else said[:-1] + bytes([said[-1] ^ 1])

    assert result(tmp_path, data[:at] + data[at:].replace(said, other))[:2] == (1, "changed")


def test_ev_06_a_key_of_somebody_else_is_unknown(tmp_path, data):
    at = trailer_at(data)
    statement, _signature = read_trailer(data[at:], form_of(data))
    values = {**statement.__dict__, "key": key_id(public_bytes(OTHER_KEY))}

    forged = data[:at] + sign(type(statement)(**values), OTHER_KEY)

    code, output = evidence.verify(evidence.saved(tmp_path, forged))
    assert code == 2
    assert output.startswith("UNKNOWN KEY: none of the known keys has signed this file.")
    assert "alice" not in output  # nobody has said so


def test_ev_06_a_forger_who_names_the_site_s_key_has_not_its_signature(tmp_path, data):
    at = trailer_at(data)
    statement, _signature = read_trailer(data[at:], form_of(data))

    assert result(tmp_path, data[:at] + sign(statement, OTHER_KEY))[:2] == (1, "changed")


def test_ev_06_an_id_beside_another_key_is_not_believed(tmp_path, data):
    at = trailer_at(data)
    statement, _signature = read_trailer(data[at:], form_of(data))
    forged = data[:at] + sign(statement, OTHER_KEY)
    keys = {"keys": [{"id": statement.key, "public_key": public_bytes(OTHER_KEY).hex()}]}
    path = evidence.saved(tmp_path, json.dumps(keys).encode(), "keys.json")

    assert result(tmp_path, forged, "--public-key", str(path))[:2] == (2, "unknown key")


def with_lf(data):
    return data.replace(b"\r\n", b"\n")


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        (lambda data: b"\xef\xbb\xbf" + data, "A program put a byte-order mark in front."),
        (lambda data: with_lf(data), "A mail program or an editor changed the line ends."),
        (
            lambda data: with_lf(data).replace(b"\n", b"\r\n"),
            "A mail program or an editor changed the line ends.",
        ),
        (lambda data: b"\xef\xbb\xbf" + with_lf(data), "line ends|byte-order mark"),
        (lambda data: data.decode().encode("utf-16"), "another encoding (UTF-16)"),
    ],
)
def test_ev_07_programs_that_write_a_file_anew_are_named(tmp_path, data, spoil, hint):
    spoiled = spoil(data)

    code, outcome, said = result(tmp_path, spoiled)

    if spoiled == data:
        assert (code, outcome) == (0, "valid")
    else:
        assert (code, outcome) == (1, "changed")
        assert any(part in said for part in hint.split("|"))
        assert "Use the file as downloaded" in said


def test_ev_07_json_that_was_written_anew(tmp_path, acme, alice):
    whole = json.loads(evidence.exported(acme, alice, "json"))

    for text in (json.dumps(whole), json.dumps(whole, indent=4)):
        code, outcome, said = result(tmp_path, text.encode())
        assert (code, outcome) == (1, "truncated")
        assert "another program saved the file" in said


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"{}", b"PK\x03\x04", b"\n# signature,\n", bytes(100_000)]
)
def test_what_is_no_evidence_is_called_so(tmp_path, content):
    code, outcome, _hint = result(tmp_path, content)

    assert code != 0
    assert outcome in ("not evidence", "changed", "truncated")


def test_a_file_that_is_not_there(tmp_path):
    done = process(tmp_path / "nothing.csv", "--public-key", "0" * 64)

    assert done.returncode == 2
    assert done.stderr == f"CommandError: {tmp_path}/nothing.csv: No such file or directory.\n"


# ---------------------------------------------------------------- keys


def process(*arguments):
    """The command as an auditor runs it: a process with nothing in its environment."""
    command = [sys.executable, "manage.py", "verify_evidence", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=60, check=False)


def test_ev_08_it_needs_no_settings_and_no_database_with_saved_keys(tmp_path, data):
    path, keys = evidence.saved(tmp_path, data), evidence.saved_keys(tmp_path)

    done = process(path, "--public-key", keys)

    assert (done.returncode, done.stderr) == (0, "")
    assert "VALID: this file is exactly as the site signed it." in done.stdout
    assert process(evidence.saved(tmp_path, data[:-20], "cut.csv"), f"--public-key={keys}").returncode == 1
    assert process(path, "--public-key", public_bytes(OTHER_KEY).hex()).returncode == 2


def test_ev_08_keys_are_taken_in_each_form(tmp_path, data):
    path, hexadecimal = evidence.saved(tmp_path, data), evidence.public_key()
    pem = signing_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with_mark = b"\xef\xbb\xbf" + f"{hexadecimal.upper()}\r\n".encode()

    for given in (
        hexadecimal,
        evidence.saved(tmp_path, pem, "key.pem"),
        evidence.saved(tmp_path, with_mark, "key.txt"),
    ):
        assert evidence.verify(path, "--public-key", str(given))[0] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"keys": []}',
        b'{"keys": [{"public_key": 1}]}',
        b"-----BEGIN PUBLIC KEY-----",
        b"\xff",
    ],
)
def test_what_is_no_key_is_explained(tmp_path, data, content):
    done = process(evidence.saved(tmp_path, data), "--public-key", evidence.saved(tmp_path, content, "keys"))

    assert done.returncode == 2
    assert done.stderr.startswith("CommandError: ")
    assert "Traceback" not in done.stderr


def test_ev_09_a_former_key_is_served_and_verifies_after_its_entry_has_gone(tmp_path, data, settings, client):
    path, former = evidence.saved(tmp_path, data), EvidenceKey.objects.get()
    settings.ENCRYPTION_KEYS = ["another key of thirty-two characters at least"]

    served = client.get(evidence.KEYS).json()["keys"]

    assert [(key["id"] == former.key_id, key["current"]) for key in served] == [(False, True), (True, False)]
    assert evidence.verify(path)[0] == 0
    assert evidence.verify(path, "--public-key", str(evidence.saved_keys(tmp_path)))[0] == 0


def test_ev_09_the_first_entry_signs(data, settings, acme, alice):
    settings.ENCRYPTION_KEYS = ["another key of thirty-two characters at least", *settings.ENCRYPTION_KEYS]

    evidence.exported(acme, alice, form_of(data))

    assert EvidenceKey.objects.count() == 2
    assert key_id(public_bytes(signing_key())) == EvidenceKey.objects.latest("first_used_at").key_id


def test_the_keys_are_public_and_hold_nothing_else(client, acme, alice):
    evidence.exported(acme, alice)

    served = client.get(evidence.KEYS)

    assert served.status_code == 200
    assert set(served.json()) == {"site", "keys"}
    (key,) = served.json()["keys"]
    assert set(key) == {"id", "algorithm", "public_key", "first_used_at", "current"}
    assert "acme" not in served.content.decode()
