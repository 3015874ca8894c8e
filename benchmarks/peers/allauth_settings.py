"""Define the settings of a site with django-allauth: accounts, an app for codes, and recovery codes."""

from benchmarks.plain import *  # noqa: F403
from benchmarks.plain import DJANGO_APPS
from benchmarks.plain import MIDDLEWARE as PLAIN

INSTALLED_APPS = [*DJANGO_APPS, "django.contrib.messages", "allauth", "allauth.account", "allauth.mfa"]
MIDDLEWARE = [
    *PLAIN,
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "benchmarks.peers.allauth_urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# With Django's backend beside its own, as it is documented, a wrong password costs two hashes.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_REDIRECT_URL = "/"
MFA_TOTP_TOLERANCE = 1  # steps each way, as the others have it
ALLAUTH_TRUSTED_PROXY_COUNT = 1  # each client claims an address of its own
CACHES = {"default": {"BACKEND": "benchmarks.peers.cache.ForgetfulCache"}}
