"""What the page of one plan says: where it stands, what is next and for whom, what has been."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.deciding import post_due, role_words, route_of
from agencies.enums import DecisionKind, Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied
from config.lib.eras import format_datetime_short, format_long, format_short
from plans import enums, permissions
from plans.models import Evaluation, Monitoring, Plan, PlanStep
from plans.queries import ENDING
from plans.transitions import STEPS
from plans.urgent import ANSWERED, START

STAGES = ("プラン案", "会議", "決定", "実施・モニタリング", "評価・終結")
DECISION = 2
STAGE = {
    enums.PlanStatus.DRAFT: 0,
    enums.PlanStatus.RETURNED: 0,
    enums.PlanStatus.SUBMITTED: 1,
    enums.PlanStatus.AGREED: 2,
    enums.PlanStatus.IN_FORCE: 3,
}
TONE = {
    enums.PlanStatus.DRAFT: "",
    enums.PlanStatus.RETURNED: "warn",
    enums.PlanStatus.SUBMITTED: "info",
    enums.PlanStatus.AGREED: "info",
    enums.PlanStatus.IN_FORCE: "ok",
}


def tone_of(status: str) -> str:
    """The tone of a state's badge; ended plans are grey."""
    return TONE.get(enums.PlanStatus(status), "")


@dataclass(frozen=True)
class Next:
    """次にすること, in the words of components/next_step.html."""

    text: str
    href: str = ""
    label: str = ""
    due: str = ""
    late: bool = False
    wait: bool = False


@dataclass(frozen=True)
class Entry:
    """A line of これまで."""

    title: str
    when: str
    by: str
    text: str
    system: bool


def stepper(plan: Plan, steps: list[PlanStep]) -> list[dict[str, str]]:
    """The five stages with the day each was reached."""
    now = STAGE.get(enums.PlanStatus(plan.status), len(STAGES))
    on = dict.fromkeys(range(len(STAGES)), "")
    for step in steps:
        position = STAGE.get(enums.PlanStatus(step.to_status), len(STAGES) - 1)
        if step.to_status != step.from_status and position <= now:
            on[position] = format_short(step.at)
    if plan.decided_at and now > DECISION:
        on[DECISION] = format_short(plan.decided_at)
    return [
        {
            "label": _(label),
            "on": on[i],
            "state": "done" if i < now else "now" if i == now else "todo",
        }
        for i, label in enumerate(STAGES)
    ]


def next_step(by: Membership, plan: Plan, today: datetime.date) -> Next:
    """One sentence and at most one button, for this reader."""
    status = enums.PlanStatus(plan.status)
    if status in enums.EDITABLE:
        return _next_of_draft(by, plan)
    if status == enums.PlanStatus.SUBMITTED:
        return Next(
            _(
                "会議に付議しました。結果（適切・修正して適切・差戻し・継続審議）が記録されると、"
                "ここに次の手順が出ます。"
            ),
            wait=True,
        )
    if status == enums.PlanStatus.AGREED:
        if permissions.can_decide(by, plan):
            return Next(
                _("会議で適切とされました。決定すると、この日から実施に入ります。"),
                reverse("plan_decide", args=[plan.pk]),
                _("決定に進む"),
            )
        return _next_of_decision(by, plan)
    if status == enums.PlanStatus.IN_FORCE:
        return _next_in_force(by, plan, today)
    lead = plan.lead_agency_after
    text = _("このプランは「%(status)s」です。") % {"status": plan.get_status_display()}
    if lead is not None:
        text += _("終結後の主担当は%(agency)sです。") % {"agency": lead.name}
    return Next(text, wait=True)


def _next_of_decision(by: Membership, plan: Plan) -> Next:
    """Whose turn it is; a button for who may stand in, or register a decision made on paper."""
    text = _("会議で適切とされました。市の決定を待っています。")
    post = post_due(route_of(by.municipality, DecisionKind.PLAN), plan.approvals.all())
    if post is not None:
        role = role_words(by.municipality, post.role)
        text = _("「%(post)s」（%(role)s）の決裁を待っています。") % {
            "post": post.name, "role": role,
        }  # fmt: skip
    if permissions.can_register(by, plan) and by.may(Permission.RUN_CONFERENCE):
        return Next(text, reverse("plan_decide", args=[plan.pk]), _("代決・紙決裁を登録する"))
    return Next(text, wait=True)


