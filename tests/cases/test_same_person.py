"""同じ人だった: the anonymous visitor and the one identified later become one person, with history
and undo; nobody reads more than before (V3, V15, V18)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from agencies.permissions import ActionDenied
from cases import enums
from cases.handover import case_sheet
from cases.models import Case, Consent, HouseholdLink, Person, Record
from cases.moveouts import offered
from cases.operations import (
    accept_referral,
    close_case,
    confirm_shield,
    note_same_person,
    propose_shield,
    refer,
    undo_household_change,
    withdraw_consent,
    write_note,
    write_tie,
)
from cases.operations.case import PersonFacts, add_person, persons_by_key
from cases.operations.ties import TieFacts
from cases.titles import household_kana
from tests import houses as h
from tests import twoworlds
from tests import world as w
from tests.addresses import addresses
from tests.cases.pages import get, note, page, post, text

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def house(city):
    """Somebody who gave no name, then a daughter with hers."""
    nameless = PersonFacts(sex="female")
    named = PersonFacts(name="架空野 花", name_kana="かくうの はな", birth_year=1980)
    return w.household(city.elderly, nameless, named)


def merge(by, house, **more):
    case, (nameless, named) = house
    with w.act(by):
        people = {"person": nameless, "stands": named, **more}
        return note_same_person(case=case, by=by, **people)


def people(by, case):
    with w.act(by):
        return persons_by_key(by, Case.objects.visible_to(by).get(pk=case.pk))


def test_whatever_names_the_first_names_the_one_who_stands(city, house):
    case, (nameless, named) = house
    key = note(city.elderly, case, "名前は言わなかった", [nameless])
    with w.act(city.elderly):
        clinic = TieFacts(name="架空医院", resource="medical", quality="strong")
        write_tie(case=case, by=city.elderly, kind="outside", first=nameless, facts=clinic)
    merge(city.elderly, house)
    found = people(city.elderly, case)
    assert found[nameless.pk].same_as == named
    assert found[nameless.pk].shown_name == "架空野 花さん（はじめはA）"
    assert not found[nameless.pk].is_member
    shown = text(page(city.elderly, case))
    assert "架空野 花さん（はじめはA）" in shown
    assert "Bと同じ人" in shown
    assert "1人世帯" in shown
    assert "A（氏名不明）は、B 架空野 花さんでした。" in shown
    with w.act(city.elderly):
        assert Record.objects.get(pk=key).person_ids == [nameless.pk]
    picture = get(city.elderly, reverse("genogram", args=[case.pk]))
    assert "架空医院" in text(picture)
    assert len(picture.context["page"].kin.household.members) == 1
    form = get(city.elderly, reverse("note_new", args=[case.pk])).context["form"]
    offered = [str(key) for key, _label in form.fields["about"].choices]
    assert str(named.pk) in offered
    assert str(nameless.pk) not in offered


def test_the_reading_beside_a_name_is_of_who_stands(city):
    """In the head of the case page, in its table, on what is handed over."""
    first = PersonFacts(name="見本", name_kana="かくうの はなこ", birth_year=1980)
    second = PersonFacts(name="見本 ハナ", name_kana="みほん はな", birth_year=1980)
    case, (nameless, named) = w.household(city.elderly, first, second)
    assert "かくうの" in text(page(city.elderly, case))
    merge(city.elderly, (case, (nameless, named)))
    shown = page(city.elderly, case)
    assert shown.context["page"].note.startswith("みほん　")
    assert [line.kana for line in shown.context["page"].persons] == ["みほん はな"] * 2
    assert "かくうの" not in text(shown)
    with w.act(city.elderly):
        sheet = case_sheet(city.elderly, Case.objects.get(pk=case.pk))
    assert [person.kana for person in sheet.persons] == ["みほん はな"] * 2


def test_the_reading_of_a_household_is_of_who_gives_it_its_name():
    child = Person(name="別姓田 次郎", name_kana="べっせいだ じろう", relation="child")
    head = Person(name="架空野 花", relation="head")
    assert household_kana([child, head]) == ""
    sister = Person(name="架空野 月", name_kana="かくうの つき")
    assert household_kana([child, head, sister]) == "かくうの"
    assert household_kana([Person(), Person(name_kana="きいた だけ")]) == "きいた"
    assert household_kana([]) == ""


def test_undone_everybody_is_who_they_were(city, house):
    case, (nameless, named) = house
    link = merge(city.elderly, house)
    url = reverse("household_undo", args=[link.pk])
    lines = {
        line.person.pk: line.undo_url for line in page(city.elderly, case).context["page"].persons
    }
    assert lines == {nameless.pk: url, named.pk: ""}
    row = text(page(city.elderly, case)).partition("Bと同じ人")[2].partition("</tr>")[0]
    assert f'href="{url}">取り消す<' in row
    shown = text(get(city.elderly, url))
    assert "「同じ人だった」を取り消します。" in shown
    assert post(city.elderly, url, {}).status_code == 302
    found = people(city.elderly, case)
    assert found[nameless.pk].shown_name == "Aさん（氏名不明）"
    assert [person.left_on for person in found.values()] == [None, None]
    with w.act(city.elderly):
        link.refresh_from_db()
        assert link.undone_at is not None
        versions = Person.history.filter(id=nameless.pk).order_by("version")
        left = [row.left_on for row in versions]
        assert left == [None, timezone.localdate(), None]
    again = merge(city.elderly, house)
    assert again.pk != link.pk


def test_where_it_cannot_be_taken_back_the_row_does_not_say_so(city, house):
    merge(city.elderly, house)
    with w.act(city.elderly):
        close_case(case=house[0], by=city.elderly, reason="おわり")
    shown = text(page(city.elderly, house[0]))
    assert "Bと同じ人" in shown
    assert "取り消す" not in shown


def test_one_submit_says_it_once(city, house):
    key = uuid.uuid4()
    assert merge(city.elderly, house, form_key=key) == merge(city.elderly, house, form_key=key)
    with w.act(city.elderly):
        assert HouseholdLink.objects.count() == 1


@pytest.mark.parametrize("name", ["disability", "coordinator", "head", "child", "outreach"])
def test_only_the_responsible_agency_says_so(city, house, name):
    case, (_nameless, named) = house
    w.consent(city.elderly, named, city.agencies["disability"])
    with pytest.raises((ActionDenied, Case.DoesNotExist)):
        merge(city.members[name], house)
    url = reverse("person_same", args=[case.pk])
    assert get(city.members[name], url).status_code in (403, 404)


def test_what_cannot_be_is_refused_in_words(city, house):
    case, (nameless, named) = house
    _other, (stranger,) = w.household(city.elderly, number=1)
    for pair, sentence in (
        ((nameless, nameless), "ちがう二人"),
        ((nameless, stranger), "いまの世帯員"),
        ((stranger, named), "いまの世帯員"),
    ):
        with pytest.raises(ActionDenied, match=sentence):
            merge(city.elderly, house, person=pair[0], stands=pair[1])
    merge(city.elderly, house)
    with w.act(city.elderly):
        third = add_person(case=case, by=city.elderly, facts=PersonFacts(name="架空野 三郎"))
    with pytest.raises(ActionDenied, match="いまの世帯員"):
        merge(city.elderly, house, stands=third)
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="おわり")
    with pytest.raises(ActionDenied, match="終結"):
        merge(city.elderly, house, person=third, stands=named)


def test_an_answer_of_the_first_stands_in_the_way(city):
    """V3: a refusal goes on counting under the name it was given, and is not put out of sight."""
    case, (first, second) = w.household(
        city.elderly, PersonFacts(name="架空野 花"), PersonFacts(name="架空野 はな")
    )
    given = w.consent(city.elderly, first, city.agencies["disability"])
    with pytest.raises(ActionDenied, match="同意についての答え"):
        merge(city.elderly, (case, (first, second)))
    with w.act(city.elderly):
        withdraw_consent(
            consent=Consent.objects.get(pk=given.pk), by=city.elderly, reason="取り直す"
        )
    merge(city.elderly, (case, (first, second)))


def test_nobody_under_a_shield_is_part_of_it(city, house):
    """V9."""
    _case, (_nameless, named) = house
    second = w.make_member(city.agencies["elderly"], "consultation_worker")
    with w.act(city.elderly):
        shield = propose_shield(
            person=named, by=city.elderly, confirmer=second, form_key=uuid.uuid4(),
            ground=enums.ShieldGround.ABUSE,
            expires_on=timezone.localdate() + datetime.timedelta(days=365),
        )  # fmt: skip
    with pytest.raises(ActionDenied, match="支援措置"):
        merge(city.elderly, house)
    with w.act(second):
        confirm_shield(shield=shield, by=second)
    with pytest.raises(ActionDenied, match="支援措置"):
        merge(city.elderly, house)


def test_who_sees_one_of_them_reads_nothing_more_and_learns_of_no_other(city, house):
    """V3, V15: the daughter consents; what the nameless visitor said stays where it was, and the
    page is byte for byte the same."""
    case, (nameless, named) = house
    h.let_in(h.House(city, city.elderly, case, [named]), "disability", persons=1)
    note(city.elderly, case, "名前は言わなかった", [nameless])
    note(city.elderly, case, "名前を教えてくれた", [named])
    names = ("case_detail", "case_timeline", "genogram", "assessment_detail", "intake_sheet")
    urls = [reverse(name, args=[case.pk]) for name in names]

    def seen():
        return [twoworlds.masked(text(get(city.disability, url))) for url in urls]

    seen()  # what the first look marks as new
    before = seen()
    link = merge(city.elderly, house)
    assert seen() == before
    with w.act(city.disability):
        assert not HouseholdLink.objects.exists()
        assert not Record.objects.filter(person_ids__contains=[nameless.pk]).exists()
    assert get(city.disability, reverse("household_undo", args=[link.pk])).status_code == 404
    with w.act(city.elderly):
        undo_household_change(link=link, by=city.elderly)
    assert seen() == before


def insert(by, first, second, kind="same"):
    with w.act(by), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            'insert into cases_householdlink (id, kind, "on", reason, written_at, form_key,'
            " author_id, author_agency_id, from_person_id, to_person_id)"
            " values (%s, %s, current_date, '', now(), %s, %s, %s, %s, %s)",
            [uuid.uuid4(), kind, uuid.uuid4(), by.pk, by.agency_id, first.pk, second.pk],
        )


def test_the_database_asks_again(city, house):
    """Raw SQL over the application's login."""
    _case, (nameless, named) = house
    _other, (stranger,) = w.household(city.elderly, number=1)
    _foreign, (unknown,) = w.household(city.child, number=1)
    for by, first, second, kind in (
        (city.elderly, nameless, stranger, "same"),
        (city.elderly, nameless, unknown, "same"),
        (city.elderly, nameless, named, "merged"),
        (city.child, nameless, named, "same"),
    ):
        with pytest.raises(DatabaseError):
            insert(by, first, second, kind)
    w.consent(city.elderly, named, city.agencies["disability"])
    with pytest.raises(DatabaseError):  # an answer stands for whose name would go
        insert(city.elderly, named, nameless)
    merge(city.elderly, house)
    with pytest.raises(DatabaseError):
        insert(city.elderly, nameless, named)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"person": "", "stands": ""}, "はじめに書いた人を選んでください。"),
        ({"person": "0", "stands": "0"}, "ちがう二人を選んでください"),
        ({"person": "nobody", "stands": "1"}, "表示された中から選んでください"),
    ],
)
def test_bad_choices_get_a_sentence(city, house, typed, sentence):
    case, persons = house
    url = reverse("person_same", args=[case.pk])
    keys = {str(number): str(person.pk) for number, person in enumerate(persons)}
    data = {name: keys.get(value, value) for name, value in typed.items()}
    shown = text(post(city.elderly, url, {"form_key": str(uuid.uuid4()), **data}), 422)
    assert sentence in shown
    if data["stands"] in keys.values():
        assert f'value="{data["stands"]}"' in shown
        assert "checked" in shown


