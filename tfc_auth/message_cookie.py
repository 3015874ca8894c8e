from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage


class MessageCookie(CookieStorage):
    """Messages touch no table, and no other host can plant any (D29)."""

    cookie_name = "__Host-messages" if settings.HTTPS else "messages"
