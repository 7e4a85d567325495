"""The plan sheet: wishes first, then goals and the role table as plain rows."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Person
from config.lib.eras import format_long
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    KasaneForm,
    MultiChoiceCards,
    SafeLine,
    SafeText,
    VersionedForm,
)
from plans import enums
from plans.models import Plan
from plans.operations import GoalFacts, ItemFacts, PlanFacts

GOALS, ITEMS = 4, 8
AgencyChoices = Sequence[tuple[str, Sequence[tuple[str, str]]]]


def _date(label: Any, *, required: bool = False, width: str = "date") -> EraDateField:
    widget = forms.TextInput(attrs={"class": width} if width else {"size": "22"})
    return EraDateField(label=label, required=required, widget=widget)


def _rows() -> dict[str, forms.Field]:
    """The fields of the plain rows; a row left empty is no row."""
    found: dict[str, forms.Field] = {}
    for n in range(1, GOALS + 1):
        found[f"goal_{n}_text"] = SafeLine(
            label=format_lazy(gettext_lazy("目標{n}"), n=n), limit=400, required=False
        )
        found[f"goal_{n}_on"] = _date(format_lazy(gettext_lazy("目標{n}の達成時期"), n=n))
    for n in range(1, ITEMS + 1):
        found[f"item_{n}_content"] = SafeLine(
            label=format_lazy(gettext_lazy("役割{n}の支援内容"), n=n),
            widget=forms.TextInput(attrs={"size": "46"}),
            limit=400,
            required=False,
        )
        found[f"item_{n}_agency"] = forms.ChoiceField(
            label=format_lazy(gettext_lazy("役割{n}の実施機関"), n=n), required=False
        )
        found[f"item_{n}_worker"] = SafeLine(
            label=format_lazy(gettext_lazy("役割{n}の担当者"), n=n),
            widget=forms.TextInput(attrs={"size": "10"}),
            limit=100,
            required=False,
        )
        found[f"item_{n}_frequency"] = SafeLine(
            label=format_lazy(gettext_lazy("役割{n}の頻度"), n=n),
            widget=forms.TextInput(attrs={"size": "10"}),
            limit=100,
            required=False,
        )
        found[f"item_{n}_until"] = _date(format_lazy(gettext_lazy("役割{n}の期限"), n=n), width="")
        found[f"item_{n}_goal"] = forms.TypedChoiceField(
            label=format_lazy(gettext_lazy("役割{n}の目標"), n=n),
            required=False,
            coerce=int,
            empty_value=None,
            choices=[("", "―"), *((str(g), str(g)) for g in range(1, GOALS + 1))],
        )
    return found


_Rows: Any = type("_Rows", (KasaneForm,), _rows())


class PlanForm(_Rows):
    """What is the same for a new plan and a draft that is changed."""

    wishes = SafeText(
        label=gettext_lazy("本人・世帯の意向"),
        help_text=gettext_lazy(
            "どう暮らしたいか、何に困り、何を望むか。本人の言葉で書きます。"
            "まだ聞けていないときは、分かっていることと、聞けていないことを書きます。"
        ),
    )
    problems = SafeText(label=gettext_lazy("解決したい課題・背景"), required=False)
    aim = SafeText(
        label=gettext_lazy("目指す姿"),
        help_text=gettext_lazy("このプランが終わるころ、本人・世帯がどうなっていたいか。"),
    )
    starts_on = _date(gettext_lazy("プラン期間の始め"), required=True)
    ends_on = _date(gettext_lazy("プラン期間の終わり"), required=True)
    review_on = _date(gettext_lazy("次回モニタリング"), required=True)
    links_outreach = forms.BooleanField(
        label=gettext_lazy("アウトリーチ等を通じた継続的支援へつなぐ"), required=False
    )
    links_participation = forms.BooleanField(label=gettext_lazy("参加支援へつなぐ"), required=False)
    field_order = (
        "programme",
        "former",
        "persons",
        "wishes",
        "problems",
        "aim",
        *_rows(),
        "starts_on",
        "ends_on",
        "review_on",
        "links_outreach",
        "links_participation",
    )

    def __init__(self, *args: Any, agencies: AgencyChoices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for n in range(1, ITEMS + 1):
            self.fields[f"item_{n}_agency"].choices = [("", _("選んでください")), *agencies]

    @property
    def goal_rows(self) -> list[dict[str, Any]]:
        """The goals' fields by row, for the template."""
        return [
            {"n": n, "text": self[f"goal_{n}_text"], "on": self[f"goal_{n}_on"]}
            for n in range(1, GOALS + 1)
        ]

    @property
    def item_rows(self) -> list[dict[str, Any]]:
        """The role table's fields by row."""
        names = ("content", "agency", "worker", "frequency", "until", "goal")
        return [
            {"n": n, **{name: self[f"item_{n}_{name}"] for name in names}}
            for n in range(1, ITEMS + 1)
        ]

    def clean(self) -> dict[str, Any]:
        """Rows are whole or empty; the dates stand in order."""
        cleaned = super().clean() or self.cleaned_data
        self._check_period(cleaned)
        for n in range(1, GOALS + 1):
            self._check_row(f"goal_{n}", ("text", "on"), ())
        for n in range(1, ITEMS + 1):
            self._check_row(
                f"item_{n}", ("content", "agency", "until"), ("worker", "frequency", "goal")
            )
            goal = cleaned.get(f"item_{n}_goal")
            if goal and not cleaned.get(f"goal_{goal}_text"):
                self._refuse(f"item_{n}_goal", _("目標%(n)sが書かれていません。") % {"n": goal})
        return cleaned

    def _refuse(self, name: str, words: str) -> None:
        if name not in self.errors:
            self.add_error(name, words)

    def _check_period(self, cleaned: dict[str, Any]) -> None:
        starts, ends, review = (cleaned.get(n) for n in ("starts_on", "ends_on", "review_on"))
        if starts and ends and ends < starts:
            self._refuse("ends_on", _("プラン期間の終わりは、始めの日よりあとにしてください。"))
        elif starts and ends and review and not starts <= review <= ends:
            self._refuse(
                "review_on",
                _(
                    "次回モニタリングは、プラン期間（%(first)sから%(last)sまで）の中の日にしてください。"
                )
                % {"first": format_long(starts), "last": format_long(ends)},
            )

    def _check_row(self, row: str, needed: Iterable[str], besides: Iterable[str]) -> None:
        given = [n for n in (*needed, *besides) if self.cleaned_data.get(f"{row}_{n}")]
        if not given:
            return
        for name in needed:
            field = f"{row}_{name}"
            if not self.cleaned_data.get(field):
                label = str(self.fields[field].label)
                verb = _("選んで") if name == "agency" else _("入れて")
                words = _("%(label)sを%(verb)sください。") % {"label": label, "verb": verb}
                self._refuse(field, words)

    def facts(self) -> PlanFacts:
        """The text, as the operation takes it."""
        names = PlanFacts.__dataclass_fields__
        return PlanFacts(**{name: self.cleaned_data[name] for name in names})

    def goals(self) -> list[GoalFacts]:
        """The rows that are filled in, in order."""
        data = self.cleaned_data
        return [GoalFacts(data[f"goal_{n}_text"], data[f"goal_{n}_on"]) for n in self._filled()]

    def _filled(self) -> list[int]:
        return [n for n in range(1, GOALS + 1) if self.cleaned_data.get(f"goal_{n}_text")]

    def items(self) -> list[ItemFacts]:
        """The role table's filled rows; a goal's number becomes its position."""
        data, positions = self.cleaned_data, {n: i for i, n in enumerate(self._filled())}
        return [
            ItemFacts(
                content=data[f"item_{n}_content"],
                agency=int(data[f"item_{n}_agency"]),
                until=data[f"item_{n}_until"],
                worker=data[f"item_{n}_worker"],
                frequency=data[f"item_{n}_frequency"],
                goal=positions.get(data[f"item_{n}_goal"]),
            )
            for n in range(1, ITEMS + 1)
            if data.get(f"item_{n}_content")
        ]


