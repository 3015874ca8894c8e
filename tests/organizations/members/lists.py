"""Lists of people who are invited: how tests start them, and what they look at."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.management import due_work
from accounts.models import AuditEvent, RateLimit, User
from organizations.models import InvitationBatch, Organization

INVITE = "/app/open/settings/users/invite"
LISTS = f"{INVITE}/batches"
USERS = "/app/open/settings/users"


@pytest.fixture
def old(stage):
    """Everybody, and every organization, is older than a day."""
    then = timezone.now() - timedelta(days=2)
    User.objects.update(date_joined=then)
    Organization.objects.update(created_at=then)
    RateLimit.objects.all().delete()
    return stage


def check(stage, rows, by="una"):
    return stage.browser(by).post(f"{INVITE}/preview", {"people": rows})


def press(stage, page, by="una"):
    """Press the button of a preview."""
    form = page.context["checked"]
    sent = {name: form[name].value() for name in ("people", "key")}
    return stage.browser(by).post(LISTS, sent)


def start(stage, rows, by="una"):
    """Return the list that was started, as it is after its first portion."""
    response = press(stage, check(stage, rows, by), by)
    assert response.status_code == 302
    return InvitationBatch.objects.get(pk=int(response["Location"].rsplit("/", 1)[1]))


def addresses(number, domain="example.org"):
    return "".join(f"p{each}@{domain}\n" for each in range(number))


def work():
    """Run the step until it has nothing to do: a slow machine may need several turns."""
    done = 0
    while number := due_work.steps["invitations of lists sent"].work():
        done += number
    return done


def text(stage, batch, by="una"):
    page = stage.browser(by).get(f"{LISTS}/{batch.pk}").content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def states(batch):
    return list(batch.rows.order_by("position").values_list("state", "problem"))


def numbers(batch):
    batch.refresh_from_db()
    return batch.state, batch.sent, batch.failed, batch.total


def events(*names):
    return list(AuditEvent.objects.filter(event__in=names).order_by("pk"))
