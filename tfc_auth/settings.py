"""Define all settings, with values from the environment. An invalid value stops the start.

README.md and .env.example explain every variable. With DEBUG on, every variable has a development default;
with DEBUG off, secrets must be set.
"""

from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from tfc_auth.environment import Environment
from tfc_auth.mailers import mail_settings
from tfc_auth.private_files import PrivateConnection, make_private_folder

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Environment()

DEBUG = env.switch("DEBUG", default=False)

# --- Secrets ---

# `check --deploy` recognizes both by their prefixes.
INSECURE_SECRET_KEY = "django-insecure-development-secret-key-that-every-reader-of-this-file-knows"
INSECURE_ENCRYPTION_KEY = "insecure-development-encryption-key-that-every-reader-knows"

SECRET_KEY = env.secret("SECRET_KEY", default=INSECURE_SECRET_KEY if DEBUG else "")
# Former secret keys: links and cookies signed with them stay valid until they expire.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# The first key encrypts, all keys decrypt (accounts/crypto/sealing.py): put a new key first, keep the others.
ENCRYPTION_KEYS = env.secrets(
    "ENCRYPTION_KEYS", default=INSECURE_ENCRYPTION_KEY if DEBUG else "", shortest=32
)

# --- The site ---

SITE_NAME = env.site_name("SITE_NAME", default="TFC Auth")
# Links in mails are built from this, never from the Host header of a request.
SITE_URL = env.address("SITE_URL", default="http://127.0.0.1:8000")
SUPPORT_EMAIL = env.mailbox("SUPPORT_EMAIL")
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEBUG else [])
HTTPS = env.switch("HTTPS", default=not DEBUG)
SIGN_UP = env.choice("SIGN_UP", "open", "closed")
CREATE_ORGANIZATIONS = env.choice("CREATE_ORGANIZATIONS", "everybody", "staff")
# Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are trusted.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")

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

# The pages offer factors in this order; the first primary factor that a user has is asked first.
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
    "tfc_auth.metrics.PeerMiddleware",  # before the address is replaced by a forwarded one
    "tfc_auth.middleware.ForwardedHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tfc_auth.middleware.SecurityHeadersMiddleware",
    "tfc_auth.metrics.MetricsMiddleware",
    "accounts.jsonapi.middleware.ApiMiddleware",
    "tfc_auth.middleware.ErrorPagesMiddleware",
    "accounts.outbox.middleware.OutboxMiddleware",
    "tfc_auth.plain_http.PlainHttpMiddleware",
    "tfc_auth.middleware.WellFormedMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "accounts.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.sessions.middleware.AuthenticationMiddleware",
    "accounts.web.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.web.middleware.RuleViolationMiddleware",
    "organizations.access.middleware.TwoFactorRequiredMiddleware",
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
                "accounts.context_processors.site",
                "organizations.context_processors.switcher",
            ],
        },
    },
]

# --- Database ---

DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# A database that is away or stuck causes a 503 within 5 seconds instead of a blocked worker.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at BEGIN, so a transaction that has read can always write. FULL: a spent
    # code stays spent after a power failure.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 3.5,  # seconds
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        "factory": PrivateConnection,
    }
else:
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "connect_timeout": 2,
        # A host that is gone sends nothing at all, and TCP alone retries for about 15 minutes.
        "tcp_user_timeout": 2500,  # milliseconds
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "options": "-c lock_timeout=3000 -c statement_timeout=5000",
    }

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ---

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:sign_in"
AUTHENTICATION_BACKENDS = ["accounts.users.rights.PermissionsBackend"]

# Half of them may compute a password hash at the same time (accounts/users/hashers.py).
THREADS_PER_PROCESS = env.positive("THREADS_PER_PROCESS", default=4)
PASSWORD_HASHER = env.choice("PASSWORD_HASHER", "argon2", "cheap")
PASSWORD_HASHERS = {
    "argon2": ["accounts.users.hashers.Argon2Hasher"],
    "cheap": ["django.contrib.auth.hashers.MD5PasswordHasher"],
}[PASSWORD_HASHER]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "accounts.users.validators.MaximumLengthValidator"},
    {"NAME": "accounts.users.validators.GuessableValidator"},
]

# The limit for one person, or for one address without a token. Each process counts on its own.
API_REQUESTS_PER_SECOND = env.int("API_REQUESTS_PER_SECOND", default=30)

