"""Nonsense sent to every operation of the API: 4xx in the form of JSON:API, at once, and nothing is changed.

Operations are found in the URLconf (routes.py), and what they take in docs/openapi.yaml, so that a new one is
spoilt without anybody remembering. What one parser does for all of them is shown once.
"""

import json
import re
import time
from urllib.parse import quote

import pytest

from accounts.jsonapi.errors import ApiError
from accounts.jsonapi.parsing import parse
from accounts.models.public_ids import public_id
from tests.api.clients import API, body_of
from tests.api.described import attributes_of, parameters_of
from tests.api.malformed import (
    LONG,
    MALFORMED,
    NO_DOCUMENT,
    SECRET,
    SOME_MALFORMED,
    VALUES,
    WRONG_MEDIA,
    document_with,
    nested,
    with_attributes,
)
from tests.api.needs import (
    ATTRIBUTES,
    EMPTY_FOR_OTHERS,
    ENOUGH,
    FLAGS,
    NEEDING_NO_ATTRIBUTES,
    NEEDING_NO_BODY,
    READING,
    RIGHT,
    TAKING,
    TAKING_NULL,
    WITH_ARGUMENTS,
    ids,
)
from tests.api.routes import OPERATIONS
from tests.support.crawl_programs import MOST_SECONDS, complaints, programs
from tests.support.organizations import membership_of
from tests.test_bad_input import NO_NAMES, NONSENSE

pytestmark = pytest.mark.django_db

__all__ = ["programs"]


# ---------------------------------------------------------------- the kernel alone


def test_what_is_json_and_can_be_kept_is_read():
    for text in ['{"a": "\\ud83d\\ude00"}', '{"a": "\\\\u0000"}', '{"a": 1e10}', '"\\u0001"', nested(200)]:
        assert parse(text.encode()) == json.loads(text)


@pytest.mark.parametrize("what", MALFORMED)
def test_ap_08_what_is_malformed_is_refused_at_once(what):
    body = body_of(MALFORMED[what])
    began = time.process_time()

    with pytest.raises(ApiError) as refused:
        parse(body)

    assert refused.value.status == 400
    assert time.process_time() - began < MOST_SECONDS


# ---------------------------------------------------------------- bodies


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_ap_08_malformed_bodies_change_nothing(programs, operation):
    program, path = programs.who_may(operation), programs.path(operation)
    wrong = []

    for what in SOME_MALFORMED:
        answer = program.send(operation.method, path, MALFORMED[what])
        wrong += complaints(answer, what, statuses=[400])

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_ap_08_what_is_no_document_changes_nothing(programs, operation):
    if str(operation) in NEEDING_NO_BODY:
        return
    program, path = programs.who_may(operation), programs.path(operation)
    wrong = []

    for what, body in NO_DOCUMENT.items():
        wrong += complaints(program.send(operation.method, path, body), what, statuses=[422])

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_ap_08_long_bodies_are_refused_unread(programs, operation):
    program, path = programs.who_may(operation), programs.path(operation)
    body = with_attributes('{"email": "' + "x" * LONG + '"}')

    assert list(complaints(program.send(operation.method, path, body), "2 MiB", statuses=[413])) == []


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_a_body_just_over_what_is_read_is_too_long(programs, operation):
    """Between what Django reads and what is refused by its length alone."""
    program, path = programs.who_may(operation), programs.path(operation)
    body = with_attributes('{"email": "' + "x" * (1024 * 1024 + 10) + '"}')

    assert list(complaints(program.send(operation.method, path, body), "1 MiB", statuses=[413])) == []


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_ap_07_text_is_not_read(programs, operation):
    answer = programs.who_may(operation).send(
        operation.method, programs.path(operation), with_attributes('{"description": "x"}'), "text/plain"
    )

    assert list(complaints(answer, "text/plain", statuses=[415])) == []


@pytest.mark.parametrize("media_type", WRONG_MEDIA)
def test_ap_07_other_media_types_are_not_read(programs, media_type):
    body = document_with(email="new@example.com")

    answer = programs["olga"].send("PATCH", f"{API}/account/update", body, media_type)

    assert list(complaints(answer, media_type, statuses=[415])) == []


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.api+json",
        "application/json",
        "application/vnd.api+json; charset=utf-8",
        "application/vnd.api+json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "Application/VND.API+JSON",
    ],
)
def test_ap_07_json_is_read_however_it_is_written(programs, media_type):
    body = document_with(email="new@example.com")

    assert programs["olga"].send("PATCH", f"{API}/account/update", body, media_type).status == 200


