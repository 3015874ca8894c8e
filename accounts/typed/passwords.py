"""The normal form of passwords (NIST SP 800-63B-4, 3.1.1.2)."""

import unicodedata


def normal(password: str) -> str:
    """Return the password in NFKC: Macs and other machines spell the same letters differently.

    Nothing else is changed: case, blanks, and a newline at the end are part of a password.
    """
    return password if password.isascii() else unicodedata.normalize("NFKC", password)
