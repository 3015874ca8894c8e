"""Define the settings of a site with django-two-factor-auth: an app for codes, and static tokens."""

from benchmarks.plain import *  # noqa: F403
from benchmarks.plain import DJANGO_APPS
from benchmarks.plain import MIDDLEWARE as PLAIN

INSTALLED_APPS = [
    *DJANGO_APPS,
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "two_factor",
]
AFTER = "django.contrib.auth.middleware.AuthenticationMiddleware"
PLACE = PLAIN.index(AFTER) + 1
MIDDLEWARE = [*PLAIN[:PLACE], "django_otp.middleware.OTPMiddleware", *PLAIN[PLACE:]]
ROOT_URLCONF = "benchmarks.peers.two_factor_urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
LOGIN_URL = "two_factor:login"
LOGIN_REDIRECT_URL = "/"
