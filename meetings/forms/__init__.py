"""Input of the meetings room."""

from .items import AttachForm, ItemForm, ParticipantsForm, SheetForm
from .papers import CopiesForm, LetterForm, PackForm, ReplyForm
from .people import AppointForm, PaperPledgeForm, PersonForm, PledgeForm, SecretaryForm
from .running import AttendanceForm, DecisionForm, LineForm, MinutesForm
from .series import SeriesForm, said
from .sittings import AdHocForm, CancelForm, DateForm

__all__ = [
    "AdHocForm",
    "AppointForm",
    "AttachForm",
    "AttendanceForm",
    "CancelForm",
    "CopiesForm",
    "DateForm",
    "DecisionForm",
    "ItemForm",
    "LetterForm",
    "LineForm",
    "MinutesForm",
    "PackForm",
    "PaperPledgeForm",
    "ParticipantsForm",
    "PersonForm",
    "PledgeForm",
    "ReplyForm",
    "SecretaryForm",
    "SeriesForm",
    "SheetForm",
    "said",
]
