"""People in every state that a page shows, each in a browser that is signed in.

Built on the browsers that crawl the site, with names of 40 characters and an organization of many.
"""

import sys
from dataclasses import dataclass, field
from functools import cached_property

from django.utils import timezone

from organizations.members import invitations
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.support import crawl_people, people
from tests.support.organizations import SERVER, Stage, enrolled, found, make_stage, membership_of, require
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
        return {
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
