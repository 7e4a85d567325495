"""What is the same everywhere: applications, the two database logins, security headers.

`default` is the application's login: it owns nothing and cannot bypass row security. `owner` is
for migrations and proofs alone (`manage.py migrate --database owner`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import csp.constants
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent


def database(url: str) -> dict[str, Any]:
    """Turn `postgresql://user:pass@host:port/name` (or `?host=/socket/folder`) into settings."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        "ENGINE": "config.lib.database",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": query.get("port", [str(parts.port or "")])[0],
        "CONN_MAX_AGE": 3600,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": True,
        # A policy's sub-selects look dear to the planner, and compiling the query costs more than
        # running it.
        "OPTIONS": {
            "application_name": "kasane",
            # Planning what the policies add takes longer than running it: plan once a connection,
            # and not for every value anew (decision 0012).
            "options": "-c jit=off -c plan_cache_mode=force_generic_plan",
            "server_side_binding": True,
            "prepare_threshold": 2,
        },
    }


def broker(url: str) -> str:
    """Celery's spelling of a Redis URL: `unix://` becomes `redis+socket://`."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"


DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://kasane_app@localhost/kasane")
DATABASE_OWNER_URL = os.environ.get(
    "DATABASE_OWNER_URL", "postgresql://kasane_owner@localhost/kasane"
)
REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
DATABASES = {
    "default": database(DATABASE_URL),
    "owner": {**database(DATABASE_OWNER_URL), "ATOMIC_REQUESTS": False},
}
KASANE_APP_ROLE = DATABASES["default"]["USER"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "guardian",
    "simple_history",
    "csp",
    "django_filters",
    "django_htmx",
    "template_partials",
    "agencies",
    "cases",
    "plans",
    "meetings",
    "outreach",
    "participation",
    "community",
    "reports",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.lib.bodylimit.BodyLimitMiddleware",
    "agencies.middleware.ActorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "agencies.middleware.MembershipMiddleware",
    "cases.middleware.ShieldMiddleware",
    "cases.middleware.DraftMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "agencies.context.frame",
            ],
        },
    }
]
FORM_RENDERER = "config.lib.forms.KasaneRenderer"

AUTH_USER_MODEL = "agencies.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["agencies.hashers.ProofHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/signin/"
LOGIN_REDIRECT_URL = "/"
GUARDIAN_RAISE_403 = False
# guardian.W001: its backend is off on purpose, has_perm knows no period, person or revocation.
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
ANONYMOUS_USER_NAME = None

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Tokyo"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("KASANE_STATIC_ROOT", BASE_DIR / ".kasane" / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]

# Sessions: in PostgreSQL (Redis is disposable), idle 30 minutes, absolute 12 hours.
SESSION_ENGINE = "agencies.sessions"
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
KASANE_SESSION_ABSOLUTE_SECONDS = 12 * 3600
CSRF_COOKIE_HTTPONLY = False
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "agencies.views.answers.stale_form"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.constants.NONE],
        "script-src": [csp.constants.SELF, csp.constants.NONCE],
        "style-src": [csp.constants.SELF],
        "img-src": [csp.constants.SELF, "data:"],
        "font-src": [csp.constants.SELF],
        "connect-src": [csp.constants.SELF],
        "form-action": [csp.constants.SELF],
        "base-uri": [csp.constants.NONE],
        "frame-ancestors": [csp.constants.NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    "camera": [],
    "geolocation": [],
    "microphone": [],
    "payment": [],
    "usb": [],
}

# V16 and V13: text and uploads.
KASANE_MAX_UPLOAD_BYTES = 20 * 1024 * 1024
# Five such files with everything around them; the sum of a request's files has no other bound.
KASANE_MAX_REQUEST_BYTES = 120 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

CELERY_BROKER_URL = broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

# The seal of the access log (docs/decisions/0006): the private key is the worker's alone.
KASANE_SEAL_KEY = os.environ.get("KASANE_SEAL_KEY", "")
KASANE_SEAL_PUBLIC = os.environ.get("KASANE_SEAL_PUBLIC", "")
KASANE_SEAL_FILE = os.environ.get("KASANE_SEAL_FILE", "")

# The second factor (docs/decisions/0009): off, optional, required. Who has one always gives it.
KASANE_SECOND_FACTOR = os.environ.get("KASANE_SECOND_FACTOR", "optional")
if KASANE_SECOND_FACTOR not in ("off", "optional", "required"):
    raise ImproperlyConfigured(
        "KASANE_SECOND_FACTOR は off・optional・required のどれかにしてください。"
    )
# 通知メール: without a mail server none is sent, and no page speaks of it.
EMAIL_HOST = os.environ.get("KASANE_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("KASANE_SMTP_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("KASANE_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("KASANE_SMTP_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("KASANE_SMTP_TLS", "") == "starttls"
EMAIL_USE_SSL = os.environ.get("KASANE_SMTP_TLS", "") == "tls"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("KASANE_MAIL_FROM", "kasane@localhost")
# Where a mail may go: domains, separated by commas; without them, anywhere.
KASANE_MAIL_DOMAINS = [
    domain.strip().lower()
    for domain in os.environ.get("KASANE_MAIL_DOMAINS", "").split(",")
    if domain.strip()
]

# Seals what factors need; the web processes' own.
KASANE_FACTOR_KEY = os.environ.get("KASANE_FACTOR_KEY", "")

# The suite's: every prepared question is put together anew and compared (config.lib.prepared).
KASANE_CHECK_PREPARED = False
KASANE_DEMO = False
# The workers' own key for the system memberships; a web process has none.
KASANE_WORKER_KEY = os.environ.get("KASANE_WORKER_KEY", "")
# Ask at the start of every process whether the login could go round row security.
KASANE_CHECKS_LOGIN = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s %(message)s"}},
    "filters": {"without_keys": {"()": "config.lib.quietlog.WithoutKeys"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["without_keys"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}
