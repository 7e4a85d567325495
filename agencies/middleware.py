"""Who is acting, for a whole request: one transaction, one membership (docs/decisions/0002)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse

from agencies.confirming import ask_to_confirm
from agencies.enums import Action
from agencies.models import Membership
from agencies.operations import session_state, usable_memberships
from agencies.trail import log_access
from config.lib.acting import act, act_as_nobody
from config.lib.memory import remembering
from config.lib.wording import written_as

SESSION_KEY = "membership"
STARTED_KEY = "started_at"
PROBES = ("/livez", "/readyz", "/static/")

GetResponse = Callable[[HttpRequest], HttpResponse]


class ActorMiddleware:
    """Opens the request's transaction outside everything that reads the database.

    A view that fails rolls back to its own savepoint (ATOMIC_REQUESTS); what the trail must keep —
    the denial — is written after it, in this transaction (V10).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PROBES):
            return self.get_response(request)
        with transaction.atomic(), remembering() if request.method == "GET" else nullcontext():
            act_as_nobody()
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse):
                # Rows fetched after the transaction would be none: the actor is gone by then.
                message = "a streamed response would read outside the gate's transaction"
                raise TypeError(message)
            membership = getattr(request, "membership", None)
            if response.status_code in (403, 404) and membership is not None:
                match = request.resolver_match
                log_access(
                    membership,
                    Action.DENY,
                    what=match.view_name if match else "",
                    case_id=_case_key(match.kwargs if match else {}),
                    record_ids=_keys(match.kwargs if match else {}),
                    was_allowed=False,
                )
            response.setdefault("Cache-Control", "no-store")
        if request.headers.get("HX-Request") and _leads_to_signing_in(response):
            # A part of a page: the page for signing in would take its place, and what is typed with
            # it. Refused, the page stays as it is and says so.
            return HttpResponse(status=401, headers={"Cache-Control": "no-store"})
        return response


def _leads_to_signing_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and response["Location"].startswith(settings.LOGIN_URL)


def _case_key(kwargs: dict[str, object]) -> uuid.UUID | None:
    key = kwargs.get("case_id")
    return key if isinstance(key, uuid.UUID) else None


def _keys(kwargs: dict[str, object]) -> list[uuid.UUID]:
    """What was asked for besides the case: a record, a person, an item."""
    return [k for name, k in kwargs.items() if name != "case_id" and isinstance(k, uuid.UUID)]


class MembershipMiddleware:
    """Puts the membership in use on the request, tells the database who acts and the labels
    which city's word for 障害 is written."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.membership = None  # type: ignore[attr-defined]  # MemberRequest has it
        request.memberships = []  # type: ignore[attr-defined]  # likewise
        if request.user.is_authenticated:
            started = request.session.get(STARTED_KEY, 0)
            if time.time() - started > settings.KASANE_SESSION_ABSOLUTE_SECONDS:
                logout(request)
                return redirect(f"{settings.LOGIN_URL}?ended=1")
            memberships = usable_memberships(request.user)
            chosen = _choose(memberships, request.session.get(SESSION_KEY, ""))
            secret = request.session.session_key or ""
            is_quiet = _is_quiet(request)
            request.session.is_quiet = is_quiet  # type: ignore[attr-defined]  # our own store
            if chosen is None or not act(secret, chosen.pk, is_quiet=is_quiet):
                found = session_state(secret)
                if found.is_half:
                    request.half_open = True  # type: ignore[attr-defined]  # as membership above
                    return self.get_response(request)
                if chosen is not None or found.state == "none":
                    # Ended elsewhere, idle too long, or never opened: the database decides.
                    logout(request)
                    return redirect(f"{settings.LOGIN_URL}?ended=1")
            request.memberships = memberships  # type: ignore[attr-defined]  # likewise
            request.membership = chosen  # type: ignore[attr-defined]  # likewise
            if chosen is not None:
                request.session[SESSION_KEY] = str(chosen.pk)
                with written_as(chosen.municipality.wording_shogai):
                    return self.get_response(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        """After the password alone nothing opens but the way to the second factor; and what weighs
        most asks again, outside the view's own transaction: a proof is used up, whatever the view
        answers."""
        if getattr(request, "half_open", False) and not getattr(view, "serves_half_open", False):
            if not getattr(view, "login_required", True):
                return None
            return redirect_to_login(request.get_full_path(), reverse("second_step"))
        if request.method not in getattr(view, "asks_again", ()) or _is_refused(request, view):
            return None
        return ask_to_confirm(request)


def _is_quiet(request: HttpRequest) -> bool:
    """Whether a page asks by itself (`agencies.guards.in_background`)."""
    try:
        return getattr(resolve(request.path_info).func, "is_quiet", False)
    except Resolver404:
        return False


def _is_refused(request: HttpRequest, view: Callable[..., HttpResponse]) -> bool:
    """Whether `@member` refuses anyway: nothing is asked of who may not go on."""
    if not hasattr(view, "permission"):
        return False
    membership: Membership | None = request.membership  # type: ignore[attr-defined]  # likewise
    return membership is None or not (view.permission is None or membership.may(view.permission))


def _choose(memberships: list[Membership], wanted: str) -> Membership | None:
    """The membership the session uses; else the first still active; else none (V14)."""
    for membership in memberships:
        if str(membership.pk) == wanted:
            return membership
    return memberships[0] if memberships else None
