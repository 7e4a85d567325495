"""だれに聞くか as pages show it: found by theme, problem or name, and by part of the city."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from agencies.models import ContactPoint, Membership
from agencies.permissions import can_keep_directory
from config.lib.kana import fold
from config.lib.phones import parse_phone
from config.lib.wording import SHOGAI

# What a part of a city is called by, in the order in which they are offered.
KINDS = (
    ("小学校区|(?<!中)学区$", gettext_lazy("小学校区")),
    ("圏域", gettext_lazy("包括圏域")),
    ("民生", gettext_lazy("民生委員区")),
    ("", gettext_lazy("そのほかの地域")),
)


@dataclass(frozen=True)
class PointLine:
    """A 相談窓口 as it is listed."""

    key: uuid.UUID
    name: str
    owner: str
    is_helpdesk: bool
    themes: str
    areas: str
    phone: str
    dial: str  # the digits a telephone dials; empty where it is none
    hours: str
    note: str
    may_change: bool


def find_points(membership: Membership, words: str = "", area: str = "") -> list[PointLine]:
    """What stands today: helpdesks first, then what is nearest to the area asked for. Of an area,
    also what answers for the whole city. One query."""
    wanted, where = _alike(words), _alike(area)
    found = [
        point
        for point in _running(membership)
        if (not wanted or _says(point, wanted)) and (not where or _serves(point, where))
    ]
    found.sort(key=lambda point: (not point.is_helpdesk, bool(where) and not point.areas))
    return [_line(membership, point) for point in found]


def points_for(membership: Membership, themes: Iterable[str], most: int = 5) -> list[PointLine]:
    """Who answers questions of one of these themes, helpdesks first. One query."""
    wanted = [_alike(theme) for theme in themes if _alike(theme)]
    found = [
        point
        for point in _running(membership)
        if any(_shares(_alike(theme), one) for theme in point.themes for one in wanted)
    ]
    found.sort(key=lambda point: not point.is_helpdesk)
    return [_line(membership, point) for point in found[:most]]


def helpdesks(membership: Membership) -> list[PointLine]:
    """Where one asks who does not know whom to ask. One query."""
    return [_line(membership, point) for point in _running(membership) if point.is_helpdesk]


@dataclass(frozen=True)
class AreaGroup:
    """The parts of a city of one kind."""

    kind: str
    names: list[str]


def areas_of(membership: Membership) -> list[AreaGroup]:
    """The parts of the city the directory names, by kind, to choose from. One query."""
    names = sorted({area for point in _running(membership) for area in point.areas})
    by_kind: dict[str, list[str]] = {words: [] for words, _label in KINDS}
    for name in names:
        by_kind[next(words for words, _label in KINDS if re.search(words, name))].append(name)
    return [AreaGroup(str(label), by_kind[words]) for words, label in KINDS if by_kind[words]]


def _running(membership: Membership) -> Sequence[ContactPoint]:
    points = ContactPoint.objects.visible_to(membership).running().select_related("agency")
    return list(points.order_by("section", "agency__order", "name", "id"))


def _owner(point: ContactPoint) -> str:
    return point.agency.name if point.agency else point.section


def _says(point: ContactPoint, wanted: str) -> bool:
    said = (point.name, _owner(point), point.note, *point.themes)
    return any(wanted in _alike(words) for words in said)


def _serves(point: ContactPoint, where: str) -> bool:
    return not point.areas or any(where in _alike(area) for area in point.areas)


def _alike(words: str) -> str:
    """Cities write 障害 in three ways; a worker asks in any of them."""
    return fold(re.sub("障(がい|碍)", SHOGAI, words))


def _shares(theme: str, wanted: str) -> bool:
    """「介護」 fits 「介護の疲れ」, and the other way round."""
    return theme in wanted or wanted in theme


def _line(membership: Membership, point: ContactPoint) -> PointLine:
    return PointLine(
        key=point.pk,
        name=point.name,
        owner=_owner(point),
        is_helpdesk=point.is_helpdesk,
        themes="、".join(point.themes),
        areas="、".join(point.areas),
        phone=point.phone,
        dial=number.digits if (number := parse_phone(point.phone)) else "",
        hours=point.hours,
        note=point.note,
        may_change=can_keep_directory(membership, point.agency),
    )
