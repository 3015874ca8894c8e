"""A code by text works for the purpose and in the session that it was sent for (R36)."""

from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.factors.sms.models import TextMessage
from accounts.models import RateLimit, Session
from tests.accounts.factors.sms.conftest import newest_code, time_passes
from tests.accounts.factors.sms.logging_in import (
    answer,
    ask,
    has_sudo,
    is_in,
    refused,
    sudo,
    texted_by,
    wrong,
)
from tests.accounts.login.test_sign_in import ELSEWHERE
from tests.support.people import TWO_FACTOR


def test_sm_13_a_code_works_in_the_session_that_asked_for_it(sam):
    first = ask(sam)
    code = newest_code()
    second = ask(sam)

    answer(second, code)
    assert not is_in(second)

    answer(first, code)
    assert is_in(first)


@pytest.fixture
def asked_again(sam):
    """A browser in which sam is signed in, and has to prove it once more."""
    client = ask(sam)
    answer(client, newest_code())
    assert is_in(client)
    Session.objects.update(proved_at=None)
    return client


def test_tf1_a_text_of_another_session_logs_in_nowhere_else(sam):
    first = ask(sam)
    code = newest_code()
    for_first = TextMessage.objects.latest("pk")
    second = ask(sam)
    texted_by(second, "login")
    # As if the first text had not been replaced: both are alive, each in its own session.
    TextMessage.objects.filter(pk=for_first.pk).update(replaced_at=None)

    assert refused(answer(second, code))
    assert not is_in(second)
    for_first.refresh_from_db()
    assert for_first.used_at is None

    answer(first, code)
    assert is_in(first)


def test_tf1_a_session_that_had_no_text_sent_takes_no_code(sam):
    first = ask(sam)
    second = ask(sam)

    assert refused(answer(second, newest_code()))
    assert not is_in(second)
    answer(first, newest_code())
    assert is_in(first)


def test_tf2_a_wrong_code_grants_no_sudo(sam, asked_again):
    code = texted_by(asked_again, "sudo")

    for entered in (wrong(code), "", "12345", code[::-1] + "0"):
        response = sudo(asked_again, entered)
        assert response.status_code == 422
        assert not has_sudo(asked_again)
    RateLimit.objects.all().delete()

    assert sudo(asked_again, code)["Location"] == f"{TWO_FACTOR}/disable"
    assert has_sudo(asked_again)


def test_tf2_a_code_for_a_login_grants_no_sudo(sam, asked_again):
    pending = ask(sam)
    code = texted_by(pending, "login")

    assert refused(sudo(asked_again, code))
    assert not has_sudo(asked_again)

    answer(pending, code)
    assert is_in(pending)


def test_tf2_a_code_for_sudo_does_not_log_in(sam, asked_again):
    pending = ask(sam)
    code = texted_by(asked_again, "sudo")

    assert refused(answer(pending, code))
    assert not is_in(pending)

    assert sudo(asked_again, code)["Location"] == f"{TWO_FACTOR}/disable"
    assert has_sudo(asked_again)


def test_tf2_not_even_in_the_session_that_had_both_sent(sam):
    """What a browser was texted for its login is worth nothing once it is signed in."""
    client = ask(sam)
    for_login = newest_code()
    answer(client, for_login)
    Session.objects.update(proved_at=None)

    assert refused(sudo(client, for_login))
    assert not has_sudo(client)


def test_a_used_code_is_used(sam):
    client = ask(sam)
    code = newest_code()
    answer(client, code)
    client.post("/session/logout")
    client = ask(sam)

    answer(client, code)

    assert not is_in(client)


def test_sudo_by_text(sam):
    client = ask(sam)
    answer(client, newest_code())
    Session.objects.update(proved_at=None)
    time_passes()
    assert client.get(f"{TWO_FACTOR}/disable")["Location"].startswith("/session/sudo")

    client.post("/session/two-factor-send-sms", {"next": f"{TWO_FACTOR}/disable"})
    response = client.post(
        "/session/sudo", {"code": newest_code(), "factor": "sms", "next": f"{TWO_FACTOR}/disable"}
    )

    assert response["Location"] == f"{TWO_FACTOR}/disable"
    assert client.get(f"{TWO_FACTOR}/disable").status_code == 200


def test_lg_19_the_page_after_a_text_for_sudo_leads_to_no_other_site(sam):
    client = ask(sam)
    answer(client, newest_code())
    Session.objects.update(proved_at=None)

    for target in ELSEWHERE:
        asking = client.post("/session/two-factor-send-sms", {"next": target})["Location"]
        assert parse_qs(urlsplit(asking).query)["next"] == ["/app"], target
