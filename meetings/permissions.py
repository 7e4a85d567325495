"""Who may do what with sittings and items, as people and not only as agencies (V5–V7).

`check_can_x` raises ActionDenied with the reason; `can` turns one into a yes or no.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import AgendaType, Permission
from agencies.models import ConferenceType, Membership, Municipality
from agencies.opendays import open_days
from agencies.permissions import ActionDenied, check_may
from agencies.permissions import can as can
from meetings import enums
from meetings.calendar import REGULAR
from meetings.gate import listed_entries
from meetings.models import AgendaItem, Sitting

# V6: an item closes a set number of days after its sitting. A city's profile says how many; where
# it does not, a week: time to read the minutes and object, no more. Migration 0002 says the same.
CLOSES_AFTER_DAYS: Final = 7

LIVE: Final = (enums.SittingState.UNDATED, enums.SittingState.PLANNED, enums.SittingState.NOTICED)


def listed_types(by: Membership) -> set[int]:
    """Conference types on whose pledged secretariat list `by` stands this fiscal year."""
    return set(listed_entries(by).values_list("conference_type_id", flat=True))


def check_is_listed(by: Membership, conference_type: ConferenceType) -> None:
    """V6: people on the list, not their agency, role or rank."""
    if conference_type.pk not in listed_types(by):
        raise ActionDenied(
            _(
                "「%(body)s」の守秘の議題を扱えるのは、今年度の事務局名簿に載り、誓約した人だけです。"
            )
            % {"body": conference_type.name}
        )


def is_office(by: Membership, conference_type: ConferenceType) -> bool:
    """Whether `by` acts for the body's secretariat or host."""
    return by.agency_id in (conference_type.secretariat_id, conference_type.host_id)


def check_can_run(by: Membership, types: Iterable[ConferenceType]) -> None:
    """Dates, notices, opening, closing: the office of one of the bodies, or a listed secretary."""
    bodies = list(types)
    if listed_types(by) & {t.pk for t in bodies}:
        return
    check_may(by, Permission.RUN_CONFERENCE)
    if not any(is_office(by, t) for t in bodies):
        raise ActionDenied(_("会議を進められるのは、その会議の主催機関と事務局だけです。"))


def check_can_run_item(by: Membership, item: AgendaItem) -> None:
    """Attendance, decision, minutes: under secrecy a listed secretary, else the office."""
    if item.is_secret:
        check_is_listed(by, item.conference_type)
    else:
        check_can_run(by, [item.conference_type])


def items_run_by(by: Membership, items: Iterable[AgendaItem]) -> list[AgendaItem]:
    """Those of the items that `check_can_run_item` lets `by` run. One query."""
    listed, may_run = listed_types(by), by.may(Permission.RUN_CONFERENCE)
    return [
        item
        for item in items
        if item.conference_type_id in listed
        or (not item.is_secret and may_run and is_office(by, item.conference_type))
    ]


def check_not_past(on: datetime.date) -> None:
    """Not in the past. An urgent sitting (臨時) may be called for any day from today on."""
    if on < timezone.localdate():
        raise ActionDenied(_("開催日は、今日からあとの日にしてください。"))


def check_may_sit(on: datetime.date, city: Municipality) -> None:
    """Not in the past, not on a day off of the city; the sentence offers the next open day."""
    check_not_past(on)
    office = open_days(city)
    if not office.is_open(on):
        other = office.next(on)
        raise ActionDenied(
            _("%(day)sは閉庁日です。%(other)sなど、開庁日を選んでください。")
            % {"day": _short(on), "other": _short(other)}
        )


def _short(day: datetime.date) -> str:
    return _("%(month)s月%(day)s日（%(weekday)s）") % {
        "month": day.month,
        "day": day.day,
        "weekday": "月火水木金土日"[day.weekday()],
    }


def check_can_call(by: Membership, types: Iterable[ConferenceType]) -> None:
    """臨時: bodies without a rhythm of their own, or whose profile allows it besides."""
    bodies = list(types)
    if not bodies:
        raise ActionDenied(_("開く会議を選んでください。"))
    check_can_run(by, bodies)
    for body in bodies:
        if body.municipality_id != by.municipality.pk or body.ended_on is not None:
            raise ActionDenied(_("その会議は、いまの会議の一覧にありません。"))
        if body.rhythm_kind in REGULAR and not body.is_ad_hoc_allowed:
            raise ActionDenied(
                _("「%(body)s」は定例で開く会議です。臨時の開催は市の設定にありません。")
                % {"body": body.name}
            )


