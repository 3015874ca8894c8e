import os
import secrets
import sys
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from accounts.factors.sms.backends.base import SMSBackend


class ConsoleBackend(SMSBackend):
    """For development: prints texts and stores them as files for the development inbox."""

    def send(self, *, to: str, body: str) -> str:
        sys.stdout.write(f"Text to {to}: {body}\n")
        sys.stdout.flush()
        directory = Path(settings.MAIL_DIR)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{secrets.token_hex(4)}.text"
        written = os.open(directory / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(written, "w") as text:
            text.write(f"{to}\n{body}\n")
        return f"console-{secrets.token_hex(8)}"
