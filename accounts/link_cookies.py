"""A token in a link goes into a cookie, so that it is in no later URL, no history and no Referer (D28)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

LIFETIME = 30 * 60  # seconds; the token's own end may come sooner
LONGEST_TOKEN = 200


class LinkCookie:
    """Holds the token for one page and is sent nowhere else."""

    def __init__(self, name: str, page: str) -> None:
        self.name = name
        self.page = page

    def take(self, token: str) -> HttpResponse:
        """Go on to the page with the token in the cookie. Nothing is written, and nothing is checked yet."""
        response = redirect(self.page)
        response["Referrer-Policy"] = "no-referrer"
        if len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable():
            response.set_cookie(
                self.cookie_name(),
                token,
                max_age=LIFETIME,
                path=reverse(self.page),
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        else:
            self.forget(response)
        return response

    def token(self, request: HttpRequest) -> str:
        return request.COOKIES.get(self.cookie_name(), "")[:LONGEST_TOKEN]

    def forget(self, response: HttpResponse) -> None:
        response.delete_cookie(self.cookie_name(), path=reverse(self.page), samesite="Lax")

    def cookie_name(self) -> str:
        # Not __Host-: such a cookie would have to go to every page.
        return f"__Secure-{self.name}" if settings.HTTPS else self.name
