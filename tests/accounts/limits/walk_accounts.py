"""The rows of docs/limits.md about passwords, mails and programs of an account: see walk.py."""

from accounts.models import User
from accounts.models.public_ids import public_id
from tests.accounts.limits.walk import HERE, WALK, Case, at, refused, row, there
from tests.api.clients import ApiClient, document, token_of
from tests.support.mails import link_in
from tests.support.organizations import found
from tests.support.people import PASSWORD, make_user, post_password, sign_in
from tests.support.two_factor import known_browser

__all__ = ["WALK"]
NEW = "an entirely different sentence"
FORGOT, RESET = "/account/password/forgot", "/account/password/reset"
SIGN_UP = "/account/new"
CREATE_TOKEN = "/app/settings/tokens/create"

# ---------------------------------------------------------------- passwords


@row("password:account")
class PasswordOfAccount(Case):
    def prepare(self):
        self.used = [(f"password:account:user:{self.victim.pk}:", 10)]

    def attack(self):
        refused(lambda n: post_password(at(there(n)), self.victim, "wrong"))

    def act(self):
        """In a browser that nobody knows, with a link from a mail."""
        browser = at(HERE)
        browser.post(FORGOT, {"email": self.victim.email})
        browser.get(link_in(self.mails[-1], f"{RESET}/"))
        browser.post(RESET, {"new_password": NEW})
        self.attack()
        return post_password(browser, self.victim, NEW).status_code == 302


class SignIn(Case):
    def act(self):
        return post_password(at(HERE), self.victim).status_code == 302


@row("password:address")
class PasswordsOfNetwork(SignIn):
    used = [(f"password:address:{there()}:", 10)]

    def attack(self):
        refused(lambda n: post_password(at(there()), User(username=f"nobody{n}"), "wrong"))


@row("password:all")
class PasswordsOfSite(SignIn):
    used = [("password:all::", 1000)]

    def attack(self):
        for number in range(3):
            post_password(at(there(number)), User(username="nobody"), "wrong")
            self.fast_forward()


@row("password:browsers:all")
class KnownBrowsersOfSite(Case):
    """By people in the same network, with accounts of their own."""

    used = [("password:browsers:all::", 1000)]

    def prepare(self):
        self.own = at(HERE, known_browser(self.victim))
        self.others = [make_user(f"other{n}") for n in range(3)]
        self.theirs = [at(HERE, known_browser(user)) for user in self.others]

    def attack(self):
        for browser, user in zip(self.theirs, self.others, strict=True):
            refused(lambda n, browser=browser, user=user: post_password(browser, user, "wrong"), 3)
            self.fast_forward()

    def act(self):
        worked = post_password(self.own, self.victim).status_code == 302
        self.own.post("/session/logout")
        return worked


# ---------------------------------------------------------------- mails


class Forgot(Case):
    def ask(self, address, email=None):
        return at(address).post(FORGOT, {"email": email or self.victim.email})

    def act(self):
        self.ask(HERE)
        browser = at(HERE)
        [mine] = [mail for mail in self.mails if mail.to == [self.victim.email]][-1:]
        browser.get(link_in(mine, f"{RESET}/"))
        return (
            browser.post(RESET, {"new_password": NEW}).status_code == 302
            and post_password(browser, self.victim, NEW).status_code == 302
        )


@row("reset:account")
class ResetsOfAccount(Forgot):
    """No further mail is sent: one that a stranger has asked for does."""

    used = [("reset:account:", 5)]

    def attack(self):
        for number in range(8):
            self.ask(there(number))


@row("reset:account:address")
class ResetsOfAccountByNetwork(Forgot):
    used = [("reset:account:address:", 3)]

    def attack(self):
        for _ in range(5):
            self.ask(there())

    def act(self):
        before = len(self.mails)
        return super().act() and len(self.mails) > before


@row("reset:address")
class ResetsByNetwork(ResetsOfAccountByNetwork):
    used = [(f"reset:address:{there()}:", 20)]

    def attack(self):
        for number in range(3):
            self.ask(there(), f"nobody{number}@example.com")
            self.fast_forward()
        self.ask(there())


class SignUp(Case):
    made = 0

    def sign_up(self, address, email):
        self.made += 1
        fields = {"username": f"new{self.made}", "email": email, "password": PASSWORD}
        return at(address).post(SIGN_UP, fields)

    def act(self):
        answer = self.sign_up(HERE, "me@example.com")
        return answer.status_code == 302 and self.mails[-1].to == ["me@example.com"]


@row("sign-up")
class SignUps(SignUp):
    used = [(f"sign-up:{there()}:", 20)]

    def attack(self):
        self.sign_up(there(), "first@example.com")
        self.fast_forward()
        refused(lambda n: self.sign_up(there(), f"other{n}@example.com"), 3)


