"""開示の記録: entered by itself or by hand, on grounds that fit the provider (V4, 69条, 27条)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.enums import OperationForm
from agencies.models import Agency, LegalBasis
from agencies.permissions import ActionDenied
from cases.disclosures import grounds_for, is_city_office
from cases.models import Disclosure
from cases.operations import DisclosureFacts, record_disclosure, refer, withdraw_consent
from tests import world as w
from tests.cases.pages import note, referred
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def text(response):
    return response.content.decode()


def client(member):
    return sign_in(Client(), member)


def runs(agency, form):
    with as_owner():
        Agency.objects.filter(pk=agency.pk).update(form=form)
    agency.form = form


def ground(code):
    return LegalBasis.objects.get(code=code)


def notify(city, case, persons):
    with w.act(city.elderly):
        return refer(
            case=case,
            by=city.elderly,
            mode="notification",
            reason="依頼",
            summary="概要",
            persons=persons,
            to_agency=city.agencies["child"],
            legal_ground="高齢者虐待防止法第7条",
        )


def facts(persons, **changes):
    return DisclosureFacts(
        **{
            "kind": "provided",
            "on": timezone.localdate(),
            "recipient": "架空病院",
            "ground": ground("body-life"),
            "purpose": "救急搬送のため",
            "persons": persons,
            "categories": ["health"],
            **changes,
        }
    )


# --- entered by the database -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (OperationForm.DIRECT, "city-law"),
        (OperationForm.OUTSOURCED, "body-law"),
        (OperationForm.RESIDENT_LED, "body-law"),
        (OperationForm.JOINT, None),
    ],
)
def test_a_notification_is_entered_on_the_ground_that_fits_the_provider(city, form, code):
    runs(city.agencies["elderly"], form)
    case, persons = w.household(city.elderly)
    sheet = notify(city, case, persons)
    with w.act(city.elderly):
        entry = Disclosure.objects.select_related("ground").get(referral=sheet)
    assert entry.kind == "notification"
    assert entry.recipient == city.agencies["child"].name
    assert entry.statute == "高齢者虐待防止法第7条"
    assert entry.person_count == 2
    assert (entry.ground.code if entry.ground else None) == code
    assert is_city_office(city.agencies["elderly"]) == {"city-law": True, "body-law": False}.get(
        code
    )


def test_an_agency_of_a_type_is_what_its_type_is(city):
    agency = city.agencies["elderly"]
    kind = w.make_agency(city.city, "type", "地域包括支援センター", "elderly")
    runs(kind, OperationForm.OUTSOURCED)
    with as_owner():
        Agency.objects.filter(pk=agency.pk).update(of_type=kind)
    case, persons = w.household(city.elderly)
    notify(city, case, persons)
    with w.act(city.elderly):
        assert Disclosure.objects.get().ground.code == "body-law"
    assert is_city_office(Agency.objects.get(pk=agency.pk)) is False


def test_a_sheet_without_consent_is_entered_and_one_with_consent_is_not(city):
    case, persons = w.household(city.elderly)
    w.consent(city.elderly, persons[0], city.agencies["child"])
    more = {"case": case, "by": city.elderly, "reason": "依頼", "summary": "概要"}
    with w.act(city.elderly):
        refer(mode="consent", persons=persons[:1], to_agency=city.agencies["child"], **more)
        assert not Disclosure.objects.exists()
        refer(
            mode="secrecy",
            persons=persons,
            to_conference_type=city.conferences["support"],
            **more,
        )
        entry = Disclosure.objects.get()
    assert entry.kind == "sheet"
    assert entry.statute == "社会福祉法第106条の6"
    assert entry.recipient == "支援会議"


def test_law_is_data_with_its_day(city):
    """The article of the day: another numbering tomorrow is another row, not another program."""
    runs(city.agencies["elderly"], OperationForm.DIRECT)
    agency = city.agencies["elderly"]
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    old = ground("city-law")
    with as_owner():
        LegalBasis.objects.filter(pk=old.pk).update(effective_to=timezone.localdate())
        new = LegalBasis.objects.create(
            code="city-law", act=old.act, article="第70条第1項", label="新", effective_from=tomorrow
        )
    assert grounds_for(agency, "provided", timezone.localdate())[0] == old
    assert grounds_for(agency, "provided", tomorrow)[0] == new
    assert grounds_for(agency, "provided", datetime.date(2020, 4, 1)) == []


# --- by hand ------------------------------------------------------------------------------------


def test_each_provider_is_offered_its_own_articles(city):
    agency, today = city.agencies["elderly"], timezone.localdate()
    runs(agency, OperationForm.DIRECT)
    articles = [g.article for g in grounds_for(agency, "provided", today)]
    assert articles[0] == "第69条第1項"
    assert all(a.startswith("第69条") for a in articles)
    assert "第69条第2項第2号" in [g.article for g in grounds_for(agency, "used", today)]
    runs(agency, OperationForm.OUTSOURCED)
    assert all(g.article.startswith("第27条") for g in grounds_for(agency, "provided", today))
    assert all(g.article.startswith("第18条") for g in grounds_for(agency, "used", today))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"on": datetime.date(2099, 1, 1)}, "今日までの日"),
        ({"recipient": " "}, "提供先"),
        ({"purpose": ""}, "目的・理由"),
        ({"categories": []}, "だれの、どの情報か"),
        ({"categories": ["notifier"]}, "通告者の情報"),
        ({"kind": "notification"}, "自動で記録"),
        ({"on": datetime.date(2020, 1, 1)}, "その日の提供"),
    ],
)
def test_bad_entries_are_one_sentence(city, changes, words):
    runs(city.agencies["elderly"], OperationForm.OUTSOURCED)
    case, persons = w.household(city.elderly)
    with w.act(city.elderly), pytest.raises(ActionDenied, match=words):
        record_disclosure(
            case=case, by=city.elderly, facts=facts(persons, **changes), form_key=uuid.uuid4()
        )


def test_a_ground_of_the_other_chapter_is_refused(city):
    runs(city.agencies["elderly"], OperationForm.DIRECT)
    case, persons = w.household(city.elderly)
    with w.act(city.elderly), pytest.raises(ActionDenied, match="この機関の"):
        record_disclosure(case=case, by=city.elderly, facts=facts(persons), form_key=uuid.uuid4())


def test_entered_once_and_never_changed(city):
    runs(city.agencies["elderly"], OperationForm.OUTSOURCED)
    case, persons = w.household(city.elderly)
    key = uuid.uuid4()
    with w.act(city.elderly):
        one = record_disclosure(case=case, by=city.elderly, facts=facts(persons), form_key=key)
        again = record_disclosure(case=case, by=city.elderly, facts=facts(persons), form_key=key)
        assert one == again
        with pytest.raises(DatabaseError), transaction.atomic():
            Disclosure.objects.filter(pk=one.pk).update(purpose="別の目的")
        with pytest.raises(DatabaseError), transaction.atomic():
            Disclosure.objects.filter(pk=one.pk).delete()


def test_nobody_enters_for_another_agency_or_in_the_name_of_the_database(city):
    case, _persons = w.household(city.elderly)
    row = {
        "municipality": city.city,
        "agency": city.agencies["elderly"],
        "kind": "provided",
        "on": timezone.localdate(),
        "recipient": "架空病院",
        "ground": ground("body-life"),
        "purpose": "理由",
        "case": case,
        "recorded_by": city.elderly,
        "form_key": uuid.uuid4(),
    }
    for member, changes in (
        (city.disability, {}),
        (city.elderly, {"agency": city.agencies["disability"]}),
        (city.elderly, {"kind": "letter", "item_key": uuid.uuid4()}),
    ):
        with w.act(member), pytest.raises(DatabaseError), transaction.atomic():
            Disclosure(**{**row, **changes}).save(force_insert=True)


# --- pages --------------------------------------------------------------------------------------


def post(city, case, persons, **changes):
    data = {
        "on": "R8.11.20",
        "recipient": "架空病院",
        "persons": [str(persons[0].pk)],
        "categories": ["health"],
        "ground": str(ground("body-life").pk),
        "statute": "",
        "purpose": "救急搬送のため",
        "form_key": str(uuid.uuid4()),
        **changes,
    }
    return client(city.elderly).post(reverse("disclosure_new", args=[case.pk]), data)


def test_a_worker_enters_and_reads_their_agencys_entries(city):
    runs(city.agencies["elderly"], OperationForm.OUTSOURCED)
    case, persons = w.household(city.elderly)
    page = text(client(city.elderly).get(reverse("case_detail", args=[case.pk])))
    assert reverse("disclosure_new", args=[case.pk]) in page
    response = post(city, case, persons)
    assert response.status_code == 302
    page = text(client(city.elderly).get(reverse("disclosure_list")))
    assert "架空病院" in page
    assert "第27条第1項第2号" in page
    assert "架空病院" not in text(client(city.disability).get(reverse("disclosure_list")))


def test_what_the_law_asks_is_said_beside_its_field_and_nothing_is_lost(city):
    runs(city.agencies["elderly"], OperationForm.OUTSOURCED)
    case, persons = w.household(city.elderly)
    response = post(city, case, persons, ground=str(ground("body-law").pk))
    assert response.status_code == 422
    page = text(response)
    assert "法令に基づく場合は、その法令と条文を入れてください。" in page
    assert "救急搬送のため" in page


def test_use_for_another_purpose_has_no_addressee(city):
    runs(city.agencies["elderly"], OperationForm.DIRECT)
    case, persons = w.household(city.elderly)
    url = reverse("disclosure_new", args=[case.pk]) + "?kind=used"
    page = text(client(city.elderly).get(url))
    assert 'name="recipient"' not in page
    assert "第69条第2項第2号" in page
    data = {
        "on": "R8.11.20",
        "persons": [str(persons[0].pk)],
        "categories": ["basic"],
        "ground": str(ground("city-within").pk),
        "purpose": "防災の名簿",
        "form_key": str(uuid.uuid4()),
    }
    assert client(city.elderly).post(url, data).status_code == 302
    with w.act(city.elderly):
        assert Disclosure.objects.get().kind == "used"


def test_the_privacy_officer_reads_the_city_and_prints_the_councils_list(city):
    runs(city.agencies["elderly"], OperationForm.OUTSOURCED)
    case, persons = w.household(city.elderly)
    notify(city, case, persons)
    post(city, case, persons)
    page = text(client(city.privacy).get(reverse("disclosure_list")))
    assert city.agencies["elderly"].name in page
    paper = text(client(city.privacy).get(reverse("disclosure_print")))
    for words in ("庁内限り", "高齢者虐待防止法第7条", "第27条第1項第1号", "架空病院", "2人"):
        assert words in paper
    assert persons[0].name not in paper
    assert case.number not in paper


def test_another_city_sees_nothing(city):
    other = w.city()
    case, persons = w.household(city.elderly)
    notify(city, case, persons)
    page = text(client(other.privacy).get(reverse("disclosure_list")))
    assert "この年度の記録はありません" in page


@pytest.mark.parametrize("year", ["", "abc", "99999", "2099", "²²²²", "0"])
def test_a_nonsense_year_is_this_year(city, year):
    assert client(city.privacy).get(reverse("disclosure_list"), {"year": year}).status_code == 200


def test_who_only_keeps_own_records_enters_nothing_and_a_stranger_finds_nothing(city):
    case, _persons = w.household(city.elderly)
    url = reverse("disclosure_new", args=[case.pk])
    assert client(city.disability).get(url).status_code == 404
    assert client(city.admin).get(reverse("disclosure_list")).status_code == 403
    case, mother, _son, given = referred(city)
    note(city.disability, case, "自機関の記録", [mother])
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="本人の希望")
    shown = client(city.disability).get(reverse("disclosure_new", args=[case.pk]))
    assert shown.status_code == 403
    assert "いまこのケースの支援に入っていません" in text(shown)
