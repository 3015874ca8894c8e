"""Exports of evidence, as an owner downloads them and an auditor verifies them."""

import csv
import io
import json

from django.core.management import call_command
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent, EvidenceKey
from organizations.evidence.exporting import begin_export

KEYS = "/.well-known/tfc-auth-evidence-keys.json"
STARTED, EXPORTED = "organization.evidence_started", "organization.evidence_exported"


def page_of(name):
    return f"/app/{name}/settings/authentication/evidence"


def content(response):
    return b"".join(response.streaming_content)


def downloaded(browser, name, form="csv"):
    """The file, as its bytes."""
    return content(browser.post(page_of(name), {"format": form}))


def begun(organization, user, form="csv"):
    """An export by the verb, of which nothing is read yet."""
    actor = Actor(user=user, ip=None, user_agent="", door="command")
    return begin_export(organization, form, actor=actor)


def exported(organization, user, form="csv"):
    """The file by the verb, which is faster."""
    return b"".join(begun(organization, user, form).blocks())


def rows_of(data):
    """The rows of a CSV file, as dicts, without its signature."""
    lines = data.decode().split("\n# signature,")[0] + "\n"
    return list(csv.DictReader(io.StringIO(lines, newline="")))


def members_of(data):
    return json.loads(data)["members"]


def periods_of(data, username):
    """[(level, from, to)] of somebody, stay by stay."""
    found = [row for row in rows_of(data) if row["username"] == username]
    return [(row["period_level"], row["period_began_at"], row["period_ended_at"]) for row in found]


def levels_of(data, username):
    return [level for level, _began, _ended in periods_of(data, username)]


def events(name):
    return [event.data for event in AuditEvent.objects.filter(event=name).order_by("pk")]


def verify(path, *options):
    """(exit code, what it printed)"""
    output = io.StringIO()
    try:
        call_command("verify_evidence", str(path), *options, stdout=output)
    except SystemExit as end:
        return end.code, output.getvalue()
    raise AssertionError("the command always ends with a code")


def saved(folder, data, name="evidence.csv"):
    path = folder / name
    path.write_bytes(data)
    return path


def saved_keys(folder):
    """The file of public keys, as an auditor saves it from the site."""
    return saved(folder, Client().get(KEYS).content, "keys.json")


def public_key():
    return EvidenceKey.objects.get().public_key
