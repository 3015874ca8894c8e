"""Load demo users and organizations into an empty database, with DEBUG only."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.exceptions import RuleViolation
from accounts.models import User
from organizations.management.demo import loading
from organizations.management.demo.people import PASSWORD

PEOPLE = {
    "alice": "owns acme, which requires two-factor authentication (needs a code)",
    "bob": "is locked out of acme: has no two-factor authentication yet",
    "carol": "gets codes by text; owns globex, which requires nothing",
    "newcomer": "just signed up: start here",
    "root": "is the site admin: see /admin/ (needs a code)",
}


class Command(BaseCommand):
    help = "Loads demo data into an empty database (DEBUG only) and prints how to sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Demo accounts have known passwords, so they exist only with DEBUG=1.")
        if not User.objects.exists():
            self.stdout.write("Loading forty people and three months of history ...")
            self.stdout.flush()
            try:
                loading.load()
            except RuleViolation as refusal:
                raise CommandError(f"A setting prevents the demo from loading: {refusal}") from refusal
        self.tell()

    def tell(self) -> None:
        there = set(User.objects.filter(username__in=PEOPLE).values_list("username", flat=True))
        lines = ["", f"{settings.SITE_NAME}: {settings.SITE_URL}", ""]
        if loading.is_complete():
            lines += [f"Sign in with the password {PASSWORD} as:"]
            lines += [f"  {name:9} {what}" for name, what in PEOPLE.items() if name in there]
            lines += ["", "A code for alice:  make code   (for somebody else: make code WHO=root)"]
        elif there:
            lines += [
                "This demo is incomplete or from an older release. To load it again, delete the database:"
            ]
            lines += [f"  {settings.DATABASES['default']['NAME']}", ""]
        else:
            lines += ["The database isn't empty, so no demo data was loaded."]
        lines += [f"Emails and texts:  {settings.SITE_URL}/dev/outbox", ""]
        self.stdout.write("\n".join(lines))
