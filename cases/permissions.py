"""Who may do what in the cases room: who acts × the state of the thing. Rows: the gate decides.

`check_can_…` raises ActionDenied with the reason a person understands; `can` derives from it.
"""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import MembershipState, Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from agencies.permissions import can as can
from cases import enums
from cases.gate import grants_of, works_on
from cases.models import (
    Case,
    Consent,
    Emergency,
    HouseholdLink,
    MoveOut,
    NoteTask,
    Person,
    Record,
    Referral,
    RiskAssessment,
    Shield,
    Transfer,
)
from cases.shields import is_closed_case
from config.lib.prepared import prepared

# Whose category follows from what it is: of these the audience alone is moved.
FIXED = (enums.RecordKind.ISSUE, enums.RecordKind.CAUTION, enums.RecordKind.RISK)
# What is moved to another category or audience.
MOVED = (enums.RecordKind.NOTE, enums.RecordKind.ASSESSMENT, *FIXED)


def check_is_not_closed(case: Case) -> None:
    """A closed case is read, never changed (V2)."""
    if case.status == enums.CaseStatus.CLOSED:
        raise ActionDenied(_("このケースは終結しているため、変更できません。"))


def check_is_open(case: Case) -> None:
    """Neither closed nor at rest. Why it rests is nobody's who sees this case alone (V15)."""
    check_is_not_closed(case)
    if case.rests_at is not None:
        raise ActionDenied(
            _("このケースは、主担当機関が記入を止めています。新しい記録は書けません。")
        )


def check_at_work(by: Membership, case: Case) -> None:
    """V2: who only keeps what it wrote reads it, and adds nothing."""
    check_is_open(case)
    check_works_on(by, case)


def check_runs_on(by: Membership, case: Case) -> None:
    """At work on a case that may rest: what a person says of their consent, and a shield, wait for
    no other case (V3, V9)."""
    check_is_not_closed(case)
    check_works_on(by, case)


def check_works_on(by: Membership, case: Case) -> None:
    if not works_on(by, case):
        raise ActionDenied(
            _(
                "この機関は、いまこのケースの支援に入っていません。自機関の記録を読むことはできます。"
            )
        )


def check_on_list(case: Case) -> None:
    """V9: what disposes of the whole case is done by who sees all of it. One query."""
    if is_closed_case(case.pk):
        raise ActionDenied(_("このケースには支援措置があります。これは、名簿の人が行います。"))


def check_can_write(by: Membership, case: Case) -> None:
    """Write a record into a case one works on."""
    check_may(by, Permission.WRITE_RECORDS)
    check_at_work(by, case)


def check_can_change_person(by: Membership, person: Person) -> None:
    """Correct what is known of somebody: the agency that wrote it and the responsible one, at
    work."""
    check_may(by, Permission.WRITE_RECORDS)
    if by.agency_id not in (person.author_agency_id, person.case.responsible_agency_id):
        raise ActionDenied(_("この人の基本情報を変えられるのは、書いた機関と主担当機関です。"))
    check_at_work(by, person.case)


def check_can_disclose(by: Membership, case: Case) -> None:
    """Enter into the register what one's agency gave; also of a case it has closed."""
    check_may(by, Permission.WRITE_RECORDS)
    if not works_on(by, case):
        raise ActionDenied(_("この機関は、いまこのケースの支援に入っていません。"))


def check_can_correct(by: Membership, record: Record) -> None:
    """Correct a note or a section, or attach to it: the agency that wrote it, while at work."""
    check_may(by, Permission.WRITE_RECORDS)
    if record.author_agency_id != by.agency_id:
        raise ActionDenied(_("記録を直せるのは、書いた機関です。"))
    if record.carry_out_id is None:
        check_at_work(by, record.case)


def check_can_finish(by: Membership, record: Record, task: NoteTask | None = None) -> None:
    """Say that the next step of a note is done: the agency that wrote it; whom it waits for, and
    where that is nobody or somebody who left, any of them."""
    check_can_correct(by, record)
    who = task.membership if task is not None else None
    if who is not None and who.pk != by.pk and who.state == MembershipState.CONFIRMED:
        raise ActionDenied(_("済みにできるのは、頼まれた%(name)sさんです。") % {"name": who.user})


def check_can_keep_templates(by: Membership) -> None:
    """定型文: the agency's manager."""
    check_may(by, Permission.CONFIRM_MEMBERSHIP)
    check_may(by, Permission.READ_CASES)


