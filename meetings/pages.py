"""What pages say: sittings, items and people as plain words, ready to print."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import AgendaType, Decider, Permission
from agencies.models import Agency, ConferenceType, LegalBasis, Membership, agencies_of
from config.lib.eras import format_long, format_short, format_with_weekday
from config.lib.registry import Matter, registry
from config.lib.wording import label_of
from meetings import enums
from meetings.models import AgendaItem, ItemAttendance, ItemGrant, ItemPerson, Sitting
from meetings.permissions import is_open_now
from plans.models import Goal, Plan, SupportItem
from plans.urgent import awaits_report, share_words

STATE_TONE = {
    "undated": "warn",
    "planned": "",
    "noticed": "info",
    "open": "ok",
    "closed": "",
    "cancelled": "alert",
}
ITEM_TONE = {"proposed": "", "noticed": "info", "decided": "ok", "blocked": "bad", "withdrawn": ""}
PRESENCE_TONE = {"present": "ok", "absent": "", "partial": "info"}


@dataclass(frozen=True)
class SittingRow:
    """A sitting as it is named everywhere."""

    pk: UUID
    name: str
    when: str
    day: str
    state: str
    tone: str
    url: str
    is_undated: bool
    kind: str
    bodies: tuple[ConferenceType, ...] = field(default=(), compare=False)


def sitting_row(sitting: Sitting) -> SittingRow:
    """Needs `conference_types` prefetched."""
    bodies = tuple(sorted(sitting.conference_types.all(), key=lambda t: (t.order, t.pk)))
    kind = _("臨時") if sitting.is_ad_hoc else _("%(m)s月定例") % {"m": sitting.month.month}
    names = "・".join(t.name for t in bodies)
    when = day_words(sitting)
    if sitting.place:
        when += f"　{sitting.place}"
    return SittingRow(
        pk=sitting.pk,
        name=f"{names}（{kind}）",
        when=when,
        day=short_day(sitting.on) if sitting.on else _("日程未定"),
        state=label_of(enums.SittingState, sitting.state),
        tone=STATE_TONE[sitting.state],
        url=reverse("sitting_detail", args=[sitting.pk]),
        is_undated=sitting.on is None,
        kind=kind,
        bodies=bodies,
    )


def day_words(sitting: Sitting) -> str:
    """「令和8年12月23日（水） 14:00–16:00」, or 「令和8年12月　日程未定」."""
    day = (
        format_with_weekday(sitting.on)
        if sitting.on
        else _("%(y)s%(m)s月　日程未定")
        % {
            "y": format_long(sitting.month).split("年")[0] + "年",
            "m": sitting.month.month,
        }
    )
    return f"{day}{_hours(sitting)}"


def _hours(sitting: Sitting) -> str:
    if sitting.starts_at is None:
        return ""
    until = f"–{sitting.ends_at:%H:%M}" if sitting.ends_at else ""
    return f" {sitting.starts_at:%H:%M}{until}"


def short_day(day: datetime.date) -> str:
    today = timezone.localdate()
    if day == today:
        return _("今日")
    text = f"{day.month}/{day.day}（{'月火水木金土日'[day.weekday()]}）"
    return text if day.year == today.year else format_short(day)


def waits_for_next(item: AgendaItem) -> bool:
    """Whether its sitting was cancelled and the next one is not there yet."""
    over = (enums.ItemState.DECIDED, enums.ItemState.WITHDRAWN)
    return item.sitting.state == enums.SittingState.CANCELLED and item.state not in over


def item_state(item: AgendaItem) -> str:
    """What was decided of it, else how far it is."""
    if waits_for_next(item):
        return _("中止・次の会議を待つ")
    return label_of(enums.Decision, item.decision) or label_of(enums.ItemState, item.state)


def secret_words(bodies: Iterable[ConferenceType], *, run: bool) -> tuple[str, str]:
    """The line above sealed items: for every sitting of a body under 106条の6, never because a
    sealed item exists."""
    if not any(body.is_secret for body in bodies):
        return "", ""
    note = (
        _("出席者が替わると、その議題が現れます")
        if run
        else _("指名された人と事務局だけに現れます")
    )
    return _("ここから守秘の議題（106条の6）"), note


def role_table(membership: Membership, plan: Plan) -> list[dict[str, Any]]:
    """支援の役割分担 of a plan the reader sees. Two queries."""
    goals = {g.pk: g.text for g in Goal.objects.visible_to(membership).filter(plan=plan)}
    items = (
        SupportItem.objects.visible_to(membership)
        .filter(plan=plan)
        .select_related("agency")
        .order_by("order")
    )
    return [
        {
            "key": row.pk,
            "goal": goals.get(row.goal_id, ""),
            "support": row.content,
            "frequency": row.frequency,
            "who": f"{row.agency.name}　{row.worker}" if row.worker else row.agency.name,
            "until": format_short(row.until),
        }
        for row in items
    ]


DUTY = ("106-6", "159")  # what one pledges, and the penalty
REQUESTED = ("106-6-3",)  # what a letter rests on


def law_of(item: AgendaItem) -> list[LegalBasis]:
    """The bases of the item's body in force on the day of its sitting: law is data."""
    codes = item.conference_type.bases if not item.is_secret else ["106-6"]
    return law_in_force(codes, item.sitting.on)


