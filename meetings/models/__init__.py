"""The meetings room's tables: sittings and items, and what hangs on an item under secrecy."""

from .items import AgendaItem, ItemAttendance, ItemGrant, ItemStep
from .papers import InformationRequest, ItemPerson, PaperCopy
from .sittings import Series, Sitting

__all__ = [
    "AgendaItem",
    "InformationRequest",
    "ItemAttendance",
    "ItemGrant",
    "ItemPerson",
    "ItemStep",
    "PaperCopy",
    "Series",
    "Sitting",
]