@row("sign-up:invitation", "sign-up:invitation:tries")
class SignUpsByInvitation(SignUp):
    """Somebody to whom the invitation was forwarded uses its link."""

    used = [("sign-up:invitation:invitation:", 1)]

    def prepare(self):
        owner = make_user("owner")
        found("theirs", owner)
        browser = sign_in(owner, client=at(HERE))
        assert (
            browser.post("/app/theirs/settings/users/add", {"username": "me@example.com"}).status_code == 302
        )
        self.link = link_in(self.mails[-1], "/app/invitations/")

    def attack(self):
        browser = at(there())
        browser.get(self.link)
        for name in ("victim", "stranger"):
            fields = {"username": name, "email": "me@example.com", "password": PASSWORD}
            browser.post(SIGN_UP, fields)


@row("sign-up:invited")
class SignUpsOfInvited(SignUp):
    """Somebody invites addresses of his own to his organization."""

    used = [(f"sign-up:invited:{there()}:", 400)]

    def prepare(self):
        owner = make_user("owner")
        found("theirs", owner)
        self.inviting = sign_in(owner, client=at(there(1)))

    def attack(self):
        self.come("first")
        self.fast_forward()
        refused(lambda n: self.come(f"other{n}"), 3)

    def come(self, name):
        invited = {"username": f"{name}@example.com"}
        assert self.inviting.post("/app/theirs/settings/users/add", invited).status_code == 302
        browser = at(there())
        browser.get(link_in(self.mails[-1], "/app/invitations/"))
        fields = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        return browser.post(SIGN_UP, fields)


@row("confirm:address")
class ConfirmationsToAddress(SignUp):
    used = [("confirm:address:", 20)]
    works_again = True

    def attack(self):
        for number in range(5):
            refused(lambda n, number=number: self.sign_up(there(number), "me@example.com"), 6)


@row("confirm:address:network")
class ConfirmationsToAddressByNetwork(SignUp):
    used = [("confirm:address:network:", 5)]

    def attack(self):
        refused(lambda n: self.sign_up(there(), "me@example.com"), 6)


@row("confirm:mailbox:network")
class ConfirmationsToMailboxByNetwork(SignUp):
    """Its addresses without end."""

    used = [("confirm:mailbox:network:", 20)]

    def attack(self):
        self.sign_up(there(), "me+first@example.com")
        self.fast_forward()
        refused(lambda n: self.sign_up(there(), f"me+{n}@example.com"), 3)


@row("change-email")
class AddressChanges(Case):
    used = [("change-email:", 5)]

    def prepare(self):
        self.stolen = at(there(), ApiClient(token_of(self.victim)))

    def attack(self):
        for number in range(6):
            self.stolen.patch("/account/update", document("users", email=f"new{number}@example.com"))

    def act(self):
        browser = sign_in(self.victim, client=at(HERE))
        fields = {"email": "newest@example.com"}
        return browser.post("/app/settings/profile/email", fields).status_code == 302


@row("link")
class WrongLinks(Forgot):
    used = [(f"link:{there()}:", 20)]

    def attack(self):
        client = at(there())
        for number in range(22):
            client.get(f"{RESET}/{self.victim.pk}.1xVmSR.{number:043}")
            client.post(RESET, {"new_password": NEW})


# ---------------------------------------------------------------- programs


@row("token:create")
class TokenCreations(Case):
    used = [("token:create:", 120)]

    def prepare(self):
        self.stolen = at(there(), ApiClient(token_of(self.victim)))

    def attack(self):
        path = f"/users/{public_id('user', self.victim.pk)}/authentication-tokens"
        for _ in range(3):
            self.stolen.post(path, document("authentication-tokens", description="x"))
            self.fast_forward()

    def act(self):
        browser = sign_in(self.victim, client=at(HERE))
        return browser.post(CREATE_TOKEN, {"description": "mine", "expires": "90"}).status_code == 200


@row("token:address")
class WrongTokens(Case):
    used = [(f"token:address:{there()}:", 100)]

    def prepare(self):
        self.right = at(HERE, ApiClient(token_of(self.victim)))

    def attack(self):
        wrong = at(there(), ApiClient("a" * 14 + ".atlasv1." + "b" * 67))
        for _ in range(3):
            wrong.get("/account/details")
            self.fast_forward()

    def act(self):
        mistyped = at(HERE, ApiClient("b" * 14 + ".atlasv1." + "c" * 67))
        return (
            self.right.get("/account/details").status_code == 200
            and mistyped.get("/account/details").status_code == 401
        )
