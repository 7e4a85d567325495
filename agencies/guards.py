"""What every view starts with: a membership in use, and its role's permission."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from agencies.enums import Permission
from agencies.models import Membership, User
from agencies.permissions import check_may


class MemberRequest(HttpRequest):
    """A request that has passed the guard: somebody acts, in a membership."""

    membership: Membership
    user: User
    memberships: list[Membership]
    htmx: Any


View = Callable[..., HttpResponse]


def member(permission: Permission | None = None) -> Callable[[View], View]:
    """404 without a membership in use; 403 with the reason when the role may not."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            membership = getattr(request, "membership", None)
            if membership is None:
                raise Http404
            if permission is not None:
                check_may(membership, permission)
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]  # read by tests of guards
        return guarded

    return decorate


def confirmed_lately(view: View) -> View:
    """Before what weighs most (exports, emergencies, who may do what): whoever sits there proves
    again who they are, unless they have within ten minutes. Stands beneath `@member`.

    `MembershipMiddleware` asks, before the view's transaction begins: what a view that answers 403
    or 404 takes back, is not the proof that was used.
    """
    view.asks_again = ("GET", "HEAD", "POST")  # type: ignore[attr-defined]  # a mark on the function
    return view


def confirmed_to_send(view: View) -> View:
    """The same for a page that anybody of its role reads: asked when its form is sent."""
    view.asks_again = ("POST",)  # type: ignore[attr-defined]  # a mark on the function
    return view


def half_open(view: View) -> View:
    """Also reached by who has given the password and not yet the second factor."""
    view.serves_half_open = True  # type: ignore[attr-defined]  # a mark on the function
    return view


def in_background(view: View) -> View:
    """What a page asks by itself every few seconds: it does not prolong the session."""
    view.is_quiet = True  # type: ignore[attr-defined]  # a mark on the function
    return view
