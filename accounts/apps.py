from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Add what accounts has to the places that other applications and factors add to as well."""
        from accounts import checks  # noqa: F401 - registers itself
        from accounts.api import resources
        from accounts.audit import Event
        from accounts.audit.events import enumerations
        from accounts.crypto.columns import sealed_columns
        from accounts.management import doctor
        from accounts.outbox import queue
        from accounts.outbox.carriers import Carrier, carriers, send_mail
        from accounts.outbox.delivery import audiences
        from accounts.tokens import expiry, lookup
        from accounts.users import news, rights

        enumerations.register("accounts", Event)
        sealed_columns.register("outbox", queue.SEALED)
        carriers.register("mail", Carrier(send_mail))
        audiences.register(news.SUPERUSERS, news.superusers)
        lookup.lookups.register("user", lookup.token_of_user)
        expiry.kinds.register("user", expiry.OF_USERS)
        for permission, text in rights.OF_ACCOUNTS.items():
            rights.grantable.register(permission, text)
        for name, allowed in resources.ACTIONS.items():
            resources.allowed_actions.register(name, allowed)
        for title, check in doctor.CHECKS.items():
            doctor.checks.register(title, check)
