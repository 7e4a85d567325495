"""供覧 and @mention: who can be asked, who is told, the receipt; nothing to who may not read."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies.home import home_context
from agencies.models import AccessLog, Membership, Notice
from agencies.permissions import ActionDenied
from cases.models import Case, ReadRequest, Record
from cases.operations import (
    ask_to_read,
    confirm_shield,
    propose_shield,
    withdraw_consent,
    write_note,
)
from cases.operations.attachments import NewFile
from cases.reading import mentioned, readers
from tests import world as w
from tests.cases.pages import client, get, note, page, post, referred, text
from tests.cases.test_records import filled
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DAY = datetime.timedelta(days=1)
BUDGET = 60


@pytest.fixture
def city():
    found = w.city()
    found.members["manager"] = w.make_member(found.agencies["elderly"], "agency_manager")
    found.members["manager2"] = w.make_member(found.agencies["elderly"], "consultation_worker")
    return found


def offered(by, key):
    with w.act(by):
        record = Record.objects.get(pk=key)
        case = Case.objects.select_related("responsible_agency").get(pk=record.case_id)
        return {person.pk for _agency, people in readers(by, record, case) for person in people}


def asked(by, key, *people, kind="mention", in_turn=False):
    with w.act(by):
        record = Record.objects.get(pk=key)
        ask_to_read(
            record=record, by=by, people=people, kind=kind, in_turn=in_turn, batch=uuid.uuid4()
        )


def home(member):
    with w.act(member):
        sections = home_context(member)["sections"]
        return [(line.title, line.url) for rows in sections.values() for line in rows]


def waits(member, key):
    return any(url == f"/records/{key}/" for _title, url in home(member))


def row_of(member):
    with as_owner():
        return ReadRequest.objects.get(membership=member)


def form(people, how="mention"):
    persons = {f"person_{n}": str(m.pk) for n, m in enumerate(people, 1)}
    return {"batch": str(uuid.uuid4()), "how": how, **persons}


# --- who can be asked ---------------------------------------------------------------------------


def test_responsible_agency_may_ask_those_to_whom_consents_open_the_record(city):
    case, mother, son, _given = referred(city)
    of_mother = note(city.elderly, case, "母", [mother])
    of_son = note(city.elderly, case, "息子", [son])
    inner = note(city.elderly, case, "内", [mother], audience="agency")
    own = {city.elderly2.pk, city.manager.pk, city.manager2.pk}
    assert offered(city.elderly, of_mother) == own | {city.disability.pk}
    assert offered(city.elderly, of_son) == own
    assert offered(city.elderly, inner) == own


def test_another_agency_is_offered_its_own_people_alone(city):
    """Whether a third agency reads the record would tell what the consent says of it (V3)."""
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "母", [mother])
    colleague = w.make_member(city.agencies["disability"], "consultation_worker")
    w.make_member(city.agencies["disability"], "guest")
    assert offered(city.disability, key) == {colleague.pk}


def test_who_left_or_reads_no_cases_is_not_offered(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文")
    yesterday = timezone.localdate() - DAY
    w.make_member(city.agencies["elderly"], "consultation_worker", until=yesterday)
    w.make_member(city.agencies["elderly"], "city_administrator")
    assert offered(city.elderly, key) == {city.elderly2.pk, city.manager.pk, city.manager2.pk}


def test_beneath_a_shield_the_list_offers_the_list_and_others_learn_nothing(city):
    case, (mother, son) = w.household(city.elderly)
    key = note(city.elderly, case, "母", [mother])
    with w.act(city.elderly):
        shield = propose_shield(
            person=mother, by=city.elderly, ground="abuse", confirmer=city.elderly2,
            members=[], expires_on=timezone.localdate() + 90 * DAY,
        )  # fmt: skip
    with w.act(city.elderly2):
        confirm_shield(shield=shield, by=city.elderly2)
    assert offered(city.elderly, key) == {city.elderly2.pk}
    # Somebody asked all the same is told nothing, by the page or by the database.
    asked(city.elderly, key, city.manager2)
    assert not waits(city.manager2, key)
    with w.act(city.manager2):
        assert not ReadRequest._base_manager.exists()
    assert get(city.manager2, f"/records/{key}/").status_code == 404
    assert "いまは、この人に届きません" in text(get(city.elderly, f"/records/{key}/"))
    # Who is not on the list writes and names somebody: the words wait, and so does the notice.
    sent = filled(about=[str(son.pk)], text=f"@{city.elderly2.user} 見てください")
    assert post(city.manager2, f"/cases/{case.pk}/notes/new/", sent).status_code == 302
    with as_owner():
        held = Record.objects.get(author=city.manager2).pk
    assert waits(city.elderly2, held)


# --- what is asked ------------------------------------------------------------------------------


def test_mention_waits_until_it_is_looked_at_and_the_look_is_the_receipt(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "秘密のことば", [mother])
    answer = post(city.elderly, f"/records/{key}/ask/", form([city.disability, city.elderly2]))
    assert answer.status_code == 302
    assert waits(city.disability, key)
    assert waits(city.elderly2, key)
    for title, _url in home(city.disability):
        assert "秘密" not in title
        assert "架空野" not in title
    with as_owner():
        assert not Notice.objects.filter(title__contains="秘密").exists()
    assert "秘密のことば" in text(get(city.disability, f"/records/{key}/"))
    assert not waits(city.disability, key)
    assert waits(city.elderly2, key)
    assert row_of(city.disability).seen_at is not None
    shown = text(get(city.elderly, f"/records/{key}/"))
    assert "閲覧 " in shown
    assert "まだ" in shown
    # Who was asked sees their own line, not whom else the other agency asked.
    with w.act(city.disability):
        mine = ReadRequest._base_manager.values_list("membership_id", flat=True)
        assert set(mine) == {city.disability.pk}
    with w.act(city.privacy):
        assert AccessLog.objects.filter(what="record_detail", membership=city.disability).exists()


def test_circulation_goes_round_in_turn_and_ends_by_itself(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文")
    chain = [city.manager, city.elderly2, city.manager2]
    post(city.elderly, f"/records/{key}/ask/", form(chain, "in_turn"))
    assert [waits(m, key) for m in chain] == [True, False, False]
    assert "確認しました" in text(get(city.manager, f"/records/{key}/"))
    assert waits(city.manager, key)  # a look alone is no 確認
    assert "確認しました</button>" not in text(get(city.elderly2, f"/records/{key}/"))
    for number, person in enumerate(chain):
        assert [waits(m, key) for m in chain] == [n == number for n in range(3)]
        assert post(person, f"/records/{key}/confirm/", {}).status_code == 302
    assert not any(waits(m, key) for m in chain)
    shown = text(get(city.elderly, f"/records/{key}/"))
    assert shown.count("確認 R") == 3
    assert "依頼をとりやめる" not in shown


def test_who_left_holds_nobody_up_and_is_shown_as_not_reached(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文")
    asked(city.elderly, key, city.manager2, city.elderly2, kind="circulation", in_turn=True)
    assert not waits(city.elderly2, key)
    with as_owner():
        Membership.objects.filter(pk=city.manager2.pk).update(until=timezone.localdate() - DAY)
    assert waits(city.elderly2, key)
    assert "いまは、この人に届きません" in text(get(city.elderly, f"/records/{key}/"))


def test_sender_takes_back_what_nobody_has_answered(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文")
    post(city.elderly, f"/records/{key}/ask/", form([city.manager, city.elderly2], "together"))
    post(city.manager, f"/records/{key}/confirm/", {})
    batch = row_of(city.manager).batch
    end = f"/records/{key}/ask/{batch}/end/"
    assert "とりやめる" not in text(get(city.elderly2, f"/records/{key}/"))
    assert post(city.elderly2, end, {}).status_code == 302
    assert waits(city.elderly2, key)
    assert post(city.elderly, end, {}).status_code == 302
    assert not waits(city.elderly2, key)
    assert row_of(city.manager).ended_at is None
    shown = text(get(city.elderly, f"/records/{key}/"))
    assert "とりやめ" in shown
    assert "確認 R" in shown


def test_what_is_no_longer_open_waits_no_more(city):
    case, mother, _son, given = referred(city)
    key = note(city.elderly, case, "母", [mother])
    asked(city.elderly, key, city.disability)
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="希望")
    assert not waits(city.disability, key)
    with w.act(city.disability):
        assert not ReadRequest._base_manager.exists()
    assert "いまは、この人に届きません" in text(get(city.elderly, f"/records/{key}/"))


@pytest.mark.parametrize(
    ("people", "how", "sentence"),
    [
        ([], "mention", "見てもらう人を、1人は選んでください。"),
        (["elderly2", "elderly2"], "mention", "片方を別の人にするか、選ばずに空けてください。"),
        (["disability"], "together", "供覧に回せるのは、自分の機関の人だけです。"),
        (["livelihood"], "mention", "この記録を見てもらえる人の中から選んでください。"),
        (["privacy"], "mention", "この記録を見てもらえる人の中から選んでください。"),
        (["elderly2"], "x", "表示された中から選んでください。"),
    ],
)
def test_bad_choice_gets_a_sentence_and_asks_nobody(city, people, how, sentence):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "母", [mother])
    sent = form([city.members[name] for name in people], how)
    assert sentence in text(post(city.elderly, f"/records/{key}/ask/", sent), 422)
    with as_owner():
        assert not ReadRequest.objects.exists()


def test_who_is_of_another_agency_is_marked_before_one_chooses(city):
    case, mother, son, _given = referred(city)
    help_text = "供覧は、自分の機関の人に回します。"
    shared = note(city.elderly, case, "母", [mother])
    shown = text(get(city.elderly, f"/records/{shared}/ask/"))
    name = city.agencies["disability"].name
    assert help_text in shown
    assert f'<optgroup label="自分の機関（{city.agencies["elderly"].name}）">' in shown
    assert f'<optgroup label="ほかの機関（{name}）">' in shown
    assert f"{city.disability.user}（{name}　{city.disability.role_name}）" in shown
    assert f"{city.elderly2.user}（{city.elderly2.role_name}）" in shown
    own = text(get(city.elderly, f"/records/{note(city.elderly, case, '息子', [son])}/ask/"))
    assert help_text not in own
    assert "ほかの機関（" not in own


def test_the_same_form_twice_asks_once(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "文")
    sent = form([city.elderly2])
    browser = client(city.elderly)
    for _again in range(2):
        assert browser.post(f"/records/{key}/ask/", sent).status_code == 302
    with as_owner():
        assert ReadRequest.objects.count() == 1


def test_the_database_lets_nobody_answer_for_another_or_ask_in_anothers_name(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "母", [mother])
    asked(city.elderly, key, city.elderly2, kind="circulation")
    mine = ReadRequest.objects.filter(membership=city.elderly2)
    for change in ({"confirmed_at": timezone.now()}, {"seen_at": timezone.now()}):
        with w.act(city.elderly), pytest.raises(DatabaseError), transaction.atomic():
            mine.update(**change)
    with w.act(city.elderly2):
        mine.update(confirmed_at=timezone.now())
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.update(confirmed_at=None)
    values = {"record_id": key, "batch": uuid.uuid4(), "kind": "circulation"}
    for by, row in (
        (city.disability, {"membership": city.elderly2, "by": city.elderly}),
        (city.disability, {"membership": city.elderly2, "by": city.disability}),  # 供覧 elsewhere
        (city.livelihood, {"membership": city.livelihood, "by": city.livelihood}),  # not seen
    ):
        with w.act(by), pytest.raises(DatabaseError), transaction.atomic():
            ReadRequest.objects.create(agency_id=by.agency_id, **values, **row)
    with w.act(city.elderly), pytest.raises(ActionDenied):
        ask_to_read(
            record=Record.objects.get(pk=key), by=city.elderly, people=[city.disability],
            kind="circulation", batch=uuid.uuid4(),
        )  # fmt: skip


# --- @ in the words -----------------------------------------------------------------------------


def test_names_after_an_at_sign_are_told_and_others_are_not(city):
    case, mother, son, _given = referred(city)
    names = f"＠{city.elderly2.user}さん、@{city.disability.user} に。@だれか も"
    sent = filled(about=[str(mother.pk)], text=names)
    answer = client(city.elderly).post(f"/cases/{case.pk}/notes/new/", sent, follow=True)
    shown = text(answer)
    assert "知らせました。" in shown
    assert "「@だれか」には知らせていません。" in shown
    with as_owner():
        key = Record.objects.get(kind="note").pk
    assert waits(city.elderly2, key)
    assert waits(city.disability, key)
    refused = filled(about=[str(son.pk)], text=f"@{city.disability.user} へ")
    answer = client(city.elderly).post(f"/cases/{case.pk}/notes/new/", refused, follow=True)
    assert "には知らせていません。" in text(answer)
    with as_owner():
        assert ReadRequest.objects.filter(membership=city.disability).count() == 1


def test_who_is_not_responsible_is_told_why_nobody_elsewhere_was_told(city):
    """V3: the same words of who reads the note (the responsible agency), who does not, nobody."""
    case, mother, _son, _given = referred(city)
    said = set()
    for named in (city.elderly.user, city.livelihood.user, "架空 だれか"):
        sent = filled(about=[str(mother.pk)], text=f"@{named} へ")
        answer = client(city.disability).post(f"/cases/{case.pk}/notes/new/", sent, follow=True)
        said |= {str(message).partition("には")[2] for message in answer.context["messages"]}
        shown = text(answer)
        assert "には知らせていません。主担当でない機関から" in shown
        assert "「知らせる・供覧」から選べます" not in shown
    assert sum("知らせられるのは、自分の機関の人だけです。" in words for words in said) == 1
    with as_owner():
        assert not ReadRequest.objects.exists()


def test_where_nobody_can_be_asked_the_page_says_why_and_leads_back(city):
    case, mother, _son, _given = referred(city)
    key = note(city.disability, case, "母", [mother])
    shown = text(get(city.disability, f"/records/{key}/ask/"))
    assert "あなたの機関に、この記録を読む人がほかにいないためです。" in shown
    assert f'<a class="btn btn-primary" href="/cases/{case.pk}/">ケースにもどる</a>' in shown


def test_a_correction_tells_only_those_it_names_anew(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "はじめ")
    url = f"/notes/{key}/edit/"
    for version, words in enumerate((f"@{city.elderly2.user} へ", f"@{city.elderly2.user} と"), 1):
        sent = {"version": version, "method": "visit", "on": "R8.5.1", "text": words}
        sent["reason"] = "追加"
        assert post(city.elderly, url, sent).status_code == 302
    with as_owner():
        assert ReadRequest.objects.filter(membership=city.elderly2).count() == 1


def test_mentions_read_names_as_people_write_them(city):
    people = [("架空", [city.elderly, city.elderly2])]
    bare = str(city.elderly2.user).replace(" ", "")
    for words in (f"@{city.elderly2.user}", f"＠{bare}さんへ", f"見て@{bare}、よろしく"):
        assert mentioned(words, people) == ([city.elderly2], [])
    assert mentioned("taro@example.com に送った", people) == ([], [])
    assert mentioned("@だれか さん", people) == ([], ["だれか"])
    twin = Membership(pk=uuid.uuid4(), user=city.elderly2.user)
    both = [("架空", [city.elderly2, twin])]
    assert mentioned(f"@{bare}", both)[0] == []


def test_picture_is_shown_and_other_files_are_named(city):
    case, _persons = w.household(city.elderly)
    png = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
    files = [
        NewFile("写真.png", "image/png", ContentFile(png)),
        NewFile("表.pdf", "application/pdf", ContentFile(b"%PDF-1.7")),
    ]
    with w.act(city.elderly):
        key = write_note(case=case, by=city.elderly, text="文", method="visit", files=files).pk
    shown = text(get(city.elderly, f"/records/{key}/"))
    assert shown.count('<img src="/attachments/') == 1
    assert 'alt="写真.png"' in shown
    assert "表.pdf" in shown
    assert '<img src="/attachments/' not in text(page(city.elderly, case))


def test_saving_may_lead_to_whom_to_show_it(city):
    case, _persons = w.household(city.elderly)
    answer = post(city.elderly, f"/cases/{case.pk}/notes/new/", filled(ask="on"))
    assert answer["Location"].endswith("/ask/")
    assert get(city.elderly, answer["Location"]).status_code == 200


def test_page_of_a_record_asks_the_same_of_many(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "母", [mother], next_step="電話")
    browser = client(city.elderly)

    def asked_of():
        with CaptureQueriesContext(connections["default"]) as found:
            assert browser.get(f"/records/{key}/").status_code == 200
        return len(found)

    asked_of()
    asked(city.elderly, key, city.manager)
    few = asked_of()
    asked(city.elderly, key, city.elderly2, city.manager2, city.disability)
    assert asked_of() == few
    assert few <= BUDGET