def _next_of_draft(by: Membership, plan: Plan) -> Next:
    key = [plan.pk]
    if not permissions.can_change(by, plan):
        return Next(_("プラン案を作成中です。付議まで、内容は変わることがあります。"), wait=True)
    if plan.status == enums.PlanStatus.RETURNED:
        return Next(
            _("会議で差し戻されました。意見を反映して直し、もう一度付議します。"),
            reverse("plan_edit", args=key),
            _("プラン案を直す"),
        )
    if permissions.needs_signature(by, plan) and plan.signed_on is None:
        return Next(
            _("本人に説明し、プラン兼利用申込書に署名をもらいます。署名がないと付議できません。"),
            reverse("plan_sign", args=key),
            _("署名を記録する"),
        )
    try:
        permissions.check_can_submit(by, plan)
    except ActionDenied as refusal:
        return Next(str(refusal), reverse("plan_edit", args=key), _("プラン案を直す"))
    return Next(
        _("内容がととのいました。会議に付議すると、結果が出るまで書き直せません。"),
        reverse("plan_submit", args=key),
        _("会議に付議する"),
    )


def _next_in_force(by: Membership, plan: Plan, today: datetime.date) -> Next:
    key = [plan.pk]
    review = format_short(plan.review_on)
    if permissions.can_evaluate(by, plan):
        last = plan.evaluations.order_by("-on", "-record_id").first()
        if last is not None and last.outcome in ENDING:
            return Next(
                _("評価の判定は「%(outcome)s」です。会議で評価を受けたら、判定を確定します。")
                % {"outcome": last.get_outcome_display()},
                reverse("plan_end", args=key),
                _("判定を確定する"),
            )
        if plan.ends_on < today:
            return Next(
                _("プラン期間が%(day)sに終わりました。目標の達成を評価します。")
                % {"day": format_long(plan.ends_on)},
                reverse("evaluate_new", args=key),
                _("評価を書く"),
                late=True,
                due=_("%(n)s日超過") % {"n": (today - plan.ends_on).days},
            )
        return _next_review(plan, today)
    mine = plan.supportitems.filter(agency_id=by.agency_id, status=enums.ItemStatus.OPEN)
    days = sorted(mine.values_list("until", flat=True))
    if days and by.may(Permission.WRITE_RECORDS):
        return Next(
            _("あなたの機関が受け持つ支援が%(n)s件あります。終わったものは「済み」にします。")
            % {"n": len(days)},
            "#roles",
            _("役割分担を見る"),
            **_due(days[0], today),
        )
    return Next(_("実施中です。次回モニタリングは%(day)sです。") % {"day": review}, wait=True)


def _due(day: datetime.date, today: datetime.date) -> dict[str, Any]:
    late = (today - day).days
    if late > 0:
        return {"due": _("%(n)s日超過") % {"n": late}, "late": True}
    return {"due": _("%(day)sまで") % {"day": format_short(day)}}


def _next_review(plan: Plan, today: datetime.date) -> Next:
    return Next(
        _("本人・世帯と役割のある機関の様子を確かめ、モニタリングを書きます。"),
        reverse("monitor_new", args=[plan.pk]),
        _("モニタリングを書く"),
        **_due(plan.review_on, today),
    )


def history(
    plan: Plan, steps: list[PlanStep], watched: list[Monitoring], judged: list[Evaluation]
) -> list[Entry]:
    """Steps, monitoring and evaluation, newest first."""
    found = [(step.at, _step_entry(step)) for step in steps]
    for row in watched:
        text = row.text
        if row.next_review_on:
            text += "\n" + _("次回：%(day)s") % {"day": format_short(row.next_review_on)}
        found.append((row.record.written_at, _record_entry(_("モニタリング"), row, text)))
    for sheet in judged:
        title = _("評価　判定 %(outcome)s") % {"outcome": sheet.get_outcome_display()}
        found.append((sheet.record.written_at, _record_entry(title, sheet, _judged(sheet))))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [entry for _at, entry in found]


def urgent_words(plan: Plan, steps: list[PlanStep]) -> str:
    """One sentence while a conference has still to hear of a plan begun in urgency."""
    if plan.status != enums.PlanStatus.IN_FORCE:
        return ""
    begun = [step for step in steps if step.name == START]
    if not begun or any(step.name in ANSWERED for step in steps):
        return ""
    return _("%(day)sに緊急に開始したプランです。会議への事後報告がまだです。") % {
        "day": format_long(begun[0].at)
    }


def _step_entry(step: PlanStep) -> Entry:
    known = STEPS.get(step.name)
    title = str(known.label) if known else _("プラン案を作成")
    who = step.by.agency_name
    return Entry(title, format_datetime_short(step.at), who, step.note, system=True)


def _record_entry(title: str, row: Monitoring | Evaluation, text: str) -> Entry:
    return Entry(title, format_short(row.on), row.record.author_agency.name, text, system=False)


def _judged(sheet: Evaluation) -> str:
    labels = dict(enums.ObservedChange.choices)
    changes = "・".join(str(labels.get(code, code)) for code in sheet.changes)
    parts = [
        _("見られた変化：%(text)s") % {"text": changes} if changes else "",
        _("残された課題：%(text)s") % {"text": sheet.remaining} if sheet.remaining else "",
        _("終結後のフォロー：%(text)s") % {"text": sheet.follow_up} if sheet.follow_up else "",
    ]
    return "\n".join(part for part in parts if part)
