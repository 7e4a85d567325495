"""Celery only rings the bell: what has to happen is a row in the outbox (agencies.Job)."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("kasane")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Beat twice, or a missed tick, is harmless: every job is unique per (name, key).
app.conf.beat_schedule = {
    "sweep": {"task": "agencies.tasks.sweep", "schedule": 20.0},
    "due": {"task": "agencies.tasks.file_due_jobs", "schedule": crontab(minute="*/5")},
}
