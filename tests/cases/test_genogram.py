"""ジェノグラム・エコマップ: who may write, what may not be, who sees what, and that nobody is told
of what they do not see (V3, V9, V13, V15)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.permissions import ActionDenied
from cases.kinship.derive import derived
from cases.kinship.family import Couple, Parent, Sibling
from cases.models import Placement, Record, Tie
from cases.operations import change_tie, close_case, move_symbol, withdraw_consent, write_tie
from cases.operations.case import PersonFacts, StaleVersion
from cases.operations.ties import Symbol, TieFacts, TieRefused
from config.demo.families import family
from tests import world as w
from tests.cases.pages import client, get, referred, send, text

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def people() -> list[PersonFacts]:
    """Mother, father, two children, one of them of unknown birth."""
    return [
        PersonFacts(name=name, name_kana=kana, relation=relation, sex=sex, birth_on=born)
        for name, kana, relation, sex, born in (
            ("架空野 花", "かくうの はな", "head", "female", datetime.date(1947, 5, 1)),
            ("架空野 守", "かくうの まもる", "spouse", "male", datetime.date(1945, 5, 1)),
            ("架空野 空", "かくうの そら", "child", "female", datetime.date(1975, 5, 1)),
            ("架空野 海", "かくうの うみ", "child", "", None),
        )
    ]


def tie(by, case, kind, first=None, second=None, audience="team", **facts):
    with w.act(by):
        return write_tie(
            case=case, by=by, kind=kind, first=first, second=second, audience=audience,
            facts=TieFacts(**facts),
        )  # fmt: skip


def ties(by):
    with w.act(by):
        return Tie.objects.visible_to(by).count()


def picture(by, case, what=""):
    return text(get(by, f"/cases/{case.pk}/genogram/{what}"))


# --- writing ----------------------------------------------------------------------------------


def test_a_tie_is_a_record_about_its_ends(city):
    case, (mother, father, *_rest) = w.household(city.elderly, *people())
    made = tie(city.elderly, case, "couple", mother, father, nature="divorced")
    around = tie(city.elderly, case, "outside", name="民生委員", quality="strong")
    with w.act(city.elderly):
        record, whole = (Record.objects.get(pk=row.pk) for row in (made, around))
    assert set(record.person_ids) == {mother.pk, father.pk}
    assert (record.kind, record.category, record.audience) == ("tie", "household", "team")
    assert whole.is_household


@pytest.mark.parametrize("who", ["child", "disability", "admin", "privacy", "sysadmin"])
def test_who_does_not_work_on_the_case_writes_no_tie(city, who):
    case, (mother, *_rest) = w.household(city.elderly, *people())
    with pytest.raises(ActionDenied):
        tie(city.members[who], case, "key", mother)


def test_a_closed_case_takes_no_tie_and_no_arranging(city):
    case, (mother, *_rest) = w.household(city.elderly, *people())
    made = tie(city.elderly, case, "key", mother)
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, kind="settled", reason="")
        case.refresh_from_db()
        with pytest.raises(ActionDenied):
            move_symbol(case=case, by=city.elderly, symbol=Symbol(person_id=mother.pk), dx=1, dy=1)
        with pytest.raises(ActionDenied):
            change_tie(
                tie=Tie.objects.select_related("record__case").get(pk=made.pk),
                by=city.elderly, version=1, facts=TieFacts(),
            )  # fmt: skip
    with pytest.raises(ActionDenied):
        tie(city.elderly, case, "key", mother)


def test_what_cannot_be_is_refused_in_one_sentence(city):
    case, (mother, father, girl, child) = w.household(city.elderly, *people())
    by = city.elderly
    tie(by, case, "parent", mother, girl, nature="birth")
    tie(by, case, "parent", girl, child, nature="birth")
    tie(by, case, "couple", mother, father, nature="married")
    tie(by, case, "outside", mother, name="架空診療所", quality="plain")
    tie(by, case, "key", mother)
    for arguments, words in (
        (("parent", mother, mother, {"nature": "birth"}), "同じ人どうし"),
        (("parent", child, mother, {"nature": "adopted"}), "輪になります"),
        (("parent", girl, mother, {"nature": "step"}), "輪になります"),
        (("parent", girl, father, {"nature": "birth"}), "年下です"),
        (("parent", mother, girl, {"nature": "birth"}), "もう書いてあります"),
        (("couple", father, mother, {"nature": "divorced"}), "もう書いてあります"),
        (("outside", mother, None, {"name": "架空診療所", "quality": "weak"}), "もう書いて"),
        (("key", mother, None, {}), "もう書いて"),
    ):
        *ends, facts = arguments
        with pytest.raises(TieRefused, match=words):
            tie(by, case, *ends, **facts)
    assert ties(by) == 5
    # Two living marriages may be.
    tie(by, case, "couple", mother, girl, nature="married")


def test_nobody_has_three_natural_parents(city):
    case, (mother, father, girl, child) = w.household(city.elderly, *people())
    for parent in (mother, father):
        tie(city.elderly, case, "parent", parent, child, nature="birth")
    with pytest.raises(TieRefused, match="2人"):
        tie(city.elderly, case, "parent", girl, child, nature="birth")
    tie(city.elderly, case, "parent", girl, child, nature="adopted")


def test_a_refusal_tells_nothing_of_another_agencys_tie(city):
    """V15: what disability wrote for itself does not stop elderly, nor is it mentioned."""
    case, mother, son, _given = referred(city)
    w.consent(city.elderly, son, city.agencies["disability"])
    tie(city.disability, case, "parent", mother, son, audience="agency", nature="birth")
    tie(city.elderly, case, "parent", mother, son, nature="birth")
    tie(city.disability, case, "bond", mother, son, audience="agency", quality="weak")
    tie(city.elderly, case, "bond", son, mother, quality="strained")
    # Both are drawn for who sees both, though they say different things.
    assert picture(city.disability, case).count("ふたりの関係</td>") == 2


def test_one_submit_writes_one_tie(city):
    case, (mother, *_rest) = w.household(city.elderly, *people())
    key = uuid.uuid4()
    with w.act(city.elderly):
        for _twice in range(2):
            write_tie(
                case=case, by=city.elderly, kind="key", first=mother, facts=TieFacts(),
                form_key=key,
            )  # fmt: skip
    assert ties(city.elderly) == 1


def test_a_correction_keeps_the_version_before_and_notices_who_saved_first(city):
    case, (mother, father, *_rest) = w.household(city.elderly, *people())
    made = tie(city.elderly, case, "couple", mother, father, nature="married")
    with w.act(city.elderly):
        found = Tie.objects.select_related("record__case").get(pk=made.pk)
        change_tie(tie=found, by=city.elderly, version=1, facts=TieFacts(nature="separated"))
        with pytest.raises(StaleVersion):
            change_tie(tie=found, by=city.elderly, version=1, facts=TieFacts(nature="married"))
        assert list(Tie.history.order_by("history_id").values_list("nature", flat=True)) == [
            "married", "separated",
        ]  # fmt: skip
    shown = text(get(city.elderly, f"/records/{made.pk}/history/"))
    assert "婚姻" in shown
    assert "別居" in shown


def test_who_wrote_a_tie_corrects_it_after_the_person_has_gone_from_sight(city):
    """Own records stay one's own (V2); who is no longer seen stands on no picture."""
    case, mother, son, _given = referred(city)
    theirs = w.consent(city.elderly, son, city.agencies["disability"])
    made = tie(city.disability, case, "parent", mother, son, nature="birth")
    with w.act(city.elderly):
        withdraw_consent(consent=theirs, by=city.elderly, reason="本人の希望")
    shown = picture(city.disability, case)
    assert str(made.pk) not in shown
    assert "別姓田" not in shown
    url = reverse("tie_edit", args=[made.pk])
    data = {"version": "1", "nature": "adopted", "ended_on": ""}
    assert client(city.disability).post(url, data).status_code == 302
    assert "別姓田" not in text(get(city.disability, url))


