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
    if "no-store" not in headers.get("Cache-Control", ""):
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
