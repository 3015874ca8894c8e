"""Define what the floor and the peers have in common: settings of a plain Django site, with our hasher.

Connections to the database are kept and checked as Django does it; the rest of its settings is the default.
"""

import environ

env = environ.Env()

SECRET_KEY = "for-the-benchmark-and-for-nothing-but-the-benchmark"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
DJANGO_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = {
    "argon2": ["accounts.users.hashers.Argon2Hasher"],
    "cheap": ["django.contrib.auth.hashers.MD5PasswordHasher"],
}[env.str("PASSWORD_HASHER")]
THREADS_PER_PROCESS = env.int("THREADS_PER_PROCESS")  # the hasher asks for it

DATABASES = {"default": {**env.db_url("DATABASE_URL"), "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
