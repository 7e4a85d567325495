"""The verbs of the cases room. Each is one transaction: lock, check, change, trace."""

from .access import join_team, missing_consents, sync_grants
from .assessing import (
    RiskDecision,
    RiskFacts,
    assess_risk,
    change_caution,
    change_risk,
    decide_risk,
    end_caution,
    write_caution,
)
from .attachments import attach_files
from .case import add_person, change_person, open_case
from .closing import close_case
from .consent import (
    losses_of_withdrawal,
    narrow_consent,
    record_consent,
    renew_consent,
    withdraw_consent,
)
from .consentpapers import attach_scans
from .consultation import (
    add_to_case,
    complete_consultation,
    finish_consultation,
    make_case,
    take_consultation,
)
from .disclosure import DisclosureFacts, record_disclosure
from .emergency import end_emergency, open_emergency, review_emergency
from .followup import (
    ask_to_read,
    change_task,
    confirm_read,
    end_requests,
    end_template,
    finish_task,
    keep_template,
)
from .household import change_household, undo_household_change
from .moveout import (
    answer_move_out,
    cancel_move_out,
    prepare_move_out,
    receive_move_out,
    return_move_out,
    send_move_out,
)
from .recertification import end_unconfirmed, give_back, keep_cases
from .records import (
    add_issue,
    assess,
    change_assessment,
    change_note,
    solve_issue,
    write_note,
    write_record,
)
from .referral import accept_referral, refer, report_result, return_referral
from .refiling import refile_record
from .sameperson import note_same_person
from .shield import (
    add_to_list,
    cancel_lift,
    confirm_shield,
    decide_hold,
    end_place,
    extend_shield,
    lift_shield,
    propose_lift,
    propose_shield,
    take_back_shield,
)
from .ties import arrange_anew, change_tie, move_symbol, write_tie
from .transfer import accept_transfer, cancel_transfer, return_transfer, transfer_case

__all__ = [
    "DisclosureFacts",
    "RiskDecision",
    "RiskFacts",
    "accept_referral",
    "accept_transfer",
    "add_issue",
    "add_person",
    "add_to_case",
    "add_to_list",
    "answer_move_out",
    "arrange_anew",
    "ask_to_read",
    "assess",
    "assess_risk",
    "attach_files",
    "attach_scans",
    "cancel_lift",
    "cancel_move_out",
    "cancel_transfer",
    "change_assessment",
    "change_caution",
    "change_household",
    "change_note",
    "change_person",
    "change_risk",
    "change_task",
    "change_tie",
    "close_case",
    "complete_consultation",
    "confirm_read",
    "confirm_shield",
    "decide_hold",
    "decide_risk",
    "end_caution",
    "end_emergency",
    "end_place",
    "end_requests",
    "end_template",
    "end_unconfirmed",
    "extend_shield",
    "finish_consultation",
    "finish_task",
    "give_back",
    "join_team",
    "keep_cases",
    "keep_template",
    "lift_shield",
    "losses_of_withdrawal",
    "make_case",
    "missing_consents",
    "move_symbol",
    "narrow_consent",
    "note_same_person",
    "open_case",
    "open_emergency",
    "prepare_move_out",
    "propose_lift",
    "propose_shield",
    "receive_move_out",
    "record_consent",
    "record_disclosure",
    "refer",
    "refile_record",
    "renew_consent",
    "report_result",
    "return_move_out",
    "return_referral",
    "return_transfer",
    "review_emergency",
    "send_move_out",
    "solve_issue",
    "sync_grants",
    "take_back_shield",
    "take_consultation",
    "transfer_case",
    "undo_household_change",
    "withdraw_consent",
    "write_caution",
    "write_note",
    "write_record",
    "write_tie",
]
