"""Measure the password hash alone: python -m benchmarks.hash_alone SECONDS

Check a password repeatedly in one process, and print the number of checks.
"""

import sys
import time

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password


def main(seconds: float) -> None:
    settings.configure(PASSWORD_HASHERS=["accounts.users.hashers.Argon2Hasher"], THREADS_PER_PROCESS=4)
    encoded = make_password("correct horse battery staple 42")
    checked, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        check_password("correct horse battery staple 42", encoded)
        checked += 1
    print(checked)


if __name__ == "__main__":
    main(float(sys.argv[1]))
