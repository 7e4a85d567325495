"""Input of the agencies room: sign-in and switching memberships."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


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


class SwitchForm(forms.Form):
    """The membership to act in from now on."""

    membership = forms.UUIDField()
