"""Define the settings of the floor."""

from benchmarks.plain import *  # noqa: F403
from benchmarks.plain import DJANGO_APPS

INSTALLED_APPS = [*DJANGO_APPS, "benchmarks.floor"]
ROOT_URLCONF = "benchmarks.floor.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
LOGIN_URL = "/login"
