"""What people do on the page Users, and on that of the tokens."""

from organizations.models import Membership
from tests.support.organizations import membership_of

USERS = "/app/open/settings/users"
TOKENS = "/app/open/settings/authentication-tokens"


def row_of(stage, name):
    return f"{USERS}/{membership_of(stage.people[name], 'open').pk}"


def make_token(stage, maker, kind="owners"):
    return stage.browser(maker).post(f"{TOKENS}/{kind}/create", {"expires": "30"}).context["secret"]


def invite(stage, inviter, who):
    assert stage.browser(inviter).post(f"{USERS}/add", {"username": who}).status_code == 302
    return Membership.objects.order_by("pk").last()
