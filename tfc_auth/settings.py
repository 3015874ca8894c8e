"""Define all settings, with values from the environment. An invalid value stops the start.

README.md and .env.example explain every variable. With DEBUG on, every variable has a development default;
with DEBUG off, secrets must be set. A variable NAME can also come from the file that NAME_FILE names.
"""

from pathlib import Path
from urllib.parse import quote

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from tfc_auth import sqlite
from tfc_auth.databases import with_limits
from tfc_auth.environment import Environment
from tfc_auth.mailers import mail_settings
from tfc_auth.private_files import make_private_folder
from tfc_auth.shared_networks import shared_networks
from tfc_auth.version import PRODUCT
from tfc_auth.version import VERSION as RELEASE

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
SECRET_KEY_FALLBACKS = env.optional_secrets("SECRET_KEY_FALLBACKS", shortest=1)
# The first key encrypts, all keys decrypt (accounts/crypto/sealing.py): put a new key first, keep the others.
ENCRYPTION_KEYS = env.secrets(
    "ENCRYPTION_KEYS", default=INSECURE_ENCRYPTION_KEY if DEBUG else "", shortest=32
)

# --- The site ---

VERSION = RELEASE  # not from the environment: pyproject.toml says which release this is
PRODUCT_NAME = PRODUCT  # of the software, whatever SITE_NAME is

SITE_NAME = env.site_name("SITE_NAME", default="TFC Auth")
# Links in mails are built from this, never from the Host header of a request.
SITE_URL = env.address("SITE_URL", default="http://localhost:8000")
SUPPORT_EMAIL = env.mailbox("SUPPORT_EMAIL")
# Whom to tell about a vulnerability, as URIs, best first (tfc_auth/well_known.py).
SECURITY_CONTACT = env.contacts("SECURITY_CONTACT")
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if DEBUG else [])
HTTPS = env.switch("HTTPS", default=not DEBUG)
SIGN_UP = env.choice("SIGN_UP", "open", "invited", "closed")
CREATE_ORGANIZATIONS = env.choice("CREATE_ORGANIZATIONS", "everybody", "staff")
# Addresses or networks whose word is taken for whom they forward, and the headers in which they give it.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
FORWARDED_HEADER = env.choice("FORWARDED_HEADER", "x-forwarded-for", "forwarded")
# Networks of many people, whose limits by network are larger (accounts/limits/sources.py).
SHARED_NETWORKS = shared_networks("SHARED_NETWORKS", env.networks("SHARED_NETWORKS"), proxies=TRUSTED_PROXIES)

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
SECOND_FACTORS = env.words(
    "SECOND_FACTORS",
    default=[
        "accounts.factors.totp.factor.TOTPFactor",
        "accounts.factors.sms.factor.SMSFactor",
        "accounts.factors.backup_codes.factor.BackupCodesFactor",
    ],
)

MIDDLEWARE = [
    "tfc_auth.middleware.EdgeMiddleware",
    "tfc_auth.metrics.PeerMiddleware",  # before the address is replaced by a forwarded one
    "tfc_auth.proxies.ForwardedHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tfc_auth.metrics.MetricsMiddleware",
    "accounts.jsonapi.middleware.ApiMiddleware",
    "tfc_auth.middleware.ErrorPagesMiddleware",
    "accounts.outbox.middleware.OutboxMiddleware",
    "tfc_auth.plain_http.PlainHttpMiddleware",
    "tfc_auth.middleware.WellFormedMiddleware",
    "tfc_auth.spellings.LoopbackMiddleware",
    "tfc_auth.spellings.SlashMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tfc_auth.middleware.LocaleMiddleware",
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

FORM_RENDERER = "accounts.web.inputs.Renderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "tfc_auth.template_loader.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                ),
            ],
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

DATABASES = {
    "default": env.database("DATABASE_URL", default=f"sqlite:///{quote(str(VAR_DIR / 'db.sqlite3'))}")
}
# Whether DATABASE_URL leads to a pooler such as PgBouncer, which hands connections on.
DATABASE_POOLER = env.switch("DATABASE_POOLER", default=False)
DATABASE_PREPARED_STATEMENTS = env.switch("DATABASE_PREPARED_STATEMENTS", default=not DATABASE_POOLER)
DATABASES["default"]["CONN_MAX_AGE"] = env.whole("CONN_MAX_AGE", default=600, least=0, most=86_400)  # seconds
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# A database that is away or stuck causes a 503 within 5 seconds instead of a blocked worker.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at BEGIN, so a transaction that has read can always write. FULL: a spent
    # code stays spent after a power failure.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 3.5,  # seconds
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        "factory": sqlite.Connection,
    }
else:
    DATABASES["default"] = with_limits(
        DATABASES["default"], pooler=DATABASE_POOLER, prepared=DATABASE_PREPARED_STATEMENTS
    )

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ---

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:sign_in"
AUTHENTICATION_BACKENDS = ["accounts.users.rights.PermissionsBackend"]

# Half of them may compute a password hash at the same time (accounts/users/hashers.py).
THREADS_PER_PROCESS = env.whole("THREADS_PER_PROCESS", default=4, least=1, most=1000)
PASSWORD_HASHER = env.choice("PASSWORD_HASHER", "argon2", "cheap")
PASSWORD_HASHERS = {
    "argon2": ["accounts.users.hashers.Argon2Hasher"],
    "cheap": ["django.contrib.auth.hashers.MD5PasswordHasher"],
}[PASSWORD_HASHER]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.users.validators.MinimumLengthValidator"},
    {"NAME": "accounts.users.validators.MaximumLengthValidator"},
    {"NAME": "accounts.users.validators.GuessableValidator"},
]

