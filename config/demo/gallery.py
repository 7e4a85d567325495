"""The gallery: every component with invented data, for whoever builds a page."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cases.kinship.picture import draw
from cases.kinship.svg import svg
from config.demo.families import SAMPLES
from config.lib.forms import KasaneForm


class SampleForm(KasaneForm):
    way = forms.ChoiceField(
        label="どうやって来たか",
        choices=[("tel", "電話"), ("visit", "来所"), ("out", "訪問")],
        widget=forms.RadioSelect,
    )
    name = forms.CharField(
        label="氏名", required=False, help_text="分からないときは「不明」と書きます。"
    )
    birth = forms.CharField(
        label="生年月日",
        help_text="例：昭和30年4月1日、S30.4.1、1955-04-01",
        widget=forms.TextInput(attrs={"class": "date"}),
    )
    topics = forms.MultipleChoiceField(
        label="気になること",
        required=False,
        choices=[("a", "病気"), ("b", "住まい"), ("c", "家計")],
        widget=forms.CheckboxSelectMultiple,
    )
    urgent = forms.BooleanField(label="命や体、財産に危険がある", required=False)
    text = forms.CharField(label="内容", widget=forms.Textarea)


MARKS = [("", "－"), ("applies", "○"), ("primary", "◎")]


class SampleIssues(KasaneForm):
    housing = forms.ChoiceField(
        label="住まいが不安定", required=False, choices=MARKS, widget=forms.RadioSelect
    )
    money = forms.ChoiceField(
        label="家計管理の課題", required=False, choices=MARKS, widget=forms.RadioSelect
    )
    alone = forms.ChoiceField(
        label="社会的孤立", required=False, choices=MARKS, widget=forms.RadioSelect
    )


SAMPLE: dict[str, Any] = {
    "form": SampleForm({"birth": "平成32年5月1日"}),
    "issues": list(SampleIssues(initial={"housing": "applies", "money": "primary"})),
    "steps": [
        {"label": "相談受付", "state": "done", "on": "10/28"},
        {"label": "アセスメント", "state": "done", "on": "11/20"},
        {"label": "プラン案", "state": "now"},
        {"label": "会議", "state": "todo", "on": "12/8"},
        {"label": "実施・モニタリング", "state": "todo"},
        {"label": "評価", "state": "todo"},
    ],
    "tabs": [
        {"label": "概要", "url": "#tabs", "current": True},
        {"label": "記録", "url": "#tabs", "count": 24},
        {"label": "同意と閲覧", "url": "#tabs"},
    ],
    "facts": [
        {"term": "氏名", "value": "架空野 花子さん", "note": "かくうの はなこ"},
        {"term": "住所", "hidden": True},
        {"term": "電話番号", "value": ""},
        {"term": "主担当", "value": "架空中央地域包括支援センター", "href": "#defs"},
    ],
    "seers": [
        {
            "agency": "人とくらしのサポートセンター",
            "url": "#who-may-see",
            "parts": [
                {"basis": "同意 A 花子さん", "what": "すべての種類", "until": "R9.10.27まで"},
                {"basis": "同意 B 太郎さん", "what": "基本情報・就労", "until": "R9.3.31まで"},
            ],
        },
        {"agency": "障害福祉課", "basis": "同意 B", "until": "R9.10.27まで"},
    ],
    "roles": [
        {
            "goal": "家計の見通しを一緒に立てる",
            "support": "家計相談",
            "frequency": "月2回",
            "who": "自立相談支援（架空）",
            "until": "R9.3.31",
            "state": "実施中",
            "tone": "info",
        },
        {
            "goal": "母の受診",
            "support": "同行",
            "who": "東地域包括（架空）",
            "until": "R8.11.20",
            "late": True,
            "state": "遅れ",
            "tone": "bad",
        },
    ],
    "effects": [
        {"figure": 3, "unit": "機関", "text": "記録が見られなくなります"},
        {"figure": 14, "unit": "件", "text": "記録が閉じます"},
        {"text": "元に戻すには、新しい同意が要ります"},
    ],
    "agenda": [
        {"title": "架空川 世帯", "sub": "済：適切", "state": "done"},
        {"title": "見本林 世帯", "sub": "プランの適切性　15分", "state": "now"},
        {"title": "架空浜 世帯", "sub": "情報共有　20分", "state": "todo", "secret": True},
    ],
    "bars": [
        {"label": "高齢", "value": 42, "before": 38, "target": 45},
        {"label": "障害", "value": 27, "before": 30, "target": 30},
        {"label": "子ども", "value": 9, "before": 4, "target": 10},
        {"label": "困窮", "value": 31, "before": 22, "target": 30},
    ],
}


NOTE_PARTS = [
    ("事実", "通帳は三人が別々に管理。"),
    ("意見", "家計の見通しを立てると安心につながる。"),
    ("要望", "12月に同行してほしい。"),
]


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """The page with all components."""
    return render(request, "gallery.html", {"sample": SAMPLE, "note_parts": NOTE_PARTS})


@require_GET
def gallery_genogram(request: HttpRequest) -> HttpResponse:
    """Twenty invented households, drawn."""
    samples = []
    for number, sample in enumerate(SAMPLES):
        genogram, ecomap = (svg(picture, "同居") for picture in draw(sample.household))
        samples.append({
            "id": f"s{number}", "title": f"{number + 1}. {sample.title}", "genogram": genogram,
            "ecomap": ecomap if sample.household.helpers else None,
        })  # fmt: skip
    return render(request, "gallery_genogram.html", {"samples": samples})
