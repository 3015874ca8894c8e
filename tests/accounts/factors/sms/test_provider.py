"""The provider: the real SDK against a server that answers like it (SM-10, SM-11, SM-15, F12)."""

import logging
import re
import time

import pytest
from django.conf import settings as site_settings
from django.core.checks import Tags, run_checks
from django.test import Client

from accounts.factors.sms.models import TextMessage
from accounts.outbox import delivery as messages
from tests.accounts.factors.sms.conftest import E164, code_in, start_phone
from tests.accounts.factors.sms.twilio import ACCOUNT, REFUSALS, TOKEN, signature
from tests.support.people import post_password, sign_in

CALLBACK = "/webhooks/sms-status"


def test_the_sdk_sends_one_message_to_the_right_place(alice, by_twilio):
    start_phone(sign_in(alice))

    [message] = by_twilio.messages
    assert message["path"] == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert (message["To"], message["From"]) == (E164, "+15005550006")
    assert message["StatusCallback"].endswith(CALLBACK)
    assert code_in(message["Body"])
    assert TextMessage.objects.get().status == "sent"


def test_a_messaging_service_takes_the_place_of_the_sender(alice, by_twilio, settings):
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG" + "1" * 32

    start_phone(sign_in(alice))

    assert by_twilio.messages[0]["MessagingServiceSid"] == settings.TWILIO_MESSAGING_SERVICE_SID
    assert "From" not in by_twilio.messages[0]


def test_without_an_auth_token_no_report_is_asked_for(alice, by_twilio, settings):
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_API_KEY, settings.TWILIO_API_SECRET = "", "SK1", "secret"

    start_phone(sign_in(alice))

    assert "StatusCallback" not in by_twilio.messages[0]


@pytest.mark.parametrize("mode", [*REFUSALS, "cut"])
def test_sm_10_a_failure_is_told_neutrally_and_sent_once(sam, by_twilio, mode, caplog):
    by_twilio.mode = mode
    client = Client()
    assert post_password(client, sam).status_code == 302

    page = client.get("/session/two-factor").content.decode()

    assert "couldn&#x27;t deliver" in page
    assert "Use a recovery code" in page
    assert mode not in re.sub(r"<[^>]*>", " ", page) or mode == "cut"
    messages.send_due()
    assert len(by_twilio.messages) == 1
    assert E164 not in caplog.text


def test_f12_a_provider_that_hangs_costs_five_seconds_and_one_text(sam, by_twilio):
    by_twilio.mode = "hang"
    client, began = Client(), time.monotonic()
    assert post_password(client, sam).status_code == 302

    assert "couldn&#x27;t deliver" in client.get("/session/two-factor").content.decode()
    assert time.monotonic() - began < 15  # five to connect and five to read, on a machine with more to do
    messages.send_due()
    assert len(by_twilio.messages) == 1


def test_sm_11_logs_hold_no_code_no_number_and_no_token(alice, by_twilio, caplog):
    with caplog.at_level(logging.DEBUG):
        start_phone(sign_in(alice))

    code = code_in(by_twilio.messages[0]["Body"])
    for secret in (code, E164, "2025550143", TOKEN):
        assert secret not in caplog.text


def report(fields, url=None, token=TOKEN, **headers):
    signed = signature(url or site_settings.SITE_URL + CALLBACK, fields, token)
    return Client().post(CALLBACK, fields, headers={"X-Twilio-Signature": signed, **headers})


@pytest.fixture
def sent(alice, by_twilio):
    """A text that the provider has taken; and the browser that waits for it."""
    client = sign_in(alice)
    start_phone(client)
    return TextMessage.objects.get(), client


@pytest.mark.parametrize(
    ("status", "kept", "words"),
    [
        ("delivered", "delivered", "was delivered"),
        ("undelivered", "failed", "couldn&#x27;t deliver"),
        ("failed", "failed", "couldn&#x27;t deliver"),
        ("sending", "sent", "on its way"),
    ],
)
def test_the_page_tells_what_became_of_the_text(sent, status, kept, words):
    message, client = sent

    answer = report({"MessageSid": message.provider_id, "MessageStatus": status})

    assert answer.status_code == 204
    message.refresh_from_db()
    assert message.status == kept
    assert not message.device.confirmed  # a report decides nothing
    assert words in client.get("/app/settings/two-factor/confirm").content.decode()


def test_a_final_report_stays(sent):
    message, _client = sent
    report({"MessageSid": message.provider_id, "MessageStatus": "delivered"})
    report({"MessageSid": message.provider_id, "MessageStatus": "failed"})

    message.refresh_from_db()
    assert message.status == "delivered"


def test_sm_15_a_report_without_a_right_signature_is_refused(sent):
    message, _client = sent
    fields = {"MessageSid": message.provider_id, "MessageStatus": "delivered"}

    answers = [
        Client().post(CALLBACK, fields),
        report(fields, token="another token"),
        report(fields, url="https://evil.example/webhooks/sms-status"),
        Client().post(
            CALLBACK,
            {**fields, "MessageStatus": "failed"},
            headers={"X-Twilio-Signature": signature("x", fields)},
        ),
    ]

    assert {answer.status_code for answer in answers} == {403}
    message.refresh_from_db()
    assert message.status == "sent"


def test_sm_15_without_an_auth_token_every_report_is_refused(sent, settings):
    message, _client = sent
    settings.TWILIO_AUTH_TOKEN = ""

    assert report({"MessageSid": message.provider_id, "MessageStatus": "delivered"}).status_code == 403


def test_reports_of_unknown_and_odd_messages_change_nothing(sent):
    for sid in ["SM" + "9" * 32, "", "x" * 5000, "\x00"]:
        assert report({"MessageSid": sid, "MessageStatus": "delivered"}).status_code in (204, 400)
    assert Client().get(CALLBACK).status_code == 405

    assert TextMessage.objects.get().status == "sent"


def problems():
    """What the deployment checks of security say; those of models would ask the database what it can."""
    return {problem.id for problem in run_checks(tags=[Tags.security], include_deployment_checks=True)}


@pytest.mark.parametrize("backend", ["console", "locmem"])
def test_check_deploy_refuses_development_backends(settings, backend):
    settings.SMS_BACKEND = settings.SMS_BACKENDS[backend]

    assert "factor_sms.E001" in problems()


def test_check_deploy_wants_a_complete_provider(settings, twilio):
    for name, value in twilio.settings().items():
        setattr(settings, name, value)
    settings.SMS_BACKEND = settings.SMS_BACKENDS["twilio"]
    assert "factor_sms.E002" not in problems()

    settings.TWILIO_FROM = ""
    assert "factor_sms.E002" in problems()
