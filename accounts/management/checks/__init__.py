"""What `manage.py doctor` checks of accounts, and of all tables."""

from accounts.management.checks import (
    clocks,
    configuration,
    keys,
    messages,
    methods,
    people,
    providers,
    replication,
    storage,
    tables,
    tidying,
)
from accounts.management.doctor import Check

CHECKS: dict[str, Check] = {
    **storage.CHECKS,
    **replication.CHECKS,
    **tables.CHECKS,
    **clocks.CHECKS,
    **people.CHECKS,
    **methods.CHECKS,
    **keys.CHECKS,
    **messages.CHECKS,
    **tidying.CHECKS,
    **configuration.CHECKS,
}
PROVIDERS: dict[str, Check] = providers.CHECKS
