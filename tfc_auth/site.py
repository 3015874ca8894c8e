"""Serve the pages of no application: start, health, well-known paths, user guide."""

import os

from django.contrib.auth.decorators import login_not_required
from django.db import Error, ProgrammingError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.database import schema
from accounts.jsonapi.documents import API
from accounts.models import Session
from tfc_auth import errors, guide
from tfc_auth.version import PRODUCT, VERSION


@login_not_required
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    return redirect("organizations:home" if request.user.is_authenticated else "accounts:sign_in")


@login_not_required
@require_safe
def change_password_redirect(request: HttpRequest) -> HttpResponse:
    """Redirect password managers to the page that changes a password."""
    return redirect("accounts:password")


SERVICES = {
    "tfe.v2": f"{API}/",
    "tfe.v2.1": f"{API}/",
    "tfe.v2.2": f"{API}/",
    "modules.v1": "/api/registry/v1/modules/",  # clients require the name; errors.py says that there are none
}


@login_not_required
@require_safe
def terraform_services(request: HttpRequest) -> HttpResponse:
    """Return the services of this host for Terraform's service discovery."""
    return JsonResponse(SERVICES)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Return 200: the process is alive. The second line says which release it is."""
    return HttpResponse(f"ok\n{PRODUCT} {VERSION}\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Return 200 if the database has the tables of this release and can be written, else 503: nobody can
    sign in at a standby.
    """
    problem = problem_of_database()
    if problem:
        return HttpResponse(f"{problem}\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


def problem_of_database() -> str:
    """Return why nothing can be written, or ""."""
    try:
        if problem := schema.too_old():
            return problem
        # No row has this id: it leaves nothing behind, and is refused wherever a row could not be written.
        Session.objects.filter(pk=-1).update(user_agent="")
    except ProgrammingError:
        return "the database lacks tables, or the right to write them"
    except Error as error:
        if errors.is_read_only(error):
            return "the database can be read only"
        return "the database does not answer"
    return "" if file_is_writable(connection.settings_dict["NAME"]) else "the database can be read only"


def file_is_writable(name: str) -> bool:
    """Return False for a file of SQLite on a disk that has become read-only: the commit would fail."""
    if connection.vendor != "sqlite" or not os.path.exists(name):  # a database in memory
        return True
    return os.access(name, os.W_OK) and os.access(os.path.dirname(os.path.abspath(name)), os.W_OK)


@login_not_required
@require_safe
def docs_index(request: HttpRequest) -> HttpResponse:
    return guide_page(request, guide.FIRST_PAGE)


@login_not_required
@require_safe
def docs(request: HttpRequest, page: str) -> HttpResponse:
    if page == guide.FIRST_PAGE:
        return redirect("site:docs_index")
    return guide_page(request, page)


def guide_page(request: HttpRequest, slug: str) -> HttpResponse:
    pages = guide.pages()
    page = next((page for page in pages if page.slug == slug), None)
    if page is None:
        raise Http404
    return render(
        request, "site/docs.html", {"page": page, "pages": pages, "version": f"{PRODUCT} {VERSION}"}
    )
