"""The switch of site administrators: they see where no texts go, lift a pause, and set one (SF12)."""

import pytest
from django.contrib.auth.models import Permission

from accounts.factors.sms.models import Destination
from accounts.models import AuditEvent, OutboxMessage, RateLimit
from accounts.outbox.delivery import LISTED, send_due
from tests.accounts.factors.sms.fraud import doctor, german, in_block, pause, starts, unused, use_up_set_ups
from tests.support.people import enrol, make_staff, make_user, sign_in

PAUSES = "/admin/factor_sms/destination/"


@pytest.fixture
def root(transactional_db):
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def admin(root):
    return sign_in(root, enrol(root))


def test_sf12_the_admin_lists_pauses_and_lifts_one(admin):
    use_up_set_ups()
    row = pause("US")
    page = admin.get(PAUSES).content.decode()
    assert "Too few codes for setting up numbers were used." in page
    assert f'href="{PAUSES}{row.pk}/change/"' in page
    assert f"{PAUSES}{row.pk}/lift/" in admin.get(f"{PAUSES}{row.pk}/change/").content.decode()
    assert admin.get(f"{PAUSES}{row.pk}/lift/").status_code == 200
    assert admin.post(f"{PAUSES}{row.pk}/lift/", {"reason": ""}).status_code == 422
    assert pause("US")

    response = admin.post(f"{PAUSES}{row.pk}/lift/", {"reason": "A course"})

    assert response["Location"] == PAUSES
    assert starts().status_code == 302
    event = AuditEvent.objects.get(event="texts.resumed")
    assert (event.actor, event.door, event.data["reason"]) == ("user:root", "admin", "A course")
    assert admin.post(f"{PAUSES}{row.pk}/lift/", {"reason": "Again"}).status_code == 404


def test_sf12_a_lifted_pause_counts_anew(admin):
    use_up_set_ups()
    admin.post(f"{PAUSES}{pause('US').pk}/lift/", {"reason": "A course"})
    RateLimit.objects.filter(key__startswith="text:counted").delete()

    unused(19, start=30)
    assert not pause("US")
    unused(1, start=60)
    assert pause("US")


def test_sf12_an_admin_pauses_a_country_until_it_is_lifted(admin, moving_clock):
    fields = {"country": "DE", "purposes": ["set-up", "login"], "reason": "Fraud elsewhere"}
    assert admin.get(f"{PAUSES}pause/").status_code == 200

    assert admin.post(f"{PAUSES}pause/", fields)["Location"] == PAUSES

    assert "Paused by an admin: Fraud elsewhere" in admin.get(PAUSES).content.decode()
    moving_clock.shift(30 * 86_400)
    assert starts(1, german).status_code == 422
    assert starts(2).status_code == 302
    assert AuditEvent.objects.filter(event="texts.paused", actor="user:root").count() == 2
    assert "text messages to DE for signing in are paused until lifted" in doctor()


def test_sf12_an_admin_pauses_a_block(admin):
    fields = {"country": "US", "phone_number": in_block(1), "purposes": ["set-up"], "reason": "Fraud"}

    assert admin.post(f"{PAUSES}pause/", fields)["Location"] == PAUSES

    assert starts(2, in_block).status_code == 422
    assert starts(1).status_code == 302
    assert "United States (US) ••55 ••••" in admin.get(PAUSES).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"country": "XX"},
        {"purposes": []},
        {"purposes": ["all"]},
        {"reason": ""},
        {"reason": "x" * 201},
        {"reason": "\x00"},
        {"phone_number": "12"},
    ],
)
def test_sf12_a_pause_with_bad_input_is_refused(admin, wrong):
    fields = {"country": "US", "purposes": ["set-up"], "reason": "Fraud"} | wrong

    assert admin.post(f"{PAUSES}pause/", fields).status_code == 422
    assert not Destination.objects.exists()


def test_sf12_staff_without_the_permission_sees_and_changes_nothing(admin, transactional_db):
    use_up_set_ups()
    row = pause("US")
    helper = make_user("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_destination"))
    desk = sign_in(helper, enrol(helper))

    page = desk.get(PAUSES).content.decode()
    lifted = desk.post(f"{PAUSES}{row.pk}/lift/", {"reason": "Because"})
    paused = desk.post(f"{PAUSES}pause/", {"country": "DE", "purposes": ["set-up"], "reason": "Because"})

    assert "Pause text messages" not in page
    assert (lifted.status_code, paused.status_code) == (403, 403)
    assert pause("US")
    assert not pause("DE")


def test_sf12_staff_with_the_permission_lifts_a_pause(admin):
    use_up_set_ups()
    helper = make_user("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="change_destination"))
    desk = sign_in(helper, enrol(helper))

    desk.post(f"{PAUSES}{pause('US').pk}/lift/", {"reason": "A course"})

    assert not pause("US")


def test_sf12_nobody_floods_superusers_with_pauses(admin, root, mailoutbox):
    for _ in range(3):
        admin.post(
            f"{PAUSES}pause/", {"country": "US", "purposes": ["set-up"], "reason": "Stop\n\nDear all,"}
        )
    send_due()

    mails = [mail for mail in mailoutbox if mail.subject == "Text messages to United States (US) are paused"]
    assert len(mails) == 1
    assert "Stop Dear all," in mails[0].body


def test_sf12_a_mail_tells_superusers(root, mailoutbox):
    use_up_set_ups()
    send_due()

    assert "Text messages to United States (US) are paused" in [mail.subject for mail in mailoutbox]


def test_ad_12_sf3_staff_who_pause_texts_can_not_bury_the_mail_that_matters(root):
    helper = make_staff("helper", "factor_sms.change_destination")
    desk = sign_in(helper, enrol(helper))
    fields = {"country": "DE", "purposes": ["set-up"], "reason": "Fraud"}
    for _ in range(30):
        assert desk.post(f"{PAUSES}pause/", fields).status_code == 302
        assert desk.post(f"{PAUSES}{pause('DE').pk}/lift/", {"reason": "No fraud"}).status_code == 302
    told = OutboxMessage.objects.filter(audience=LISTED).count()

    response = desk.post(f"{PAUSES}pause/", fields)

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 60
    assert not pause("DE")
    assert told == OutboxMessage.objects.filter(audience=LISTED).count() == 60
