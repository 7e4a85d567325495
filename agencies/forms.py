"""Input of the agencies room: sign-in and switching memberships."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.forms import KasaneForm, SafeLine


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


class ResetFactorsForm(KasaneForm):
    """Whose second factor is taken away."""

    username = SafeLine(label=_("利用者名"), limit=150)


class SwitchForm(forms.Form):
    """The membership to act in from now on."""

    membership = forms.UUIDField()
