"""Run by test_extending.py, with the settings of docs/extending.md: its factor and text backend at work."""

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pyotp
import pytest
from django.conf import settings as site_settings
from django.core.checks import Tags, run_checks
from django.test import Client

from accounts.factors.sms.models import TextMessage
from accounts.outbox import delivery
from tests.support import factor_answers
from tests.support.people import TWO_FACTOR, codes_on, followed, post_password, sign_in

NUMBER = "+12025550143"


class Token:
    """Counts how often its button was pressed."""

    details = {}

    def __init__(self, factor, user, state):
        self.key = factor.describe(user, state, enrolling=True)["key"]
        self.presses = 0

    def answer(self, state):
        self.presses += 1
        return pyotp.HOTP(self.key).at(self.presses - 1)


# For tests/accounts/factors/test_contract.py, which runs in the same process.
factor_answers.HOLDERS["token"] = Token


def test_the_settings_are_in_force():
    assert "acme.token.factor.TokenFactor" in site_settings.SECOND_FACTORS
    found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    assert not {problem.id for problem in found} & {"factor_sms.E001", "factor_sms.E002", "accounts.E001"}


def test_a_person_enrols_with_a_token_and_signs_in_with_it(alice):
    client = sign_in(alice)
    assert "Hardware token" in client.get(TWO_FACTOR).content.decode()
    client.post(f"{TWO_FACTOR}/enable", {"method": "token"})
    page = client.get(f"{TWO_FACTOR}/confirm").content.decode()
    token = pyotp.HOTP(re.search(r'<code class="key">([A-Z2-7]{32})</code>', page)[1])

    done = followed(client, client.post(f"{TWO_FACTOR}/confirm", {"code": token.at(0)}))

    assert len(set(codes_on(done))) == 10
    browser = Client()
    assert post_password(browser, alice)["Location"] == "/session/two-factor"
    assert "Press the button of your token" in browser.get("/session/two-factor").content.decode()
    assert browser.post("/session/two-factor", {"code": token.at(0)}).status_code == 422
    assert browser.post("/session/two-factor", {"code": token.at(3)})["Location"] == "/app"
    again = Client()
    post_password(again, alice)
    assert again.post("/session/two-factor", {"code": token.at(2)}).status_code == 422


@contextmanager
def gateway(status=200):
    """The provider of the page: takes texts as JSON, and answers with an id."""
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            taken.append((self.path, self.headers["Authorization"], body))
            answer = json.dumps({"id": "text-17"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()


def ask_for_text(client):
    client.post(f"{TWO_FACTOR}/enable", {"method": "sms", "phone_number": NUMBER})
    delivery.send_due()
    return client.get(f"{TWO_FACTOR}/confirm").content.decode()


def test_a_person_enrols_with_texts_of_the_backend(alice, settings):
    client = sign_in(alice)
    settings.GATEWAY_TOKEN = "secret"
    with gateway() as (settings.GATEWAY_URL, taken):
        ask_for_text(client)

    [(path, authorization, body)] = taken
    assert (path, authorization, body["to"]) == ("/messages", "Bearer secret", NUMBER)
    message = TextMessage.objects.get()
    assert (message.status, message.provider_id) == ("sent", "text-17")
    code = re.search(r"\d{6}", body["text"])[0]
    assert followed(client, client.post(f"{TWO_FACTOR}/confirm", {"code": code})).status_code == 200
    alice.refresh_from_db()
    assert alice.is_enrolled


@pytest.mark.parametrize("status", [307, 400, 503])
def test_a_text_that_the_provider_refuses_is_told(alice, settings, caplog, status):
    client = sign_in(alice)
    with gateway(status) as (settings.GATEWAY_URL, taken):
        page = ask_for_text(client)

    assert len(taken) == 1
    assert TextMessage.objects.get().status == "failed"
    assert "couldn&#x27;t deliver" in page
    assert NUMBER not in caplog.text
