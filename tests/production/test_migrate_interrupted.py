"""A `migrate` that ends in the middle, by whatever cause, goes on where it was (OF14)."""

import pytest

from tests.production.test_upgrades import database, execute, fresh, manage, shape  # noqa: F401 - fixtures
from tests.support import dumps
from tests.support.environment import KIND

MAKES_A_TABLE = "0007_mail_windows"
LOSE = "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'it is gone'; END$$"
WHERE = f"lost BEFORE INSERT ON django_migrations FOR EACH ROW WHEN (NEW.name = '{MAKES_A_TABLE}')"
NOT_RECORDED = {
    "postgresql": [LOSE, f"CREATE TRIGGER {WHERE} EXECUTE FUNCTION lose()"],
    "sqlite": [f"CREATE TRIGGER {WHERE} BEGIN SELECT RAISE(ABORT, 'it is gone'); END"],
}
MENDED = {
    "postgresql": ["DROP TRIGGER lost ON django_migrations", "DROP FUNCTION lose"],
    "sqlite": ["DROP TRIGGER lost"],
}


@pytest.mark.parametrize("folder", ["before-0.1.0", "0.1.0"])
def test_of14_a_migration_is_recorded_or_not_there(database, fresh, folder):  # noqa: F811
    """Made and not recorded, its table would be made once more, and `migrate` would fail for ever."""
    url = database(f"interrupted_{folder}")
    dumps.load(dumps.HERE / folder, KIND, url)
    for statement in NOT_RECORDED[KIND]:
        execute(url, statement)
    stopped = manage(url, "migrate", check=False)
    assert stopped.returncode == 1
    assert "it is gone" in stopped.stderr

    for statement in MENDED[KIND]:
        execute(url, statement)
    manage(url, "migrate")

    assert shape(url) == shape(fresh)
    assert manage(url, "doctor", check=False).returncode == 0