HINTS: Any = {
    enums.PlanProgramme.COORDINATION: gettext_lazy("複数の機関の役割を決め、方向をそろえる"),
    enums.PlanProgramme.OUTREACH: gettext_lazy("会えるようになるまでの関わりを続ける"),
    enums.PlanProgramme.PARTICIPATION: gettext_lazy("社会とのつながりの場へつなぐ"),
}


class PlanNewForm(PlanForm):
    """A new plan: also which programme, about whom, and which plan it follows."""

    programme = forms.ChoiceField(
        label=gettext_lazy("事業"),
        choices=enums.PlanProgramme.choices,
        widget=ChoiceCards(hints=HINTS),
    )
    former = forms.ChoiceField(
        label=gettext_lazy("前のプラン（再プランのとき）"),
        required=False,
        help_text=gettext_lazy(
            "選ぶと、このプランが決まったときに、前のプランは「再プラン」で終わります。"
        ),
    )
    persons = forms.MultipleChoiceField(
        label=gettext_lazy("だれのプランか"),
        widget=MultiChoiceCards,
        help_text=gettext_lazy("選んだ全員の同意がある機関だけが、このプランを見られます。"),
    )

    def __init__(
        self,
        *args: Any,
        persons: Sequence[Person],
        formers: Sequence[tuple[str, str]],
        programmes: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offer("programme", [c for c in enums.PlanProgramme.choices if c[0] in programmes])
        self.offer("persons", [(str(p.pk), p.shown_name) for p in persons])
        self.fields["persons"].required = bool(persons)
        self.offer("former", [("", _("なし（初回）")), *formers])
        if not formers:
            del self.fields["former"]
        if not persons:
            del self.fields["persons"]


class PlanEditForm(PlanForm, VersionedForm):  # type: ignore[misc]  # field_order: theirs is wider
    """A draft that is changed; whom it is about stays (the envelope never changes)."""


def initial_of(plan: Plan) -> dict[str, Any]:
    """What the form shows of a plan."""
    names = (*PlanFacts.__dataclass_fields__, "version")
    found: dict[str, Any] = {name: getattr(plan, name) for name in names}
    numbers = {}
    for n, goal in enumerate(plan.goals.order_by("order")[:GOALS], start=1):
        numbers[goal.pk] = n
        found |= {f"goal_{n}_text": goal.text, f"goal_{n}_on": goal.target_on}
    for n, item in enumerate(plan.supportitems.order_by("order")[:ITEMS], start=1):
        found |= {
            f"item_{n}_{name}": value
            for name, value in {
                "content": item.content,
                "agency": str(item.agency_id),
                "worker": item.worker,
                "frequency": item.frequency,
                "until": item.until,
                "goal": numbers.get(item.goal_id, "") if item.goal_id else "",
            }.items()
        }
    return found


def default_dates(
    today: datetime.date, months: int | None, monitor_months: int | None
) -> dict[str, datetime.date]:
    """The city's usual period and rhythm; half a year and three months where it says nothing."""
    return {
        "starts_on": today,
        "ends_on": _months_later(today, months or 6) - datetime.timedelta(days=1),
        "review_on": _months_later(today, min(monitor_months or 3, (months or 6) - 1 or 1))
        - datetime.timedelta(days=1),
    }


def _months_later(day: datetime.date, months: int) -> datetime.date:
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return datetime.date(year, month, last)
        except ValueError:
            continue
    raise ValueError(day)
