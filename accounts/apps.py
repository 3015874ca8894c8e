from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Add what accounts has to the places that other applications and factors add to as well."""
        from django.db.models.signals import post_migrate

        from accounts import checks  # noqa: F401 - registers itself
        from accounts.api import resources
        from accounts.audit import Event, guards
        from accounts.audit.events import enumerations
        from accounts.checks.factors import stop_without_factors
        from accounts.crypto.columns import sealed_columns
        from accounts.database import beginnings  # noqa: F401 - its lookups register themselves
        from accounts.database import checks as of_databases  # noqa: F401 - as above
        from accounts.management import checks as examinations
        from accounts.management import doctor, due_work
        from accounts.management.checks import clocks
        from accounts.models.clocks import horizons
        from accounts.outbox import queue, windows
        from accounts.outbox.carriers import Carrier, carriers, send_mail
        from accounts.sessions import caps, lifetimes
        from accounts.tokens import expiry, exposure, lookup
        from accounts.users import invited, rights, site_invitations

        stop_without_factors()
        enumerations.register("accounts", Event)
        sealed_columns.register("outbox", queue.SEALED)
        sealed_columns.register("mail windows", windows.SEALED)
        carriers.register("mail", Carrier(send_mail))
        lifetimes.extra_columns.register(caps.CROWDED, caps.crowd_of("pending_user_id"))
        lookup.lookups.register("user", lookup.token_of_user)
        expiry.kinds.register("user", expiry.OF_USERS)
        exposure.kinds.register("user", exposure.OF_USERS)
        invited.invitations.register(invited.SITE, site_invitations)
        for permission, text in rights.OF_ACCOUNTS.items():
            rights.grantable.register(permission, text)
        for name, allowed in resources.ACTIONS.items():
            resources.allowed_actions.register(name, allowed)
        for title, check in examinations.CHECKS.items():
            doctor.checks.register(title, check)
        doctor.provider_checks.register_all(examinations.PROVIDERS)
        for column, horizon in clocks.HORIZONS.items():
            horizons.register(column, horizon)
        for name, step in due_work.STEPS.items():
            due_work.steps.register(name, step)
        self.prepare_metrics()
        post_migrate.connect(guards.install_after_migrate, sender=self)

    def prepare_metrics(self) -> None:
        """Say which values the labels of counters can have, and what the database is asked at the scrape."""
        from accounts.audit import counts, events
        from accounts.factors import methods
        from accounts.limits.budgets import BUDGETS, budget_names
        from accounts.metrics import closed_lists, figures
        from accounts.outbox import counts as of_outbox

        closed_lists.register(counts.EVENT_NAMES, events.names)
        closed_lists.register(counts.METHODS, methods.words)
        closed_lists.register(BUDGETS, budget_names)
        figures.register("audit events", counts.figures)
        figures.register("outbox", of_outbox.figures)
