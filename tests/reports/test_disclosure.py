"""本人開示 (V10): what reaches a person's paper by itself, what by a recorded decision alone, and
that it tells of nobody else."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, connection, transaction

from agencies.enums import Action, Purpose
from agencies.models import AccessLog
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.personlooks import looks_at
from reports.models import LookDecision
from reports.review.disclosure import decide_looks
from tests import world as w
from tests.cases.pages import get, note, page, post, referred, text

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
FIND = "/access-review/disclosure/"


@pytest.fixture
def city():
    return w.city()


def address(person, tail=""):
    return f"{FIND}{person.pk}/{tail}"


def paper(city, person):
    return text(get(city.privacy, address(person, "print/")))


def body(shown):
    """The paper without what differs from request to request."""
    return re.sub(r'nonce="[^"]*"', "", shown.split("<tbody>", 1)[1])


def kinds(city, person, member=None):
    return {(look.source, look.agency_id) for look in looked(city, person, member)}


def looked(city, person, member=None):
    with w.act(member or city.privacy):
        return looks_at(person.pk)


def decide(city, person, source, *, agency=None, yes=True, by=None):
    by = by or city.privacy
    with w.act(by):
        decide_looks(
            person_id=person.pk, by=by, source=source, is_disclosed=yes, reason="確認ずみ",
            agency_id=agency.pk if agency else None,
        )  # fmt: skip


def secret_look(city, case, person):
    with w.act(city.child):
        log_access(
            city.child, Action.OPEN, what="item_detail", basis="106-6", case_id=case.pk,
            purpose=Purpose.SUPPORT_CONFERENCE, record_ids=[person.pk],
        )  # fmt: skip


def test_looks_under_secrecy_reach_the_paper_by_a_decision_alone(city):
    case, mother, *_rest = referred(city)
    page(city.disability, case)
    before = body(paper(city, mother))
    secret_look(city, case, mother)
    assert body(paper(city, mother)) == before  # undecided: not even that there is one
    assert ("secrecy", None) in kinds(city, mother)
    assert ("secrecy", None) not in kinds(city, mother, city.elderly)
    decide(city, mother, "secrecy", yes=False)
    assert body(paper(city, mother)) == before
    decide(city, mother, "secrecy")
    shown = paper(city, mother)
    assert "106条の6" in shown
    assert "支援会議の構成員" in shown
    assert "架空childセンター" not in shown
    # A decision covers the looks there were.
    secret_look(city, case, mother)
    assert paper(city, mother).count("支援会議の構成員") == 1
    # The responsible agency's own paper tells of none, decided or not.
    assert "106条の6" not in text(get(city.elderly, f"/cases/{case.pk}/looks/{mother.pk}/print/"))


def test_looks_inside_another_agencys_records(city):
    case, mother, *_rest = referred(city)
    note(city.disability, case, "内々", [mother], audience="agency")
    before = body(paper(city, mother))
    page(city.disability, case)
    inner = ("agency", city.disability.agency_id)
    assert inner in kinds(city, mother)
    assert inner not in kinds(city, mother, city.elderly)
    plain = paper(city, mother)
    decide(city, mother, "agency", agency=city.agencies["disability"])
    decided = paper(city, mother)
    assert decided.count("架空disabilityセンター") == plain.count("架空disabilityセンター") + 1
    assert body(plain) != before  # the look at what the responsible agency wrote stands there


def test_whom_another_persons_consent_let_in_stays_unnamed(city):
    """A household record, opened by the mother's tick: the son is told of no agency of hers."""
    case, mother, son, _consent = referred(city, household_tick=True)
    household = note(city.elderly, case, "世帯のこと")
    assert page(city.disability, case).status_code == 200
    with w.act(city.privacy):
        lines = AccessLog.objects.filter(membership=city.disability, what="case_detail")
        assert household in {key for line in lines for key in line.record_ids}
    assert {line.is_named for line in looked(city, mother)} == {True}
    assert ("other", None) in kinds(city, son)
    assert ("other", None) not in kinds(city, son, city.elderly)
    for shown in (
        paper(city, son),
        text(get(city.elderly, f"/cases/{case.pk}/looks/{son.pk}/print/")),
    ):
        assert "架空disability" not in shown
        assert "ほかの支援機関" not in shown
    decide(city, son, "other")
    shown = paper(city, son)
    assert "ほかの支援機関" in shown
    assert "架空disability" not in shown
    assert "本人同意" not in shown.split("ほかの支援機関")[1].split("</tr>")[0]


