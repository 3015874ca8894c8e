"""Create the people of a site, and their organization, inside the site's process."""

import hashlib
import secrets
from importlib import import_module
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from benchmarks.sites import ORGANIZATION, PASSWORD, PEERS, Person, address_of


def make(site: str, number: int) -> tuple[list[Person], str]:
    """Create and return the people, and a token of the first, who owns the organization of all.

    Peers have neither organizations nor tokens: "". Imports are late: the models of a site can be imported in
    its own process only.
    """
    names = [f"user{index:04}" for index in range(number)]
    if site in {peer.name for peer in PEERS}:
        of_peer = getattr(import_module("benchmarks.peers.people"), f"of_{site}")
        return of_peer(names), ""
    return {"product": people_of_product, "floor": people_of_floor}[site](names)


def people_of_floor(names: list[str]) -> tuple[list[Person], str]:
    user_model = import_module("django.contrib.auth.models").User
    models = import_module("benchmarks.floor.models")
    organization = models.Organization.objects.create(
        name=ORGANIZATION, email="bench@example.com", policy="two_factor_mandatory", members=len(names)
    )
    people = []
    for index, name in enumerate(names):
        user = user_model.objects.create(
            username=name, email=f"{name}@example.com", password=make_password(PASSWORD)
        )
        device = models.Authenticator.objects.create(user=user, secret=secrets.token_hex(20))
        models.Membership.objects.create(
            organization=organization,
            user=user,
            username=name,
            status="active",
            is_owner=index == 0,
            two_factor=True,
        )
        people.append(Person(name, device.secret, address_of(index)))
    token = secrets.token_urlsafe(64)
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    models.Token.objects.create(user=user_model.objects.get(username=names[0]), token_hash=token_hash)
    return people, token


def people_of_product(names: list[str]) -> tuple[list[Person], str]:
    """Create enrolled people in one organization, which requires two-factor and is owned by the first."""
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
    users[0].refresh_from_db()
    _token, secret = import_module("accounts.tokens.issuing").create(
        users[0],
        description="bench",
        expires_at=None,
        verified=True,
        actor=import_module("accounts.audit.actor").Actor.command(),
    )
    return people, str(secret)


def enrol(user: Any) -> str:
    factor = import_module("accounts.factors").get("app")
    two_factor = import_module("accounts.two_factor.enrolment")
    totp = import_module("accounts.factors.totp.factor")
    with transaction.atomic():
        state = factor.begin_enrolment(user)
        secret = totp.secret_of(factor.device_model.objects.get(pk=state["device_id"])).hex()
        assert factor.complete_enrolment(user, Person("", secret, "").code(), state)
        two_factor.switch_on(user, factor.level)
    return str(secret)


def found(users: list[Any]) -> None:
    models = import_module("organizations.models")
    actor = import_module("accounts.audit.actor").Actor.command()
    lifecycle = import_module("organizations.lifecycle")
    policy = import_module("organizations.policy.two_factor")
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
            two_factor_level=user.level,
        )
        for user in users[1:]
    )
    import_module("organizations.management.doctor").recount()
    policy.set_auth_policy(organization, models.AuthPolicy.TWO_FACTOR_MANDATORY, actor=actor)
