"""直したところ (V13): every saving leaves a version; it is read by who reads the record."""

from __future__ import annotations

import ast
import datetime
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from agencies.models import AccessLog
from cases.models import AssessmentSection, Consent, Contact, Note, Person
from cases.operations import (
    add_issue,
    assess,
    change_assessment,
    change_note,
    change_person,
    withdraw_consent,
    write_note,
    write_record,
)
from cases.operations.case import PersonFacts
from tests import world as w
from tests.cases.pages import get, note, page, referred, text

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

WITH_HISTORY = sorted(model.__name__ for model in apps.get_models() if hasattr(model, "history"))
# Writings past the versions, each with the reason why nothing is lost.
PAST_VERSIONS = {
    "cases/operations/case.py:change_person": "takes the version number; save() follows",
    "cases/operations/ties.py:change_tie": "takes the version number; save() follows",
    "cases/operations/consent.py:withdraw_consent": "what it sets was empty and stays for ever",
    "plans/operations/drafting.py:change_draft": "takes the version number; save() follows",
}


@pytest.fixture
def city():
    return w.city()


def corrected(city):
    """A note of the team and one of the agency alone, each corrected."""
    case, mother, son, _consent = referred(city)
    keys = []
    for audience in ("team", "agency"):
        key = note(city.elderly, case, f"はじめ{audience}", [mother], audience=audience)
        with w.act(city.elderly):
            found = Note.objects.get(pk=key)
            change_note(
                note=found, by=city.elderly, version=found.version, reason="名前のまちがい",
                method=found.method, with_whom="民生委員", place="", text=f"なおし{audience}",
                next_step="",
            )  # fmt: skip
        keys.append(key)
    return case, mother, son, *keys


def test_before_and_after_of_a_note(city):
    case, _mother, _son, team, inner = corrected(city)
    shown = text(get(city.elderly, f"/records/{team}/history/"))
    for words in ("はじめteam", "なおしteam", "民生委員", "未記入", str(city.elderly.user)):
        assert words in shown
    assert f"/records/{team}/history/" in text(page(city.elderly, case))
    assert f"/records/{team}/history/" in text(page(city.disability, case))
    assert f"/records/{inner}/history/" not in text(page(city.disability, case))


def test_versions_are_read_by_who_reads_the_record_and_the_look_is_kept(city):
    _case, _mother, _son, team, inner = corrected(city)
    for member, key, status in (
        (city.disability, team, 200), (city.disability, inner, 404), (city.elderly2, inner, 200),
        (city.livelihood, team, 404), (city.privacy, team, 403), (city.sysadmin, team, 403),
    ):  # fmt: skip
        assert get(member, f"/records/{key}/history/").status_code == status
    with w.act(city.privacy):
        lines = AccessLog.objects.filter(what="versions", membership=city.disability)
        assert [list(line.record_ids) for line in lines] == [[team]]


def test_a_person_and_a_section(city):
    case, mother, son, _consent = referred(city)
    with w.act(city.elderly):
        found = Person.objects.select_related("case").get(pk=mother.pk)
        facts = PersonFacts(name="架空野 花子", is_cohabiting=False)
        change_person(person=found, by=city.elderly, facts=facts, version=found.version)
        section = assess(
            case=case, by=city.elderly, persons=[mother], category="livelihood",
            situation="家計は苦しい", strengths="",
        )  # fmt: skip
        change_assessment(
            section=section, by=city.elderly, version=section.version, reason="新しい話",
            situation="家計は立て直し中", strengths="相談できる妹",
            assessed_on=section.assessed_on,
        )  # fmt: skip
    shown = text(get(city.elderly, f"/persons/{mother.pk}/history/"))
    assert "架空野 花子" in shown
    assert "いいえ" in shown
    assert get(city.disability, f"/persons/{son.pk}/history/").status_code == 404
    shown = text(get(city.elderly, f"/records/{section.pk}/history/"))
    assert "家計は苦しい" in shown
    assert "家計は立て直し中" in shown
    with w.act(city.elderly):
        assert AssessmentSection.history.filter(record_id=section.pk).count() == 2


