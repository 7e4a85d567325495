"""The verbs of the cases room. Each is one transaction: lock, check, change, trace."""

from .access import join_team, leave_team, missing_consents, sync_grants
from .attachments import attach_files
from .case import add_person, change_person, open_case, responsible_for
from .closing import close_case
from .consent import losses_of_withdrawal, record_consent, withdraw_consent
from .consultation import add_to_case, finish_consultation, make_case, take_consultation
from .records import (
    add_issue,
    assess,
    change_assessment,
    change_note,
    solve_issue,
    write_note,
    write_record,
)
from .referral import accept_referral, refer, return_referral
from .transfer import accept_transfer, cancel_transfer, return_transfer, transfer_case

__all__ = [
    "accept_referral",
    "accept_transfer",
    "add_issue",
    "add_person",
    "add_to_case",
    "assess",
    "attach_files",
    "cancel_transfer",
    "change_assessment",
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
    "return_transfer",
    "solve_issue",
    "sync_grants",
    "take_consultation",
    "transfer_case",
    "withdraw_consent",
    "write_note",
    "write_record",
]