def test_the_page_says_what_happens_and_does_it(city, house):
    case, (nameless, named) = house
    assert reverse("person_same", args=[case.pk]) in text(
        get(city.elderly, reverse("household_change", args=[case.pk]))
    )
    url = reverse("person_same", args=[case.pk])
    assert "読める人は変わりません" in text(get(city.elderly, url))
    sent = {"form_key": str(uuid.uuid4()), "person": str(nameless.pk), "stands": str(named.pk)}
    assert post(city.elderly, url, sent).status_code == 302
    with w.act(city.elderly):
        link = HouseholdLink.objects.get()
        assert (link.from_person_id, link.to_person_id) == (nameless.pk, named.pk)


def test_one_alone_is_told_the_other_road(city):
    case, (only,) = w.household(city.elderly, PersonFacts(name="架空野 花"))
    url = reverse("person_same", args=[case.pk])
    sent = {"form_key": str(uuid.uuid4()), "person": str(only.pk), "stands": str(only.pk)}
    for answer, status in ((get(city.elderly, url), 200), (post(city.elderly, url, sent), 422)):
        shown = text(answer, status)
        assert "このケースの世帯員が2人以上いるときに使います。" in shown
        assert f'href="{reverse("household_change", args=[case.pk])}"' in shown
        assert 'name="stands"' not in shown


