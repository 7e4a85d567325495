"""What the meetings room shows on pages shared by all rooms.

Nothing here tells of a sealed item: lines and counts come from items with consent, from the day of
a sitting, or from what waits for this very person (a pledge, a sheet sent to their list).
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import meetings.cover
import meetings.shielded  # noqa: F401 - registers what waits for a list
from agencies.enums import Permission
from agencies.models import ConferenceType, Membership, SecretariatMember
from cases.enums import ReferralMode
from cases.models import Case, Referral
from cases.permissions import check_can_refer, check_can_write
from config.lib.eras import format_short
from config.lib.fiscal import fiscal_year
from config.lib.prepared import prepared
from config.lib.registry import Link, NavItem, NextStep, OpenEnd, Panel, Todo, registry
from meetings import enums, handover
from meetings.calendar import due_jobs
from meetings.candidates import waiting_sheets
from meetings.models import AgendaItem, ItemGrant, Sitting
from meetings.operations import unanswered
from meetings.pages import ITEM_TONE, item_state, sitting_row
from meetings.permissions import LIVE, check_is_listed, is_office, listed_types
from meetings.permissions import can as passes
from plans.models import Plan
from plans.permissions import can_submit
from plans.queries import plans_for_conference, plans_of

LIMIT = 50
SECRECY_BASIS = "106-6"
STAGE = 3  # 会議, of the case page's stages
OVER = (enums.SittingState.CLOSED, enums.SittingState.CANCELLED)
WAITING = (enums.ItemState.PROPOSED, enums.ItemState.NOTICED)


# --- 今日の仕事 --------------------------------------------------------------------------------


@prepared
def pledges(membership: Membership) -> QuerySet[ItemGrant]:
    """Appointments of this person that wait for their pledge."""
    return (
        ItemGrant.objects.visible_to(membership)
        .standing()
        .filter(membership_id=membership.pk, pledged_at__isnull=True)
        .exclude(sitting__state__in=OVER)
        .select_related("sitting", "conference_type")
        .order_by("appointed_at")[:LIMIT]
    )


def todo_pledges(membership: Membership) -> list[Todo]:
    """誓約 to take: for an item, or for the year's list. Two queries."""
    if not membership.may(Permission.READ_ITEMS):
        return []
    found = [
        Todo(
            "pledge",
            _("守秘の誓約　%(body)s") % {"body": grant.conference_type.name},
            reverse("appointment_pledge", args=[grant.pk]),
            _("誓約する"),
            detail=_("あなたが指名されました。誓約するまで議題は開きません。"),
            due_on=grant.sitting.on,
        )
        for grant in pledges(membership)
    ]
    return found + [
        Todo(
            "secretary_pledge",
            _("事務局名簿の誓約　%(body)s") % {"body": entry.conference_type.name},
            reverse("secretariat_step", args=[entry.pk, "pledge"]),
            _("誓約する"),
        )
        for entry in _named(membership)
    ]


@prepared
def _named(membership: Membership) -> QuerySet[SecretariatMember]:
    return SecretariatMember.objects.filter(
        membership_id=membership.pk,
        pledged_at__isnull=True,
        ended_at__isnull=True,
        fiscal_year__gte=fiscal_year(timezone.localdate()),
    ).select_related("conference_type")


def todo_guest(membership: Membership) -> list[Todo]:
    """A guest's items: their only way in. One query. (Who works here finds a sealed item in its
    sitting alone, V6.)"""
    if not membership.is_guest:
        return []
    items = AgendaItem.objects.visible_to(membership).select_related("sitting", "conference_type")
    return [
        Todo(
            "guest_item",
            _("守秘の議題　%(body)s") % {"body": item.conference_type.name},
            reverse("item_detail", args=[item.pk]),
            _("議題を開く"),
            detail=format_short(item.sitting.on) if item.sitting.on else "",
        )
        for item in items.order_by("sitting__on", "pk")[:LIMIT]
    ]


def todo_undated(membership: Membership) -> list[Todo]:
    """Sittings without a day, for the office. Two queries."""
    if not membership.may(Permission.RUN_CONFERENCE):
        return []
    sittings = Sitting.objects.visible_to(membership).filter(state=enums.SittingState.UNDATED)
    found = []
    for sitting in sittings.prefetch_related(_bodies()).order_by("month")[:LIMIT]:
        row = sitting_row(sitting)
        if any(is_office(membership, body) for body in row.bodies):
            found.append(
                Todo(
                    "undated",
                    _("会議の日程を決める　%(name)s") % {"name": row.name},
                    reverse("sitting_date", args=[sitting.pk]),
                    _("日程を決める"),
                    detail=row.when,
                )
            )
    return found


def _bodies() -> Prefetch:
    return Prefetch("conference_types", queryset=ConferenceType.objects.order_by("order"))


