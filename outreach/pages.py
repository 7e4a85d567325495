"""What the pages of the outreach room show, ready to print, from what the reader may see.

A visit under a carry-out is shown to its people alone and never under the household's name: what
is sealed does not appear beside what is not (V6).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Membership
from cases.models import CarryOut, Case, Person
from cases.titles import household_title, persons_of
from config.lib.eras import format_datetime_short, format_short, local_day, today
from config.lib.wording import label_of
from outreach import enums
from outreach.models import Visit
from outreach.permissions import can, check_can_open_to_team

SHOWN = 30
VERSION_LABELS = {
    "happened_at": gettext_lazy("日時"),
    "result": gettext_lazy("会えたか"),
    "method": gettext_lazy("方法"),
    "met_whom": gettext_lazy("会えた人"),
    "text": gettext_lazy("ようす・話したこと"),
    "next_on": gettext_lazy("次の予定日"),
    "next_step": gettext_lazy("次にすること"),
    "stage": gettext_lazy("関係のようす"),
    "place": gettext_lazy("場所"),
    "companions": gettext_lazy("同行者"),
    "minutes_spent": gettext_lazy("所要時間（分）"),
}
DUE_SHOWN = 50


@dataclass(frozen=True)
class VisitLine:
    """One visit."""

    record_id: uuid.UUID
    title: str
    url: str
    when: str
    day: str
    who: str
    outcome: str
    tone: str
    topics: str
    text: str
    plan: str
    secret: bool
    edit_url: str
    history_url: str


@dataclass(frozen=True)
class CorrectionPage:
    """What a page about one visit says around it; `back_url` is the case or the carry-out."""

    title: str
    number: str
    what: str
    back_url: str
    edit_url: str
    history_url: str
    secret: bool


@dataclass(frozen=True)
class DueLine:
    """A next visit."""

    record_id: uuid.UUID
    when: str
    late: bool
    due_on: datetime.date
    title: str
    url: str
    detail: str
    action_url: str
    secret: bool
    is_mine: bool


@dataclass(frozen=True)
class ContactLine:
    """How long it has taken until the person was met."""

    title: str
    url: str
    times: int
    first: str
    met: str
    words: str
    last: str
    action_url: str
    secret: bool


@dataclass(frozen=True)
class VisitList:
    """The page 訪問記録."""

    due: list[DueLine]
    contacts: list[ContactLine]
    visits: list[VisitLine]
    older_url: str
    is_older: bool
    record_ids: list[uuid.UUID]


def visit_list_page(membership: Membership, before: str = "") -> VisitList:
    """Due, time to contact, and the visits newest first. Four queries, whatever their number."""
    mine = Visit.objects.visible_to(membership).for_agency(membership).select_related("record")
    due = [] if before else list(mine.waiting().order_by("next_on", "record_id")[:DUE_SHOWN])
    found = mine
    key = _read_key(before)
    if key is not None:
        at, last = key
        found = found.filter(
            Q(record__happened_at__lt=at) | Q(record__happened_at=at, record_id__lt=last)
        )
    visits = list(found.newest_first()[: SHOWN + 1])
    older = ""
    if len(visits) > SHOWN:
        visits = visits[:SHOWN]
        edge = visits[-1].record
        older = "?" + urlencode({"before": f"{edge.happened_at.isoformat()}_{edge.pk}"})
    case_ids = {v.record.case_id for v in [*due, *visits] if v.record.carry_out_id is None}
    persons = persons_of(membership, case_ids)
    return VisitList(
        due=[due_line(membership, v, persons) for v in due],
        contacts=[] if before else _contacts(membership, visits, persons),
        visits=[visit_line(v, persons) for v in visits],
        older_url=older,
        is_older=bool(before),
        record_ids=list({v.pk for v in [*due, *visits]}),
    )


def visit_line(visit: Visit, persons: dict[uuid.UUID, list[Person]]) -> VisitLine:
    """One visit for a list of many households."""
    record = visit.record
    known = {p.pk: p for p in persons.get(record.case_id, [])}
    is_secret = record.carry_out_id is not None
    return VisitLine(
        record_id=visit.pk,
        title=_title(visit, persons),
        url=_url(visit),
        when=format_datetime_short(record.happened_at),
        day=format_short(record.happened_at),
        who=record.names(known),
        outcome=outcome_words(visit),
        tone="ok" if visit.result in enums.MET else "",
        topics="　".join(part for part in _topics(visit, record.names(known)) if part),
        text=visit_text(visit),
        plan=_plan(visit),
        secret=is_secret,
        edit_url=reverse("visit_edit", args=[visit.pk]),
        history_url=changed_url(visit),
    )


def visit_text(visit: Visit) -> str:
    """What was written, what is next, and why it was corrected."""
    reason = visit.correction_reason if visit.version > 1 else ""
    plan = _plan(visit)
    lines = (
        visit.text,
        _("次回 %(plan)s") % {"plan": plan} if visit.next_on else plan,
        _("直した理由：%(reason)s") % {"reason": reason} if reason else "",
    )
    return "\n".join(line for line in lines if line)


def outcome_words(visit: Visit) -> str:
    """「家族と会えた［訂正あり］」."""
    words = label_of(enums.VisitResult, visit.result)
    return words + _("［訂正あり］") if visit.version > 1 else words


def changed_url(visit: Visit) -> str:
    """直したところ, where there is more than one version."""
    return reverse("visit_history", args=[visit.pk]) if visit.version > 1 else ""


def correction_page(membership: Membership, visit: Visit) -> CorrectionPage:
    """The frame of a page about one visit: under a carry-out without a name or number (V6)."""
    record, is_secret = visit.record, visit.record.carry_out_id is not None
    persons = {} if is_secret else persons_of(membership, [record.case_id])
    line = visit_line(visit, persons)
    return CorrectionPage(
        title=line.title,
        number="" if is_secret else record.case.number,
        what="　".join(part for part in (line.when, line.outcome, line.who) if part),
        back_url=line.url,
        edit_url=line.edit_url,
        history_url=line.history_url,
        secret=is_secret,
    )


def after_correction(visit: Visit) -> str:
    """Where one goes on: the case, or the visits under the carry-out."""
    return _new_url(visit) if visit.record.carry_out_id is not None else _url(visit)


def due_line(
    membership: Membership, visit: Visit, persons: dict[uuid.UUID, list[Person]]
) -> DueLine:
    """A next visit, with how late it is."""
    assert visit.next_on is not None  # noqa: S101 - waiting() asks for it
    record, late = visit.record, (today() - visit.next_on).days
    when = _("今日") if late == 0 else format_short(visit.next_on)
    is_secret = record.carry_out_id is not None
    name, key = (
        ("carry_out_visit_new", record.carry_out_id) if is_secret else ("visit_new", record.case_id)
    )
    return DueLine(
        record_id=visit.pk,
        when=_("%(days)s日超過") % {"days": late} if late > 0 else when,
        late=late > 0,
        due_on=visit.next_on,
        title=_title(visit, persons),
        url=_url(visit),
        detail=visit.next_step or label_of(enums.VisitResult, visit.result),
        action_url=reverse(name, args=[key]),
        secret=is_secret,
        is_mine=record.author_id == membership.pk,
    )


def _contacts(
    membership: Membership, visits: Sequence[Visit], persons: dict[uuid.UUID, list[Person]]
) -> list[ContactLine]:
    """Days from the first attempt to the first time the person was met, per basis. One query."""
    bases: dict[tuple[uuid.UUID, uuid.UUID | None], Visit] = {}
    for visit in visits:
        bases.setdefault((visit.record.case_id, visit.record.carry_out_id), visit)
    counted = (
        Visit.objects.visible_to(membership)
        .for_agency(membership)
        .filter(record__case_id__in={case_id for case_id, _basis in bases})
        .order_by()
        .values("record__case_id", "record__carry_out_id")
        .annotate(
            first=Min("record__happened_at"),
            last=Max("record__happened_at"),
            met=Min("record__happened_at", filter=Q(result=enums.VisitResult.MET_PERSON)),
            times=Count("pk"),
        )
    )
    by_basis = {(row["record__case_id"], row["record__carry_out_id"]): row for row in counted}
    lines = []
    for basis, visit in bases.items():
        row = by_basis[basis]
        first, met = local_day(row["first"]), row["met"] and local_day(row["met"])
        lines.append(
            ContactLine(
                title=_title(visit, persons),
                url=_url(visit),
                times=row["times"],
                first=format_short(first),
                met=format_short(met) if met else "",
                words=contact_words(first, met),
                last=format_short(row["last"]),
                action_url=_new_url(visit),
                secret=visit.record.carry_out_id is not None,
            )
        )
    return lines


def contact_words(first: datetime.date, met: datetime.date | None) -> str:
    """「12日で本人と会えた」, or for how long nobody has met the person."""
    if met is None:
        return _("%(days)s日　まだ会えていません") % {"days": (today() - first).days}
    days = (met - first).days
    return _("%(days)s日で会えた") % {"days": days} if days else _("初回に会えた")


def case_title(membership: Membership, case: Case) -> tuple[str, list[Person]]:
    """The household's title and its visible persons for this reader. One query."""
    persons = persons_of(membership, [case.pk]).get(case.pk, [])
    return household_title(persons), persons


