"""What clients leave out, to the letter: as three clients send it, and how long a token lasts."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiToken
from accounts.models.public_ids import public_id
from organizations.models import OrganizationToken
from tests.api.clients import ApiClient, api_client, document, token_of, token_of_organization
from tests.api.programs import attributes, refusals, team
from tests.support.organizations import found
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

ORGANIZATION = "/organizations/acme/authentication-token"
EXPIRY = "/data/attributes/expired-at"
GO_TFE = {"data": {"type": ""}}
BODIES = {
    "go-tfe": GO_TFE,
    "go-tfe, an empty description": {"data": {"type": "", "attributes": {"description": ""}}},
    "go-tfe's second version": {"data": {"type": "authentication-tokens", "attributes": {}}},
    "pytfe": {"data": {"type": "authentication-token", "attributes": {}}},
    "nulls": {"data": {"type": None, "id": None, "attributes": None, "relationships": None}},
    "a null description": {"data": {"attributes": {"description": None, "expired-at": None}}},
    "an empty id": {"data": {"type": "", "id": ""}},
}


@pytest.fixture
def acme(alice):
    return found("acme", alice)


def user_path(user):
    return f"/users/{public_id('user', user.pk)}/authentication-tokens"


def team_path():
    return f"/teams/{team('acme')}/authentication-token"


def paths(user):
    return [user_path(user), ORGANIZATION, team_path()]


# ---------------------------------------------------------------- bodies


@pytest.mark.parametrize("client", BODIES)
def test_af2_a_token_needs_neither_type_nor_attributes(alice, acme, client):
    program = api_client(alice)

    for path in paths(alice):
        answer = program.post(path, BODIES[client])
        assert answer.status_code == 201, (path, answer.content)
        assert answer.json()["data"]["type"] == "authentication-tokens"
        assert attributes(answer)["description"] == ""
        assert attributes(answer)["created-at"].endswith("Z")
        assert attributes(answer)["expired-at"].endswith("Z")
        assert answer.json()["data"]["relationships"]["created-by"]["data"]["type"] == "users"


@pytest.mark.parametrize(
    "body", [{"data": []}, {"data": [GO_TFE["data"]]}, {"data": "x"}, {"data": 7}, [], 7]
)
def test_af2_what_is_no_document_is_said_to_be_none(alice, acme, body):
    for path in paths(alice):
        assert refusals(api_client(alice).post(path, body)) == [("422", "invalid document", "/data")], path


@pytest.mark.parametrize("kind", [7, True, [], {}, ["authentication-tokens"]])
def test_af2_a_type_that_is_no_text_is_said_to_be_none(alice, kind):
    refused = api_client(alice).post(user_path(alice), {"data": {"type": kind}})

    assert refusals(refused) == [("422", "invalid document", "/data/type")]
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("path", ["at-0000000000000001", "at-x", "x", "user-0000000000000001"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_af2_the_token_of_what_is_no_team_is_not_found(alice, acme, path, method):
    """The provider asks so when it is done with a token that it has made for a moment."""
    answer = getattr(api_client(alice), method)(f"/teams/{path}/authentication-token")

    assert answer.status_code == 404


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    "sent",
    [
        "2030-01-31T12:00:00Z",
        "2030-01-31T12:00:00.000000+00:00",
        "2030-01-31T14:00:00+02:00",
        "2030-01-31T12:00:00",
        "2030-01-31 12:00:00.000",
    ],
)
def test_af2_a_time_is_read_with_any_zone_and_without_one_as_utc(alice, acme, sent):
    for path in paths(alice):
        answer = api_client(alice).post(path, document("authentication-tokens", expired_at=sent))
        assert attributes(answer)["expired-at"] == "2030-01-31T12:00:00.000Z", path


def two_years(moment):
    return datetime.fromisoformat(moment).replace(year=datetime.fromisoformat(moment).year + 2)


def test_af5_a_token_for_which_no_end_was_asked_lasts_two_years(alice, acme):
    for path in paths(alice):
        shown = attributes(api_client(alice).post(path, GO_TFE))
        end = datetime.fromisoformat(shown["expired-at"])
        assert abs(end - two_years(shown["created-at"])) < timedelta(minutes=1), path


def test_af5_two_years_after_29_february_there_is_a_1_march(alice, time_machine):
    time_machine.move_to(datetime(2028, 2, 29, 12, tzinfo=UTC))

    shown = attributes(api_client(alice).post(user_path(alice), GO_TFE))

    assert shown["expired-at"][:10] == "2030-03-01"


def ending(alice, end):
    """A program whose token ends then, once for each address where it can make others."""
    return [(ApiClient(token_of(alice, expires_at=end)), path) for path in paths(alice)]


def test_af5_a_later_end_than_that_of_the_maker_is_refused(alice, acme):
    end = timezone.now() + timedelta(days=5)

    for client, path in ending(alice, end):
        before = ApiToken.objects.count() + OrganizationToken.objects.count()
        later = client.post(
            path,
            document("authentication-tokens", expired_at=f"{end + timedelta(seconds=2):%Y-%m-%dT%H:%M:%SZ}"),
        )
        assert refusals(later) == [("422", "invalid attribute", EXPIRY)], path
        assert f"{end:%Y-%m-%dT%H:%M:%SZ}" in later.json()["errors"][0]["detail"]
        assert ApiToken.objects.count() + OrganizationToken.objects.count() == before


def test_af5_the_end_that_the_refusal_names_and_that_documents_show_is_taken(alice, acme):
    end = timezone.now() + timedelta(days=5)
    client = ApiClient(token_of(alice, expires_at=end, description="maker"))
    shown = next(
        one["attributes"]["expired-at"]
        for one in client.get(user_path(alice)).json()["data"]
        if one["attributes"]["description"] == "maker"
    )

    for sent in (shown, f"{end:%Y-%m-%dT%H:%M:%SZ}"):
        answer = client.post(user_path(alice), document("authentication-tokens", expired_at=sent))
        assert answer.status_code == 201
        assert "meta" not in answer.json()


@pytest.mark.parametrize("body", [GO_TFE, {"data": {"attributes": {"expired-at": None}}}])
def test_af5_without_a_wish_it_ends_with_its_maker_and_the_answer_says_so(alice, acme, body):
    end = timezone.now() + timedelta(days=5)

    for client, path in ending(alice, end):
        answer = client.post(path, body)
        [notice] = answer.json()["meta"]["notices"]
        assert attributes(answer)["expired-at"][:19] == f"{end:%Y-%m-%dT%H:%M:%S}", path
        assert notice["source"] == {"pointer": EXPIRY}
        assert "expires together with" in notice["detail"]


def test_af5_a_maker_that_lasts_longer_shortens_nothing(alice, acme):
    for end in (None, timezone.now() + timedelta(days=4000)):
        client = ApiClient(token_of(alice, expires_at=end))
        answer = client.post(user_path(alice), GO_TFE)
        later = client.post(
            user_path(alice), document("authentication-tokens", expired_at="2031-01-31T12:00:00Z")
        )

        assert "meta" not in answer.json()
        assert attributes(later)["expired-at"] == "2031-01-31T12:00:00.000Z"


def test_af5_the_owners_token_hands_on_its_end_too(alice, acme):
    secret = token_of_organization(acme, "owners")
    end = timezone.now() + timedelta(days=5)
    OrganizationToken.objects.update(expires_at=end)

    refused = ApiClient(secret).post(
        ORGANIZATION, document("authentication-tokens", expired_at="2031-01-31T12:00:00Z")
    )
    answer = ApiClient(secret).post(ORGANIZATION, GO_TFE)

    assert refusals(refused) == [("422", "invalid attribute", EXPIRY)]
    assert attributes(answer)["expired-at"][:19] == f"{end:%Y-%m-%dT%H:%M:%S}"
    assert answer.json()["meta"]["notices"]


# ---------------------------------------------------------------- a token without a description


def test_af2_a_token_without_a_description_can_be_told_apart_on_the_page_and_in_the_mail(alice, mailoutbox):
    from_page = api_client(alice)
    mailoutbox.clear()

    from_page.post(user_path(alice), GO_TFE)

    [mail] = mailoutbox
    assert "Description" not in mail.body
    assert "A program created it" in mail.body
    assert "No description" in sign_in(alice).get("/app/settings/tokens").content.decode()
