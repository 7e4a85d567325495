"""Search, hints of doubles and the home page, attacked: whom one finds through the whole city's
indexes and may not see (V1–V9, V15), what is hinted beneath a shield (V9), what a page says and
does not log (V10)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django import forms
from django.db import DatabaseError, connection, transaction
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog
from cases.models import Case
from cases.operations import (
    change_person,
    close_case,
    end_emergency,
    make_case,
    take_consultation,
    withdraw_consent,
    write_note,
)
from cases.operations.case import PersonFacts
from cases.operations.consultation import ConsultationFacts
from cases.operations.duplicates import open_duplicates
from cases.search import search, similar
from config.lib.forms import LongSelect
from tests import world as w
from tests.attacks.test_newest import shield
from tests.cases.pages import referred
from tests.cases.test_emergency import opened
from tests.cases.test_intake import sheet
from tests.meetings import situations as s
from tests.outreach.conftest import ago, carry_out, visit
from tests.participation.test_operations import host, matched
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

BORN = datetime.date(1955, 4, 1)
HANAKO = PersonFacts(
    name="髙橋　花子", name_kana="たかはし はなこ", birth_on=BORN, phone="075-123-4567",
    address="架空町2-3-4", resident_ref="0012345", sex="female",
)  # fmt: skip
NAMES = ("たかはし", "髙橋花子", "花子", "はなこ", "S30.4.1", "昭和30年")
WHEREABOUTS = ("075-123-4567", "0751", "0012345")
WAYS = {
    "name": PersonFacts(name=HANAKO.name),
    "kana": PersonFacts(name_kana=HANAKO.name_kana),
    "given": PersonFacts(name="別姓田 花子", birth_on=BORN),
    "phone": PersonFacts(phone=HANAKO.phone),
    "address": PersonFacts(address=HANAKO.address),
    "number": PersonFacts(resident_ref=HANAKO.resident_ref),
}
OF_CONTACT = ("phone", "address", "number")


@pytest.fixture
def city():
    found = w.city()
    found.members["elderly3"] = w.make_member(found.agencies["elderly"], "consultation_worker")
    found.members["guest"] = w.make_member(found.agencies["elderly"], "guest")
    return found


@pytest.fixture(params=[False, True])
def walked(request, monkeypatch):
    """Whether every index is walked through the city, as for an agency that holds much of it."""
    monkeypatch.setattr("cases.ways.holds_much", lambda *_args: request.param)


def asked_about(by, *persons):
    facts = ConsultationFacts(
        mode="with_consent", route="person_visit", complaint="相談", urgency="low"
    )
    with w.act(by):
        return take_consultation(by=by, facts=facts, persons=persons, issues=[])


def finds(by, *more):
    """What this membership finds by anything typed or written, and whether it was told of more."""
    with w.act(by):
        found = {text: search(by, text) for text in (*NAMES, *WHEREABOUTS, *more)}
        found |= {name: similar(by, [facts]) for name, facts in WAYS.items()}
    return {text for text, told in found.items() if told.hits or told.is_cut}


# --- Whom one may not see (V1–V9, V15) ----------------------------------------------------------


@pytest.mark.usefixtures("walked")
def test_who_may_see_nobody_finds_nobody_by_any_index(city):
    case, (hanako,) = w.household(city.elderly, HANAKO)
    asked_about(city.elderly, HANAKO)
    with_team, mother, *_rest, given = referred(city)
    carry_out(city.head, case, city.outreach)
    held = opened(city, case)
    assert finds(city.child) == finds(city.elderly)  # while it is open
    with w.act(city.elderly):
        end_emergency(emergency=held, by=city.elderly)
    assert finds(city.elderly, case.number) == {*NAMES, *WHEREABOUTS, *WAYS, case.number}
    for name in ("child", "disability", "outreach", "coordinator", "head", "privacy", "sysadmin",
                 "guest"):  # fmt: skip
        assert finds(city.members[name], case.number) == set(), name
    # A consent opens one person, and closes at the next question.
    with w.act(city.disability):
        assert search(city.disability, mother.name).hits
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="r")
    with w.act(city.disability):
        assert search(city.disability, mother.name).hits == []
        assert search(city.disability, with_team.number).hits == []
    assert hanako.pk


@pytest.mark.usefixtures("walked")
def test_a_shield_hides_where_she_is_from_every_way(city):
    case, (hanako,) = w.household(city.elderly, HANAKO)
    shield(city, hanako)
    assert finds(city.elderly) == {*NAMES, *WHEREABOUTS, *WAYS}
    assert finds(city.elderly3) == {*NAMES, *WAYS} - {*OF_CONTACT}
    opened(city, case)  # whom, but not where (V8)
    assert finds(city.child) == {*NAMES, *WAYS} - {*OF_CONTACT}


@pytest.mark.usefixtures("walked")
def test_who_told_of_her_is_found_by_the_agency_told_and_not_beneath_a_shield(city):
    facts = ConsultationFacts(
        mode="without_consent", route="person_visit", complaint="相談", urgency="low",
        visitor_name="通告田 太郎", visitor_phone="077-555-1234",
    )  # fmt: skip
    with w.act(city.elderly):
        asked = take_consultation(by=city.elderly, facts=facts, persons=[HANAKO], issues=[])
    typed = ("通告田", "077-555-1234", "0775")

    def found(by):
        with w.act(by):
            told = [search(by, text) for text in typed]
        return {hit.consultation_id for one in told for hit in one.hits if one.hits or one.is_cut}

    assert found(city.elderly3) == {asked.pk}
    with w.act(city.elderly):
        case = make_case(consultation=asked, by=city.elderly)
        hanako = case.persons.get()
    assert found(city.elderly3) == {asked.pk}
    opened(city, case)
    shield(city, hanako)
    assert found(city.elderly) == {asked.pk}
    for name in ("elderly3", "child", "disability", "coordinator", "privacy", "guest"):
        assert found(city.members[name]) == set(), name


TYPED = (
    "{}", "{agency}", "{0}", "{{", "}", "%", "%s", "%%", "%(me)s", "' OR 1=1 --", '"', "\\", "\x00",
    "\ud800", "\U0010ffff", "\U0010ffff" * 2, "_", "０" * 100, "9" * 100, "0751{}",
    "S99.99.99", "昭和99年", "9999", "32768", "99999", "1e9", "H0", "٠٧٥١٢٣", "０９٠", "ﷺ" * 100,
    "㍿" * 60, "+81", "0" * 19, "+999999999999999", "令和9999年12月31日", "１９５５ー０４ー０２",
    "0000-00-00", "0001-01-01",
)  # fmt: skip


@pytest.mark.usefixtures("walked")
def test_whatever_is_typed_is_a_value_and_no_question(city):
    w.household(city.elderly, HANAKO)
    asked_about(city.elderly, HANAKO)
    with w.act(city.elderly):
        for text in TYPED:
            assert search(city.elderly, text).hits == [], text
            facts = PersonFacts(
                name=text, name_kana=text, phone=text, address=text, resident_ref=text,
                birth_on=datetime.date.min,
            )  # fmt: skip
            if "\x00" in text or "\ud800" in text:
                continue  # no form lets it through
            assert similar(city.elderly, [facts]).hits == [], text


def test_whatever_is_typed_gets_a_page(client, city):
    w.household(city.elderly, HANAKO)
    sign_in(client, city.elderly)
    for text in TYPED:
        typed = text.encode("utf-8", "replace").decode()
        response = client.post(reverse("case_search"), {"q": typed})
        assert response.status_code in (200, 422), text
        assert "花子" not in response.content.decode()


# --- What unfolds to more than its column holds -------------------------------------------------


@pytest.mark.parametrize("name", ["ﷺ" * 100, "㍿" * 100], ids=["salla", "kabushiki"])
def test_a_name_that_unfolds_is_taken_and_found(client, city, name):
    sign_in(client, city.elderly)
    form = sheet(visitor_name=name, **{"p1-name": name, "p1-name_kana": ""})
    form["p1-address"] = "㌖" * 200
    assert client.post(reverse("consultation_new"), form).status_code == 302
    w.household(city.elderly, PersonFacts(name=name, address="㌖" * 200))
    with w.act(city.elderly):
        assert len(search(city.elderly, name).hits) == 2
        assert len(similar(city.elderly, [PersonFacts(name=name)]).hits) == 2
        assert len(similar(city.elderly, [PersonFacts(address="㌖" * 200)]).hits) == 2


def test_a_house_told_of_again_hides_no_earlier_one(city):
    house = [PersonFacts(name=f"架空沢 {n}", address="架空町2-3-4") for n in range(4)]
    again = asked_about(city.elderly, *house)
    earlier = {asked_about(city.elderly, *house[:1]).pk for _ in range(11)}
    with w.act(city.elderly):
        found = similar(city.elderly, [PersonFacts(address="架空町2-3-4")], but=again.pk)
    assert len(found.hits) == 10
    assert found.is_cut
    assert {hit.consultation_id for hit in found.hits} <= earlier


# --- Hints of doubles (V9, V15) -----------------------------------------------------------------


def told(by, *args):
    with w.act(by), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kasane.open_duplicates(%s, %s)", args or [None, None])
        return cursor.fetchone()[0]


MOTHER = PersonFacts(
    name="架空沢 花", name_kana="かくうざわ はな", birth_on=BORN, phone="090-0000-9876"
)
CHILD = PersonFacts(
    name="架空沢 実", name_kana="かくうざわ みのる", birth_on=datetime.date(2015, 1, 1),
    address="架空町九丁目8-7", relation="child",
)  # fmt: skip


def write_again(by, person, facts):
    with w.act(by):
        person.refresh_from_db()
        change_person(person=person, by=by, facts=facts, version=person.version)


@pytest.mark.parametrize("shared", [{"birth_on": CHILD.birth_on}, {"address": CHILD.address}])
def test_a_child_does_not_tell_where_a_shielded_mother_is(city, shared):
    _case, (mother, child) = w.household(city.elderly, MOTHER, CHILD)
    left = PersonFacts(name=CHILD.name, name_kana=CHILD.name_kana, **shared)
    theirs, (at_home,) = w.household(city.disability, left)
    with w.act(city.coordinator):
        assert len(open_duplicates(city.coordinator)) == 1
    shield(city, mother)
    assert told(city.coordinator) == 0  # confirming it took the hint away
    write_again(city.elderly, child, CHILD)
    assert told(city.coordinator) == 0
    write_again(city.disability, at_home, left)
    assert told(city.coordinator) == 0
    assert theirs.pk


def test_hints_are_told_to_the_office_of_the_city_alone(city):
    for by in (city.elderly, city.disability):
        w.household(by, MOTHER)
    with w.act(city.coordinator):
        (hint,) = open_duplicates(city.coordinator)
    assert told(city.coordinator) == told(city.coordinator, 1, hint.key) == 1
    assert told(city.coordinator, 0, None) == 0
    assert told(city.coordinator, 1, uuid.uuid4()) == 0
    elsewhere = w.city()
    others = [
        city.members[name] for name in ("elderly", "disability", "privacy", "sysadmin", "guest")
    ]
    for by in (*others, elsewhere.coordinator):
        assert told(by) == told(by, 1, hint.key) == 0
        for call in ("kasane.ask_duplicate(%s)", "kasane.settle_duplicate(%s, 'apart')"):
            for key in (hint.key, None):
                with (
                    w.act(by),
                    pytest.raises(DatabaseError, match="nothing to"),
                    transaction.atomic(),
                    connection.cursor() as cursor,
                ):
                    cursor.execute(f"SELECT {call}", [key])
    with (
        w.act(city.coordinator),
        pytest.raises(DatabaseError, match="nothing to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT kasane.ask_duplicate(NULL)")


# --- 今日の仕事 logs what it shows (V10) --------------------------------------------------------


def logged(by, **where):
    with w.act(by):
        lines = AccessLog.objects.filter(action="list", **where)
        return {key for line in lines for key in line.record_ids}


def test_visits_and_matches_are_logged_where_they_are_shown(client, city, monkeypatch):
    monkeypatch.setattr("agencies.home.SHOWN", 2)
    rows = [
        visit(city.outreach, case=w.household(city.outreach)[0], happened_at=ago(9),
              next_on=ago(7 - n).date())
        for n in range(4)
    ]  # fmt: skip
    sign_in(client, city.outreach).get("/")
    assert logged(city.outreach) == {row.pk for row in rows[:2]}

    mine, (mother, _son) = w.household(city.participation)
    day = timezone.localdate()
    dues = [
        matched(city.participation, mine, mother, host(city.participation),
                follow_up_on=day - datetime.timedelta(days=9 - n))
        for n in range(4)
    ]  # fmt: skip
    sign_in(client, city.participation).get("/")
    assert logged(city.participation) & {row.pk for row in dues} == {row.pk for row in dues[:2]}


def test_a_title_of_an_item_is_logged(client, city):
    house = s.consented_household(city, "disability")
    item = s.consented_item(city, house, "disability")
    with w.act(city.elderly):
        withdraw_consent(consent=house.consents[0], by=city.elderly, reason="r")
    page = sign_in(client, city.elderly).get("/").content.decode()
    assert "議題の同意が足りません　架空野 世帯" in page
    assert item.pk in logged(city.elderly, what="home")


# --- The list of cases, and a form's choices ----------------------------------------------------


def test_what_others_closed_is_listed_as_it_may_be_seen(client, city):
    def closed(by, case):
        with w.act(by):
            close_case(case=case, by=by, reason="転居")

    wrote, mother, *_rest = referred(city)
    only_read, *_rest = referred(city)
    with w.act(city.disability):
        write_note(case=wrote, by=city.disability, text="訪問", persons=[mother], method="visit")
    own, _persons = w.household(city.disability)
    for by, case in ((city.elderly, wrote), (city.elderly, only_read), (city.disability, own)):
        closed(by, case)
    referred(city)
    sign_in(client, city.disability)
    for query, excluded in (("&mine=partner", True), ("&mine=responsible", False), ("", None)):
        page = client.get(reverse("case_list") + f"?status=closed{query}")
        with w.act(city.disability):
            seen = Case.objects.visible_to(city.disability).filter(status="closed")
            mine = {"responsible_agency_id": city.disability.agency_id}
            if excluded is not None:
                seen = seen.exclude(**mine) if excluded else seen.filter(**mine)
            numbers = {case.number for case in seen}
        assert {row.number for row in page.context["rows"]} == numbers
        assert only_read.number not in numbers


def test_a_long_select_says_names_and_never_markup():
    bad = '"><script>alert(1)</script>'

    class Form(forms.Form):
        who = forms.ChoiceField(
            choices=[("", bad), (bad, bad), (1, "一")], widget=LongSelect({"title": bad})
        )

    for value in ("", bad, "1", "x"):
        form = Form({"who": value})
        shown = Template("{{ form.who }}").render(Context({"form": form}))
        assert "<script" not in shown
        assert shown.count("<option") == 3
        plain = forms.Select({"title": bad}, choices=form.fields["who"].choices)
        assert shown.count(" selected") == plain.render("who", value).count(" selected")