# For how many days audit events are kept; None keeps them for ever. `run_due_work` stores and applies it.
AUDIT_RETENTION_DAYS = env.days("AUDIT_RETENTION_DAYS", shortest=30)

# --- Metrics ---

# Addresses or networks that are answered at /metrics, by the connection itself; none: nothing is counted.
METRICS_PEERS = env.networks("METRICS_PEERS")
# The counters of all processes of this machine. Emptied when the server starts (tfc_auth/server.py).
METRICS_DIR = Path(env.str("METRICS_DIR", default=str(VAR_DIR / "metrics")))

# --- Sessions, cookies, headers ---

SESSION_ENGINE = "accounts.sessions.store"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
MESSAGE_STORAGE = "tfc_auth.message_cookie.MessageCookie"

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0  # two years
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Django's own redirect would send programs and forms to https with what they have already sent unencrypted.
# So everything is exempt from it: tfc_auth/plain_http.py answers, with SECURE_SSL_REDIRECT as its switch.
SECURE_REDIRECT_EXEMPT = [""]
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
    mail = {
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(MAIL_DIR),
    }
    make_private_folder(MAIL_DIR)  # these mails have links that open accounts
else:
    mail = env.email_url_config(env.str("EMAIL_URL", default="smtp://localhost:25"))
MAIL_BACKEND = mail["EMAIL_BACKEND"]
# The mail server, if mails go there without encryption.
MAIL_IN_CLEAR_TO = (
    "" if mail.get("EMAIL_USE_TLS") or mail.get("EMAIL_USE_SSL") else mail.get("EMAIL_HOST") or ""
)
vars().update(mail_settings(mail | {"EMAIL_TIMEOUT": 5}))  # seconds
DEFAULT_FROM_EMAIL = env.sender("DEFAULT_FROM_EMAIL", site_name=SITE_NAME)
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Text messages ---

SMS_BACKENDS = {
    "twilio": "accounts.factors.sms.backends.twilio.TwilioBackend",
    "console": "accounts.factors.sms.backends.console.ConsoleBackend",
    "locmem": "accounts.factors.sms.backends.locmem.LocmemBackend",
}
# The first is the default. Development prints texts and shows them at /dev/outbox.
SMS_BACKEND = SMS_BACKENDS[
    env.choice("SMS_BACKEND", *(["console", "twilio", "locmem"] if DEBUG else SMS_BACKENDS))
]
# ISO codes of the countries whose numbers get texts, and of territories: JE is not in GB. Each country
# costs money and attracts SMS pumping fraud.
SMS_COUNTRIES = env.str(
    "SMS_COUNTRIES", default="US,CA,GB,IE,DE,AT,CH,FR,BE,NL,LU,DK,SE,NO,FI,ES,PT,IT,PL,CZ,AU,NZ,JP"
).split(",")
SMS_HOURLY_BUDGET = env.int("SMS_HOURLY_BUDGET", default=500)
SMS_DAILY_BUDGET = env.int("SMS_DAILY_BUDGET", default=4 * SMS_HOURLY_BUDGET)
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
# Serve static files from their sources; otherwise run `collectstatic` first.
PLAIN_STATIC_FILES = DEBUG or env.switch("PLAIN_STATIC_FILES", default=False)
WHITENOISE_USE_FINDERS = PLAIN_STATIC_FILES
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False  # our files are for our pages
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
# Each further language needs formats of its own there: Django's formats show no zone.
FORMAT_MODULE_PATH = ["tfc_auth.formats"]

# --- Logging ---

# line: for people; json: each record is one line. Audit events are JSON on standard output in any case.
LOG_FORMAT = env.choice("LOG_FORMAT", "line", "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "tfc_auth.logs.LineFormatter"},
        "json": {"()": "tfc_auth.logs.JsonFormatter"},
        "bare": {"format": "%(message)s"},
    },
    "filters": {
        "refusal": {"()": "tfc_auth.logs.RefusalFilter"},
        "request_id": {"()": "tfc_auth.logs.RequestIdFilter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["refusal", "request_id"],
        },
        "audit": {"class": "logging.StreamHandler", "formatter": "bare", "stream": "ext://sys.stdout"},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True, "level": "INFO"},
        # `runserver` would write its lines by a formatter of Django's, unmasked.
        "django.server": {"handlers": [], "propagate": True, "level": "INFO"},
        # One line of JSON for each audit event, whatever LOG_LEVEL is.
        "tfc_auth.audit": {"handlers": ["audit"], "level": "INFO", "propagate": False},
    },
}