def test_the_database_holds_what_a_tie_is(city):
    case, (mother, father, *_rest) = w.household(city.elderly, *people())
    made = tie(city.elderly, case, "bond", mother, father, quality="weak")
    with w.act(city.elderly):
        for change in (
            {"kind": "sibling"}, {"first_id": father.pk}, {"second_id": None},
            {"quality": ""}, {"nature": "birth"}, {"name": "x"},
        ):  # fmt: skip
            with pytest.raises(DatabaseError), transaction.atomic():
                Tie.objects.filter(pk=made.pk).update(**change)
        record = Record.objects.get(pk=tie(city.elderly, case, "key", mother).pk)
        record.pk = uuid.uuid4()
        record.form_key = None
        record.save(force_insert=True)
        with pytest.raises(DatabaseError), transaction.atomic():
            # A tie that names somebody its record does not.
            Tie(record=record, kind="key", first=father).save(force_insert=True)


# --- forms ------------------------------------------------------------------------------------


def new(city, case, kind, **data):
    return send(
        city.elderly, f"/cases/{case.pk}/ties/new/?kind={kind}", {"audience": "team", **data}
    )


def test_a_tie_is_written_by_its_form_and_drawn(city):
    case, (mother, father, *_rest) = w.household(city.elderly, *people())
    response = new(
        city, case, "couple", first=str(mother.pk), second=str(father.pk), nature="divorced"
    )
    assert response.status_code == 302
    assert response.url == reverse("genogram", args=[case.pk])
    shown = picture(city.elderly, case)
    assert shown.count("kin-slash") >= 2
    assert "離婚" in shown


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("parent", {"nature": "birth"}, "親を選んでください"),
        ("parent", {"first": "A", "second": "A", "nature": "birth"}, "同じ人どうし"),
        ("parent", {"first": "A", "second": "B", "nature": "married"}, "親子の間がら"),
        ("couple", {"first": "A", "second": "nobody", "nature": "married"}, "ふたり目"),
        ("outside", {"first": "household", "resource": "care", "quality": "plain"}, "名前"),
        ("outside", {"first": "household", "name": "あ" * 61, "resource": "care",
                     "quality": "plain"}, "60"),
        ("outside", {"first": "household", "name": "123456789018", "resource": "care",
                     "quality": "plain"}, "マイナンバー"),
        ("bond", {"first": "A", "second": "B", "quality": "huge"}, "関係のようす"),
        ("bond", {"first": "A", "second": "B", "quality": "plain", "flow": "up"}, "向き"),
        ("key", {}, "キーパーソン"),
    ],
)  # fmt: skip
def test_bad_input_is_answered_in_a_sentence_and_nothing_typed_is_lost(city, kind, data, words):
    case, persons = w.household(city.elderly, *people())
    keys = {person.label: str(person.pk) for person in persons}
    typed = {name: keys.get(value, value) for name, value in data.items()}
    response = new(city, case, kind, **typed)
    shown = text(response, 422)
    assert words in shown
    assert ties(city.elderly) == 0
    if "name" in typed:
        assert typed["name"] in shown
    if typed.get("first") in keys.values():
        assert response.context["form"]["first"].value() == typed["first"]


