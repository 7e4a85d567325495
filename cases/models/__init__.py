"""The cases room: household and persons, consultation, consent and grants, referral, records."""

from .access import CarryOut, CarryOutGrant, CaseGrant, Consent, ConsentLine, SupportTeam
from .attachments import Attachment, AttachmentContent
from .case import Case, DuplicateHint, Person
from .consultation import Consultation, ConsultationIssue, ConsultationPerson
from .records import AssessmentSection, Issue, Note, Record
from .referral import Referral
from .transfer import Transfer

__all__ = [
    "AssessmentSection",
    "Attachment",
    "AttachmentContent",
    "CarryOut",
    "CarryOutGrant",
    "Case",
    "CaseGrant",
    "Consent",
    "ConsentLine",
    "Consultation",
    "ConsultationIssue",
    "ConsultationPerson",
    "DuplicateHint",
    "Issue",
    "Note",
    "Person",
    "Record",
    "Referral",
    "SupportTeam",
    "Transfer",
]
