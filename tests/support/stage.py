"""People in every state that a page shows, each in a browser that is signed in.

Built on the browsers that crawl the site, with names of 40 characters and an organization of many.
"""

import sys
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from django.utils import timezone

from accounts.models import Level
from organizations.members import invitations, memberships
from organizations.models import AuthPolicy, InvitationBatch, Organization, OrganizationDay
from organizations.policy import schedule, two_factor
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.support import crawl_people, people
from tests.support.organizations import (
    SERVER,
    Stage,
    enrolled,
    found,
    join,
    make_stage,
    membership_of,
    require,
)
from tests.support.plenty import organizations_of

LONG_NAME = "a-name-of-forty-characters-which-is-long"
LONG_PERSON = "somebody-with-a-really-long-user-name-40"
MEMBERS, ENROLLED, INVITED = 36, 3, 24
OTHERS = 24  # organizations: more than the menu shows


@dataclass
class Cast:
    """The stage of the crawl, and browsers by the name of what they are."""

    stage: Stage = field(default_factory=make_stage)
    browsers: dict = field(default_factory=dict)

    def browser(self, name):
        """Return the browser of this state, made when it is first asked for."""
        if name not in self.browsers:
            make = getattr(sys.modules[__name__], name, None) or getattr(crawl_people, name)
            self.browsers[name] = make(self.stage)
        return self.browsers[name]

    @cached_property
    def places(self):
        """What the paths of scenes stand for: names, and ids of rows."""
        stage = self.stage
        self.browser("owner")  # who has the lists of invitations
        lists = {batch.state: batch.pk for batch in InvitationBatch.objects.all()}
        return {
            **lists,
            "long": LONG_NAME,
            "max": membership_of(stage.max, "open").pk,
            "una": membership_of(stage.una, "open").pk,
            "user": stage.max.pk,
            "owner": stage.olga.pk,
            "sole": sole_owner(stage).pk,
        }


def sole_owner(stage):
    """Return the person who owns an organization alone, and has made a token and an invitation for it."""
    if "sole" not in stage.people:
        stage.people["sole"] = people.make_user("sole")
        found("owned-alone", stage.sole, members=[stage.max])
        browser = people.sign_in(stage.sole)
        browser.post("/app/owned-alone/settings/authentication-tokens/owners/create", {"expires": "30"})
        browser.post("/app/owned-alone/settings/users/add", {"username": "someone@elsewhere.example"})
    return stage.sole


def signed_in(name, **fields):
    return people.sign_in(people.make_user(name, **fields))


def fresh(stage):
    """Return the browser of a person with a confirmed address and nothing else."""
    return signed_in("fresh")


def many(stage):
    """Return the browser of a person with a long name who owns a big organization with a long name."""
    user = people.make_user(LONG_PERSON)
    stage.people[LONG_PERSON] = user
    stage.enrol(LONG_PERSON)
    members = [people.make_user(f"member-{number:02d}") for number in range(MEMBERS)]
    for member in members[:ENROLLED]:
        enrolled(member)
    organization = found(LONG_NAME, user, members=members)
    for number in range(INVITED):
        invitations.invite(organization, f"invited-{number:02d}@a-long-name.example", actor=SERVER)
    require(organization)
    organizations_of(
        user,
        "another-organization",
        OTHERS,
        status="active",
        is_owner=True,
        two_factor_enabled=True,
        joined_at=timezone.now(),
    )
    for _ in range(11):
        people.sign_in(user, stage.apps[LONG_PERSON])
    client = people.sign_in(user, stage.apps[LONG_PERSON])
    for description in ("ci", "w" * 100, ""):
        client.post("/app/settings/tokens/create", {"description": description or "laptop", "expires": "30"})
    return client


def keeping(stage):
    """Return the browser of a person who has just enrolled, and has the codes before them."""
    user = people.make_user("keeping")
    client = people.sign_in(user)
    key = people.start_enrolment(client)
    client.post(f"{people.TWO_FACTOR}/confirm", {"code": people.Authenticator(user, key).code()})
    return client


def by_text(stage):
    """Return the browser of a person whose codes come by text alone."""
    user = people.make_user("by-text")
    return enrol_phone(user, people.sign_in(user))


def alone(stage):
    """Return the browser of the only owner and member of an organization."""
    user = people.make_user("alone")
    found("alone", user)
    return people.sign_in(user)


def with_date(stage):
    """Found an organization that requires an application from a date on, with a member who has none."""
    owner, late = people.make_user("dated-owner"), people.make_user("late")
    members = [late, *(people.make_user(f"in-time-{number}") for number in range(3))]
    stage.people |= {"dated-owner": owner, "late": late}
    organization = found("dated", owner, members=members)
    for number, member in enumerate(members[1:]):
        enrolled(member)
        OrganizationDay.objects.create(
            organization=organization,
            day=timezone.now().date() - timedelta(days=9 - 3 * number),
            members=5,
            without_two_factor=5 - number,
            with_texts_only=0,
        )
    stage.enrol("dated-owner")
    at = timezone.now() + timedelta(days=12)
    return schedule.schedule(organization, at, level=Level.APP, actor=SERVER)


def dated(stage):
    """Return the browser of the owner of an organization with a date."""
    if "dated-owner" not in stage.people:
        with_date(stage)
    return stage.browser("dated-owner")


def dated_member(stage):
    """Return the browser of a member of it who has not set up what the date requires."""
    if "late" not in stage.people:
        with_date(stage)
    return stage.browser("late")


def put_off(stage):
    """Return the browser of the owner of an organization whose date is put off: another owner lacks it."""
    owner = stage.people["put-off-owner"] = people.make_user("put-off-owner")
    organization = found("put-off", owner)
    without = people.make_user("without")
    join(organization, without)
    memberships.make_owner(organization, membership_of(without, "put-off").pk, actor=SERVER)
    stage.enrol("put-off-owner")
    schedule.schedule(organization, timezone.now() + timedelta(days=2), actor=SERVER)
    over = timezone.now() - timedelta(hours=3)
    Organization.objects.filter(pk=organization.pk).update(required_from=over, due_at=over)
    return stage.browser("put-off-owner")


def app_owner(stage):
    """Return the browser of the owner of an organization that requires an application."""
    if "app-owner" not in stage.people:
        owner = stage.people["app-owner"] = people.make_user("app-owner")
        organization = found("strict", owner)
        stage.enrol("app-owner")
        two_factor.set_auth_policy(
            organization, AuthPolicy.TWO_FACTOR_MANDATORY, accepted=Level.APP, actor=SERVER
        )
    return stage.browser("app-owner")


def texts_only(stage):
    """Return the browser of a member of it whose text messages are not enough there."""
    app_owner(stage)
    user = people.make_user("texts-only")
    client = enrol_phone(user, people.sign_in(user), "+12025550145")
    join(Organization.objects.get(name="strict"), user)
    return client
