"""The examples of docs/guide/api.md, in their order: with curl where it is there, and without it."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from accounts.models import User
from tests.api.clients import Answer, LiveClient, token_of
from tests.api.test_openapi import DOCUMENT, in_document, shape
from tests.support.environment import ROOT
from tests.support.organizations import enrolled, found
from tests.support.people import make_user

GUIDE = (ROOT / "docs" / "guide" / "api.md").read_text()
EXAMPLE = re.compile(
    r"```sh\n(?P<command>.*?)```\n\nAnswer: `(?P<status>\d{3})`\n(?:\n```json\n(?P<shown>.*?)```\n)?",
    re.DOTALL,
)
TAKEN_FROM_IT = re.compile(r"`([A-Z_]+)` is\s+`([\w.-]+)` of")
VARIABLE = re.compile(r"\$([A-Z_]+)")

ATTRIBUTES = {
    "users": "UserAttributes",
    "authentication-tokens": "TokenAttributes",
    "organizations": "OrganizationAttributes",
    "organization-memberships": "MembershipAttributes",
    "teams": "TeamAttributes",
}


@dataclass
class Example:
    command: str
    status: int
    shown: dict | None
    takes: list  # (name, where it is in the answer)

    @property
    def operation(self):
        method, address, *_ = parse(self.command, {})
        path = address.removeprefix("$SITE/api/v2").partition("?")[0]
        path = re.sub(r"(?<=^/organizations/)\w+", "{name}", path)
        return method, shape(VARIABLE.sub(r"{\1}", path))


def examples():
    end = 0
    for match in EXAMPLE.finditer(GUIDE):
        before = GUIDE[end : match.start()]
        end = match.end()
        shown = json.loads(match["shown"]) if match["shown"] else None
        yield Example(match["command"], int(match["status"]), shown, TAKEN_FROM_IT.findall(before))


EXAMPLES = list(examples())


# ---------------------------------------------------------------- running them


def parse(command, variables):
    """Read a command line of curl as a shell would; what is not understood is an error."""
    text = VARIABLE.sub(lambda match: variables.get(match[1], match[0]), command)
    program, *words = shlex.split(text.replace("\\\n", ""))
    assert program == "curl"
    method, address, headers, body = "GET", None, {}, None
    words = iter(words)
    for word in words:
        match word:
            case "-i" | "-g":
                pass
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                body = next(words)
            case _:
                assert not word.startswith("-"), f"curl {word}?"
                assert address is None, f"two addresses: {address}, {word}"
                address = word
    return method, address, headers, body


def with_python(site, command, variables):
    method, address, headers, body = parse(command, variables)
    sender = LiveClient(site)
    return sender.send(method, address.removeprefix(site.url), body, headers=headers)


def with_curl(site, command, variables):
    done = subprocess.run(
        ["sh", "-c", command],
        env=variables | {"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]), {}, body)


RUNNERS = {"python": with_python} | ({"curl": with_curl} if shutil.which("curl") else {})


@pytest.fixture
def token(live_site):
    """That of alice, who owns acme and looks after the site. bob is a member of acme."""
    alice, bob = make_user("alice", is_staff=True, is_superuser=True), make_user("bob")
    for person in (alice, bob):
        enrolled(person)
    found("acme", alice, members=[bob])
    return token_of(User.objects.get(pk=alice.pk))


@pytest.mark.parametrize("run", RUNNERS.values(), ids=RUNNERS)
def test_examples_are_answered_as_shown(live_site, token, run):
    variables = {"SITE": live_site.url, "TOKEN": token}
    for example in EXAMPLES:
        answer = run(live_site, example.command, variables)

        assert answer.status_code == example.status, (example.command, answer.content)
        if example.shown:
            check_shown(example.shown, answer.json(), example.command)
        for resource in resources_in(answer):
            check_described(resource)
        for name, place in example.takes:
            variables[name] = value_at(answer.json(), place)


def value_at(document, place):
    for step in place.split("."):
        document = document[int(step) if step.isdigit() else step]
    return document


def check_shown(shown, real, where):
    """What the page shows has to be in the answer; numbers of rows and secrets may be others."""
    if isinstance(shown, dict):
        assert shown.keys() <= real.keys(), where
        for name, value in shown.items():
            check_shown(value, real[name], where)
    elif isinstance(shown, list):
        assert len(shown) == len(real), (where, real)
        for one, other in zip(shown, real, strict=True):
            check_shown(one, other, where)
    else:
        assert without_chance(shown) == without_chance(real), where


def without_chance(value):
    if not isinstance(value, str):
        return value
    return re.sub(r"(?<=-)\d{16}$|(?<=-i)\d{15}$|^\w{14}(?=\.atlasv1\.)|(?<=\.atlasv1\.)\w{67}$", "#", value)


# ---------------------------------------------------------------- what they show


def resources_in(answer):
    """The resources of an answer, those included as well."""
    if answer.status_code == 204 or not answer.content.startswith(b"{"):
        return []
    document = answer.json()
    data = document.get("data") or []
    return [*(data if isinstance(data, list) else [data]), *document.get("included", [])]


def check_described(resource):
    """No attribute but those of docs/openapi.yaml."""
    if name := ATTRIBUTES.get(resource["type"]):
        described = DOCUMENT["components"]["schemas"][name]["properties"]
        assert resource["attributes"].keys() <= described.keys()


def test_every_operation_has_an_example():
    assert {example.operation for example in EXAMPLES} == in_document()


def test_no_example_is_left_out():
    assert len(EXAMPLES) == GUIDE.count("curl -i") == GUIDE.count("```sh")


def test_the_page_is_in_the_guide(client, transactional_db):
    page = client.get("/docs/api")

    assert page.status_code == 200
    assert "two_factor_mandatory" in page.content.decode()