def test_what_has_no_versions_is_not_there(city):
    case, *_rest = referred(city)
    assert get(city.elderly, f"/records/{case.pk}/history/").status_code == 404
    with w.act(city.elderly):
        plain = write_note(case=case, by=city.elderly, text="一度だけ", method="phone")
    shown = text(get(city.elderly, f"/records/{plain.pk}/history/"))
    assert "はじめ" in shown
    assert f"/records/{plain.pk}/history/" not in text(page(city.elderly, case))


# --- nothing slips past the versions ---------------------------------------------------------


def settle():
    """What a commit does: the refusals that wait for the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def run(statement, keys):
    with connection.cursor() as cursor:
        cursor.execute(statement, keys)
        return cursor.rowcount


def change_and_settle(change):
    with transaction.atomic():
        assert change() == 1
        settle()


CORRECTED = {"text": "x", "version": 2, "correction_reason": "x"}
MISSING = "without its version|not its row as just written"
REASON = ", version = version + 1, correction_reason = 'x'"
PAST = [
    f"UPDATE cases_note SET text = 'x'{REASON} WHERE record_id = %(note)s",
    "UPDATE cases_person SET name = 'x' WHERE id = %(person)s",
    f"UPDATE cases_assessmentsection SET situation = 'x'{REASON} WHERE record_id = %(section)s",
    "UPDATE cases_issue SET note = 'x' WHERE record_id = %(issue)s",
    "INSERT INTO cases_note (record_id, happened_at, method, with_whom, place, text, next_step,"
    " version) SELECT id, happened_at, 'visit', '', '', 'x', '', 1 FROM cases_record"
    " WHERE id = %(bare)s",
    # A version that is not the row, written along.
    f"WITH changed AS (UPDATE cases_note SET text = 'x'{REASON} WHERE record_id = %(note)s)"
    " INSERT INTO cases_historicalnote (record_id, happened_at, method, with_whom, place, text,"
    " next_step, version, history_date, history_type)"
    " VALUES (%(note)s, now(), 'visit', '', '', 'y', '', 1, now(), '~')",
]


@pytest.mark.parametrize("statement", PAST)
def test_raw_sql_that_leaves_no_version_is_refused(city, statement):
    case, mother, _son, _consent = referred(city)
    keys = {"note": note(city.elderly, case, "はじめ", [mother]), "person": mother.pk}
    with w.act(city.elderly):
        keys["section"] = assess(
            case=case, by=city.elderly, persons=[mother], category="livelihood",
            situation="くらし", strengths="",
        ).pk  # fmt: skip
        keys["issue"] = add_issue(case=case, by=city.elderly, person=mother, issue_type="debt").pk
        keys["bare"] = write_record(
            case=case, by=city.elderly, kind="note", category="progress", persons=[mother],
            audience="team",
        ).pk  # fmt: skip
    settle()
    with pytest.raises(IntegrityError, match=MISSING), w.act(city.elderly):
        change_and_settle(lambda: run(statement, keys))


@pytest.mark.parametrize(
    "change",
    ["text = 'x'", "text = 'x', version = version + 1", "text = 'x', correction_reason = 'x'",
     "next_step = 'x', version = version + 1, correction_reason = ' '"],
)  # fmt: skip
def test_raw_sql_that_corrects_without_a_new_version_and_a_reason_is_refused(city, change):
    case, mother, _son, _consent = referred(city)
    key = note(city.elderly, case, "はじめ", [mother])
    with pytest.raises(IntegrityError, match="a reason"), w.act(city.elderly):
        run(f"UPDATE cases_note SET {change} WHERE record_id = %(note)s", {"note": key})


def test_queryset_update_and_bulk_create_are_refused(city):
    case, mother, *_rest = referred(city)
    key = note(city.elderly, case, "はじめ", [mother])
    with w.act(city.elderly):
        person = Person.objects.get(pk=mother.pk)
        facts = PersonFacts(name=person.name, address="架空町一丁目")
        change_person(person=person, by=city.elderly, facts=facts, version=person.version)
    for change in (
        lambda: Note.objects.filter(pk=key).update(**CORRECTED),
        lambda: Note.objects.bulk_update([Note(pk=key, **CORRECTED)], list(CORRECTED)),
        lambda: Person.objects.filter(pk=mother.pk).update(name="x"),
        lambda: Contact.objects.filter(pk=mother.pk).update(address="x"),
    ):
        with pytest.raises(IntegrityError, match="without its version"), w.act(city.elderly):
            change_and_settle(change)


def test_a_version_says_itself_when_and_by_whom(city):
    """Whoever writes it cannot date it back or put another's name to it."""
    case, mother, *_rest = referred(city)
    key = note(city.elderly, case, "はじめ", [mother])
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    with w.act(city.elderly):
        first = Note.history.get(record_id=key)
        assert first.history_user_id == city.elderly.user_id
        first.pk, first.history_date, first.history_user = None, long_ago, city.child.user
        first.save(force_insert=True)
        dates = Note.history.filter(record_id=key).values_list("history_date", "history_user")
        assert {user for _at, user in dates} == {city.elderly.user_id}
        assert all(at.year > 2020 for at, _user in dates)
        for verb in (
            "UPDATE cases_historicalnote SET text = 'x'",
            "DELETE FROM cases_historicalnote",
        ):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(verb)


