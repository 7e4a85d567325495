"""The verbs of the meetings room. Each is one transaction: lock, check, change, trace."""

from .appointment import appoint, revoke_appointment, take_pledge
from .decision import CarryOutFacts, decide_item, mark_attendance, write_minutes
from .item import (
    attach_earlier,
    change_participants,
    propose_from_referral,
    propose_item,
    resume_item,
    withdraw_item,
)
from .moving import check_move, move_sitting, tell_moved
from .secretariat import end_secretary, name_secretary, pledge_as_secretary
from .sitting import (
    call_ad_hoc,
    cancel_sitting,
    close_sitting,
    open_sitting,
    send_notice,
    set_date,
)

__all__ = [
    "CarryOutFacts",
    "appoint",
    "attach_earlier",
    "call_ad_hoc",
    "cancel_sitting",
    "change_participants",
    "check_move",
    "close_sitting",
    "decide_item",
    "end_secretary",
    "mark_attendance",
    "move_sitting",
    "name_secretary",
    "open_sitting",
    "pledge_as_secretary",
    "propose_from_referral",
    "propose_item",
    "resume_item",
    "revoke_appointment",
    "send_notice",
    "set_date",
    "take_pledge",
    "tell_moved",
    "withdraw_item",
    "write_minutes",
]
