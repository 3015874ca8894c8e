"""Migrations that have landed stay as they are, and let processes of the former release go on."""

import ast
import os
import subprocess
import sys

import pytest
from django.db import migrations, models
from django.db.migrations.state import ProjectState

from tests.support import migrations as landed
from tests.support.migrations import REVIEWED_BY_HAND, ROOT

NEW = ".venv/bin/python -m tests.support.migrations"


def test_of14_a_landed_migration_never_changes():
    """Databases that ran the former text would stay different from all others, without a word."""
    changed = [
        path
        for path, (_release, digest) in landed.landed().items()
        if not (ROOT / path).exists() or landed.digest(path) != digest
    ]

    assert changed == [], "put the former text back, and write a new migration"


def test_of14_every_migration_is_listed():
    assert sorted(set(landed.files()) - set(landed.landed())) == [], f"new ones are listed by {NEW}"


def test_of14_released_migrations_are_those_of_the_released_tree():
    """What its databases have run, as the history has it."""
    known = subprocess.run(
        ["git", "cat-file", "-e", landed.COMMIT], cwd=ROOT, capture_output=True, check=False
    )
    if known.returncode:
        return  # a copy without history has the digests only
    show = ["git", "diff", "--name-only", landed.COMMIT, "--", *sorted(landed.released())]

    assert subprocess.run(show, cwd=ROOT, capture_output=True, text=True, check=True).stdout == ""


def test_of14_formatters_leave_migrations_alone():
    """A newer ruff must not want to change what must not change."""
    command = [sys.executable, "-m", "ruff", "check", "--show-files"]
    seen = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert [path for path in landed.landed() if path in seen] == []


def test_of14_migrations_import_what_stays():
    """A migration calls what it imports as that is today: so only what is made for that, below database/."""
    allowed = ("django", "accounts.database")
    for path in set(landed.files()) - landed.released():
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").startswith(allowed), f"{path} imports {node.module}"
            if isinstance(node, ast.Import):
                assert [alias.name for alias in node.names if not alias.name.startswith(allowed)] == [], path


def test_of14_the_former_release_goes_on_after_migrate():
    """In an upgrade without a pause the old processes work on the new tables for a while."""
    found = {(app, name): sentence for app, name, sentence in landed.complaints()}

    assert {key: sentence for key, sentence in found.items() if key not in REVIEWED_BY_HAND} == {}
    assert [key for key in REVIEWED_BY_HAND if key not in found] == [], "reviewed, and additive anyway"


# ---------------------------------------------------------------- what the judge says

FORMER = [
    migrations.CreateModel("Parent", [("id", models.BigAutoField(primary_key=True))]),
    migrations.CreateModel(
        "Thing",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=40)),
            ("count", models.IntegerField(db_default=0)),
        ],
    ),
]
CHILD = models.ForeignKey("app.Parent", models.CASCADE)
BREAKS = {
    "a column without a default": migrations.AddField("thing", "x", models.CharField(default="")),
    "a column with a default of Python": migrations.AddField("thing", "x", models.IntegerField(default=1)),
    "a reference to rows that it deletes": migrations.AddField(
        "thing", "x", models.ForeignKey("app.Parent", models.CASCADE, null=True)
    ),
    "a table that refers to them": migrations.CreateModel("New", [("parent", CHILD)]),
    "a table between that refers to them": migrations.CreateModel(
        "New", [("parents", models.ManyToManyField("app.Parent"))]
    ),
    "a table between two of its tables": migrations.AddField(
        "thing", "parents", models.ManyToManyField("app.Parent")
    ),
    "a value that only one row can have": migrations.AddField(
        "thing", "x", models.CharField(max_length=40, db_default="", unique=True)
    ),
    "a column that goes": migrations.RemoveField("thing", "name"),
    "a table that goes": migrations.DeleteModel("Thing"),
    "another name": migrations.RenameField("thing", "name", "title"),
    "another name of a table": migrations.RenameModel("Thing", "Stuff"),
    "another table": migrations.AlterModelTable("thing", "stuff"),
    "a shorter column": migrations.AlterField("thing", "name", models.CharField(max_length=39)),
    # The former release has prepared what reads it, which PostgreSQL refuses for another length.
    "a longer column": migrations.AlterField("thing", "name", models.CharField(max_length=41)),
    "another type": migrations.AlterField("thing", "name", models.IntegerField()),
    "none where there was a value": migrations.AlterField(
        "thing", "name", models.CharField(max_length=40, null=True)
    ),
    "what must be unique": migrations.AlterField(
        "thing", "name", models.CharField(max_length=40, unique=True)
    ),
    "a default that goes": migrations.AlterField("thing", "count", models.IntegerField()),
    "a constraint": migrations.AddConstraint(
        "thing", models.CheckConstraint(condition=models.Q(count__gt=0), name="some")
    ),
    "what nobody can see": migrations.RunPython(migrations.RunPython.noop),
    "statements": migrations.RunSQL("SELECT 1"),
    "a removal beside the state": migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RemoveField("thing", "name")]
    ),
}
GOES_ON = {
    "a column that may be empty": migrations.AddField("thing", "x", models.IntegerField(null=True)),
    "a column with the database's default": migrations.AddField(
        "thing", "x", models.CharField(default="", db_default="")
    ),
    "an index": migrations.AddIndex("thing", models.Index(fields=["name"], name="some")),
    "other words": migrations.AlterField("thing", "name", models.CharField("title", max_length=40)),
    "a table": migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]),
    "a column that the code forgets": migrations.SeparateDatabaseAndState(
        state_operations=[migrations.RemoveField("thing", "name")]
    ),
}


def judged(*operations):
    migration = migrations.Migration("0001", "app")
    migration.operations = FORMER
    state = migration.mutate_state(ProjectState())
    migration.operations = operations
    return list(landed.FormerRelease().complaints(migration, state))


@pytest.mark.parametrize("operation", BREAKS.values(), ids=BREAKS)
def test_of14_what_breaks_the_former_release_is_refused(operation):
    assert judged(operation) != []


@pytest.mark.parametrize("operation", GOES_ON.values(), ids=GOES_ON)
def test_of14_what_the_former_release_does_not_notice_is_taken(operation):
    assert judged(operation) == []


def test_of14_what_comes_with_a_new_table_is_new_as_well():
    """Nothing that runs knows the table."""
    new = migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))])
    column = migrations.AddField("new", "x", models.IntegerField())
    rule = migrations.AddConstraint(
        "new", models.CheckConstraint(condition=models.Q(x__gt=0), name="positive")
    )

    assert judged(new, column, rule) == []


def test_of14_an_index_of_a_text_in_json_is_written_alike_by_every_process():
    """Else databases differ by chance, and a process may not use what another one has made."""
    command = [sys.executable, "manage.py", "sqlmigrate", "accounts", "0024"]
    settings = {**os.environ, "DEBUG": "1", "DATABASE_URL": "sqlite:///:memory:"}
    written = {
        subprocess.run(
            command, cwd=ROOT, env={**settings, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "1234"
    }

    assert len(written) == 1
