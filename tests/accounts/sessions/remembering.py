"""Browsers that are remembered."""

from tests.support.people import PASSWORD, post_password
from tests.support.two_factor import CHALLENGE, act, pending

SESSIONS = "/app/settings/sessions"
DAY = 24 * 3600


def remember(user, app, client=None):
    """A browser that is remembered for this user, and not signed in."""
    client = pending(user, client)
    response = client.post(CHALLENGE, {"code": app.fresh_code(), "remember": "on"})
    assert response["Location"] == "/app", response.content.decode()
    client.post("/session/logout")
    return client


def is_asked(client, user, password=PASSWORD):
    """Whether signing in here takes a second factor; signs out again."""
    target = post_password(client, user, password)["Location"]
    client.post("/session/logout")
    assert target in ("/app", CHALLENGE)
    return target == CHALLENGE


def sign_in_without_code(user, app, **fields):
    client = remember(user, app)
    assert post_password(client, user, **fields)["Location"] == fields.get("next", "/app")
    return client


def renew_codes(user, app, client):
    assert act(client, "renew-codes").status_code == 200
