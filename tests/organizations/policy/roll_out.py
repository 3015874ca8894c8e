"""Pages on which an owner rolls out two-factor: their addresses, and what tests of them share."""

import re
from datetime import timedelta
from html import unescape

from django.core import mail
from django.utils import timezone

from accounts.models import ANY_METHOD
from organizations.models import Organization
from organizations.policy import schedule
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.support.organizations import SERVER

OPEN, FORT = "/app/open/settings/authentication", "/app/fort/settings/authentication"
REQUIRE, SCHEDULE, WITHDRAW = f"{OPEN}/require-two-factor", f"{OPEN}/schedule", f"{OPEN}/withdraw"
LIST, REMIND = f"{OPEN}/rehearsal", f"{OPEN}/remind"
BERLIN = "Europe/Berlin"


def organization(name="open"):
    return Organization.objects.get(name=name)


def words(response):
    """What the page says, in one line."""
    said = " ".join(unescape(re.sub("<[^>]*>", " ", response.content.decode())).split())
    return re.sub(r" ([.,:;)])", r"\1", said.replace("( ", "("))


def in_days(number):
    return (timezone.localtime() + timedelta(days=number)).date().isoformat()


def subjects_to(name):
    return [message.subject for message in mail.outbox if message.to == [f"{name}@example.com"]]


def schedule_for(days=10, level=ANY_METHOD, name="open"):
    return schedule.schedule(
        organization(name), timezone.now() + timedelta(days=days), level=level, actor=SERVER
    )


def by_text(stage, name):
    """Let somebody have text messages only."""
    stage.browsers[name] = enrol_phone(stage.people[name], stage.browser(name))


def comes_and_is_unmet():
    """Let the date of open come, as if the time had passed, while una lacks what it requires."""
    schedule_for()
    past = timezone.now() - timedelta(hours=2)
    Organization.objects.filter(name="open").update(required_from=past, due_at=past)
