"""How long an organization has browsers of its members remembered (D10)."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from accounts.models import RememberedBrowser
from tests.organizations.policy.session_times import PAGE, age_browser, is_asked, limit, remember
from tests.support import people
from tests.support.two_factor import CHALLENGE, RECOVERY

pytestmark = pytest.mark.django_db


def test_d10_it_is_capped_at_the_time_of_use(stage):
    client = remember(stage)
    age_browser(61)
    assert not is_asked(client, stage.max)

    limit("fort", remember=60)
    assert is_asked(client, stage.max)
    age_browser(59)
    assert not is_asked(client, stage.max)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (None, "14 days"),
        (20160, "14 days"),
        (3 * 1440, "3 days"),
        (480, "8 hours"),
        (1500, "1 day and 1 hour"),
        (90, "1 hour and 30 minutes"),
    ],
)
@pytest.mark.parametrize("page", [CHALLENGE, RECOVERY])
def test_d10_the_box_says_how_long_it_will_be(stage, page, minutes, words):
    limit("open", remember=minutes)
    client = Client()
    people.post_password(client, stage.max)

    assert f">Remember this device for {words}</label>" in client.get(page).content.decode()


def test_d10_the_box_goes_by_the_strictest_of_the_persons_organizations(stage):
    limit("open", remember=600)
    limit("fort", remember=120)
    client = Client()
    for user, words in [(stage.max, "2 hours"), (stage.eve, "14 days")]:
        people.post_password(client, user)
        assert f"Remember this device for {words}" in client.get(CHALLENGE).content.decode()


def test_d10_the_mail_says_how_long_it_will_be(stage):
    limit("open", remember=1440)
    mail.outbox.clear()

    remember(stage)

    [message] = mail.outbox
    assert "for 1 day, signing in there takes only your password and no code" in " ".join(
        message.body.split()
    )


def test_d10_the_timeout_does_not_cap_it(stage):
    limit("open", timeout=60)
    client = remember(stage)

    age_browser(300)

    assert not is_asked(client, stage.max)


def test_d10_the_list_shows_the_end_as_it_is_capped(stage):
    limit("open", remember=60)
    remember(stage)
    row = RememberedBrowser.objects.get()

    [entry] = stage.browser("max").get("/app/settings/sessions").context["remembered"]

    assert entry.ends_at == row.created_at + timedelta(minutes=60)
    age_browser(61)
    assert stage.browser("max").get("/app/settings/sessions").context["remembered"] == []


def test_d10_a_remembered_browser_opens_a_mandatory_organization(stage):
    client = remember(stage)

    people.post_password(client, stage.max)

    assert client.get("/app/fort").status_code == 200


def test_d10_requiring_two_factor_needs_the_factor_itself(stage):
    stage.enrol("una")
    client = remember(stage, "olga")
    people.post_password(client, stage.olga)

    assert client.post(f"{PAGE}/require-two-factor")["Location"].startswith("/session/sudo")
