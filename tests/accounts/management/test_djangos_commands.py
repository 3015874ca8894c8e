"""Django's commands: harmless, replaced or refused."""

import re

import pytest
from django.core.management import CommandError, call_command, get_commands

from accounts.models import User
from tests.accounts.management.commands import manage

pytestmark = pytest.mark.django_db(transaction=True)

OURS = ("accounts", "organizations", "tfc_auth")
# Commands that are not ours, by what makes them harmless.
HARMLESS = {
    "they write files of the source, or nothing": "check compilemessages diffsettings findstatic "
    "makemessages makemigrations optimizemigration showmigrations squashmigrations startapp startproject "
    "collectstatic",
    "they print SQL, or read": "dumpdata inspectdb sqlflush sqlmigrate sqlsequencereset",
    "they serve the site, or a database of their own": "runserver test testserver",
    "they make a table for a cache, which nothing uses; send one mail": "createcachetable sendtestemail",
    "they delete rows of models that are gone, and permissions for these": "remove_stale_contenttypes",
    "they need a shell, whose users own the server and its database": "dbshell shell",
}


def test_sf2_every_command_is_ours_or_harmless():
    known = {name for names in HARMLESS.values() for name in names.split()}
    foreign = {name for name, app in get_commands().items() if not app.startswith(OURS)}

    assert foreign - known == set(), "does it reach accounts, rights or records past the verbs?"


@pytest.mark.parametrize("name", ["changepassword", "createsuperuser", "flush", "loaddata", "migrate"])
def test_sf2_what_django_would_do_past_the_verbs_is_replaced(name):
    assert get_commands()[name] == "accounts"


@pytest.mark.parametrize(
    "arguments", [["flush"], ["flush", "--noinput"], ["loaddata", "x.json"], ["loaddata"]]
)
def test_sf2_refused_commands_say_so_and_change_nothing(alice, arguments):
    run = manage(*arguments)

    assert run.returncode == 1
    assert re.search(rb"(without any check|every account and the whole audit trail)", run.stderr)
    assert b"Traceback" not in run.stderr
    assert User.objects.filter(username="alice").exists()


@pytest.mark.parametrize("target", ["accounts", "organizations", "auth", "contenttypes"])
def test_sf2_no_migration_back_drops_accounts_or_organizations(alice, target):
    """Those of Django stand below ours, and take them along."""
    with pytest.raises(CommandError, match="would drop the tables of"):
        call_command("migrate", target, "zero", verbosity=0)

    assert User.objects.filter(username="alice").exists()


def test_sf2_loaddata_is_refused_from_code_too(tmp_path):
    fixture = tmp_path / "people.json"
    fixture.write_text(
        '[{"model": "accounts.user", "fields": {"username": "mallory", "is_superuser": true}}]'
    )

    with pytest.raises(CommandError, match="without any check"):
        call_command("loaddata", str(fixture))

    assert not User.objects.exists()
