"""SMS providers, similar to Django's mail backends: settings.SMS_BACKEND is the dotted path of one."""

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.factors.sms.backends.base import SMSBackend


def get_backend() -> SMSBackend:
    backend: SMSBackend = import_string(settings.SMS_BACKEND)()
    return backend
