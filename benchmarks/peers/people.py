"""Create the people of the peers' sites, inside the site's process: each with an app and backup codes."""

import base64
import secrets
from importlib import import_module
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

from benchmarks.sites import PASSWORD, Person, address_of


def make_user(name: str) -> Any:
    return User.objects.create(username=name, email=f"{name}@example.com", password=make_password(PASSWORD))


def of_two_factor(names: list[str]) -> list[Person]:
    totp = import_module("django_otp.plugins.otp_totp.models").TOTPDevice
    static = import_module("django_otp.plugins.otp_static.models")
    people = []
    for index, name in enumerate(names):
        user, secret = make_user(name), secrets.token_hex(20)
        totp.objects.create(user=user, name="default", key=secret)
        backup = static.StaticDevice.objects.create(user=user, name="backup")
        for _ in range(10):
            backup.token_set.create(token=static.StaticToken.random_token())
        people.append(Person(name, secret, address_of(index)))
    return people


def of_allauth(names: list[str]) -> list[Person]:
    addresses = import_module("allauth.account.models").EmailAddress
    totp = import_module("allauth.mfa.totp.internal.auth").TOTP
    recovery_codes = import_module("allauth.mfa.recovery_codes.internal.auth").RecoveryCodes
    people = []
    for index, name in enumerate(names):
        user, secret = make_user(name), secrets.token_bytes(20)
        addresses.objects.create(user=user, email=user.email, verified=True, primary=True)
        totp.activate(user, base64.b32encode(secret).decode())
        recovery_codes.activate(user)
        people.append(Person(name, secret.hex(), address_of(index)))
    return people