def test_an_unknown_kind_is_the_first_one(city):
    case, _persons = w.household(city.elderly, *people())
    assert "親子の間がら" in text(get(city.elderly, f"/cases/{case.pk}/ties/new/?kind=x"))


def test_a_stale_form_shows_what_was_saved_in_between(city):
    case, (mother, father, *_rest) = w.household(city.elderly, *people())
    made = tie(city.elderly, case, "bond", mother, father, quality="weak")
    url = reverse("tie_edit", args=[made.pk])
    data = {"version": "1", "quality": "strong", "flow": "", "ended_on": ""}
    browser = client(city.elderly)
    assert browser.post(url, data).status_code == 302
    shown = text(browser.post(url, {**data, "quality": "strained"}), 422)
    assert "ほかの人が先に保存しました" in shown


def test_what_has_ended_is_drawn_no_more_and_stands_below(city):
    case, (mother, *_rest) = w.household(city.elderly, *people())
    made = tie(city.elderly, case, "outside", mother, name="架空診療所", quality="plain")
    url = reverse("tie_edit", args=[made.pk])
    bad = {"version": "1", "name": "架空診療所", "resource": "medical", "quality": "plain"}
    assert "終わった日" in text(
        client(city.elderly).post(url, {**bad, "ended_on": "2999-01-01"}), 422
    )
    response = client(city.elderly).post(url, {**bad, "flow": "", "ended_on": "2020-01-01"})
    assert response.status_code == 302
    shown = picture(city.elderly, case)
    assert f'data-symbol="{made.pk}"' not in shown
    assert "終わったつながり" in shown


