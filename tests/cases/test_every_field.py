"""Every field of the forms of records, assessment and risk refuses what it cannot hold: 422, a
sentence, and nothing typed is lost. That no field is forgotten is a test, too."""

from __future__ import annotations

import uuid

import pytest

from cases.models import Issue
from cases.operations import add_issue
from tests import world as w
from tests.cases.assessed import section, sheet
from tests.cases.pages import get, note, post, text
from tests.cases.test_records import MY_NUMBER

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NUMBER = f"番号は{MY_NUMBER}です"
LONG = "あ" * 20_001
CHOICE, LINE, DAY = "表示された中から選んでください", "200文字以内", "平成は31年4月30日までです"
H40 = "平成40年1月1日"
WORDS = [
    ("text", NUMBER, "マイナンバー"),
    ("text", LONG, "20,000文字以内"),
    ("text", "", "内容を入れて"),
]
HOW = [
    ("method", "", "方法を選んでください。"),
    ("method", "fax", CHOICE),
    ("with_whom", "あ" * 101, "100文字以内"),
    ("with_whom", NUMBER, "マイナンバー"),
    ("place", "あ" * 101, "100文字以内"),
    ("place", NUMBER, "マイナンバー"),
    ("result", "perhaps", CHOICE),
    ("minutes", "半日", "1から1440までの分"),
    ("minutes", "0", "1から1440までの分"),
    ("next_step", "あ" * 201, LINE),
    ("next_step", NUMBER, "マイナンバー"),
    ("next_due_on", H40, DAY),
    ("next_for", str(uuid.UUID(int=7)), CHOICE),
]
WHEN = [
    ("on", "", "日付を入れて"),
    ("on", H40, DAY),
    ("on", "令和8年2月30日", "日"),
    ("on", "R40.1.1", "今日までの日付"),
    ("at", "25:99", "14:30のように"),
    ("at", "夕方", "14:30のように"),
]
AUDIENCE = [("audience", "", "選んでください"), ("audience", "everybody", CHOICE)]
KEY = [("form_key", "x", "画面が古くなっています")]
VERSION = [("version", "x", "画面が古くなっています")]
REASON = [
    ("reason", "", "直した理由を入れてください。"),
    ("reason", "あ" * 201, LINE),
    ("reason", NUMBER, "マイナンバー"),
]
SITUATION = [
    ("situation", NUMBER, "マイナンバー"),
    ("situation", LONG, "20,000文字以内"),
    ("strengths", NUMBER, "マイナンバー"),
    ("strengths", LONG, "20,000文字以内"),
    ("assessed_on", "", "確認した日を入れてください。"),
    ("assessed_on", H40, DAY),
    ("answer_health-illness", "perhaps", "表示された答えの中から"),
    ("word_health-illness", "あ" * 61, "60文字以内"),
    ("fact_visits", NUMBER, "マイナンバー"),
    ("fact_visits", "あ" * 501, "500文字以内"),
    ("fact_insurance", "架空保険", CHOICE),
]
RISK = [
    ("answer_elder-1-head", "surely", "表示された答えの中から"),
    ("word_elder-1-head", NUMBER, "マイナンバー"),
    ("word_elder-1-head", "あ" * 61, "60文字以内"),
    ("assessed_on", H40, DAY),
    ("assessed_on", "R40.1.1", "今日までの日付"),
    ("text", NUMBER, "マイナンバー"),
    ("text", LONG, "20,000文字以内"),
    ("strengths", NUMBER, "マイナンバー"),
    ("strengths", LONG, "20,000文字以内"),
]
# Form → its address, what is sent when it is right, and what each field refuses.
FORMS = {
    "note": (
        "/cases/{case}/notes/new/",
        {
            "form_key": str(uuid.UUID(int=1)), "method": "visit", "about": "household",
            "on": "R8.5.1", "at": "10:30", "text": "玄関先で話した", "with_whom": "長女",
            "place": "自宅", "next_step": "来週訪問", "category": "progress", "audience": "team",
        },
        [*WORDS, *HOW, *WHEN, *AUDIENCE, *KEY, ("about", "nobody", CHOICE),
         ("category", "weather", CHOICE)],
    ),
    "note again": (
        "/notes/{note}/edit/",
        {
            "version": "1", "method": "visit", "on": "R8.5.1", "at": "10:30",
            "text": "玄関先で話した", "with_whom": "長女", "place": "自宅", "next_step": "来週訪問",
            "reason": "聞きちがい",
        },
        [*WORDS, *HOW, *WHEN, *REASON, *VERSION],
    ),
    "section": (
        "/cases/{case}/assessment/new/?category=health",
        {
            "form_key": str(uuid.UUID(int=1)), "category": "health", "about": "household",
            "situation": "眠れない", "strengths": "妹", "assessed_on": "R8.5.1",
            "audience": "team", "answer_health-illness": "yes", "word_health-illness": "心臓",
        },
        [*SITUATION, *AUDIENCE, *KEY, ("category", "weather", CHOICE), ("about", "nobody", CHOICE)],
    ),
    "section again": (
        "/assessment/{section}/edit/",
        {
            "version": "1", "situation": "眠れない", "strengths": "妹", "assessed_on": "R8.5.1",
            "answer_health-illness": "yes", "word_health-illness": "心臓", "reason": "聞きちがい",
        },
        [*SITUATION, *REASON, *VERSION],
    ),
    "risk": (
        "/cases/{case}/risk/new/?person={mother}&sheet=elder",
        {
            "form_key": str(uuid.UUID(int=1)), "assessed_on": "R8.5.1", "text": "通所先から",
            "strengths": "妹", "audience": "team", "answer_elder-1-head": "yes",
            "word_elder-1-head": "右側",
        },
        [*RISK, *AUDIENCE, *KEY],
    ),
    "risk again": (
        "/risk/{risk}/edit/",
        {
            "version": "1", "assessed_on": "R8.5.1", "text": "通所先から", "strengths": "妹",
            "answer_elder-1-head": "yes", "word_elder-1-head": "右側", "reason": "聞きちがい",
        },
        [*RISK, *REASON, *VERSION],
    ),
    "decision": (
        "/risk/{risk}/decide/",
        {
            "version": "1", "decided_level": "red", "override_reason": "夜が心配",
            "decided_on": "R8.11.20", "deciders": "虐待対応会議",
        },
        [
            ("decided_level", "", "判断した段階を選んでください。"), ("decided_level", "x", CHOICE),
            ("override_reason", "", "理由を入れてください。"),
            ("override_reason", "あ" * 201, LINE), ("override_reason", NUMBER, "マイナンバー"),
            ("decided_on", H40, DAY), ("decided_on", "R40.1.1", "今日までの日付"),
            ("deciders", "", "判断に加わった人を入れてください。"), ("deciders", "あ" * 201, LINE),
            ("deciders", NUMBER, "マイナンバー"), *VERSION,
        ],
    ),
    "issue": (
        "/cases/{case}/issues/new/",
        {
            "form_key": str(uuid.UUID(int=1)), "about": "household", "issue_type": "debt",
            "status": "confirmed", "noted_on": "R8.5.1", "note": "督促状", "audience": "team",
        },
        [
            ("about", "", "選んでください"), ("about", "nobody", CHOICE),
            ("issue_type", "", "課題を選んでください。"), ("issue_type", "rain", CHOICE),
            ("status", "", "選んでください"), ("status", "solved", CHOICE),
            ("noted_on", "", "いつからを入れてください。"), ("noted_on", H40, DAY),
            ("note", "あ" * 201, LINE), ("note", NUMBER, "マイナンバー"),
            ("suspected_name", "だれか", "「DV・虐待」の課題にだけ"),
            ("suspected_name", "<b>", "記号は使えません"), *AUDIENCE, *KEY,
        ],
    ),
    "solved": (
        "/issues/{issue}/solve/",
        {"on": "R8.11.20"},
        [("on", "", "解消した日を入れてください。"), ("on", H40, DAY),
         ("on", "R40.1.1", "今日までの日付"), ("on", "R1.5.1", "からあとの日付")],
    ),
    "template": (
        "/templates/",
        {"name": "電話の取りつぎ", "text": "電話の相手："},
        [("name", "", "名前を入れてください。"), ("name", "あ" * 61, "60文字以内"),
         ("text", "", "文を入れてください。"), ("text", "あ" * 4_001, "4,000文字以内"),
         ("text", NUMBER, "マイナンバー")],
    ),
}  # fmt: skip
# What no bad input reaches: ticks and files (tests/cases/test_attachments.py), and the way of
# writing, which only changes the form.
TICKS = {"not_my_number", "is_primary", "attachments", "way"}
EACH = [
    pytest.param(form, field, value, sentence, id=f"{form}-{field}-{number}")
    for form, (_url, _sent, refused) in FORMS.items()
    for number, (field, value, sentence) in enumerate(refused)
]