def check_can_correct_risk(by: Membership, risk: RiskAssessment) -> None:
    """Correct the answers of a risk sheet: until a group has decided on them."""
    check_can_correct(by, risk.record)
    if risk.decided_level:
        raise ActionDenied(
            _(
                "組織として判断したシートは直せません。変わったことがあれば、再評価で新しく確かめます。"
            )
        )


def check_can_solve(by: Membership, record: Record) -> None:
    """Mark an issue as solved: the agency that wrote it."""
    check_can_write(by, record.case)
    if record.author_agency_id != by.agency_id:
        raise ActionDenied(_("課題の状態を変えられるのは、書いた機関です。"))


class CannotConsent(ActionDenied):
    """It is the person who cannot: who has died, or whose name nobody knows."""


def check_can_record_consent(by: Membership, person: Person) -> None:
    """Record a person's answer: role, open case, a living person (V3) who has not turned out to be
    another."""
    check_may(by, Permission.RECORD_CONSENT)
    check_runs_on(by, person.case)
    if person.is_deceased or person.died_on is not None:
        raise CannotConsent(_("亡くなった方の同意は、新しく記録できません。"))
    if person.same_as is not None:
        raise CannotConsent(
            _("%(name)sと同じ人でした。同意は、いまの名前の行で記録してください。")
            % {"name": person.stands.shown_name}
        )


def check_can_change_consent(by: Membership, consent: Consent) -> None:
    """Narrow or renew: a consent that stands, one sees whole, in a case one works on."""
    check_can_record_consent(by, consent.person)
    if consent.answer != enums.ConsentAnswer.GIVEN:
        raise ActionDenied(_("同意していない答えは、狭めることも更新することもできません。"))
    if consent.withdrawn_at is not None:
        raise ActionDenied(_("この同意は、すでに終わっています。いまの同意を開いてください。"))


def check_can_attach_scan(by: Membership, consent: Consent) -> None:
    """Put the signed paper to a consent one sees whole, in a case one works on."""
    check_may(by, Permission.RECORD_CONSENT)
    check_runs_on(by, consent.case)


def check_can_refile(by: Membership, record: Record) -> None:
    """Move a record to another category or audience: the agency that wrote it, while at work."""
    check_can_correct(by, record)
    if record.carry_out_id is not None:
        raise ActionDenied(_("持ち出しの記録は、ほかの種類や相手に移せません。"))
    if record.kind not in MOVED:
        raise ActionDenied(
            _("移せるのは、支援経過記録・アセスメント・課題・関わり方の注意・リスク確認です。")
        )
    if record.category == enums.Category.NOTIFIER:
        raise ActionDenied(_("通告者の情報は、ほかの種類に移せません。"))


def check_can_withdraw(by: Membership, consent: Consent) -> None:
    """Withdraw a consent one may see whole, once."""
    check_may(by, Permission.RECORD_CONSENT)
    if consent.withdrawn_at is not None:
        raise ActionDenied(_("この同意は、すでに撤回されています。"))


def check_can_refer(by: Membership, case: Case) -> None:
    """Send a sheet from a case one works on (V4)."""
    check_may(by, Permission.REFER)
    check_at_work(by, case)


def check_can_answer(by: Membership, referral: Referral) -> None:
    """Accept or return: the receiving side, while it waits."""
    check_may(by, Permission.WRITE_RECORDS)
    if referral.from_agency_id == by.agency_id:
        raise ActionDenied(_("自分の機関が送ったつなぎには返事できません。"))
    if referral.state != enums.ReferralState.SENT:
        raise ActionDenied(_("このつなぎには、すでに返事がされています。"))


def check_can_report(by: Membership, referral: Referral) -> None:
    """Feed back what came of a sheet: the receiving side, once it has taken it on."""
    check_may(by, Permission.WRITE_RECORDS)
    if referral.from_agency_id == by.agency_id:
        raise ActionDenied(_("結果を知らせるのは、つなぎを受けた機関です。"))
    if referral.state != enums.ReferralState.ACCEPTED:
        raise ActionDenied(_("結果を知らせられるのは、受理したつなぎです。"))
    if referral.resulted_at is not None:
        raise ActionDenied(_("このつなぎの結果は、もう知らせてあります。"))


def check_can_close(by: Membership, case: Case) -> None:
    """終結: the responsible agency, once."""
    check_may(by, Permission.WRITE_RECORDS)
    if by.agency_id != case.responsible_agency_id:
        raise ActionDenied(_("ケースを終結できるのは主担当機関です。"))
    check_is_not_closed(case)
    check_on_list(case)


