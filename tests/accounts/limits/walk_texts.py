"""The rows of docs/limits.md about texts: see walk.py."""

from accounts.factors.sms.backends.locmem import outbox
from tests.accounts.factors.sms.conftest import enrol_phone, newest_code, start_phone, time_passes
from tests.accounts.limits.walk import HERE, WALK, Case, at, row, there
from tests.support.people import make_user, post_password, sign_in

__all__ = ["WALK"]

KNOWN_TO_FAIL = {"text:number", "text:set-up:number"}
OWN = "(202) 555-0143"
CHALLENGE = "/session/two-factor"


class Texts(Case):
    """The victim signs in with a text to a number that she has confirmed."""

    made = 0

    def prepare(self):
        enrol_phone(self.victim)
        time_passes()
        outbox.clear()

    def set_up(self, address, number):
        self.made += 1
        return start_phone(sign_in(make_user(f"other{self.made}"), client=at(address)), number)

    def act(self):
        browser, before = at(HERE), len(outbox)
        assert post_password(browser, self.victim)["Location"] == CHALLENGE
        if len(outbox) == before:
            return False
        return browser.post(CHALLENGE, {"code": newest_code()}).status_code == 302


@row("text:number", "text:set-up:number")
class TextsToNumber(Texts):
    used = [("text:number:", 1)]  # in a minute

    def attack(self):
        for number in range(4):
            self.set_up(there(number), OWN)


@row("text:address")
class TextsByNetwork(Texts):
    used = [(f"text:address:{there()}:", 20)]

    def attack(self):
        for number in range(3):
            self.set_up(there(), f"(312) 555-010{number}")
            self.fast_forward()


@row("text:block", "text:set-up:block")
class TextsToBlock(Texts):
    used = [("text:set-up:block:", 25)]

    def attack(self):
        for number in range(3):
            self.set_up(there(number), f"(202) 555-010{number}")
            self.fast_forward()


@row("text:site", "text:set-up:site")
class TextsOfSite(Texts):
    used = [("text:set-up:site::", 250)]

    def attack(self):
        for number in range(3):
            self.set_up(there(number), f"(312) 555-010{number}")
            self.fast_forward()
