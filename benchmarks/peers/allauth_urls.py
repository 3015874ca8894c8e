"""Route the pages of django-allauth, and a page to land on that shows its layout."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


@login_required
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "allauth/layouts/base.html")


urlpatterns = [path("", home), path("accounts/", include("allauth.urls"))]
