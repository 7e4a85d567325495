"""The access table: every address × every role. An address without a row fails.

A role outside its row meets 403 before anything is looked up. A role inside it gets the page, or
404 for a row that is not there, or 405 where only POST is served. The second table says the same of
rows that are there, by whose they are, for every method the address serves.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from config.lib.registry import registry
from tests import houses, twoworlds, world
from tests.addresses import addresses
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
            "household_change", "household_split", "household_join", "household_merge",
            "household_undo",
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
         "succession", "succession_waiting", "recertification", "recertification_give_back"],
        MANAGERS,
    ),
    **dict.fromkeys(["handover_print", "case_handover_print", "recertification_others"], READERS),
    "recertification_end": READERS,
    "shield_stranded": {"head", "privacy"},
    **dict.fromkeys(["recertification_overview", "succession_orphaned"], OFFICE | {"privacy"}),
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


# Whose row it is: what is answered about one of one's own case, of a case opened by consent, and of
# one's own closed case, to a role that stands in the row above. 200 is the page, or what its form
# answers (422, or 302 for a step that asks nothing); 403 has a reason. Of anybody else's: 404.
RELATIONS: dict[tuple[int, int, int], set[str]] = {
    (200, 200, 200): {
        "case_detail", "case_print", "case_access", "record_history", "person_history",
        "attachment_download", "consent_detail", "disclosure_new", "referral_detail",
        "plan_detail", "plan_history", "plan_print", "consultation_detail", "consultation_add",
        "scan_download", "case_handover_print",
    },
    (200, 200, 403): {
        "person_new", "note_new", "issue_new", "assessment_new", "consent_new",
        "consent_form_print", "referral_new", "plan_new", "visit_new", "match_new",
        "community_issue_from_case", "consultation_make_case", "consultation_finish",
    },
    (200, 403, 403): {
        "person_edit", "note_edit", "issue_solve", "assessment_edit", "record_refile",
        "case_close", "transfer_new", "household_change", "shield_new",
        "household_split", "household_join", "household_merge", "plan_edit", "plan_sign",
        "plan_submit", "match_detail",
    },
    (200, 403, 200): {"case_looks", "looks_print", "plan_end", "case_why"},
    (200, 404, 403): {"consent_narrow", "consent_renew", "scan_new"},
    (200, 404, 200): {"consent_withdraw", "consent_print", "withdrawal_print"},
    # A sheet one sent oneself, and a plan that is not in force.
    (403, 403, 403): {
        "referral_accept", "referral_return", "plan_decide", "monitor_new", "evaluate_new",
        "item_done",
    },
    # Its own agency's alone, in a category no consent has opened yet.
    (404, 404, 404): {"visit_open"},
}  # fmt: skip
# The office that handles a case sees its consents whole (V3).
OFFICE_SEES_WHOLE = RELATIONS[200, 404, 403] | RELATIONS[200, 404, 200]
# A day and a room, a host, a place, an issue of the community: the city's, not a case's.
CITYS = {
    "sitting_copies", "sitting_detail", "sitting_date", "sitting_move", "sitting_run",
    "sitting_step", "resource_edit", "resource_end", "place_detail", "place_edit", "place_end",
    "event_new", "community_issue_detail",
}  # fmt: skip
# Rows that this household has none of: foreign ones are asked for in their own tests as well.
ELSEWHERE = {"emergency_detail", "emergency_end", "emergency_review", "household_undo"}
GIVEN = {200: {200, 302, 422}, 403: {403}, 404: {404}}


@pytest.fixture(autouse=True)
def _no_navigation(monkeypatch):
    """The same lines on every page, at a fifth of a second each: no status depends on them."""
    monkeypatch.setattr(registry, "navigation", [])


def test_every_address_has_a_row_and_every_row_an_address():
    assert {address.name for address in addresses()} == set(TABLE)
    keyed = {address.name for address in addresses() if address.keys}
    assert keyed >= CITYS | ELSEWHERE | set().union(*RELATIONS.values())


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_address_opens_to_the_roles_of_its_row_alone(client, role):
    city = world.city()
    member = city.members.get(role) or world.make_member(city.agencies["coordinator"], role)
    sign_in(client, member)
    wrong = []
    for name, url in ((a.name, a.url()) for a in addresses()):
        status = client.get(url).status_code
        fits = status in {200, 302, 404, 405} if role in TABLE.get(name, ()) else status == 403
        if not fits and not (status == 405 and role not in TABLE.get(name, ())):
            wrong.append((name, status))
    assert wrong == []


def test_who_has_not_signed_in_is_sent_to_sign_in():
    client = Client()
    for name, url in ((a.name, a.url()) for a in addresses()):
        response = client.get(url)
        if name in PUBLIC:
            assert response.status_code == 200, name
        else:
            assert (response.status_code, response["Location"][:15]) == (302, "/signin/?next=/"), (
                name
            )


def test_rows_are_answered_by_whose_they_are():
    """A consultation worker; the other roles in tests/prove."""
    assert wrong_answers("disability") == []


def wrong_answers(role: str) -> list[tuple[object, ...]]:
    """Addresses that answer a row of this relation otherwise than the table says."""
    scene = twoworlds.known(role)
    if scene.own is not None:
        if "visit_new" in opens(role):
            houses.visited(scene.own, scene.member)
        if "match_new" in opens(role) and scene.register is not None:
            scene.own.keys["resource_id"] = scene.register.keys["resource_id"]
            houses.placed(scene.own, scene.member)
    foreign = twoworlds.twin(scene, role)
    client = sign_in(Client(), scene.member)
    wrong: list[tuple[object, ...]] = []
    with twoworlds.silence():
        for address in addresses():
            if address.keys and address.name not in CITYS:
                for house, expected in relations(address.name, role, scene, foreign):
                    keys = {name: house.key(address.name, name) for name in address.keys}
                    if None in keys.values():
                        continue
                    for method in sorted(address.methods):
                        asked = twoworlds.Question(address.name, method, address.url(**keys))
                        status = twoworlds.ask(client, asked).status
                        if status not in GIVEN[expected]:
                            wrong.append((address.name, method, expected, status))
    return wrong


def opens(role: str) -> set[str]:
    """The rows of the table that a member of the scene stands in."""
    role = "elderly" if role in {"disability", "child"} else role
    return {name for name, roles in TABLE.items() if role in roles}


def relations(
    name: str, role: str, scene: twoworlds.Scene, foreign: houses.House
) -> Iterator[tuple[houses.House, int]]:
    """Each household there is, with the status its relation to the role has."""
    allowed = name in opens(role)
    of_three = next((row for row, names in RELATIONS.items() if name in names), None)
    for place, house in enumerate((scene.own, scene.shared, scene.closed)):
        if house is not None and of_three is not None:
            status = of_three[place]
            if name in OFFICE_SEES_WHOLE and role in OFFICE and place == 1:
                status = 200
            yield house, status if allowed else 403
    yield foreign, 404 if allowed else 403
