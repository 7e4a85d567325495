"""再確認 and the second step: one form, answered by a code, a passkey, or the password again.

What was asked for is kept: a page is opened afterwards, a form that was sent goes on with what was
typed in it (docs/decisions/0009).
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from agencies import passkeys
from agencies.forms import FactorForm, PasswordForm
from agencies.operations import (
    Factor,
    SessionState,
    confirm_by_code,
    confirm_by_passkey,
    confirm_by_password,
    confirm_in_vain,
    own_factors,
    session_state,
)
from config.lib.acting import act

# Fields of the page itself beside those it carries along.
STEP, BACK = "confirm-step", "confirm-back"


def ask_to_confirm(request: HttpRequest) -> HttpResponse | None:
    """The page that asks, or None: whoever sits there is known well enough to go on."""
    secret = request.session.session_key or ""
    found = session_state(secret)
    if found.is_half and found.has_factor:
        return redirect("second_step")
    answered = request.method == "POST" and STEP in request.POST
    form = answer_form(request, found, is_answered=answered)
    if not found.is_confirmed and not (answered and is_right(request, form)):
        return _page(request, form)
    if not found.is_confirmed:
        membership = getattr(request, "membership", None)
        act(secret, membership.pk if membership else None)  # now as somebody confirmed
    if answered and request.POST[STEP] == "open":
        return redirect(request.get_full_path())
    return None


def _page(request: HttpRequest, form: FactorForm | PasswordForm) -> HttpResponse:
    own = {*(form.add_prefix(name) for name in form.fields), STEP, BACK, "csrfmiddlewaretoken"}
    back = request.POST.get(BACK) or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = "/"
    context = {
        "form": form,
        "question": question(request, form),
        "carried": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in own
            for value in values
        ],
        "step": request.POST.get(STEP) or ("send" if request.method == "POST" else "open"),
        "back": back,
    }
    status = 422 if form.errors else 200
    return render(request, "agencies/confirm.html", context, status=status)


def answer_form(
    request: HttpRequest, found: SessionState, *, is_answered: bool
) -> FactorForm | PasswordForm:
    """The form that fits: a factor, or the password where there is none."""
    form = FactorForm if found.has_factor else PasswordForm
    return form(request.POST if is_answered else None, prefix="confirm")


def question(request: HttpRequest, form: FactorForm | PasswordForm) -> str:
    """What a passkey is asked, as JSON for the browser; empty where there is none."""
    known = _passkeys(request) if isinstance(form, FactorForm) else []
    return passkeys.ask(request, [key for _factor, key in known]) if known else ""


def _passkeys(request: HttpRequest) -> list[tuple[Factor, bytes]]:
    found = own_factors(request.session.session_key or "")
    contents = [(factor, factor.content()) for factor in found if factor.kind == "passkey"]
    return [(factor, bytes.fromhex(c["credential"])) for factor, c in contents if c]


def is_right(request: HttpRequest, form: FactorForm | PasswordForm) -> bool:
    """Whether the answer holds, as the database finds; else a sentence on the form."""
    if not form.is_valid():
        return False
    outcome = _outcome(request, form)
    if outcome == "locked":
        form.add_error(
            None, _("失敗が続いたため、15分間確認できません。しばらくしてからお試しください。")
        )
    elif outcome != "passed":
        form.add_error(form.answer, form.wrong)
    return outcome == "passed"


def _outcome(request: HttpRequest, form: FactorForm | PasswordForm) -> str:
    secret = request.session.session_key or ""
    address = request.META.get("REMOTE_ADDR")
    typed = form.cleaned_data
    if isinstance(form, PasswordForm):
        user = request.user
        assert user.is_authenticated  # noqa: S101 - the middleware has seen to that
        return confirm_by_password(
            user=user, secret=secret, password=typed["password"], address=address
        )
    if not typed["assertion"]:
        return confirm_by_code(secret=secret, code=typed["code"], address=address)
    known = _passkeys(request)
    signed = passkeys.check(request, [key for _factor, key in known], typed["assertion"])
    if signed is None:
        return confirm_in_vain(secret=secret, address=address)
    place, count = signed
    return confirm_by_passkey(secret=secret, factor=known[place][0], count=count, address=address)
