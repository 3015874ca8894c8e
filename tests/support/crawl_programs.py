"""Crawl the API with programs: each request finds the same state, and its changes are recorded."""

import json
import logging

import pytest
from django.test import Client
from django.utils import timezone

from accounts.jsonapi.documents import MEDIA_TYPE
from accounts.models import ApiToken
from organizations.models import Organization, OrganizationToken
from tests.api.clients import body_of, token_of, token_of_organization
from tests.api.routes import Places
from tests.support.crawler import Walker, dump, undone
from tests.support.organizations import make_stage

MOST_SECONDS = 1  # of CPU, which a slow or busy machine does not stretch


class Program(Walker):
    """Somebody's token, walking; enforce_csrf_checks shows that no form's token is asked for."""

    def __init__(self, secret=None):
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.cookies = {}
        self.secret = secret
        self.before = None
        self.wrote = []

    def send(self, method, path, content=b"", content_type=MEDIA_TYPE, headers=None):
        own = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        return super().send(method, path, body_of(content), content_type, own | (headers or {}))


def complaints(answer, what, *, statuses=range(400, 500), harmless=False):
    """Yield what is wrong with a response that must be a refusal in JSON:API form, as sentences."""
    if harmless and answer.status < 300:
        statuses = range(200, 300)
    if answer.status not in statuses:
        yield f"{what}: {answer.status} {answer.text[:200]!r} {answer.response.exc_info!r}"
    if answer.status >= 400:
        yield from (f"{what}: {complaint}" for complaint in complaints_about_errors(answer.response))
    if answer.changed and not harmless:
        yield f"{what}: changed {answer.changed} ({answer.status})"
    if answer.seconds > MOST_SECONDS:
        yield f"{what}: took {answer.seconds:.1f} s"
    if answer.response.cookies:
        yield f"{what}: sets {list(answer.response.cookies)}"


def complaints_about_errors(response):
    """Yield why this is not an error document for Terraform's clients: status and title are strings."""
    if response.headers.get("Content-Type") != MEDIA_TYPE:
        yield f"is of type {response.headers.get('Content-Type')}"
        return
    body = json.loads(response.content)
    if set(body) != {"errors"} or not body["errors"]:
        yield f"has {sorted(body)}"
        return
    for error in body["errors"]:
        if error.get("status") != str(response.status_code):
            yield f"says status {error.get('status')!r}"
        if not isinstance(error.get("title"), str) or not error["title"]:
            yield f"has the title {error.get('title')!r}"
        if not set(error) <= {"status", "title", "detail", "source", "code"}:
            yield f"has members {sorted(error)}"


class ApiWalk:
    """The stage, and programs of the people on it."""

    def __init__(self, stage):
        self.stage = stage
        self.programs = {name: Program(token_of(user)) for name, user in stage.people.items()}
        self.programs["anonymous"] = Program()
        self.programs |= {
            f"{name}, unverified": Program(token_of(stage.people[name], verified=False))
            for name in ["olga", "root", "max"]
        }
        for name in ["open", "fort"]:
            organization = Organization.objects.get(name=name)
            for kind in ["organization", "owners"]:
                program = Program(token_of_organization(organization, kind))
                self.programs[f"{kind} token of {name}"] = program
        self.places = Places(stage)
        for model in (ApiToken, OrganizationToken):  # as if all had been used: it need not be noted each time
            model.objects.update(last_used_at=timezone.now())
        before = dump()
        for program in self.programs.values():
            program.before = before

    def __getitem__(self, name):
        return self.programs[name]

    def who_may(self, operation):
        """Return the program of a person who may perform the operation in `open`."""
        return self["root" if operation.template.startswith("/admin/") else "olga"]

    def path(self, operation, *args, **others):
        return self.places.path(operation, *args, **others)


@pytest.fixture(scope="module")
def programs(django_db_setup, django_db_blocker):
    """Yield the ApiWalk that the tests of a module share. Each test requests `db`, not `transactional_db`."""
    logging.disable()
    with django_db_blocker.unblock(), undone():
        yield ApiWalk(make_stage())
    logging.disable(logging.NOTSET)


__all__ = ["ApiWalk", "Program", "complaints", "complaints_about_errors", "programs"]
