"""Fail at the n-th write: each operation is broken once at each of its writes; it leaves all or nothing."""

import itertools
import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.factors.backup_codes.models import BackupCode, BackupCodeSet
from accounts.factors.totp.models import TOTPDevice
from accounts.models import ApiToken, AuditEvent, RememberedBrowser, Session, User
from accounts.models.public_ids import public_id
from organizations.models import AuthPolicy, Membership, Organization, OrganizationToken
from tests.api.clients import api_client, document
from tests.support import people
from tests.support.database import empty_tables
from tests.support.faults import fault_at
from tests.support.invariants import broken
from tests.support.organizations import enrolled, found

pytestmark = pytest.mark.django_db(transaction=True)

MOST_WRITES = 60
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


def acme(owner, *members):
    """(organization, browser of its owner)"""
    return found(f"acme{next(serial)}", owner, members=members), browser_of(owner)


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


def require():
    user, app = enrolled_somebody()
    organization = found(f"acme{next(serial)}", user)
    client = browser_of(user, app)
    url = f"/app/{organization.name}/settings/authentication/require-two-factor"
    mandatory = Organization.objects.filter(
        pk=organization.pk, collaborator_auth_policy=AuthPolicy.TWO_FACTOR_MANDATORY
    )
    return Scene(user, lambda: client.post(url), mandatory.exists, "organization.auth_policy_changed")


def add_owner():
    user, new_owner = somebody(), somebody()
    organization, client = acme(user, new_owner)
    membership = Membership.objects.get(user=new_owner)
    url = f"/app/{organization.name}/settings/users/{membership.pk}/make-owner"
    owner = Membership.objects.filter(pk=membership.pk, is_owner=True)
    return Scene(user, lambda: client.post(url), owner.exists, "organization.owner_added")


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


def refuse_personal_tokens():
    user = somebody()
    organization, client = acme(user)
    url = f"/app/{organization.name}/settings/authentication-tokens/personal/disable"
    refused = Organization.objects.filter(pk=organization.pk, user_tokens_enabled=False)
    return Scene(user, lambda: client.post(url), refused.exists, "organization.user_tokens_changed")


