"""What the meetings room shows on pages shared by all rooms."""

from __future__ import annotations

import meetings.cover  # noqa: F401 - hooks V5's re-check to every change of consents
from config.lib.registry import registry
from meetings.calendar import due_jobs

registry.add("due_jobs", due_jobs, queries=1)
