"""Writing a note: in parts, with phrases, as last time; correcting it with a reason."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, transaction

from agencies.models import AccessLog
from agencies.permissions import ActionDenied
from cases.models import Draft, Note, NoteTemplate
from cases.operations import change_note, end_template, keep_template
from tests import world as w
from tests.cases.pages import get, note, page, post, referred, text
from tests.cases.test_records import filled
from tests.owner import as_owner

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MY_NUMBER = "123456789018"


@pytest.fixture
def city():
    found = w.city()
    found.members["manager"] = w.make_member(found.agencies["elderly"], "agency_manager")
    return found


@pytest.fixture
def case(city):
    return w.household(city.elderly)[0]


def new(case):
    return f"/cases/{case.pk}/notes/new/"


def parted(**parts):
    sent = filled(way="facts", text="")
    del sent["text"]
    return sent | {f"part_{key}": words for key, words in parts.items()}


def written(by):
    with w.act(by):
        return Note.objects.select_related("record").get()


def test_plain_case_asks_for_four_things_and_knows_the_rest(city, case):
    form = get(city.elderly, new(case)).context["form"]
    asked = [
        field.name
        for field in form
        if field.field.required and not field.is_hidden and not field.value()
    ]
    assert asked == ["method", "about", "text"]
    assert sum(f.field.required and not f.is_hidden for f in form) <= 6


def test_parts_become_one_text_and_are_shown_apart(city, case):
    sent = parted(fact="通帳は三人が別々", opinion="", request="同行してほしい")
    assert post(city.elderly, new(case), sent).status_code == 302
    found = written(city.elderly)
    assert found.text == "【事実】\n通帳は三人が別々\n【要望】\n同行してほしい"
    shown = text(page(city.elderly, case))
    assert "<b>事実</b>通帳は三人が別々" in shown
    assert "<b>要望</b>同行してほしい" in shown
    assert "【事実】" not in shown
    edit = get(city.elderly, f"/notes/{found.pk}/edit/").context["form"]
    assert edit["part_fact"].value() == "通帳は三人が別々"
    assert edit["part_opinion"].value() == ""


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (parted(fact="", request=""), "内容を、どれか一つの欄には入れてください。"),
        (parted(fact=f"番号は{MY_NUMBER}", request="残る文"), "マイナンバー"),
        (parted(fact="あ" * 10_001, request="い" * 10_001), "全部あわせて20,000文字以内"),
        (parted(fact="訪問", request="残る文") | {"method": ""}, "方法を選んでください。"),
        (filled(next_step="", next_due_on="R9.1.1"), "次にすることも入れてください。"),
        (filled(next_due_on="平成40年1月1日"), "平成は31年4月30日までです"),
        (filled(next_for=str(uuid.uuid4())), "表示された中から選んでください。"),
    ],
)
def test_bad_input_gets_a_sentence_and_loses_nothing(city, case, sent, sentence):
    shown = text(post(city.elderly, new(case), sent), 422)
    assert sentence in shown
    typed = [v for k, v in sent.items() if k.startswith(("part_", "next_due")) and v]
    assert all(words in shown for words in typed)
    with w.act(city.elderly):
        assert not Note.objects.exists()


def test_changing_the_way_of_writing_keeps_what_was_typed_and_writes_nothing(city, case):
    sent = filled(text="電話で話した", place="役所") | {"prepare": "way-fsoaip"}
    answer = post(city.elderly, new(case), sent)
    form = answer.context["form"]
    assert answer.status_code == 200
    assert form["part_objective"].value() == "電話で話した"
    assert (form["place"].value(), form["form_key"].value()) == ("役所", sent["form_key"])
    assert form["about"].value() == ["household"]
    assert "has-error" not in text(answer)
    back = parted(fact="一", opinion="二", request="三") | {"prepare": "way-"}
    assert post(city.elderly, new(case), back).context["form"]["text"].value() == (
        "【事実】\n一\n【意見】\n二\n【要望】\n三"
    )
    nonsense = filled(text="残る") | {"prepare": "way-x"}
    assert post(city.elderly, new(case), nonsense).context["form"]["text"].value() == "残る"
    with w.act(city.elderly):
        assert not Note.objects.exists()


def test_as_last_time_brings_how_and_whom_but_not_the_words(city):
    case, mother, _son, _given = referred(city)
    note(
        city.elderly, case, "前の文", [mother], place="自宅", with_whom="花さん",
        category="health", audience="agency",
    )  # fmt: skip
    note(city.elderly2, case, "同僚の文", place="役所")
    answer = post(city.elderly, new(case), filled(text="いまの文") | {"prepare": "last"})
    form = answer.context["form"]
    names = ("method", "place", "with_whom", "about", "category", "audience", "text")
    assert [form[name].value() for name in names] == [
        "visit", "自宅", "花さん", [str(mother.pk)], "health", "agency", "いまの文",
    ]  # fmt: skip
    shown = post(city.coordinator, new(case), filled() | {"prepare": "last"})
    assert shown.status_code == 404
    nobody = post(city.disability, new(case), filled(text="残る") | {"prepare": "last"})
    assert "あなたが前に書いた記録はまだありません" in text(nobody)
    assert nobody.context["form"]["text"].value() == "残る"


def test_phrase_is_kept_by_the_manager_and_put_into_a_note_on_choice(city, case):
    sent = {"name": "定期訪問", "text": "【事実】\n体調：\n【要望】\n本人："}
    assert post(city.manager, "/templates/", sent).status_code == 302
    assert post(city.elderly, "/templates/", sent).status_code == 403
    with w.act(city.elderly):
        phrase = NoteTemplate.objects.visible_to(city.elderly).get()
    assert "定期訪問" in text(get(city.elderly, new(case)))
    chosen = filled(text="元気") | {"prepare": "phrase", "phrase": str(phrase.pk)}
    form = post(city.elderly, new(case), chosen).context["form"]
    assert form["part_fact"].value() == "元気\n体調："
    assert form["part_request"].value() == "本人："
    none = filled(text="残る") | {"prepare": "phrase", "phrase": "x"}
    assert post(city.elderly, new(case), none).context["form"]["text"].value() == "残る"
    url = f"/templates/{phrase.pk}/"
    assert "400" not in text(get(city.manager, url))
    shown = text(post(city.manager, url, {"name": "", "text": "残る文"}), 422)
    assert "名前を入れてください。" in shown
    assert "残る文" in shown
    sent = {"name": "月例訪問", "text": "体調："}
    assert post(city.manager, url, sent).status_code == 302
    assert "月例訪問" in text(get(city.elderly, new(case)))
    assert post(city.manager, url, {"end": "on"}).status_code == 302
    assert "月例訪問" not in text(get(city.elderly, new(case)))
    assert get(city.manager, url).status_code == 404


def test_every_change_of_a_phrase_leaves_a_line_in_the_log(city):
    with w.act(city.manager):
        phrase = keep_template(by=city.manager, name="訪問", text="訪問した。")
        keep_template(by=city.manager, name="訪問", text="訪ねた。", template=phrase)
        end_template(by=city.manager, template=phrase)
    with as_owner():
        lines = AccessLog.objects.filter(what__endswith="_template", action="write")
        assert [(line.what, line.membership_id) for line in lines.order_by("at", "id")] == [
            ("keep_template", city.manager.pk),
            ("keep_template", city.manager.pk),
            ("end_template", city.manager.pk),
        ]


def test_phrases_are_the_agencys_alone(city):
    with w.act(city.manager):
        phrase = keep_template(by=city.manager, name="訪問", text="訪問した。")
    with w.act(city.disability):
        assert not NoteTemplate._base_manager.exists()
    with w.act(city.elderly):
        assert NoteTemplate.objects.visible_to(city.elderly).count() == 1
        with pytest.raises(ActionDenied):
            end_template(by=city.elderly, template=phrase)
        with pytest.raises(DatabaseError), transaction.atomic():
            NoteTemplate.objects.filter(pk=phrase.pk).update(name="x")
        with pytest.raises(DatabaseError), transaction.atomic():
            NoteTemplate.objects.create(agency_id=city.elderly.agency_id, name="x", text="x")
    with w.act(city.manager), pytest.raises(DatabaseError), transaction.atomic():
        NoteTemplate.objects.create(agency=city.agencies["child"], name="x", text="x")


def kept(case, key, member):
    form = get(member, f"/notes/{key}/edit/").context["form"]
    names = [name for name in form.fields if name != "attachments"]
    return {name: form[name].value() or "" for name in names}


def test_correction_without_a_reason_is_asked_for_it_and_shown_with_it(city, case):
    key = note(city.elderly, case, "はじめの文", next_step="電話")
    url, sent = f"/notes/{key}/edit/", kept(case, key, city.elderly)
    shown = text(post(city.elderly, url, sent | {"text": "直した文"}), 422)
    assert "直した理由を入れてください。" in shown
    assert '直した理由<span class="required">※必須</span>' in shown
    assert "直した文" in shown
    answer = post(city.elderly, url, sent | {"text": "直した文", "reason": "聞きちがい"})
    assert answer.status_code == 302
    assert "直した理由：聞きちがい" in text(page(city.elderly, case))
    assert "直した理由：聞きちがい" in text(get(city.elderly, f"/records/{key}/history/"))
    with w.act(city.elderly):
        reasons = Note.history.filter(record_id=key).values_list("version", "correction_reason")
        assert sorted(reasons) == [(1, ""), (2, "聞きちがい")]


def test_another_day_or_person_for_the_next_step_is_no_correction(city, case):
    key = note(city.elderly, case, "文", next_step="電話")
    sent = kept(case, key, city.elderly) | {"next_due_on": "R9.4.1", "next_for": "agency"}
    assert post(city.elderly, f"/notes/{key}/edit/", sent).status_code == 302
    with w.act(city.elderly):
        row = Note.objects.select_related("record__task").get(pk=key)
        assert (row.version, row.record.task.due_on.isoformat()) == (1, "2027-04-01")
        assert row.record.task.membership_id is None


def test_operation_refuses_a_correction_without_a_reason(city, case):
    key = note(city.elderly, case, "文")
    with w.act(city.elderly):
        row = Note.objects.select_related("record__case").get(pk=key)
        with pytest.raises(ActionDenied):
            change_note(note=row, by=city.elderly, version=1, reason=" ", text="x", method="visit")


def test_two_correcting_the_same_part_see_both(city, case):
    post(city.elderly, new(case), parted(fact="はじめ", request="同行"))
    key = written(city.elderly).pk
    mine = kept(case, key, city.elderly)
    theirs = mine | {"part_fact": "同僚の文", "reason": "追加"}
    assert post(city.elderly2, f"/notes/{key}/edit/", theirs).status_code == 302
    sent = mine | {"part_fact": "私の文", "reason": "訂正"}
    shown = text(post(city.elderly, f"/notes/{key}/edit/", sent), 422)
    assert "ほかの人が先に保存しました" in shown
    assert "同僚の文" in shown
    assert "私の文" in shown
    assert post(city.elderly, f"/notes/{key}/edit/", sent | {"version": "2"}).status_code == 302


def test_draft_in_parts_opens_in_parts(city, case):
    """The page puts words back by field: the fields have to be there."""
    token = get(city.elderly, new(case)).content.decode().split('name="draft_token" value="')[1]
    sent = parted(fact="書きかけ") | {"draft_token": token.split('"')[0]}
    assert post(city.elderly, "/drafts/save/", sent).status_code == 200
    with w.act(city.elderly):
        key = Draft.objects.visible_to(city.elderly).get().pk
    assert "part_fact" in get(city.elderly, f"{new(case)}?draft={key}").context["form"].fields
    assert "text" in get(city.elderly, new(case)).context["form"].fields
    prepared = post(city.elderly, new(case), sent | {"prepare": "way-"})
    assert prepared.status_code == 200
    with w.act(city.elderly):
        assert Draft.objects.visible_to(city.elderly).exists()
