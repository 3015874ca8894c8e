"""Superusers who leave and act at the same moment: one remains, and nobody waits for each other for ever."""

from accounts.models import User
from tests.support.parallel import fire, sign_in, write_down
from tests.support.people import PASSWORD, enrol, make_user

DELETE = "/app/settings/profile/delete"


def superuser(name):
    user = make_user(name)
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    user.refresh_from_db()
    return user


def test_sf3_of_superusers_who_delete_their_accounts_at_once_one_remains(live_site, rounds):
    for number in rounds():
        people = [superuser(f"root{number}x{place}") for place in range(4)]
        User.objects.superusers().exclude(pk__in=[person.pk for person in people]).update(is_superuser=False)
        browsers = [sign_in(live_site, person) for person in people]

        replies = fire(live_site, [write_down(browser, DELETE, password=PASSWORD) for browser in browsers])

        assert sorted(reply.status for reply in replies) == [302, 302, 302, 422]
        assert User.objects.superusers().count() == 1


def test_sf3_a_superuser_leaves_while_others_change_accounts(live_site, rounds):
    for number in rounds():
        acting, leaving, bob = superuser(f"a{number}"), superuser(f"b{number}"), make_user(f"bob{number}")
        admin = sign_in(live_site, acting, enrol(acting))
        goes = sign_in(live_site, leaving)
        page = f"/admin/accounts/user/{bob.pk}/act/deactivate/"

        replies = fire(
            live_site,
            [write_down(goes, DELETE, password=PASSWORD), write_down(admin, page, reason="x")],
        )

        assert [reply.status for reply in replies] == [302, 302]
        assert not User.objects.filter(pk=leaving.pk).exists()
        bob.refresh_from_db()
        assert not bob.is_active