def update_user_sessions():
    user = somebody()
    organization, client = acme(user)
    url = f"/app/{organization.name}/settings/authentication/user-sessions"
    limited = Organization.objects.filter(pk=organization.pk, session_timeout=60, session_remember=120)
    return Scene(
        user,
        lambda: client.post(url, {"session_timeout": "60", "session_remember": "120"}),
        limited.exists,
        "organization.user_sessions_changed",
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


def replace_organization_token():
    user = somebody()
    organization, client = acme(user)
    url = f"/app/{organization.name}/settings/authentication-tokens/owners/create"
    client.post(url, {"expires": "90"})
    former = OrganizationToken.objects.get(organization=organization).pk
    present = OrganizationToken.objects.filter(organization=organization)
    return Scene(
        user,
        lambda: client.post(url, {"expires": "30"}),
        lambda: present.get().pk != former,
        "organization.token_created",
    )


def delete_organization_token():
    user = somebody()
    organization, client = acme(user)
    url = f"/app/{organization.name}/settings/authentication-tokens/organization"
    client.post(f"{url}/create", {"expires": "90"})
    present = OrganizationToken.objects.filter(organization=organization)
    return Scene(
        user,
        lambda: client.post(f"{url}/delete"),
        lambda: not present.exists(),
        "organization.token_revoked",
    )


def delete_organization():
    user = somebody()
    organization, client = acme(user)
    for kind in ("organization", "owners"):
        url = f"/app/{organization.name}/settings/authentication-tokens/{kind}/create"
        client.post(url, {"expires": "90"})
    url = f"/app/{organization.name}/settings/general/delete"
    return Scene(
        user,
        lambda: client.post(url, {"name": organization.name}),
        lambda: not Organization.objects.filter(pk=organization.pk).exists(),
        "organization.deleted",
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


def create_organization():
    user = somebody()
    client = browser_of(user)
    name = f"acme{next(serial)}"
    return Scene(
        user,
        lambda: client.post("/app/organizations/new", {"name": name, "email": user.email}),
        Organization.objects.filter(name=name, memberships__is_owner=True, counts__members=1).exists,
        "organization.created",
    )


def accept_invitation():
    user = somebody()
    organization, owner = acme(somebody())
    owner.post(f"/app/{organization.name}/settings/users/add", {"username": user.username})
    invitation, client = Membership.objects.get(user=user), browser_of(user)
    active = Membership.objects.active().filter(pk=invitation.pk)
    return Scene(
        user,
        lambda: client.post(f"/app/settings/organizations/{invitation.pk}/accept"),
        active.exists,
        "organization.invitation_accepted",
    )


def leave():
    user = somebody()
    organization = found(f"acme{next(serial)}", somebody(), members=[user])
    client = browser_of(user)
    return Scene(
        user,
        lambda: client.post(f"/app/{organization.name}/leave"),
        lambda: not Membership.objects.filter(user=user).exists(),
        "organization.member_left",
    )


def remove_member():
    user = somebody()
    organization, owner = acme(somebody(), user)
    membership = Membership.objects.get(user=user)
    return Scene(
        user,
        lambda: owner.post(f"/app/{organization.name}/settings/users/{membership.pk}/remove"),
        lambda: not Membership.objects.filter(user=user).exists(),
        "organization.member_removed",
    )


def remove_owner_with_tokens():
    """The owner, a token, an invitation, three records and two rows of mail: all of it or nothing."""
    user = somebody()
    organization, owner = acme(somebody(), user)
    membership = Membership.objects.get(user=user)
    users = f"/app/{organization.name}/settings/users"
    owner.post(f"{users}/{membership.pk}/make-owner")
    client = browser_of(user)
    client.post(f"/app/{organization.name}/settings/authentication-tokens/owners/create", {"expires": "90"})
    client.post(f"{users}/add", {"username": "someone@elsewhere.example"})
    left = [OrganizationToken.objects.filter(organization=organization), organization.memberships.invited()]
    wishes = {"end_tokens": "on", "revoke_invitations": "on"}
    return Scene(
        user,
        lambda: owner.post(f"{users}/{membership.pk}/remove", wishes),
        lambda: not any(rows.exists() for rows in [Membership.objects.filter(user=user), *left]),
        "organization.member_removed",
    )


def change_settings_over_the_api():
    """Three attributes in one request: three events, three rows of mail, and all of it or nothing."""
    user, _app = enrolled_somebody()
    organization = found(f"acme{next(serial)}", user)
    program = api_client(user, raise_request_exception=False)
    sent = {
        "email": "new@example.com",
        "collaborator_auth_policy": AuthPolicy.TWO_FACTOR_MANDATORY.value,
        "session_timeout": 60,
    }
    untouched = Organization.objects.filter(
        pk=organization.pk,
        email=organization.email,
        collaborator_auth_policy="password",
        session_timeout=None,
    )
    return Scene(
        user,
        lambda: program.patch(f"/organizations/{organization.name}", document("organizations", **sent)),
        lambda: not untouched.exists(),
        "organization.user_sessions_changed",
    )


def add_owners_over_the_api():
    """Two new owners in one request."""
    user, *others = (somebody() for _ in range(3))
    organization = found(f"acme{next(serial)}", user, members=others)
    program = api_client(user, raise_request_exception=False)
    sent = {"data": [{"type": "users", "id": other.username} for other in others]}
    team = public_id("team", organization.pk)
    owners = Membership.objects.owners().filter(organization=organization)
    return Scene(
        user,
        lambda: program.post(f"/teams/{team}/relationships/users", sent),
        lambda: owners.count() != 1,
        "organization.owner_added",
        events=2,
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


OPERATIONS = [
    sign_up,
    change_password,
    reset_password,
    delete_account,
    create_organization,
    accept_invitation,
    leave,
    remove_member,
    remove_owner_with_tokens,
    start_enrolment,
    confirm_enrolment,
    login,
    login_with_recovery_code,
    disable,
    replace,
    renew,
    require,
    add_owner,
    login_and_remember,
    login_of_a_remembered_browser,
    forget_browsers,
    end_session,
    end_other_sessions,
    update_user_sessions,
    refuse_personal_tokens,
    change_settings_over_the_api,
    add_owners_over_the_api,
    create_token,
    revoke_token,
    replace_organization_token,
    delete_organization_token,
    delete_organization,
    change_password_over_the_api,
    change_address_over_the_api,
    reset_two_factor_over_the_api,
    deactivate,
    change_rights,
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_f23_all_or_nothing_at_each_write(operation):
    for number in range(1, MOST_WRITES):
        empty_tables()  # the budgets, too: all of them come from one address
        scene = operation()
        last = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
        was_done = scene.is_done()

        with fault_at(number) as fault:
            response = scene.act()

        recorded = AuditEvent.objects.filter(id__gt=last, event=scene.event).count()
        where = f"write {number} of {operation.__name__}: {fault.statement}"
        assert not was_done
        assert broken() == [], where
        assert recorded == (scene.events if scene.is_done() else 0), where
        if response.status_code < 400:
            assert scene.is_done(), f"{where} was answered with {response.status_code}"
        if not fault.struck:
            assert response.status_code < 400
            assert number > 1, "nothing was written: this test broke nothing"
            return
    pytest.fail(f"more than {MOST_WRITES} writes")


@pytest.mark.parametrize("operation", [login, login_with_recovery_code])
def test_tf4_i4_no_session_without_its_consumption(operation):
    for number in range(1, MOST_WRITES):
        empty_tables()
        scene = operation()
        user = scene.user

        with fault_at(number) as fault:
            scene.act()

        logins = Session.objects.filter(user=user, created_at__gt=user.two_factor_enabled_at)
        by_app = TOTPDevice.objects.filter(user=user, last_used_at__isnull=False)
        by_paper = BackupCode.objects.filter(code_set__user=user, used_at__isnull=False)
        assert logins.count() == by_app.count() + by_paper.count(), f"write {number}: {fault.statement}"
        if not fault.struck:
            assert logins.count() == 1
            return
    pytest.fail(f"more than {MOST_WRITES} writes")
