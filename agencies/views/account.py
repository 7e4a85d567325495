"""サインインの設定: one's own second factors and sessions; a lost device (docs/decisions/0009)."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies import factors, passkeys
from agencies.enums import Permission
from agencies.forms import (
    FactorNameForm,
    MailForm,
    NewAppForm,
    NewPasskeyForm,
    ResetFactorsForm,
)
from agencies.guards import MemberRequest, confirmed_lately, half_open, member
from agencies.models import User
from agencies.operations import (
    Factor,
    add_factor,
    end_own_sessions,
    make_recovery_codes,
    own_address,
    own_factors,
    own_sessions,
    recovery_codes_left,
    remove_factor,
    rename_factor,
    reset_factors,
    set_mail_address,
)
from agencies.permissions import ActionDenied
from config.lib.eras import format_datetime, format_long

KINDS = {"totp": gettext_lazy("認証アプリ"), "passkey": gettext_lazy("パスキー")}
MOST = 10


def _secret(request: HttpRequest) -> str:
    return request.session.session_key or ""


def _user(request: HttpRequest) -> User:
    assert request.user.is_authenticated  # noqa: S101 - LoginRequiredMiddleware has seen to that
    return request.user


@member()
@require_GET
def account(request: MemberRequest) -> HttpResponse:
    """How one signs in, and where one is signed in just now."""
    secret = _secret(request)
    context = {
        "factors": [_factor_line(factor) for factor in own_factors(secret)],
        "codes_left": recovery_codes_left(secret),
        "offers": settings.KASANE_SECOND_FACTOR != "off",
        "is_required": settings.KASANE_SECOND_FACTOR == "required",
        "sessions": [
            {
                "id": row.id,
                "device": row.device or _("わからない端末"),
                "opened": format_datetime(row.opened_at),
                "seen": format_datetime(row.seen_at),
                "address": row.address,
                "is_half": row.is_half,
                "is_this": row.is_this,
            }
            for row in own_sessions(secret)
        ],
        "may_reset": request.membership.may(Permission.MANAGE_ACCOUNTS),
        "sends_mail": bool(settings.EMAIL_HOST),
        "mail": own_address(request.membership).first(),
    }
    return render(request, "agencies/account.html", context)


@member()
@require_http_methods(["GET", "POST"])
def account_mail(request: MemberRequest) -> HttpResponse:
    """通知メール: one's own address."""
    if not settings.EMAIL_HOST:
        raise Http404
    by = request.membership
    mine = own_address(by).first()
    form = MailForm(
        request.POST if request.method == "POST" else None,
        initial={"address": mine.address if mine else ""},
    )
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["address"]
        try:
            set_mail_address(by=by, address=address)
        except ActionDenied as refused:
            form.add_error("address", str(refused))
        else:
            words = (
                _("通知メールの宛先を保存しました。") if address else _("通知メールを止めました。")
            )
            messages.success(request, words)
            return redirect("account")
    status = 422 if form.errors else 200
    return render(request, "agencies/account_mail.html", {"form": form}, status=status)


def _factor_line(factor: Factor) -> dict[str, Any]:
    used = format_datetime(factor.used_at) if factor.used_at else _("まだありません")
    return {
        "id": factor.id,
        "kind": KINDS[factor.kind],
        "name": factor.name,
        "added": format_long(factor.added_at),
        "used": used,
    }


@member()
@require_POST
def session_end(request: MemberRequest) -> HttpResponse:
    """End another of one's sessions, or all others; they stop at their next request."""
    wanted = request.POST.get("session", "")
    try:
        session_id = uuid.UUID(wanted) if wanted else None
    except ValueError as error:
        raise Http404 from error
    count = end_own_sessions(secret=_secret(request), session_id=session_id)
    if count:
        messages.success(request, _("%(n)s台のサインインを終わらせました。") % {"n": count})
    else:
        messages.info(request, _("終わらせるサインインはありませんでした。"))
    return redirect("account")


# --- making a factor: also the way out of a session that must have one ------------------------


def _refuse_where_off() -> None:
    if settings.KASANE_SECOND_FACTOR == "off":
        raise Http404


@half_open
@confirmed_lately
@require_http_methods(["GET", "POST"])
def totp_new(request: HttpRequest) -> HttpResponse:
    """A new authenticator app: read the picture, type what it shows."""
    _refuse_where_off()
    user = _user(request)
    form = NewAppForm(request.POST or None)
    known = factors.unseal(request.POST.get("sealed", "").encode(), ttl=factors.ENROL_SECONDS)
    if known is None or known["user"] != user.pk:
        known = {"user": user.pk, "secret": factors.new_secret()}
        form = NewAppForm(initial={"sealed": factors.seal(known).decode()})
    if request.method == "POST" and form.is_valid() and _app_added(request, form, known["secret"]):
        return _made(request)
    context = {
        "form": form,
        "picture": factors.picture(known["secret"], user.username),
        "secret": factors.in_groups(known["secret"], 4),
    }
    return _enrol_page(request, "agencies/totp_new.html", context, form.errors)


def _app_added(request: HttpRequest, form: NewAppForm, secret: str) -> bool:
    step = factors.step_of(secret, factors.digits_of(form.cleaned_data["code"]))
    if step is None:
        form.add_error(
            "code",
            _(
                "数字が合いません。端末の時計が合っているか確かめ、いま出ている数字を入れてください。"
            ),
        )
        return False
    return _added(request, form, "totp", {"secret": secret}, step)


