"""Three months at acme, day by day. Events can't be written afterwards, so the days are in order."""

from datetime import timedelta

from django.utils import timezone

from accounts.audit import Actor
from accounts.models import MailWindow, OutboxMessage
from accounts.tokens import issuing
from accounts.two_factor import backup_codes
from accounts.users import registration
from organizations import lifecycle, tokens
from organizations.management.demo import devices
from organizations.management.demo.names import COLLEAGUES, LATE, TEXTED
from organizations.management.demo.past import Clock
from organizations.management.demo.people import (
    BROWSERS,
    LAPTOP,
    MACBOOK,
    PASSWORD,
    PHONE,
    TABLET,
    WORKSTATION,
    Person,
)
from organizations.members import invitations, memberships
from organizations.models import AuthPolicy, Organization, OrganizationToken
from organizations.policy import two_factor, user_sessions

LAST = "newcomer"  # who comes when all others are there
OUTSIDE = ["sam@partner.example", "noor.bakker@agency.example", "auditor@kpi-review.example"]

# Of alice: for what, and for how many days. The second ends five days from now.
TOKENS = [
    ("CI (nightly)", 365),
    ("terraform login", 38),
    ("Развёртывание (staging)", None),
    ("laptop, old", 90),
]


class Story:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.alice = Person("alice", LAPTOP)
        self.bob = Person("bob", PHONE)
        self.carol = Person("carol", MACBOOK)
        self.erik = Person("erik", WORKSTATION)
        self.root = Person("root", WORKSTATION, email="root@example.com")
        self.acme = Organization()

    def tell(self) -> None:
        for chapter in (
            self.beginning,
            self.colleagues_come,
            self.two_factor_is_required,
            self.tokens_are_made,
            self.daily_life,
            self.second_organization,
            self.last_days,
            self.today,
        ):
            chapter()

    def beginning(self) -> None:
        """The site is installed, and alice creates acme."""
        self.clock.go_to(96, "10:02")
        registration.create_superuser("root", self.root.email, PASSWORD, actor=Actor.command())
        self.root.sign_in(WORKSTATION)
        self.root.enrol()
        self.clock.go_to(92, "09:14")
        self.alice.sign_up()
        self.acme = lifecycle.create_organization(
            "acme", "it@acme.example", owner=self.alice.user, actor=self.alice.actor
        )
        self.clock.go_to(91, "16:40")
        self.alice.enrol()

    def colleagues_come(self) -> None:
        """They come in five weeks, a few a day. Some enrol at once, most when they have to."""
        self.alice.sign_in(WORKSTATION, remember=True)
        for person in (self.erik, self.carol, self.bob):
            self.clock.go_to(88, "11:20")
            self.join(person)
        self.erik.enrol()
        self.carol.enrol(devices.TEXTS, phone_number=TEXTED["carol"])
        self.clock.go_to(87, "09:00")
        self.alice.sign_in(LAPTOP)
        membership = self.acme.memberships.get(user=self.erik.user)
        memberships.make_owner(self.acme, membership.pk, actor=self.alice.actor)
        self.people = [Person(name, BROWSERS[n % 5]) for n, name in enumerate(COLLEAGUES)]
        for n, person in enumerate(self.people):
            if n % 6 == 0:
                self.clock.go_to(86 - n, f"{9 + n % 7:02}:{n % 60:02}")
                self.inviter = (self.alice, self.erik)[n // 6 % 2]
                self.inviter.sign_in((LAPTOP, WORKSTATION)[n // 6 % 2])
            self.join(person, self.inviter)
            if n % 3 == 0:
                self.turn_on(person)

    def join(self, person: Person, inviter: Person | None = None) -> None:
        inviter = inviter or self.alice
        self.clock.pass_by(timedelta(minutes=7))
        person.sign_up()
        invitation = invitations.invite(self.acme, person.name, actor=inviter.actor)
        invitations.accept(invitation.pk, user=person.user, actor=person.actor)
        self.acme.refresh_from_db()

    def turn_on(self, person: Person) -> None:
        if person.name in LATE:
            return
        if person.name in TEXTED:
            person.enrol(devices.TEXTS, phone_number=TEXTED[person.name])
        else:
            person.enrol()

    def two_factor_is_required(self) -> None:
        self.clock.go_to(47, "08:55")
        self.alice.sign_in(LAPTOP)
        two_factor.set_auth_policy(self.acme, AuthPolicy.TWO_FACTOR_MANDATORY, actor=self.alice.actor)
        self.acme.refresh_from_db()
        user_sessions.update_user_sessions(
            self.acme, timeout=None, remember=7 * 24 * 60, actor=self.alice.actor
        )
        self.clock.go_to(46, "09:30")
        for person in self.people:
            self.clock.pass_by(timedelta(minutes=23))
            if not person.user.is_enrolled and person.name not in LATE:
                # They signed up less than a fortnight ago, or sign in again.
                person.sign_in(person.browser)
                self.turn_on(person)

    def tokens_are_made(self) -> None:
        self.clock.go_to(33, "14:05")
        self.alice.sign_in(WORKSTATION)
        kinds = OrganizationToken.Kind
        year = timezone.now() + timedelta(days=365)
        for kind in (kinds.ORGANIZATION, kinds.OWNERS):
            tokens.replace(self.acme, kind, expires_at=year, verified=True, actor=self.alice.actor)
        for description, days in TOKENS:
            expires_at = timezone.now() + timedelta(days=days) if days else None
            issuing.create(
                self.alice.user,
                description=description,
                expires_at=expires_at,
                verified=True,
                actor=self.alice.actor,
            )
        unused = self.alice.user.api_tokens.get(description="laptop, old")
        issuing.revoke(self.alice.user, unused.pk, actor=self.alice.actor)

    def daily_life(self) -> None:
        """What one sees in the activity of weeks: other browsers, a lost telephone, a typing error."""
        self.clock.go_to(27, "08:47")
        self.alice.sign_in(MACBOOK)
        self.clock.go_to(27, "17:31")
        self.alice.sign_out()
        self.clock.go_to(19, "12:10")
        self.alice.sign_in_with_backup_code(TABLET)
        self.alice.enrol()
        backup_codes.renew(self.alice.user, session=self.alice.session, actor=self.alice.actor)
        self.clock.go_to(18, "09:03")
        self.alice.sign_in(PHONE, password="quiet-copper-lantren")  # noqa: S106 - mistyped
        self.alice.sign_in(PHONE)

    def second_organization(self) -> None:
        """Carol has a company of her own, which requires nothing, and asks alice in."""
        self.clock.go_to(12, "19:25")
        self.carol.sign_in(MACBOOK)
        self.globex = lifecycle.create_organization(
            "globex", "hello@globex.example", owner=self.carol.user, actor=self.carol.actor
        )
        for person in (self.bob, self.people[0]):
            self.clock.go_to(11, "10:30")
            person.sign_in(person.browser)
            invitation = invitations.invite(self.globex, person.name, actor=self.carol.actor)
            invitations.accept(invitation.pk, user=person.user, actor=person.actor)
        self.clock.go_to(10, "15:00")
        self.alice.sign_in(TABLET)
        invitations.invite(self.acme, OUTSIDE[0], actor=self.alice.actor)  # and never answered

    def last_days(self) -> None:
        self.clock.go_to(6, "08:58")
        self.erik.sign_in(WORKSTATION)
        invitations.invite(self.acme, OUTSIDE[1], actor=self.erik.actor)
        self.clock.go_to(4, "09:06")
        self.alice.sign_in(WORKSTATION, remember=True)
        self.clock.go_to(3, "20:17")
        self.alice.sign_in(MACBOOK)
        self.clock.go_to(2, "18:44")
        self.alice.sign_in(PHONE)
        self.clock.go_to(1, "09:12")
        self.alice.sign_in(LAPTOP)
        invitations.invite(self.acme, OUTSIDE[2], actor=self.alice.actor)
        for person in self.people[1:4]:
            self.clock.pass_by(timedelta(minutes=41))
            person.sign_in(person.browser)

    def today(self) -> None:
        """What happened today is in the inbox; mails of the weeks before are long read."""
        self.clock.go_back_from_today(hours=4)
        Person(LAST, LAPTOP, email="newcomer@example.com").sign_up()
        OutboxMessage.objects.all().delete()
        MailWindow.objects.all().delete()
        self.clock.go_back_from_today(hours=3)
        self.bob.sign_in(PHONE)
        self.carol.sign_in(MACBOOK)
        invitations.invite(self.globex, "alice", actor=self.carol.actor)
        invitations.invite(self.acme, "newhire@acme.example", actor=self.erik.actor)
