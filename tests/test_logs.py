"""What a line of the log says, and what it must not (WH-12, R39)."""

import logging
import re

import pytest

from tests.api.clients import LiveClient, document, token_of
from tests.support.organizations import make_stage
from tests.support.people import make_user
from tfc_auth.logs import LineFormatter

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
