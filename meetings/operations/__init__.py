"""The verbs of the meetings room. Each is one transaction: lock, check, change, trace."""

from .agenda import Planned, allot_times, move_item, set_agenda
from .answering import Reply, answer_sitting, asked_of, unanswered
from .appointment import Appointing, appoint, heads_of, revoke_appointment, take_pledge
from .attendance import mark_attendance, mark_now
from .cancelling import cancel_sitting, put_off_items
from .carrying import CarryOutFacts, Renewal, end_carry_out, running_carry_outs
from .common import next_sitting
from .copies import Recipient, print_copies, print_pack, return_copy
from .decision import decide_item
from .feed import digest_of, make_feed, stop_feed
from .item import (
    NotCovered,
    attach_earlier,
    change_participants,
    propose_from_referral,
    propose_item,
    resume_item,
    withdraw_item,
)
from .letters import Letter, record_reply, request_information
from .lines import begin_item, joined_lines, keep_item_draft, write_line
from .members import Noted, check_can_name, name_member, note_members, remove_member
from .minutes import (
    approval_of,
    approve_minutes,
    newest_of,
    see_proxy,
    versions_of,
    why_needed,
    write_minutes,
)
from .moving import check_move, move_sitting
from .named import (
    GuestAccount,
    appoint_on_paper,
    guests_of_sitting,
    invite_again,
    invite_guest,
    register_paper_pledge,
    renew_guest_password,
    revoke_person,
)
from .roles import amend_role, amended_plan
from .secretariat import end_secretary, name_secretary, pledge_as_secretary
from .series import STEPS, Changed, Rhythm, check_rhythm, next_days, series_in_force, set_series
from .sitting import (
    call_ad_hoc,
    close_sitting,
    open_sitting,
    send_notice,
    set_date,
)

__all__ = [
    "STEPS",
    "Appointing",
    "CarryOutFacts",
    "Changed",
    "GuestAccount",
    "Letter",
    "NotCovered",
    "Noted",
    "Planned",
    "Recipient",
    "Renewal",
    "Reply",
    "Rhythm",
    "allot_times",
    "amend_role",
    "amended_plan",
    "answer_sitting",
    "appoint",
    "appoint_on_paper",
    "approval_of",
    "approve_minutes",
    "asked_of",
    "attach_earlier",
    "begin_item",
    "call_ad_hoc",
    "cancel_sitting",
    "change_participants",
    "check_can_name",
    "check_move",
    "check_rhythm",
    "close_sitting",
    "decide_item",
    "digest_of",
    "end_carry_out",
    "end_secretary",
    "guests_of_sitting",
    "heads_of",
    "invite_again",
    "invite_guest",
    "joined_lines",
    "keep_item_draft",
    "make_feed",
    "mark_attendance",
    "mark_now",
    "move_item",
    "move_sitting",
    "name_member",
    "name_secretary",
    "newest_of",
    "next_days",
    "next_sitting",
    "note_members",
    "open_sitting",
    "pledge_as_secretary",
    "print_copies",
    "print_pack",
    "propose_from_referral",
    "propose_item",
    "put_off_items",
    "record_reply",
    "register_paper_pledge",
    "remove_member",
    "renew_guest_password",
    "request_information",
    "resume_item",
    "return_copy",
    "revoke_appointment",
    "revoke_person",
    "running_carry_outs",
    "see_proxy",
    "send_notice",
    "series_in_force",
    "set_agenda",
    "set_date",
    "set_series",
    "stop_feed",
    "take_pledge",
    "unanswered",
    "versions_of",
    "why_needed",
    "withdraw_item",
    "write_line",
    "write_minutes",
]
