from django.apps import AppConfig


class BackupCodesConfig(AppConfig):
    name = "accounts.factors.backup_codes"
    label = "factor_backup_codes"
    verbose_name = "Backup codes"

    def ready(self) -> None:
        from accounts.crypto.columns import sealed_columns
        from accounts.factors.backup_codes.factor import SEALED, left_of_session
        from accounts.sessions.lifetimes import extra_columns

        extra_columns.register("backup_codes_left", left_of_session())
        sealed_columns.register("factor_backup_codes", SEALED)
