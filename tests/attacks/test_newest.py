"""What came last, attacked: 同じ人だった beneath a later shield and a later consent (V3, V9), a
consultation once it is taken (V2, V13), a former paper for another municipality (V3, V10)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from agencies.models import AccessLog
from agencies.permissions import ActionDenied
from cases.models import Consent, Contact, Draft, MoveOut, Note, Record, Shield
from cases.moveouts import offered
from cases.operations import (
    accept_referral,
    add_issue,
    add_person,
    assess,
    change_person,
    confirm_shield,
    end_emergency,
    note_same_person,
    propose_shield,
    refer,
    withdraw_consent,
)
from cases.operations.case import PersonFacts, persons_by_key
from cases.operations.household import set_left
from tests import twoworlds
from tests import world as w
from tests.cases import papers_out
from tests.cases.pages import get, note, page, post, referred, text
from tests.cases.test_attacks import refused
from tests.cases.test_emergency import opened
from tests.cases.test_intake import take
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]

REFUGE, HOME = "架空町九丁目8-7", "見本町五丁目4-3"


@pytest.fixture
def city():
    found = w.city()
    found.members["elderly3"] = w.make_member(found.agencies["elderly"], "consultation_worker")
    return found


@pytest.fixture
def house(city):
    """Somebody who gave no name but where she sleeps, then a daughter with hers."""
    nameless = PersonFacts(sex="female", address=REFUGE, phone="099-222-3333")
    named = PersonFacts(
        name="架空野 花", name_kana="かくうの はな", birth_year=1980, address=HOME,
        relation="child",
    )  # fmt: skip
    return w.household(city.elderly, nameless, named)


def merge(by, house):
    case, (nameless, named) = house
    with w.act(by):
        return note_same_person(case=case, by=by, person=nameless, stands=named)


def shield(city, person, by="elderly", confirmer="elderly2"):
    first, second = city.members[by], city.members[confirmer]
    with w.act(first):
        made = propose_shield(
            person=person, by=first, ground="abuse", confirmer=second,
            expires_on=timezone.localdate() + datetime.timedelta(days=365),
        )  # fmt: skip
    with w.act(second):
        confirm_shield(shield=made, by=second)
    return made


# --- 同じ人だった and a shield set later (V9) ----------------------------------------------------


@pytest.mark.parametrize("whom", [0, 1])
def test_a_later_shield_covers_the_person_under_both_rows(city, house, whom):
    case, persons = house
    key = note(city.elderly, case, f"{REFUGE}の友人の家で寝ている", persons[:1])
    merge(city.elderly, house)
    shield(city, persons[whom])
    third = city.elderly3
    with w.act(third):
        assert not Contact.objects.filter(pk__in=[person.pk for person in persons]).exists()
        assert not Note._base_manager.filter(pk=key).exists()
    shown = text(page(third, case))
    assert REFUGE not in shown
    assert "099-222-3333" not in shown
    for by in (city.elderly, city.elderly2):
        with w.act(by):
            assert Contact.objects.filter(pk__in=[p.pk for p in persons]).count() == 2
            assert Shield.objects.in_force().count() == 2


# --- 同じ人だった and an answer given later (V3) -------------------------------------------------


def test_no_answer_is_recorded_for_whose_name_has_gone(city):
    """Else it would go on after the person has withdrawn hers."""
    house = w.household(city.elderly)
    _case, (first, stands) = house
    merge(city.elderly, house)
    with pytest.raises(ActionDenied, match="同じ人でした"):
        w.consent(city.elderly, first, city.agencies["disability"])
    given = w.consent(city.elderly, stands, city.agencies["disability"])
    with w.act(city.elderly):
        copy = Consent.objects.get(pk=given.pk)
        copy.pk, copy.form_key, copy.person = uuid.uuid4(), None, first
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Consent.objects.bulk_create([copy])
    with w.act(city.elderly):
        assert not Consent.objects.filter(person=first).exists()


def test_links_in_a_circle_break_no_page(city, house):
    """Raw SQL: each the other."""
    case, (nameless, named) = house
    with w.act(city.elderly), connection.cursor() as cursor:
        for first, second in ((nameless, named), (named, nameless)):
            cursor.execute(
                'insert into cases_householdlink (id, kind, "on", reason, written_at, form_key,'
                " author_id, author_agency_id, from_person_id, to_person_id)"
                " values (gen_random_uuid(), 'same', current_date, '', now(), gen_random_uuid(),"
                " %s, %s, %s, %s)",
                [city.elderly.pk, city.elderly.agency_id, first.pk, second.pk],
            )
        set_left(nameless, timezone.localdate())
    with w.act(city.elderly):
        for person in persons_by_key(city.elderly, case).values():
            assert person.shown_name


# --- a consultation, once taken (V2, V13) --------------------------------------------------------


def consulted(client_, city, member, case):
    taken = take(client_, city, member=member)
    with w.act(member):
        part = taken.persons.first()
    answer = {str(part.pk): "new"} if part else {}
    url = f"{reverse('consultation_add', args=[taken.pk])}?case={case.pk}"
    assert post(member, url, answer).status_code == 302
    return taken


CHANGES = [
    "complaint = 'x'",
    "visitor_name = 'x'",
    "visitor_digits = '1'",
    'answers = \'{"x": "y"}\'',
    'answers = answers || \'{"x": "y"}\'',
    "received_at = now()",
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_taken_stands_when_one_works_no_more(client, city, change):
    case, _mother, _son, given = referred(city)
    taken = consulted(client, city, city.disability, case)
    with w.act(city.elderly):
        found = Consent.objects.get(pk=given.pk)
        withdraw_consent(consent=found, by=city.elderly, reason="やめたい")
    refused(city.disability, f"update cases_consultation set {change} where id = %s", taken.pk)


def test_what_is_known_of_a_person_stands_when_one_works_no_more(city):
    """V2: whoever wrote it reads it; by the form and by one's own SQL nothing changes."""
    case, _mother, _son, given = referred(city)
    with w.act(city.disability):
        facts = PersonFacts(name="架空沢 孫", phone="099-000-1111")
        grandson = add_person(case=case, by=city.disability, facts=facts)
        nowhere = add_person(case=case, by=city.disability, facts=PersonFacts(name="架空沢 孫二"))
    url = f"/persons/{grandson.pk}/edit/"
    assert get(city.disability, url).status_code == 200
    with w.act(city.elderly):
        found = Consent.objects.get(pk=given.pk)
        withdraw_consent(consent=found, by=city.elderly, reason="やめたい")
    assert get(city.disability, url).status_code == 403
    with w.act(city.disability), pytest.raises(ActionDenied, match="支援に入っていません"):
        change_person(person=grandson, by=city.disability, facts=facts, version=grandson.version)
    for change in (
        "cases_person set version = version + 1 where id",
        "cases_contact set address = 'x' where person_id",
    ):
        refused(city.disability, f"update {change} = %s", grandson.pk)
    with w.act(city.disability), pytest.raises(DatabaseError), transaction.atomic():
        Contact(person=nowhere, phone="099-000-2222").save(force_insert=True)


