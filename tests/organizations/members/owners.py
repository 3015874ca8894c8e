"""Owners act on pages, over the API and by tokens."""

from tests.support.organizations import membership_of

USERS = "/app/open/settings/users"


def unwrapped(text):
    return " ".join(text.split())


def these(kind, pk):
    return {"data": [{"type": kind, "id": pk}]}


def on_page(stage, actor, target, action):
    pk = membership_of(stage.people[target], "open").pk
    return stage.browser(actor).post(f"{USERS}/{pk}/{action}")


def owners_token(stage, maker="olga", kind="owners"):
    """The secret of a token that this owner makes on the page."""
    browser = stage.browser(maker)
    page = browser.post(f"/app/open/settings/authentication-tokens/{kind}/create", {"expires": "30"})
    return page.context["secret"]
