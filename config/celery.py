"""Celery only rings the bell: what has to happen is a row in the outbox (agencies.Job).

Which settings hold is said by whoever starts the process, never here: this module is imported with
the package, and a default set by an import would follow into every process started from it.
"""

import sys

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, worker_init
from django.conf import settings
from kombu.exceptions import OperationalError

from config.lib.acting import refuse_unknown_key
from config.lib.login import refuse_bypassing_login
from config.lib.seals import refuse_missing_key

app = Celery("kasane")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Beat twice, or a missed tick, is harmless: every job is unique per (name, key).
app.conf.beat_schedule = {
    "sweep": {"task": "agencies.tasks.sweep", "schedule": 20.0},
    "due": {"task": "agencies.tasks.file_due_jobs", "schedule": crontab(minute="*/5")},
    # Bells of a time when no worker listened are worth nothing.
    "seal": {"task": "agencies.tasks.seal", "schedule": 60.0, "options": {"expires": 50}},
}


@worker_init.connect
def refuse_bypass(**kwargs: object) -> None:
    """A worker is held to the same login as the web (Celery offers no other place to say so).

    Celery logs what a receiver raises and goes on: it takes SystemExit to stop the worker, also
    where the database is away and nothing could be checked. Who started it starts it again."""
    try:
        if settings.KASANE_CHECKS_LOGIN:
            refuse_bypassing_login()
            refuse_missing_key()
        refuse_unknown_key()
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")


@beat_init.connect
def ring_once(**kwargs: object) -> None:
    """A fresh city has its sittings at once, not after the first five minutes. A lost bell costs
    just those."""
    try:
        app.send_task("agencies.tasks.file_due_jobs", retry=False, ignore_result=True)
    except (OperationalError, OSError):
        return