# --- who sees what ----------------------------------------------------------------------------


def test_a_picture_is_drawn_of_what_its_reader_sees(city):
    case, mother, son, _given = referred(city)
    tie(city.elderly, case, "parent", mother, son, nature="birth")
    tie(city.elderly, case, "outside", son, name="つゆくさ縫製", quality="weak")
    tie(city.elderly, case, "outside", mother, name="架空診療所", quality="plain")
    tie(city.elderly, case, "outside", mother, audience="agency", name="内輪の人", quality="plain")
    own, theirs = picture(city.elderly, case), picture(city.disability, case)
    assert "つゆくさ縫製" in own
    assert "内輪の人" in own
    assert "架空診療所" in theirs
    for hidden in ("別姓田", "次郎", str(son.pk), "つゆくさ縫製", "内輪の人"):
        assert hidden not in theirs
        assert hidden not in picture(city.disability, case, "print/")


@pytest.mark.parametrize("where", ["", "print/"])
def test_what_one_may_not_see_changes_no_byte(city, where):
    """Two worlds: the son, his ties, and where he was put, are there or not (V15)."""
    case, mother, son, _given = referred(city)
    tie(city.elderly, case, "outside", mother, name="架空診療所", quality="strained")
    url = f"/cases/{case.pk}/genogram/{where}"
    browser = client(city.disability)
    browser.get(url)
    without = stable(browser.get(url))
    tie(city.elderly, case, "parent", mother, son, nature="birth")
    tie(city.elderly, case, "bond", mother, son, quality="strained")
    tie(city.elderly, case, "outside", son, name="つゆくさ縫製", quality="weak")
    tie(city.elderly, case, "key", son)
    with w.act(city.elderly):
        for person, dx in ((mother, 120), (son, -300)):
            move_symbol(case=case, by=city.elderly, symbol=Symbol(person_id=person.pk), dx=dx, dy=0)
    assert stable(browser.get(url)) == without


def stable(response) -> str:
    """What is shown, without the token and the minute."""
    shown = text(response)
    shown = shown[shown.index('<svg class="kin"') :]
    token = response.context["csrf_token"]
    return shown.replace(str(token), "").split("csrfmiddlewaretoken")[0]


def test_where_an_agency_put_a_symbol_is_its_own_and_goes_with_the_person(city):
    case, mother, _son, given = referred(city)
    with w.act(city.disability):
        move_symbol(case=case, by=city.disability, symbol=Symbol(person_id=mother.pk), dx=40, dy=0)
        assert Placement.objects.count() == 1
    with w.act(city.elderly):
        assert Placement.objects.count() == 0
        withdraw_consent(consent=given, by=city.elderly, reason="本人の希望")
    with w.act(city.disability):
        assert Placement.objects.count() == 0


def test_the_agencies_of_the_team_stand_around_without_being_entered(city):
    case, *_rest = referred(city)
    shown = picture(city.elderly, case)
    assert f'data-symbol="a{city.agencies["disability"].pk}"' in shown
    assert "主担当" in shown
    # Written down as a tie, it is drawn once, as written.
    name = city.agencies["disability"].name
    tie(city.elderly, case, "outside", name=name, quality="strained")
    assert f'data-symbol="a{city.agencies["disability"].pk}"' not in picture(city.elderly, case)


def test_a_key_person_and_the_dead_are_said_in_words_too(city):
    dead = PersonFacts(name="架空野 守", relation="spouse", sex="male", is_deceased=True)
    case, (mother, _dead) = w.household(city.elderly, people()[0], dead)
    tie(city.elderly, case, "key", mother)
    shown = picture(city.elderly, case)
    assert "★ キーパーソン" in shown
    assert "★花さん" in shown
    assert "死亡" in shown


# --- arranging --------------------------------------------------------------------------------


