"""Every operation of the API, found in the URLconf and never listed, and what its arguments can be.

A new endpoint is walked by the tests of bad bodies, of gates and of documents without anybody remembering.
Only an argument of a new kind has to be said, in `Places`.
"""

import re
from dataclasses import dataclass

from django.urls import resolve

from accounts.audit import Actor
from accounts.models import ApiToken
from accounts.tokens import issuing
from tests.api.clients import API
from tests.support.crawler import FOR_PROGRAMS, all_routes
from tests.support.organizations import membership_of


@dataclass(frozen=True)
class Operation:
    """One method of one endpoint."""

    method: str
    template: str  # "/organizations/<organization_name>"
    view: object

    def __str__(self):
        return f"{self.method} {self.template}"

    @property
    def is_public(self):
        return self.view.public

    @property
    def arguments(self):
        return re.findall(r"<(\w+)>", self.template)


def operations():
    found = []
    for route in all_routes():
        if route.template.startswith(FOR_PROGRAMS):
            view = resolve(route.template % dict.fromkeys(route.arguments, "any-name")).func
            template = str(route).removeprefix(API)
            found += [Operation(method, template, view) for method in view.handlers]
    return sorted(found, key=str)


OPERATIONS = operations()


class Places:
    """The things that paths are about: their kind is told by what stands before them."""

    def __init__(self, stage):
        in_open, in_fort = (membership_of(stage.max, name) for name in ("open", "fort"))
        token = ApiToken.objects.filter(owner=stage.olga).order_by("pk").first() or a_token_of(stage.olga)
        self.open = {
            "organizations": "open",
            "users": f"user-{stage.olga.pk:016}",
            "admin/users": f"user-{stage.max.pk:016}",
            "teams": f"team-{in_open.organization_id:016}",
            "organization-memberships": f"ou-{in_open.pk:016}",
            "authentication-tokens": token.public_id,
        }
        self.fort = self.open | {
            "organizations": "fort",
            "teams": f"team-{in_fort.organization_id:016}",
            "organization-memberships": f"ou-{membership_of(stage.oscar, 'fort').pk:016}",
        }

        # What is not there at all, in the same form.
        self.missing = {
            "organizations": "nowhere",
            **{
                kind: f"{text.partition('-')[0]}-{10**9:016}"
                for kind, text in self.open.items()
                if kind != "organizations"
            },
        }
        self.of_una = f"ou-{membership_of(stage.una, 'open').pk:016}"
        unverified = ApiToken.objects.filter(owner=stage.olga, verified=False)
        self.unverified_token = unverified.latest("pk").public_id

    def path(self, operation, known=None, **others):
        """The path of an operation upon things of `open`, or of those that are given."""
        known = self.open if known is None else known

        def fill(match):
            before = match[1].strip("/")
            kind = next((kind for kind in ("admin/users", *known) if before.endswith(kind)), None)
            assert kind, f"{operation}: what can <{match[2]}> be? Say it in tests/api/routes.py"
            return f"{match[1]}/{others.get(match[2], known[kind])}"

        return API + re.sub(r"(.*?)/<(\w+)>", fill, operation.template)


def a_token_of(user):
    token, _secret = issuing.create(
        user, description="of the walk", expires_at=None, verified=True, actor=Actor.command()
    )
    return token
