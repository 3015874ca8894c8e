"""What a line of the log says, and what it must not (WH-12, R39)."""

import json
import logging
import re
import sys
import time
from urllib.parse import quote

import pytest

from tests.api.clients import LiveClient, document, token_of
from tests.support.organizations import make_stage
from tests.support.people import make_user
from tfc_auth.logs import JsonFormatter, LineFormatter

TOKEN = "17.1xVmSR.zzSignatureThatOpensAnAccountzz"


def line(message, *args, **kwargs):
    record = logging.LogRecord("x", logging.WARNING, __file__, 1, message, args, None, **kwargs)
    record.request_id = "-"
    return LineFormatter().format(record)


@pytest.mark.parametrize("prefix", ["/account/password/reset/", "/account/confirm/"])
@pytest.mark.parametrize("rest", ["", "/", "/x/y", "?a=b", ")", "%20"])
def test_r39_a_log_line_holds_no_token_of_a_link(prefix, rest):
    text = line("Not Found: %s (again)", f"{prefix}{TOKEN}{rest}")

    assert "Signature" not in text
    assert f"Not Found: {prefix}*** (again)" in text


@pytest.mark.parametrize("blank", [" ", "\r\n", "=\r\n ", "\xa0"])
def test_pf6_a_log_line_holds_no_signature_behind_a_blank(blank):
    for spoilt in (blank + TOKEN, TOKEN.replace(".zz", f".{blank}zz")):
        text = line("Service Unavailable: %s (again)", f"/account/confirm/{spoilt}")

        assert "Signature" not in text
        assert "(again)" in text


def test_r39_a_traceback_holds_no_token_of_a_link():
    try:
        raise ValueError(f"/account/confirm/{TOKEN}")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "Oops", (), (ValueError, error, None))
    record.request_id = "-"

    assert "Signature" not in LineFormatter().format(record)


def quoted_twice(text):
    return quote(quote(text, safe=""), safe="")


SPOILT = {
    "in short pieces": lambda path, token: path + " ".join(re.findall(".{1,4}", token)),
    "on many lines": lambda path, token: path + "=\r\n".join(re.findall(".{1,9}", token)),
    "broken before the token": lambda path, token: " ".join(re.findall(".{1,5}", path)) + token,
    "with what nobody sees": lambda path, token: "\u200b".join(path) + "\u200b".join(token),
    "percent-encoded": lambda path, token: quote(path + token, safe=""),
    "every letter percent-encoded": lambda path, token: "".join(f"%{ord(c):02x}" for c in path + token),
    "encoded twice": lambda path, token: quoted_twice(path + token),
    "encoded ten times": lambda path, token: path.replace("/", "%" + "25" * 9 + "2F") + token,
    "quoted-printable": lambda path, token: "".join(f"={ord(c):02X}" for c in path + token),
    "in capital letters": lambda path, token: path.upper() + token,
    "with more slashes": lambda path, token: path.replace("/", "//./") + token,
    "with backslashes": lambda path, token: path.replace("/", "\\") + token,
    "behind another link": lambda path, token: f"next=/app&x={quote(path + token, safe='')}",
    "without its path": lambda path, token: f"/somewhere/else/{token}/",
}


@pytest.mark.parametrize("form", [LineFormatter, JsonFormatter])
@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("path", ["/account/password/reset/", "/account/confirm/", "/app/invitations/"])
def test_of12_no_log_holds_a_token_however_its_link_is_spoilt(form, path, how):
    token = "17.1xVmSR." + "zzSignatureThatOpensAnAccountzz".ljust(43, "z")
    spoilt = SPOILT[how](path, token)
    try:
        raise ValueError(spoilt)
    except ValueError as error:
        told = (ValueError, error, error.__traceback__)
    records = [
        logging.LogRecord("x", logging.WARNING, __file__, 1, "Not Found: %s (again)", (spoilt,), None),
        logging.LogRecord("x", logging.WARNING, __file__, 1, f"Not Found: {spoilt}", (), None),
        logging.LogRecord("x", logging.WARNING, __file__, 1, "%s", (told[1],), None),
        logging.LogRecord("x", logging.ERROR, __file__, 1, "%(r)s", ({"r": f"GET {spoilt} HTTP/1.1"},), None),
        logging.LogRecord("x", logging.ERROR, __file__, 1, "Oops", (), told),
    ]

    for record in records:
        text = form().format(record)
        for piece in ("Signature", "atureThat", "OpensAnAcc", "natu reTh", "hat Open"):
            assert piece not in text, text
            assert "".join(f"%{ord(c):02x}" for c in piece) not in text, text
    assert "(again)" in form().format(records[0])


@pytest.mark.parametrize(
    "text",
    ["GET /static/css/app.css?v=%20x HTTP/1.1", "100% of 5=5", "/app/acme/settings", "%zz", "a=12 b=%41"],
)
def test_of12_other_text_stays_as_it_is(text):
    assert text in line("%s", text)
    assert json.loads(JsonFormatter().format(logging.makeLogRecord({"msg": text})))["message"] == text


