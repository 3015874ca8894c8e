"""Who is let in where: every operation is classified, and meets everybody whom it must not let in."""

from contextlib import contextmanager

import pytest

from organizations.models import Organization, OrganizationToken, Right
from tests.api.clients import API
from tests.api.routes import OPERATIONS
from tests.support.crawl_programs import complaints, programs
from tests.support.crawler import dump

pytestmark = pytest.mark.django_db

__all__ = ["programs"]

# public: without a token. any: whatever token. person: a person's, about what is that person's own.
# staff: a site admin's, verified. member: a member's, or one of the organization's own.
# Others are the rights that it takes. sudo: by a token that stands for it (D6).
TABLE = """
GET    /ping                                                          public
GET    /openapi.yaml                                                  public
GET    /account/details                                               any
PATCH  /account/update                                                person
PATCH  /account/password                                              person sudo
GET    /users/<user_id>                                               person
GET    /users/<user_id>/authentication-tokens                         person
POST   /users/<user_id>/authentication-tokens                         person sudo
GET    /authentication-tokens/<public_id>                             person
DELETE /authentication-tokens/<public_id>                             person sudo
POST   /admin/users/<user_id>/actions/disable_two_factor              staff
GET    /organizations                                                 any
POST   /organizations                                                 person
GET    /organization-memberships                                      person
GET    /organizations/<organization_name>                             member
PATCH  /organizations/<organization_name>                             user_tokens
PUT    /organizations/<organization_name>                             user_tokens
DELETE /organizations/<organization_name>                             settings sudo
GET    /organizations/<organization_name>/entitlement-set             member
GET    /organizations/<organization_name>/organization-memberships    member
POST   /organizations/<organization_name>/organization-memberships    members
GET    /organizations/<organization_name>/authentication-token        tokens
POST   /organizations/<organization_name>/authentication-token        tokens sudo
DELETE /organizations/<organization_name>/authentication-token        tokens sudo
GET    /organizations/<organization_name>/teams                       member
GET    /organization-memberships/<membership_id>                      members
DELETE /organization-memberships/<membership_id>                      members
GET    /teams/<team_id>                                               member
GET    /teams/<team_id>/authentication-token                          tokens
POST   /teams/<team_id>/authentication-token                          tokens sudo
DELETE /teams/<team_id>/authentication-token                          tokens sudo
GET    /teams/<team_id>/relationships/organization-memberships        member
POST   /teams/<team_id>/relationships/organization-memberships        owners sudo
DELETE /teams/<team_id>/relationships/organization-memberships        owners sudo
POST   /teams/<team_id>/relationships/users                           owners sudo
DELETE /teams/<team_id>/relationships/users                           owners sudo
"""

CLASSES = {f"{line.split()[0]} {line.split()[1]}": line.split()[2:] for line in TABLE.strip().splitlines()}
RIGHTS = {right.value: right for right in Right}
# Of others there is an empty list to see, as in Terraform Cloud.
SHOWS_NOTHING = {"GET /users/<user_id>/authentication-tokens"}
TWO_FACTOR = "two-factor required"


def of_class(*wanted):
    """The operations of these classes, as parameters."""
    return pytest.mark.parametrize(
        "operation",
        [one for one in OPERATIONS if set(wanted) & set(CLASSES.get(str(one), []))],
        ids=str,
    )


IN_ORGANIZATIONS = of_class("member", *RIGHTS)


def error_of(answer):
    [error] = answer.response.json()["errors"]
    return error


def refused(answer, status, title=None):
    assert list(complaints(answer, "", statuses=[status])) == []
    assert title is None or error_of(answer)["title"] == title
    return error_of(answer).get("detail", "")


def test_every_operation_is_classified():
    assert set(CLASSES) == {str(operation) for operation in OPERATIONS}
    known = {"public", "any", "person", "staff", "member", *RIGHTS}
    assert all(len(set(words) & known) == 1 and set(words) <= known | {"sudo"} for words in CLASSES.values())


def test_the_gates_in_the_code_say_the_same():
    """As far as a handler tells which gate it has."""
    for operation in OPERATIONS:
        right, sudo = getattr(operation.view.handlers[operation.method], "gate", (None, None))
        if right is not None:
            assert CLASSES[str(operation)] == [right.value, *(["sudo"] if sudo else [])], operation


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_without_a_token_there_is_only_what_is_public(programs, operation):
    answer = programs["anonymous"].send(operation.method, programs.path(operation))

    assert operation.is_public == (CLASSES[str(operation)] == ["public"])
    assert answer.status in ([200, 204] if operation.is_public else [401])
    assert answer.changed == []


@IN_ORGANIZATIONS
def test_or10_outsiders_can_not_tell_what_is_there(programs, operation):
    missing = programs.places.missing
    for name in ["eve", "root"]:
        answers = [
            programs[name].send(operation.method, programs.path(operation, known))
            for known in (programs.places.open, programs.places.fort, missing)
        ]

        assert [refused(answer, 404) for answer in answers] == [""] * 3
        assert len({answer.response.content for answer in answers}) == 1


@IN_ORGANIZATIONS
def test_tokens_of_another_organization_are_outsiders(programs, operation):
    for kind in ["organization", "owners"]:
        answer = programs[f"{kind} token of open"].send(
            operation.method, programs.path(operation, programs.places.fort)
        )

        refused(answer, 404)


