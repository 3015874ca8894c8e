"""What owners and members do to organizations, each as a scene: see operations.py."""

from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent, User
from accounts.models.public_ids import public_id
from accounts.users import site_invitations
from organizations.members import invitations
from organizations.members.invitation_links import INVITATION
from organizations.models import AuthPolicy, InvitationBatch, Membership, Organization, OrganizationToken
from tests.api.clients import api_client, document
from tests.support.operations import Scene, browser_of, enrolled_somebody, serial, somebody
from tests.support.organizations import found
from tests.support.people import PASSWORD


def acme(owner, *members):
    """(organization, browser of its owner)"""
    return found(f"acme{next(serial)}", owner, members=members), browser_of(owner)


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


def refuse_personal_tokens():
    user = somebody()
    organization, client = acme(user)
    url = f"/app/{organization.name}/settings/authentication-tokens/personal/disable"
    refused = Organization.objects.filter(pk=organization.pk, user_tokens_enabled=False)
    return Scene(user, lambda: client.post(url), refused.exists, "organization.user_tokens_changed")


def export_audit_trail():
    user = somebody()
    organization, client = acme(user)
    url = f"/app/{organization.name}/settings/audit-trail/export"
    exported = AuditEvent.objects.filter(
        event="organization.audit_trail_exported", subject_id=organization.pk
    )
    return Scene(
        user,
        lambda: client.post(url, {"format": "csv"}),
        exported.exists,
        "organization.audit_trail_exported",
    )


def export_missing_members():
    user = somebody()
    organization, client = acme(user)
    url = f"/app/{organization.name}/settings/authentication/rehearsal/export"
    exported = AuditEvent.objects.filter(event="organization.missing_exported", subject_id=organization.pk)
    return Scene(
        user, lambda: client.post(url, {"methods": "app"}), exported.exists, "organization.missing_exported"
    )


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


def list_of_people(number):
    return "\n".join(f"{each}\tp{each}@example.org" for each in range(1, number + 1))


def start_list():
    """The list with its rows, and then each invitation with its row."""
    user = somebody()
    organization, owner = acme(user)
    lists = InvitationBatch.objects.filter(organization=organization)
    url = f"/app/{organization.name}/settings/users/invite/batches"
    sent = {"people": list_of_people(2), "key": "a" * 32}
    return Scene(user, lambda: owner.post(url, sent), lists.exists, "organization.invitations_started")


def started_list():
    """(its owner's browser, the list, its address): some of it is sent, and the rest waits"""
    user = somebody()
    organization, owner = acme(user)
    url = f"/app/{organization.name}/settings/users/invite/batches"
    owner.post(url, {"people": list_of_people(21), "key": "a" * 32})
    batch = InvitationBatch.objects.get(organization=organization)
    return user, owner, batch, f"{url}/{batch.pk}"


def stop_list():
    user, owner, batch, url = started_list()
    stopped = InvitationBatch.objects.filter(pk=batch.pk, state="stopped")
    return Scene(user, lambda: owner.post(f"{url}/stop"), stopped.exists, "organization.invitations_stopped")


def try_list_again():
    user, owner, batch, url = started_list()
    owner.post(f"{url}/stop")
    running = InvitationBatch.objects.filter(pk=batch.pk).exclude(state="stopped")
    return Scene(
        user, lambda: owner.post(f"{url}/try-again"), running.exists, "organization.invitations_started"
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


def accept_invitation_as_owner():
    """The membership, the owner, two records and the mails: all of it or nothing."""
    user = somebody()
    organization, _owner = acme(somebody())
    invitation = invitations.invite(organization, user.username, actor=Actor.command(), as_owner=True)
    client = browser_of(user)
    return Scene(
        user,
        lambda: client.post(f"/app/settings/organizations/{invitation.pk}/accept"),
        Membership.objects.owners().filter(pk=invitation.pk).exists,
        "organization.owner_added",
    )


def sign_up_by_invitation():
    """The account, its confirmed address, the invitation that it spends, and who gives the address up."""
    organization, _owner = acme(somebody())
    address = f"new{next(serial)}@example.com"
    somebody(email=address, email_confirmed_at=None)
    invitation = invitations.invite(organization, address, actor=Actor.command())
    return signing_up(address, INVITATION.token_for(invitation))


def sign_up_by_invitation_to_the_site():
    address = f"new{next(serial)}@example.com"
    invitation = site_invitations.invite_to_site(address, actor=Actor.command()).invitation
    return signing_up(address, site_invitations.SITE_INVITATION.token_for(invitation))


def signing_up(address, token):
    client = Client(raise_request_exception=False)
    client.get(f"/app/invitations/{token}")
    name = f"new{next(serial)}"
    sent = {"username": name, "email": address, "password": PASSWORD}
    confirmed = User.objects.filter(username=name, email_confirmed_at__isnull=False)
    return Scene(None, lambda: client.post("/account/new", sent), confirmed.exists, "account.created")


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


def leave_and_hand_over():
    """The next owner, the membership, two records and the mails: all of it or nothing."""
    user, other = somebody(), somebody()
    organization, client = acme(user, other)
    owners = organization.memberships.owners()
    return Scene(
        user,
        lambda: client.post(f"/app/{organization.name}/leave", {"successor": other.username}),
        lambda: [row.username for row in owners.all()] == [other.username],
        "organization.member_left",
    )


def deactivate_and_hand_over():
    """The account, the next owner, a token, an invitation, four records and the mails."""
    user, other = somebody(), somebody()
    organization, client = acme(user, other)
    client.post(f"/app/{organization.name}/settings/authentication-tokens/owners/create", {"expires": "90"})
    client.post(f"/app/{organization.name}/settings/users/add", {"username": "someone@elsewhere.example"})
    admin, app = enrolled_somebody()
    User.objects.filter(pk=admin.pk).update(is_staff=True, is_superuser=True)
    staff, page = browser_of(admin, app), f"/admin/accounts/user/{user.pk}/act/deactivate/"
    fields = {
        "reason": "has left",
        f"successor_{organization.pk}": other.username,
        "end_tokens": "on",
        "withdraw_invitations": "on",
    }
    left = [OrganizationToken.objects.filter(organization=organization), organization.memberships.invited()]
    return Scene(
        user,
        lambda: staff.post(page, fields),
        lambda: (
            not User.objects.get(pk=user.pk).is_active
            and organization.memberships.owners().count() == 2
            and not any(rows.exists() for rows in left)
        ),
        "account.deactivated",
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


OPERATIONS = [
    create_organization,
    accept_invitation,
    accept_invitation_as_owner,
    sign_up_by_invitation,
    sign_up_by_invitation_to_the_site,
    start_list,
    stop_list,
    try_list_again,
    leave,
    remove_member,
    remove_owner_with_tokens,
    leave_and_hand_over,
    deactivate_and_hand_over,
    require,
    add_owner,
    update_user_sessions,
    refuse_personal_tokens,
    export_audit_trail,
    export_missing_members,
    change_settings_over_the_api,
    add_owners_over_the_api,
    replace_organization_token,
    delete_organization_token,
    delete_organization,
]
