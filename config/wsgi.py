"""The WSGI entry point gunicorn serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.lib.login import refuse_bypassing_login, refuse_short_factor_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
application = get_wsgi_application()
if settings.KASANE_CHECKS_LOGIN:
    refuse_bypassing_login()
    refuse_short_factor_key()
