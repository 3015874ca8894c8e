"""Check settings that contradict each other, and the clock. What one setting must not be stops the start."""

from collections.abc import Iterator
from ipaddress import ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, Tags, run_checks
from django.http.request import validate_host

from accounts.database import clock
from accounts.management.doctor import Check, Note

# Seconds. Codes of apps last 30, and the one before and after are accepted.
WORTH_A_NOTE, TOO_MUCH = 2, 10


def settings_fit_together() -> Iterator[str]:
    yield from addresses_fit_together()
    yield from proxies_fit_together()
    yield from system_checks()


def addresses_fit_together() -> Iterator[str]:
    parts = urlsplit(settings.SITE_URL)
    if not validate_host(parts.hostname or "", settings.ALLOWED_HOSTS):
        yield (
            f"links in mails lead to {parts.hostname} (SITE_URL), and requests to it are refused: "
            f"add it to ALLOWED_HOSTS"
        )
    if (parts.scheme == "https") != settings.HTTPS:
        yield (
            f"HTTPS is {'on' if settings.HTTPS else 'off'}, and SITE_URL begins with {parts.scheme}://: "
            "forms or cookies fail in browsers; change one of them"
        )


def proxies_fit_together() -> Iterator[str]:
    proxies = [ip_network(text) for text in settings.TRUSTED_PROXIES]
    for text in settings.METRICS_PEERS:
        peer = ip_network(text)
        if any(peer.version == proxy.version and peer.overlaps(proxy) for proxy in proxies):
            yield Note(
                f"{text} may read /metrics, and is a proxy: what it passes on is refused because it carries "
                "X-Forwarded-For, so see that it always sends that"
            )


def system_checks() -> Iterator[str]:
    """Tell what `check` finds in the settings. Note what `check --deploy` adds; with DEBUG it always does."""
    found = run_checks(tags=[Tags.security])
    yield from (check.msg if check.level >= ERROR else Note(check.msg) for check in found)
    if settings.DEBUG:
        return
    further = run_checks(tags=[Tags.security], include_deployment_checks=True)[len(found) :]
    if further:
        yield Note(f"`check --deploy` finds {len(further)} more, and says what to do about each")


def clocks_agree() -> Iterator[str]:
    """Compare this machine with the database, which writes the times that this machine compares."""
    ahead = clock.seconds_ahead()
    if abs(ahead) < WORTH_A_NOTE:
        return
    sentence = (
        f"this machine is {abs(ahead):.1f} seconds {'ahead of' if ahead > 0 else 'behind'} the database: "
        "right codes of apps are refused when it is 30 or more; have both follow NTP"
    )
    yield sentence if abs(ahead) > TOO_MUCH else Note(sentence)


CHECKS = {
    "settings": Check(settings_fit_together, urgency=4, mend="check --deploy --fail-level WARNING"),
    "clock": Check(clocks_agree, urgency=1),
}
