"""What is measured at each size: all that people, programs, administrators and commands do."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import cast

from django.http import StreamingHttpResponse

from accounts.factors.totp.factor import secret_of
from accounts.factors.totp.models import TOTPDevice
from accounts.models import Session, User
from benchmarks.scale.browser import Browser, Program, forget_codes
from benchmarks.scale.sizes import Size
from benchmarks.scale.world import BIG, FIRST, Cast, name_of
from benchmarks.sites import PASSWORD, Person
from organizations.models import Membership

ORGANIZATION = f"/app/{BIG}"
SETTINGS = f"{ORGANIZATION}/settings"
MEMBERS = f"organizations/{BIG}/organization-memberships"
REVOKE = re.compile(rb"/app/settings/tokens/\d+/revoke")


@dataclass(frozen=True)
class Action:
    """`act` and `prepare` take the number of the attempt; only `act` is measured.

    `reads_all` says why it may grow, for what is meant to.
    """

    group: str
    name: str
    act: Callable[[int], object]
    prepare: Callable[[int], object] | None = None
    reads_all: str = ""


class Stage:
    """The browsers and programs of those who act. All are signed in."""

    def __init__(self, size: Size, cast: Cast) -> None:
        self.size, self.cast = size, cast
        self.browsers = {name: Browser(person) for name, person in cast.people.items()}
        self.programs = {name: Program(token) for name, token in cast.tokens.items()}
        self.alice, self.carol, self.root = (self.browsers[name] for name in ("alice", "carol", "root"))

    def sign_in(self, *names: str) -> None:
        """Sign these in, which also lets them do for five minutes what needs a fresh proof."""
        for name in names:
            forget_codes()
            self.browsers[name].sign_in()

    def membership(self, name: str) -> int:
        pk: int = Membership.objects.get(organization__name=BIG, user__username=name).pk
        return pk


def actions(stage: Stage) -> Iterator[Action]:
    yield from signing_in(stage)
    yield from lists(stage)
    yield from api(stage)
    yield from own_things(stage)
    yield from admin_site(stage)
    yield from changes(stage)
    yield from two_factor(stage)
    yield from endings(stage)


def signing_in(stage: Stage) -> Iterator[Action]:
    group = "Signing in"
    alice = stage.alice

    def wrong(number: int) -> None:
        stranger = Browser(Person("", "", f"10.9.{number}.1"))
        stranger.post("/session", 422, username=name_of(number + 1), password="none of these")

    yield Action(group, "a complete login", lambda _: alice.sign_in(), forget_codes)
    yield Action(
        group, "a login of somebody with very many sessions", lambda _: stage.carol.sign_in(), forget_codes
    )
    yield Action(group, "a login without two-factor", lambda _: stage.browsers["dora"].sign_in())
    yield Action(group, "a wrong password", wrong)
    yield Action(group, "the start page", lambda _: alice.get("/app"))


def lists(stage: Stage) -> Iterator[Action]:
    group = "A large organization"
    alice = stage.alice
    users, middle = f"{SETTINGS}/users", name_of(stage.size.people // 2)
    for name, path in {
        "the gate, and the first members": ORGANIZATION,
        "users, first page": users,
        "users, from the middle": f"{users}?after={middle},0",
        "users, last page": f"{users}?before=zzz,0",
        "users, newest first": f"{users}?sort=-joined",
        "search for a name that everybody's begins with": f"{users}?q=m",
        "search for one name": f"{users}?q={middle}",
        "search for one address": f"{users}?q={middle}@exam",
        "search for nobody": f"{users}?q=nobody",
        "without two-factor, first page": f"{users}?without_two_factor=on",
        "without two-factor, from the middle": f"{users}?without_two_factor=on&after={middle},0",
        "without two-factor, and a search that all match": f"{users}?without_two_factor=on&q=m",
        "invitations": f"{users}?status=invited",
        "invitations, and a search that all match": f"{users}?status=invited&q=i",
        "authentication settings": f"{SETTINGS}/authentication",
        "what requiring two-factor would do": f"{SETTINGS}/authentication/require-two-factor",
        "what requiring an app would do": f"{SETTINGS}/authentication/require-two-factor?methods=app",
        "who would be locked out": f"{SETTINGS}/authentication/rehearsal?methods=app",
        "inviting many": f"{SETTINGS}/users/invite",
        "audit trail": f"{SETTINGS}/audit-trail",
        "authentication tokens": f"{SETTINGS}/authentication-tokens",
        "general settings": f"{SETTINGS}/general",
    }.items():
        yield Action(group, name, partial(reading, alice, path))


def reading(browser: Browser | Program, path: str, _number: int) -> None:
    browser.get(path)


def api(stage: Stage) -> Iterator[Action]:
    group = "The API"
    middle = name_of(stage.size.people // 2)
    deep = stage.size.people // 40
    paths = {
        "account": "account/details",
        "organization": f"organizations/{BIG}",
        "memberships, first page": MEMBERS,
        "memberships, 100 of them": f"{MEMBERS}?page%5Bsize%5D=100&include=user",
        "memberships, after a cursor in the middle": f"{MEMBERS}?page%5Bafter%5D=active,{middle},0",
        "memberships, page by number in the middle": f"{MEMBERS}?page%5Bnumber%5D={deep}",
        "memberships, `q` that all match": f"{MEMBERS}?q=m",
        "memberships, `q` for one name": f"{MEMBERS}?q={middle}",
        "memberships, `q` for one address": f"{MEMBERS}?q={middle}@exam",
        "memberships, `q` for nobody": f"{MEMBERS}?q=nobody",
        "memberships, `filter[email]`": f"{MEMBERS}?filter%5Bemail%5D={middle}@example.com",
        "invitations, `q` that all match": f"{MEMBERS}?filter%5Bstatus%5D=invited&q=i",
        "memberships with `include=teams`": f"{MEMBERS}?include=teams",
        "teams": f"organizations/{BIG}/teams",
        "the owners, of the team": "teams/{team}/relationships/organization-memberships",
    }
    alice = stage.programs["alice"]
    team = alice.get(f"organizations/{BIG}/teams").json()["data"][0]["id"]
    for name, path in paths.items():
        yield Action(group, name, partial(reading, alice, path.format(team=team)))
    carol = stage.programs["carol"]
    user = carol.get("account/details").json()["data"]["id"]
    for name, path in {
        "one's very many organizations": "organizations",
        "one's very many organizations, `q` that all match": "organizations?q=team",
        "one's very many memberships": "organization-memberships",
        "one's very many tokens": f"users/{user}/authentication-tokens",
        "account, of somebody with very many tokens": "account/details",
    }.items():
        yield Action(group, name, partial(reading, carol, path))


def own_things(stage: Stage) -> Iterator[Action]:
    group = "Somebody with very many things"
    for name, path in {
        "start page": "/app",
        "a page with the switcher (profile)": "/app/settings/profile",
        "one organization of many": "/app/team-0001",
        "organizations": "/app/settings/organizations",
        "organizations, second page": "/app/settings/organizations?page=2",
        "organizations, search that all match": "/app/settings/organizations?q=team",
        "tokens": "/app/settings/tokens",
        "sessions and remembered browsers": "/app/settings/sessions",
        "activity": "/app/settings/activity",
        "two-factor": "/app/settings/two-factor",
        "password": "/app/settings/password",
        "deleting one's account, asked": "/app/settings/profile/delete",
    }.items():
        yield Action(group, name, partial(reading, stage.carol, path))


def admin_site(stage: Stage) -> Iterator[Action]:
    group = "The admin site"
    users, events, members = (
        "/admin/accounts/user/",
        "/admin/accounts/auditevent/",
        "/admin/organizations/membership/",
    )
    person = FIRST + stage.size.people // 2
    middle = name_of(stage.size.people // 2)
    carol = User.objects.get(username="carol").pk
    big = Membership.objects.get(user__username="alice").organization_id
    for name, path in {
        "start": "/admin/",
        "users": users,
        "users, page 20": f"{users}?p=20",
        "users, search that all match": f"{users}?q=m",
        "users, search for one name": f"{users}?q={middle}",
        "users, search for one address": f"{users}?q={middle}@exam",
        "users, search for nobody": f"{users}?q=nobody",
        "users, active": f"{users}?is_active__exact=1",
        "users, deactivated": f"{users}?is_active__exact=0",
        "users, with two-factor": f"{users}?two_factor_enabled_at__isempty=0",
        "users, without two-factor": f"{users}?two_factor_enabled_at__isempty=1",
        "users, address not confirmed": f"{users}?email_confirmed_at__isempty=1",
        "users, staff": f"{users}?is_staff__exact=1",
        "one user": f"{users}{person}/change/",
        "one user with very many things": f"{users}{carol}/change/",
        "very many sessions of a user": f"{users}{carol}/sessions/",
        "very many tokens of a user": f"{users}{carol}/tokens/",
        "audit events": events,
        "audit events, page 20": f"{events}?p=20",
        "audit events, search for one name": f"{events}?q={middle}",
        "audit events, search that all match": f"{events}?q=m",
        "audit events, search for nobody": f"{events}?q=nobody",
        "audit events of a frequent kind": f"{events}?event=login.succeeded",
        "audit events of a rare kind": f"{events}?event=two_factor.disabled",
        "audit events of a frequent way": f"{events}?door=html",
        "audit events of a rare way": f"{events}?door=breaker",
        "audit events of a user": f"{events}?user_id={carol}",
        "organizations": "/admin/organizations/organization/",
        "organizations, search": "/admin/organizations/organization/?q=team",
        "one organization": f"/admin/organizations/organization/{big}/change/",
        "memberships": members,
        "memberships of an organization": f"{members}?organization={big}&status__exact=active",
        "memberships, owners": f"{members}?organization={big}&status__exact=active&is_owner__exact=1",
        "memberships, invited": f"{members}?organization={big}&status__exact=invited",
        "memberships, search": f"{members}?q={middle}",
    }.items():
        yield Action(group, name, partial(reading, stage.root, path))


def changes(stage: Stage) -> Iterator[Action]:
    group = "Changes in a large organization"
    alice = stage.alice
    authentication = f"{SETTINGS}/authentication"
    mandatory = partial(alice.post, f"{authentication}/require-two-factor")
    lift = partial(alice.post, f"{authentication}/disable-two-factor")

    def with_sudo(_number: int) -> None:
        stage.sign_in("alice")

    def lifted(_number: int) -> None:
        stage.sign_in("alice")
        lift()

    def required(_number: int) -> None:
        stage.sign_in("alice")
        mandatory()

    def times(number: int) -> None:
        alice.post(f"{authentication}/user-sessions", session_timeout=str(900 + number), session_remember="")

    def patch(number: int) -> None:
        attributes = {"email": f"big{number}@example.com"}
        document = {"data": {"type": "organizations", "attributes": attributes}}
        stage.programs["alice"].send("PATCH", f"organizations/{BIG}", 200, document)

    def invite(number: int) -> None:
        alice.post(f"{SETTINGS}/users/add", username=f"new{number:02}")

    def accept(number: int) -> None:
        pk = stage.membership(f"new{number:02}")
        stage.browsers[f"new{number:02}"].post(f"/app/settings/organizations/{pk}/accept")

    def on(name: str, number: int) -> None:
        alice.post(f"{SETTINGS}/users/{stage.membership(f'new{number:02}')}/{name}")

    def new(number: int) -> None:
        stage.sign_in(f"new{number:02}")

    told = {"reads_all": "all owners are told"}
    yield Action(group, "requiring two-factor", lambda _: mandatory(), lifted, **told)
    yield Action(group, "lifting it", lambda _: lift(), required, **told)
    yield Action(group, "the length of sessions", times, with_sudo, **told)
    yield Action(group, "its address, over the API", patch)
    yield Action(group, "inviting", invite, with_sudo)
    yield Action(group, "accepting", accept, new)
    yield Action(group, "making an owner", partial(on, "make-owner"), with_sudo, **told)
    yield Action(group, "unmaking one", partial(on, "unmake-owner"), with_sudo, **told)
    yield Action(group, "removing a member", partial(on, "remove"), with_sudo)
    yield Action(
        group,
        "exporting evidence",
        partial(export_evidence, alice),
        with_sudo,
        reads_all="it is about every member",
    )


def export_evidence(owner: Browser, _number: int) -> None:
    answer = owner.post(f"{SETTINGS}/authentication/evidence", 200, format="csv")
    for _block in cast(StreamingHttpResponse, answer).streaming_content:
        pass  # its memory is the same at any size (tests/organizations/evidence/test_scale.py)


def two_factor(stage: Stage) -> Iterator[Action]:
    group = "Two-factor and tokens of a member"
    page = "/app/settings/two-factor"

    def bob(number: int) -> Browser:
        return stage.browsers[f"bob{number:02}"]

    def enrol(number: int) -> None:
        browser = bob(number)
        browser.post(f"{page}/enable", method="app")
        device = TOTPDevice.objects.get(user__username=browser.person.username)
        browser.get(f"{page}/confirm")
        code = Person("", secret_of(device).hex(), "").code()
        browser.post(f"{page}/confirm", code=code)
        browser.get(f"{page}/codes")
        browser.post(f"{page}/codes/kept")

    def token(number: int) -> None:
        bob(number).post("/app/settings/tokens/create", 200, description="one", expires="30")

    def revoke(number: int) -> None:
        found = REVOKE.search(bob(number).get("/app/settings/tokens").content)
        assert found is not None
        bob(number).post(found[0].decode())

    yield Action(group, "setting up an app", enrol, lambda n: stage.sign_in(f"bob{n:02}"))
    yield Action(group, "revealing recovery codes", lambda n: bob(n).post(f"{page}/reveal-codes", 200))
    yield Action(group, "making a token", token)
    yield Action(group, "revoking it", revoke)
    yield Action(group, "disabling two-factor", lambda n: bob(n).post(f"{page}/disable", password=PASSWORD))
    yield Action(group, "leaving the organization", lambda n: bob(n).post(f"{ORGANIZATION}/leave"))


def endings(stage: Stage) -> Iterator[Action]:
    group = "Somebody with very many things"
    carol = stage.carol
    stage.sign_in("carol")

    def another(_number: int) -> None:
        """Make sessions again: what ends them must have something to end."""
        other = Browser(carol.person)
        forget_codes()
        other.sign_in()
        stage.sign_in("carol")

    def newest() -> int:
        pk: int = Session.objects.filter(user__username="carol").order_by("pk")[:1].get().pk
        return pk

    yield Action(group, "ending one session", lambda _: carol.post(f"/app/settings/sessions/{newest()}/end"))
    yield Action(
        group, "ending all other sessions", lambda _: carol.post("/app/settings/sessions/end-others"), another
    )
