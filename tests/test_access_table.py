"""The access table: every address × every role. An address without a row fails.

A role outside its row meets 403 before anything is looked up. A role inside it gets the page, or
404 for a row that is not there (here: none is), or 405 where only POST is served; what each row
shows to whom is the gate's and each view's own test.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter

from tests import world
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EVERYBODY = {
    "elderly", "coordinator", "head", "outreach", "participation", "community",
    "admin", "privacy", "sysadmin", "guest", "agency_manager",
}  # fmt: skip
READERS = EVERYBODY - {"admin", "privacy", "sysadmin", "guest"}
WORKERS = READERS - {"community", "head"}
REPORTERS = {"admin", "coordinator", "head"}
OFFICE = {"coordinator", "head"}
VISITORS = {"coordinator", "outreach"}
PLACERS = {"participation"}
MANAGERS = {"head", "agency_manager"}
OVERSEERS = MANAGERS | {"sysadmin", "privacy"}
NEIGHBOURS = {"coordinator", "head", "participation", "community"}

TABLE: dict[str, set[str]] = {
    **dict.fromkeys(
        # Without a case: one's own work of the day, signing in and out, health, the gallery.
        ["home", "signin", "signout", "switch_membership", "notices", "livez", "readyz", "gallery"],
        EVERYBODY,
    ),
    # One's own sign-in: the second factor, recovery codes, sessions.
    **dict.fromkeys(
        [
            "second_step", "account", "session_end", "totp_new", "passkey_new", "factor_detail",
            "factor_remove", "recovery_codes",
        ],
        EVERYBODY,
    ),
    "factors_reset": {"sysadmin"},
    **dict.fromkeys(
        [
            "consultation_list", "consultation_detail",
            "case_list", "case_search", "case_detail", "case_print", "case_access",
            "case_why", "case_as",
            "person_new", "person_edit", "note_new", "note_edit", "issue_new", "issue_solve",
            "assessment_new", "referral_new", "referral_list", "referral_detail",
            "referral_accept", "referral_return", "carry_out_detail",
            "record_history", "person_history", "plan_history",
            "plan_list", "plan_detail", "plan_print", "monitor_new", "item_done",
            "sitting_list", "sitting_detail", "sitting_date", "sitting_run", "sitting_step",
            "secretariat_list", "secretariat_step",
            "item_new", "item_people", "item_participants", "item_attach",
            "item_run", "item_attendance", "item_minutes", "item_print", "item_step",
            "item_copies", "item_person_new", "item_person_pledge", "item_person_revoke",
            "item_person_password", "pledge_print", "letter_new", "letter_print", "letter_reply",
            "copy_return", "sitting_copies", "carry_out_end",
            "appointment_revoke", "match_detail",
            "assessment_edit", "attachment_download", "case_close", "case_looks", "looks_print",
            "transfer_new", "transfer_detail", "transfer_accept", "transfer_return",
            "transfer_cancel", "sitting_move",
            "shield_detail", "shield_take_back", "shield_lift", "shield_extend",
            "shield_place_new", "shield_place_end", "shield_holds", "hold_decide",
        ],
        READERS,
    ),
    # A guest of a sitting: the pledge, the item, and nothing else (V6).
    **dict.fromkeys(["item_detail", "appointment_pledge"], READERS | {"guest"}),
    "carry_out_list": set(),  # for people on a list, not for a role (meetings' own test)
    **dict.fromkeys(
        [
            "consultation_new", "consultation_add", "consultation_similar",
            "consultation_make_case", "consultation_finish", "consent_new", "consent_withdraw",
            "plan_new", "plan_edit", "plan_sign", "plan_submit", "plan_end", "evaluate_new",
        ],
        WORKERS,
    ),
    # Consents are read by who reads cases and by the privacy officer; which ones, the gate says.
    **dict.fromkeys(
        ["consent_list", "consent_detail", "consent_print", "withdrawal_print", "scan_download"],
        READERS | {"privacy"},
    ),
    **dict.fromkeys(
        ["consent_narrow", "consent_renew", "scan_new", "consent_form_print"], WORKERS
    ),
    "emergency_new": {"elderly", "coordinator", "outreach", "agency_manager"},
    # V11: accounts, the agency's own manager, the privacy officer; each does their own part.
    **dict.fromkeys(["membership_list", "membership_detail"], OVERSEERS),
    "membership_new": {"sysadmin"},
    "membership_end": {"sysadmin"},
    **dict.fromkeys(
        ["membership_confirm", "membership_refuse",
         "handover_list", "handover_new", "handover_unassigned",
         "succession", "succession_waiting"],
        MANAGERS,
    ),
    **dict.fromkeys(["handover_print", "case_handover_print"], READERS),
    **dict.fromkeys(
        ["emergency_list", "emergency_detail", "emergency_end"], READERS | {"privacy"}
    ),
    "emergency_review": {"privacy"},
    **dict.fromkeys(["shield_new", "shield_confirm"], WORKERS | {"head"}),
    "record_refile": READERS,
    # The register: one's agency's entries, or the city's; the council's list; an entry by hand.
    "disclosure_list": READERS | {"privacy"},
    "disclosure_print": {"privacy"},
    "disclosure_new": READERS,
    "plan_decide": {"head"},
    **{
        name: {"privacy"}
        for name in [
            "access_review", "access_patterns", "seal_print", "look_find", "look_person",
            "look_paper", "review_why",
        ]
    },
    "sitting_new": OFFICE,
    **dict.fromkeys(["visit_list", "visit_new", "visit_open", "carry_out_visit_new"], VISITORS),
    **dict.fromkeys(
        ["match_list", "match_new", "resource_list", "resource_new", "resource_edit",
         "resource_end"],
        PLACERS,
    ),
    **dict.fromkeys(
        [
            "community_home", "place_new", "place_detail", "place_edit", "place_end", "event_new",
            "community_issue_new", "community_issue_detail", "community_issue_from_case",
        ],
        NEIGHBOURS,
    ),
    **dict.fromkeys(
        ["report_home", "report_year", "report_recount", "report_print", "report_xlsx",
         "indicator_edit"],
        REPORTERS,
    ),
}  # fmt: skip
PUBLIC = {"signin", "livez", "readyz"}


def addresses() -> Iterator[tuple[str, str]]:
    """Every address by name, with keys that belong to nothing."""
    made_up: dict[type, Any] = {
        UUIDConverter: uuid.UUID(int=1),
        IntConverter: 2026,
        StringConverter: "x",
        SlugConverter: "x",
    }

    def walk(resolver: URLResolver) -> Iterator[URLPattern]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry)
            else:
                yield entry

    for pattern in walk(get_resolver()):
        converters = pattern.pattern.converters.items()
        kwargs = {name: made_up[type(converter)] for name, converter in converters}
        yield str(pattern.name), reverse(str(pattern.name), kwargs=kwargs)


def test_every_address_has_a_row_and_every_row_an_address():
    assert {name for name, _url in addresses()} == set(TABLE)


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_address_opens_to_the_roles_of_its_row_alone(client, role):
    city = world.city()
    member = city.members.get(role) or world.make_member(city.agencies["coordinator"], role)
    sign_in(client, member)
    wrong = []
    for name, url in addresses():
        status = client.get(url).status_code
        fits = status in {200, 302, 404, 405} if role in TABLE.get(name, ()) else status == 403
        if not fits and not (status == 405 and role not in TABLE.get(name, ())):
            wrong.append((name, status))
    assert wrong == []


def test_who_has_not_signed_in_is_sent_to_sign_in():
    client = Client()
    for name, url in addresses():
        response = client.get(url)
        if name in PUBLIC:
            assert response.status_code == 200, name
        else:
            assert (response.status_code, response["Location"][:15]) == (302, "/signin/?next=/"), (
                name
            )
