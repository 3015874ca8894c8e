"""How Django sends mails: the setting `MAILERS` from 6.1 on, settings named `EMAIL_...` before."""

from typing import Any

import django

HAS_MAILERS = django.VERSION >= (6, 1)

DJANGOS_SMTP = "django.core.mail.backends.smtp.EmailBackend"
SMTP = "accounts.outbox.smtp.EmailBackend"  # the same, with an end to each attempt

# The options of each backend, by the setting that they replace.
OPTIONS = {
    SMTP: {
        "EMAIL_HOST": "host",
        "EMAIL_PORT": "port",
        "EMAIL_HOST_USER": "username",
        "EMAIL_HOST_PASSWORD": "password",
        "EMAIL_USE_TLS": "use_tls",
        "EMAIL_USE_SSL": "use_ssl",
        "EMAIL_TIMEOUT": "timeout",
    },
    "django.core.mail.backends.filebased.EmailBackend": {"EMAIL_FILE_PATH": "file_path"},
}


def mail_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Return settings with the meaning of these `EMAIL_...` settings, under the names of this Django."""
    if config["EMAIL_BACKEND"] == DJANGOS_SMTP:
        config = config | {"EMAIL_BACKEND": SMTP}
    if not HAS_MAILERS:
        return config
    backend = config["EMAIL_BACKEND"]
    given = {old: value for old, value in config.items() if value is not None}
    options = {name: given[old] for old, name in OPTIONS.get(backend, {}).items() if old in given}
    return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
