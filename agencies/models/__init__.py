"""The agencies room: the city as configured, people and their memberships, trail and outbox."""

from .city import (
    AssessmentItem,
    Committee,
    ConferenceType,
    Indicator,
    IntakeCriterion,
    IntakeItem,
    LegalBasis,
    Municipality,
    PlanPeriod,
    Programme,
    RoleName,
    RoutingHint,
    StandingMember,
)
from .deciding import DecisionStep
from .directory import ContactPoint
from .mail import MailAddress
from .people import (
    Agency,
    Membership,
    Role,
    SecretariatMember,
    SignInAttempt,
    User,
    agencies_of,
)
from .seals import LogSeal
from .trail import AccessLog, Job, Notice

__all__ = [
    "AccessLog",
    "Agency",
    "AssessmentItem",
    "Committee",
    "ConferenceType",
    "ContactPoint",
    "DecisionStep",
    "Indicator",
    "IntakeCriterion",
    "IntakeItem",
    "Job",
    "LegalBasis",
    "LogSeal",
    "MailAddress",
    "Membership",
    "Municipality",
    "Notice",
    "PlanPeriod",
    "Programme",
    "Role",
    "RoleName",
    "RoutingHint",
    "SecretariatMember",
    "SignInAttempt",
    "StandingMember",
    "User",
    "agencies_of",
]