def law_in_force(codes: Sequence[str], on: datetime.date | None = None) -> list[LegalBasis]:
    """Bases by code, as in force on this day (today)."""
    day = on or timezone.localdate()
    found = LegalBasis.objects.filter(code__in=codes, effective_from__lte=day).order_by("code")
    return [law for law in found if law.effective_to is None or law.effective_to >= day]


def law_words(laws: Sequence[LegalBasis]) -> str:
    """「社会福祉法第106条の6　支援会議（守秘義務）」."""
    return "、".join(f"{law.act}{law.article}　{law.label}" for law in laws)


def people_choices(
    by: Membership, agencies: Iterable[int] | None = None
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The city's people whose role reads cases, by agency."""
    found = (
        Membership.objects.active()
        .with_names()
        .filter(
            agency__municipality=by.municipality,
            user__is_active=True,
            role__permissions__contains=[Permission.READ_CASES],
        )
        .order_by("agency__name", "user__display_name")
    )
    if agencies is not None:
        found = found.filter(agency_id__in=list(agencies))
    groups: dict[str, list[tuple[str, str]]] = {}
    for member in found:
        label = f"{member.user}（{member.role_name}）"
        groups.setdefault(member.agency_name, []).append((str(member.pk), label))
    return list(groups.items())


def agency_choices(by: Membership, *, without: Iterable[int | None] = ()) -> list[tuple[str, str]]:
    """The city's agencies that somebody works for."""
    found = agencies_of(by.municipality)
    others = found.exclude(pk__in=[key for key in without if key is not None])
    return [(str(a.pk), a.name) for a in others]


def people_of(item: AgendaItem) -> list[ItemPerson]:
    """Who stands on the item without an account of their own (guests among them)."""
    found = ItemPerson.objects.filter(item=item, revoked_at__isnull=True)
    return list(found.select_related("guest").order_by("appointed_at"))


def names_of(people: Iterable[ItemPerson]) -> dict[UUID | None, str]:
    """A guest's account is nameless: who it is stands with the item."""
    return {person.guest_id: str(person) for person in people if person.guest_id is not None}


def named(member: Membership, names: dict[UUID | None, str]) -> str:
    """「氏名（所属）」 of an appointed person, guests by the item's own list."""
    return names.get(member.pk) or f"{member.user}（{member.agency_name}）"


def presence(item: AgendaItem) -> list[dict[str, str]]:
    """出席 as recorded, for the right column and for paper."""
    rows = (
        ItemAttendance.objects.filter(item=item, removed_at=None)
        .exclude(attendance="")
        .select_related("membership__user", "membership__agency", "agency", "person")
    )
    names = names_of(ItemPerson.objects.filter(item=item)) if item.is_secret else {}
    found = []
    for row in rows:
        who = row.name
        if row.membership is not None:
            who = named(row.membership, names)
        elif row.agency is not None:
            who = row.agency.name
        elif row.person_id is not None:
            who = row.person.shown_name if row.person is not None else _("本人")
        found.append(
            {
                "who": who,
                "state": str(row.get_attendance_display())
                + hours_there(row.arrived_at, row.left_at)
                + (_("（利害関係あり・決定に加わらない）") if row.has_conflict else ""),
                "tone": PRESENCE_TONE[row.attendance] if row.left_at is None else "",
            }
        )
    return sorted(found, key=lambda entry: entry["who"])


def hours_there(since: datetime.datetime | None, until: datetime.datetime | None) -> str:
    """「（14:10から15:00まで）」 for who came late or left early."""
    words = _("%(at)sから") % {"at": f"{timezone.localtime(since):%H:%M}"} if since else ""
    words += _("%(at)sまで") % {"at": f"{timezone.localtime(until):%H:%M}"} if until else ""
    return f"（{words}）" if words else ""


def appointments(item: AgendaItem) -> list[ItemGrant]:
    """The standing appointments in the reader's view (the secretariat: all)."""
    return list(
        ItemGrant.objects.filter(content_object=item)
        .standing()
        .select_related(
            "membership__user", "membership__agency", "membership__role", "decided_by__user"
        )
        .order_by("appointed_at")
    )


def consequences(
    by: Membership, item: AgendaItem, plan: Plan | None, roles: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """この決定で起きること, in figures. `plan`: the item's, as far as the reader sees it."""
    if item.agenda_type == AgendaType.PLAN_ADEQUACY and plan and awaits_report(plan):
        share = share_words(by)
        return [
            {"text": _("緊急に始めたプランの事後報告です。プランはもう実施に入っています。")},
            {"text": _("「適切」なら、このまま続きます。")},
            {"text": _("「差戻し」なら、実施中のまま、作成機関に再プランを求めます。")},
            *([{"text": share}] if share else []),
        ]
    if item.agenda_type == AgendaType.PLAN_ADEQUACY and plan is not None:
        agencies = len({row["who"].split("　")[0] for row in roles})
        words = _("「適切」なら、プラン第%(n)s版がこの決定で実施に入ります。")
        if item.conference_type.municipality.decided_by == Decider.AGENCY:
            words = _("「適切」なら、プラン第%(n)s版が市の定めた機関の決定待ちになります。")
        return [
            {"text": words % {"n": plan.sequence}},
            {"figure": agencies, "unit": _("機関"), "text": _("に役割が届きます")},
            {
                "figure": len(roles),
                "unit": _("件"),
                "text": _("の仕事が「プランと期限」に並びます"),
            },
            {"text": _("次回モニタリングの前に知らせます。")},
        ]
    if item.agenda_type == AgendaType.CLOSURE_EVALUATION:
        return [
            {"text": _("「終結」「再プラン」「中断」なら、プランはこの決定で終わります。")},
            {"text": _("終結後の主担当に引き継ぎます。")},
        ]
    if item.is_secret:
        return [
            {"text": _("決めたことは、この議題を見る人だけに残ります。")},
            {"text": _("「役割（持ち出し）」だけが、選んだ人に、見直し日まで渡ります。")},
            {"text": _("「見守り」は、次の会議に今回の資料と一緒に載ります。")},
        ]
    return [
        {"figure": len(item.participant_ids), "unit": _("機関"), "text": _("に決定が知らされます")},
        *({"text": matter.effect} for matter in matters_of(item)),
    ]


def matters_of(item: AgendaItem) -> list[Matter]:
    """What an item without a case is about, of the room that holds it; at most one."""
    if item.case_id is not None or item.is_secret:
        return []
    return list(registry.draw("item_matter", item))


def who_sees(item: AgendaItem) -> list[dict[str, Any]]:
    """誰が見られるか, of an item."""
    if not item.is_secret:
        agencies = (
            Agency.objects.filter(pk__in=[*item.participant_ids, item.proposing_agency_id])
            .order_by("name")
            .values_list("pk", "name")
        )
        return [
            {
                "agency": name,
                "basis": _("付議した機関") if pk == item.proposing_agency_id else _("本人同意"),
                "until": "" if pk == item.proposing_agency_id else _("同意のある間"),
                "secret": False,
            }
            for pk, name in agencies
        ]
    until = ""
    if item.open_period is not None:
        last = timezone.localdate(item.open_period.upper - datetime.timedelta(seconds=1))
        until = _("%(day)sまで") % {"day": format_short(last)}
    entries: list[dict[str, Any]] = [
        {"agency": _("事務局（名簿の人）"), "basis": _("106条の6"), "until": "", "secret": True}
    ]
    people = people_of(item)
    names = names_of(people)
    for grant in appointments(item):
        basis = _("指名・誓約済み") if grant.pledged_at else _("指名・誓約待ち（まだ見られません）")
        entries.append(
            {
                "agency": named(grant.membership, names),
                "basis": basis,
                "until": until if is_open_now(item) else _("まだ開いていません"),
                "secret": True,
            }
        )
    entries += [
        {
            "agency": str(person),
            "basis": _("指名・紙で誓約済み") if person.pledged_on else _("指名・紙の誓約待ち"),
            "until": _("画面では見ません"),
            "secret": True,
        }
        for person in people
        if person.guest_id is None
    ]
    return entries
