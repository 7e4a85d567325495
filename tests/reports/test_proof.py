"""The proof finds what it should: nothing in the gate as it is, everything in one made weaker."""

from __future__ import annotations

import json
import os

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from agencies.models import Membership
from cases import gate
from cases.models import Case, Record
from reports.proof import rights
from reports.proof.explain import Unknown, explain, find_case, find_membership, find_record
from reports.proof.load import load
from reports.proof.rights import Decision
from reports.proof.scratch import scratch
from reports.proof.verify import Outcome, verify
from reports.proof.worlds import generate
from reports.proof.writing import try_writing

pytestmark = pytest.mark.database

PAIRS = 2500


@pytest.fixture(scope="module")
def drawn(django_db_setup, django_db_blocker):
    """A small world in a database of its own."""
    with django_db_blocker.unblock():
        name = connections["owner"].settings_dict["NAME"]
        for alias in ("owner", "default"):
            connections[alias].close()
        with scratch(template=os.environ.get("KASANE_TEST_TEMPLATE") or name) as (owner, app):
            generate(owner, seed=7, cases=22)
            yield owner, app


def run(drawn, *tables):
    owner, app = drawn
    chosen = frozenset(tables) or None
    return verify(owner=owner, app=app, pairs=PAIRS, seed=3, tables=chosen)


def on_owner(drawn, sql, *params):
    with connections[drawn[0]].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def test_model_orm_and_database_agree_and_every_rule_is_drawn_on_both_sides(drawn):
    outcome = run(drawn)
    assert outcome.differences == []
    assert outcome.pairs == PAIRS
    for rule in ("V1", "V2", "V3", "V4", "V5", "V6", "V9", "V10", "V11", "V13", "V14"):
        counts = outcome.by_rule[rule]
        assert min(counts["visible"], counts["denied"]) >= PAIRS // 100, (rule, counts)


def test_nobody_writes_and_who_reads_a_row_may_not_always_change_it(drawn):
    owner, app = drawn
    found = try_writing(owner, app, settings.KASANE_APP_ROLE, load(owner).memberships)
    assert len(found.tried) > 90
    assert found.let_through == set()
    # A task is changed by whoever reads its plan: which columns, a trigger says.
    assert found.conditional - found.refused == {"UPDATE plans_supportitem"}


def test_what_stays_open_in_a_cancelled_sitting_is_found_as_leaks(drawn):
    """Some of its items have gone on to the next sitting, some wait in it."""
    ((gone,),) = on_owner(drawn, "SELECT count(*) FROM meetings_itemstep WHERE name = 'put_off'")
    assert gone > 0
    waiting = """FROM meetings_sitting AS s WHERE s.id = i.sitting_id AND s.state = 'cancelled'
        AND i.basis = 'secrecy'"""
    on_owner(drawn, "ALTER TABLE meetings_agendaitem DISABLE TRIGGER USER")
    try:
        on_owner(
            drawn,
            f"""UPDATE meetings_agendaitem AS i
            SET open_period = tstzrange(now() - interval '1 day', now() + interval '1 day')
            {waiting}""",
        )
        outcome = run(drawn, "meetings_agendaitem")
    finally:
        on_owner(drawn, f"UPDATE meetings_agendaitem AS i SET open_period = NULL {waiting}")
        on_owner(drawn, "ALTER TABLE meetings_agendaitem ENABLE TRIGGER USER")
    assert {(d.kind, d.rule) for d in outcome.differences} <= {("leak", "V6"), ("leak", "V7")}
    assert outcome.count("leak") > 0


@pytest.mark.parametrize("table", ["cases_record", "cases_contact", "cases_referral"])
def test_a_shield_taken_away_is_found_as_leaks(drawn, table):
    condition = "SELECT qual FROM pg_policies WHERE tablename = %s AND policyname = 'shield_read'"
    ((before,),) = on_owner(drawn, condition, table)
    on_owner(drawn, f"ALTER POLICY shield_read ON {table} USING (true)")
    try:
        outcome = run(drawn, table)
    finally:
        on_owner(drawn, f"ALTER POLICY shield_read ON {table} USING ({before})")
    assert {d.kind for d in outcome.differences} == {"leak"}
    assert {d.rule for d in outcome.differences} == {"V9"}


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("cases_record", "true"),
        ("cases_note", "true"),
        ("cases_historicalnote", "true"),
        # The trap: an unqualified column binds to the inner table.
        ("cases_case", "EXISTS (SELECT 1 FROM cases_casegrant AS g WHERE"
         " g.group_id = (SELECT (kasane.actor()).agency_id) AND g.content_object_id ="
         " content_object_id AND g.revoked_at IS NULL)"),
    ],
)  # fmt: skip
def test_a_weaker_policy_is_found_as_leaks(drawn, table, condition):
    ((before,),) = on_owner(
        drawn,
        "SELECT qual FROM pg_policies WHERE tablename = %s AND policyname = 'gate_read'",
        table,
    )
    on_owner(drawn, f"ALTER POLICY gate_read ON {table} USING ({condition})")
    try:
        outcome = run(drawn, table)
    finally:
        on_owner(drawn, f"ALTER POLICY gate_read ON {table} USING ({before})")
    assert outcome.count("leak") > 0
    assert {d.layer for d in outcome.differences} >= {"database"}


