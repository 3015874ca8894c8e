"""What a token costs that this site has not made (AP-11, SF12)."""

import re

import pytest

from accounts.audit import Actor
from accounts.exceptions import RateLimited
from accounts.models import ApiToken, hash_of_token
from accounts.tokens import lookup
from accounts.tokens.shape import is_made_here, new_token
from tests.api.clients import ApiClient, token_of, token_of_organization
from tests.support.organizations import found
from tests.support.statements import sent, statements

pytestmark = pytest.mark.django_db(transaction=True)

MADE_UP = "a" * 14 + ".atlasv1." + "b" * 67
HERE = "127.0.0.1"
STRANGER = Actor(user=None, ip=HERE, user_agent="", door="api")


def use_up_the_budget():
    for _ in range(100):
        lookup.find_token("nonsense", actor=STRANGER)
    with pytest.raises(RateLimited):
        lookup.find_token("nonsense", actor=STRANGER)


@pytest.mark.parametrize(
    "wrong", [MADE_UP, "nonsense", "a", "é" * 90, MADE_UP.replace(".atlasv1.", ".atlasv2.")]
)
def test_sf12_once_the_budget_is_used_up_a_wrong_token_costs_no_statement(db, wrong):
    use_up_the_budget()

    with sent() as queries:
        answers = [ApiClient(wrong).get("/account/details") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [422] * 5
    assert "limit reached" in answers[0].content.decode()
    assert "Retry-After" not in answers[0]
    assert queries == []


def test_sf12_tokens_that_were_made_here_are_let_in_all_the_same(alice):
    of_alice, of_acme = token_of(alice), token_of_organization(found("acme", alice))
    use_up_the_budget()

    for secret in (of_alice, of_acme):
        assert ApiClient(secret).get("/account/details").status_code == 200


def test_sf12_another_network_is_not_concerned(db):
    use_up_the_budget()

    assert ApiClient(MADE_UP).get("/account/details", REMOTE_ADDR="192.0.2.1").status_code == 401


def test_sf12_a_network_is_closed_no_longer_than_its_window(db, monkeypatch):
    use_up_the_budget()
    assert max(lookup.closed.values()) - min(lookup.closed.values()) <= 300

    lookup.closed[HERE] = 0.0  # as after the window

    with sent() as queries, pytest.raises(RateLimited):
        lookup.find_token(MADE_UP, actor=STRANGER)
    assert len(statements(queries)) > 0  # asked the database again, which still refuses


def test_sf12_a_secret_of_before_works_while_its_network_sends_few_wrong_ones(alice):
    """It has a random beginning: this site can't tell it from one that somebody has made up."""
    former = "Z" * 14 + new_token()[14:]
    ApiToken.objects.create(owner=alice, token_hash=hash_of_token(former))
    assert not is_made_here(former)

    assert ApiClient(former).get("/account/details").status_code == 200
    use_up_the_budget()
    assert ApiClient(former).get("/account/details").status_code == 422


def test_sf12_secrets_are_recognized_and_have_the_format_of_terraform_cloud(settings):
    made = [new_token() for _ in range(50)]

    assert len(set(made)) == 50
    for secret in made:
        assert re.fullmatch(r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9]{67}", secret)
        assert is_made_here(secret)
        assert not is_made_here(secret[:-1] + ("a" if secret[-1] != "a" else "b"))
        assert not is_made_here(("a" if secret[0] != "a" else "b") + secret[1:])
        assert not is_made_here(secret + "\n")


def test_sf12_secrets_are_recognized_under_a_former_key_and_not_under_another(settings):
    secret = new_token()

    settings.ENCRYPTION_KEYS = ["a new key of thirty-two characters or more", *settings.ENCRYPTION_KEYS]
    assert is_made_here(secret)
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert not is_made_here(secret)
