"""Where something may go: the bodies a membership may propose to, each with the sitting that still
takes something on.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from agencies.models import ConferenceType, Membership
from agencies.opendays import open_days
from config.lib.eras import today
from meetings.calendar import deadlines_of
from meetings.models import Sitting
from meetings.pages import short_day
from meetings.permissions import LIVE, agenda_types_of, can, check_can_call, listed_types

LIMIT: Final = 100


@dataclass(frozen=True)
class Body:
    """A body I may propose to, its types, and the sitting that still takes something on."""

    body: ConferenceType
    types: tuple[str, ...]
    sitting: Sitting | None
    deadline: datetime.date | None
    is_late: bool
    may_call: bool = False

    @property
    def when(self) -> str:
        """「12/23（水）」 and 「締切 12/16（水）」."""
        if self.sitting is None:
            return _("開催の予定はまだありません")
        on = self.sitting.on
        day = short_day(on) if on else _("%(m)s月・日程未定") % {"m": self.sitting.month.month}
        if self.deadline is None:
            return _("次回 %(day)s") % {"day": day}
        words = {"day": day, "deadline": short_day(self.deadline)}
        if self.is_late:
            return _("次回 %(day)s・締切は過ぎました（%(deadline)s）") % words
        return _("次回 %(day)s・締切 %(deadline)s") % words


def bodies_for(membership: Membership) -> list[Body]:
    """The bodies of the city this membership may propose to, each with its next sitting whose
    deadline is not over; without one, the next. Those under secrecy for who is listed alone (V6).
    Five queries, one more for each body whose plan names no types, and for each without any
    sitting."""
    listed = listed_types(membership)
    running = ConferenceType.objects.running_in(membership.municipality.pk)
    bodies = [body for body in running if not body.is_secret or body.pk in listed]
    sittings = list(_coming(membership)) if bodies else []
    office, day = open_days(membership.municipality), today()
    found = []
    for body in bodies:
        own = [s for s in sittings if any(t.pk == body.pk for t in s.conference_types.all())]
        dated = [(s, deadlines_of(s, office).agenda) for s in own]
        open_ones = [(s, last) for s, last in dated if last is None or last >= day]
        sitting, deadline = next(iter(open_ones or dated), (None, None))
        late = deadline is not None and deadline < day
        types = tuple(t.value for t in agenda_types_of(body))
        may_call = sitting is None and can(check_can_call, membership, [body])
        found.append(Body(body, types, sitting, deadline, late, may_call))
    return found


def _coming(membership: Membership) -> QuerySet[Sitting]:
    sittings = Sitting.objects.visible_to(membership).filter(
        Q(on__gte=today()) | Q(on__isnull=True), state__in=LIVE
    )
    sittings = sittings.select_related("series").prefetch_related("conference_types")
    return sittings.order_by("month", "on", "starts_at", "pk")[:LIMIT]
