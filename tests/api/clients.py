"""Programs with their tokens: what they send is JSON:API, and they keep no cookies.

`api_client(alice)` sends alice's token, made as she would make it today; `LiveClient` does the same against a
running server. Both answer with `.status_code`, `.headers`, `.content` and `.json()`.
"""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass

from django.test import Client

from accounts.audit import Actor
from accounts.jsonapi.documents import MEDIA_TYPE
from accounts.tokens import issuing
from organizations import tokens as organization_tokens
from organizations.models import OrganizationToken

API = "/api/v2"


def token_of(user, *, verified=None, expires_at=None, description="ci"):
    """The secret of a new token. `verified` is by itself what a complete login would make it (D6)."""
    user.refresh_from_db()
    verified = user.is_enrolled if verified is None else verified
    _token, secret = issuing.create(
        user, description=description, expires_at=expires_at, verified=verified, actor=Actor.command()
    )
    return secret


def token_of_organization(organization, kind="organization", *, verified=True):
    """The secret of a new token of an organization, or of its owners' team (kind "owners")."""
    _token, secret = organization_tokens.replace(
        organization,
        OrganizationToken.Kind(kind),
        expires_at=None,
        verified=verified,
        actor=Actor.command(),
    )
    return secret


def document(kind, pk=None, /, relationships=None, **attributes):
    """A document to send: document("users", email="x@example.com")."""
    data = {"type": kind, "attributes": {name.replace("_", "-"): one for name, one in attributes.items()}}
    if pk is not None:
        data["id"] = pk
    if relationships is not None:
        data["relationships"] = relationships
    return {"data": data}


def body_of(content):
    """Bytes as they are, texts encoded, everything else as JSON; None is no body at all."""
    if content is None or isinstance(content, bytes):
        return content or b""
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()


class ApiClient(Client):
    """A test client that sends a token, if it has one, and JSON:API: client.post(path, document(...))."""

    def __init__(self, secret=None, **options):
        headers = {"Accept": MEDIA_TYPE, **options.pop("headers", {})}
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret}"
        super().__init__(headers=headers, **options)
        self.secret = secret

    def send(self, method, path, content=None, *, content_type=MEDIA_TYPE, **options):
        """Send a request of any method; a path may leave out /api/v2."""
        path = path if path.startswith("/api") else API + path
        return self.generic(method, path, body_of(content), content_type, **options)

    def get(self, path, data=None, **options):
        return super().get(path if path.startswith("/api") else API + path, data, **options)

    def post(self, path, content=None, **options):
        return self.send("POST", path, content, **options)

    def patch(self, path, content=None, **options):
        return self.send("PATCH", path, content, **options)

    def delete(self, path, content=None, **options):
        return self.send("DELETE", path, content, **options)


def api_client(user=None, *, verified=None, **options):
    """A program with a new token of this person; without a person, one without a token."""
    return ApiClient(token_of(user, verified=verified) if user else None, **options)


@dataclass
class Answer:
    status_code: int
    headers: dict
    content: bytes

    def json(self):
        return json.loads(self.content)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


class LiveClient:
    """The same against a running server: LiveClient(live_site, token_of(alice))."""

    opener = urllib.request.build_opener(NoRedirects)

    def __init__(self, site, secret=None):
        self.url = site.url
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def send(self, method, path, content=None, *, content_type=MEDIA_TYPE, headers=()):
        path = path if path.startswith("/api") else API + path
        headers = {"Accept": MEDIA_TYPE, "Content-Type": content_type, **self.headers, **dict(headers)}
        body = body_of(content) if content is not None else None
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with self.opener.open(request, timeout=60) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, content=None, **options):
        return self.send("POST", path, content, **options)

    def patch(self, path, content=None, **options):
        return self.send("PATCH", path, content, **options)

    def delete(self, path, content=None, **options):
        return self.send("DELETE", path, content, **options)