def test_nothing_new_is_about_the_first(city, house):
    """Every form of every room on this case that asks about whom offers the one who stands; a
    page opened before is told so; no answer is asked of the first."""
    case, (nameless, named) = house
    merge(city.elderly, house)
    others = {name: city.agencies[name] for name in ("outreach", "participation")}
    w.consent(city.elderly, named, city.agencies["elderly"], *others.values())
    for name, agency in others.items():
        with w.act(city.elderly):
            sheet = refer(
                case=case, by=city.elderly, mode="consent", reason="お願いします", summary="概要",
                persons=[named], to_agency=agency,
            )  # fmt: skip
        with w.act(city.members[name]):
            accept_referral(referral=sheet, by=city.members[name])
    asked = {}
    for address in addresses():
        if address.keys != ("case_id",) or "GET" not in address.methods:
            continue
        for by in (city.elderly, *(city.members[name] for name in others)):
            answer = get(by, address.url(case_id=case.pk))
            if answer.status_code == 200 and str(named.pk) in choices_of(answer):
                asked.setdefault(address.name, choices_of(answer))
    assert {"note_new", "plan_new", "visit_new", "match_new", "risk_new"} <= asked.keys()
    # これまで is of what was written: there the first can still be chosen.
    both = [name for name, keys in asked.items() if str(nameless.pk) in keys]
    assert both == ["case_timeline"]
    with w.act(city.elderly):
        told = pytest.raises(ActionDenied, match="いまの名前の人を選んでください")
        with told, transaction.atomic():
            write_note(
                case=case, by=city.elderly, text="架空", method="phone", persons=[nameless.pk]
            )
    consent = get(city.elderly, reverse("consent_new", args=[case.pk, nameless.pk]))
    assert consent.status_code == 403
    assert "架空野 花さんと同じ人でした" in consent.content.decode()


