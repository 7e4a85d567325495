"""Input of the meetings room."""

from .items import AttachForm, ItemForm, ParticipantsForm, SheetForm
from .people import AppointForm, PledgeForm, SecretaryForm
from .running import AttendanceForm, DecisionForm, MinutesForm
from .sittings import AdHocForm, DateForm

__all__ = [
    "AdHocForm",
    "AppointForm",
    "AttachForm",
    "AttendanceForm",
    "DateForm",
    "DecisionForm",
    "ItemForm",
    "MinutesForm",
    "ParticipantsForm",
    "PledgeForm",
    "SecretaryForm",
    "SheetForm",
]