def test_what_was_said_is_not_rewritten_nor_moved_by_ones_own_sql(client, city):
    referred(city)
    taken = take(client, city, member=city.disability)
    other, _persons = w.household(city.child)
    sql = "update cases_consultation set {} where id = %s"
    refused(city.disability, sql.format("complaint = 'x'"), taken.pk)
    refused(city.disability, sql.format(f"case_id = '{other.pk}', status = 'case'"), taken.pk)
    refused(city.disability, sql.format("taken_by_id = gen_random_uuid()"), taken.pk)


# --- a paper for another municipality -----------------------------------------------------------


def test_who_goes_on_from_a_former_paper_is_logged_as_reading_it(city):
    case, (mother, *_rest) = w.household(city.elderly, *papers_out.family())
    paper = papers_out.prepared(city.elderly, case, mother, words="病気のこと")
    url = f"{reverse('move_out_new', args=[case.pk])}?from={paper.pk}"
    assert "病気のこと" in text(get(city.elderly2, url))
    with as_owner():
        looks = AccessLog.objects.filter(membership=city.elderly2, record_ids__contains=[paper.pk])
        assert looks.exists()


@pytest.mark.parametrize("name", ["disability", "child", "coordinator", "privacy", "outreach"])
def test_nobody_else_reads_prints_or_goes_on_from_a_paper(city, name):
    case, (mother, *_rest) = w.household(city.elderly, *papers_out.family())
    w.consent(city.elderly, mother, city.agencies["disability"])
    paper = papers_out.prepared(city.elderly, case, mother, words="病気のこと")
    by = city.members[name]
    for page_ in ("detail", "print", "send", "cancel"):
        answer = get(by, reverse(f"move_out_{page_}", args=[paper.pk]))
        assert answer.status_code in (403, 404)
        assert "見本市" not in answer.content.decode()
    with w.act(by):
        assert not MoveOut._base_manager.exists()
        assert not Record._base_manager.filter(kind="move_out").exists()
    url = f"{reverse('move_out_new', args=[case.pk])}?from={paper.pk}"
    assert "病気のこと" not in get(by, url).content.decode()


def test_a_forged_post_puts_no_address_on_paper_beneath_a_shield(city):
    case, (mother, son, _child) = w.household(city.elderly, *papers_out.family())
    shield(city, mother)
    url = reverse("move_out_new", args=[case.pk])
    typed = {
        **papers_out.LETTER,
        "form_key": str(uuid.uuid4()),
        "persons": [str(son.pk)],
        "contacts": "on",
        "step": "check",
    }
    shown = text(post(city.elderly, url, typed))
    assert "架空町" not in shown
    assert get(city.elderly3, url).status_code == 403


