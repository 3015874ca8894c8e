"""Every setting of README's table, written as operators write it: in a variable, and in a file."""

import ast
import os
import re
import subprocess
import sys
import traceback

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.environment import LONGEST_FILE
from tests.support.environment import ROOT
from tests.support.settings_table import BAD, CONTRADICTIONS, GOOD, NAMES, SAME, WITH
from tests.support.starts import NEEDED, settings_with, start
from tfc_auth.mailers import HAS_MAILERS

PIECES = ["p4ss", "w0rt"]  # of the passwords in BAD


@pytest.fixture
def load(monkeypatch):
    """The settings with nothing but this in the environment."""

    def run(environment):
        loaded = settings_with(environment, monkeypatch)
        names = [name for name in loaded if name.isupper() and name not in ("SETTINGS_MODULE", "ENVIRON")]
        return {name: loaded[name] for name in names}

    return run


@pytest.fixture
def sentence(load):
    """The sentence that a start ends with."""

    def find(environment):
        with pytest.raises(ImproperlyConfigured) as raised:
            load(environment)
        said = str(raised.value)
        shown = "".join(traceback.format_exception(raised.value))
        assert "\n" not in said
        for secret in [*PIECES, NEEDED["SECRET_KEY"], NEEDED["ENCRYPTION_KEYS"]]:
            assert secret not in shown
        return said

    return find


def around(name):
    """What a start needs, and this setting beside it."""
    return {other: value for other, value in NEEDED.items() if other != name} | WITH.get(name, {})


def test_of8_the_table_has_every_setting():
    assert set(GOOD) == set(BAD) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_of8_blanks_case_and_form_make_no_difference(load, name):
    good, changed = load(around(name) | {name: GOOD[name]}), load(NEEDED)

    assert good != changed
    for value in [
        f"  {GOOD[name]}",
        f"{GOOD[name]}\t ",
        f"{GOOD[name]}\n",
        f"{GOOD[name]}\r\n",
        *SAME.get(name, []),
    ]:
        assert load(around(name) | {name: value}) == good


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("SECRET_KEY", "ENCRYPTION_KEYS")])
@pytest.mark.parametrize("value", ["", "  ", "\n"])
def test_of8_what_is_empty_is_not_set(load, name, value):
    assert load(NEEDED | {name: value}) == load(NEEDED) or name == "DATABASE_URL"
    if name == "DATABASE_URL":
        assert load(around(name) | {name: value}) == load(around(name))


@pytest.mark.parametrize(
    ("name", "value", "piece"), [(name, value, piece) for name in NAMES for value, piece in BAD[name]]
)
def test_of8_a_bad_value_stops_the_start_and_the_sentence_says_what_to_write(sentence, name, value, piece):
    said = sentence(NEEDED | {name: value})

    assert name in said
    assert piece in said


@pytest.mark.parametrize(("environment", "said"), CONTRADICTIONS)
def test_of8_settings_that_contradict_each_other_stop_the_start(sentence, environment, said):
    assert said in sentence(NEEDED | environment)


def test_audit_events_are_lines_of_the_log_and_with_debug_only_if_its_format_is_set(load):
    debug = NEEDED | {"DEBUG": "1", "EMAIL_URL": "smtp://localhost:25"}

    for environment, handlers in [
        (NEEDED, ["audit"]),
        (NEEDED | {"LOG_FORMAT": "line"}, ["audit"]),
        (debug, []),
        (debug | {"LOG_FORMAT": "json"}, ["audit"]),
        (debug | {"LOG_FORMAT": "line"}, ["audit"]),
    ]:
        assert load(environment)["LOGGING"]["loggers"]["tfc_auth.audit"]["handlers"] == handlers


ODD_PASSWORDS = [
    "p4ss/w0rt",
    "p4ss#w0rt",
    "#p4ss?",
    "p4ss@w0rt:",
    "100%",
    "%41",
    "$p4ss$$",
    "p4ss + w0rt",
    "[ß]'\"\\",
]


