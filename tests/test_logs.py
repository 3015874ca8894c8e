"""What a line of the log says, and what it must not (WH-12, R39)."""

import logging

import pytest

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
