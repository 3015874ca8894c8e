"""How often a password was hashed."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from accounts.users.hashers import Argon2Hasher


class CountingHasher(PBKDF2PasswordHasher):
    """A real, if cheap, hasher that counts: timing tells nothing that this does not."""

    algorithm = "counting"
    iterations = 1
    hashed = 0

    def encode(self, password, salt, iterations=None):
        CountingHasher.hashed += 1
        return super().encode(password, salt, iterations)


class ImpatientHasher(Argon2Hasher):
    """The product's own hasher, which waits less for the others: the tests keep its places taken."""

    longest_wait = 0.05
