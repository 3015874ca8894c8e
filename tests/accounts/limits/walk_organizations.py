"""The rows of docs/limits.md about organizations: see walk.py."""

from datetime import timedelta

from django.utils import timezone

from accounts.crypto import digest
from accounts.models import RateLimit, User
from organizations.models import Organization
from tests.accounts.limits.walk import HERE, WALK, Case, at, refused, row, there
from tests.api.clients import ApiClient, document, token_of
from tests.support.organizations import found
from tests.support.people import make_user, sign_in

__all__ = ["WALK"]
NEW_ORGANIZATION = "/app/organizations/new"


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


class Exports(TwoOwners):
    def attack(self):
        browser = sign_in(self.other, client=at(there()))
        for _ in range(3):
            browser.post(self.page, {"format": "csv"})
            self.fast_forward()

    def act(self):
        answer = sign_in(self.victim, client=at(HERE)).post(self.page, {"format": "csv"})
        return answer.status_code == 200 and answer.streaming


@row("organization:evidence")
class Evidence(Exports):
    """By another owner."""

    used = [("organization:evidence:", 30)]
    page = "/app/acme/settings/authentication/evidence"


@row("organization:audit-trail")
class AuditTrails(Exports):
    """By another owner."""

    used = [("organization:audit-trail:", 20)]
    page = "/app/acme/settings/audit-trail/export"


@row("organization:missing")
class MissingMembers(Exports):
    """By another owner."""

    used = [("organization:missing:", 30)]
    page = "/app/acme/settings/authentication/rehearsal/export"


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


@row("invite:preview")
class Previews(OldOwners):
    """By another owner."""

    used = [("invite:preview:user:", 30)]

    def attack(self):
        browser = sign_in(self.other, client=at(there()))
        for number in range(3):
            self.send(browser, number)
            self.fast_forward()

    def send(self, browser, number):
        browser.post("/app/acme/settings/users/invite/preview", {"people": "guest"})

    def act(self):
        browser = sign_in(self.victim, client=at(HERE))
        page = browser.post("/app/acme/settings/users/invite/preview", {"people": "guest"})
        return page.status_code == 200 and self.start(browser, "a" * 32).status_code == 302

    def start(self, browser, key):
        sent = {"people": "1\tguest", "key": key}
        return browser.post("/app/acme/settings/users/invite/batches", sent)


@row("invite:list")
class Lists(Previews):
    """By another owner."""

    used = [("invite:list:user:", 20)]

    def send(self, browser, number):
        self.start(browser, f"{number:032x}")


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
