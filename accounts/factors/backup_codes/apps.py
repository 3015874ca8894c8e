from django.apps import AppConfig


class BackupCodesConfig(AppConfig):
    name = "accounts.factors.backup_codes"
    label = "factor_backup_codes"
    verbose_name = "Backup codes"
