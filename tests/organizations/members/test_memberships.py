"""Owners and members: who becomes what, who goes, and who can't."""

import pytest

from accounts.models import AuditEvent, User
from accounts.signals import account_deleting
from organizations.exceptions import LastOwner
from organizations.models import Membership
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import SERVER, counts_of, let_sudo_expire, membership_of
from tests.support.two_factor import sudo_page


def act(stage, actor, action, target, organization="open"):
    pk = membership_of(stage.people[target], organization).pk
    return stage.browser(actor).post(f"/app/{organization}/settings/users/{pk}/{action}")


def owners(name):
    return sorted(
        Membership.objects.owners().filter(organization__name=name).values_list("username", flat=True)
    )


def test_a_member_becomes_an_owner_and_a_member_again(stage):
    act(stage, "una", "make-owner", "max")
    assert owners("open") == ["max", "olga", "una"]

    act(stage, "una", "unmake-owner", "max")

    assert owners("open") == ["olga", "una"]
    events = AuditEvent.objects.filter(
        user_id=stage.max.pk, event__startswith="organization.owner", door="html"
    )
    assert list(events.order_by("pk").values_list("event", flat=True)) == [
        "organization.owner_added",
        "organization.owner_removed",
    ]


def test_doing_it_twice_is_harmless(stage):
    for _ in range(2):
        assert act(stage, "una", "make-owner", "max").status_code == 302

    assert AuditEvent.objects.filter(user_id=stage.max.pk, event="organization.owner_added").count() == 1


@pytest.mark.parametrize(
    ("action", "target"), [("make-owner", "max"), ("unmake-owner", "olga"), ("remove", "olga")]
)
def test_who_owns_it_changes_behind_sudo_only(stage, action, target):
    stage.browser("una")
    let_sudo_expire(stage.una)

    response = act(stage, "una", action, target)

    # Each has a page that asks first.
    page = f"/app/open/settings/users/{membership_of(stage.people[target], 'open').pk}/{action}"
    assert response["Location"] == sudo_page(page, response.wsgi_request.path)
    assert owners("open") == ["olga", "una"]


def test_members_are_removed_without_sudo(stage):
    stage.browser("una")
    let_sudo_expire(stage.una)

    assert act(stage, "una", "remove", "max")["Location"] == "/app/open/settings/users"


def test_owners_of_a_mandatory_organization_need_two_factor(stage):
    refused = act(stage, "olga", "make-owner", "mia", "fort")
    stage.enrol("mia")
    done = act(stage, "olga", "make-owner", "mia", "fort")

    assert refused.status_code == 422
    assert "mia hasn&#x27;t enabled it" in refused.content.decode()
    assert done.status_code == 302
    assert owners("fort") == ["mia", "olga", "oscar"]


def test_the_last_owner_stays(stage):
    act(stage, "una", "unmake-owner", "olga")

    for action in ["unmake-owner", "remove"]:
        response = act(stage, "una", action, "una")
        assert response.status_code == 422
        assert "needs an owner" in response.content.decode()
    assert stage.browser("una").post("/app/open/leave").status_code == 422

    assert owners("open") == ["una"]
    assert broken() == []


def test_a_deactivated_owner_does_not_count_as_the_other_one(stage):
    User.objects.filter(pk=stage.olga.pk).update(is_active=False)

    assert stage.browser("una").post("/app/open/leave").status_code == 422


def test_an_owner_may_unmake_himself(stage):
    response = act(stage, "una", "unmake-owner", "una")

    assert response["Location"] == "/app"
    assert stage.browser("una").get("/app/open").status_code == 200
    assert stage.browser("una").get("/app/open/settings/users").status_code == 403


