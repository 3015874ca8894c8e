from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage


class MessageCookie(CookieStorage):
    """Messages in a cookie, so that anonymous pages touch no table; one that no other host can plant (D29)."""

    cookie_name = "__Host-messages" if settings.HTTPS else "messages"
