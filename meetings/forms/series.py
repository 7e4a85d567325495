"""定例の決まり: how often, on which day, at what hour, and what its office does before."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.forms import EraDateField, IdempotencyKey
from config.lib.rhythm import UnknownRule
from meetings import enums
from meetings.forms.sittings import HoursForm
from meetings.models import Series
from meetings.operations import STEPS, Rhythm
from meetings.rules import BY_DAY, BY_WEEKDAY, DAYS, EVERY, NTHS, OPEN, WEEKLY, Asked, asked_of

MOST_DAYS = 60


def _before(label: Any, help_text: Any) -> forms.IntegerField:
    sentence = _("%(label)sは、0から%(most)sまでの数字で入れてください。") % {
        "label": label,
        "most": MOST_DAYS,
    }
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=MOST_DAYS,
        help_text=help_text,
        widget=forms.TextInput(attrs={"class": "in-s", "inputmode": "numeric"}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), sentence),
    )


class SeriesForm(HoursForm):
    """What one says of the rule, in words; `asked` puts it together."""

    since = EraDateField(
        label=_("いつから"),
        not_past=True,
        help_text=_("例：R9.4.1。この日からあとの会議が、この決まりで作られます。"),
    )
    every = forms.ChoiceField(label=_("どのくらいごとに"), choices=EVERY, widget=forms.RadioSelect)
    by = forms.ChoiceField(
        label=_("日の決め方"),
        choices=[
            (BY_WEEKDAY, _("曜日で決める（第4水曜日など）")),
            (BY_DAY, _("日付で決める（15日など）")),
            (OPEN, _("日はそのつど決める")),
        ],
        widget=forms.RadioSelect,
    )
    nths = forms.MultipleChoiceField(
        label=_("第何週"),
        choices=NTHS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("曜日で決めるときに選びます。第2と第4のように、2つ選べば月に2回です。"),
    )
    weekday = forms.ChoiceField(
        label=_("曜日"), choices=DAYS, required=False, widget=forms.RadioSelect
    )
    day = forms.IntegerField(
        label=_("毎月の日"),
        required=False,
        min_value=1,
        max_value=31,
        help_text=_("日付で決めるときに入れます。その日がない月は開きません。"),
        widget=forms.TextInput(attrs={"class": "in-s", "inputmode": "numeric"}),
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"),
            _("毎月の日は、1から31までの数字で入れてください。"),
        ),
    )
    on_day_off = forms.ChoiceField(
        label=_("閉庁日に当たるとき"), choices=enums.OnDayOff.choices, widget=forms.RadioSelect
    )
    call_days = _before(
        _("議題の募集（開庁日で何日前）"),
        _("この日に、構成員の機関と事務局に、議題を受け付けることを知らせます。"),
    )
    agenda_days = _before(
        _("議題の締切（開庁日で何日前）"),
        _("この日に、事務局に知らせます。空ける欄はしないことです。"),
    )
    notice_days = _before(
        _("開催通知（開庁日で何日前）"), _("この日に、まだ送っていなければ、事務局に知らせます。")
    )
    pack_days = _before(_("資料の配付（開庁日で何日前）"), _("この日に、事務局に知らせます。"))
    form_key = IdempotencyKey()
    # The rhythm that stood when the form was opened.
    instead_of = forms.UUIDField(required=False, widget=forms.HiddenInput)

    field_order = [
        "since", "every", "by", "nths", "weekday", "day", "on_day_off", "starts_at", "ends_at",
        "place", "call_days", "agenda_days", "notice_days", "pack_days",
    ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        every, by = data.get("every"), data.get("by")
        weekly = every in WEEKLY
        if weekly and by not in (BY_WEEKDAY, None):
            self.add_error("by", _("毎週・隔週の会議は、曜日で決めます。"))
        if weekly and data.get("nths"):
            self.add_error(
                "nths", _("毎週・隔週では、第何週は選べません。チェックを外してください。")
            )
        if by == BY_WEEKDAY and not data.get("weekday"):
            self.add_error("weekday", _("曜日を選んでください。"))
        if by == BY_WEEKDAY and every and not weekly and not data.get("nths"):
            self.add_error("nths", _("第何週かを選んでください。"))
        if by == BY_DAY and data.get("day") is None and "day" not in self.errors:
            self.add_error("day", _("毎月の日を入れてください。"))
        if by is not None and by != BY_DAY and data.get("day") is not None:
            self.add_error(
                "day", _("日付で決めるときだけ入れます。消すか、日の決め方を選び直してください。")
            )
        self._check_order(data)
        return data

    def _check_order(self, data: dict[str, Any]) -> None:
        """Days, each no earlier before the sitting than what comes before it."""
        last = None
        for name in STEPS:
            days = data.get(name)
            if days is None:
                continue
            if last is not None and days > data[last]:
                words = _("「%(before)s」より前の日になっています。%(most)s以下にしてください。")
                before = str(self.fields[last].label).split("（")[0]
                self.add_error(name, words % {"before": before, "most": data[last]})
            last = name

    def rhythm(self) -> Rhythm:
        """What was said, once it is valid."""
        data = self.cleaned_data
        asked = Asked(data["every"], data["by"], tuple(data["nths"]), data["weekday"], data["day"])
        named = ("since", "on_day_off", "starts_at", "ends_at", "place")
        days = ("call_days", "agenda_days", "notice_days", "pack_days")
        return Rhythm(rule=asked.rule, **{name: data[name] for name in (*named, *days)})


def said(rule: str, series: Series | None) -> dict[str, Any]:
    """A standing rule, and the series it is of, as the form's first values."""
    found: dict[str, Any] = {"on_day_off": enums.OnDayOff.NEXT}
    try:
        asked = asked_of(rule) if rule else None
    except UnknownRule:
        asked = None
    if asked is not None:
        found |= {
            "every": asked.every,
            "by": asked.by,
            "nths": list(asked.nths),
            "weekday": asked.weekday,
            "day": asked.day,
        }
    if series is not None:
        names = ("on_day_off", "starts_at", "ends_at", "place", "call_days", "agenda_days",
                 "notice_days", "pack_days")  # fmt: skip
        found |= {name: getattr(series, name) for name in names}
    return found
