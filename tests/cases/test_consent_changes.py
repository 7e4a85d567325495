"""What a new answer closes; forms stale, sent twice or forged; who explained it, on paper (V3)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from agencies.models import Notice
from agencies.permissions import ActionDenied
from cases.models import Consent, ConsentLine, Issue, Record
from cases.operations import add_issue, change_person, record_consent, refile_record
from cases.operations.case import PersonFacts
from cases.operations.consent import ConsentTerms, terms_of
from config.lib.eras import format_short
from tests import world as w
from tests.cases.pages import client, get, note, page, post, referred, send, text, two
from tests.cases.test_consent_views import filled, stored, url_for
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def today():
    return format_short(timezone.localdate())


# --- a new answer closes -----------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["refused", "given"])
def test_a_new_answer_that_closes_something_shows_it_first(city, answer):
    case, mother, _son, _given = referred(city)
    note(city.elderly, case, "母の記録", [mother])
    url = url_for(case, mother)
    data = filled(city, answer=answer, given_on=today(), agencies=[city.agencies["elderly"].pk])
    shown = text(send(city.elderly, url, data))
    assert f"{city.agencies['disability'].name}は 1件の記録が見られなくなります。" in shown
    assert "受理されたつなぎと会議の議題も" in shown
    assert "母の記録" in text(page(city.disability, case))
    again = send(city.elderly, url, {**data, "edit": "1"})
    assert "家計の相談" in text(again)
    assert "だれに伝えてよいか" in text(again)
    assert send(city.elderly, url, {**data, "confirmed": "1"}).status_code == 302
    assert page(city.disability, case).status_code == 404
    with w.act(city.disability):
        told = Notice.objects.visible_to(city.disability).filter(kind="consent_withdrawn")
        assert told.count() == 1


def test_an_answer_that_closes_nothing_is_recorded_at_once(city):
    case, mother, _son, _given = referred(city)
    data = filled(city, given_on=today(), categories=w.ALL)
    assert send(city.elderly, url_for(case, mother), data).status_code == 302


def test_who_records_what_closes_the_case_for_themselves_is_not_left_on_a_404(city):
    case, mother, _son, _given = referred(city)
    data = filled(city, answer="refused", given_on=today(), confirmed="1")
    answer = send(city.disability, url_for(case, mother), data)
    assert answer.url == "/consents/"
    assert get(city.disability, "/consents/").status_code == 200


def test_the_responsible_agency_hears_of_an_answer_taken_elsewhere(city):
    _case, mother, _son, _given = referred(city)
    other = w.consent(city.disability, mother, city.agencies["disability"])
    with w.act(city.elderly):
        told = Notice.objects.visible_to(city.elderly).filter(kind="consent_changed")
        assert told.get().url == f"/consents/{other.pk}/"


# --- stale, twice, forged ----------------------------------------------------------------------


def test_an_answer_one_has_not_seen_is_not_replaced_unawares(city):
    case, mother, _son, _given = referred(city)
    url = url_for(case, mother)
    browser = client(city.elderly)
    form = browser.get(url).context["form"]
    hidden = {field.name: field.value() for field in form.hidden_fields()}
    w.consent(city.elderly2, mother, answer="refused")
    data = {**hidden, **filled(city, given_on=today(), categories=w.ALL)}
    response = browser.post(url, data)
    assert "この画面を開いたあとに変わりました" in text(response, 422)
    assert stored(city, mother).answer == "refused"
    hidden = {field.name: field.value() for field in response.context["form"].hidden_fields()}
    assert browser.post(url, {**data, **hidden}).status_code == 302
    assert stored(city, mother).answer == "given"


def twice(by, url, data):
    browser = client(by)
    form = browser.get(url).context["form"]
    data = {**{field.name: field.value() for field in form.hidden_fields()}, **data}
    return [browser.post(url, data) for _time in range(2)]


def test_a_form_sent_twice_makes_one_answer(city):
    case, mother, son, given = referred(city)
    first, second = twice(city.elderly, url_for(case, son), filled(city))
    assert (first.url, first.status_code) == (second.url, second.status_code)
    narrower = {
        "agencies": [city.agencies["disability"].pk],
        "categories": ["basic"],
        "given_on": today(),
        "until": "",
        "confirmed": "1",
    }
    first, second = twice(city.elderly, f"/consents/{given.pk}/narrow/", narrower)
    assert first.url == second.url
    latest = stored(city, mother)
    renewed = {"method": "oral", "given_on": today(), "until": "", "proxy_name": ""}
    first, second = twice(city.elderly, f"/consents/{latest.pk}/renew/", renewed)
    assert first.url == second.url
    latest = stored(city, mother)
    first, second = twice(city.elderly, f"/consents/{latest.pk}/withdraw/", {"reason": "希望"})
    assert (first.status_code, second.status_code) == (302, 302)
    with w.act(city.elderly):
        assert Consent.objects.filter(person=son).count() == 1
        assert Consent.objects.filter(person=mother).count() == 3


def test_the_same_key_in_another_hand_or_for_another_person_is_nothing(city):
    case, mother, son, _given = referred(city)
    key = str(uuid.uuid4())
    for person in (mother, son):
        data = filled(city, form_key=key, given_on=today(), categories=w.ALL)
        assert send(city.elderly, url_for(case, person), data).status_code == 302
    assert stored(city, son).form_key == stored(city, mother).form_key


@pytest.mark.parametrize("name", ["agencies", "exceptions", "conference_types", "explained_by"])
def test_what_was_not_offered_is_refused(city, name):
    elsewhere = w.city()
    foreign = {
        "agencies": [elsewhere.agencies["disability"].pk],
        "exceptions": [elsewhere.agencies["disability"].pk],
        "conference_types": [elsewhere.conferences["plan"].pk],
        "explained_by": str(city.disability.pk),
    }
    case, (mother, _son) = w.household(city.elderly, *two())
    data = filled(city, given_on=today(), **{name: foreign[name]})
    assert "表示された中から選んでください" in text(
        send(city.elderly, url_for(case, mother), data), 422
    )
    assert stored(city, mother) is None


def test_a_conference_that_sits_without_consent_is_not_offered(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    secret = city.conferences["support"]
    shown = get(city.elderly, url_for(case, mother))
    assert str(secret.pk) not in dict(shown.context["form"].fields["conference_types"].choices)
    secret.consent = "best_effort"  # the merged body (V7)
    with as_owner():
        secret.save()
    shown = get(city.elderly, url_for(case, mother))
    assert str(secret.pk) in dict(shown.context["form"].fields["conference_types"].choices)


def test_the_operation_takes_nobody_of_another_city_and_no_strange_explainer(city):
    elsewhere = w.city()
    _case, (mother, _son) = w.household(city.elderly, *two())
    said = ConsentTerms(
        "given", timezone.localdate(), categories=["basic"], method="oral",
        agencies=[elsewhere.agencies["disability"]],
    )  # fmt: skip
    with w.act(city.elderly), pytest.raises(ActionDenied, match="この市の機関"):
        record_consent(person=mother, by=city.elderly, terms=said)
    said = ConsentTerms("refused", timezone.localdate(), explained_by=city.child)
    with w.act(city.elderly), pytest.raises(ActionDenied, match="あなたの機関の人"):
        record_consent(person=mother, by=city.elderly, terms=said)


@pytest.mark.parametrize(
    "tail", ["", "narrow/", "renew/", "withdraw/", "print/", "withdraw/print/"]
)
def test_a_consent_of_another_case_or_city_is_not_there(city, tail):
    _case, _mother, _son, _given = referred(city)
    other, (person, _son2) = w.household(city.child, *two())
    theirs = w.consent(city.child, person, city.agencies["child"])
    elsewhere = w.city()
    for by in (city.elderly, city.disability, elsewhere.elderly, elsewhere.privacy):
        status = (
            403 if by == elsewhere.privacy and tail in ("narrow/", "renew/", "withdraw/") else 404
        )
        assert get(by, f"/consents/{theirs.pk}/{tail}").status_code == status
        if tail in ("narrow/", "renew/", "withdraw/"):
            data = {"reason": "x", "confirmed": "1", "form_key": str(uuid.uuid4())}
            assert post(by, f"/consents/{theirs.pk}/{tail}", data).status_code == status
    assert post(city.elderly, url_for(other, person), filled(city)).status_code == 404
    with w.act(city.child):
        assert Consent.objects.get(person=person).withdrawn_at is None


def test_a_person_of_another_case_is_not_reached_through_ones_own(city):
    case, _mother, _son, _given = referred(city)
    _other, (person, _son2) = w.household(city.elderly, *two())
    for tail in ("", "print/"):
        url = f"{url_for(case, person)}{tail}"
        assert get(city.elderly, url).status_code == 404
        assert post(city.elderly, url, filled(city)).status_code == 404


def test_a_forged_narrowing_opens_nothing(city):
    _case, mother, _son, given = referred(city, categories=["basic"])
    data = {"given_on": today(), "until": "", "confirmed": "1"}
    for more in (
        {"agencies": [city.agencies["child"].pk], "categories": ["basic"]},
        {"agencies": [city.agencies["disability"].pk], "categories": ["basic", "health"]},
    ):
        answer = send(city.elderly, f"/consents/{given.pk}/narrow/", {**data, **more})
        assert "表示された中から選んでください" in text(answer, 422)
    assert stored(city, mother) == given


def test_each_reads_its_own_lines(city):
    _case, _mother, _son, given = referred(city, exceptions=(city.agencies["child"],))
    with w.act(city.elderly):
        lines = {x.is_exception: x.pk for x in ConsentLine.objects.filter(consent=given)}
    for who, named, excepted in (
        ("elderly", True, True),
        ("privacy", True, True),
        ("disability", True, False),
        ("child", False, False),
        ("sysadmin", False, False),
    ):
        every = ConsentLine._base_manager
        with w.act(city.elderly):
            rows = {key: every.filter(pk=pk) for key, pk in lines.items()}
            keys = {key: list(found.values_list("pk", flat=True)) for key, found in rows.items()}
        assert all(keys.values())
        for key, seen in ((False, named), (True, excepted)):
            by = city.members[who]
            with w.act(by):
                floor = every.filter(pk=lines[key]).exists()
                door = ConsentLine.objects.visible_to(by).filter(pk=lines[key]).exists()
            assert (floor, door) == (seen, seen), (who, key)


def test_whoever_holds_a_line_reads_no_exception_by_an_answer_in_its_place(city):
    """Raw SQL: a consent that says it replaces one seen only in part."""
    case, mother, _son, given = referred(city, exceptions=(city.agencies["child"],))
    with w.act(city.disability):
        forged = Consent(
            case=case, person=mother, answer="given", categories=["basic"], method="oral",
            explained_by=city.disability, given_on=timezone.localdate(),
            period=(timezone.now(), None),
            taken_by_agency_id=city.disability.agency_id, replaces=given,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("select kasane.supersede_consent(%s, 'x')", [mother.pk])
            forged.save(force_insert=True)
            cursor.execute("select kasane.keep_exceptions(%s)", [forged.pk])
        assert not ConsentLine.objects.filter(is_exception=True).exists()


def test_a_closed_agency_shares_no_text_any_more(city):
    """What it wrote for itself it may lay open while it is let in, not afterwards (V2, V3)."""
    case, mother, _son, _given = referred(city)
    both = (city.agencies["elderly"], city.agencies["disability"])
    given = w.consent(city.elderly, mother, *both)
    keys = [note(city.disability, case, f"{n}の記録", [mother], audience="agency") for n in "甲乙"]
    move = {"category": "progress", "audience": "team", "reason": "引きつぎ", "confirmed": "1"}
    assert post(city.disability, f"/records/{keys[0]}/refile/", move).status_code == 302
    shown = text(page(city.elderly, case))
    assert "甲の記録" in shown
    assert "乙の記録" not in shown
    done = post(city.elderly, f"/consents/{given.pk}/withdraw/", {"reason": "希望"})
    assert done.status_code == 302
    assert post(city.disability, f"/records/{keys[1]}/refile/", move).status_code == 403
    assert "乙の記録" in text(page(city.disability, case))
    assert "甲の記録" not in text(page(city.elderly, case))


# --- who explained it, the paper ---------------------------------------------------------------


def test_a_colleague_may_have_explained_it(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    data = filled(city, given_on=today(), explained_by=str(city.elderly2.pk))
    assert send(city.elderly, url_for(case, mother), data).status_code == 302
    given = stored(city, mother)
    assert given.explained_by_id == city.elderly2.pk
    assert str(city.elderly2.user) in text(get(city.elderly, f"/consents/{given.pk}/"))


def test_the_paper_carries_what_is_ticked_and_records_nothing(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    url = f"{url_for(case, mother)}print/"
    data = filled(
        city,
        answer="",
        given_on="",
        agencies=[city.agencies["disability"].pk],
        categories=["basic"],
        method="",
        exceptions=[city.agencies["child"].pk],
    )
    shown = text(post(city.elderly, url, data))
    assert city.agencies["disability"].name in shown
    assert city.agencies["livelihood"].name not in shown
    assert city.agencies["child"].name in shown
    assert "家計の相談" in shown
    assert shown.count("☑") == 2  # the agency, the category
    assert "いやな ときは「いいえ」" in text(post(city.elderly, f"{url}?easy=1", data))
    assert stored(city, mother) is None
    assert post(city.child, url, data).status_code == 404


# --- 世帯全体, death, proxies --------------------------------------------------------------------


def test_the_page_says_why_the_household_tick_opens_nothing(city):
    case, mother, son, _given = referred(city)
    given = w.consent(city.elderly, mother, city.agencies["disability"], household_tick=True)
    assert "開きません）" not in text(get(city.elderly, f"/consents/{given.pk}/"))
    w.consent(city.elderly, son, answer="refused")
    shown = text(get(city.elderly, f"/consents/{given.pk}/"))
    assert "同意しない世帯員がいるあいだは開きません" in shown
    assert page(city.disability, case).status_code == 200


def test_a_minor_is_not_asked_for_the_household(city):
    birth = timezone.localdate() - datetime.timedelta(days=365 * 16)
    case, (young,) = w.household(city.child, PersonFacts(name="架空野 高", birth_on=birth))
    form = get(city.child, url_for(case, young)).context["form"]
    assert "covers_household" not in form.fields
    data = filled(city, given_on=today(), covers_household="on")
    assert send(city.child, url_for(case, young), data).status_code == 302
    with w.act(city.child):
        assert not Consent.objects.get(person=young).covers_household


def test_after_a_death_the_page_says_what_the_consent_still_does(city):
    _case, mother, _son, given = referred(city)
    with w.act(city.elderly):
        mother.refresh_from_db()
        change_person(
            person=mother, by=city.elderly, version=mother.version,
            facts=PersonFacts(
                name=mother.name, birth_on=mother.birth_on, is_deceased=True,
                died_on=timezone.localdate(),
            ),
        )  # fmt: skip
    shown = text(get(city.elderly, f"/consents/{given.pk}/"))
    assert "亡くなった方の同意です" in shown
    assert "更新する" not in shown
    assert get(city.elderly, f"/consents/{given.pk}/renew/").status_code == 403


def test_a_proxy_who_is_suspected_later_is_shown_on_the_page(city):
    case, (mother, _son) = w.household(city.elderly, *two())
    said = ConsentTerms(
        "given", timezone.localdate(), categories=["basic"], method="proxy",
        proxy_name="別姓田 次郎", proxy_power="成年後見人", agencies=[city.agencies["disability"]],
    )  # fmt: skip
    with w.act(city.elderly):
        given = record_consent(person=mother, by=city.elderly, terms=said)
    assert "疑いのある人として" not in text(get(city.elderly, f"/consents/{given.pk}/"))
    with w.act(city.elderly):
        add_issue(
            case=case, by=city.elderly, issue_type="abuse", person=mother,
            suspected_name="別姓田次郎",
        )  # fmt: skip
    assert "疑いのある人として" in text(get(city.elderly, f"/consents/{given.pk}/"))


def test_to_whom_it_was_open_stays_on_the_page_of_who_took_it(city):
    _case, _mother, _son, given = referred(city)
    url = f"/consents/{given.pk}/"
    assert "いま開いている" in text(get(city.elderly, url))
    assert post(city.elderly, f"{url}withdraw/", {"reason": "希望"}).status_code == 302
    shown = text(get(city.elderly, url)).split("この同意で開いた相手")[1]
    assert city.agencies["disability"].name in shown
    assert "に閉じた" in shown


# --- for the team or for this agency only ------------------------------------------------------


@pytest.mark.parametrize("what", ["issues", "assessment"])
def test_an_issue_or_a_section_may_be_for_this_agency_only(city, what):
    case, mother, _son, _given = referred(city)
    url = f"/cases/{case.pk}/{what}/new/"
    assert "この機関だけ" in text(get(city.elderly, url))
    data = {
        "about": [str(mother.pk)],
        "issue_type": "debt",
        "status": "confirmed",
        "noted_on": today(),
        "note": "秘密の督促",
        "category": "money",
        "situation": "秘密の督促",
        "strengths": "",
        "assessed_on": today(),
        "audience": "agency",
    }
    assert send(city.elderly, url, data).status_code == 302
    assert "秘密の督促" in text(page(city.elderly2, case))
    assert "秘密の督促" not in text(page(city.disability, case))


def test_an_issue_moves_to_the_team_and_keeps_its_category(city):
    case, mother, _son, _given = referred(city)
    with w.act(city.elderly):
        key = add_issue(
            case=case, by=city.elderly, issue_type="debt", person=mother, note="督促",
            audience="agency",
        ).pk  # fmt: skip
        issue = Issue.objects.get(pk=key)
        issue.note = "督促状"
        issue.save()
    url = f"/records/{key}/refile/"
    assert url in text(page(city.elderly, case))
    bad = {"category": "basic", "audience": "team", "reason": "共有", "confirmed": "1"}
    assert "表示された中から選んでください" in text(post(city.elderly, url, bad), 422)
    with w.act(city.elderly):
        record = Record.objects.get(pk=key)
        with pytest.raises(ActionDenied, match="内容で決まります"):
            refile_record(
                record=record, by=city.elderly, category="basic", audience="team", reason="x"
            )
    assert post(city.elderly, url, {**bad, "category": "money"}).status_code == 302
    assert "督促状" in text(page(city.disability, case))
    with w.act(city.disability):
        assert not Issue.history.filter(record_id=key).exists()
    with w.act(city.elderly):
        assert Issue.history.filter(record_id=key).exists()
        assert terms_of(stored(city, mother), city.elderly).agencies
