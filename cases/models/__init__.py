"""The cases room: household and persons, consultation, consent and grants, referral, records."""

from .access import CarryOut, CarryOutGrant, CaseGrant, Consent, ConsentLine, SupportTeam
from .assessing import CautionNote, RiskAssessment
from .attachments import Attachment, AttachmentContent
from .case import Case, Closing, Contact, DuplicateHint, Person
from .consentpapers import ConsentScan, ConsentScanContent, LeftWork
from .consultation import Consultation, ConsultationIssue, ConsultationPerson
from .disclosure import Disclosure
from .drafts import Draft
from .emergency import Emergency
from .followup import NoteTask, NoteTemplate, ReadRequest
from .household import HouseholdLink
from .moveout import MoveOut, MoveOutAnswer
from .recertification import Recertification
from .records import AssessmentSection, Issue, Note, Record, Refiling
from .referral import Referral
from .shield import Shield, ShieldHold, ShieldMember
from .ties import Placement, Tie
from .transfer import Transfer
from .workers import CaseWorker

__all__ = [
    "AssessmentSection",
    "Attachment",
    "AttachmentContent",
    "CarryOut",
    "CarryOutGrant",
    "Case",
    "CaseGrant",
    "CaseWorker",
    "CautionNote",
    "Closing",
    "Consent",
    "ConsentLine",
    "ConsentScan",
    "ConsentScanContent",
    "Consultation",
    "ConsultationIssue",
    "ConsultationPerson",
    "Contact",
    "Disclosure",
    "Draft",
    "DuplicateHint",
    "Emergency",
    "HouseholdLink",
    "Issue",
    "LeftWork",
    "MoveOut",
    "MoveOutAnswer",
    "Note",
    "NoteTask",
    "NoteTemplate",
    "Person",
    "Placement",
    "ReadRequest",
    "Recertification",
    "Record",
    "Referral",
    "Refiling",
    "RiskAssessment",
    "Shield",
    "ShieldHold",
    "ShieldMember",
    "SupportTeam",
    "Tie",
    "Transfer",
]