@prepared
def _waiting_transfers(by: Membership, case: Case) -> QuerySet[Transfer]:
    return Transfer.objects.visible_to(by).waiting().filter(case=case)


def check_can_transfer(by: Membership, case: Case) -> None:
    """移管: the responsible agency, one proposal at a time."""
    check_may(by, Permission.WRITE_RECORDS)
    if by.agency_id != case.responsible_agency_id:
        raise ActionDenied(_("ケースを移管できるのは主担当機関です。"))
    check_is_open(case)
    check_on_list(case)
    if _waiting_transfers(by, case).exists():
        raise ActionDenied(_("このケースの移管は、すでに依頼して返事を待っています。"))


def check_can_move_out(by: Membership, case: Case) -> None:
    """転出の引継ぎ, to prepare and to send: the responsible agency, who sees all of the case."""
    check_may(by, Permission.WRITE_RECORDS)
    if by.agency_id != case.responsible_agency_id:
        raise ActionDenied(_("ほかの市区町村への引継ぎを作れるのは主担当機関です。"))
    check_is_open(case)
    check_on_list(case)


def check_can_change_move_out(by: Membership, paper: MoveOut, *states: str) -> None:
    """A paper of one's own agency that is in one of these states."""
    check_may(by, Permission.WRITE_RECORDS)
    check_on_list(paper.record.case)
    if paper.state not in states:
        raise ActionDenied(
            _("この引継ぎは「%(state)s」なので、いまはできません。")
            % {"state": paper.get_state_display()}
        )


def check_can_change_household(by: Membership, case: Case) -> None:
    """世帯の変更: the responsible agency, of each case it touches (V18)."""
    check_may(by, Permission.WRITE_RECORDS)
    if by.agency_id != case.responsible_agency_id:
        raise ActionDenied(
            _(
                "世帯の変更を記録できるのは主担当機関です。ほかの機関のときは、先に移管を相談します。"
            )
        )
    check_is_open(case)


def check_can_undo_link(by: Membership, link: HouseholdLink) -> None:
    """取り消し: who is responsible for both cases, once."""
    check_may(by, Permission.WRITE_RECORDS)
    if link.undone_at is not None:
        raise ActionDenied(_("この変更は、すでに取り消されています。"))
    for case in (link.from_person.case, link.to_person.case):
        if by.agency_id != case.responsible_agency_id:
            raise ActionDenied(_("取り消せるのは、どちらのケースでも主担当の機関です。"))
        check_is_not_closed(case)


def check_can_answer_transfer(by: Membership, transfer: Transfer, *, is_sender: bool) -> None:
    """Accept or return it as the receiver, or take it back as the sender, while it waits."""
    check_may(by, Permission.WRITE_RECORDS)
    if transfer.state != enums.TransferState.SENT:
        raise ActionDenied(_("この移管の依頼は、すでに終わっています。"))
    if is_sender and by.agency_id != transfer.from_agency_id:
        raise ActionDenied(_("依頼を取りやめられるのは、依頼した機関です。"))
    if not is_sender and by.agency_id != transfer.to_agency_id:
        raise ActionDenied(_("返事ができるのは、依頼を受けた機関です。"))


def check_can_end_emergency(by: Membership, emergency: Emergency) -> None:
    """End an emergency access early: whoever sees it and does not hold it (V8)."""
    if emergency.user_id == by.user_id:
        raise ActionDenied(_("自分の緊急閲覧は、自分では変えられません。時間がたつと閉じます。"))
    if emergency.refused_at or emergency.ended_at or emergency.period.upper <= timezone.now():
        raise ActionDenied(_("この緊急閲覧は、もう開いていません。"))


def check_can_review_emergency(by: Membership, emergency: Emergency) -> None:
    """点検: the privacy officer, once, never of one's own access (V8)."""
    check_may(by, Permission.REVIEW_ACCESS)
    if emergency.user_id == by.user_id:
        raise ActionDenied(_("自分の緊急閲覧は、別の人が点検します。"))
    if emergency.reviewed_at is not None:
        raise ActionDenied(_("この緊急閲覧は、点検が終わっています。"))


