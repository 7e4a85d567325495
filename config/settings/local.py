"""`make run` on somebody's own machine, with the demo data set."""

import os

from . import base
from .base import *  # noqa: F403

SECRET_KEY = os.environ.get("KASANE_SECRET_KEY", "local-only-not-a-secret")
KASANE_FACTOR_KEY = base.KASANE_FACTOR_KEY or f"second factors of {SECRET_KEY}".ljust(32)
DEBUG = os.environ.get("KASANE_DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
KASANE_DEMO = True
INSTALLED_APPS = [*base.INSTALLED_APPS, "config.demo"]