# The limit for one person, or for one address without a token. Each process counts on its own.
API_REQUESTS_PER_SECOND = env.whole("API_REQUESTS_PER_SECOND", default=30, least=1, most=1_000_000)

# For how many days audit events are kept; None keeps them for ever. `run_due_work` stores and applies it.
AUDIT_RETENTION_DAYS = env.days("AUDIT_RETENTION_DAYS", shortest=30)

# --- Metrics ---

# Addresses or networks that are answered at /metrics, by the connection itself; none: nothing is counted.
METRICS_PEERS = env.networks("METRICS_PEERS")
# The counters of all processes of this machine. Emptied when the server starts (tfc_auth/server.py).
METRICS_DIR = env.folder("METRICS_DIR", default=VAR_DIR / "metrics")

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
# Forms of our own pages, whatever proxies make of the Host header, the port and the scheme. A page that
# came over http may be of others on the way: a site with HTTPS trusts none, whatever SITE_URL says.
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL.startswith("https://") or not HTTPS else []
LANGUAGE_COOKIE_SECURE = HTTPS
MESSAGE_STORAGE = "tfc_auth.message_cookie.MessageCookie"

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0  # a year
# Browsers hold to both words for as long, for every host below this one. So only its operator can say them.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.switch("HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.switch("HSTS_PRELOAD", default=False)
env.needs("HSTS_INCLUDE_SUBDOMAINS", SECURE_HSTS_INCLUDE_SUBDOMAINS, "HTTPS=1", HTTPS)
env.needs("HSTS_PRELOAD", SECURE_HSTS_PRELOAD, "HSTS_INCLUDE_SUBDOMAINS=1", SECURE_HSTS_INCLUDE_SUBDOMAINS)
# Django asks for both words, W005 and W021.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
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

MAIL_DIR = env.folder("MAIL_DIR", default=VAR_DIR / "mail")
if DEBUG and not env.given("EMAIL_URL"):
    mail = {
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(MAIL_DIR),
    }
    make_private_folder(MAIL_DIR)  # these mails have links that open accounts
else:
    mail = env.mail_server("EMAIL_URL", default="smtp://localhost:25")
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
SMS_COUNTRIES = env.countries(
    "SMS_COUNTRIES",
    default="US,CA,GB,IE,DE,AT,CH,FR,BE,NL,LU,DK,SE,NO,FI,ES,PT,IT,PL,CZ,AU,NZ,JP",
)
SMS_HOURLY_BUDGET = env.whole("SMS_HOURLY_BUDGET", default=500, least=0, most=1_000_000)
SMS_DAILY_BUDGET = env.whole("SMS_DAILY_BUDGET", default=4 * SMS_HOURLY_BUDGET, least=0, most=10_000_000)
SMS_HOURLY_BUDGET_PER_PREFIX = env.whole("SMS_HOURLY_BUDGET_PER_PREFIX", default=50, least=0, most=1_000_000)
TWILIO_ACCOUNT_SID = env.identifier("TWILIO_ACCOUNT_SID", prefix="AC", what="the SID of your account")
TWILIO_AUTH_TOKEN = env.optional_secret("TWILIO_AUTH_TOKEN")
TWILIO_API_KEY = env.identifier("TWILIO_API_KEY", prefix="SK", what="the SID of an API key")
TWILIO_API_SECRET = env.optional_secret("TWILIO_API_SECRET")
env.together("TWILIO_API_KEY", "TWILIO_API_SECRET")
TWILIO_FROM = env.sender_of_texts("TWILIO_FROM")
TWILIO_MESSAGING_SERVICE_SID = env.identifier(
    "TWILIO_MESSAGING_SERVICE_SID", prefix="MG", what="the SID of a messaging service"
)
env.one_of("TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID")
TWILIO_API_BASE_URL = env.address("TWILIO_API_BASE_URL", default="")

# --- Static files ---

STATIC_URL = "/static/"
# Where `collectstatic` puts them. A container has them in its image, not in the volume of its data.
STATIC_ROOT = env.folder("STATIC_DIR", default=VAR_DIR / "static")
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
# The texts in the code are English. With that alone there is nothing to choose, and nothing to look up.
USE_I18N = len(LANGUAGES) > 1
USE_TZ = True
TIME_ZONE = "UTC"
# Each further language needs formats of its own there: Django's formats show no zone.
FORMAT_MODULE_PATH = ["tfc_auth.formats"]

# --- Logging ---

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")
# line: for people; json: each record is one line. Audit events are JSON on standard output in either case.
LOG_FORMAT = env.choice("LOG_FORMAT", "line", "json")
# Somebody who develops, or tries the demo, reads the terminal: there they come with LOG_FORMAT only.
WRITES_AUDIT_LINES = not DEBUG or bool(env.given("LOG_FORMAT"))
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
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "propagate": True, "level": "INFO"},
        # `runserver` would write its lines by a formatter of Django's, unmasked.
        "django.server": {"handlers": [], "propagate": True, "level": "INFO"},
        # One line of JSON for each audit event, whatever LOG_LEVEL is.
        "tfc_auth.audit": {
            "handlers": ["audit"] if WRITES_AUDIT_LINES else [],
            "level": "INFO",
            "propagate": False,
        },
    },
}
