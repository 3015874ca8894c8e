"""Evidence is exported while others change what it is about, and who may export it."""

from accounts.factors.totp.models import TOTPDevice
from accounts.models import EvidenceKey
from tests.support import evidence, people
from tests.support.organizations import enrolled, found, membership_of
from tests.support.parallel import fire, sign_in, write_down


def test_ev_11_exports_at_the_same_moment_as_changes_are_whole_or_refused(live_site, rounds, tmp_path):
    """An owner is removed and a member disables while both owners export for the first time."""
    for number in rounds():
        EvidenceKey.objects.all().delete()
        olga, una, max_ = (people.make_user(f"{name}{number}") for name in ("olga", "una", "max"))
        app = enrolled(max_)
        organization = found(f"acme{number}", olga, owners=[una], members=[max_])
        browsers = {user: sign_in(live_site, user) for user in (olga, una)}
        browsers[max_] = sign_in(live_site, max_, app)
        row = membership_of(una, organization.name).pk
        exports = [
            write_down(browsers[user], evidence.page_of(organization.name), format=form)
            for user in (olga, una)
            for form in ("csv", "json")
        ]
        others = [
            write_down(browsers[olga], f"/app/{organization.name}/settings/users/{row}/remove"),
            write_down(browsers[max_], f"{people.TWO_FACTOR}/disable", password=people.PASSWORD),
        ]

        replies = fire(live_site, [*exports, *others, *exports])

        assert not TOTPDevice.objects.filter(user=max_).exists()
        assert EvidenceKey.objects.count() == 1
        done = [reply for reply in replies if reply.status == 200]
        assert done
        assert {reply.status for reply in replies} <= {200, 302, 403, 404}
        assert len(evidence.events(evidence.EXPORTED)) >= len(done)
        for reply in done:
            path = evidence.saved(tmp_path, reply.body)
            assert evidence.verify(path, "--organization", organization.name)[0] == 0
