"""The migrations that have landed, and whether those of the next release let the former one go on.

`tests/migrations.txt` lists each with the release that brought it and the digest of its text.
`python -m tests.support.migrations` adds new ones, and changes no line that is there.
"""

import hashlib
import os
import sys
import tomllib
from pathlib import Path

import django
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models.fields import NOT_PROVIDED

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests" / "migrations.txt"
HEAD = """\
# Migrations that have landed: release, SHA-256, file. They never change; a mistake is mended by a new one.
# After you have written a migration: .venv/bin/python -m tests.support.migrations
"""

# The newest release, which has to go on with the migrations of the next one, and its commit.
RELEASED, COMMIT = "0.1.0", "a5dae96"

# Why the former release goes on with a migration of which that can't be seen: what a function does to the
# data, a column that was made in two steps, or the removal of what no release that may still run uses.
# Where it does not go on, say so: "STOP 0.3.0: ...", and say in CHANGELOG.md that all processes stop first.
REVIEWED_BY_HAND = {
    ("accounts", "0005_append_only_events"): "0.1.0 changes and deletes no audit event",
    ("accounts", "0006_forced_removals"): "fills a column that 0.1.0 does not know",
    ("organizations", "0004_invited_by"): "fills a column that 0.1.0 does not know",
    ("factor_sms", "0003_breaker"): "0004 of the same release gives the columns their defaults",
    ("accounts", "0011_longer_makers"): "widens a column, in databases from before 0.1.0 only",
    ("accounts", "0019_no_pattern_twins"): "drops indexes that no query of 0.1.0 needs",
    ("organizations", "0019_levels_and_dates"): "its constraints are on columns that 0.1.0 does not write",
    (
        "organizations",
        "0008_repaired_tokens",
    ): "widens and adds a column, in databases from before 0.1.0 only",
    (
        "organizations",
        "0009_members_list",
    ): "fills a column that 0.1.0 does not know; doctor finds what it leaves out",
    (
        "organizations",
        "0015_organization_keys_filled",
    ): "fills a column that 0.1.0 does not know; doctor finds what it leaves out",
}

# Differences between two texts of a column that no process notices which knows the former one.
HARMLESS = {
    "blank",
    "choices",
    "db_comment",
    "db_default",
    "db_index",
    "default",
    "editable",
    "error_messages",
    "help_text",
    "validators",
    "verbose_name",
}
ALWAYS_ADDITIVE = (
    migrations.AddIndex,
    migrations.RemoveIndex,
    migrations.RenameIndex,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
)


def version():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def our_apps():
    """Applications of this tree, and not of the packages that may be installed below it."""
    places = {app: Path(app.path) for app in apps.get_app_configs()}
    return [
        app for app, place in places.items() if ROOT in place.parents and "site-packages" not in place.parts
    ]


def files():
    """The migrations of this tree, as paths below it."""
    folders = [Path(app.path) / "migrations" for app in our_apps()]
    found = [path for folder in folders for path in folder.glob("*.py") if path.name != "__init__.py"]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def digest(path):
    return hashlib.sha256((ROOT / path).read_bytes()).hexdigest()