def agenda_types_of(conference_type: ConferenceType) -> list[AgendaType]:
    """The body's own agenda types; a merged body whose plan prints none takes all, a body with
    consent the three of 重層的支援会議, one under secrecy alone the three of 支援会議."""
    if conference_type.agenda_types:
        return [AgendaType(code) for code in conference_type.agenda_types]
    sealed = [AgendaType.INFORMATION_SHARING, AgendaType.WATCHING, AgendaType.URGENT]
    agreed = [
        AgendaType.PLAN_ADEQUACY,
        AgendaType.CLOSURE_EVALUATION,
        AgendaType.SOCIAL_RESOURCES,
    ]
    if not conference_type.is_secret:
        return agreed
    others = ConferenceType.objects.running_in(conference_type.municipality_id)
    others = others.exclude(pk=conference_type.pk)
    has_plan_body = any(not other.is_secret for other in others)
    return sealed if has_plan_body else [*agreed, *sealed]


def check_takes_items(by: Membership, sitting: Sitting, conference_type: ConferenceType) -> None:
    """Until it begins a sitting takes items; while it runs, what cannot wait, from who runs this
    body: under secrecy a listed secretary, else the office."""
    if sitting.state in LIVE:
        return
    if sitting.state != enums.SittingState.OPEN:
        raise ActionDenied(_("この会議には、もう議題を出せません。"))
    if conference_type.is_secret:
        check_is_listed(by, conference_type)
    elif not can(check_can_run, by, [conference_type]):
        raise ActionDenied(
            _(
                "会議が始まっています。緊急の議題を加えられるのは、その会議の主催機関と事務局だけです。"
            )
        )


def check_agenda(
    by: Membership, sitting: Sitting, conference_type: ConferenceType, agenda_type: str
) -> None:
    """The sitting is of this body, still takes items, and the body takes this type."""
    check_takes_items(by, sitting, conference_type)
    if not sitting.conference_types.filter(pk=conference_type.pk).exists():
        raise ActionDenied(_("この開催は「%(body)s」ではありません。") % {"body": conference_type})
    if agenda_type not in agenda_types_of(conference_type):
        raise ActionDenied(_("この会議では、その種別の議題を扱いません。"))


def check_can_decide(by: Membership, item: AgendaItem) -> None:
    """Office or listed secretary, a noticed item, the sitting open. A sealed item is decided by
    its secretariat while it is open: whoever closes the cover does not know of it (V6)."""
    check_can_run_item(by, item)
    if item.state != enums.ItemState.NOTICED:
        raise ActionDenied(
            _("この議題は「%(state)s」のため、決定できません。")
            % {"state": item.get_state_display()}
        )
    check_still_open(item)


def check_still_open(item: AgendaItem) -> None:
    """The sitting runs; under secrecy also after it, until the item closes."""
    state = item.sitting.state
    if state == enums.SittingState.OPEN:
        return
    if item.is_secret and state == enums.SittingState.CLOSED and is_open_now(item):
        return
    if state == enums.SittingState.CLOSED:
        raise ActionDenied(_("会議は終了しています。議事録と決定は変えられません。"))
    raise ActionDenied(_("会議を始めてから記録してください。"))


def check_can_write_minutes(by: Membership, item: AgendaItem) -> None:
    """議事録: whoever runs the item, from the opening of the sitting on. Under secrecy the listed
    secretary also after the item has closed to its appointed (they go on reading it, V6)."""
    check_can_run_item(by, item)
    if item.state in (enums.ItemState.BLOCKED, enums.ItemState.WITHDRAWN):
        raise ActionDenied(
            _("この議題は「%(state)s」のため、議事録を書けません。")
            % {"state": item.get_state_display()}
        )
    if item.sitting.state not in (enums.SittingState.OPEN, enums.SittingState.CLOSED):
        raise ActionDenied(_("会議を始めてから記録してください。"))


def check_can_approve_minutes(by: Membership, item: AgendaItem) -> None:
    """承認, or its registration: whoever may write them, once the sitting is over. Under secrecy
    that is a listed secretary: a head who is not listed must not learn of the item (V6)."""
    check_can_write_minutes(by, item)
    if item.sitting.state != enums.SittingState.CLOSED:
        raise ActionDenied(_("議事録は、会議を終えてから承認します。"))


def is_open_now(item: AgendaItem) -> bool:
    """Whether the appointed may read the item at this instant."""
    return item.open_period is not None and timezone.now() in item.open_period


def check_can_name_secretary(by: Membership, conference_type: ConferenceType) -> None:
    """V6: the list is named by the host's head."""
    check_may(by, Permission.APPOINT)
    if by.agency_id != conference_type.host_id:
        raise ActionDenied(_("事務局名簿に人を載せるのは、会議を主催する機関の長です。"))
