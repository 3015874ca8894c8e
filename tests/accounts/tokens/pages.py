"""The pages of a person's tokens, and what is on them."""

from html import unescape

from tests.support.pages import secret_on

PAGE = "/app/settings/tokens"
CREATE = f"{PAGE}/create"
FORM = {"description": "nightly build", "expires": "90"}


def generate(client, **fields):
    response = client.post(CREATE, FORM | fields)
    assert response.status_code == 200, response.content.decode()
    return secret_on(response)


def text_of(response):
    return " ".join(unescape(response.content.decode()).split())
