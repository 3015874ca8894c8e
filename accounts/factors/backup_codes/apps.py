from django.apps import AppConfig


class BackupCodesConfig(AppConfig):
    name = "accounts.factors.backup_codes"
    label = "factor_backup_codes"
    verbose_name = "Backup codes"

    def ready(self) -> None:
        from accounts import sealed  # noqa: PLC0415 - needs models
        from accounts.factors.backup_codes.factor import SEALED, left_of_session  # noqa: PLC0415
        from accounts.lifetimes import carry  # noqa: PLC0415

        carry("backup_codes_left", left_of_session())
        sealed.register(SEALED)
