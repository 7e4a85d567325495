"""Who may do what with a plan in which state. The same question disables a button and refuses.

A refusal says why in Japanese (V15: visible but not allowed).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from agencies.deciding import check_not_own_draft, check_turn, route_of
from agencies.enums import Decider, DecisionKind, Permission, RoleKey, Signature
from agencies.models import Membership, RoleName
from agencies.permissions import ActionDenied, check_may
from cases.models import Case
from cases.permissions import check_at_work, check_is_open
from plans import enums
from plans.models import Plan, SupportItem
from plans.transitions import check_step


def _derive(check: Callable[..., None]) -> Callable[..., bool]:
    """Turn `check_can_x` into `can_x`."""

    def can(*args: Any) -> bool:
        try:
            check(*args)
        except ActionDenied:
            return False
        return True

    return can


def is_author(by: Membership, plan: Plan) -> bool:
    """Whether the membership acts for the agency that wrote the plan."""
    return by.agency_id is not None and by.agency_id == plan.record.author_agency_id


def _check_author(by: Membership, plan: Plan) -> None:
    if not is_author(by, plan):
        raise ActionDenied(
            _("この操作ができるのは、プランを書いた機関（%(agency)s）です。")
            % {"agency": plan.record.author_agency.name}
        )


def _check_author_at_work(by: Membership, plan: Plan) -> None:
    """The author's agency, while it works on a case that is open: afterwards it reads (V2)."""
    _check_author(by, plan)
    check_at_work(by, plan.record.case)


def needs_signature(by: Membership, plan: Plan) -> bool:
    """Whether the city wants the person's signature first. An outreach plan begins before there
    is a consent to sign (domain: 同意取得前は不要)."""
    return (
        by.municipality.signature == Signature.REQUIRED
        and plan.programme != enums.PlanProgramme.OUTREACH
    )


def check_can_draft(by: Membership, case: Case) -> None:
    """Role, and a case still open that one works on. One query."""
    check_may(by, Permission.DRAFT_PLAN)
    check_at_work(by, case)


def drafts(by: Membership, programme: str) -> bool:
    """Whether this role drafts plans of the programme: a city may lay down who drafts those of
    多機関協働 (`draft_role` of the profile)."""
    wanted = by.municipality.draft_role
    is_free = programme != enums.PlanProgramme.COORDINATION or not wanted
    return is_free or (by.role is not None and by.role.key == wanted)


def check_drafts(by: Membership, programme: str) -> None:
    """The city's role for the programme."""
    if drafts(by, programme):
        return
    city = by.municipality
    names = RoleName.objects.filter(municipality=city, role=city.draft_role)
    role = names.values_list("name", flat=True).first() or RoleKey(city.draft_role).label
    raise ActionDenied(
        _("この市では、多機関協働のプラン案は「%(role)s」が書きます。") % {"role": role}
    )


def check_can_change(by: Membership, plan: Plan) -> None:
    """Role, author's agency at work on the case, 案 or 差戻し."""
    check_may(by, Permission.DRAFT_PLAN)
    _check_author_at_work(by, plan)
    if plan.status not in enums.EDITABLE:
        raise ActionDenied(
            _("「%(status)s」のプランは書き直せません。直せるのは、案と差戻しのときだけです。")
            % {"status": plan.get_status_display()}
        )


def check_can_sign(by: Membership, plan: Plan) -> None:
    """Role, state, author's agency at work on the case."""
    check_step(plan=plan, name="sign", by=by)
    _check_author_at_work(by, plan)


def check_can_submit(by: Membership, plan: Plan) -> None:
    """Besides role and state: the signature where the city wants it, a goal and a role."""
    check_step(plan=plan, name="submit", by=by)
    _check_author_at_work(by, plan)
    _check_whole(by, plan)


def _check_whole(by: Membership, plan: Plan) -> None:
    """The signature where the city wants it, a goal and a role."""
    if needs_signature(by, plan) and plan.signed_on is None:
        raise ActionDenied(_("本人の署名が記録されていません。先に署名を受けてください。"))
    if not plan.goals.exists():
        raise ActionDenied(_("目標が一つも書かれていません。プラン案に目標を書いてください。"))
    if not plan.supportitems.exists():
        raise ActionDenied(_("役割分担が一つも書かれていません。プラン案に書いてください。"))


