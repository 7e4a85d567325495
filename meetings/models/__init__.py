"""The meetings room's tables: sittings and items, and what hangs on an item under secrecy."""

from .feeds import CalendarFeed
from .items import AgendaItem, ItemAttendance, ItemGrant, ItemStep
from .papers import InformationRequest, ItemPerson, PaperCopy
from .sittings import Series, Sitting

__all__ = [
    "AgendaItem",
    "CalendarFeed",
    "InformationRequest",
    "ItemAttendance",
    "ItemGrant",
    "ItemPerson",
    "ItemStep",
    "PaperCopy",
    "Series",
    "Sitting",
]
