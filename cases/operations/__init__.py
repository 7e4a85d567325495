"""The verbs of the cases room. Each is one transaction: lock, check, change, trace."""

from .access import join_team, leave_team, missing_consents, sync_grants
from .case import add_person, change_person, close_case, open_case, responsible_for
from .consent import losses_of_withdrawal, record_consent, withdraw_consent
from .consultation import finish_consultation, make_case, take_consultation
from .records import (
    add_issue,
    assess,
    change_note,
    solve_issue,
    write_note,
    write_record,
)
from .referral import accept_referral, refer, return_referral

__all__ = [
    "accept_referral",
    "add_issue",
    "add_person",
    "assess",
    "change_note",
    "change_person",
    "close_case",
    "finish_consultation",
    "join_team",
    "leave_team",
    "losses_of_withdrawal",
    "make_case",
    "missing_consents",
    "open_case",
    "record_consent",
    "refer",
    "responsible_for",
    "return_referral",
    "solve_issue",
    "sync_grants",
    "take_consultation",
    "withdraw_consent",
    "write_note",
    "write_record",
]
