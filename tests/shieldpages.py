"""Every address and command, and where the keys of addresses come from: what is looked at beneath a
shield (tests/test_shield_outputs.py)."""

from __future__ import annotations

# Every address by name. A new one fails until it stands here.
PAGES = [
    "directory", "contact_point_new", "contact_point_edit", "contact_point_end",
    "draft_list", "draft_here", "draft_save", "draft_typed", "draft_discard",
    "home", "signin", "signout", "switch_membership", "notices", "livez", "readyz", "gallery",
    "gallery_genogram", "genogram", "genogram_move", "genogram_reset", "tie_new", "tie_edit",
    "case_list", "case_search", "case_detail", "case_access", "case_looks", "consultation_list",
    "consultation_detail", "consultation_new", "consultation_add", "consultation_similar",
    "consultation_make_case", "consultation_finish", "person_new", "person_edit", "note_new",
    "note_edit", "issue_new", "issue_solve", "assessment_new", "assessment_edit",
    "assessment_detail", "assessment_compare", "caution_new", "caution_edit", "caution_end",
    "risk_new", "risk_detail", "risk_edit", "risk_decide",
    "record_refile", "case_close", "consent_list", "consent_detail", "consent_new",
    "consent_withdraw", "consent_narrow", "consent_renew", "scan_new", "referral_new",
    "referral_list", "referral_detail", "referral_accept", "referral_return", "referral_result",
    "transfer_new",
    "transfer_detail", "transfer_accept", "transfer_return", "transfer_cancel",
    "move_out_new", "move_out_detail", "move_out_answer", "move_out_send", "move_out_receipt",
    "move_out_cancel",
    "carry_out_detail", "shield_new", "shield_detail", "shield_confirm", "shield_take_back",
    "shield_lift", "shield_extend", "shield_place_new", "shield_place_end", "shield_holds",
    "hold_decide", "plan_list", "plan_detail", "plan_new", "plan_edit", "plan_sign",
    "plan_submit", "plan_end", "plan_decide", "evaluate_new", "monitor_new", "item_done",
    "sitting_list", "sitting_detail", "sitting_date", "sitting_run", "sitting_step",
    "sitting_new", "sitting_move", "sitting_copies", "secretariat_list", "secretariat_step",
    "carry_out_list", "carry_out_end", "item_new", "item_detail", "item_people",
    "item_participants", "item_attach", "item_run", "item_attendance", "item_minutes",
    "item_step", "item_copies", "item_person_new", "item_person_pledge", "item_person_revoke",
    "item_person_password", "letter_new", "letter_reply", "copy_return", "appointment_pledge",
    "appointment_revoke", "visit_list", "visit_new", "visit_edit", "visit_open",
    "carry_out_visit_new",
    "match_list", "match_new", "match_detail", "resource_list", "resource_new", "resource_edit",
    "resource_end", "community_home", "place_new", "place_detail", "place_edit", "place_end",
    "event_new", "community_issue_new", "community_issue_detail", "community_issue_from_case",
    "report_home", "report_year", "report_recount", "indicator_edit", "access_review",
    "access_patterns", "disclosure_list", "disclosure_new", "duplicate_list",
    "emergency_detail", "emergency_end", "emergency_list", "emergency_new", "emergency_review",
    "look_find", "look_person",
    "account", "case_as", "case_why", "factor_detail", "factor_remove", "factors_reset",
    "handover_list", "handover_new", "handover_unassigned", "membership_confirm",
    "membership_detail", "membership_end", "membership_list", "membership_new",
    "membership_refuse", "passkey_new", "recertification", "recertification_end",
    "recertification_give_back", "recertification_others", "recertification_overview",
    "recovery_codes", "review_why", "second_step",
    "session_end", "shield_stranded", "succession", "succession_orphaned", "succession_waiting",
    "totp_new",
    "household_change", "household_split", "household_join", "household_merge", "household_undo",
    "person_same",
    "record_detail", "record_ask", "record_confirm", "requests_end", "task_finish",
    "case_timeline", "template_list", "template_edit",
    "consultation_items", "intake_sheet", "genogram_small",
]  # fmt: skip
HISTORIES = ["record_history", "person_history", "plan_history", "visit_history"]
PRINTS = [
    "case_print", "assessment_print", "risk_print", "looks_print", "consent_print",
    "consent_form_print", "withdrawal_print",
    "plan_print", "item_print", "pledge_print", "letter_print", "report_print", "seal_print",
    "move_out_print", "genogram_print", "intake_sheet_print", "disclosure_print", "look_paper",
    "case_handover_print", "handover_print",
]  # fmt: skip
FILES = ["attachment_download", "scan_download", "report_xlsx"]
# Commands write for operators: one explains a decision; the others name counts, cities and keys.
COMMANDS = {
    "explain_access", "verify_access", "verify_audit", "bench_log", "bench_gate", "bench_desk",
    "make_world", "make_seal_key",
    "load_city", "load_demo", "demo_signins", "install_worker_key", "reset_factors",
}  # fmt: skip

# For each name in an address, where its keys come from.
KEYS = {
    "case_id": "SELECT id FROM cases_case",
    "person_id": "SELECT id FROM cases_person",
    "record_id": "SELECT id FROM cases_record",
    "consultation_id": "SELECT id FROM cases_consultation",
    "point_id": "SELECT id FROM agencies_contactpoint",
    "draft_id": "SELECT id FROM cases_draft",
    "consent_id": "SELECT id FROM cases_consent",
    "scan_id": "SELECT id FROM cases_consentscan",
    "referral_id": "SELECT id FROM cases_referral",
    "transfer_id": "SELECT id FROM cases_transfer",
    "attachment_id": "SELECT id FROM cases_attachment",
    "carry_out_id": "SELECT id FROM cases_carryout",
    "shield_id": "SELECT id FROM cases_shield",
    "hold_id": "SELECT id FROM cases_shieldhold LIMIT 2",
    "place_id": "SELECT id FROM cases_shieldmember UNION ALL SELECT id FROM community_place",
    "plan_id": "SELECT record_id FROM plans_plan",
    "item_id": "SELECT id FROM meetings_agendaitem UNION ALL SELECT id FROM plans_supportitem",
    "sitting_id": "SELECT id FROM meetings_sitting",
    "match_id": "SELECT record_id FROM participation_match",
    "resource_id": "SELECT id FROM participation_resource",
    "issue_id": "SELECT id FROM community_communityissue",
    "agency_id": "SELECT group_id FROM agencies_agency",
    "membership_id": "SELECT id FROM agencies_membership WHERE user_id IS NOT NULL",
    "emergency_id": "SELECT id FROM cases_emergency",
    "year": "SELECT 2026",
    "step": "SELECT 'notice'",
    # Nothing of this world stands behind these: keys of nobody.
    **dict.fromkeys(
        ["entry_id", "grant_id", "letter_id", "copy_id", "factor_id", "link_id", "batch",
         "template_id"],
        "SELECT gen_random_uuid()",
    ),
    "indicator_id": "SELECT 1",
}  # fmt: skip
