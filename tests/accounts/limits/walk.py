"""The walk through docs/limits.md: for each row, what a stranger does, and what the victim does then.

A stranger has no password of the victim. He has networks, accounts and organizations of his own; where a row
is counted for a person, he has got hold of a token of the victim, or is another owner.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.crypto import digest
from accounts.models import RateLimit, User
from accounts.models.public_ids import public_id
from organizations.models import Organization
from tests.api.clients import ApiClient, document, token_of
from tests.support.mails import link_in
from tests.support.organizations import found
from tests.support.people import PASSWORD, make_user, post_password, sign_in
from tests.support.two_factor import known_browser

HERE = "192.0.2.1"  # where the victim is
NEW = "an entirely different sentence"
FORGOT, RESET = "/account/password/forgot", "/account/password/reset"
SIGN_UP = "/account/new"
CREATE_TOKEN = "/app/settings/tokens/create"
NEW_ORGANIZATION = "/app/organizations/new"

WALK = {}


def row(*names):
    """The class walks these rows of the tables."""

    def register(case):
        WALK.update(dict.fromkeys(names, case))
        return case

    return register


def there(number=0):
    """An address of the stranger; each number is another network."""
    return f"198.51.{number}.1"


def at(address, client=None):
    client = client or Client()
    client.defaults["REMOTE_ADDR"] = address
    return client


@dataclass
class Case:
    """`attack` uses the row up, and again each time; `act` is what the victim does, and says if it worked."""

    mails: list
    victim: User = field(default_factory=lambda: make_user("victim"))
    # A mail of the victim's can get lost: the same must work again an hour later, while the stranger goes on.
    works_again = False

    def __post_init__(self):
        self.prepare()

    def prepare(self):
        pass

    def is_used_up(self):
        return any(
            RateLimit.objects.filter(key__startswith=key, count__gte=n).exists() for key, n in self.used
        )

    def fast_forward(self):
        """After a first use: leave one more of a budget that takes long to use up."""
        for key, limit in self.used:
            RateLimit.objects.filter(key__startswith=key, count__lt=limit).update(count=limit - 1)


def refused(send, most=20):
    """Send until it is refused, which names another way on; say whether it was."""
    for number in range(most):
        answer = send(number)
        if answer.status_code == 429:
            assert names_a_way(answer), answer.content.decode()
            return True
    return False


def names_a_way(answer):
    """Whether a sentence follows what says when to try again."""
    said = " ".join(answer.content.decode().split())
    return re.search(r"Try again [^.<]+\. [A-Z“][^.<]+\.", said) is not None


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


# ---------------------------------------------------------------- organizations


@row("organization:create")
class Organizations(Case):
    used = [("organization:create:", 100)]
    made = 0

    def prepare(self):
        self.stolen = at(there(), ApiClient(token_of(self.victim)))

    def attack(self):
        for _ in range(3):
            self.made += 1
            sent = document("organizations", name=f"theirs{self.made}", email="x@example.com")
            self.stolen.post("/organizations", sent)
            self.fast_forward()

    def act(self):
        browser = sign_in(self.victim, client=at(HERE))
        return browser.post(NEW_ORGANIZATION, {"name": "mine", "email": "x@example.com"}).status_code == 302


class TwoOwners(Case):
    def prepare(self):
        self.other, self.guest = make_user("other"), make_user("guest")
        self.organization = found("acme", self.victim, owners=[self.other])
        found("theirs", self.other)
        RateLimit.objects.all().delete()
        self.stolen = at(there(9), ApiClient(token_of(self.victim)))

    def invite(self, browser, who, organization="acme"):
        return browser.post(f"/app/{organization}/settings/users/add", {"username": who})

    def act(self):
        return self.invite(sign_in(self.victim, client=at(HERE)), "guest").status_code == 302


@row("organization:news")
class News(TwoOwners):
    """By another owner, and with a token of the victim."""

    used = [("organization:news:", 60)]
    minutes = 100

    def attack(self):
        browser = sign_in(self.other, client=at(there()))
        for _ in range(3):
            self.minutes += 1
            fields = {"session_timeout": self.minutes, "session_remember": self.minutes}
            browser.post("/app/acme/settings/authentication/user-sessions", fields)
            sent = document("organizations", session_timeout=self.minutes)
            self.stolen.patch("/organizations/acme", sent)
            self.fast_forward()

    def act(self):
        browser = sign_in(self.victim, client=at(HERE))
        page = "/app/acme/settings/authentication-tokens/owners/create"
        return browser.post(page, {"expires": "90"}).status_code == 200


class OldOwners(TwoOwners):
    """They, and their organizations, are older than a day."""

    def prepare(self):
        super().prepare()
        then = timezone.now() - timedelta(days=2)
        User.objects.update(date_joined=then)
        Organization.objects.update(created_at=then)


@row("invite")
class InvitationsByPerson(OldOwners):
    used = [("invite:tokens-of:", 500)]

    def attack(self):
        for number in range(3):
            sent = document("organization-memberships", email=f"x{number}@example.com")
            self.stolen.post("/organizations/acme/organization-memberships", sent)
            self.fast_forward()


@row("invite:organization")
class InvitationsByOrganization(OldOwners):
    """By another owner."""

    used = [("invite:organization:", 500)]

    def attack(self):
        browser = sign_in(self.other, client=at(there()))
        for number in range(3):
            self.invite(browser, f"x{number}@example.com")
            self.fast_forward()


@row("invite:young", "invite:young:organization")
class InvitationsToYoungOrganization(InvitationsByOrganization):
    used = [("invite:young:organization:", 20), ("invite:young:user:", 20)]

    def prepare(self):
        TwoOwners.prepare(self)


@row("invite:young:network")
class InvitationsByYoungInNetwork(InvitationsToYoungOrganization):
    used = [(f"invite:young:network:{there()}:", 120)]


@row("invite:network")
class InvitationsByNetwork(OldOwners):
    used = [(f"invite:network:{there()}:", 1000)]

    def attack(self):
        browser = sign_in(self.other, client=at(there()))
        for number in range(3):
            self.invite(browser, f"x{number}@example.com", "theirs")
            self.fast_forward()


@row("invite-one")
class InvitationsToOne(TwoOwners):
    """Many strangers invite the guest, each a few times."""

    used = [(f"invite-one:{digest('guest', 'invitation')}:", 20)]
    works_again = True

    def attack(self):
        browser = sign_in(self.other, client=at(there()))
        self.invite(browser, "guest", "theirs")
        self.fast_forward()
        self.invite(browser, "guest", "theirs")


@row("invite-one:network")
class InvitationsToOneByNetwork(TwoOwners):
    used = [("invite-one:network:", 10)]

    def attack(self):
        browser = sign_in(self.other, client=at(there()))
        for _ in range(3):
            self.invite(browser, "guest", "theirs")
            self.fast_forward()


@row("invite-mailbox:person")
class InvitationsToMailboxByPerson(OldOwners):
    """By another owner, to one address of the guest after the other."""

    used = [("invite-mailbox:person:", 20)]

    def attack(self):
        browser = sign_in(self.other, client=at(there()))
        for number in range(3):
            self.invite(browser, f"guest+{number}@example.com", "theirs")
            self.fast_forward()

    def act(self):
        browser = sign_in(self.victim, client=at(HERE))
        return self.invite(browser, "guest+team@example.com").status_code == 302


@row("invite-mailbox:network")
class InvitationsToMailboxByNetwork(InvitationsToMailboxByPerson):
    used = [("invite-mailbox:network:", 40)]


@row("invite-one:person", "invite-one:organization")
class InvitationsToOneByPerson(TwoOwners):
    used = [("invite-one:person:", 5)]
    works_again = True

    def attack(self):
        browser = sign_in(self.other, client=at(there()))
        refused(lambda n: self.invite(browser, "guest"), 7)


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
