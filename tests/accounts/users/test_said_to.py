"""Broken rules speak to the person who reads them: to an administrator, not of "you"."""

import re

import pytest
from django.core.management import CommandError, call_command

from accounts.exceptions import RuleViolation
from accounts.models.public_ids import public_id
from tests.api.clients import api_client
from tests.support.people import PASSWORD
from tests.support.two_factor import text_of

YOU = re.compile(r"\b(you|your|yours)\b", re.IGNORECASE)

# Said only to the one who acts, about what that person does: no door for others reaches them.
TO_WHO_ACTS = {
    "EmailNotConfirmed",
    "LastMethod",
    "MayNotPause",
    "NoLongerAllowed",
    "NotShown",
    "NotYoursToInvite",
    "NothingToConfirm",
    "OutlivesMaker",
    "OwnershipChanged",
    "RightsChanged",
    "TooManyTokens",
    "UnknownUser",
    "Workbook",
    "WrongPassword",
}


def kinds(cls=RuleViolation):
    for kind in cls.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_pf9_a_rule_that_says_you_says_it_to_the_right_person():
    speaking = {kind.__name__ for kind in kinds() if YOU.search(str(kind.message)) and not kind.to_others}

    assert speaking == TO_WHO_ACTS


def refused_by_command(name, *options):
    with pytest.raises(CommandError) as error:
        call_command("disable_two_factor", name, "--reason", "lost the phone", *options)
    return str(error.value)


def by_command(stage):
    return refused_by_command("oscar")


def by_admin(stage):
    path = f"/admin/accounts/user/{stage.oscar.pk}/act/disable-two-factor/"
    response = stage.browser("root").post(path, {"reason": "lost the phone"})
    assert response.status_code == 422
    return text_of(response)


def by_api(stage):
    client = api_client(stage.root)
    response = client.post(f"/admin/users/{public_id('user', stage.oscar.pk)}/actions/disable_two_factor")
    assert response.status_code == 422
    return response.json()["errors"][0]["detail"]


@pytest.mark.parametrize("door", [by_command, by_admin, by_api])
def test_pf9_an_administrator_is_told_of_the_owner_and_of_the_way_out(stage, door):
    said = door(stage)

    assert "oscar owns fort, an organization that requires two-factor authentication." in said
    assert "manage.py disable_two_factor oscar --break-glass --reason TEXT" in said
    assert "You own" not in said
    assert "your device" not in said
    stage.oscar.refresh_from_db()
    assert stage.oscar.is_enrolled


def test_pf9_the_owner_is_told_what_an_owner_can_do(stage):
    response = stage.browser("oscar").post("/app/settings/two-factor/disable", {"password": PASSWORD})

    assert response.status_code == 422
    assert "You own organizations that require" in text_of(response)
    assert "manage.py" not in text_of(response)


@pytest.mark.parametrize(
    ("command", "password"),
    [
        (("changepassword", "olga", "--noinput"), "olga olga olga olga"),
        (("changepassword", "olga", "--noinput"), "short"),
        (
            ("createsuperuser", "--noinput", "--username", "rosa", "--email", "r@x.org"),
            "password password",
        ),
    ],
)
def test_pf9_a_command_speaks_of_the_password_and_not_of_yours(stage, monkeypatch, command, password):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)

    with pytest.raises(CommandError) as error:
        call_command(*command)

    assert not YOU.search(str(error.value)), error.value


def test_pf9_what_an_administrator_may_not_do_is_said_to_the_administrator(stage):
    path = f"/admin/accounts/user/{stage.root.pk}/act/deactivate/"

    response = stage.browser("root").post(path, {"reason": "left"})

    assert response.status_code == 422
