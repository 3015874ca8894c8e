"""The people in the dumps of released versions: what they did there, and what they have in their hands.

Their doings are written for the pages of 0.1.0; a later release may need further ones.
"""

import re
import time
from dataclasses import dataclass, field

import pyotp

from tests.support import releases
from tests.support.people import PASSWORD, TWO_FACTOR
from tests.support.servers import start_site
from tests.support.visitor import Visitor

LONG_NAME = "a-company-with-a-name-as-long-as-allowed"
NUMBER = "(202) 555-0143"
MACHINE = {"PASSWORD_HASHER": "argon2", "SMS_BACKEND": "console"}
TOKEN = re.compile(r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9]+")
BACKUP_CODE = re.compile(r"<code>([0-9A-Z-]{15})</code>")
STEP = 30  # seconds


@dataclass
class Known:
    """What one person has: an authenticator's key, unused codes, tokens, and the cookies of two browsers."""

    username: str
    key: str = ""
    codes: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    signed_in: dict[str, str] = field(default_factory=dict)
    remembered: dict[str, str] = field(default_factory=dict)

    def code(self):
        """A code of the authenticator app that is good now."""
        return pyotp.TOTP(self.key).now()

    def browser(self, url, cookies):
        """A browser at this address with these cookies."""
        visitor = Visitor(url)
        visitor.cookies = dict(cookies)
        return visitor


def use(tree, database_url):
    """Have them use the release in this tree; return them by name."""
    former = {"PYTHONPATH": str(releases.FORMER), **MACHINE}
    site = start_site(database_url, root=tree, workers=1, **former)
    try:
        alice, *_others = people = [Known(name) for name in ("alice", "bob", "carol", "dora")]
        for person in people:
            sign_up(site, person, confirm=person.username != "dora")
        at_alice, at_bob, at_carol = (person.browser(site.url, person.signed_in) for person in people[:3])
        enrol(at_alice, alice)
        for name in ("acme", LONG_NAME):
            done(at_alice.post_form("/app/organizations/new", name=name, email="it@example.com"))
        invite(at_alice, "acme", "bob")
        done(at_bob.post_form("/app/settings/organizations", "accept"))
        done(at_alice.post_form("/app/acme/settings/authentication/require-two-factor", "require-two-factor"))
        tokens(at_alice, alice)
        phone(site, at_carol)
        done(at_carol.post_form("/app/organizations/new", name="plain", email="it@example.com"))
        invite(at_carol, "plain", "bob")
        sign_in_again(site, alice)
        site.visitor().post_form("/session", username="alice", password="a wrong password")
    finally:
        site.stop()
    leave_a_mail(database_url, tree, former)
    return {person.username: person for person in people}


def done(reply):
    """Check that a form was taken: its page leads on."""
    assert reply.location not in (None, "/session"), f"{reply.url}: {reply.status} {reply.text}"
    return reply


def sign_up(site, person, confirm):
    visitor = site.visitor()
    address = f"{person.username}@example.com"
    done(visitor.post_form("/account/new", username=person.username, email=address, password=PASSWORD))
    text = site.wait_for_mail(address).get_body(("plain",)).get_content()
    if confirm:
        visitor.follow(visitor.get(re.search(r"/account/confirm/\S+", text)[0]))
        done(visitor.post_form("/account/confirm"))
        visitor = site.visitor()
        done(visitor.post_form("/session", username=person.username, password=PASSWORD))
        person.signed_in = visitor.cookies


def enrol(visitor, person):
    done(visitor.post_form(TWO_FACTOR, "enable", method="app"))
    page = visitor.get(f"{TWO_FACTOR}/confirm")
    person.key = page.text.partition('data-value="')[2].partition('"')[0]
    reply = visitor.post_form(f"{TWO_FACTOR}/confirm", "two-factor/confirm", code=person.code())
    person.codes = BACKUP_CODE.findall(reply.text)
    assert len(person.codes) == 10, reply.text
    person.signed_in = visitor.cookies


def invite(visitor, organization, name):
    done(visitor.post_form(f"/app/{organization}/settings/users", "users/add", username=name))


def tokens(visitor, person):
    reply = visitor.post_form("/app/settings/tokens", "tokens/create", description="laptop", expires="365")
    person.tokens["user"] = TOKEN.search(reply.text)[0]
    for organization in ("acme", LONG_NAME):
        place = f"/app/{organization}/settings/authentication-tokens"
        reply = visitor.post_form(place, "owners/create", expires="365")
        person.tokens[f"owners of {organization}"] = TOKEN.search(reply.text)[0]


def phone(site, visitor):
    done(visitor.post_form(TWO_FACTOR, "enable", method="sms", phone_number=NUMBER))
    deadline = time.monotonic() + 10
    while not (texts := list(site.mail_directory.glob("*.text"))) and time.monotonic() < deadline:
        time.sleep(0.1)
    code = re.search(r"#(\d{6})\s*$", texts[0].read_text())[1]
    reply = visitor.post_form(f"{TWO_FACTOR}/confirm", "two-factor/confirm", code=code)
    assert len(BACKUP_CODE.findall(reply.text)) == 10, reply.text


def sign_in_again(site, person):
    """Once with a backup code, and once with the app in a browser that is remembered then."""
    visitor = site.visitor()
    done(visitor.post_form("/session", username=person.username, password=PASSWORD))
    recovery = "/session/two-factor-recovery"
    done(visitor.post_form(recovery, "Verify", code=person.codes.pop(0)))
    time.sleep(STEP)  # the code of the enrolment is used
    visitor = site.visitor()
    done(visitor.post_form("/session", username=person.username, password=PASSWORD))
    done(visitor.post_form("/session/two-factor", "Verify", code=person.code(), remember="on"))
    visitor.follow(visitor.get("/app"))
    assert visitor.post_form("/app/settings/profile", "session/logout").location == "/session"
    person.remembered = visitor.cookies


def leave_a_mail(database_url, tree, former):
    """Leave a mail that could not be sent, sealed, in the outbox."""
    site = start_site(database_url, root=tree, workers=1, EMAIL_URL="smtp://127.0.0.1:1", **former)
    try:
        done(site.visitor().post_form("/account/password/forgot", email="bob@example.com"))
        time.sleep(2)  # until the attempt has failed
    finally:
        site.stop()
