"""What Django is told of the way mails go: `MAILERS` from 6.1 on, settings named `EMAIL_...` before."""

from typing import Any

import django

HAS_MAILERS = django.VERSION >= (6, 1)

# What the backends that take options call what a setting says.
OPTIONS = {
    "django.core.mail.backends.smtp.EmailBackend": {
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
    """Return the settings that say to this Django what these settings `EMAIL_...` say."""
    if not HAS_MAILERS:
        return config
    backend = config["EMAIL_BACKEND"]
    options = {name: config[old] for old, name in OPTIONS.get(backend, {}).items() if old in config}
    return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