def check_waits_for_decision(by: Membership, plan: Plan) -> None:
    """Adequate after the conference, in a city where an agency decides; seen by who asks. So much
    is enough to register a decision made on paper: under secrecy the head who decides need not be
    among those who see the plan (V6)."""
    check_step(plan=plan, name="decide", by=by)
    if by.municipality.decided_by != Decider.AGENCY:
        raise ActionDenied(_("この市では、プランは会議で決定します。"))


def check_of_deciding_agency(by: Membership, plan: Plan) -> None:
    """The deciding agency of the city after the conference, and nobody else."""
    check_waits_for_decision(by, plan)
    _check_deciding_agency(by)


def check_can_decide(by: Membership, plan: Plan) -> None:
    """Of the deciding agency: whose turn it is by the posts of the profile, else whose role may
    decide; never on one's own draft where the city forbids it."""
    check_of_deciding_agency(by, plan)
    route = route_of(by.municipality, DecisionKind.PLAN)
    if route is None:
        check_may(by, Permission.DECIDE_PLAN)
    else:
        check_turn(by, route, plan.approvals.order_by("at", "pk"))
    check_not_own_draft(by, plan.record.author)


def _check_deciding_agency(by: Membership) -> None:
    code = by.municipality.decision_agency_code
    if code and (by.agency is None or by.agency.code != code):
        raise ActionDenied(_("プランの決定は、市が定めた機関が行います。"))


def check_can_start_urgently(by: Membership, plan: Plan) -> None:
    """Who decides plans in this city, before a conference has spoken: the deciding agency, else who
    runs conferences. A plan that could go before one: whole, and of a case one sees, still open."""
    check_step(plan=plan, name="start_urgently", by=by)
    if by.municipality.decided_by == Decider.AGENCY:
        check_may(by, Permission.DECIDE_PLAN)
        _check_deciding_agency(by)
    else:
        check_may(by, Permission.RUN_CONFERENCE)
    case = Case.objects.visible_to(by).filter(pk=plan.record.case_id).first()
    if case is None:
        raise ActionDenied(_("このケースを見られないため、緊急に開始することはできません。"))
    check_is_open(case)
    check_not_own_draft(by, plan.record.author)
    _check_whole(by, plan)


def _check_in_force(plan: Plan) -> None:
    if plan.status != enums.PlanStatus.IN_FORCE:
        raise ActionDenied(_("実施中のプランではありません。"))


def check_can_finish(by: Membership, item: SupportItem) -> None:
    """A line of the role table: its agency, or the plan's author's."""
    check_may(by, Permission.WRITE_RECORDS)
    _check_in_force(item.plan)
    if by.agency_id != item.agency_id and not is_author(by, item.plan):
        raise ActionDenied(_("この支援の状況を変えられるのは、担当機関とプランを書いた機関です。"))
    if item.status != enums.ItemStatus.OPEN:
        raise ActionDenied(_("この支援は、すでに「%s」です。") % item.get_status_display())


def check_can_monitor(by: Membership, plan: Plan) -> None:
    """The author's agency, or one in the role table, while the plan is in force."""
    check_may(by, Permission.WRITE_RECORDS)
    _check_in_force(plan)
    if not is_author(by, plan) and not plan.supportitems.filter(agency_id=by.agency_id).exists():
        raise ActionDenied(_("モニタリングを書けるのは、プランを書いた機関と役割のある機関です。"))


def check_can_evaluate(by: Membership, plan: Plan) -> None:
    """The author's agency, while the plan is in force."""
    check_may(by, Permission.DRAFT_PLAN)
    _check_in_force(plan)
    _check_author(by, plan)


def check_can_end(by: Membership, plan: Plan, name: str = "close") -> None:
    """The author's agency; a conference ends a plan by `end_plan(conference_name=…)`."""
    check_step(plan=plan, name=name, by=by)
    check_may(by, Permission.DRAFT_PLAN)
    _check_author(by, plan)


can_draft = _derive(check_can_draft)
can_change = _derive(check_can_change)
can_sign = _derive(check_can_sign)
can_submit = _derive(check_can_submit)
can_decide = _derive(check_can_decide)
can_start_urgently = _derive(check_can_start_urgently)
can_register = _derive(check_waits_for_decision)
can_stand_in = _derive(check_of_deciding_agency)
can_monitor = _derive(check_can_monitor)
can_evaluate = _derive(check_can_evaluate)
can_end = _derive(check_can_end)
