"""Create those who use the product under load, inside its process: python -m benchmarks.load.inside PEOPLE

Print them as JSON. Ten people are a team, which is an organization. The first of each owns it, the second has
no two-factor, the others are enrolled. All who are enrolled are in one more organization, which requires it.
"""

import json
import logging
import sys
from dataclasses import asdict
from datetime import timedelta
from importlib import import_module
from typing import Any

import django
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.utils import timezone

from benchmarks.people import enrol, found
from benchmarks.sites import PASSWORD, Person

TEAM = 10  # people
OWNER, NEWCOMER, PROGRAMMER = 0, 1, 2  # places in a team


def main(number: int) -> None:
    django.setup()
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    user_model = import_module("accounts.models").User
    encoded, long_ago = make_password(PASSWORD), timezone.now() - timedelta(days=100)
    users, people = [], []
    for index in range(number):
        name = f"user{index:04}"
        user = user_model(username=name, email=f"{name}@example.com", password=encoded, date_joined=long_ago)
        user.email_confirmed_at = long_ago
        user.save()
        secret = "" if index % TEAM == NEWCOMER else enrol(user)
        users.append(user_model.objects.get(pk=user.pk))
        people.append(Person(name, secret, f"10.{3 + index // 250}.{index % 250}.1"))
    found([user for user in users if user.is_enrolled])
    for start in range(0, number, TEAM):
        make_team(f"team-{start // TEAM:03}", users[start : start + TEAM])
    import_module("organizations.models").Organization.objects.update(created_at=long_ago)
    import_module("organizations.management.doctor").recount()
    print(json.dumps([asdict(person) for person in people]))


def make_team(name: str, users: list[Any]) -> None:
    models = import_module("organizations.models")
    create = import_module("organizations.lifecycle").create_organization
    actor = import_module("accounts.audit.actor").Actor.command()
    team = create(name, "team@example.com", owner=users[OWNER], actor=actor)
    models.Membership.objects.bulk_create(
        models.Membership(
            organization=team,
            user=user,
            username=user.username,
            address_key=user.email,
            status=models.Membership.Status.ACTIVE,
            joined_at=timezone.now(),
            two_factor_enabled=user.is_enrolled,
            two_factor_level=user.level,
        )
        for user in users[1:]
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
