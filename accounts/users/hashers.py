from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with the minimum of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.

    Django's default (100 MiB, eight lanes) needs twelve times the CPU time: ten password POSTs a second would
    overload a machine with two cores.
    """

    memory_cost = 19_456  # KiB
    time_cost = 2
    parallelism = 1
