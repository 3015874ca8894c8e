"""Settings: one file, values from the environment. A bad value stops the start.

Every variable is explained in README.md and .env.example. With DEBUG on and nothing set, everything has a
development value; with DEBUG off, what must be secret has to be given.
"""

from collections.abc import Collection
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
env.smart_cast = False

DEBUG = env.bool("DEBUG", default=False)

# --- Secrets ---

INSECURE_SECRET_KEY = "insecure-development-secret-key-that-every-reader-of-this-file-knows"
INSECURE_ENCRYPTION_KEY = "insecure-development-encryption-key-that-every-reader-knows"


def required_unless_debug(name: str, development_value: str) -> str:
    value: str = env.str(name, default=development_value if DEBUG else "")
    if not value:
        raise ImproperlyConfigured(f"Set {name} in the environment (or DEBUG=1 for development).")
    return value


def one_of(name: str, allowed: Collection[str], default: str) -> str:
    value: str = env.str(name, default=default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {sorted(allowed)}, not {value!r}.")
    return value


SECRET_KEY = required_unless_debug("SECRET_KEY", INSECURE_SECRET_KEY)
# Former secret keys, whose links and cookies stay good until they expire.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# The first key encrypts, all of them decrypt: put a new one in front, keep the old ones (accounts/crypto.py).
ENCRYPTION_KEYS = [
    key.strip()
    for key in required_unless_debug("ENCRYPTION_KEYS", INSECURE_ENCRYPTION_KEY).split(",")
    if key.strip()
]
if not ENCRYPTION_KEYS:
    raise ImproperlyConfigured("ENCRYPTION_KEYS holds no key.")

# --- The site ---

SITE_NAME = env.str("SITE_NAME", default="TFC Auth")
# Links in mails are built from this, never from the Host header of a request.
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEBUG else [])
HTTPS = env.bool("HTTPS", default=not DEBUG)
SIGN_UP = one_of("SIGN_UP", ["open", "closed"], default="open")
CREATE_ORGANIZATIONS = one_of("CREATE_ORGANIZATIONS", ["everybody", "staff"], default="everybody")
# Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed; nobody else's are.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

# --- Applications ---

INSTALLED_APPS = [
    "tfc_auth.apps.AdminConfig",
    "accounts",  # before django.contrib.auth, whose createsuperuser it replaces
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "django_otp",
    "accounts.factors.totp",
    "accounts.factors.sms",
    "accounts.factors.backup_codes",
    "organizations",
]

# Order is the order in which the pages offer them; the first primary factor a user has is asked first.
SECOND_FACTORS = env.list(
    "SECOND_FACTORS",
    default=[
        "accounts.factors.totp.factor.TOTPFactor",
        "accounts.factors.sms.factor.SMSFactor",
        "accounts.factors.backup_codes.factor.BackupCodesFactor",
    ],
)

MIDDLEWARE = [
    "tfc_auth.middleware.RequestIdMiddleware",
    "tfc_auth.middleware.ContentLengthMiddleware",
    "tfc_auth.middleware.ForwardedHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "tfc_auth.middleware.SecurityHeadersMiddleware",
    "tfc_auth.middleware.WellFormedMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tfc_auth.middleware.ErrorPagesMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "accounts.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.outbox.OutboxMiddleware",
    "accounts.middleware.RuleViolationMiddleware",
    "organizations.middleware.TwoFactorRequiredMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "tfc_auth.urls"
WSGI_APPLICATION = "tfc_auth.wsgi.application"
APPEND_SLASH = False
CSRF_FAILURE_VIEW = "tfc_auth.errors.csrf_failure"

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.site",
                "organizations.context.switcher",
            ],
        },
    },
]

# --- Database ---

DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# A database that is away or stuck becomes a 503 within 5 seconds instead of a worker that waits.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at BEGIN, so a transaction that has read can always write. FULL: a code
    # that was spent stays spent when the machine loses power.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 4,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    if not DATABASES["default"]["NAME"].startswith(":memory:"):
        Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "connect_timeout": 3,
        "options": "-c lock_timeout=3000 -c statement_timeout=5000",
    }

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ---

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "organizations:home"

