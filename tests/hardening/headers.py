"""What the headers of every answer must say (R51)."""

import re

EXACTLY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
REFERRER_POLICIES = ("same-origin", "no-referrer")  # the latter where a link with a token was opened
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}

# The same for everybody; all else is private (R51).
PUBLIC = (
    "/robots.txt",
    "/.well-known/security.txt",
    "/favicon.ico",
    "/apple-touch-icon.png",
    "/apple-touch-icon-precomposed.png",
)
PUBLIC_FOR = "public, max-age=86400"


def of_public_file(response):
    request = getattr(response, "request", {})  # of Django's client
    return request.get("PATH_INFO") in PUBLIC


def lacking(response):
    """What is missing in the headers of an answer, as sentences."""
    headers = response.headers
    for name, value in EXACTLY.items():
        if headers.get(name) != value:
            yield f"{name}: {headers.get(name)}"
    if headers.get("Referrer-Policy") not in REFERRER_POLICIES:
        yield f"Referrer-Policy: {headers.get('Referrer-Policy')}"
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        yield "Permissions-Policy"
    if not re.fullmatch(r"[0-9a-f]{16}", headers.get("X-Request-Id", "")):
        yield "X-Request-Id"
    cached = headers.get("Cache-Control", "")
    if "no-store" not in cached and not (cached == PUBLIC_FOR and of_public_file(response)):
        yield f"Cache-Control: {headers.get('Cache-Control')}"
    for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin"):
        if name in headers:
            yield f"{name}: {headers[name]}"
    yield from weak_policy(headers.get("Content-Security-Policy", ""))


def weak_policy(text):
    directives = dict(part.strip().partition(" ")[::2] for part in text.split(";"))
    for name, value in POLICY.items():
        if directives.get(name) != value:
            yield f"CSP {name}: {directives.get(name)}"
    for word in ("unsafe", "*", "http:", "blob:"):
        if word in text:
            yield f"CSP has {word}"
