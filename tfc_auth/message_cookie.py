from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage


class MessageCookie(CookieStorage):
    """Store messages in a cookie, not in a table; with HTTPS, no other host can set it (D29)."""

    cookie_name = "__Host-messages" if settings.HTTPS else "messages"
