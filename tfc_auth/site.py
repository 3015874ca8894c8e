"""Serve the pages of no application: start, health, well-known paths, user guide."""

from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.database import schema
from accounts.jsonapi.documents import API
from tfc_auth import guide
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
    """Return 200 if the database responds too, with the tables of this release, else 503."""
    try:
        problem = schema.too_old()
    except Error:
        problem = "the database does not answer"
    if problem:
        return HttpResponse(f"{problem}\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


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
