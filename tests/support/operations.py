"""What people and site admins do to accounts, each as a scene that can be played again and again."""

import itertools
import re
from dataclasses import dataclass
from typing import Any

from django.core import mail
from django.test import Client

from accounts.factors.backup_codes.models import BackupCode, BackupCodeSet
from accounts.factors.totp.models import TOTPDevice
from accounts.models import ApiToken, RememberedBrowser, Session, SiteInvitation, User
from accounts.models.public_ids import public_id
from tests.api.clients import api_client, document
from tests.support import people
from tests.support.organizations import enrolled, found

NEW_PASSWORD = "another long password 43"
serial = itertools.count(1)


@dataclass
class Scene:
    """One person in a state from which the operation can be done, and how to see whether it was."""

    user: Any
    act: Any  # () -> response
    is_done: Any  # () -> bool
    event: str  # what records it
    events: int = 1  # how often


def somebody(**fields):
    return people.make_user(f"user{next(serial)}", **fields)


def browser_of(user, app=None):
    client = people.sign_in(user, app)
    client.raise_request_exception = False
    return client


def enrolled_somebody():
    """(user, application)"""
    user = somebody()
    return user, enrolled(user)


def pending_somebody():
    """(user, application, a browser that has shown the password and is asked for a code)"""
    user, app = enrolled_somebody()
    client = Client(raise_request_exception=False)
    people.post_password(client, user)
    return user, app, client


def start_enrolment():
    user = somebody()
    client = browser_of(user)
    return Scene(
        user,
        lambda: client.post(f"{people.TWO_FACTOR}/enable", {"method": "app"}),
        lambda: TOTPDevice.objects.filter(user=user).exists(),
        "two_factor.started",
    )


def confirm_enrolment():
    user = somebody()
    client = browser_of(user)
    app = people.Authenticator(user, people.start_enrolment(client))
    return Scene(
        user,
        lambda: client.post(f"{people.TWO_FACTOR}/confirm", {"code": app.code()}),
        lambda: TOTPDevice.objects.filter(user=user, confirmed=True).exists(),
        "two_factor.enabled",
    )


def login():
    user, app, client = pending_somebody()
    code = app.fresh_code()
    return Scene(
        user,
        lambda: client.post("/session/two-factor", {"code": code}),
        lambda: Session.objects.filter(user=user, created_at__gt=user.two_factor_enabled_at).exists(),
        "login.succeeded",
    )


def login_with_recovery_code():
    user, app, client = pending_somebody()
    return Scene(
        user,
        lambda: client.post("/session/two-factor-recovery", {"code": app.codes[0]}),
        lambda: BackupCode.objects.filter(code_set__user=user, used_at__isnull=False).exists(),
        "login.succeeded",
    )


def disable():
    user, app = enrolled_somebody()
    client = browser_of(user, app)
    return Scene(
        user,
        lambda: client.post(f"{people.TWO_FACTOR}/disable", {"password": people.PASSWORD}),
        lambda: not TOTPDevice.objects.filter(user=user).exists(),
        "two_factor.disabled",
    )


def replace():
    user, app = enrolled_somebody()
    client = browser_of(user, app)
    old = TOTPDevice.objects.get(user=user).pk
    client.post(f"{people.TWO_FACTOR}/app/replace")
    new = people.Authenticator(user, people.key_on(client.get(f"{people.TWO_FACTOR}/confirm")))
    return Scene(
        user,
        lambda: client.post(f"{people.TWO_FACTOR}/confirm", {"code": new.code()}),
        lambda: not TOTPDevice.objects.filter(pk=old).exists(),
        "two_factor.replaced",
    )


def renew():
    user, app = enrolled_somebody()
    client = browser_of(user, app)
    old = BackupCodeSet.objects.get(user=user).pk
    return Scene(
        user,
        lambda: client.post(f"{people.TWO_FACTOR}/renew-codes"),
        lambda: not BackupCodeSet.objects.filter(pk=old).exists(),
        "backup_codes.renewed",
    )