@IN_ORGANIZATIONS
def test_d2_locked_out_members_are_told_where_to_enrol(programs, operation):
    answer = programs["mia"].send(operation.method, programs.path(operation, programs.places.fort))

    detail = refused(answer, 403, TWO_FACTOR)
    assert "/app/settings/two-factor?next=%2Fapp%2Ffort" in detail
    assert detail.startswith("fort requires two-factor authentication.")


@IN_ORGANIZATIONS
@pytest.mark.parametrize("who", ["max, unverified", "olga, unverified"])
def test_d2_tokens_from_before_the_enrolment_are_not_enough(programs, operation, who):
    answer = programs[who].send(operation.method, programs.path(operation, programs.places.fort))

    assert "/app/settings/tokens" in refused(answer, 403, TWO_FACTOR)


@IN_ORGANIZATIONS
@pytest.mark.parametrize("who", ["olga", "una", "max", "olga, unverified"])
def test_af3_where_personal_tokens_are_refused_every_one_is_everywhere(programs, operation, who):
    with refusing_personal_tokens(programs, who):
        answer = programs[who].send(operation.method, programs.path(operation))

    assert refused(answer, 403, "unauthorized").startswith("open doesn't accept personal tokens.")


@IN_ORGANIZATIONS
@pytest.mark.parametrize("who", ["eve", "root"])
def test_af3_outsiders_still_can_not_tell_what_is_there(programs, operation, who):
    with refusing_personal_tokens(programs, who):
        answer = programs[who].send(operation.method, programs.path(operation))

    assert refused(answer, 404) == ""


@contextmanager
def refusing_personal_tokens(programs, who):
    """`open` refuses them meanwhile, which is no change by the program."""
    before = programs[who].before
    open_ = Organization.objects.filter(name="open")
    open_.update(user_tokens_enabled=False)
    programs[who].before = dump()
    yield
    open_.update(user_tokens_enabled=True)
    programs[who].before = before


@of_class("sudo")
def test_d6_what_is_guarded_takes_a_token_that_stands_for_sudo(programs, operation):
    answer = programs["olga, unverified"].send(operation.method, programs.path(operation))

    assert "/app/settings/tokens" in refused(answer, 403, TWO_FACTOR)


@of_class("user_tokens")
def test_d6_the_policy_and_the_sessions_take_sudo(programs, operation):
    for attributes in [
        {"collaborator-auth-policy": "two_factor_mandatory"},
        {"session-timeout": 60},
        {"session_remember": 60},
        {"email": "new@open.example", "session-timeout": 60},
    ]:
        answer = programs["olga, unverified"].send(
            operation.method, programs.path(operation), {"data": {"attributes": attributes}}
        )

        refused(answer, 403, TWO_FACTOR)


@of_class(*RIGHTS)
def test_members_may_not(programs, operation):
    """max, who may see the organization, and mia, who may see this one."""
    for name in ["max", "mia"]:
        others = programs.places.open | {"organization-memberships": programs.places.of_una}
        answer = programs[name].send(operation.method, programs.path(operation, others))

        assert "open" in refused(answer, 403, "forbidden")


@of_class(*RIGHTS)
@pytest.mark.parametrize("kind", ["organization", "owners"])
def test_tokens_of_the_organization_may_what_their_kind_may(programs, operation, kind):
    """A team is not there for the organization's own token; what it may is shown by the matrix."""
    right = RIGHTS[CLASSES[str(operation)][0]]
    answer = programs[f"{kind} token of open"].send(operation.method, programs.path(operation))

    if right in OrganizationToken(kind=kind).rights:
        assert answer.status not in (401, 403), answer.text
    else:
        refused(answer, 404 if operation.template.startswith("/teams/") else 403)


@of_class("person", "staff")
def test_tokens_of_organizations_have_nothing_of_people(programs, operation):
    for name in ["organization token of open", "owners token of open"]:
        answer = programs[name].send(operation.method, programs.path(operation))

        refused(answer, 403 if str(operation) == "POST /organizations" else 404)


@of_class("person")
def test_what_is_somebody_elses_is_not_there(programs, operation):
    if not operation.arguments:
        return
    answer = programs["eve"].send(operation.method, programs.path(operation))

    if str(operation) in SHOWS_NOTHING:
        assert answer.response.json()["data"] == []
    else:
        refused(answer, 404)


@of_class("staff")
def test_administration_is_for_verified_staff(programs, operation):
    for name in ["olga", "mia", "max", "eve", "root, unverified"]:
        refused(programs[name].send(operation.method, programs.path(operation)), 404)


@of_class("any", "person")
def test_an_unverified_token_may_what_is_not_guarded(programs, operation):
    """It is not turned away at the gate; what it sends is read."""
    if "sudo" in CLASSES[str(operation)]:
        return
    path = programs.path(operation)
    answer = programs["olga, unverified"].send(operation.method, path, {"data": {"attributes": {}}})

    assert answer.status in (200, 422)


def test_a_token_may_always_revoke_itself(programs):
    path = f"{API}/authentication-tokens/{programs.places.unverified_token}"

    assert programs["olga, unverified"].send("DELETE", path).status == 204