def test_one_attribute_in_two_spellings_is_refused(programs):
    body = with_attributes('{"session-timeout": 60, "session_timeout": 90}')

    answer = programs["olga"].send("PATCH", f"{API}/organizations/open", body)

    assert list(complaints(answer, "two spellings", statuses=[400])) == []


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_members_of_wrong_types_change_nothing(programs, operation):
    program, path = programs.who_may(operation), programs.path(operation)
    needs_none = str(operation) in NEEDING_NO_BODY
    any_type = str(operation) in NEEDING_NO_ATTRIBUTES
    wrong = []

    for member in ["attributes", "relationships"]:
        for value in [True, 7, "x", [], ["x"], [{}]]:
            answer = program.send(operation.method, path, {"data": {member: value}})
            wrong += complaints(answer, f"{member}: {value}", harmless=needs_none)
    for kind in ["other", "", 7, None, [], {}, ["users"]]:
        sent = {"data": {"type": kind, "id": "other", "attributes": {}}}
        answer = program.send(operation.method, path, sent)
        harmless = needs_none or (any_type and not kind) or answer.changed == []
        wrong += complaints(answer, f"type {kind}", harmless=harmless)
        if not (needs_none or kind is None or isinstance(kind, str)):
            assert answer.status == 422, kind

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_af2_an_empty_type_is_as_good_as_none(programs, operation):
    program, path = programs.who_may(operation), programs.path(operation)
    least, is_list = ENOUGH.get(str(operation), {}), "/relationships/" in operation.template
    if is_list:
        un_owned, owned = programs.stage.max, programs.stage.una
        who = owned if operation.method == "DELETE" else un_owned
        by_name = operation.template.endswith("/users")
        least = {"id": who.username if by_name else public_id("ou", membership_of(who, "open").pk)}

    for kind in ({}, {"type": ""}, {"type": None}, {"type": "", "attributes": {}} if not least else {}):
        sent = least | kind
        answer = program.send(operation.method, path, {"data": [sent] if is_list else sent})
        assert answer.status < 300, (kind, answer.text)


def needed_by(operation):
    _taken, needed = attributes_of(operation)
    return {name: RIGHT[name] for name in needed}


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_attributes_of_wrong_types_change_nothing(programs, operation):
    """Each that it takes, in turn, while the others are right."""
    program, path = programs.who_may(operation), programs.path(operation)
    (taken, _), right = attributes_of(operation), needed_by(operation)
    wrong = []

    for name in sorted(taken):
        for value in VALUES:
            answer = program.send(operation.method, path, document_with(**right | {name: value}))
            right_type = (value is None and name in TAKING_NULL) or (value is True and name in FLAGS)
            harmless = not answer.changed or right_type
            harmless |= name == "description" and (value is None or len(str(value)) < 2)
            wrong += complaints(answer, f"{name}: {str(value)[:30]}", harmless=harmless)

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_attributes_that_it_does_not_take_are_ignored_or_refused(programs, operation):
    """All of them at once, and what can only be read. Those of its own document are refused by name.

    Of others the same comes as without them.
    """
    program, path = programs.who_may(operation), programs.path(operation)
    (taken, _), right = attributes_of(operation), needed_by(operation)
    others = ATTRIBUTES - taken
    without = program.send(operation.method, path, document_with(**right))

    assert without.status < 300 or not right
    for value in VALUES:
        sent = document_with(**right | dict.fromkeys(others, value))
        answer = program.send(operation.method, path, sent)

        assert answer.seconds < MOST_SECONDS
        if answer.status == 422 and without.status < 300:
            pointers = {error["source"]["pointer"] for error in answer.response.json()["errors"]}
            assert pointers <= {f"/data/attributes/{name}" for name in others}
            assert answer.changed == []
        else:
            assert (answer.status, answer.changed) == (without.status, without.changed), str(value)[:30]


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_relationships_of_wrong_types_change_nothing(programs, operation):
    if str(operation) in NEEDING_NO_BODY:
        return
    program, path = programs.who_may(operation), programs.path(operation)
    wrong = []

    for data in [None, True, 7, "x", {}, [None], [7], ["x"], [{}], [[]], [{"id": 7}], [{"id": None}]]:
        for sent in ({"data": data}, {"data": {"relationships": {"teams": {"data": data}}}}):
            answer = program.send(operation.method, path, sent)
            nothing_needed = str(operation) in NEEDING_NO_ATTRIBUTES and isinstance(sent["data"], dict)
            harmless = nothing_needed or answer.changed == []
            wrong += complaints(answer, json.dumps(sent), harmless=harmless)
    for many in [[{"type": "users", "id": "x"}] * 10_000, [{"type": "users", "id": "x" * 100_000}]]:
        answer = program.send(operation.method, path, {"data": many})
        wrong += complaints(answer, "many or long ids")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("operation", TAKING, ids=ids(TAKING))