def test_a_notifier_is_on_no_paper(city):
    case, mother, *_rest = referred(city)
    hidden = note(city.elderly, case, "知らせてくれた人", [mother], category="notifier")
    known = kinds(city, mother)
    before = body(paper(city, mother))
    with w.act(city.elderly2):
        log_access(
            city.elderly2, Action.OPEN, what="x", case_id=case.pk, basis="responsible",
            record_ids=[hidden],
        )  # fmt: skip
        log_access(
            city.elderly2, Action.OPEN, what="referral_detail", case_id=case.pk,
            basis="notification", record_ids=[mother.pk],
        )  # fmt: skip
    assert kinds(city, mother) == known
    assert body(paper(city, mother)) == before


def test_the_officer_finds_a_person_by_number_and_letter_and_reads_no_name(city):
    case, mother, son, _consent = referred(city)
    secret_look(city, case, mother)
    shown = text(get(city.privacy, f"{FIND}?case={case.number.lower()}"))
    assert f"{case.number} の{mother.label}さん" in shown
    assert "架空elderlyセンター" in shown
    for url in (f"{FIND}?case={case.number}", address(mother), address(mother, "print/")):
        answer = text(get(city.privacy, url))
        assert mother.name not in answer
        assert son.name not in answer
    assert "この市にはありません" in text(get(city.privacy, f"{FIND}?case=K8-NOSUCH"), 422)
    with w.act(city.privacy):
        whats = AccessLog.objects.filter(membership=city.privacy).values_list("what", "purpose")
        assert ("look_paper", "disclosure") in set(whats)


def test_deciding_on_the_page(city):
    case, mother, *_rest = referred(city)
    secret_look(city, case, mother)
    assert "未決定" in text(get(city.privacy, address(mother)))
    bad = post(city.privacy, address(mother), {"about": "secrecy:", "answer": "yes"})
    assert "決定の理由" in text(bad, 422)
    assert (
        post(
            city.privacy, address(mother), {"about": "agency:1", "answer": "yes", "reason": "x"}
        ).status_code
        == 422
    )
    good = {"about": "secrecy:", "answer": "yes", "reason": "条例による"}
    assert post(city.privacy, address(mother), good).status_code == 302
    shown = text(get(city.privacy, address(mother)))
    assert "条例による" in shown
    assert str(city.privacy.user) in shown
    assert "支援会議の構成員" in paper(city, mother)


def test_nobody_else_decides_or_learns_of_it(city):
    other = w.city()
    case, mother, *_rest = referred(city)
    secret_look(city, case, mother)
    decide(city, mother, "secrecy", yes=False)
    for member in (city.elderly, city.head, city.sysadmin, city.admin):
        for tail in ("", "print/"):
            assert get(member, address(mother, tail)).status_code == 403
        with pytest.raises(ActionDenied):
            decide(city, mother, "secrecy", by=member)
    assert get(other.privacy, address(mother)).status_code == 404
    assert get(other.privacy, address(mother, "print/")).status_code == 404
    for member in (city.elderly, city.head, city.sysadmin, other.privacy):
        with w.act(member):
            assert not LookDecision.objects.exists()
            assert not LookDecision.objects.visible_to(member).exists()
    for member in (city.livelihood, city.head, other.privacy):
        assert kinds(city, mother, member) == set()


@pytest.mark.parametrize("who", ["elderly", "head", "sysadmin", "privacy"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT kasane.decide_looks(gen_random_uuid(), %(p)s, 'case', NULL, true, 'x')",
        "SELECT kasane.decide_looks(gen_random_uuid(), %(p)s, 'other', NULL, true, 'x')",
        "SELECT kasane.decide_looks(gen_random_uuid(), %(p)s, 'secrecy', NULL, true, '')",
        "INSERT INTO reports_lookdecision SELECT * FROM reports_lookdecision",
        "UPDATE reports_lookdecision SET is_disclosed = true",
        "DELETE FROM reports_lookdecision",
    ],
)
def test_no_decision_by_sql(city, who, statement):
    case, mother, *_rest = referred(city)
    secret_look(city, case, mother)
    with (
        pytest.raises(DatabaseError, match=r"nothing to decide|permission denied"),
        transaction.atomic(),
        w.act(city.members[who]),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, {"p": mother.pk})


def test_a_decision_has_its_reason(city):
    _case, mother, _son, _given = referred(city)
    with w.act(city.privacy), pytest.raises(ActionDenied, match="決定の理由"):
        decide_looks(
            person_id=mother.pk, by=city.privacy, source="agency", is_disclosed=True, reason="",
            agency_id=None,
        )  # fmt: skip
