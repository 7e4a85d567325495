"""Settings, URLs, workers and the technical ground floor.

The Celery app is made here, so that whoever files a job — web, command, worker — rings the same
bell (without it Celery would look for a broker of its own).
"""

from config.celery import app as celery_app

__all__ = ["celery_app"]
