"""What begins and ends periods of two-factor, and an export of them, each as a scene: see operations.py."""

from django.db import OperationalError
from django.http import HttpResponse

from accounts.models import User
from organizations.models import Membership, TwoFactorPeriod
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.support import evidence, people
from tests.support.operations import Scene, browser_of, enrolled_somebody, serial, somebody
from tests.support.organizations import found


def joined(*members):
    """Two organizations with these members; return the first."""
    owner = somebody()
    first, _second = (found(f"acme{next(serial)}", owner, members=members) for _ in range(2))
    return first


def lasting(user, level):
    return TwoFactorPeriod.objects.filter(user_id=user.pk, level=level, ended_at=None).count() == 2


def member_sets_up_an_app():
    user = somebody()
    joined(user)
    client = browser_of(user)
    app = people.Authenticator(user, people.start_enrolment(client))
    return Scene(
        user,
        lambda: client.post(f"{people.TWO_FACTOR}/confirm", {"code": app.code()}),
        lambda: lasting(user, 2),
        "two_factor.enabled",
    )


def member_disables():
    user, app = enrolled_somebody()
    joined(user)
    client = browser_of(user, app)
    return Scene(
        user,
        lambda: client.post(f"{people.TWO_FACTOR}/disable", {"password": people.PASSWORD}),
        lambda: lasting(user, 0),
        "two_factor.disabled",
    )


def member_removes_the_app():
    """And keeps the text messages, which are a lower level."""
    user, app = enrolled_somebody()
    client = browser_of(user, app)
    enrol_phone(user, client)
    joined(user)
    return Scene(
        user,
        lambda: client.post(f"{people.TWO_FACTOR}/app/remove"),
        lambda: lasting(user, 1),
        "two_factor.removed",
    )


def member_is_reset():
    user, _app = enrolled_somebody()
    joined(user)
    root = somebody(is_staff=True, is_superuser=True)
    client = browser_of(root, people.enrol(root))
    return Scene(
        user,
        lambda: client.post(f"/admin/accounts/user/{user.pk}/act/disable-two-factor/", {"reason": "lost"}),
        lambda: lasting(user, 0),
        "two_factor.disabled",
    )


def enrolled_member_deletes_the_account():
    user, app = enrolled_somebody()
    joined(user)
    client = browser_of(user, app)
    return Scene(
        user,
        lambda: client.post("/app/settings/profile/delete", {"password": people.PASSWORD}),
        lambda: not User.objects.filter(pk=user.pk).exists(),
        "account.deleted",
    )


def enrolled_member_is_removed():
    user, _app = enrolled_somebody()
    organization = joined(user)
    row = Membership.objects.get(user=user, organization=organization)
    owner = browser_of(organization.memberships.owners().get().user)
    return Scene(
        user,
        lambda: owner.post(f"/app/{organization.name}/settings/users/{row.pk}/remove"),
        lambda: not Membership.objects.filter(pk=row.pk).exists(),
        "organization.member_removed",
    )


def export():
    """It is done once the signed file is whole. A fault in the middle breaks the download off."""
    user, app = enrolled_somebody()
    organization = found(f"acme{next(serial)}", user)
    client = browser_of(user, app)
    got = []

    def act():
        response = client.post(evidence.page_of(organization.name), {"format": "csv"})
        if not response.streaming:
            return response
        try:
            got.append(evidence.content(response))
        except OperationalError:
            return HttpResponse(status=500)
        return response

    return Scene(user, act, lambda: bool(got), evidence.EXPORTED)


OPERATIONS = [
    member_sets_up_an_app,
    member_disables,
    member_removes_the_app,
    member_is_reset,
    enrolled_member_deletes_the_account,
    enrolled_member_is_removed,
    export,
]