def _added(
    request: HttpRequest,
    form: NewAppForm | NewPasskeyForm,
    kind: str,
    content: dict[str, Any],
    step: int = 0,
) -> bool:
    if len(own_factors(_secret(request))) >= MOST:
        form.add_error(None, _("加えられるのは10台までです。使わないものを外してください。"))
    elif add_factor(
        user=_user(request),
        secret=_secret(request),
        kind=kind,
        name=form.cleaned_data["name"],
        content=content,
        step=step,
    ):
        return True
    else:
        form.add_error(None, _("時間がたちました。この画面をもう一度開いてください。"))
    return False


@half_open
@confirmed_lately
@require_http_methods(["GET", "POST"])
def passkey_new(request: HttpRequest) -> HttpResponse:
    """A new passkey: this device, a telephone or a key asks who is there."""
    _refuse_where_off()
    form = NewPasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = passkeys.take_new(request, form.cleaned_data["answer"])
        if made is None:
            form.add_error(None, _("パスキーを確かめられませんでした。もう一度お試しください。"))
        elif _added(request, form, "passkey", {"credential": made.hex()}):
            return _made(request)
    found = own_factors(_secret(request))
    known = [f.content()["credential"] for f in found if f.kind == "passkey" and f.content()]
    options = passkeys.ask_for_new(request, [bytes.fromhex(key) for key in known])
    context = {"form": form, "question": options}
    return _enrol_page(request, "agencies/passkey_new.html", context, form.errors)


def _enrol_page(
    request: HttpRequest, template: str, context: dict[str, Any], errors: object
) -> HttpResponse:
    is_first = getattr(request, "half_open", False)
    return render(
        request, template, {**context, "is_first": is_first}, status=422 if errors else 200
    )


def _made(request: HttpRequest) -> HttpResponse:
    """On to the recovery codes, where one has none yet."""
    messages.success(request, _("次のサインインから、パスワードのあとに使えます。"))
    return redirect("account" if recovery_codes_left(_secret(request)) else "recovery_codes")


# --- one factor, recovery codes ---------------------------------------------------------------


def _own(request: MemberRequest, factor_id: uuid.UUID) -> Factor:
    for factor in own_factors(_secret(request)):
        if factor.id == factor_id:
            return factor
    raise Http404


@member()
@confirmed_lately
@require_http_methods(["GET", "POST"])
def factor_detail(request: MemberRequest, factor_id: uuid.UUID) -> HttpResponse:
    """Rename one of one's factors, or take it away."""
    factor = _own(request, factor_id)
    form = FactorNameForm(request.POST or None, initial={"name": factor.name})
    if request.method == "POST" and form.is_valid():
        rename_factor(secret=_secret(request), factor_id=factor.id, name=form.cleaned_data["name"])
        messages.success(request, _("呼び名を変えました。"))
        return redirect("account")
    context = {"form": form, "factor": _factor_line(factor), "may_remove": _may_remove(request)}
    status = 422 if form.errors else 200
    return render(request, "agencies/factor_detail.html", context, status=status)


def _may_remove(request: MemberRequest) -> bool:
    if settings.KASANE_SECOND_FACTOR != "required":
        return True
    return len(own_factors(_secret(request))) > 1


@member()
@confirmed_lately
@require_POST
def factor_remove(request: MemberRequest, factor_id: uuid.UUID) -> HttpResponse:
    """It opens nothing from now on."""
    factor = _own(request, factor_id)
    if not _may_remove(request):
        raise ActionDenied(_("ほかの方法を加えてから外してください。この市では必須です。"))
    remove_factor(secret=_secret(request), factor_id=factor.id)
    messages.success(request, _("「%(name)s」を外しました。") % {"name": factor.name})
    return redirect("account")


@member()
@confirmed_lately
@require_http_methods(["GET", "POST"])
def recovery_codes(request: MemberRequest) -> HttpResponse:
    """Ten codes for the day the device is lost: made anew, and shown this once."""
    secret = _secret(request)
    if not own_factors(secret):
        return redirect("account")
    codes = make_recovery_codes(secret=secret) if request.method == "POST" else []
    context = {
        "codes": [factors.in_groups(code, 5) for code in codes],
        "codes_left": recovery_codes_left(secret),
    }
    return render(request, "agencies/recovery_codes.html", context)


@member(Permission.MANAGE_ACCOUNTS)
@confirmed_lately
@require_http_methods(["GET", "POST"])
def factors_reset(request: MemberRequest) -> HttpResponse:
    """Somebody else's device is lost: take their factors away."""
    form = ResetFactorsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            done = reset_factors(username=form.cleaned_data["username"], by=request.membership)
        except ActionDenied as error:
            form.add_error("username", str(error))
        else:
            if done:
                messages.success(
                    request,
                    _("二段階サインインを取り消し、機関の管理者と個人情報保護担当に知らせました。"),
                )
                return redirect("account")
            form.add_error("username", _("その利用者名の人は、この市の所属にいません。"))
    status = 422 if form.errors else 200
    return render(request, "agencies/factors_reset.html", {"form": form}, status=status)
