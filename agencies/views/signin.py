"""Sign in and out, switch membership."""

from __future__ import annotations

import datetime
import time

from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies.confirming import answer_form, is_right, question
from agencies.enums import Action, Purpose
from agencies.forms import SignInForm, SwitchForm
from agencies.guards import MemberRequest, half_open
from agencies.middleware import SESSION_KEY, STARTED_KEY
from agencies.models import User
from agencies.operations import (
    end_session,
    enter_session,
    is_locked_out,
    open_session,
    record_failed_sign_in,
    session_state,
    wrong_codes,
)
from agencies.sessions import device_name
from agencies.trail import log_access
from config.lib.acting import act
from config.lib.eras import format_datetime


@login_not_required
@require_http_methods(["GET", "POST"])
def signin(request: HttpRequest) -> HttpResponse:
    """Sign in; five failures of a name within 15 minutes lock it for that long."""
    form = SignInForm(request.POST or None)
    target = _target(request)
    outcome = _try_sign_in(request, form) if request.method == "POST" and form.is_valid() else ""
    if outcome == "half":
        return redirect_to_login(target, reverse("second_step"))
    if outcome == "open":
        return redirect(target)
    context = {"form": form, "next": target, "notice": _ended(request)}
    return render(request, "registration/signin.html", context)


def _ended(request: HttpRequest) -> str:
    """Why one stands here again: nobody signed out. On the way to a page other than the first, the
    session one had there is gone."""
    if "ended" not in request.GET:
        is_led_back = "next" in request.GET and _target(request) != "/"
        return _("サインインが切れました。もう一度サインインしてください。") if is_led_back else ""
    return _(
        "サインインが終わりました。時間がたったか、ほかの端末から終わらせたためです。"
        "もう一度サインインしてください。"
    )


def _target(request: HttpRequest) -> str:
    """Where one wanted to go: a page of the product."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}) else "/"


@half_open
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """After the password: the second factor, or, where one must be and is not, making one."""
    found = session_state(request.session.session_key or "")
    if not found.is_half:
        return redirect(_target(request))
    if not found.has_factor:
        return redirect("totp_new")
    form = answer_form(request, found, is_answered=request.method == "POST")
    if request.method == "POST" and is_right(request, form):
        assert request.user.is_authenticated  # noqa: S101 - else nothing is half open
        enter_session(user=request.user, secret=request.session.session_key or "")
        _tell_of_wrong_codes(request, request.user)
        return redirect(_target(request))
    context = {"form": form, "next": _target(request), "question": question(request, form)}
    status = 422 if form.errors else 200
    return render(request, "registration/second_step.html", context, status=status)


def _tell_of_wrong_codes(request: HttpRequest, user: User) -> None:
    """Whoever enters wrong codes has the password: its holder is told at the next sign-in."""
    begun = request.session.get(STARTED_KEY, 0)
    tries = wrong_codes(user=user, before=datetime.datetime.fromtimestamp(begun, datetime.UTC))
    if tries:
        words = _(
            "前のサインインのあと、正しいパスワードと、違う確認コードが%(n)s回入れられました"
            "（最後は%(at)s）。心当たりがなければ、パスワードが知られているかもしれません。"
            "すぐにシステム管理者に知らせて、パスワードを替えてもらってください。"
        )
        messages.warning(request, words % {"n": len(tries), "at": format_datetime(tries[0])})


def _try_sign_in(request: HttpRequest, form: SignInForm) -> str:
    """A new session, open or half open; or a sentence on the form."""
    username, password = form.cleaned_data["username"], form.cleaned_data["password"]
    address = request.META.get("REMOTE_ADDR")
    if not is_locked_out(username=username, address=address):
        user = authenticate(request, username=username, password=password)
        if user is None:
            record_failed_sign_in(username=username, address=address)
            form.add_error(None, _("利用者名かパスワードが違います。"))
            return "refused"
        end_session(secret=request.session.session_key or "")
        request.session.flush()  # whoever signs in again has a new secret
        login(request, user)
        request.session[STARTED_KEY] = time.time()
        secret = request.session.session_key or ""
        device = device_name(request.headers.get("User-Agent", ""))
        outcome = open_session(
            user=user, password=password, secret=secret, address=address, device=device
        )
        if outcome != "refused":
            return outcome
        logout(request)
    form.add_error(
        None, _("失敗が続いたため、15分間サインインできません。しばらくしてからお試しください。")
    )
    return "refused"


@half_open
@require_POST
def signout(request: MemberRequest) -> HttpResponse:
    """End the session; the browser is told to forget what it holds."""
    log_access(request.membership, Action.SIGN_OUT, what="signout", purpose=Purpose.ADMINISTRATION)
    end_session(secret=request.session.session_key or "")
    logout(request)
    response = redirect("signin")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_POST
def switch_membership(request: MemberRequest) -> HttpResponse:
    """Act in another of one's own memberships (兼務)."""
    form = SwitchForm(request.POST)
    known = {m.pk: m for m in request.memberships}
    chosen = known.get(form.cleaned_data["membership"]) if form.is_valid() else None
    if chosen is None or not act(request.session.session_key or "", chosen.pk):
        raise Http404
    request.session[SESSION_KEY] = str(chosen.pk)
    log_access(chosen, Action.SWITCH, what="switch", purpose=Purpose.ADMINISTRATION)
    messages.success(request, _("%(who)s に切り替えました。") % {"who": chosen.agency_name})
    return redirect("home")