def former_visits(membership: Membership, carry_out: CarryOut) -> list[VisitLine]:
    """What was logged under a carry-out, newest first, for its people. One query."""
    found = (
        Visit.objects.visible_to(membership)
        .filter(record__carry_out_id=carry_out.pk)
        .select_related("record")
        .newest_first()[:SHOWN]
    )
    return [visit_line(visit, {}) for visit in found]


def openable_visits(membership: Membership, carry_out: CarryOut) -> list[VisitLine]:
    """Those that could be opened to the team now (V6)."""
    found = (
        Visit.objects.visible_to(membership)
        .filter(record__carry_out_id=carry_out.pk, opened_as__isnull=True)
        .filter(record__author_agency_id=membership.agency_id)
        .select_related("record")
        .newest_first()[:SHOWN]
    )
    return [visit_line(v, {}) for v in found if can(check_can_open_to_team, membership, v)]


def secret_ids(lines: Iterable[VisitLine]) -> list[uuid.UUID]:
    """The keys the access log will name."""
    return [line.record_id for line in lines]


def _title(visit: Visit, persons: dict[uuid.UUID, list[Person]]) -> str:
    if visit.record.carry_out_id is not None:
        return _("持ち出しにもとづく訪問")
    return household_title(persons.get(visit.record.case_id, []))