def choices_of(answer):
    """Every key offered by any form of a page."""
    parts = answer.context if isinstance(answer.context, list) else [answer.context]
    shown = [one for part in parts for one in part.flatten().values()]
    forms = [one for one in shown if hasattr(one, "fields")]
    return {
        str(key)
        for form in forms
        for field in form.fields.values()
        for key, _label in getattr(field, "choices", ())
    }


def test_found_out_twice_the_last_one_stands(city):
    """A was B, then B was C: A's name, reading and ties are C's."""
    facts = [PersonFacts(), PersonFacts(), PersonFacts(name="架空野 花", name_kana="かくうの はな")]
    case, (first, second, third) = w.household(city.elderly, *facts)
    with w.act(city.elderly):
        clinic = TieFacts(name="架空医院", resource="medical", quality="strong")
        write_tie(case=case, by=city.elderly, kind="outside", first=first, facts=clinic)
        for person, stands in ((first, second), (second, third)):
            note_same_person(case=case, by=city.elderly, person=person, stands=stands)
    found = people(city.elderly, case)[first.pk]
    assert (found.shown_name, found.shown_kana) == ("架空野 花さん（はじめはA）", "かくうの はな")
    assert "Cと同じ人" in text(page(city.elderly, case))
    drawn = get(city.elderly, reverse("genogram", args=[case.pk]))
    assert "架空医院" in text(drawn)


def test_a_paper_that_leaves_tells_of_the_one_who_stands(city, house):
    """What is written of the first is the other's: whole, and under the other's name."""
    case, (nameless, named) = house
    key = note(city.elderly, case, "Aさんは名前を言わなかった", [nameless])
    whole = note(city.elderly, case, "二人ぐらし", [])
    merge(city.elderly, house)
    with w.act(city.elderly):
        found = offered(city.elderly, case, people(city.elderly, case), {named.pk})
    items = {item.key: item for item in found}
    assert items.keys() >= {key, whole}
    assert items[key].text == "架空野 花さんは名前を言わなかった"
    assert items[key].about == "架空野 花さん"