def todo_sittings(membership: Membership) -> list[Todo]:
    """Sittings of today and tomorrow in which an item with consent is mine. Two queries."""
    if not membership.may(Permission.READ_CASES):
        return []
    today = timezone.localdate()
    mine = AgendaItem.objects.visible_to(membership).filter(
        sitting=OuterRef("pk"), basis=enums.ItemBasis.CONSENT, state=enums.ItemState.NOTICED
    )
    sittings = (
        Sitting.objects.visible_to(membership)
        .filter(Exists(mine), on__range=(today, today + datetime.timedelta(days=1)))
        .exclude(state__in=OVER)
        .prefetch_related(_bodies())
    )
    return [
        Todo(
            "sitting",
            _("会議　%(name)s") % {"name": row.name},
            row.url,
            _("次第を見る"),
            detail=row.when,
            due_on=sitting.on,
            section="due",
        )
        for sitting in sittings.order_by("on", "starts_at")
        for row in [sitting_row(sitting)]
    ]


def todo_answers(membership: Membership) -> list[Todo]:
    """出欠 that this membership's agency, or they themself, still owe: one line a sitting, in the
    same words whatever was asked (V6). Three queries, one where nothing waits."""
    if not membership.may(Permission.READ_CASES):
        return []
    today = timezone.localdate()
    waiting = unanswered(membership).filter(sitting__on__gte=today).values_list("sitting")
    keys = {key for (key,) in waiting}
    if not keys:
        return []
    sittings = Sitting.objects.visible_to(membership).filter(pk__in=keys)
    return [
        Todo(
            "answer",
            _("出欠を返事する　%(name)s") % {"name": row.name},
            reverse("sitting_answer", args=[sitting.pk]),
            _("返事をする"),
            detail=row.when,
            due_on=sitting.on,
        )
        for sitting in sittings.prefetch_related(_bodies()).order_by("on", "starts_at", "pk")
        for row in [sitting_row(sitting)]
    ]


def todo_sheets(membership: Membership) -> list[Todo]:
    """Sheets without consent that came to a list I am on and stand on no agenda. Two queries."""
    if not membership.may(Permission.WRITE_RECORDS):
        return []
    listed = listed_types(membership)
    if not listed:
        return []
    return [
        Todo(
            "sheet",
            _("本人同意なしのつなぎを議題にする"),
            f"{reverse('item_new')}?referral={pk}",
            _("議題にする"),
            detail=sender,
            when=format_short(sent_at),
        )
        for pk, sender, sent_at in waiting_sheets(membership, listed)[:LIMIT]
    ]


def todo_blocked(membership: Membership) -> list[Todo]:
    """My agency's items whose consents went. One query."""
    if not membership.may(Permission.READ_CASES):
        return []
    return [
        Todo(
            "blocked",
            _("議題の同意が足りません　%(title)s") % {"title": title},
            reverse("item_detail", args=[pk]),
            _("確かめる"),
            record_id=pk,
        )
        for pk, title in _blocked(membership)
    ]


@prepared
def _blocked(membership: Membership) -> QuerySet[AgendaItem, Any]:
    items = AgendaItem.objects.visible_to(membership).filter(
        proposing_agency_id=membership.agency_id,
        state=enums.ItemState.BLOCKED,
        sitting__state__in=(*LIVE, enums.SittingState.CANCELLED),
    )
    return items.order_by("proposed_at", "id").values_list("pk", "title")[:LIMIT]


def count(membership: Membership) -> tuple[int, bool]:
    """Pledges and days that wait for this membership. Four queries."""
    waiting = [*todo_pledges(membership), *todo_undated(membership)]
    return len(waiting), False


# --- the case page ---------------------------------------------------------------------------


def of_case(membership: Membership, case: Case) -> list[AgendaItem]:
    """Items with consent: sealed ones appear inside their sitting alone (V6). Two queries."""
    return list(_of_case(membership, case))


@prepared
def _of_case(membership: Membership, case: Case) -> QuerySet[AgendaItem]:
    items = AgendaItem.objects.visible_to(membership).filter(
        case=case, basis=enums.ItemBasis.CONSENT
    )
    return (
        items.select_related("sitting", "proposing_agency")
        .prefetch_related("sitting__conference_types")
        .order_by("-proposed_at")[:LIMIT]
    )


def panel(membership: Membership, case: Case) -> Panel | None:
    """会議 on the case page. Two queries."""
    items = of_case(membership, case)
    if not items:
        return None
    rows = []
    for item in items:
        row = sitting_row(item.sitting)
        rows.append(
            {
                "when": row.day,
                "title": item.title,
                "sub": row.name,
                "state": item_state(item),
                "tone": ITEM_TONE[item.state],
                "url": reverse("item_detail", args=[item.pk]),
            }
        )
    return Panel(
        "meetings/case_panel.html", {"rows": rows, "record_ids": [item.pk for item in items]}
    )


def open_ends(membership: Membership, case: Case) -> list[OpenEnd]:
    """Items with consent that wait for their sitting; what is sealed is never told here (V6).
    Two queries."""
    waits = (*WAITING, enums.ItemState.BLOCKED)
    return [
        OpenEnd(
            _("「%(title)s」が会議の議題にのっています。決定を待つか、議題を取り下げます。")
            % {"title": item.title},
            reverse("item_detail", args=[item.pk]),
            _("議題を開く"),
            is_first=True,
            stays=_("議題「%(title)s」") % {"title": item.title},
            whose=item.proposing_agency.name,
        )
        for item in of_case(membership, case)
        if item.state in waits
    ]