def _url(visit: Visit) -> str:
    if visit.record.carry_out_id is not None:
        return reverse("carry_out_detail", args=[visit.record.carry_out_id])
    return reverse("case_detail", args=[visit.record.case_id])


def _new_url(visit: Visit) -> str:
    if visit.record.carry_out_id is not None:
        return reverse("carry_out_visit_new", args=[visit.record.carry_out_id])
    return reverse("visit_new", args=[visit.record.case_id])


def _topics(visit: Visit, about: str) -> list[str]:
    minutes = visit.minutes_spent
    return [
        label_of(enums.VisitMethod, visit.method),
        visit.met_whom,
        visit.place,
        _("%(n)s分") % {"n": minutes} if minutes else "",
        _("同行 %(who)s") % {"who": visit.companions} if visit.companions else "",
        label_of(enums.Stage, visit.stage),
        about,
    ]


def _plan(visit: Visit) -> str:
    day = format_short(visit.next_on) if visit.next_on else ""
    return "　".join(part for part in (day, visit.next_step) if part)


def _read_key(text: str) -> tuple[datetime.datetime, uuid.UUID] | None:
    at, _underscore, key = text.partition("_")
    try:
        moment = datetime.datetime.fromisoformat(at.replace(" ", "+"))
        return (moment, uuid.UUID(key)) if moment.tzinfo else None
    except ValueError:
        return None
