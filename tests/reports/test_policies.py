"""Every table is walked: what holds something about a case is gated, and the application's login
can neither bypass the gate nor change what proves it."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.db import connections

from cases.models.shield import HELD
from reports.proof.load import GATED
from reports.proof.verify import doors
from tests import world as w

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

# Tables without row security, each with the reason why it holds nothing about a case.
OPEN_TABLES = {
    "django_migrations": "names of migrations",
    "django_content_type": "names of models",
    "django_session": "sign-ins; no name of a case (ids of who signed in)",
    "auth_permission": "names of permissions",
    "auth_group": "one row for each agency: guardian's key",
    "auth_group_permissions": "not granted to the application",
    "agencies_logseal": "hashes of the access log; not granted to the application",
    "agencies_municipality": "the city's profile",
    "agencies_planperiod": "the city's profile",
    "agencies_programme": "the city's profile",
    "agencies_programme_agencies": "the city's profile",
    "agencies_rolename": "the city's profile",
    "agencies_conferencetype": "the city's profile",
    "agencies_standingmember": "the city's profile",
    "agencies_intakecriterion": "the city's profile",
    "agencies_intakeitem": "the city's profile",
    "agencies_assessmentitem": "the city's profile",
    "agencies_routinghint": "the city's profile",
    "agencies_committee": "the city's profile",
    "agencies_indicator": "the city's profile",
    "agencies_legalbasis": "the law",
    "agencies_agency": "the city's agencies",
    "agencies_membership": "who works where; kasane.actor() decides from it",
    "agencies_user": "who signs in",
    "agencies_user_groups": "guardian's, unused",
    "agencies_user_user_permissions": "guardian's, unused",
    "agencies_role": "roles and their permissions",
    "agencies_secretariatmember": "lists of people, no case",
    "agencies_signinattempt": "failed sign-ins",
    "guardian_groupobjectpermission": "not granted to the application",
    "guardian_userobjectpermission": "not granted to the application",
}


def ask(sql, *params):
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


@pytest.fixture
def app():
    return settings.KASANE_APP_ROLE


def tables():
    rows = ask(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity FROM pg_class AS c"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    )
    return dict(rows)


def read_policies(app):
    """Table -> conditions under which the application's login reads a row. (A shield's restrictive
    policies narrow them and open nothing.)"""
    found: dict[str, list[str]] = {}
    for table, condition in ask(
        "SELECT tablename, qual FROM pg_policies WHERE schemaname = 'public'"
        " AND permissive = 'PERMISSIVE' AND cmd IN ('SELECT', 'ALL')"
        " AND %s = ANY (roles::text[])",
        app,
    ):
        found.setdefault(table, []).append(condition)
    return found


def test_every_table_is_gated_or_named_with_a_reason():
    forced = {table for table, is_forced in tables().items() if is_forced}
    ungated = set(tables()) - forced
    assert ungated == set(OPEN_TABLES)


def test_every_gated_table_is_part_of_the_proof():
    forced = {table for table, is_forced in tables().items() if is_forced}
    assert forced == set(GATED)


def test_every_read_policy_asks_who_is_acting(app):
    policies = read_policies(app)
    asks = {t for t, found in policies.items() if all("kasane.actor()" in q for q in found)}
    # … directly, or through a gated table that does (a note asks for its record).
    while True:
        through = {
            table
            for table, found in policies.items()
            if all("kasane.actor()" in q or any(re.search(rf"\b{t}\b", q) for t in asks)
                   for q in found)
        }  # fmt: skip
        if through == asks:
            break
        asks = through
    assert asks == set(GATED)


@pytest.mark.parametrize("table", [t for t in GATED if t != "agencies_job"])
def test_policies_qualify_their_columns(table, app):
    """The trap: in `g.case_id = id` the column binds to the inner table and opens everything. The
    catalogue spells each column with its table; one bound to the inner table alone leaves no
    mention of the outer one in the sub-select."""
    for condition in read_policies(app)[table]:
        for inner in re.findall(r"EXISTS \( SELECT 1(.*?)(?=EXISTS|\Z)", condition, re.DOTALL):
            source = re.search(r"FROM \(*(\w+) (\w+)", inner)
            assert source, inner
            if source[1].startswith("agencies_") and table != source[1]:
                continue  # asks about whoever acts
            assert re.search(rf"\b{table}\.\w+", inner), f"{table}: {inner}"


def test_asking_after_the_whole_by_its_key_is_planned_once():
    """Without OFFSET 0 every step of a chain (task, plan, record) is planned twice: 0005."""
    chain = r"EXISTS \( SELECT 1\s+FROM (\w+) (\w+)\s+WHERE \(\2\.\w+ = \w+\.\w+\)\)"
    assert ask("SELECT tablename, policyname FROM pg_policies"
               " WHERE qual ~ %s OR with_check ~ %s", chain, chain) == []  # fmt: skip


def test_a_period_is_asked_by_the_function_of_which_postgresql_expects_enough():
    """The operator is not leakproof: beneath a policy it counts as one of two hundred (0006)."""
    operator = r"@> now\(\)"
    assert ask("SELECT tablename, policyname FROM pg_policies"
               " WHERE qual ~ %s OR with_check ~ %s", operator, operator) == []  # fmt: skip


def test_what_read_policies_ask_keeps_its_plan():
    """A function in SQL is planned anew in every statement that calls it (0006)."""
    rows = ask(
        "SELECT DISTINCT p.proname FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang"
        " JOIN pg_policies AS g ON g.qual ~ ('kasane\\.' || p.proname || '\\(')"
        " WHERE p.pronamespace = 'kasane'::regnamespace AND l.lanname = 'sql'"
        " AND g.cmd = 'SELECT'"
    )
    assert rows == []


def test_the_applications_login_owns_and_bypasses_nothing(app):
    assert ask(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
        " WHERE rolname = %s",
        app,
    ) == [(False, False, False, False)]
    assert ask("SELECT count(*) FROM pg_class WHERE relowner = %s::regrole", app) == [(0,)]
    assert ask("SELECT count(*) FROM pg_proc WHERE proowner = %s::regrole", app) == [(0,)]
    assert ask("SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole", app) == [(0,)]


def test_the_application_reads_no_view_and_no_table_behind_the_gate(app):
    rows = ask(
        "SELECT c.relname FROM pg_class AS c WHERE c.relkind IN ('v', 'm', 'r')"
        " AND (c.relnamespace = 'kasane'::regnamespace OR c.relkind IN ('v', 'm'))"
        " AND c.relnamespace IN ('kasane'::regnamespace, 'public'::regnamespace)"
        " AND has_table_privilege(%s, c.oid, 'SELECT, INSERT, UPDATE, DELETE')",
        app,
    )
    assert rows == []


@pytest.mark.parametrize(
    ("table", "verbs"),
    [
        ("cases_record", "UPDATE, DELETE, TRUNCATE"),
        ("cases_casegrant", "INSERT, UPDATE, DELETE, TRUNCATE"),
        ("agencies_accesslog", "INSERT, UPDATE, DELETE, TRUNCATE"),
        ("agencies_logseal", "SELECT, INSERT, UPDATE, DELETE, TRUNCATE"),
        ("cases_historicalnote", "UPDATE, DELETE, TRUNCATE"),
        ("cases_historicalconsent", "UPDATE, DELETE, TRUNCATE"),
        ("cases_consent", "DELETE, TRUNCATE"),
        ("cases_note", "DELETE, TRUNCATE"),
        ("cases_attachment", "UPDATE, DELETE, TRUNCATE"),
        ("cases_attachmentcontent", "UPDATE, DELETE, TRUNCATE"),
        ("cases_consentscan", "UPDATE, DELETE, TRUNCATE"),
        ("cases_consentscancontent", "UPDATE, DELETE, TRUNCATE"),
        ("cases_leftwork", "UPDATE, DELETE, TRUNCATE"),
        ("cases_recertification", "UPDATE, DELETE, TRUNCATE"),
        ("cases_refiling", "INSERT, UPDATE, DELETE, TRUNCATE"),
        ("cases_notetask", "DELETE, TRUNCATE"),
        ("cases_readrequest", "DELETE, TRUNCATE"),
        ("cases_notetemplate", "DELETE, TRUNCATE"),
        ("cases_moveout", "DELETE, TRUNCATE"),
        ("cases_moveoutanswer", "UPDATE, DELETE, TRUNCATE"),
        ("reports_lookdecision", "INSERT, UPDATE, DELETE, TRUNCATE"),
        ("cases_disclosure", "UPDATE, DELETE, TRUNCATE"),
        ("cases_historicalcontact", "UPDATE, DELETE, TRUNCATE"),
        ("cases_contact", "DELETE, TRUNCATE"),
        ("cases_closing", "UPDATE, DELETE, TRUNCATE"),
        ("cases_householdlink", "UPDATE, DELETE, TRUNCATE"),
        ("cases_shield", "DELETE, TRUNCATE"),
        ("cases_shieldmember", "DELETE, TRUNCATE"),
        ("cases_shieldhold", "INSERT, DELETE, TRUNCATE"),
        ("outreach_historicalvisit", "UPDATE, DELETE, TRUNCATE"),
        ("plans_monitoring", "UPDATE, DELETE, TRUNCATE"),
        ("plans_evaluation", "UPDATE, DELETE, TRUNCATE"),
        ("meetings_itemgrant", "DELETE, TRUNCATE"),
        ("guardian_groupobjectpermission", "SELECT, INSERT, UPDATE, DELETE"),
    ],
)
def test_the_application_cannot_change_evidence(table, verbs, app):
    for verb in verbs.split(", "):
        assert ask("SELECT has_table_privilege(%s, %s, %s)", app, table, verb) == [(False,)], verb


def test_definer_functions_fix_their_search_path_and_are_not_public():
    rows = ask(
        "SELECT p.proname, p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE'),"
        " p.prorettype = 'trigger'::regtype FROM pg_proc AS p"
        " WHERE p.pronamespace IN ('kasane'::regnamespace, 'public'::regnamespace)"
        " AND p.prosecdef"
    )
    assert rows
    for name, config, is_public, is_trigger in rows:
        assert any("search_path=pg_catalog, pg_temp" in line for line in config or []), name
        assert is_trigger or not is_public, name


def test_a_case_that_rests_is_held_by_the_database():
    """V18: whatever lets a new row in, these tables take none of a case that rests. That they hold
    is tried in tests/cases/test_resting.py."""
    rows = ask(
        "SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND cmd = 'INSERT'"
        " AND permissive = 'RESTRICTIVE' AND policyname = 'narrow_rests'"
    )
    assert {table for (table,) in rows} == {
        "cases_person", "cases_record", "cases_referral", "cases_attachment",
    }  # fmt: skip


# Free text of a case, and the restrictive policy that closes it beneath a shield (V9): its own, or
# that of the row it hangs on.
SHIELDED = {
    "cases_contact", "cases_record", "cases_consultation", "cases_referral", "cases_transfer",
    "cases_carryout", "cases_leftwork", "cases_closing", "cases_consent", "cases_consentscan",
    "cases_historicalnote", "cases_historicalissue", "cases_historicalassessmentsection",
    "cases_historicalcautionnote", "cases_historicalriskassessment",
    "cases_historicalconsent", "plans_historicalplan", "meetings_agendaitem", "cases_disclosure",
    "outreach_historicalvisit",
    "cases_emergency", "cases_draft", "cases_historicaltie",
}  # fmt: skip


def test_a_shield_closes_every_table_that_says_something_about_a_case():
    rows = ask(
        "SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = 'public'"
        " AND permissive = 'RESTRICTIVE' AND cmd = 'SELECT'"
    )
    assert {table for (table,) in rows} == SHIELDED


def test_a_shield_stands_before_every_verb():
    """A change that reads no column is not held by the read policy: it is said again. Versions are
    never changed."""
    verbs: dict[str, dict[str, str]] = {}
    for table, verb, condition in ask(
        "SELECT tablename, cmd, qual FROM pg_policies WHERE schemaname = 'public'"
        " AND permissive = 'RESTRICTIVE' AND policyname LIKE 'shield%%'"
    ):
        verbs.setdefault(table, {})[verb] = condition
    for table in SHIELDED:
        expected = {"SELECT"} if "historical" in table else {"SELECT", "UPDATE", "DELETE"}
        assert set(verbs[table]) == expected, table
        assert len(set(verbs[table].values())) == 1, table


def test_every_door_has_a_condition():
    """The database narrows behind a door that stands open: else only the proof would notice."""
    by = w.city().elderly
    open_doors = {t for t, model in doors().items() if not model.objects.visible_to(by).query.where}
    assert open_doors == set()


# Text columns of gated tables that a shield need not know, each with its reason.
NO_FREE_TEXT = {
    # What is no sentence about anybody: choices, numbers, keys, law, names of people at work.
    "cases_case": "number and choices",
    "cases_person": "name, kana, relation: shown to whoever may see the person",
    "cases_historicalperson": "the same",
    "cases_contact": "hidden as a whole",
    "cases_historicalcontact": "hidden with the contact",
    "cases_draft": "closed beneath a shield whatever it says; read by whoever typed it alone",
    "cases_disclosure": "closed beneath a shield whatever it says",
    "cases_emergency": "the same",
    "cases_supportteam": "how an agency came in",
    "cases_householdlink": "choices and a day",
    "cases_casegrant": "a basis",
    "cases_duplicatehint": "two numbers",
    "cases_recertification": "a choice",
    "cases_readrequest": "a choice",
    "cases_notetemplate": "an agency's own phrases; no case stands behind them",
    "cases_consultationissue": "a choice",
    "cases_shield": "the list alone",
    "cases_shieldhold": "the list alone",
    "meetings_series": "by which rule a body sits",
    "meetings_sitting": "a day and a room",
    "meetings_itemstep": "choices",
    "meetings_itemgrant": "a choice",
    "meetings_papercopy": "whose copy",
    "participation_resource": "the city's",
    "community_place": "the city's",
    "community_placeevent": "the city's",
    "community_communityissue": "the city's",
    "community_issuestep": "the city's",
    "reports_figure": "figures",
    "reports_lookdecision": "why a look is told or not, for privacy officers alone",
    "reports_indicatorvalue": "figures",
    "agencies_contactpoint": "the city's",
    "agencies_accesslog": "ids and choices, never a text",
    "agencies_job": "ids",
    "agencies_notice": "no names, no text",
    "agencies_mailaddress": "one's own address",
}


def test_every_text_column_of_a_case_is_known_to_the_shields():
    """A new table with text must say with which row a shield closes it (`ShieldText`)."""
    with_text = {
        table
        for (table,) in ask(
            "SELECT DISTINCT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type IN ('text', 'character varying')"
        )
    }
    known = {table for (table,) in ask("SELECT table_name FROM kasane.shield_texts")}
    assert with_text & set(GATED) - known == set(NO_FREE_TEXT)


def test_the_list_has_a_door_to_every_kind_of_row_that_may_wait():
    kinds = {kind for (kind,) in ask("SELECT DISTINCT kind FROM kasane.shield_texts")}
    assert kinds == {model._meta.db_table for model in HELD}