@pytest.fixture
def keys():
    """A household with one of everything, and who writes there."""
    city = w.city()
    by = city.elderly
    case, (mother, _son) = w.household(by)
    with w.act(by):
        add_issue(case=case, by=by, issue_type="care")
        issue = Issue.objects.get()
    return {
        "by": by, "manager": w.make_member(city.agencies["elderly"], "agency_manager"),
        "case": case.pk, "mother": mother.pk, "issue": issue.pk,
        "note": note(by, case, "電話で話した"),
        "section": section(by, case, [], situation="よく眠れない").pk,
        "risk": sheet(by, case, mother, "elder-5-words").pk,
    }  # fmt: skip


def whose(form, keys):
    return keys["manager" if form == "template" else "by"]


@pytest.mark.parametrize(("form", "field", "value", "sentence"), EACH)
def test_a_field_refuses_with_a_sentence_and_nothing_is_lost(keys, form, field, value, sentence):
    url, right, _refused = FORMS[form]
    sent = {**right, field: value}
    answer = post(whose(form, keys), url.format(**keys), sent)
    shown = text(answer, 422)
    page_form = answer.context["form"]
    beside = page_form.errors.get(field) or page_form.non_field_errors()
    assert sentence in str(beside)
    assert sentence in shown
    for name in sent.keys() & page_form.fields.keys():  # another field asks other questions
        assert str(page_form[name].value()).strip("[']") == sent[name], name
    assert 'class="error-summary' in shown


@pytest.mark.parametrize("form", FORMS)
def test_no_field_is_forgotten(keys, form):
    url, _right, refused = FORMS[form]
    fields = set(get(whose(form, keys), url.format(**keys)).context["form"].fields)
    questions = {name for name in fields if name.startswith(("answer_", "word_"))}
    told = {field for field, _value, _sentence in refused}
    assert fields - questions - TICKS <= told
    assert bool(questions) == any(name.startswith("answer_") for name in told)


@pytest.mark.parametrize("form", ["note", "note again"])
@pytest.mark.parametrize("field", ["place", "next_due_on", "result"])
def test_what_is_wrong_behind_a_fold_is_shown(keys, form, field):
    url, right, refused = FORMS[form]
    value = next(value for name, value, _sentence in refused if name == field)
    plain = {**right, "with_whom": "", "place": "", "next_step": ""}
    shown = text(post(keys["by"], url.format(**keys), {**plain, field: value}), 422)
    folds = [part.split("</details>")[0] for part in shown.split('<details class="fold"')[1:]]
    there = [fold for fold in folds if f'name="{field}"' in fold]
    assert len(there) == 1
    assert there[0].startswith(" open>")
    assert sum(fold.startswith(" open>") for fold in folds) == 1