def check_may_know_emergencies(by: Membership) -> None:
    """Who reads cases: their own and those in their agency's cases; the privacy officer."""
    if not (by.may(Permission.READ_CASES) or by.may(Permission.REVIEW_ACCESS)):
        raise ActionDenied(
            _("「%(role)s」の役割では、緊急閲覧の記録を見ることはできません。")
            % {"role": by.role_name}
        )


def check_can_propose_shield(by: Membership, person: Person) -> None:
    """支援措置 of a person: the responsible agency, or the agency that wrote the person down."""
    check_may(by, Permission.SHIELD)
    check_runs_on(by, person.case)
    if by.agency_id not in (person.case.responsible_agency_id, person.author_agency_id):
        raise ActionDenied(_("支援措置を提案できるのは、主担当機関と、この人を書いた機関です。"))


def check_can_confirm_shield(by: Membership, shield: Shield) -> None:
    """The one whom the proposal names, who is somebody else."""
    if not shield.is_waiting:
        raise ActionDenied(_("この支援措置は、すでに確認されたか、取り下げられています。"))
    if shield.has_lapsed:
        raise ActionDenied(
            _("この提案は30日を過ぎました。取り下げて、いまの事情であらためて提案します。")
        )
    if shield.confirmer_id != by.pk or shield.proposed_user_id == by.user_id:
        raise ActionDenied(_("確認できるのは、提案で名前のある、別の人です。"))


def check_can_take_back(by: Membership, shield: Shield) -> None:
    """A proposal nobody has confirmed: who proposed it, or who is asked to confirm."""
    if not shield.is_waiting or by.pk not in (shield.proposed_by_id, shield.confirmer_id):
        raise ActionDenied(_("取り下げられるのは、確認の前の提案だけです。"))


def check_can_change_list(by: Membership, shield: Shield) -> None:
    """The list, its date and what waits: while the shield is proposed or in force."""
    if shield.lifted_at is not None:
        raise ActionDenied(_("この支援措置は、すでに終わっています。"))


def check_can_propose_lift(by: Membership, shield: Shield) -> None:
    """Any list member, once."""
    if not shield.is_in_force:
        raise ActionDenied(_("この支援措置は、いま働いていません。"))
    if shield.lift_proposed_at is not None:
        raise ActionDenied(_("解除は、すでに提案されています。"))


def check_can_confirm_lift(by: Membership, shield: Shield) -> None:
    """A list member other than whoever proposed it."""
    if not shield.is_in_force or shield.lift_proposed_at is None:
        raise ActionDenied(_("解除の提案はありません。"))
    if shield.lift_proposed_user_id == by.user_id:
        raise ActionDenied(_("解除の確認は、提案した人とは別の、名簿の人が行います。"))


def answers_for(by: Membership, case: Case) -> bool:
    """Who sees the consents of a case whole (V3): the responsible agency, and the office handling
    it. At most one query."""
    if by.agency_id == case.responsible_agency_id:
        return True
    held = grants_of(by).filter(content_object=case, basis=enums.GrantBasis.CONSENT)
    return by.may(Permission.OFFICE_HINTS) and held.exists()


def check_can_ask_why(by: Membership, case: Case) -> None:
    """Ask what another agency sees of a case, and why (V17)."""
    if not answers_for(by, case):
        raise ActionDenied(
            _(
                "ほかの機関からの見え方を確かめられるのは、主担当機関と、このケースを扱う事務局です。"
                "あなたの機関に見える理由は「なぜ見えるのか」にあります。"
            )
        )


def check_can_hand_over(by: Membership, leaving: Membership | None = None) -> None:
    """担当替え: the agency's manager, within the agency, who reads its cases (V14)."""
    check_may(by, Permission.CONFIRM_MEMBERSHIP)
    check_may(by, Permission.READ_CASES)
    if leaving is not None and leaving.agency_id != by.agency_id:
        raise ActionDenied(_("担当を替えられるのは、自分の機関の人だけです。"))


def check_can_recertify(by: Membership) -> None:
    """年度の確認: the agency's manager, who reads its cases (V14)."""
    check_may(by, Permission.CONFIRM_MEMBERSHIP)
    check_may(by, Permission.READ_CASES)


def check_may_count_recertified(by: Membership) -> None:
    """How far each agency is: the office and the privacy officer, in figures (V11)."""
    if not (by.may(Permission.OFFICE_HINTS) or by.may(Permission.REVIEW_ACCESS)):
        raise ActionDenied(
            _("「%(role)s」の役割では、機関ごとの確認のようすを見ることはできません。")
            % {"role": by.role_name}
        )