def remember(user, app):
    """A browser that is remembered, and signed out."""
    client = Client(raise_request_exception=False)
    people.post_password(client, user)
    client.post("/session/two-factor", {"code": app.fresh_code(), "remember": "on"})
    client.post("/session/logout")
    return client


def login_and_remember():
    user, app, client = pending_somebody()
    code = app.fresh_code()
    return Scene(
        user,
        lambda: client.post("/session/two-factor", {"code": code, "remember": "on"}),
        lambda: RememberedBrowser.objects.filter(user=user).exists(),
        "browser.remembered",
    )


def login_of_a_remembered_browser():
    user, app = enrolled_somebody()
    client = remember(user, app)
    return Scene(
        user,
        lambda: people.post_password(client, user),
        lambda: Session.objects.filter(user=user, factor="remembered").exists(),
        "login.succeeded",
    )


def forget_browsers():
    user, app = enrolled_somebody()
    remember(user, app)
    client = browser_of(user, app)
    return Scene(
        user,
        lambda: client.post("/app/settings/sessions/remembered/forget"),
        lambda: not RememberedBrowser.objects.filter(user=user).exists(),
        "browser.forgotten",
    )


def end_session():
    user = somebody()
    other, client = browser_of(user), browser_of(user)
    row = Session.objects.filter(user=user).earliest("id")
    assert other
    return Scene(
        user,
        lambda: client.post(f"/app/settings/sessions/{row.pk}/end"),
        lambda: not Session.objects.filter(pk=row.pk).exists(),
        "session.ended",
    )


def end_other_sessions():
    user = somebody()
    client = [browser_of(user) for _ in range(3)][-1]
    return Scene(
        user,
        lambda: client.post("/app/settings/sessions/end-others"),
        lambda: Session.objects.filter(user=user).count() == 1,
        "session.others_ended",
    )


def create_token():
    user = somebody()
    client = browser_of(user)
    return Scene(
        user,
        lambda: client.post("/app/settings/tokens/create", {"description": "ci", "expires": "90"}),
        lambda: ApiToken.objects.filter(owner=user).exists(),
        "token.created",
    )


def revoke_token():
    user = somebody()
    client = browser_of(user)
    client.post("/app/settings/tokens/create", {"description": "ci", "expires": "90"})
    token = ApiToken.objects.get(owner=user)
    return Scene(
        user,
        lambda: client.post(f"/app/settings/tokens/{token.pk}/revoke"),
        lambda: not ApiToken.objects.filter(owner=user).exists(),
        "token.revoked",
    )


def sign_up():
    username = f"newcomer{next(serial)}"
    client = Client(raise_request_exception=False)
    form = {"username": username, "email": f"{username}@example.com", "password": people.PASSWORD}
    return Scene(
        None,
        lambda: client.post("/account/new", form),
        lambda: User.objects.filter(username=username).exists(),
        "account.created",
    )


def change_password():
    user = somebody()
    client = browser_of(user)
    form = {"password": people.PASSWORD, "new_password": NEW_PASSWORD}
    return Scene(
        user,
        lambda: client.post("/app/settings/password", form),
        lambda: User.objects.get(pk=user.pk).check_password(NEW_PASSWORD),
        "password.changed",
    )


def reset_password():
    user = somebody()
    client = Client(raise_request_exception=False)
    client.post("/account/password/forgot", {"email": user.email})
    client.get(re.search(r"/account/password/reset/\S+", mail.outbox[-1].body)[0])
    return Scene(
        user,
        lambda: client.post("/account/password/reset", {"new_password": NEW_PASSWORD}),
        lambda: User.objects.get(pk=user.pk).check_password(NEW_PASSWORD),
        "password.reset",
    )