PASSWORD_HASHER = env.str("PASSWORD_HASHER", default="argon2")
PASSWORD_HASHERS = {
    "argon2": ["accounts.hashers.Argon2Hasher"],
    "cheap": ["django.contrib.auth.hashers.MD5PasswordHasher"],
}[PASSWORD_HASHER]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "accounts.validators.MaximumLengthValidator", "OPTIONS": {"max_length": 1024}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.validators.NotLikeTheNameValidator"},
]

# --- Sessions, cookies, headers ---

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 20160 * 60  # seconds; Terraform Cloud's "remember for"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0  # two years
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 5

# --- Mail ---

MAIL_DIR = Path(env.str("MAIL_DIR", default=str(VAR_DIR / "mail")))
if DEBUG and not env.str("EMAIL_URL", default=""):
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(MAIL_DIR)
else:
    vars().update(env.email_url_config(env.str("EMAIL_URL", default="smtp://localhost:25")))
EMAIL_TIMEOUT = 5  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"{SITE_NAME} <no-reply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Background work ---

# With TASK_WORKER=1, mails and texts are sent by `manage.py db_worker`; else by the web process, after the
# answer. `run_due_work` sweeps up what failed in either case.
TASK_WORKER = env.bool("TASK_WORKER", default=False)
TASKS = {
    "default": {
        "BACKEND": (
            "django_tasks_db.DatabaseBackend"
            if TASK_WORKER
            else "django_tasks.backends.immediate.ImmediateBackend"
        )
    }
}
INSTALLED_APPS += ["django_tasks", *(["django_tasks_db"] if TASK_WORKER else [])]

# --- Text messages ---

SMS_BACKENDS = {
    "console": "accounts.factors.sms.backends.console.ConsoleBackend",
    "locmem": "accounts.factors.sms.backends.locmem.LocmemBackend",
    "twilio": "accounts.factors.sms.backends.twilio.TwilioBackend",
}
SMS_BACKEND = SMS_BACKENDS[one_of("SMS_BACKEND", SMS_BACKENDS, default="console" if DEBUG else "twilio")]
# ISO codes of the countries whose numbers are texted; each costs money and invites pumping fraud.
SMS_COUNTRIES = env.str(
    "SMS_COUNTRIES", default="US,CA,GB,IE,DE,AT,CH,FR,BE,NL,LU,DK,SE,NO,FI,ES,PT,IT,PL,CZ,AU,NZ,JP"
).split(",")
SMS_HOURLY_BUDGET = env.int("SMS_HOURLY_BUDGET", default=500)
SMS_HOURLY_BUDGET_PER_PREFIX = env.int("SMS_HOURLY_BUDGET_PER_PREFIX", default=50)
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_API_KEY = env.str("TWILIO_API_KEY", default="")
TWILIO_API_SECRET = env.str("TWILIO_API_SECRET", default="")
TWILIO_FROM = env.str("TWILIO_FROM", default="")
TWILIO_MESSAGING_SERVICE_SID = env.str("TWILIO_MESSAGING_SERVICE_SID", default="")
TWILIO_API_BASE_URL = env.str("TWILIO_API_BASE_URL", default="")

# --- Static files ---

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", ("guide", BASE_DIR / "docs" / "guide" / "pictures")]
# Straight from their sources; otherwise `collectstatic` comes first.
PLAIN_STATIC_FILES = DEBUG or env.bool("PLAIN_STATIC_FILES", default=False)
WHITENOISE_USE_FINDERS = PLAIN_STATIC_FILES
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if PLAIN_STATIC_FILES
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        ),
    },
}

# --- Language and time ---

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Logging ---

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "tfc_auth.logs.LineFormatter"}},
    "filters": {"request_id": {"()": "tfc_auth.logs.RequestIdFilter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        },
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"django": {"handlers": [], "propagate": True, "level": "INFO"}},
}
