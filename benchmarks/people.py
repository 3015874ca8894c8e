"""Makes the people of both sites, and the organization of the product. Runs inside the site's process."""

import secrets
from importlib import import_module
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from benchmarks.sites import ORGANIZATION, PASSWORD, Person


def make(site: str, number: int) -> list[Person]:
    """The models of a site can be imported in its own process only, hence so late."""
    maker = {"product": people_of_product, "floor": people_of_floor}[site]
    return maker([f"user{index:04}" for index in range(number)])


def address_of(index: int) -> str:
    return f"10.1.{index // 250}.{index % 250 + 1}"


def people_of_floor(names: list[str]) -> list[Person]:
    user_model = import_module("django.contrib.auth.models").User
    authenticator = import_module("benchmarks.floor.models").Authenticator
    people = []
    for index, name in enumerate(names):
        user = user_model.objects.create(username=name, password=make_password(PASSWORD))
        device = authenticator.objects.create(user=user, secret=secrets.token_hex(20))
        people.append(Person(name, device.secret, address_of(index)))
    return people


def people_of_product(names: list[str]) -> list[Person]:
    """All of them enrolled, members of one organization that requires it, and owned by the first."""
    user_model = import_module("accounts.models").User
    users = []
    people = []
    for index, name in enumerate(names):
        user = user_model.objects.create_user(
            name, f"{name}@example.com", PASSWORD, email_confirmed_at=timezone.now()
        )
        users.append(user)
        people.append(Person(name, enrol(user), address_of(index)))
    found(users)
    return people


def enrol(user: Any) -> str:
    factor = import_module("accounts.factors").get("app")
    two_factor = import_module("accounts.two_factor")
    totp = import_module("accounts.factors.totp.factor")
    with transaction.atomic():
        state = factor.begin_enrolment(user)
        secret = totp.secret_of(factor.device_model.objects.get(pk=state["device_id"])).hex()
        assert factor.complete_enrolment(user, Person("", secret, "").code(), state)
        two_factor.switch_on(user)
    return str(secret)


def found(users: list[Any]) -> None:
    models = import_module("organizations.models")
    actor = import_module("accounts.audit").Actor.command()
    lifecycle = import_module("organizations.lifecycle")
    policy = import_module("organizations.policy")
    organization = lifecycle.create_organization(
        ORGANIZATION, "bench@example.com", owner=users[0], actor=actor
    )
    models.Membership.objects.bulk_create(
        models.Membership(
            organization=organization,
            user=user,
            username=user.username,
            status=models.Membership.Status.ACTIVE,
            joined_at=timezone.now(),
            two_factor_enabled=True,
        )
        for user in users[1:]
    )
    import_module("organizations.doctor").recount()
    policy.set_auth_policy(organization, models.AuthPolicy.TWO_FACTOR_MANDATORY, actor=actor)
