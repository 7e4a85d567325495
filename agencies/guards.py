"""What every view starts with: a membership in use, and its role's permission."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from agencies.confirming import ask_to_confirm
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
    again who they are, unless they have within ten minutes. Stands beneath `@member`."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = ask_to_confirm(request)
        return view(request, *args, **kwargs) if asked is None else asked

    guarded.asks_again = True  # type: ignore[attr-defined]  # a mark on the function
    return guarded


def half_open(view: View) -> View:
    """Also reached by who has given the password and not yet the second factor."""
    view.serves_half_open = True  # type: ignore[attr-defined]  # a mark on the function
    return view