def delete_account():
    user, owner = somebody(), somebody()
    found(f"acme{next(serial)}", owner, members=[user])
    client = browser_of(user)
    return Scene(
        user,
        lambda: client.post("/app/settings/profile/delete", {"password": people.PASSWORD}),
        lambda: not User.objects.filter(pk=user.pk).exists(),
        "account.deleted",
    )


def change_password_over_the_api():
    user = somebody()
    program = api_client(user, raise_request_exception=False)
    sent = document(
        "users", current_password=people.PASSWORD, password=NEW_PASSWORD, password_confirmation=NEW_PASSWORD
    )
    return Scene(
        user,
        lambda: program.patch("/account/password", sent),
        lambda: User.objects.get(pk=user.pk).check_password(NEW_PASSWORD),
        "password.changed",
    )


def change_address_over_the_api():
    user = somebody()
    program = api_client(user, raise_request_exception=False)
    sent = document("users", username=user.username, email="new@example.com")
    return Scene(
        user,
        lambda: program.patch("/account/update", sent),
        lambda: User.objects.get(pk=user.pk).unconfirmed_email == "new@example.com",
        "email.change_requested",
    )


def reset_two_factor_over_the_api():
    user, staff = somebody(), somebody(is_staff=True, is_superuser=True)
    for one in (user, staff):
        enrolled(one)
    program = api_client(staff, raise_request_exception=False)
    path = f"/admin/users/{public_id('user', user.pk)}/actions/disable_two_factor"
    return Scene(
        user,
        lambda: program.post(path),
        lambda: not TOTPDevice.objects.filter(user=user).exists(),
        "two_factor.disabled",
    )


def an_administrator():
    """Return the browser of a superuser, and somebody else."""
    root = somebody(is_staff=True, is_superuser=True)
    return browser_of(root, enrolled(root)), somebody()


def act_of(action, is_done, event, **fields):
    client, user = an_administrator()
    path = f"/admin/accounts/user/{user.pk}/act/{action}/"
    return Scene(
        user,
        lambda: client.post(path, {"reason": "x", **fields}),
        lambda: is_done(User.objects.get(pk=user.pk)),
        event,
    )


def deactivate():
    return act_of("deactivate", lambda user: not user.is_active, "account.deactivated")


def change_rights():
    fields = {"is_staff": "on", "permissions": ["accounts.view_user", "accounts.change_user"]}
    return act_of(
        "rights",
        lambda user: user.is_staff and user.has_perm("accounts.change_user"),
        "account.rights_changed",
        **fields,
    )


def invite_to_the_site():
    root = somebody(is_staff=True, is_superuser=True)
    client = browser_of(root, enrolled(root))
    address = f"new{next(serial)}@example.com"
    return Scene(
        root,
        lambda: client.post("/admin/accounts/siteinvitation/invite/", {"addresses": address}),
        SiteInvitation.objects.filter(email=address).exists,
        "site_invitation.sent",
    )


def withdraw_an_invitation_to_the_site():
    root = somebody(is_staff=True, is_superuser=True)
    client = browser_of(root, enrolled(root))
    row = SiteInvitation.objects.create(email=f"new{next(serial)}@example.com")
    return Scene(
        root,
        lambda: client.post(f"/admin/accounts/siteinvitation/{row.pk}/withdraw/"),
        lambda: not SiteInvitation.objects.exists(),
        "site_invitation.withdrawn",
    )


OPERATIONS = [
    sign_up,
    change_password,
    reset_password,
    delete_account,
    start_enrolment,
    confirm_enrolment,
    login,
    login_with_recovery_code,
    disable,
    replace,
    renew,
    login_and_remember,
    login_of_a_remembered_browser,
    forget_browsers,
    end_session,
    end_other_sessions,
    create_token,
    revoke_token,
    change_password_over_the_api,
    change_address_over_the_api,
    reset_two_factor_over_the_api,
    deactivate,
    change_rights,
    invite_to_the_site,
    withdraw_an_invitation_to_the_site,
]
