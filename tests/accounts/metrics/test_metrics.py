"""What Prometheus reads at /metrics, from real servers with several workers (OF12)."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.limits.budgets import budget_names
from accounts.models import AuditEvent, OutboxMessage
from accounts.outbox.mails import render
from accounts.outbox.queue import sealed
from tests.support.environment import ROOT
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
WRONG = "not the password, and a secret of mine"


@pytest.fixture
def counted(start_site, tmp_path):
    return start_site(
        METRICS_PEERS="127.0.0.1, 10.1.0.0/16".replace(" ", ""), METRICS_DIR=str(tmp_path / "m")
    )


def figures(site, path="/metrics"):
    """What a scrape says: the value of each series, by name and labels."""
    reply = site.visitor().get(path)
    assert reply.status == 200, reply
    assert not reply.headers.get("Set-Cookie")
    families = text_string_to_metric_families(reply.text)
    return {
        (sample.name.removeprefix("tfc_auth_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def guess(site, count, username="alice"):
    """Send wrong passwords at the same moment; return the statuses."""
    visitor = site.visitor()
    visitor.get("/session")
    raws = [visitor.raw_form("/session", username=username, password=WRONG) for _ in range(count)]
    return [reply.status for reply in site.volley(raws)]


def workers_of(site):
    pid = site.kept.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_of12_several_workers_add_up_and_go_on_after_one_was_killed(counted, alice):
    statuses = guess(counted, 25)

    after = figures(counted)
    assert after["failures_total", "password", "wrong"] == statuses.count(422) == 10
    assert after["failures_total", "password", "limited"] == statuses.count(429) == 15
    assert after["limit_refusals_total", "password:account"] == 15
    assert after["lockouts_total", "guesses"] == 15
    assert after["audit_events_total", "login.failed"] == AuditEvent.objects.count() == 10
    assert after["audit_rows",] == 10
    assert after["audit_newest_id",] == AuditEvent.objects.latest("pk").pk
    assert after["database_up",] == 1
    assert after["logins_total", "app"] == 0, "a series is there before its first event"

    former = workers_of(counted)
    for pid in former:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(set(workers_of(counted)) - set(former)) == 2, lambda: "no new workers")

    assert figures(counted)["failures_total", "password", "wrong"] == 10
    assert guess(counted, 3) == [429] * 3
    assert figures(counted)["failures_total", "password", "limited"] == 18


def test_of12_the_folder_is_emptied_at_the_start(start_site, alice, tmp_path):
    here = {"METRICS_PEERS": "127.0.0.1", "METRICS_DIR": str(tmp_path)}
    first = start_site(**here)
    assert guess(first, 2) == [422] * 2
    first.kill()

    second = start_site(**here)

    assert figures(second)["failures_total", "password", "wrong"] == 0
    assert {oct(path.stat().st_mode)[-3:] for path in tmp_path.iterdir()} == {"600"}


def test_of12_due_work_counts_in_the_same_folder_before_and_after_a_start(counted, alice):
    environment = Path(f"/proc/{counted.kept.pid}/environ").read_bytes().decode().split("\0")
    settings = dict(line.split("=", 1) for line in environment if "=" in line)
    mail = asdict(render("password_changed", "someone@example.com", {"user": alice}))
    OutboxMessage.objects.create(sealed=sealed(mail), expires_at=timezone.now() + timedelta(days=1))
    assert figures(counted)["outbox_messages", "mail"] == 1

    subprocess.run(
        [sys.executable, "manage.py", "run_due_work"], cwd=ROOT, env=settings, check=True, capture_output=True
    )

    after = figures(counted)
    assert after["mails_total", "sent"] == 1
    assert (after["outbox_messages", "mail"], after["outbox_oldest_seconds", "mail"]) == (0, 0)


def test_of12_what_a_proxy_has_passed_on_is_not_answered(counted):
    unknown = counted.visitor().get("/no-such-page")
    assert unknown.status == 404

    for header in ("X-Forwarded-For", "x-forwarded-proto", "Forwarded", "Via", "X-Real-IP"):
        for value in ("127.0.0.1", "", "for=127.0.0.1"):
            reply = counted.visitor().get("/metrics", **{header: value})
            assert reply.status == 404
            assert "tfc_auth_" not in reply.text

    assert counted.visitor().post("/metrics", {}).status == 405
    assert counted.visitor().get("/metrics/").status == 404
    assert figures(counted)


def test_of12_nobody_else_is_answered_and_nothing_is_by_default(start_site, tmp_path):
    off = start_site()
    others = start_site(
        METRICS_PEERS="10.0.0.0/8,::1", METRICS_DIR=str(tmp_path), TRUSTED_PROXIES="127.0.0.1"
    )

    for site in (off, others):
        for headers in ({}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}):
            assert site.visitor().get("/metrics", **headers).status == 404
    assert list(tmp_path.glob("*.db")) == []


def test_of12_without_a_database_the_page_says_so(start_site, tmp_path):
    site = start_site(
        METRICS_PEERS="127.0.0.1",
        METRICS_DIR=str(tmp_path),
        DATABASE_URL="postgres://nobody@127.0.0.1:9/none",
    )
    began = time.monotonic()

    found = figures(site)

    assert found["database_up",] == 0
    assert found["logins_total", "app"] == 0
    assert ("audit_rows",) not in found
    assert time.monotonic() - began < 5


def test_of12_hostile_requests_add_no_series(counted, alice):
    before = set(figures(counted))
    site = counted
    for text in ("\u202e\n", 'x"} 1\n', "a" * 5000, "tfc_auth"):
        visitor = site.visitor()
        visitor.get("/session")
        visitor.post_form("/session", username=text, password=text)
        visitor.get("/api/v2/account/details", Authorization="Bearer " + text.encode().hex())
        visitor.post("/webhooks/sms-status", {"MessageStatus": "failed", "ErrorCode": text})
        visitor.post_form("/account/password/forgot", email=text)
        visitor.get(f"/account/confirm/{text.encode().hex()}")

    after = figures(site)

    assert {series[0] for series in set(after) - before} <= {"limit_refusals_total"}
    budgets = {series[1] for series in after if series[0] == "limit_refusals_total"}
    assert budgets <= {*budget_names(), "other"}
    assert len(after) < 600
    assert "secret of mine" not in site.log()


def test_of12_every_metric_of_the_example_rules_and_of_the_guide_exists(counted):
    names = {f"tfc_auth_{series[0]}" for series in figures(counted)}
    rules = yaml.safe_load((ROOT / "docs" / "prometheus-rules.yml").read_text())
    alarms = [rule for group in rules["groups"] for rule in group["rules"]]
    guide = (ROOT / "docs" / "operations.md").read_text()

    for alarm in alarms:
        used = set(re.findall(r"tfc_auth_\w+", alarm["expr"]))
        assert used, alarm
        assert used <= names, used - names
        assert set(re.findall(r'(\w+)(?:=~?|!=)"', alarm["expr"])) <= {
            "method",
            "reason",
            "kind",
            "outcome",
            "budget",
            "event",
        }
        assert alarm["annotations"]["summary"]
        assert f"`{alarm['alert']}`" in guide
    assert set(re.findall(r"`(tfc_auth_\w+)", guide)) == names
