"""The verbs of the community room: places, issues, and where an issue goes and what comes back."""

from .issues import IssueFacts, raise_issue
from .passing import answer_issue, last_step, move_issue, tie_issue
from .places import PlaceFacts, add_place, change_place, end_place, record_event

__all__ = [
    "IssueFacts",
    "PlaceFacts",
    "add_place",
    "answer_issue",
    "change_place",
    "end_place",
    "last_step",
    "move_issue",
    "raise_issue",
    "record_event",
    "tie_issue",
]
