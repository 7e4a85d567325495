"""Input of the meetings room."""

from .agenda import AgendaForm
from .attendance import AttendanceForm, There
from .candidates import CandidateFilter
from .items import AttachForm, ItemForm, ParticipantsForm, SheetForm
from .members import AnswerForm, NameMemberForm, NotedForm
from .minutes import ApproveForm, MinutesForm
from .papers import CopiesForm, LetterForm, PackForm, ReplyForm
from .people import (
    AppointedForm,
    AppointForm,
    PaperPledgeForm,
    PersonForm,
    PledgeForm,
    SecretaryForm,
)
from .roles import RoleForm
from .running import DecisionForm, LineForm
from .series import SeriesForm, said
from .sittings import AdHocForm, CancelForm, DateForm, MoveForm

__all__ = [
    "AdHocForm",
    "AgendaForm",
    "AnswerForm",
    "AppointForm",
    "AppointedForm",
    "ApproveForm",
    "AttachForm",
    "AttendanceForm",
    "CancelForm",
    "CandidateFilter",
    "CopiesForm",
    "DateForm",
    "DecisionForm",
    "ItemForm",
    "LetterForm",
    "LineForm",
    "MinutesForm",
    "MoveForm",
    "NameMemberForm",
    "NotedForm",
    "PackForm",
    "PaperPledgeForm",
    "ParticipantsForm",
    "PersonForm",
    "PledgeForm",
    "ReplyForm",
    "RoleForm",
    "SecretaryForm",
    "SeriesForm",
    "SheetForm",
    "There",
    "said",
]
