"""docs/openapi.yaml: it is served, and says of every path and method what there is, and of nothing else."""

import re

import pytest
import yaml
from django.urls import URLPattern, get_resolver

from tests.support.environment import ROOT

TEXT = (ROOT / "docs" / "openapi.yaml").read_text()
DOCUMENT = yaml.safe_load(TEXT)
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def below_api(resolver=None, before=""):
    """Yield (path, view) of every route below /api/v2."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = before + str(entry.pattern)
        if not isinstance(entry, URLPattern):
            yield from below_api(entry, path)
        elif path.startswith("api/v2/"):
            yield path.removeprefix("api/v2"), entry.callback


def shape(path):
    """A path without the names of its parameters."""
    return re.sub(r"<[^>]*>|\{[^}]*\}", "{}", path)


def in_code():
    return {(method, shape(path)) for path, view in below_api() for method in view.handlers}


def in_document():
    return {
        (method.upper(), shape(path))
        for path, item in DOCUMENT["paths"].items()
        for method in METHODS & item.keys()
    }


def operations():
    return [item[method] for item in DOCUMENT["paths"].values() for method in METHODS & item.keys()]


def test_every_operation_is_described_and_no_other():
    assert in_code() == in_document()


def test_what_takes_no_token_says_so():
    public = {shape(path) for path, view in below_api() if view.public}
    described = {
        shape(path)
        for path, item in DOCUMENT["paths"].items()
        if {} in item.get("get", {}).get("security", [])
    }

    assert public == described


def test_operations_have_names_of_their_own():
    names = [operation["operationId"] for operation in operations()]

    assert len(names) == len(set(names))


def test_every_component_is_used():
    used = set(re.findall(r'"#/components/(\w+)/(\w+)"', TEXT))
    used |= {("securitySchemes", name) for needed in DOCUMENT["security"] for name in needed}

    assert used == {(kind, name) for kind, members in DOCUMENT["components"].items() for name in members}


@pytest.mark.parametrize("method", ["get", "head"])
def test_it_is_served_to_everybody(client, method):
    response = getattr(client, method)("/api/v2/openapi.yaml")

    assert response.status_code == 200
    assert response["Content-Type"] == "application/yaml"
    assert response.content.decode() == (TEXT if method == "get" else "")


def test_the_running_product_serves_it(live_site):
    assert live_site.visitor().get("/api/v2/openapi.yaml").text == TEXT
