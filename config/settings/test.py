"""The suite: the application's database role, fast hashing, strict templates."""

import copy

from . import base
from .base import *  # noqa: F403

SECRET_KEY = "test-only"  # noqa: S105 - nothing outlives the run
KASANE_SECOND_FACTOR = "optional"
KASANE_FACTOR_KEY = "test-only-and-long-enough-to-be-a-key"
EMAIL_HOST = "mail.invalid"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["agencies.hashers.QuickProofHasher"]
KASANE_CHECK_PREPARED = True
KASANE_DEMO = True
INSTALLED_APPS = [*base.INSTALLED_APPS, "config.demo"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True

# The suite acts as the application's role, and may become the owner to build a city (conftest).
DATABASES = copy.deepcopy(base.DATABASES)
DATABASES["default"]["USER"] = f"{base.KASANE_APP_ROLE}_tester"
DATABASES["default"]["OPTIONS"]["options"] += f" -c role={base.KASANE_APP_ROLE}"


class UndefinedVariable(str):
    """A template that names something unknown fails instead of printing nothing."""

    __slots__ = ()

    def __contains__(self, item: object) -> bool:
        return item == "%s"

    def __mod__(self, other: object) -> str:
        message = f"undefined template variable: {other}"
        raise NameError(message)


TEMPLATES = copy.deepcopy(base.TEMPLATES)
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = UndefinedVariable("%s")