@pytest.mark.parametrize("password", ODD_PASSWORDS)
def test_of12_any_password_can_be_written_as_the_guide_says(load, password):
    guide = (ROOT / "docs" / "deployment.md").read_text()
    [script] = re.findall(r"^    python3 -c '(import getpass, .*)'$", guide, re.MULTILINE)
    run = subprocess.run(
        [sys.executable, "-c", script.replace("getpass.getpass()", "input()")],
        input=password,
        capture_output=True,
        text=True,
        check=True,
    )
    written = run.stdout.strip()

    found = load(
        NEEDED
        | {
            "DATABASE_URL": f"postgres://user:{written}@db.example.com/name",
            "EMAIL_URL": f"smtp+tls://user:{written}@mail.example.com",
        }
    )

    mail = found["MAILERS"]["default"]["OPTIONS"]["password"] if HAS_MAILERS else found["EMAIL_HOST_PASSWORD"]
    assert found["DATABASES"]["default"]["PASSWORD"] == mail == password


@pytest.mark.parametrize(
    ("hosts", "host", "port"),
    [
        ("db.example.com", "db.example.com", ""),
        ("db.example.com:5433", "db.example.com", "5433"),
        ("[2001:db8::1]:5433", "2001:db8::1", "5433"),
        ("one,two:5433", "one,two", "5432,5433"),
        ("one:5433,[2001:db8::1]", "one,2001:db8::1", "5433,5432"),
        ("%2Frun%2Fpostgresql", "/run/postgresql", ""),
        ("", "", ""),
    ],
)
def test_of12_a_database_is_found_at_each_form_of_its_address(load, hosts, host, port):
    found = load(NEEDED | {"DATABASE_URL": f"postgres://user:p4ssw0rt@{hosts}/name"})["DATABASES"]["default"]

    assert (found["HOST"], str(found["PORT"]), found["NAME"]) == (host, port, "name")


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("name", NAMES)
def test_of8_any_setting_may_come_from_a_file(load, tmp_path, name):
    file = tmp_path / "value"
    good = load(around(name) | {name: GOOD[name]})

    for form in ["{}", "{}\n", "{}\r\n", "\ufeff{}\n", " {} \n\n"]:
        file.write_bytes(form.format(GOOD[name]).encode())
        assert load(around(name) | {f"{name}_FILE": str(file)}) == good
        assert load(around(name) | {f"{name}_FILE": f" {file}\n", name: ""}) == good


@pytest.mark.parametrize("name", NAMES)
def test_of8_a_file_that_can_not_be_read_stops_the_start(sentence, tmp_path, name):
    missing, empty, blank, binary, large = (
        tmp_path / name for name in ["gone", "empty", "blank", "bin", "large"]
    )
    empty.touch()
    blank.write_text("\n \r\n")
    binary.write_bytes(bytes(range(128, 256)))
    large.write_text("x" * (LONGEST_FILE + 1))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    faults = {
        missing: "there is no file",
        empty: "is empty",
        blank: "is empty",
        binary: "is not UTF-8 text",
        large: "has more than",
        tmp_path: "is a folder",
        pipe: "is not a regular file",
        tmp_path / ("n" * 300): "can't be read: File name too long",
        empty / "below": "can't be read: Not a directory",
    }
    for path, fault in faults.items():
        said = sentence(around(name) | {f"{name}_FILE": str(path)})
        assert said.startswith(f"{name}_FILE: ")
        assert str(path) in said
        assert fault in said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value", ["postgres://user:p4ss@w0rt@host/name", "user:p4ssw0rt@host", '"smtp://user:p4ssw0rt@host"']
)
def test_of8_the_password_of_another_setting_is_not_in_the_sentence(load, name, value):
    """Somebody who mixes up two settings must not find the password of one of them in the log."""
    try:
        load(around(name) | {name: value})
    except ImproperlyConfigured as error:
        said = "".join(traceback.format_exception(error))
        assert not [piece for piece in PIECES if piece in said], said


