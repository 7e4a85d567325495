"""決裁 light: which posts a decision of a kind goes through in this city, whose turn it is, what a
line of it must say. Both rooms that decide ask here; what is decided, and who sees it, is theirs.

Without posts in the profile one person with the permission decides. 代決 and 紙決裁済 are lines of
the same kind. Whoever is not to learn of something never comes here: the rooms ask that first.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import DecisionAct, DecisionKind, RoleKey
from agencies.models import DecisionStep, Membership, Municipality, RoleName
from agencies.permissions import ActionDenied
from config.lib.eras import format_datetime, format_long


@dataclass(frozen=True)
class Post:
    """職: decides whoever holds its role."""

    name: str
    role: str


@dataclass(frozen=True)
class Route:
    """決裁の順. `in_place_of`: for whom the last post decides (専決), by the city's rules."""

    posts: tuple[Post, ...]
    in_place_of: str = ""


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody does with what waits for its decision."""

    act: str = DecisionAct.DECIDE
    note: str = ""
    absent: Membership | None = None
    paper_number: str = ""
    paper_on: datetime.date | None = None
    paper_signers: str = ""


def route_of(city: Municipality, kind: DecisionKind) -> Route | None:
    """The posts of the profile, or None: one person decides."""
    for entry in city.decisions:
        if entry["kind"] == kind:
            posts = tuple(Post(post["post"], post["role"]) for post in entry["posts"])
            return Route(posts, entry["in_place_of"])
    return None


def standing(steps: Iterable[DecisionStep]) -> list[DecisionStep]:
    """The lines that count, in their order: a return begins anew."""
    found: list[DecisionStep] = []
    for step in sorted(steps, key=lambda one: (one.at, one.pk)):
        found = [] if step.act == DecisionAct.RETURN else [*found, step]
    return found


def post_due(route: Route | None, steps: Iterable[DecisionStep]) -> Post | None:
    """Whose turn it is."""
    done = len(standing(steps))
    return route.posts[done] if route is not None and done < len(route.posts) else None


def check_not_own_draft(by: Membership, drafter: Membership | None) -> None:
    """Where the city forbids it, nobody decides on their own draft, in whichever post (兼務)."""
    if by.municipality.is_own_draft_refused and drafter and drafter.user_id == by.user_id:
        raise ActionDenied(_("この市では、自分が起案したものを自分で決裁することはできません。"))


def check_turn(by: Membership, route: Route | None, steps: Iterable[DecisionStep]) -> None:
    """Who holds the post whose turn it is."""
    post = post_due(route, steps)
    if post is not None and (by.role is None or by.role.key != post.role):
        raise ActionDenied(
            _("いまは「%(post)s」（%(role)s）の決裁を待っています。")
            % {"post": post.name, "role": role_words(by.municipality, post.role)}
        )


def holders(by: Membership, post: Post) -> list[Membership]:
    """Who holds a post in one's own agency besides oneself: for whom one may stand in."""
    found = Membership.objects.active().with_names().filter(agency=by.agency)
    found = found.filter(role_id=post.role, user__is_active=True).exclude(user=by.user)
    return list(found.order_by("user__display_name", "pk"))


def columns_of(
    act: Act,
    *,
    by: Membership,
    route: Route | None,
    steps: Sequence[DecisionStep],
    drafter: Membership | None,
) -> dict[str, Any]:
    """The line that `act` leaves, checked. Raises ActionDenied with one sentence."""
    if act.act not in DecisionAct.values:
        raise ActionDenied(_("決裁のしかたを選んでください。"))
    values: dict[str, Any] = {"act": act.act, "by": by, "note": act.note.strip()}
    if act.act == DecisionAct.PAPER:
        return values | {"is_final": True, **_paper(act)}
    post = post_due(route, steps)
    if act.act == DecisionAct.PROXY:
        values["absent"] = _absent(act, by, post)
    else:
        check_turn(by, route, steps)
    if act.act == DecisionAct.RETURN:
        if not values["note"]:
            raise ActionDenied(_("差し戻す理由を書いてください。"))
        return values | {"post": post.name if post else ""}
    check_not_own_draft(by, drafter)
    is_last = post is None or route is None or post == route.posts[-1]
    return values | {
        "post": post.name if post else "",
        "is_final": is_last,
        "in_place_of": route.in_place_of if route is not None and is_last else "",
    }


def _paper(act: Act) -> dict[str, Any]:
    if not (act.paper_number.strip() and act.paper_on and act.paper_signers.strip()):
        raise ActionDenied(_("紙の決裁は、文書番号・決裁日・決裁した人を入れてください。"))
    if act.paper_on > timezone.localdate():
        raise ActionDenied(_("決裁日は、今日までの日にしてください。"))
    return {
        "paper_number": act.paper_number.strip(),
        "paper_on": act.paper_on,
        "paper_signers": act.paper_signers.strip(),
    }


def _absent(act: Act, by: Membership, post: Post | None) -> Membership:
    if post is None:
        raise ActionDenied(_("この市では、決裁する職を定めていないため、代決はありません。"))
    if act.absent is None or act.absent not in holders(by, post):
        raise ActionDenied(
            _("代決は、同じ機関の「%(post)s」の人に代わって行います。") % {"post": post.name}
        )
    if not act.note.strip():
        raise ActionDenied(_("代決する理由（不在の事情）を書いてください。"))
    return act.absent


def role_words(city: Municipality, role: str) -> str:
    """The city's own name of a role."""
    names = RoleName.objects.running_in(city).filter(role=role).values_list("name", flat=True)
    return names.first() or str(RoleKey(role).label)


def line_words(step: DecisionStep) -> dict[str, str]:
    """One line for pages and papers: what, by whom, when, what was said. Needs `by__user` and
    `absent__user`."""
    what = str(step.get_act_display())
    if step.in_place_of:
        what = _("%(act)s（%(who)s専決）") % {"act": what, "who": step.in_place_of}
    if step.post:
        what = f"{step.post}　{what}"
    who, when, said = str(step.by.user), format_datetime(step.at), step.note
    if step.absent is not None:
        seen = (
            _("後閲 %(at)s") % {"at": format_datetime(step.seen_at)}
            if step.seen_at
            else _("後閲待ち")
        )
        said = _("%(who)sの代わり（%(seen)s）。%(why)s") % {
            "who": step.absent.user, "seen": seen, "why": step.note,
        }  # fmt: skip
    if step.paper_on is not None:
        entered = _("%(number)s　決裁した人：%(who)s") % {
            "number": step.paper_number, "who": step.paper_signers,
        }  # fmt: skip
        said = "\n".join(filter(None, [entered, step.note]))
        when = format_long(step.paper_on)
        who = _("入力 %(who)s") % {"who": step.by.user}
    return {"what": what, "who": who, "when": when, "said": said}