def test_a_withdrawal_never_changes(city):
    _case, _mother, _son, given = referred(city)
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人から")
        for change in ({"withdrawn_at": timezone.now()}, {"withdrawal_reason": "ちがう"}):
            with pytest.raises(ProgrammingError, match="never changes"), transaction.atomic():
                Consent.objects.filter(pk=given.pk).update(**change)
    settle()


class Bulk(ast.NodeVisitor):
    """Functions that write many rows at once into a model with versions, or into who knows what."""

    def __init__(self, file):
        self.file, self.found, self.within = file, set(), []

    def visit_FunctionDef(self, node):
        self.within.append(node)
        self.generic_visit(node)
        self.within.pop()

    def visit_Call(self, node):
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Attribute) and self.within):
            return
        writes = node.func.attr in ("bulk_create", "bulk_update") or (
            node.func.attr == "update" and node.keywords  # a dictionary's takes another one
        )
        model = self.root(node.func.value)
        if writes and (model in WITH_HISTORY or model[:1].islower()) and model != "self":
            self.found.add(f"{self.file}:{self.within[0].name}")

    def root(self, node):
        """The name a chain of calls begins with, through one variable of the function."""
        while isinstance(node, (ast.Attribute, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        name = node.id if isinstance(node, ast.Name) else ""
        for line in ast.walk(self.within[0]):
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == name:
                return self.root(line.value) if name not in ast.dump(line.value) else name
        return name


def test_no_bulk_path_goes_past_the_versions():
    """A room that writes versioned rows with update() or bulk_create() has to be named here."""
    root = Path(settings.BASE_DIR)
    found = set()
    for room in ("agencies", "cases", "plans", "meetings", "outreach", "participation",
                 "community", "reports"):  # fmt: skip
        for file in sorted((root / room).rglob("*.py")):
            place = str(file.relative_to(root))
            if "/migrations/" in place or "/proof/" in place:
                continue
            visitor = Bulk(place)
            visitor.visit(ast.parse(file.read_text(encoding="utf-8")))
            found |= visitor.found
    assert {"Consent", "Note", "Person", "Plan"} <= set(WITH_HISTORY)
    assert sorted(found) == sorted(PAST_VERSIONS)
