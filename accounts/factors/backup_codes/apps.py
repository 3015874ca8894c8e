from django.apps import AppConfig


class BackupCodesConfig(AppConfig):
    name = "accounts.factors.backup_codes"
    label = "factor_backup_codes"
    verbose_name = "Backup codes"

    def ready(self) -> None:
        from accounts.crypto import columns
        from accounts.factors.backup_codes.factor import SEALED, left_of_session
        from accounts.sessions.lifetimes import carry

        carry("backup_codes_left", left_of_session())
        columns.register(SEALED)
