"""The access table: every address × every role. An address without a row fails.

A role outside its row meets 403 before anything is looked up. A role inside it gets the page, or
404 for a row that is not there, or 405 where only POST is served. The second table, of rows that
are there by whose they are, is tests/relations.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.test import Client

from config.lib.registry import registry
from tests import houses, relations, twoworlds, world
from tests.addresses import NOBODYS, Address, addresses
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
        [
            "home", "signin", "signout", "switch_membership", "notices", "livez", "readyz",
            "gallery", "gallery_genogram",
            # Whoever has the address, signed in or not: tests/meetings/test_feed.py.
            "feed",
        ],
        EVERYBODY,
    ),
    # One's own sign-in: the second factor, recovery codes, sessions.
    **dict.fromkeys(
        [
            "second_step", "account", "account_mail", "session_end", "totp_new", "passkey_new",
            "factor_detail", "factor_remove", "recovery_codes",
        ],
        EVERYBODY,
    ),
    "factors_reset": {"sysadmin"},
    **dict.fromkeys(
        [
            "consultation_list", "consultation_detail",
            "directory", "draft_list", "draft_here", "draft_save", "draft_typed", "draft_discard",
            "case_list", "case_search", "case_detail", "case_print", "case_access",
            "case_why", "case_as",
            "genogram", "genogram_small", "genogram_print", "genogram_move", "genogram_reset",
            "tie_new", "tie_edit",
            "person_new", "person_edit", "note_new", "note_edit", "issue_new", "issue_solve",
            "intake_sheet", "intake_sheet_print",
            "assessment_new", "assessment_detail", "assessment_compare", "assessment_print",
            "caution_new", "caution_edit", "caution_end",
            "risk_new", "risk_detail", "risk_edit", "risk_decide", "risk_print",
            "referral_new", "referral_list", "referral_detail", "referral_accept",
            "referral_return", "referral_result", "carry_out_detail",
            "record_history", "person_history", "plan_history", "visit_history",
            "record_detail", "record_ask", "record_confirm", "requests_end", "task_finish",
            "case_timeline",
            "plan_list", "late_list", "plan_detail", "plan_print", "plan_start",
            "monitor_new", "item_done",
            "sitting_list", "sitting_detail", "sitting_date",
            "sitting_agenda", "sitting_answer", "sitting_run", "item_members", "sitting_step",
            "sitting_calendar", "sitting_calendar_file", "calendar_feed", "calendar_feed_stop",
            "secretariat_list", "secretariat_step", "candidate_list",
            "item_new", "item_people", "item_participants", "item_attach",
            "item_run", "item_attendance", "item_minutes", "item_print", "item_step",
            "minutes_approve", "sitting_minutes",
            "item_copies", "item_person_new", "item_person_pledge", "item_person_revoke",
            "item_person_password", "pledge_print", "letter_new", "letter_print", "letter_reply",
            "copy_return", "sitting_copies", "sitting_pack",
            "item_begin", "item_roles", "item_lines", "line_add", "line_keep",
            "decision_keep", "decision_typed", "carry_out_end",
            "appointment_revoke", "match_detail",
            "assessment_edit", "attachment_download", "case_close", "case_looks", "looks_print",
            "transfer_new", "transfer_detail", "transfer_accept", "transfer_return",
            "transfer_cancel", "sitting_move", "sitting_cancel", "series_list", "series_set",
            "move_out_new", "move_out_detail", "move_out_print", "move_out_send",
            "move_out_receipt", "move_out_cancel",
            "household_change", "household_split", "household_join", "household_merge",
            "household_undo", "person_same",
            "shield_detail", "shield_take_back", "shield_lift", "shield_extend",
            "shield_place_new", "shield_place_end", "shield_holds", "hold_decide",
        ],
        READERS,
    ),
    # A guest of a sitting: the pledge, the item, its screen, and nothing else (V6).
    **dict.fromkeys(
        ["item_detail", "item_answer", "item_still", "appointment_pledge", "minutes_versions",
         "item_brief", "sitting_live", "sitting_live_now"],
        READERS | {"guest"},
    ),
    "carry_out_list": set(),  # for people on a list, not for a role (meetings' own test)
    **dict.fromkeys(
        [
            "consultation_new", "consultation_add", "consultation_similar",
            "consultation_make_case", "consultation_finish", "consultation_items",
            "consent_new", "consent_withdraw",
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
        ["consent_narrow", "consent_renew", "scan_new", "consent_form_print", "move_out_answer"],
        WORKERS,
    ),
    "emergency_new": {"elderly", "coordinator", "outreach", "agency_manager"},
    # V11: accounts, the agency's own manager, the privacy officer; each does their own part.
    **dict.fromkeys(["membership_list", "membership_detail"], OVERSEERS),
    # Who keeps the directory: the office, an agency's manager their own lines.
    "contact_point_new": OFFICE | {"agency_manager"},
    **dict.fromkeys(["contact_point_edit", "contact_point_end"], READERS),
    "membership_new": {"sysadmin"},
    "membership_end": {"sysadmin"},
    **dict.fromkeys(
        ["membership_confirm", "membership_refuse",
         "handover_list", "handover_new", "handover_unassigned",
         "succession", "succession_waiting", "recertification", "recertification_give_back",
         "template_list", "template_edit"],
        MANAGERS,
    ),
    **dict.fromkeys(["handover_print", "case_handover_print", "recertification_others"], READERS),
    "recertification_end": READERS,
    "shield_stranded": {"head", "privacy"},
    **dict.fromkeys(["recertification_overview", "succession_orphaned"], OFFICE | {"privacy"}),
    "duplicate_list": OFFICE,
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
    "plan_decide": OFFICE,
    **{
        name: {"privacy"}
        for name in [
            "access_review", "access_patterns", "seal_print", "look_find", "look_person",
            "look_paper", "review_why",
        ]
    },
    "sitting_new": OFFICE,
    **dict.fromkeys(
        ["visit_list", "visit_new", "visit_edit", "visit_open", "carry_out_visit_new"], VISITORS
    ),
    **dict.fromkeys(
        ["match_list", "match_new", "resource_list", "resource_new", "resource_edit",
         "resource_end"],
        PLACERS,
    ),
    **dict.fromkeys(
        [
            "community_home", "place_new", "place_detail", "place_edit", "place_end", "event_new",
            "community_issue_new", "community_issue_detail", "community_issue_from_case",
            "community_issue_answer",
        ],
        NEIGHBOURS,
    ),
    **dict.fromkeys(
        ["report_home", "report_year", "report_recount", "report_print", "report_xlsx",
         "indicator_edit"],
        REPORTERS,
    ),
}  # fmt: skip
PUBLIC = {"signin": 200, "livez": 200, "readyz": 200, "feed": 404}


# What `tests/relations.py` says of a household's rows is true of other roles too (tests/prove); the
# office that handles a case sees its consents whole (V3), and asks why (V17).
OFFICE_ASKS = ("case_why", "case_as")
HOUSEHOLDS = ("worker", "visits", "matches")
CITYS = ("register", "calendar")
GIVEN = {"200": {200, 302, 422}, "302": {200, 302, 422}, "422": {200, 302, 422}}


@pytest.fixture(autouse=True)
def _no_navigation(monkeypatch):
    """The same lines on every page, at a fifth of a second each: no status depends on them."""
    monkeypatch.setattr(registry, "navigation", [])


def test_every_address_has_a_row_and_every_row_an_address():
    assert {address.name for address in addresses()} == set(TABLE)


def test_every_address_with_a_key_says_what_it_answers_by_whose_row_it_is():
    """A row for each relation, or the reason why there is none; not both, and nothing else."""
    lines: dict[str, set[str]] = {relation: set() for relation in ("own", "shared", "closed")}
    for row in relations.rows():
        for relation in row.relations():
            lines[relation].add(row.address)
    keyed = {address.name for address in addresses() if address.rows}
    for relation, names in lines.items():
        excused = set(relations.RELATIONLESS.get(relation, {}))
        assert names | excused == keyed, relation
        assert not names & excused, relation


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
            assert response.status_code == PUBLIC[name], name
        else:
            assert (response.status_code, response["Location"][:15]) == (302, "/signin/?next=/"), (
                name
            )


def test_rows_are_answered_by_whose_they_are():
    """Each line of tests/relations.py, for both methods; a foreign row is one that is not there."""
    by_name = {address.name: address for address in addresses()}
    wrong: list[tuple[object, ...]] = []
    standings = relations.standings()
    clients = {name: sign_in(Client(), found.asker) for name, found in standings.items()}
    with twoworlds.standing_clock(), twoworlds.silence():
        for row in relations.rows():
            address, standing = by_name[row.address], standings[row.standing]
            client = clients[row.standing]
            for relation in row.relations():
                url = url_of(address, getattr(standing, relation))
                for method in ("GET", "POST"):
                    expected = row.expected(relation, method)
                    if expected == "-":
                        answered = "-" if method not in address.methods else "served"
                    else:
                        answered = said(client, address, method, url)
                    if answered != expected:
                        wrong.append((row.address, row.standing, relation, method, answered))
            wrong += told_of_foreign(client, address, standing.foreign)
    assert not wrong, "\n".join(map(str, wrong))


def said(client: Client, address: Address, method: str, url: str) -> str:
    """The status; `no` for a way back with the reason."""
    with mock.patch("django.contrib.messages.error") as refused:
        status = twoworlds.ask(client, twoworlds.Question(address.name, method, url)).status
    return "no" if refused.called and status == 302 else str(status)


def url_of(address: Address, keys: dict[str, Any]) -> str:
    """The address of these rows; KeyError where the set has none."""
    names = {*address.rows, *(name for name, _filled in address.fixed if name in keys)}
    return address.url(**{name: keys[houses.which(address.name, name)] for name in names})


def told_of_foreign(
    client: Client, address: Address, keys: dict[str, Any]
) -> Iterator[tuple[object, ...]]:
    """Where a foreign row is answered otherwise than 404, or than a key that names nothing."""
    nothing = keys | {houses.which(address.name, name): NOBODYS for name in address.keys}
    nothing |= {"indicator_id": 0, "body_id": 0}
    for method in sorted(address.methods):
        foreign, nobodys = (
            twoworlds.Question(address.name, method, url_of(address, which))
            for which in (keys, nothing)
        )
        without, told = twoworlds.ask(client, nobodys), twoworlds.ask(client, foreign)
        if told != without:
            without = twoworlds.ask(client, nobodys)  # what a process reads once is read by now
        if told != without or told.status != 404:
            yield address.name, method, str(twoworlds.Difference(foreign, without, told))


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
            for house, relation in related(address.name, role, scene, foreign):
                keys = {name: house.key(address.name, name) for name in address.rows}
                if not keys or None in keys.values():
                    continue
                for method in sorted(address.methods):
                    expected = relation(method)
                    asked = twoworlds.Question(address.name, method, address.url(**keys))
                    status = twoworlds.ask(client, asked).status
                    if status not in GIVEN.get(expected, {int(expected)}):
                        wrong.append((address.name, method, expected, status))
    return wrong


def opens(role: str) -> set[str]:
    """The rows of the table that a member of the scene stands in."""
    role = "elderly" if role in {"disability", "child"} else role
    return {name for name, roles in TABLE.items() if role in roles}


def related(
    name: str, role: str, scene: twoworlds.Scene, foreign: houses.House
) -> Iterator[tuple[houses.House, Callable[[str], str]]]:
    """Each household there is, with what its relation to the role has answered to a method."""
    allowed = name in opens(role)
    said = [row for row in relations.rows() if row.address == name]
    if all(row.standing in CITYS for row in said):
        return
    found = [row for row in said if row.standing in HOUSEHOLDS]
    for kind in ("own", "shared", "closed"):
        house = getattr(scene, kind)
        if house is not None and found:
            is_office = role in twoworlds.OFFICE and kind == "shared"
            yield house, partial(_status, found[0], kind, allowed=allowed, is_office=is_office)
    yield foreign, lambda _method: "404" if allowed else "403"


def _status(row: relations.Row, kind: str, method: str, *, allowed: bool, is_office: bool) -> str:
    said = row.expected(kind, method)
    if is_office and (row.address in OFFICE_ASKS or (said == "404" and row.standing == "worker")):
        said = "200"
    return said if allowed else "403"