@pytest.mark.parametrize("name", ["TWILIO_ACCOUNT_SID", "TWILIO_API_KEY", "TWILIO_MESSAGING_SERVICE_SID"])
def test_of8_a_secret_in_place_of_its_identifier_is_not_in_the_sentence(sentence, name):
    assert "begins with" in sentence(around(name) | {name: "p4ssw0rt"})


@pytest.mark.parametrize("value", ["p4ssw0rt", "postgres://user:p4ssw0rt@host/name", "p4ssw0rt" * 40])
def test_of8_a_value_in_place_of_the_path_of_its_file_is_not_in_the_sentence(sentence, value):
    said = sentence(around("DATABASE_URL") | {"DATABASE_URL_FILE": value})

    assert "such as /run/secrets/database_url" in said
    assert "To set the value itself, use DATABASE_URL." in said


def test_of8_a_path_may_begin_where_the_process_is(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text(NEEDED["SECRET_KEY"])

    assert load(around("SECRET_KEY") | {"SECRET_KEY_FILE": "key"})["SECRET_KEY"] == NEEDED["SECRET_KEY"]


def test_of8_a_text_of_two_bytes_a_character_is_no_text(sentence, tmp_path):
    file = tmp_path / "value"
    file.write_bytes("key".encode("utf-16-le"))

    assert "null bytes" in sentence(around("SECRET_KEY") | {"SECRET_KEY_FILE": str(file)})


@pytest.mark.parametrize("name", NAMES)
def test_of8_a_variable_and_a_file_stop_the_start(sentence, tmp_path, name):
    file = tmp_path / "value"
    file.write_text(GOOD[name])

    said = sentence(around(name) | {name: GOOD[name], f"{name}_FILE": str(file)})

    assert said == f"Set {name} or {name}_FILE, not both."


@pytest.mark.parametrize("name", ["SECRET_KEY", "SITE_NAME", "SMS_COUNTRIES"])
def test_of8_a_file_of_several_lines_stops_the_start(sentence, tmp_path, name):
    file = tmp_path / "value"
    file.write_text("GB\nDE\n")

    assert "must be one line" in sentence(around(name) | {f"{name}_FILE": str(file)})


def test_of8_a_file_of_somebody_else_stops_the_start(tmp_path):
    file = tmp_path / "value"
    file.write_text(NEEDED["SECRET_KEY"])
    file.chmod(0)
    tmp_path.chmod(0o755)
    as_somebody = "os.geteuid() or os.seteuid(65534)"  # root may read everything

    run = start(
        *[
            "-c",
            f"import os; from accounts.environment import variable; {as_somebody}; variable('SECRET_KEY')",
        ],
        SECRET_KEY_FILE=str(file),
        SECRET_KEY="",
    )

    said = re.escape(f"may not read {file}.")
    assert re.search(rf"SECRET_KEY_FILE: the user that runs this \(uid [1-9]\d*\) {said}", run.stderr)


# ---------------------------------------------------------------- nobody reads the environment another way


MAY_TOUCH_THE_ENVIRONMENT = {
    "accounts/environment.py": "is how variables and their files are read",
    "tfc_auth/environment/source.py": "hands the environment to it",
    "accounts/metrics/slots.py": "tells prometheus-client where to count",
    "manage.py": "names the settings' module to Django",
    "tfc_auth/wsgi.py": "names the settings' module to Django",
    "accounts/management/commands/run_demo.py": "sets ALLOWED_HOSTS for the server that takes its place",
}


def test_of8_every_variable_is_read_by_the_readers():
    files = [
        ROOT / "manage.py",
        *(path for app in ("accounts", "organizations", "tfc_auth") for path in (ROOT / app).rglob("*.py")),
    ]
    touching = {
        path.relative_to(ROOT).as_posix()
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "getenvb"))
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and "env" in ast.unparse(node))
    }

    assert touching == set(MAY_TOUCH_THE_ENVIRONMENT)