def actions(membership: Membership, case: Case) -> list[Link]:
    """会議に付議する, for who works on the case. One query."""
    if not passes(check_can_write, membership, case):
        return []
    return [Link(_("会議に付議する"), f"{reverse('item_new')}?case={case.pk}")]


def risk_actions(membership: Membership, case: Case) -> list[Link]:
    """When a risk sheet is red: an ad-hoc 支援会議, by whoever is listed on its secretariat; for
    others the way there, a sheet without consent (V4). The same whether there is one or not (V6).
    Three queries."""
    bodies = ConferenceType.objects.running_in(case.municipality_id).filter(
        bases__contains=[SECRECY_BASIS]
    )
    if not (secret := {body.pk for body in bodies}):
        return []
    if secret & set(listed_types(membership)):
        found = [Link(_("臨時の支援会議に付議する"), f"{reverse('item_new')}?case={case.pk}")]
        if membership.may(Permission.RUN_CONFERENCE):
            found.append(Link(_("臨時の会議を開く"), reverse("sitting_new")))
        return found
    if not passes(check_can_refer, membership, case):
        return []
    url = f"{reverse('referral_new', args=[case.pk])}?mode={ReferralMode.SECRECY}"
    return [Link(_("臨時の支援会議を提案する"), url)]


def next_step(membership: Membership, case: Case) -> NextStep | None:
    """A plan of mine that is ready for the next sitting and on no agenda. Six queries where a draft
    is ready, five for a submitted plan, four more for an unfinished draft beside it."""
    if not membership.may(Permission.WRITE_RECORDS):
        return None
    plans = plans_of(membership, case)
    if all(p.record.author_agency_id != membership.agency_id for p in plans):
        return None
    ready = next((p for p in _drafts(membership, case) if can_submit(membership, p)), None)
    key = ready.pk if ready is not None else _submitted(membership, case)
    if key is None:
        return None
    return NextStep(
        _("プラン案ができています。次の会議に付議します。"),
        _("会議に付議する"),
        f"{reverse('item_new')}?plan={key}",
    )


@prepared
def _drafts(membership: Membership, case: Case) -> QuerySet[Plan]:
    waiting = AgendaItem.objects.visible_to(membership).filter(
        plan=OuterRef("pk"), state__in=WAITING
    )
    drafts = Plan.objects.standing_with(membership).filter(
        ~Exists(waiting),
        record__case=case,
        status="draft",
        record__author_agency_id=membership.agency_id,
    )
    return drafts.select_related("record")


def _submitted(membership: Membership, case: Case) -> object | None:
    """A plan that waits for a conference and is on no agenda (継続審議, 終結時の評価)."""
    mine = [
        c.plan_id
        for c in plans_for_conference(membership, case)
        if c.author_agency_id == membership.agency_id
    ]
    on_agenda = set(
        AgendaItem.objects.visible_to(membership)
        .filter(plan_id__in=mine, state__in=WAITING)
        .values_list("plan_id", flat=True)
        if mine
        else ()
    )
    return next((key for key in mine if key not in on_agenda), None)


def stage(membership: Membership, case: Case) -> int | None:
    """会議, while an item with consent waits for its sitting. One query."""
    return STAGE if _waiting_items(membership, case).exists() else None


@prepared
def _waiting_items(membership: Membership, case: Case) -> QuerySet[AgendaItem]:
    items = AgendaItem.objects.visible_to(membership).filter(case=case, state__in=WAITING)
    return items.filter(basis=enums.ItemBasis.CONSENT)


def referral_actions(membership: Membership, referral: Referral) -> list[Link]:
    """議題にする: a sheet without consent, for who is listed. One query."""
    body = referral.to_conference_type
    if body is None or not passes(check_is_listed, membership, body):
        return []
    return [Link(_("議題にする"), f"{reverse('item_new')}?referral={referral.pk}")]


__all__ = ["handover"]

registry.add("due_jobs", due_jobs, queries=1)
registry.add("todos", todo_pledges, queries=2, order=9)
registry.add("todos", todo_guest, queries=1, order=10)
registry.add("todos", todo_sittings, queries=2, order=13)
registry.add("todos", todo_answers, queries=3, order=14)
registry.add("todos", todo_undated, queries=2, order=22)
registry.add("todos", todo_sheets, queries=2, order=16)
registry.add("todos", todo_blocked, queries=1, order=17)
registry.add("case_panels", panel, queries=2, order=30)
registry.add("case_actions", actions, queries=1, order=30)
registry.add("case_open_ends", open_ends, queries=2, order=30)
registry.add("case_next", next_step, queries=9, order=5)
registry.add("case_stage", stage, queries=1, order=30)
registry.add("referral_actions", referral_actions, queries=1)
registry.add("risk_actions", risk_actions, queries=3)
registry.nav(
    NavItem("meetings", gettext_lazy("会議"), "sitting_list", 1, Permission.READ_CASES, count)
)