def test_a_narrower_door_is_found_as_wrongly_denied(drawn, monkeypatch):
    monkeypatch.setattr(
        gate, "record_rule", lambda membership: gate.of_record(membership, "{author} = {agency}")
    )
    outcome = run(drawn, Record._meta.db_table, "cases_note")
    assert outcome.count("denied") > 0
    assert {d.table for d in outcome.differences} == {Record._meta.db_table, "cases_note"}


def test_a_wider_door_is_found_although_the_database_holds(drawn, monkeypatch):
    from_all = lambda self, membership: self.all()  # noqa: E731
    monkeypatch.setattr(type(Case.objects.all()), "visible_to", from_all)
    leaks = [d for d in run(drawn, "cases_case").differences if d.kind == "leak"]
    assert leaks
    assert {d.layer for d in leaks} == {"orm alone"}


def test_a_stored_grant_is_not_believed(drawn):
    """An error in the writer of grants (here: a revoked one revived) shows as a leak."""
    before = on_owner(
        drawn,
        "UPDATE cases_casegrant AS g SET revoked_at = NULL WHERE g.id IN ("
        " SELECT DISTINCT ON (h.consent_id, h.group_id) h.id FROM cases_casegrant AS h"
        " WHERE h.basis = 'consent' AND h.revoked_at IS NOT NULL AND NOT EXISTS ("
        "  SELECT 1 FROM cases_casegrant AS o WHERE o.revoked_at IS NULL"
        "  AND o.group_id = h.group_id AND o.consent_id = h.consent_id)) RETURNING g.id",
    )
    assert before
    try:
        outcome = run(drawn, "cases_record", "cases_person")
    finally:
        on_owner(
            drawn,
            "UPDATE cases_casegrant SET revoked_at = now() WHERE id = ANY (%s)",
            [key for (key,) in before],
        )
    assert outcome.count("leak") > 0


def test_a_model_gone_wrong_is_found_too(drawn, monkeypatch):
    monkeypatch.setattr(rights, "opens_household", lambda *a: False)
    assert run(drawn, "cases_record").count("leak") > 0


# --- explain ------------------------------------------------------------------------------------


def some_member(world, **wanted):
    return next(
        m for m in world.memberships.values()
        if "cases.read" in m.permissions and m.until is None and m.confirmed_at
        and m.is_user_active and all(getattr(m, k) == v for k, v in wanted.items())
    )  # fmt: skip


def test_explain_names_rule_basis_and_grant(drawn):
    world = load(drawn[0])
    case = next(c for c in world.rows["cases_case"].values())
    member = some_member(world, agency_id=case.responsible_agency_id)
    answer = explain(world, member, case, case)
    assert answer["visible"]
    assert (answer["rule"], answer["basis"]) == ("V2", "responsible")
    assert len(answer["grant"]) == 1
    assert "主担当機関" in answer["reason"]
    json.dumps(answer)


def test_explain_says_what_a_consent_opens(drawn):
    world = load(drawn[0])
    for record in world.rows["cases_record"].values():
        case = world.get("cases_case", record.case_id)
        for member in world.memberships.values():
            answer = explain(world, member, case, record)
            if answer["basis"] == "consent":
                assert answer["visible"]
                assert answer["persons"]
                assert record.category in answer["categories"]
                assert answer["consents"]
                assert answer["from"]
                return
    pytest.fail("no record is open by consent")


def test_explain_refuses_the_unknown_in_words(drawn):
    world = load(drawn[0])
    case = next(c for c in world.rows["cases_case"].values())
    with pytest.raises(Unknown, match="いません"):
        find_membership(world, "nobody")
    with pytest.raises(Unknown, match="ありません"):
        find_case(world, "R0-000")
    with pytest.raises(Unknown, match="ありません"):
        find_record(world, case, "not-a-key")
    member = some_member(world)
    with pytest.raises(Unknown, match="ありません"):
        find_membership(world, member.username, "other")
    assert find_membership(world, member.username).id == member.id


@pytest.mark.django_db(databases=["default", "owner"])
def test_explain_command_refuses_an_unknown_user():
    with pytest.raises(CommandError, match="いません"):
        call_command("explain_access", "--user", "nobody", "--case", "R8-1")


def test_worlds_add_up():
    one, other = Outcome(), Outcome()
    for outcome, visible in ((one, True), (other, False)):
        outcome.tally("cases_case", Decision(visible, "V1", ""))
        outcome.compared += 2
    one.add(other)
    assert (one.pairs, one.compared, one.visible) == (2, 4, 1)
    assert one.by_table == {"cases_case": {"visible": 1, "denied": 1}}
    assert one.by_rule["V1"] == {"visible": 1, "denied": 1}


@pytest.mark.django_db(databases=["default", "owner"])
def test_verify_command_on_existing_rows_prints_json(capsys):
    call_command("verify_access", "--world", "existing", "--pairs", "50")
    found = json.loads(capsys.readouterr().out)
    assert found["leaks"] == found["wrongly_denied"] == 0
    assert {"pairs", "visible", "seconds", "by_rule", "by_table"} <= set(found)
    assert Membership.objects.exists()
