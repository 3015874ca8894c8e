"""What a refusal says to programs (tests/test_logs.py: and in the log)."""

import pytest

from accounts.jsonapi.documents import MEDIA_TYPE
from tests.api.clients import document, token_of
from tests.api.programs import detail, program, team
from tests.api.routes import OPERATIONS, Places
from tests.api.test_openapi import DOCUMENT, shape

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TEMPLATES = sorted({operation.template for operation in OPERATIONS})


def handled(template):
    return {operation.method for operation in OPERATIONS if operation.template == template}


@pytest.mark.parametrize("template", TEMPLATES)
def test_af6_a_405_says_what_the_address_takes(stage, template):
    token_of(stage.olga, verified=False)
    client = program(stage, "olga")
    place = Places(stage).path(next(one for one in OPERATIONS if one.template == template))

    for method in (*METHODS, "OPTIONS", "TRACE", "BREW"):
        if method in handled(template):
            continue
        answer = client.send(method, place)
        assert answer.status_code == 405, method
        assert answer["Content-Type"] == MEDIA_TYPE
        allowed = answer["Allow"].split(", ")
        assert set(allowed) == handled(template) | ({"HEAD"} if "GET" in handled(template) else set())
        assert detail(answer).endswith("."), method
        assert "owners" in detail(answer) or all(one in detail(answer) for one in (method, *allowed))


@pytest.mark.parametrize("kind", ["teams", "x"])
def test_af6_making_a_team_is_told_that_there_is_one(stage, kind):
    answer = program(stage, "olga").post("/organizations/open/teams", document(kind, name="developers"))

    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD"
    assert detail(answer) == "An organization has only one team here, “owners”. You can't create others."


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_af6_changing_the_team_is_told_what_can_change(stage, method):
    answer = program(stage, "olga").send(method, f"/teams/{team('open')}", document("teams", name="x"))

    assert answer.status_code == 405
    assert "You can only change who is in it" in detail(answer)


@pytest.mark.parametrize(
    "rest", ["", "acme/network/aws/versions", "acme/network/aws/1.0.0/download", "a/b?c=d"]
)
def test_af6_the_registry_that_discovery_names_says_that_there_is_none(client, db, rest):
    """Terraform reads the 404 as "no such module"; one client fails without the name in discovery."""
    place = client.get("/.well-known/terraform.json").json()["modules.v1"]

    answer = client.get(f"{place}{rest}")

    assert answer.status_code == 404
    assert answer["Content-Type"] == MEDIA_TYPE
    assert (
        detail(answer)
        == "There is no module registry here: this site is for accounts and organizations only."
    )


@pytest.mark.parametrize(
    "path", ["/organizations/open/workspaces", "/runs/run-1", "/workspaces", "/../v3/x", "/"]
)
def test_af6_what_terraform_cloud_has_and_there_is_not_here_is_told_apart_from_a_wrong_name(stage, path):
    client = program(stage, "olga")

    answer = client.get(path)

    assert answer.status_code == 404
    assert "/docs/api" in detail(answer)
    for gone in ("/organizations/nowhere", "/users/user-0000000009999999"):
        assert "detail" not in client.get(gone).json()["errors"][0]


def test_af6_every_service_that_is_announced_answers(client, db):
    services = client.get("/.well-known/terraform.json").json()

    for name, place in services.items():
        paths = {"modules.v1": f"{place}a/b/c/versions"}
        answer = client.get(paths.get(name, f"{place}ping"))
        assert answer.status_code in (204, 404), name
        assert answer.status_code == 204 or detail(answer), name


# --- Statuses and docs/openapi.yaml ---

DESCRIBED = {
    f"{method.upper()} /{shape(path).strip('/')}": set(item[method]["responses"])
    for path, item in DOCUMENT["paths"].items()
    for method in item
    if method.upper() in METHODS
}


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.method in METHODS], ids=str)
def test_d36_whatever_is_wrong_the_status_is_one_that_is_described(stage, operation):
    described = DESCRIBED[f"{operation.method} /{shape(operation.template).strip('/')}"]
    token_of(stage.olga, verified=False)
    clients = [program(stage, name) for name in ("olga", "max", "eve", "root", "anonymous")]
    place = Places(stage).path(operation)
    bodies = [
        (b"{", MEDIA_TYPE),
        (b"x", "text/plain"),
        (b'{"data":{"type":"wrong","attributes":[]}}', MEDIA_TYPE),
    ]
    bodies = [(None, MEDIA_TYPE)] if operation.method == "GET" else bodies

    for client in clients:
        for content, kind in bodies:
            for query in ("", "?include=nothing"):
                answer = client.send(operation.method, place + query, content, content_type=kind)
                assert str(answer.status_code) in described, (content, query, answer.content)
