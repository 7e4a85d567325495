"""転出の引継ぎ: to whom and about whom; then what is told; answers; how it went; what came back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import enums
from cases.forms.consent import POWER_HELP, ask_for_proxy
from cases.forms.person import short_line
from cases.models import Person
from cases.moveouts import GROUPS, Choice, Item
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    MultiChoiceCards,
    NameField,
    PhoneField,
    SafeText,
)

STACK = {"class": "choices-stack"}
ANSWERS = enums.MoveOutAnswerKind
SHOWN = 120  # of a record, where it is chosen


class MoveOutLetterForm(KasaneForm):
    """First all that is typed: to which municipality, of whom it tells, what is asked of it."""

    form_key = IdempotencyKey()
    municipality = short_line(
        60,
        label=gettext_lazy("転出先の市区町村"),
        help_text=gettext_lazy("都道府県から書きます。例：架空県見本市"),
    )
    office = short_line(
        100,
        label=gettext_lazy("受け取る部署・窓口"),
        help_text=gettext_lazy("電話で相手を確かめてから書きます。例：福祉課 地域福祉係"),
    )
    phone = PhoneField(label=gettext_lazy("受け取る部署の電話番号"))
    moves_on = EraDateField(label=gettext_lazy("転出する日"), required=False)
    persons = forms.MultipleChoiceField(
        label=gettext_lazy("だれのことを引き継ぐか"),
        widget=MultiChoiceCards(attrs={"class": ""}),
        help_text=gettext_lazy(
            "選んだ人ひとりひとりの同意が要ります。選ばない人のことは、名前も記録も載りません。"
        ),
        error_messages={"required": gettext_lazy("だれのことを引き継ぐかを選んでください。")},
    )
    contacts = forms.BooleanField(
        label=gettext_lazy("いまの住所と電話番号を載せる"), required=False
    )
    wish = SafeText(
        label=gettext_lazy("引き継ぐ理由・お願いしたいこと"),
        limit=2000,
        widget=forms.Textarea({"rows": 4}),
        error_messages={
            "required": gettext_lazy("引き継ぐ理由・お願いしたいことを書いてください。")
        },
    )
    words = SafeText(
        label=gettext_lazy("これまでの支援のまとめ"),
        required=False,
        limit=8000,
        widget=forms.Textarea({"class": "tall"}),
        help_text=gettext_lazy("次の画面で選ぶ記録だけで伝わるときは、空のままにします。"),
    )
    not_my_number = forms.BooleanField(
        label=gettext_lazy("この12桁の数字は、マイナンバー（個人番号）ではありません"),
        required=False,
    )

    def __init__(
        self, *args: Any, persons: Sequence[Person], offers_contacts: bool, **kwargs: Any
    ) -> None:
        self.persons_by_key = {str(p.pk): p for p in persons}
        super().__init__(*args, **kwargs)
        self.offer("persons", [(key, p.shown_name) for key, p in self.persons_by_key.items()])
        if len(persons) == 1:
            self.initial.setdefault("persons", list(self.persons_by_key))
        if not offers_contacts:
            del self.fields["contacts"]

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return any(self.has_error(name, "my_number") for name in self.fields)

    def chosen(self) -> list[Person]:
        """Whom the paper tells of."""
        return [self.persons_by_key[key] for key in self.cleaned_data["persons"]]


class MoveOutForm(MoveOutLetterForm):
    """Then which records go with it, by kind: those that tell of nobody else."""

    def __init__(self, *args: Any, items: Sequence[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups: list[str] = []
        for name, label, _kinds in GROUPS:
            if mine := [item for item in items if item.group == name]:
                self._offer(name, label, mine)

    @property
    def offered(self) -> list[Any]:
        """The fields of this second page."""
        return [self[name] for name in self.groups]

    def choice(self) -> Choice:
        """What the operation takes."""
        data = self.cleaned_data
        return Choice(
            municipality=data["municipality"],
            office=data["office"],
            phone=data["phone"].display,
            moves_on=data["moves_on"],
            persons=self.chosen(),
            wish=data["wish"],
            words=data["words"],
            records={uuid.UUID(key) for name in self.groups for key in data[name]},
            contacts=bool(data.get("contacts")),
        )

    def _offer(self, name: str, label: Any, items: Sequence[Item]) -> None:
        hints = {str(i.key): _hint(i) for i in items}
        field = forms.MultipleChoiceField(
            label=label,
            required=False,
            choices=[(str(i.key), f"{i.when}　{i.title}") for i in items],
            widget=MultiChoiceCards(attrs=dict(STACK), hints=hints),
            error_messages={
                "invalid_choice": _(
                    "いまは載せられない記録が選ばれています。選びなおしてください。"
                )
            },
        )
        self.add(name, field)
        self.groups.append(name)


def _hint(item: Item) -> str:
    text = " ".join(item.text.split())
    short = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return "　".join(part for part in (item.about, item.by, short) if part)


class MoveOutAnswerForm(KasaneForm):
    """What a person said after having been shown the paper."""

    form_key = IdempotencyKey()
    answer = forms.ChoiceField(
        label=gettext_lazy("本人の答え"), widget=ChoiceCards(attrs={"class": ""})
    )
    method = forms.ChoiceField(
        label=gettext_lazy("答えの方法"),
        choices=enums.ConsentMethod.choices,
        widget=ChoiceCards(attrs={"class": ""}),
    )
    proxy_name = NameField(label=gettext_lazy("代理人の氏名"), required=False)
    proxy_power = short_line(
        100, label=gettext_lazy("代理権の根拠"), required=False, help_text=POWER_HELP
    )
    given_on = EraDateField(label=gettext_lazy("答えた日"), not_future=True)

    def __init__(self, *args: Any, answers: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("answer", [(a, ANSWERS(a).label) for a in answers])
        if len(answers) == 1:
            self.initial.setdefault("answer", answers[0])

    def clean(self) -> dict[str, Any]:
        """A proxy is named, with the ground of their power."""
        data = super().clean() or self.cleaned_data
        ask_for_proxy(self, data)
        if data.get("method") != enums.ConsentMethod.PROXY:
            data |= {"proxy_name": "", "proxy_power": ""}
        return data


class MoveOutSendForm(KasaneForm):
    """It has gone: when, and how."""

    on = EraDateField(label=gettext_lazy("出した日"), not_future=True)
    how = forms.ChoiceField(
        label=gettext_lazy("出し方"),
        choices=enums.SentBy.choices,
        widget=ChoiceCards(attrs={"class": ""}),
    )


class MoveOutReceiptForm(KasaneForm):
    """What the other municipality said."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("転出先の返事"),
        choices=[
            (enums.MoveOutState.RECEIVED, gettext_lazy("受け取った")),
            (enums.MoveOutState.RETURNED, gettext_lazy("返された・受け取れないと言われた")),
        ],
        widget=ChoiceCards(attrs={"class": ""}),
    )
    on = EraDateField(label=gettext_lazy("返事のあった日"), not_future=True)
    who = short_line(
        100,
        label=gettext_lazy("受け取った人"),
        required=False,
        help_text=gettext_lazy("転出先の部署と氏名。例：福祉課 架空さん"),
    )
    reason = short_line(
        400,
        label=gettext_lazy("返された理由"),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Who received it, or why it came back."""
        data = super().clean() or self.cleaned_data
        if data.get("outcome") == enums.MoveOutState.RECEIVED:
            if not data.get("who") and "who" not in self.errors:
                self.add_error("who", _("転出先で受け取った人を書いてください。"))
        elif data.get("outcome") and not data.get("reason") and "reason" not in self.errors:
            self.add_error("reason", _("返された理由を書いてください。"))
        return data


class MoveOutCancelForm(KasaneForm):
    """取りやめ, with a reason."""

    reason = short_line(
        400,
        label=gettext_lazy("取りやめる理由"),
        error_messages={"required": gettext_lazy("取りやめる理由を書いてください。")},
    )