def test_secrets_are_not_repeated(programs, operation):
    """Neither the password that somebody sent to a wrong place, nor the token."""
    program, path = programs.who_may(operation), programs.path(operation)
    sent = {"data": {"type": SECRET, "id": SECRET, "attributes": dict.fromkeys(ATTRIBUTES, SECRET)}}

    for body in [
        sent,
        json.dumps(sent)[:-1],
        {"data": {"attributes": {name: [SECRET] for name in ATTRIBUTES}}},
    ]:
        answer = program.send(operation.method, path, body)

        assert answer.status < 300 or SECRET not in answer.text
        assert program.secret not in answer.text


# ---------------------------------------------------------------- paths and queries


@pytest.mark.parametrize("operation", WITH_ARGUMENTS, ids=ids(WITH_ARGUMENTS))
def test_spoilt_paths_lead_nowhere(programs, operation):
    program, wrong = programs.who_may(operation), []

    for name in operation.arguments:
        for value in [
            *NO_NAMES,
            "%00",
            "%EF%BB%BF",
            "user-1",
            "team-0000000000000000",
            "..",
            "%2F",
            "x" * 5000,
        ]:
            path = programs.path(operation, **{name: value})
            answer = program.send(operation.method, path, document_with(description="x"))
            statuses = [400, 404, 405]  # 405: what is left of "." and ".." is another endpoint
            harmless = str(operation) in EMPTY_FOR_OTHERS
            wrong += complaints(answer, path[:100], statuses=statuses, harmless=harmless)

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("operation", READING, ids=ids(READING))
def test_ap_13_unknown_includes_and_pages_are_refused(programs, operation):
    program, path = programs.who_may(operation), programs.path(operation)
    wrong = []

    for include in [
        "nonsense",
        "user.user",
        "user,user.nonsense",
        "organization.memberships",
        quote("\u202e"),
    ]:
        answer = program.get(f"{path}?include={include}")
        wrong += complaints(answer, f"include={include}", statuses=[400])
    # Where there are no pages, nobody looks which one is asked for.
    page = program.get(f"{path}?page[number]=1&page[size]=1").text
    for name, has_it in [
        ("page[number]", '"pagination":' in page),
        ("page[size]", '"pagination":' in page),
        ("page[after]", "page%5Bafter%5D=" in page),
    ]:
        assert has_it == (name in parameters_of(operation)), name
        for value in ["-1", "0", "x", "1.5", "9" * 5000, quote("١"), "%00", "%ED%A0%80", "1e3", "+1"]:
            answer = program.get(f"{path}?{name}={value}")
            wrong += complaints(answer, f"{name}={value[:20]}", harmless=not has_it)
    for value in ["1000000000", "101"]:
        answer = program.get(f"{path}?page[size]={value}&page[number]=1")
        wrong += complaints(answer, f"page[size]={value}", statuses=range(200, 300))

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("operation", READING, ids=ids(READING))
def test_spoilt_queries_do_no_harm(programs, operation):
    program, path = programs.who_may(operation), programs.path(operation)
    read = parameters_of(operation)
    unread = {
        "token",
        "filter[is_service_account]",
        *(name for one in OPERATIONS for name in parameters_of(one)),
    } - read
    wrong = []

    for what, raw in NONSENSE.items():
        for names in [*([name] for name in sorted(read)), sorted(unread)]:
            query = "&".join(f"{quote(name)}={raw}" for name in names)
            wrong += complaints(program.get(f"{path}?{query}"), f"{names}: {what}", harmless=True)
    for what, query in [("300 fields", "a=b&" * 300), ("a strange name", "%ED%A0%80=1"), ("nothing", "&&=&")]:
        wrong += complaints(program.get(f"{path}?{query}"), what, harmless=True)

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("operation", READING, ids=ids(READING))
def test_a_get_does_not_read_what_it_is_sent(programs, operation):
    program, path = programs.who_may(operation), programs.path(operation)

    assert program.send("GET", path, b"[" * 100_000).status in (200, 204, 404)


def test_the_walk_finds_the_operations_and_names_no_other():
    everything = set(ids(OPERATIONS))

    assert len(TAKING) >= 15
    assert len(ATTRIBUTES) >= 50
    assert sum(len(attributes_of(operation)[0]) for operation in TAKING) >= 20
    assert sum(len(parameters_of(operation)) for operation in READING) >= 20
    assert everything >= NEEDING_NO_BODY
    assert all(re.match(r"(GET|POST|PUT|PATCH|DELETE) /", name) for name in everything)