# --- what is prepared and remembered -------------------------------------------------------------


def test_an_emergency_that_is_over_answers_nobody(city):
    case, _persons = w.household(city.elderly)
    held = opened(city, case)
    assert page(city.child, case).status_code == 200
    colleague = w.make_member(city.agencies["child"], "consultation_worker")
    assert page(colleague, case).status_code == 404
    with w.act(city.elderly):
        end_emergency(emergency=held, by=city.elderly)
    for name in ("case_detail", "case_timeline", "genogram", "intake_sheet", "assessment_detail"):
        assert get(city.child, reverse(name, args=[case.pk])).status_code == 404


def test_the_same_tab_under_two_memberships_of_one_role(city):
    """Prepared for one worker, asked by the next of the same role: each their own agency's."""
    case, _persons = w.household(city.elderly, PersonFacts(name="架空野 秘子"))
    for by, seen in (
        (city.elderly, 200),
        (city.disability, 404),
        (city.elderly2, 200),
        (city.child, 404),
    ):
        assert page(by, case).status_code == seen
        assert (case.number in text(get(by, "/cases/"))) == (seen == 200)
        assert ("秘子" in text(get(by, "/"))) <= (seen == 200)


# --- the sheets (V3, V15) -------------------------------------------------------------------------


def test_the_sheets_of_a_recipient_say_nothing_of_who_is_not_covered(client, city):
    case, mother, son, _given = referred(city)
    urls = [reverse(name, args=[case.pk]) for name in ("intake_sheet", "intake_sheet_print")]
    urls.append(f"{urls[0]}?only=national")

    def seen():
        return [twoworlds.masked(text(get(city.disability, url))) for url in urls]

    before = seen()
    with w.act(city.elderly):
        for category in ("health", "basic", "finance"):
            assess(
                case=case,
                by=city.elderly,
                category=category,
                situation="息子の秘密",
                strengths="息子の強み",
                persons=[son],
            )
            assess(
                case=case,
                by=city.elderly,
                category=category,
                situation="二人の秘密",
                persons=[mother, son],
            )
            assess(
                case=case,
                by=city.elderly,
                category=category,
                situation="うちだけ",
                persons=[mother],
                audience="agency",
            )
        add_issue(case=case, by=city.elderly, issue_type="debt", person=son, is_primary=True)
    consulted(client, city, city.elderly, case)
    assert seen() == before


# --- drafts (V3, V9, V13) -------------------------------------------------------------------------


def test_a_draft_closes_with_its_case_and_is_nobody_elses(city):
    case, _mother, _son, given = referred(city)
    url = reverse("note_new", args=[case.pk])
    token = text(get(city.disability, url)).split('name="draft_token" value="')[1].split('"')[0]
    kept = {"draft_token": token, "fact": "母の秘密"}
    assert post(city.disability, reverse("draft_save"), kept).status_code == 200
    with w.act(city.disability):
        key = Draft.objects.get().pk
    typed = reverse("draft_typed", args=[key])
    assert get(city.disability, typed).json()["typed"] == [["fact", "母の秘密"]]
    colleague = w.make_member(city.agencies["disability"], "consultation_worker")
    for by in (colleague, city.elderly):
        assert get(by, typed).status_code == 404
        assert post(by, reverse("draft_save"), kept).status_code == 409
        assert post(by, url, kept).status_code == 403
        with w.act(by):
            assert not Draft._base_manager.exists()
    with w.act(city.elderly):
        found = Consent.objects.get(pk=given.pk)
        withdraw_consent(consent=found, by=city.elderly, reason="やめたい")
    assert get(city.disability, typed).status_code == 404
    assert post(city.disability, reverse("draft_save"), kept).status_code == 409
    assert "母の秘密" not in text(get(city.disability, reverse("draft_list")))
    with w.act(city.disability):
        assert not Draft._base_manager.exists()


# --- whom the sender cannot see (V3) --------------------------------------------------------------


def test_nothing_of_the_household_leaves_while_somebody_unseen_lives_there(city):
    """Another agency added somebody the responsible one knows nothing of: nobody could say yes."""
    case, (mother, *_rest) = w.household(city.elderly, PersonFacts(name="架空野 花"))
    w.consent(city.elderly, mother, city.agencies["disability"])
    with w.act(city.elderly):
        sheet = refer(
            case=case,
            by=city.elderly,
            mode="consent",
            reason="x",
            summary="x",
            persons=[mother],
            to_agency=city.agencies["disability"],
        )
    with w.act(city.disability):
        accept_referral(referral=sheet, by=city.disability)
        add_person(case=case, by=city.disability, facts=PersonFacts(name="架空野 三郎"))
    key = note(city.elderly, case, "世帯のこと。三郎も来た")
    with w.act(city.elderly):
        persons = persons_by_key(city.elderly, case)
        assert len(persons) == 1
        found = offered(city.elderly, case, persons, {mother.pk})
    assert key not in {item.key for item in found}
