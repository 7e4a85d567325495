"""Writing notes, issues and assessments: what is kept, what is refused in a sentence."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from cases.models import AssessmentSection, CarryOut, CarryOutGrant, Issue, Note, Record
from cases.operations import add_issue, assess, change_note
from tests import world as w
from tests.cases.pages import get, note, page, post, referred, text

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# A number whose check digit is right.
MY_NUMBER = "123456789018"


@pytest.fixture
def city():
    return w.city()


def filled(**changed):
    return {
        "form_key": str(uuid.uuid4()),
        "method": "phone",
        "on": "R8.5.1",
        "at": "14:30",
        "with_whom": "花さん",
        "place": "",
        "about": ["household"],
        "text": "電話で話した",
        "next_step": "来週訪問",
        "category": "progress",
        "audience": "team",
        **changed,
    }


def test_note_is_written_about_persons_in_its_category_for_its_audience(city):
    case, mother, _son, _given = referred(city)
    answer = post(
        city.elderly,
        f"/cases/{case.pk}/notes/new/",
        filled(about=[str(mother.pk)], category="health", audience="agency"),
    )
    assert answer.status_code == 302
    with w.act(city.elderly):
        written = Note.objects.select_related("record").get(text="電話で話した")
    assert written.record.person_ids == [mother.pk]
    assert (written.record.category, written.record.audience) == ("health", "agency")
    assert timezone.localtime(written.record.happened_at).isoformat()[:16] == "2026-05-01T14:30"


def test_whether_one_met_and_how_long_it_took_stand_in_the_timeline_and_are_corrected(city):
    case, _persons = w.household(city.elderly)
    sent = filled(method="visit", result="absent", minutes="４５")
    assert post(city.elderly, f"/cases/{case.pk}/notes/new/", sent).status_code == 302
    shown = text(get(city.elderly, f"/cases/{case.pk}/"))
    assert "会えなかった・つながらなかった　45分" in shown
    with w.act(city.elderly):
        note = Note.objects.get()
    assert (note.result, note.minutes) == ("absent", 45)
    url = f"/notes/{note.pk}/edit/"
    form = get(city.elderly, url).context["form"]
    kept = {name: form[name].value() or "" for name in form.fields if name != "attachments"}
    assert (kept["result"], kept["minutes"]) == ("absent", 45)
    assert (
        post(
            city.elderly, url, kept | {"result": "met", "minutes": "", "reason": "入れまちがい"}
        ).status_code
        == 302
    )
    assert "訪問" in text(get(city.elderly, f"/cases/{case.pk}/"))
    changed = text(get(city.elderly, f"/records/{note.pk}/history/"))
    assert "会えなかった・つながらなかった" in changed
    assert "かかった時間（分）" in changed


def test_note_form_says_who_will_be_able_to_read_it(city):
    case, *_ = referred(city)
    shown = text(get(city.elderly, f"/cases/{case.pk}/notes/new/"))
    assert city.agencies["disability"].name in shown
    assert f"{city.agencies['elderly'].name}の職員だけが読めます" in shown
    shown = text(get(city.disability, f"/cases/{case.pk}/notes/new/"))
    assert "別姓田" not in shown


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"text": ""}, "内容を入れてください。"),
        ({"on": "平成40年5月1日"}, "平成は31年4月30日までです"),
        ({"on": "R20.5.1"}, "日付は今日までの日付を入れてください。"),
        ({"at": "25:99"}, "時刻は14:30のように"),
        ({"about": []}, "だれについての記録かを選んでください。"),
        ({"text": f"番号は{MY_NUMBER}です"}, "マイナンバー"),
        ({"method": ""}, "方法を選んでください。"),
        ({"with_whom": "あ" * 101}, "100文字以内"),
        ({"minutes": "半日"}, "かかった時間は、1から1440までの分で入れてください。"),
        ({"minutes": "0"}, "かかった時間は、1から1440までの分で入れてください。"),
        ({"minutes": "1441"}, "かかった時間は、1から1440までの分で入れてください。"),
    ],
)
def test_bad_note_gets_a_sentence_and_loses_nothing(city, changed, sentence):
    case, _persons = w.household(city.elderly)
    answer = post(city.elderly, f"/cases/{case.pk}/notes/new/", filled(**changed))
    shown = text(answer, 422)
    assert sentence in shown
    assert "来週訪問" in shown
    for value in changed.values():
        if isinstance(value, str):
            assert value in shown
    with w.act(city.elderly):
        assert not Note.objects.exists()


def test_household_and_a_person_at_once_is_refused(city):
    case, (mother, _son) = w.household(city.elderly)
    answer = post(
        city.elderly,
        f"/cases/{case.pk}/notes/new/",
        filled(about=["household", str(mother.pk)]),
    )
    assert "同時に選べません" in text(answer, 422)


def test_digits_declared_to_be_no_my_number_are_kept(city):
    case, _persons = w.household(city.elderly)
    url = f"/cases/{case.pk}/notes/new/"
    assert "ではありません" in text(post(city.elderly, url, filled(text=MY_NUMBER)), 422)
    answer = post(city.elderly, url, filled(text=MY_NUMBER, not_my_number="on"))
    assert answer.status_code == 302


def test_a_person_of_another_case_cannot_be_named(city):
    case, _persons = w.household(city.elderly)
    _other, (stranger, _x) = w.household(city.elderly)
    answer = post(city.elderly, f"/cases/{case.pk}/notes/new/", filled(about=[str(stranger.pk)]))
    assert "表示された中から選んでください" in text(answer, 422)


@pytest.mark.parametrize(
    ("who", "status"),
    [("elderly2", 200), ("disability", 200), ("child", 404), ("privacy", 403), ("sysadmin", 403)],
)
@pytest.mark.parametrize("what", ["notes", "issues", "assessment"])
def test_forms_by_member(city, who, status, what):
    case, *_ = referred(city)
    assert get(city.members[who], f"/cases/{case.pk}/{what}/new/").status_code == status


def edit(**changed):
    return {
        "method": "visit",
        "on": "R8.5.1",
        "with_whom": "",
        "place": "",
        "text": "直した文",
        "next_step": "",
        "version": "1",
        "reason": "日付のまちがい",
        **changed,
    }


def test_colleague_corrects_a_note_and_the_version_before_stays(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "もとの文", [mother])
    assert "もとの文" in text(get(city.elderly2, f"/notes/{key}/edit/"))
    assert post(city.elderly2, f"/notes/{key}/edit/", edit()).status_code == 302
    shown = text(page(city.elderly, case))
    assert "直した文" in shown
    assert "訂正あり" in shown
    with w.act(city.elderly):
        assert sorted(Note.history.values_list("text", flat=True)) == ["もとの文", "直した文"]


def test_stale_note_shows_both_and_keeps_what_was_typed(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "もとの文")
    with w.act(city.elderly2):
        change_note(
            note=Note.objects.select_related("record__case").get(pk=key),
            by=city.elderly2,
            version=1,
            reason="聞きちがい",
            text="同僚の文",
            method="visit",
        )
    shown = text(post(city.elderly, f"/notes/{key}/edit/", edit()), 422)
    assert "ほかの人が先に保存しました" in shown
    assert "同僚の文" in shown
    assert "直した文" in shown
    assert 'name="version" value="2"' in shown
    answer = post(city.elderly, f"/notes/{key}/edit/", edit(version="2"))
    assert answer.status_code == 302


def test_another_agency_reads_a_note_but_does_not_correct_it(city):
    case, mother, son, _given = referred(city)
    key = note(city.elderly, case, "母の記録", [mother])
    answer = get(city.disability, f"/notes/{key}/edit/")
    assert answer.status_code == 403
    assert "書いた機関" in answer.content.decode()
    hidden = note(city.elderly, case, "息子の記録", [son])
    assert get(city.disability, f"/notes/{hidden}/edit/").status_code == 404


def test_issue_is_added_and_solved_by_its_agency(city):
    case, mother, _son, _given = referred(city)
    answer = post(
        city.elderly,
        f"/cases/{case.pk}/issues/new/",
        {
            "form_key": str(uuid.uuid4()),
            "about": str(mother.pk),
            "issue_type": "debt",
            "is_primary": "on",
            "status": "suspected",
            "noted_on": "R8.4.1",
            "note": "督促状",
            "audience": "team",
        },
    )
    assert answer.status_code == 302
    with w.act(city.elderly):
        key = Issue.objects.get().pk
    shown = text(page(city.elderly, case))
    assert "督促状" in shown
    url = f"/issues/{key}/solve/"
    assert get(city.disability, url).status_code == 403
    assert get(city.child, url).status_code == 404
    early = text(post(city.elderly, url, {"on": "R8.3.1"}), 422)
    assert "令和8年4月1日からあと" in early
    assert post(city.elderly, url, {"on": "R8.6.1"}).status_code == 302
    assert "R8.6.1 解消" in text(page(city.elderly, case))


def test_issue_in_the_future_is_refused(city):
    case, _persons = w.household(city.elderly)
    data = {
        "form_key": str(uuid.uuid4()),
        "about": "household",
        "issue_type": "debt",
        "status": "confirmed",
        "noted_on": "R30.1.1",
        "note": "残るはず",
        "audience": "team",
    }
    shown = text(post(city.elderly, f"/cases/{case.pk}/issues/new/", data), 422)
    assert "いつからは今日までの日付" in shown
    assert "残るはず" in shown


def test_assessment_is_written_section_by_section(city):
    case, mother, _son, _given = referred(city)
    w.consent(city.elderly, mother, city.agencies["elderly"], city.agencies["disability"])
    url = f"/cases/{case.pk}/assessment/new/"
    answer = post(
        city.disability,
        url,
        {
            "form_key": str(uuid.uuid4()),
            "category": "health",
            "about": [str(mother.pk)],
            "situation": "膝が痛い",
            "strengths": "毎朝歩く",
            "assessed_on": "R8.5.1",
            "audience": "team",
            "more": "1",
        },
    )
    assert (answer.status_code, answer.url) == (302, url)
    assert "健康・医療" in text(get(city.disability, url))
    shown = text(page(city.elderly, case))
    assert "膝が痛い" in shown
    assert "毎朝歩く" in shown
    with w.act(city.elderly):
        assert AssessmentSection.objects.get().record.category == "health"


def carried(city, *members, until=None):
    """What a sitting let out: to these people, decided by the head."""
    case, _persons = w.household(city.elderly)
    day = until or timezone.now() + datetime.timedelta(days=30)
    with w.act(city.head):
        carry_out = CarryOut(
            case=case,
            text="週に一度、声をかける",
            review_on=timezone.localdate(day),
            decided_by=city.head,
        )
        carry_out.save(force_insert=True)
        for member in members:
            CarryOutGrant(
                permission_id=_any_permission(),
                user=member.user,
                content_object=carry_out,
                membership=member,
                granted_by=city.head,
                period=TimestamptzRange(timezone.now() - datetime.timedelta(hours=1), day),
            ).save(force_insert=True)
    return case, carry_out


def _any_permission() -> int:
    return Permission.objects.get(content_type__app_label="cases", codename="view_carryout").pk


def carried_note(**changed):
    return {"form_key": str(uuid.uuid4()), "method": "visit", **changed}


def test_carry_out_is_for_its_people_alone(city):
    case, carry_out = carried(city, city.outreach)
    url = f"/carry-outs/{carry_out.pk}/"
    shown = text(get(city.outreach, url))
    assert "週に一度、声をかける" in shown
    assert "106条の6" in shown
    for name in ("elderly", "child", "privacy", "sysadmin", "disability"):
        assert get(city.members[name], url).status_code in (403, 404), name
    colleague = w.make_member(city.agencies["outreach"], "outreach_worker")
    assert get(colleague, url).status_code == 404
    answer = post(city.outreach, url, carried_note(text="留守だった"))
    assert answer.status_code == 302
    assert "留守だった" in text(get(city.outreach, url))
    assert "留守だった" not in text(page(city.elderly, case))
    with w.act(city.outreach):
        record = Record.objects.get(carry_out=carry_out)
    assert (record.audience, record.is_household) == ("agency", True)
    assert get(city.outreach, f"/cases/{case.pk}/").status_code == 404
    assert "持ち出し" in text(get(city.outreach, "/"))


def test_empty_note_under_a_carry_out_is_refused(city):
    _case, carry_out = carried(city, city.outreach)
    shown = text(post(city.outreach, f"/carry-outs/{carry_out.pk}/", carried_note()), 422)
    assert "内容を入れてください" in shown


def test_who_decided_reads_a_carry_out_but_does_not_write_under_it(city):
    _case, carry_out = carried(city, city.outreach)
    url = f"/carry-outs/{carry_out.pk}/"
    assert "記録を保存する" not in text(get(city.head, url))
    assert post(city.head, url, carried_note(text="x")).status_code == 403


def test_primary_issue_is_a_badge(city):
    case, _persons = w.household(city.elderly)
    with w.act(city.elderly):
        add_issue(case=case, by=city.elderly, issue_type="debt", is_primary=True)
    assert "◎債務" in text(page(city.elderly, case))


# --- sections corrected --------------------------------------------------------------------------


def section_of(by, case, **more):
    with w.act(by):
        return assess(case=case, by=by, category="health", situation="膝が痛い", **more)


def correction(**changed):
    return {
        "situation": "膝の手術を受けた",
        "strengths": "毎朝歩く",
        "assessed_on": "R8.6.1",
        "version": "1",
        "reason": "手術のあと",
        **changed,
    }


def test_section_is_corrected_by_its_agency_and_the_version_before_stays(city):
    case, mother, son, _given = referred(city)
    section = section_of(city.elderly, case, persons=[mother])
    url = f"/assessment/{section.pk}/edit/"
    assert url in text(page(city.elderly, case))
    assert url not in text(page(city.disability, case))
    assert "膝が痛い" in text(get(city.elderly2, url))
    assert post(city.elderly2, url, correction()).status_code == 302
    shown = text(page(city.elderly, case))
    assert "膝の手術を受けた" in shown
    assert "訂正あり" in shown
    with w.act(city.elderly):
        versions = AssessmentSection.history.values_list("situation", flat=True)
        assert sorted(versions) == ["膝が痛い", "膝の手術を受けた"]
    assert get(city.disability, url).status_code == 403
    hidden = section_of(city.elderly, case, persons=[son])
    assert get(city.disability, f"/assessment/{hidden.pk}/edit/").status_code == 404


def test_stale_section_shows_both_and_keeps_what_was_typed(city):
    case, _persons = w.household(city.elderly)
    url = f"/assessment/{section_of(city.elderly, case).pk}/edit/"
    assert post(city.elderly2, url, correction(situation="同僚の文")).status_code == 302
    shown = text(post(city.elderly, url, correction(situation="私の文")), 422)
    assert "ほかの人が先に保存しました" in shown
    assert "同僚の文" in shown
    assert "私の文" in shown
    assert 'name="version" value="2"' in shown
    assert post(city.elderly, url, correction(situation="私の文", version="2")).status_code == 302


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"situation": ""}, "状況を書くか、項目のどれかに答えてください。"),
        ({"assessed_on": "平成40年1月1日"}, "平成は31年4月30日までです"),
        ({"strengths": f"番号は{MY_NUMBER}"}, "マイナンバー"),
        ({"reason": ""}, "直した理由を入れてください。"),
        ({"reason": "あ" * 201}, "200文字以内"),
    ],
)
def test_bad_correction_gets_a_sentence_and_loses_nothing(city, changed, sentence):
    case, _persons = w.household(city.elderly)
    url = f"/assessment/{section_of(city.elderly, case).pk}/edit/"
    typed = correction(**changed)
    shown = text(post(city.elderly, url, typed), 422)
    assert sentence in shown
    assert all(value in shown for value in typed.values())


# --- one submit, one row -------------------------------------------------------------------------


def test_the_same_form_twice_writes_one_note_issue_and_section(city):
    case, _persons = w.household(city.elderly)
    forms = {
        "notes": filled(),
        "issues": {
            "form_key": str(uuid.uuid4()),
            "about": "household",
            "issue_type": "debt",
            "status": "confirmed",
            "noted_on": "R8.4.1",
            "note": "",
            "audience": "team",
        },
        "assessment": {
            "form_key": str(uuid.uuid4()),
            "category": "health",
            "about": ["household"],
            "situation": "膝が痛い",
            "strengths": "",
            "assessed_on": "R8.5.1",
            "audience": "team",
        },
    }
    for what, data in forms.items():
        first, second = (post(city.elderly, f"/cases/{case.pk}/{what}/new/", data) for _ in "ab")
        assert (first.status_code, second.status_code, first.url) == (302, 302, second.url)
    with w.act(city.elderly):
        for model in (Note, Issue, AssessmentSection):
            assert model.objects.count() == 1, model
        assert Record.objects.count() == 3


def test_a_key_somebody_else_used_tells_nothing(city):
    """V15: the same key in another's hands, in another case or for another form is a new record."""
    case, *_ = referred(city)
    other, _persons = w.household(city.elderly)
    data = filled()
    for member, one in ((city.elderly, case), (city.elderly2, case), (city.elderly, other)):
        assert post(member, f"/cases/{one.pk}/notes/new/", data).status_code == 302
    with w.act(city.elderly):
        assert Note.objects.count() == 3


def test_a_broken_key_is_told_and_loses_nothing(city):
    case, _persons = w.household(city.elderly)
    shown = text(post(city.elderly, f"/cases/{case.pk}/notes/new/", filled(form_key="x")), 422)
    assert "画面が古くなっています" in shown
    assert "電話で話した" in shown


# --- ◎ ------------------------------------------------------------------------------------------


def test_a_new_primary_issue_makes_the_agencys_earlier_one_an_ordinary_one(city):
    case, mother, _son, _given = referred(city)
    w.consent(city.elderly, mother, city.agencies["disability"])

    def add(by, kind):
        with w.act(by):
            return add_issue(case=case, by=by, issue_type=kind, person=mother, is_primary=True)

    theirs = add(city.disability, "illness")
    earlier, later = add(city.elderly, "debt"), add(city.elderly, "hoarding")
    with w.act(city.elderly):
        assert Issue.objects.get(is_primary=True).pk == later.pk
        assert Issue.history.filter(record_id=earlier.pk).count() == 2
    with w.act(city.disability):
        assert Issue.objects.get(pk=theirs.pk).is_primary