def test_of12_masking_takes_no_time_on_any_text():
    began = time.perf_counter()
    for text in (
        "/" * 8000,
        "/account/confirm/" * 500,
        "%25" * 3000,
        "= " * 4000,
        "/a c c" * 1500,
        "a." * 4000,
    ):
        line("%s", text)

    assert time.perf_counter() - began < 2


def test_of12_a_record_is_one_line_of_json_whatever_is_in_it():
    forged = 'x\n{"level": "INFO"}\r\x1b[2J\u2028\u202e\x00'
    try:
        raise ValueError(forged)
    except ValueError:
        told = sys.exc_info()
    record = logging.LogRecord("some.where", logging.ERROR, __file__, 1, "%s said %s", ("he", forged), told)
    record.request_id = "8c1f0a"

    text = JsonFormatter().format(record)

    assert text.isascii()
    assert text.isprintable()
    read = json.loads(text)
    assert read["message"] == f"he said {forged}"
    assert (read["level"], read["logger"], read["request_id"]) == ("ERROR", "some.where", "8c1f0a")
    assert "Traceback" in read["exception"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", read["time"])


@pytest.mark.parametrize("path", ["/account/password/reset", "/account/confirm", "/account/new"])
def test_r39_other_addresses_stay(path):
    assert path in line("Not Found: %s", path)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prefix", ["/account/password/reset/", "/account/confirm/"])
def test_r39_a_link_that_is_mangled_or_posted_to_is_not_in_the_log_of_the_server(live_site, prefix):
    make_user("alice")
    visitor = live_site.visitor()

    assert visitor.get(f"{prefix}{TOKEN}/").status == 302
    assert visitor.post(f"{prefix}{TOKEN}", {}).status in (403, 405)

    assert f"{prefix}***" in live_site.log()
    assert "Signature" not in live_site.log()


@pytest.mark.django_db(transaction=True)
def test_af6_refusals_are_logged_as_information_and_only_5xx_as_errors(live_site):
    stage = make_stage()
    olga, nobody = LiveClient(live_site, token_of(stage.olga)), LiveClient(live_site)
    written = len(live_site.log())
    refused = {
        400: olga.get("/organizations?include=x"),
        401: nobody.get("/account/details"),
        403: LiveClient(live_site, token_of(stage.mia)).get("/organizations/fort"),
        404: olga.get("/organizations/nowhere"),
        405: olga.post("/organizations/open/teams"),
        409: olga.patch("/organizations/open", document("users")),
        413: olga.patch("/organizations/open", b" " * 2_000_000),
        415: olga.patch("/organizations/open", document("organizations"), content_type="text/plain"),
        422: olga.patch("/organizations/open", document("organizations", name=5)),
    }
    visitor = live_site.visitor()
    pages = [visitor.get(path).status for path in ("/no-such-page", "/webhooks/sms-status", "/docs/%00")]
    live_site.volley([b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"])

    assert {expected: answer.status_code for expected, answer in refused.items()} == {n: n for n in refused}
    assert pages == [404, 405, 400]
    lines = live_site.log()[written:]
    assert not re.findall(r"^.*(?:WARNING|ERROR|CRITICAL|Traceback).*$", lines, re.MULTILINE)
    for path in ("/api/v2/organizations/nowhere", "/api/v2/account/details"):
        assert re.search(rf"INFO django\.request .*{path}", lines), path


@pytest.mark.django_db(transaction=True)
def test_of12_every_line_of_the_server_is_json_if_asked(start_site, alice):
    site = start_site(LOG_FORMAT="json", LOG_LEVEL="DEBUG")
    visitor = site.visitor()
    visitor.get("/session")
    visitor.post_form("/session", username="alice", password="wrong password of hers")
    visitor.get("/no-such-page%0aforged%1b[2J")
    site.volley([b"nonsense\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: x\r\nUser-Agent: \xff\x1b[2J\r\n\r\n"])

    for text in site.log().splitlines():
        assert text.startswith("{"), text
    lines = [json.loads(text) for text in site.log().splitlines()]

    loggers = {line["logger"] for line in lines}
    assert {"tfc_auth.audit", "django.request", "gunicorn.error"} <= loggers
    assert all(line["time"].endswith("+00:00") for line in lines)
    assert site.log().isascii()


@pytest.mark.django_db(transaction=True)
def test_of12_a_traceback_is_one_line_of_json(start_site):
    site = start_site(LOG_FORMAT="json", DATABASE_URL="sqlite:////proc/nowhere/db.sqlite3")

    visitor = site.visitor()
    assert visitor.post_form("/session", username="alice", password="a password of hers").status in (500, 503)

    lines = [json.loads(text) for text in site.log().splitlines()]
    assert [line for line in lines if "Traceback" in line.get("exception", "")]
