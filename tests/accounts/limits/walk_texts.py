"""The rows of docs/limits.md about texts: see walk.py."""

from accounts.factors.sms.backends.locmem import outbox
from accounts.models import RateLimit
from tests.accounts.factors.sms.conftest import enrol_phone, newest_code, start_phone, time_passes
from tests.accounts.limits.walk import HERE, WALK, Case, at, row, there
from tests.support.people import TWO_FACTOR, make_user, post_password, sign_in

__all__ = ["WALK"]
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
        browser = sign_in(make_user(f"other{self.made}"), client=at(address))
        start_phone(browser, number)
        return browser

    def set_up_and_send_again(self, address, number):
        browser = self.set_up(address, number)
        self.fast_forward()
        RateLimit.objects.filter(key__startswith="text:user:").delete()  # as if a minute had passed
        browser.post(f"{TWO_FACTOR}/resend")

    def act(self):
        browser, before = at(HERE), len(outbox)
        assert post_password(browser, self.victim)["Location"] == CHALLENGE
        if len(outbox) == before:
            return False
        return browser.post(CHALLENGE, {"code": newest_code()}).status_code == 302


class SetsUp(Texts):
    """The victim sets up her number."""

    def prepare(self):
        pass

    def act(self):
        browser, before = sign_in(self.victim, client=at(HERE)), len(outbox)
        start_phone(browser, OWN)
        if len(outbox) == before:
            return False
        return (
            browser.post(f"{TWO_FACTOR}/confirm", {"code": newest_code()}).get("Location")
            == f"{TWO_FACTOR}/codes"
        )


@row("text:set-up:first")
class FirstTexts(SetsUp):
    used = [("text:set-up:first:", 1)]

    def attack(self):
        for number in range(4):
            self.set_up(there(number), OWN)


@row("text:set-up:firsts:address")
class FirstTextsOfNetwork(SetsUp):
    """Even one whose network the victim shares."""

    used = [("text:set-up:firsts:address:", 5)]

    def attack(self):
        for _ in range(6):
            self.set_up(HERE, OWN)


class FurtherTexts(SetsUp):
    def attack(self):
        for number in range(2):
            self.set_up_and_send_again(there(number), OWN)


@row("text:set-up:further")
class FurtherTextsOfAll(FurtherTexts):
    used = [("text:set-up:further:", 4)]

    def attack(self):
        for number in range(6):
            self.set_up_and_send_again(there(number), OWN)

    def fast_forward(self):
        pass


@row("text:set-up:further:user")
class FurtherTextsOfPerson(FurtherTexts):
    used = [("text:set-up:further:user:", 1)]


@row("text:set-up:further:address")
class FurtherTextsOfNetwork(FurtherTexts):
    used = [("text:set-up:further:address:", 2)]

    def attack(self):
        for _ in range(3):
            self.set_up_and_send_again(there(), OWN)


@row("text:counted:person", "text:counted:network", "text:counted:number", "text:counted:block")
class CountedTexts(SetsUp):
    used = [
        ("text:counted:person:", 3),
        ("text:counted:network:", 5),
        ("text:counted:number:", 3),
        ("text:counted:block:", 5),
    ]

    def attack(self):
        self.set_up_and_send_again(there(), OWN)

    def is_used_up(self):
        return all(
            RateLimit.objects.filter(key__startswith=key, count__gte=n).exists() for key, n in self.used
        )


@row("text:address")
class TextsByNetwork(Texts):
    """To sign in, in browsers that nobody knows."""

    used = [(f"text:address:{there()}:", 20)]

    def prepare(self):
        super().prepare()
        self.others = [make_user(f"neighbour{n}") for n in range(3)]
        for n, user in enumerate(self.others):
            enrol_phone(user, number=f"(312) 555-010{n}")
        outbox.clear()

    def attack(self):
        for user in self.others:
            post_password(at(there()), user)
            self.fast_forward()


@row("text:set-up:address")
class SetUpsByNetwork(SetsUp):
    used = [(f"text:set-up:address:{there()}:", 20)]

    def attack(self):
        for number in range(3):
            self.set_up(there(), f"(312) 555-010{number}")
            self.fast_forward()


@row("text:set-up:unused:network")
class UnusedSetUpsOfNetwork(SetsUp):
    used = [("text:set-up:unused:network:198.51.0.0/24:", 20)]

    def attack(self):
        for number in range(3):
            self.set_up(f"198.51.0.{number + 1}", f"(312) 555-010{number}")
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


@row("text:site:day", "text:set-up:site:day")
class TextsOfSiteInADay(TextsOfSite):
    used = [("text:set-up:site:day::", 1000)]
