"""A city's own server. Refuses to start on what would betray people's records."""

import os

from django.core.exceptions import ImproperlyConfigured

from . import base
from .base import *  # noqa: F403


def required(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} が設定されていません。")
    return value


SECRET_KEY = required("KASANE_SECRET_KEY")
if len(SECRET_KEY) < 50 or "not-a-secret" in SECRET_KEY or len(set(SECRET_KEY)) < 12:
    raise ImproperlyConfigured(
        "KASANE_SECRET_KEY が既定のままか短すぎます。50文字以上の乱数を設定してください。"
    )
if os.environ.get("KASANE_DEBUG") == "1" or os.environ.get("DJANGO_DEBUG") == "1":
    raise ImproperlyConfigured("本番では DEBUG を有効にできません。")
DEBUG = False
KASANE_SECOND_FACTOR = (
    base.KASANE_SECOND_FACTOR if os.environ.get("KASANE_SECOND_FACTOR") else "required"
)
ALLOWED_HOSTS = [host.strip() for host in required("KASANE_HOSTS").split(",") if host.strip()]
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("KASANE_HOSTS に * は使えません。")
KASANE_DEMO = os.environ.get("KASANE_DEMO") == "1"
if KASANE_DEMO and not set(ALLOWED_HOSTS) <= {"localhost", "127.0.0.1", "[::1]"}:
    raise ImproperlyConfigured("公開アドレスで見本データ（KASANE_DEMO=1）は使えません。")
if KASANE_DEMO:
    INSTALLED_APPS = [*base.INSTALLED_APPS, "config.demo"]
required("DATABASE_URL")
DATABASES = {"default": base.DATABASES["default"]}
if os.environ.get("DATABASE_OWNER_URL"):
    DATABASES["owner"] = base.DATABASES["owner"]
    if DATABASES["owner"]["USER"] == DATABASES["default"]["USER"]:
        raise ImproperlyConfigured(
            "DATABASE_URL と DATABASE_OWNER_URL が同じログインです。行の保護が働きません。"
        )

CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
SECURE_SSL_REDIRECT = os.environ.get("KASANE_TLS", "1") == "1"
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000 if SECURE_SSL_REDIRECT else 0
SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT
CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
