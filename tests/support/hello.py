"""The smallest page of a Django site that knows who asks: what the pages of the product are compared with.

It runs in the process of the tests, with Django's own middleware, and reads one row: the user. The session is
in a cookie, because the product has no table for Django's.
"""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.test import Client, override_settings
from django.urls import path

from tests.support.environment import ROOT


@login_required
def hello(request):
    return render(request, "floor/home.html")


urlpatterns = [path("", hello)]

settings = override_settings(
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [ROOT / "benchmarks" / "floor" / "templates"],
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"],
)


def cookies_of(user):
    """Return the cookies of a browser that is signed in at the small site."""
    with settings:
        client = Client()
        client.force_login(user)
        return {name: found.value for name, found in client.cookies.items()}