def test_a_symbol_moved_stays_until_it_is_arranged_anew(city):
    case, (mother, *_rest) = w.household(city.elderly, *people())
    url = reverse("genogram_move", args=[case.pk])
    browser = client(city.elderly)
    data = {"symbol": str(mother.pk), "dx": "30", "dy": "-20"}
    assert browser.post(url, data).status_code == 302
    assert 'data-dx="30.0" data-dy="-20.0"' in picture(city.elderly2, case)
    assert browser.post(url, {**data, "dx": "40"}).status_code == 302
    shown = picture(city.elderly, case)
    assert 'data-dx="40.0"' in shown
    assert browser.post(reverse("genogram_reset", args=[case.pk])).status_code == 302
    assert 'data-dx="40.0"' not in picture(city.elderly, case)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"symbol": "A", "dx": "x", "dy": "0"}, "-2000から2000"),
        ({"symbol": "A", "dx": "2001", "dy": "0"}, "-2000から2000"),
        ({"symbol": "A", "dx": "", "dy": "0"}, "-2000から2000"),
        ({"symbol": str(uuid.UUID(int=1)), "dx": "0", "dy": "0"}, "動かす図形"),
        ({"symbol": "a1", "dx": "0", "dy": "0"}, "動かす図形"),
    ],
)
def test_what_cannot_be_moved_is_said(city, data, words):
    case, (mother, *_rest) = w.household(city.elderly, *people())
    data = {**data, "symbol": str(mother.pk) if data["symbol"] == "A" else data["symbol"]}
    response = client(city.elderly).post(reverse("genogram_move", args=[case.pk]), data)
    assert words in text(response, 422)


def test_an_agency_of_the_team_and_a_resource_can_be_moved_too(city):
    case, mother, *_rest = referred(city)
    made = tie(city.elderly, case, "outside", mother, name="架空診療所", quality="plain")
    browser = client(city.elderly)
    for symbol in (f"a{city.agencies['disability'].pk}", str(made.pk)):
        data = {"symbol": symbol, "dx": "50", "dy": "0"}
        assert browser.post(reverse("genogram_move", args=[case.pk]), data).status_code == 302
    assert picture(city.elderly, case).count('data-dx="50.0"') == 2


# --- 続柄 -------------------------------------------------------------------------------------


def kin(household, **relations):
    return derived(household, relations, set())


def test_what_the_relations_tell_is_drawn_where_nothing_is_written():
    home = family("h:m70 s:f68 c:m40 d:f38")
    found = kin(home, h="head", s="spouse", c="child", d="child")
    assert found.couples == (Couple("h", "s"),)
    assert set(found.parents) == {Parent(p, c) for p in "hs" for c in "cd"}


def test_whose_child_a_grandchild_is_is_not_guessed():
    home = family("h:m70 c:m40 d:f38 g:f9")
    assert not [t for t in kin(home, h="head", c="child", d="child", g="grandchild").parents
                if t.child == "g"]  # fmt: skip
    home = family("h:m70 c:m40 g:f9")
    assert Parent("c", "g") in kin(home, h="head", c="child", g="grandchild").parents


def test_two_mothers_are_not_made_a_couple_nor_both_the_heads():
    home = family("h:m50 m:f75 n:f73")
    assert kin(home, h="head", m="parent", n="parent").parents == ()
    assert kin(home, h="head", m="parent", n="parent").couples == ()


def test_siblings_of_unknown_parents_are_siblings():
    assert kin(family("h:m50 b:m48"), h="head", b="sibling").siblings == (Sibling("h", "b"),)
    # The head is not seen: the children are still each other's.
    assert kin(family("c:m50 d:m48"), c="child", d="child").siblings == (Sibling("c", "d"),)


def test_what_is_written_wins():
    home = family("h:m70 s:f68 x:f69 c:m40", "", "x>c")
    found = derived(home, {"h": "head", "s": "spouse", "c": "child"}, {frozenset("hs")})
    assert found.couples == ()
    # x is written as one parent: of the two others only one can be.
    assert found.parents == (Parent("h", "c"),)


# --- cost -------------------------------------------------------------------------------------


def test_queries_do_not_grow_with_persons_and_ties(city):
    case, (mother, father, girl, child) = w.household(city.elderly, *people())
    tie(city.elderly, case, "key", mother)
    browser, url = client(city.elderly), f"/cases/{case.pk}/genogram/"

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            text(browser.get(url))
        return len(found)

    asked()
    few = asked()
    for one, other in ((mother, girl), (father, girl), (mother, child)):
        tie(city.elderly, case, "parent", one, other, nature="birth")
    for n in range(12):
        tie(city.elderly, case, "outside", girl, name=f"機関{n}", quality="plain")
    assert asked() == few
    assert few <= 40
