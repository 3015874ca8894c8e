"""Route the pages of django-two-factor-auth, and a page to land on that shows its layout."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from two_factor.urls import urlpatterns as two_factor


@login_required
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "two_factor/_base.html")


urlpatterns = [path("", home), path("", include(two_factor))]
