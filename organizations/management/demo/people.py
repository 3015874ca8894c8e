"""The people of the demo, and what one does at a site: each calls the verb that its page calls."""

from dataclasses import dataclass, field

from accounts import factors
from accounts.audit import Actor
from accounts.factors.base import Factor
from accounts.factors.challenges import Purpose, challenge
from accounts.login import proofs, sign_in
from accounts.models import User
from accounts.sessions.store import SessionStore
from accounts.two_factor import enrolment
from accounts.users import email_addresses, registration
from organizations.management.demo import devices

PASSWORD = "quiet-copper-lantern"  # printed on purpose: it exists with DEBUG only


@dataclass(frozen=True)
class Browser:
    user_agent: str
    ip: str


OFFICE, HOME, CAFE, ABROAD = "203.0.113.20", "198.51.100.77", "192.0.2.141", "2001:db8:41:7::c0de"
CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
WORKSTATION = Browser(CHROME.format("Windows NT 10.0; Win64; x64"), OFFICE)
LAPTOP = Browser("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", HOME)
MACBOOK = Browser(CHROME.format("Macintosh; Intel Mac OS X 10_15_7"), ABROAD)
PHONE = Browser(
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1",
    CAFE,
)
TABLET = Browser(CHROME.format("Linux; Android 15; Pixel Tablet"), HOME)
BROWSERS = [WORKSTATION, LAPTOP, MACBOOK, PHONE, TABLET]


@dataclass
class Person:
    """Somebody in front of a browser. `session` is that of the last sign-in or sign-up."""

    name: str
    browser: Browser = WORKSTATION
    email: str = ""
    session: SessionStore = field(default_factory=SessionStore)

    @property
    def user(self) -> User:
        """Return the account as it is in the database now."""
        user: User = User.objects.get(username=self.name)
        return user

    @property
    def actor(self) -> Actor:
        row = self.session.row
        return Actor(
            user=row.user if row else None,
            ip=self.browser.ip,
            user_agent=self.browser.user_agent,
            door="html",
            session_id=row.pk if row and row.user_id else None,
        )

    def sign_up(self) -> None:
        self.session = SessionStore()
        email = self.email or f"{self.name}@acme.example"
        user = registration.sign_up(self.name, email, PASSWORD, session=self.session, actor=self.actor)
        token = email_addresses.CONFIRM.token_for(user)
        email_addresses.confirm_email(user, token, actor=self.actor)

    def sign_in(self, browser: Browser, *, remember: bool = False, password: str = PASSWORD) -> None:
        """Sign in with a password, and with a code if the account needs one."""
        user = self.type_password(browser, password)
        if user is None or self.session.pending_user is None:
            return
        factor = factors.of_user(user)[0]
        state = self.asked_by(factor, {"purpose": Purpose.LOGIN.value})
        self.answer(factor, devices.code_for(self.user, factor), state, remember=remember)

    def type_password(self, browser: Browser, password: str) -> User | None:
        self.browser, self.session = browser, SessionStore()
        return sign_in.sign_in(
            self.name,
            password,
            session=self.session,
            actor=self.actor,
            next_path="",
            remembered_tokens={},
        )

    def answer(self, factor: Factor, code: str, state: dict[str, object], *, remember: bool = False) -> None:
        proofs.answer_challenge(
            self.user,
            factor,
            code,
            state,
            purpose=Purpose.LOGIN,
            session=self.session,
            actor=self.actor,
            remember=remember,
        )

    def sign_in_with_backup_code(self, browser: Browser) -> None:
        self.type_password(browser, PASSWORD)
        backup = factors.backup()[0]
        self.answer(backup, backup.reveal(self.user)[0], {"purpose": Purpose.LOGIN.value})

    def sign_out(self) -> None:
        sign_in.sign_out(session=self.session, actor=self.actor)

    def enrol(self, method: str = devices.APP, **details: str) -> None:
        """Turn on two-factor, or replace the device of this method, in the browser that is signed in."""
        factor = factors.get(method)
        if factor is None:  # SECOND_FACTORS leaves it out
            factor, details = factors.primary()[0], {}
        state = enrolment.begin_enrolment(self.user, factor, former=None, actor=self.actor, **details)
        state = self.asked_by(factor, state)
        enrolment.confirm_enrolment(
            self.user,
            factor,
            devices.code_for(self.user, factor, state),
            state,
            session=self.session,
            actor=self.actor,
        )

    def asked_by(self, factor: Factor, state: dict[str, object]) -> dict[str, object]:
        if not factor.acts:
            return state
        return challenge(self.user, factor, state, session=self.session, actor=self.actor)