def landed():
    """By path: (release, digest)."""
    lines = [line.split() for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    return {path: (release, digest) for release, digest, path in lines}


def released():
    """The paths of the migrations that the newest release has."""
    newest = numbers(RELEASED)
    return {path for path, (release, _digest) in landed().items() if numbers(release) <= newest}


def numbers(release):
    return [int(number) for number in release.split(".")]


def unreleased():
    """(app, name) of the migrations that came after the newest release."""
    labels = {Path(app.path).relative_to(ROOT).as_posix(): app.label for app in our_apps()}
    for path in landed().keys() - released():
        yield labels[path.partition("/migrations/")[0]], Path(path).stem


def add_new(release):
    """Add the migrations that are not listed; return their paths."""
    known = landed() if LIST.exists() else {}
    new = [path for path in files() if path not in known]
    with LIST.open("a") as listed:
        if not known:
            listed.write(HEAD)
        listed.writelines(f"{release} {digest(path)} {path}\n" for path in new)
    return new


# ---------------------------------------------------------------- does the former release go on?


class FormerRelease:
    """The processes that go on while migrations of the next release run: what in those breaks them?

    `new` are the tables that came with them: what happens to those, no older process notices.
    """

    def __init__(self):
        self.new = set()

    def complaints(self, migration, state):
        """Yield a sentence for each operation that breaks them; `state` is changed to that afterwards."""
        for operation in migration.operations:
            before = state.clone()
            operation.state_forwards(migration.app_label, state)
            yield from self.of_operation(operation, migration.app_label, before)

    def of_operation(self, operation, app, before):
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            for inner in operation.database_operations:
                yield from self.of_operation(inner, app, before)
        elif isinstance(operation, ALWAYS_ADDITIVE):
            return
        elif isinstance(operation, migrations.CreateModel):
            self.new.add((app, operation.name_lower))
            for name, field in operation.fields:
                yield from self.reference(f"{operation.name}.{name}", field, app)
        elif (app, getattr(operation, "model_name_lower", "")) in self.new:
            return
        elif isinstance(operation, migrations.AddField):
            yield from self.added(f"{operation.model_name}.{operation.name}", operation.field, app)
        elif isinstance(operation, migrations.AlterField):
            former = before.models[app, operation.model_name_lower].fields[operation.name]
            yield from altered(f"{operation.model_name}.{operation.name}", former, operation.field)
        else:
            yield f"{operation.describe()}: {type(operation).__name__} is not known to be harmless"

    def added(self, name, field, app):
        if isinstance(field, models.ManyToManyField):
            if field.remote_field.through is None:  # one that is named is judged where it is made
                yield f"{name}: is a table that refers to rows, which can't be deleted any more without it"
            return
        given = getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED
        if not field.null and not given:
            yield f"{name}: has neither null=True nor a db_default, so inserts without it fail"
        if field.unique and given:
            yield f"{name}: is unique, so the second insert without it fails"
        yield from self.reference(name, field, app)

    def reference(self, name, field, app):
        """The former release deletes rows without knowing what refers to them."""
        if isinstance(field, models.ManyToManyField):
            if field.remote_field.through is not None:
                return
        elif not isinstance(field, models.ForeignKey) or not field.db_constraint:
            return
        target = field.remote_field.model
        target = target if isinstance(target, str) else target._meta.label
        label, model = target.lower().split(".") if "." in target else (app, target.lower())
        if (label, model) not in self.new:
            yield f"{name}: refers to {target}, whose rows can't be deleted any more without it"


def altered(name, former, now):
    """Yield what is narrower now."""
    (_, path, _, before), (_, new_path, _, after) = former.deconstruct(), now.deconstruct()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)} - HARMLESS
    if path != new_path:
        yield f"{name}: is of another type"
    lost = "db_default" in before and "db_default" not in after and not now.null
    for key in sorted(changed | ({"db_default"} if lost else set())):
        yield f"{name}: the change of {key} is not known to be harmless"


def complaints():
    """Yield (app, name, sentence) for what came after the newest release and may break it, in their order."""
    loader, former = MigrationLoader(None), FormerRelease()
    judged = set(unreleased())
    plan = []
    for leaf in sorted(loader.graph.leaf_nodes()):
        plan += [node for node in loader.graph.forwards_plan(leaf) if node not in plan]
    state = loader.project_state([node for node in plan if node not in judged])
    for node in plan:
        if node in judged:
            for sentence in former.complaints(loader.disk_migrations[node], state):
                yield *node, sentence


def main():
    os.environ.setdefault("DEBUG", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tfc_auth.settings")
    django.setup()
    for path in add_new(version()):
        print(f"{path}: listed with {version()}")


if __name__ == "__main__":
    sys.exit(main())
