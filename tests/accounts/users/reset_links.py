"""Asking for a link to a new password, and using it."""

from django.test import Client

from tests.support.mails import link_in
from tests.support.people import PASSWORD

NEW = "an entirely different sentence"
FORGOT = "/account/password/forgot"
RESET = "/account/password/reset"
CHANGE = "/app/settings/password"


def forgot(email="alice@example.com", client=None, **headers):
    return (client or Client()).post(FORGOT, {"email": email}, headers=headers)


def reset(mail, new=NEW, client=None):
    client = client or Client()
    client.get(link_in(mail, f"{RESET}/"))
    return client.post(RESET, {"new_password": new})


def change(client, old=PASSWORD, new=NEW):
    return client.post(CHANGE, {"password": old, "new_password": new})
