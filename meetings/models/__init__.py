"""The meetings room's tables: sittings and items, and what hangs on an item under secrecy."""

from .feeds import CalendarFeed
from .items import AgendaItem, ItemAttendance, ItemGrant, ItemStep
from .lines import ItemDraft, MinuteLine
from .minutes import MinutesStep, MinutesVersion
from .papers import InformationRequest, ItemPerson, PaperCopy
from .sittings import Series, Sitting

__all__ = [
    "AgendaItem",
    "CalendarFeed",
    "InformationRequest",
    "ItemAttendance",
    "ItemDraft",
    "ItemGrant",
    "ItemPerson",
    "ItemStep",
    "MinuteLine",
    "MinutesStep",
    "MinutesVersion",
    "PaperCopy",
    "Series",
    "Sitting",
]
