"""Do the addresses of site, hosts, proxies and mailboxes fit together?"""

from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

# A private network of more addresses than this one may have clients in it.
WIDEST_OF_PROXIES = {4: 16, 6: 48}
SLOWEST_FOR_CLIENTS = 4  # requests a second that Terraform's clients need


@register(Tags.security, deploy=True)
def addresses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    url = urlsplit(settings.SITE_URL)
    if url.scheme != "https":
        problems.append(
            Error(
                f"SITE_URL must be the https:// address of this site, not {settings.SITE_URL}: links in "
                "emails begin with it.",
                id="accounts.E013",
            )
        )
    if not settings.SESSION_COOKIE_SECURE:
        problems.append(
            Error("HTTPS=0 sends passwords and cookies unencrypted: remove that setting.", id="accounts.E016")
        )
    if "*" in settings.ALLOWED_HOSTS:
        problems.append(
            Error(
                f"ALLOWED_HOSTS=* lets visitors choose the name of the site: write {url.hostname}.",
                id="accounts.E018",
            )
        )
    elif settings.ALLOWED_HOSTS and not validate_host(in_brackets(url.hostname), settings.ALLOWED_HOSTS):
        problems.append(
            Error(
                "ALLOWED_HOSTS does not name the host of SITE_URL, so every link in an email fails "
                f"with 400: add {in_brackets(url.hostname)}.",
                id="accounts.E019",
            )
        )
    return problems


def in_brackets(host: str | None) -> str:
    """Return a host as ALLOWED_HOSTS writes it."""
    return f"[{host}]" if host and ":" in host else host or ""


@register(Tags.security, deploy=True)
def proxies(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.TRUSTED_PROXIES:
        return [
            Warning(
                "TRUSTED_PROXIES is empty: behind a proxy, pages redirect in circles, and all visitors share "
                "one address and its limits. Write the address that the proxy connects from.",
                id="accounts.W014",
            )
        ]
    wide = [text for text in settings.TRUSTED_PROXIES if is_wide(text)]
    if not wide:
        return []
    return [
        Warning(
            f"TRUSTED_PROXIES has {', '.join(wide)}: each machine in it can claim any address, and so "
            "escapes the limits on passwords. Write the addresses of the proxies alone.",
            id="accounts.W015",
        )
    ]


def is_wide(text: str) -> bool:
    """Return whether this is a private network with room for clients. Public ones belong to big proxies.

    100.64.0.0/10, which carriers and overlay networks use, is neither private nor global for Python.
    """
    network = ip_network(text)
    return not network.is_global and network.prefixlen < WIDEST_OF_PROXIES[network.version]


@register(Tags.security, deploy=True)
def mailboxes(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    if not settings.SUPPORT_EMAIL:
        problems.append(
            Warning(
                "SUPPORT_EMAIL is empty: people who lose their device don't learn whom to ask.",
                id="accounts.W010",
            )
        )
    if settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost"):
        problems.append(
            Error(
                "DEFAULT_FROM_EMAIL must be an address of your own, such as no-reply@example.com: mail "
                f"servers refuse mails from {settings.DEFAULT_FROM_EMAIL}.",
                id="accounts.E017",
            )
        )
    return problems


@register(Tags.security, deploy=True)
def pace_of_programs(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.API_REQUESTS_PER_SECOND >= SLOWEST_FOR_CLIENTS:
        return []
    return [
        Warning(
            f"API_REQUESTS_PER_SECOND={settings.API_REQUESTS_PER_SECOND} is too slow for Terraform's "
            f"clients: write {SLOWEST_FOR_CLIENTS} or more.",
            id="accounts.W018",
        )
    ]


@register(Tags.security, deploy=True)
def shared_private_networks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find shared networks in which a proxy is likely that TRUSTED_PROXIES does not name."""
    if settings.TRUSTED_PROXIES:
        return []
    networks = map(ip_network, settings.SHARED_NETWORKS)
    return [
        Warning(
            f"SHARED_NETWORKS names {network}, which is private, and TRUSTED_PROXIES is empty: if your proxy "
            "is there, limits are larger for everybody. Name the proxy in TRUSTED_PROXIES instead.",
            id="accounts.W012",
        )
        for network in networks
        if not network.is_global
    ]