def test_removing_and_leaving_keep_the_counts(stage):
    act(stage, "una", "remove", "max")
    assert counts_of("open") == (3, 2, 0)

    stage.browser("mia").post("/app/open/leave")

    assert counts_of("open") == (2, 1, 0)
    assert broken() == []
    assert AuditEvent.objects.filter(user_id=stage.max.pk, event="organization.member_removed").count() == 1
    assert AuditEvent.objects.filter(user_id=stage.mia.pk, event="organization.member_left").count() == 1


def test_removing_somebody_who_is_gone_says_so(stage):
    membership = membership_of(stage.max, "open")
    stage.browser("max").post("/app/open/leave")

    response = stage.browser("una").post(f"/app/open/settings/users/{membership.pk}/remove")

    assert response.status_code == 404
    assert "no longer on the list" in response.content.decode()


def test_d06_an_owner_who_leaves_proves_it_first_and_is_not_replayed(stage):
    browser = stage.browser("una")
    let_sudo_expire(stage.una)

    response = browser.post("/app/open/leave")

    assert response["Location"] == sudo_page("/app/open/leave", "/app/open/leave")
    assert "una" in owners("open")
    browser.post("/session/sudo", {"password": people.PASSWORD, "next": "/app/open/leave"})
    assert "una" in owners("open")
    assert browser.post("/app/open/leave")["Location"] == "/app/settings/organizations"
    assert owners("open") == ["olga"]


def test_d06_a_member_who_is_no_owner_just_leaves(stage):
    browser = stage.browser("mia")
    let_sudo_expire(stage.mia)

    assert browser.post("/app/open/leave")["Location"] == "/app/settings/organizations"


def test_locked_out_members_can_leave(stage):
    response = stage.browser("mia").post("/app/fort/leave")

    assert response["Location"] == "/app/settings/organizations"
    assert stage.browser("mia").get("/app/fort").status_code == 404


def test_the_activity_page_tells_it_in_words(stage):
    act(stage, "una", "remove", "max")

    page = stage.browser("max").get("/app/settings/activity").content.decode()

    assert "Removed from an organization" in page
    assert "una" in page


def test_who_was_removed_can_be_invited_again(stage):
    act(stage, "una", "remove", "max")

    stage.browser("una").post("/app/open/settings/users/add", {"username": "max"})
    pk = membership_of(stage.max, "open").pk
    stage.browser("max").post(f"/app/settings/organizations/{pk}/accept")

    assert stage.browser("max").get("/app/open").status_code == 200
    assert counts_of("open") == (4, 2, 0)


def test_an_action_returns_to_the_page_of_the_list(stage):
    pk = membership_of(stage.max, "open").pk

    response = stage.browser("una").post(
        f"/app/open/settings/users/{pk}/remove", {"next": "/app/open/settings/users?q=ma"}
    )
    elsewhere = act(stage, "una", "make-owner", "mia")

    assert response["Location"] == "/app/open/settings/users?q=ma"
    assert elsewhere["Location"] == "/app/open/settings/users"


def test_the_last_owner_cannot_delete_the_account(stage):
    act(stage, "olga", "unmake-owner", "una")

    response = stage.browser("olga").post("/app/settings/profile/delete", {"password": people.PASSWORD})

    assert response.status_code == 422
    assert "open" in response.content.decode()
    assert User.objects.filter(pk=stage.olga.pk).exists()


def test_a_deleted_account_leaves_everything(stage):
    response = stage.browser("mia").post(
        "/app/settings/profile/delete", {"password": people.PASSWORD, "username": "mia"}
    )

    assert response.status_code == 302
    assert not User.objects.filter(pk=stage.mia.pk).exists()
    assert (counts_of("open"), counts_of("fort")) == ((3, 1, 0), (3, 0, 0))
    assert broken() == []


def test_the_veto_names_every_organization(stage):
    Membership.objects.filter(username__in=["una", "oscar"]).update(is_owner=False)

    with pytest.raises(LastOwner, match="fort, open need an owner"):
        account_deleting.send(User, user=stage.olga, actor=SERVER, lock=lambda: stage.olga)
