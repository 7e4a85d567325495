"""Input of the agencies room: sign-in, switching memberships, and memberships themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from agencies.enums import MembershipState
from agencies.models import Agency, ContactPoint, Role, User
from agencies.operations.directory import ContactPointFacts
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    PhoneField,
    SafeLine,
    VersionedForm,
)


class SignInForm(forms.Form):
    """User name and password; errors never say which of the two was wrong (V15)."""

    username = forms.CharField(
        label=_("利用者名"),
        max_length=150,
        error_messages={"required": _("利用者名を入力してください。")},
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label=_("パスワード"),
        strip=False,
        error_messages={"required": _("パスワードを入力してください。")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class FactorForm(forms.Form):
    """A code of the authenticator app or a recovery code in one field, or a passkey's answer."""

    answer = "code"
    wrong = _("確認コードが違うか、もう使われています。新しいコードを入れてください。")

    code = forms.CharField(
        label=_("確認コード"),
        max_length=60,
        required=False,
        help_text=_("認証アプリの6けたの数字。手元にないときは、回復コードの20けたの数字。"),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "in-m"}
        ),
    )
    assertion = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not (given.get("code") or given.get("assertion") or self.errors):
            self.add_error("code", _("確認コードを入れてください。"))
        return given


class PasswordForm(forms.Form):
    """The password again, of who has no second factor."""

    answer = "password"
    wrong = _("パスワードが違います。")

    password = forms.CharField(
        label=_("パスワード"),
        strip=False,
        error_messages={"required": _("パスワードを入力してください。")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewAppForm(KasaneForm):
    """An authenticator app: its name, and the first code it shows; the secret travels sealed."""

    name = SafeLine(label=_("この機器の呼び名"), limit=30, initial=_("スマートフォン"))
    code = forms.CharField(
        label=_("認証アプリに出ている6けたの数字"),
        max_length=20,
        error_messages={"required": _("認証アプリに出ている6けたの数字を入れてください。")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "in-s"}),
    )
    sealed = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autocomplete"] = "one-time-code"


class NewPasskeyForm(KasaneForm):
    """A passkey's name, and what the browser answered."""

    name = SafeLine(label=_("このパスキーの呼び名"), limit=30, initial=_("この端末"))
    answer = forms.CharField(
        widget=forms.HiddenInput,
        error_messages={
            "required": _("パスキーを作れませんでした。この端末で使えるか確かめてください。")
        },
    )


class FactorNameForm(KasaneForm):
    """What one calls a factor of one's own."""

    name = SafeLine(label=_("呼び名"), limit=30)


class MailForm(KasaneForm):
    """Where one wants to be told once a day that notices wait."""

    address = forms.EmailField(
        label=_("メールアドレス"),
        required=False,
        max_length=254,
        help_text=_("職場のアドレス。空にすると、メールは届きません。"),
        error_messages={
            "invalid": _("メールアドレスの形になっていません。例：tanto@city.example.lg.jp"),
            "max_length": _("メールアドレスが長すぎます。"),
        },
        widget=forms.EmailInput(attrs={"size": "40"}),
    )


class ResetFactorsForm(KasaneForm):
    """Whose second factor is taken away."""

    username = SafeLine(label=_("利用者名"), limit=150)


class SwitchForm(forms.Form):
    """The membership to act in from now on."""

    membership = forms.UUIDField()


class MembershipForm(KasaneForm):
    """A membership of somebody who has a user name already; making one is the owner's (0007)."""

    form_key = IdempotencyKey()
    username = SafeLine(
        label=_("利用者名"),
        limit=150,
        help_text=_("サインインに使う名前。利用者そのものの登録は、導入の担当者が行います。"),
        error_messages={"required": _("利用者名を入力してください。")},
        widget=forms.TextInput(attrs={"class": "in-m"}),
    )
    agency = forms.ChoiceField(label=_("機関"))
    role = forms.ChoiceField(label=_("役割"))
    since = EraDateField(label=_("始まりの日"), help_text=_("例：R9.4.1。この日から使えます。"))
    until = EraDateField(
        label=_("終わりの日"),
        required=False,
        help_text=_("決まっているときだけ。この日まで使えます。"),
    )

    def __init__(
        self, *args: Any, agencies: Iterable[Agency], roles: Iterable[Role], **kwargs: Any
    ) -> None:
        self.agencies = {str(agency.pk): agency for agency in agencies}
        self.roles = {role.pk: role for role in roles}
        super().__init__(*args, **kwargs)
        self.offer("agency", [("", "―――"), *((k, a.name) for k, a in self.agencies.items())])
        self.offer("role", [("", "―――"), *((k, r.name) for k, r in self.roles.items())])

    def clean_username(self) -> User:
        """The user of this name."""
        user = User.objects.filter(username=self.cleaned_data["username"]).first()
        if user is None:
            raise ValidationError(_("この利用者名の人は登録されていません。"))
        return user

    def clean_agency(self) -> Agency:
        """The agency chosen."""
        return self.agencies[self.cleaned_data["agency"]]

    def clean_role(self) -> Role:
        """The role chosen."""
        return self.roles[self.cleaned_data["role"]]


class EndMembershipForm(KasaneForm):
    """The last day, or at once."""

    NOW, ON = "now", "on"

    when = forms.ChoiceField(
        label=_("いつ終えるか"),
        choices=[(ON, _("日を決める")), (NOW, _("いますぐ（次の操作から何も見えなくなる）"))],
        widget=ChoiceCards(attrs={"class": "choices-stack"}),
        error_messages={"required": _("いつ終えるかを選んでください。")},
    )
    on = EraDateField(
        label=_("最後の日"), required=False, help_text=_("この日まで使えます。例：R9.3.31")
    )

    def clean(self) -> dict[str, Any]:
        """A day, where a day is to be set."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("when") == self.ON and not data.get("on") and not self.has_error("on"):
            self.add_error("on", _("最後の日を入れてください。"))
        return data


class RefuseMembershipForm(KasaneForm):
    """Why it is not confirmed."""

    reason = SafeLine(
        label=_("断る理由"),
        limit=200,
        help_text=_("システム管理者と個人情報保護担当が読みます。"),
        error_messages={"required": _("断る理由を書いてください。")},
    )


class MembershipFilter(forms.Form):
    """Which memberships the list shows."""

    state = forms.ChoiceField(
        label=_("状態"), required=False, choices=[("", _("すべて")), *MembershipState.choices]
    )
    agency = forms.ChoiceField(label=_("機関"), required=False)
    q = forms.CharField(label=_("氏名・利用者名"), required=False, max_length=100)

    def __init__(self, *args: Any, agencies: Iterable[Agency], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["agency"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", _("すべて")), *((str(a.pk), a.name) for a in agencies)]


class WordsField(SafeLine):
    """Several short words in one line, with 、 between them; gives a tuple."""

    most, longest = 20, 40

    def clean(self, value: Any) -> Any:
        """The words, each once, in their order."""
        line = super().clean(value)
        words = tuple(dict.fromkeys(w for w in map(str.strip, re.split("[、,，]", line)) if w))
        if self.required and not words:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(words) > self.most or any(len(word) > self.longest for word in words):
            raise ValidationError(
                _("%(label)sは、1つ40文字まで、20個までにしてください。"),
                params={"label": self.label},
            )
        return words


class ContactPointForm(KasaneForm):
    """相談窓口: whose it is, what it answers, for which part of the city."""

    form_key = IdempotencyKey()
    owner = forms.ChoiceField(label=_("機関"), required=False)
    section = SafeLine(
        label=_("課・機関の名前"),
        required=False,
        limit=100,
        help_text=_("この仕組みを使わない課や機関は、名前で書きます。"),
    )
    name = SafeLine(label=_("窓口・担当"), limit=100, help_text=_("例：総合相談、介護保険の認定"))
    themes = WordsField(
        label=_("相談のテーマ"),
        limit=600,
        help_text=_("「、」で区切ります。例：介護、ひきこもり、債務"),
    )
    areas = WordsField(
        label=_("受け持つ地域"),
        required=False,
        limit=800,
        help_text=_(
            "小学校区・包括圏域・民生委員区の名前を「、」で区切ります。市全域なら空のままにします。"
        ),
    )
    phone = PhoneField(label=_("電話番号"), required=False)
    hours = SafeLine(label=_("受付時間"), required=False, limit=100)
    is_helpdesk = forms.BooleanField(
        label=_("ほかの窓口からの問い合わせに答える役（ヘルプデスク）"), required=False
    )
    note = SafeLine(label=_("ひとこと"), required=False, limit=200)

    def __init__(self, *args: Any, kept: list[Agency], may_name: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = {str(agency.pk): agency for agency in kept}
        names = [(key, agency.name) for key, agency in self.kept.items()]
        self.offer("owner", [("", _("選ばない")), *names] if may_name else names)
        if not may_name:
            del self.fields["section"]

    def clean(self) -> dict[str, Any]:
        """Somebody answers: an agency or a section, not both."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        is_one = bool(found.get("owner")) != bool(found.get("section"))
        if "owner" in self.fields and not is_one and "owner" not in self.errors:
            self.add_error(
                "owner", _("機関を選ぶか、課・機関の名前を書くか、どちらか一つにしてください。")
            )
        return found

    def facts(self) -> ContactPointFacts:
        """What was entered, for the operation."""
        found = self.cleaned_data
        return ContactPointFacts(
            agency=self.kept.get(found.get("owner", "")),
            section=found.get("section", ""),
            phone=found["phone"].display if found["phone"] else "",
            areas=found["areas"] or (),
            **{name: found[name] for name in ("name", "themes", "hours", "is_helpdesk", "note")},
        )


class ContactPointEditForm(VersionedForm, ContactPointForm):
    """The same for a line that stands, whose it is aside: somebody else may have saved first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, kept=[], may_name=False, **kwargs)
        del self.fields["owner"], self.fields["form_key"]

    @staticmethod
    def stored(point: ContactPoint) -> dict[str, Any]:
        """The initial values of the form."""
        names = ("name", "phone", "hours", "is_helpdesk", "note", "version")
        return {
            **{name: getattr(point, name) for name in names},
            "themes": "、".join(point.themes),
            "areas": "、".join(point.areas),
        }
