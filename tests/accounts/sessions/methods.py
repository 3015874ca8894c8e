"""People who sign in with each method."""

from accounts.models import Session
from tests.accounts.factors.sms.conftest import newest_code, time_passes
from tests.support.people import post_password
from tests.support.two_factor import CHALLENGE, RECOVERY, SUDO, pending

SESSIONS = "/app/settings/sessions"
TOKENS = "/app/settings/tokens"
SEND = "/session/two-factor-send-sms"
SECOND_FACTORS = ["app", "sms", "backup-codes"]


def give(client, page, slug, app, **fields):
    """Answer the page that asks for a second factor, with this one."""
    if slug == "sms":
        time_passes()
        client.post(SEND, {"factor": "sms"})
        code = newest_code()
    else:
        code = app.codes.pop() if slug == "backup-codes" else app.fresh_code()
    where = RECOVERY if slug == "backup-codes" and page == CHALLENGE else page
    response = client.post(where, {"code": code, "factor": slug, **fields})
    assert response.status_code == 302, response.content.decode()
    return client


def log_in(user, app, slug, client=None, **fields):
    return give(pending(user, client), CHALLENGE, slug, app, **fields)


def remembered_with(user, app, slug):
    client = log_in(user, app, slug, remember="on")
    client.post("/session/logout")
    return client


def log_in_remembered(user, app, slug):
    client = remembered_with(user, app, slug)
    assert post_password(client, user)["Location"] == "/app"
    return client


def session_of(user):
    return Session.objects.filter(user=user).latest("id")


def is_done(response):
    assert response.status_code in (200, 302), response.content.decode()
    assert not response.get("Location", "").startswith((SUDO, "/session")), response["Location"]
