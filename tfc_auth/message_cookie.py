from django.contrib.messages.storage.cookie import CookieStorage

from accounts.web.cookies import private_name


class MessageCookie(CookieStorage):
    """Store messages in a cookie, not in a table; with HTTPS, no other host can set it (D29)."""

    cookie_name = private_name("messages")
