"""Define the pages and the routes of the floor."""

import time

from django.contrib.auth import authenticate, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.crypto import constant_time_compare
from django_otp.oath import hotp

from benchmarks.floor import api
from benchmarks.floor.models import Authenticator

BACKEND = "django.contrib.auth.backends.ModelBackend"


def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "floor/password.html")
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is None:
        return render(request, "floor/password.html", {"error": "Wrong."}, status=422)
    request.session["pending"] = user.pk
    return render(request, "floor/code.html")


def code(request: HttpRequest) -> HttpResponse:
    pk = request.session.get("pending")
    if pk is None or not consume(pk, request.POST["code"]):
        return render(request, "floor/code.html", {"error": "Wrong."}, status=422)
    login(request, User.objects.get(pk=pk), BACKEND)
    return redirect("/")


def consume(user_id: int, answer: str) -> bool:
    with transaction.atomic():
        device = Authenticator.objects.select_for_update().get(user_id=user_id)
        now = int(time.time()) // 30
        for step in (now, now - 1, now + 1):
            if step > device.last_step and is_code_of(device, step, answer):
                device.last_step = step
                device.save(update_fields=["last_step"])
                return True
    return False


def is_code_of(device: Authenticator, step: int, answer: str) -> bool:
    return constant_time_compare(f"{hotp(bytes.fromhex(device.secret), step):06d}", answer)


@login_required
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "floor/home.html")


@login_required
def hello(request: HttpRequest) -> HttpResponse:
    """Use session, user, one query and no template: the minimum cost of a page behind a sign-in."""
    return HttpResponse(f"hello, one of {Authenticator.objects.count()}")


urlpatterns = [
    path("", home),
    path("hello", hello),
    path("login", sign_in),
    path("code", code),
    path("api/v2/account/details", api.account),
    path("api/v2/organizations/<str:name>", api.organization),
    path("api/v2/organizations/<str:name>/organization-memberships", api.memberships),
]
