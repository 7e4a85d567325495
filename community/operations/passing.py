"""Where a 地域課題 goes, and what comes back: a committee, a sitting of this system, an answer.

Nothing of a case goes with it, and whatever is written about it the whole city reads.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, AgendaType
from agencies.models import Committee, Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.models import Case, Person
from cases.operations.case import persons_by_key
from community import enums
from community.models import CityQuerySet, CommunityIssue, IssueSource, IssueStep
from community.permissions import check_can_record
from community.transitions import may_become
from community.wording import names_case, names_somebody
from config.lib.eras import format_short, local_day
from config.lib.numbers import has_case_number
from meetings.models import AgendaItem

PASSED = enums.IssueState.PASSED


def check_wording(text: str, persons: Iterable[Person], number: str = "") -> None:
    """Refuse what names one of these persons, or a case."""
    if (
        names_somebody(text, persons)
        or has_case_number(text)
        or (number != "" and names_case(text, number))
    ):
        raise ActionDenied(
            _(
                "この世帯の人の名前かケース番号が入っています。地域課題は市のみんなが読むので、"
                "だれのことか分からない書き方に直してください。"
            )
        )


def _check_words(by: Membership, issue: CommunityIssue, text: str) -> None:
    """As when it was raised: of the households it came from, as far as `by` sees them (V15)."""
    sources = IssueSource.objects.standing_with(by).filter(issue=issue)
    cases = Case.objects.visible_to(by).filter(pk__in=sources.values("record__case_id"))
    persons = [p for case in cases.order_by("pk") for p in persons_by_key(by, case).values()]
    check_wording(text, persons)


@transaction.atomic
def move_issue(
    *,
    issue: CommunityIssue,
    by: Membership,
    to: str,
    committee: Committee | None = None,
    note: str = "",
    on: datetime.date | None = None,
    seen: uuid.UUID | None = None,
) -> CommunityIssue:
    """Pass it to a committee, take it on, settle it; each change leaves a step.

    on: the day it was passed, today if not said. seen: the last step the form showed; one left
    meanwhile by somebody else is shown first.
    """
    check_can_record(by, issue)
    locked = _lock(issue, by)
    if seen is not None and seen != last_step(by, locked):
        raise ActionDenied(
            _(
                "ほかの画面で、先に記録されました。「これまで」を確かめて、もう一度記録してください。"
            )
        )
    if not may_become(locked.state, to):
        raise ActionDenied(
            _("「%(before)s」から「%(after)s」には変えられません。")
            % {"before": locked.get_state_display(), "after": enums.IssueState(to).label}
        )
    day = None
    if to == PASSED:
        day = on or timezone.localdate()
        _check_passing(locked, committee, note, day)
        locked.committee = committee
    _check_words(by, locked, note)
    locked.state = to
    locked.save(update_fields=["state", "committee"])
    leave_step(locked, by, note=note, on=day)
    log_access(by, Action.WRITE, what="move_issue")
    return locked


def _check_passing(
    issue: CommunityIssue, committee: Committee | None, note: str, on: datetime.date
) -> None:
    if committee is None and not note:
        raise ActionDenied(_("どの協議体・委員会へ渡したかを、選ぶか書いてください。"))
    if committee is not None and committee.municipality_id != issue.municipality_id:
        raise ActionDenied(_("この市の委員会から選んでください。"))
    if on > timezone.localdate():
        raise ActionDenied(_("渡した日は、今日までの日付を入れてください。"))
    if on < issue.raised_on:
        raise ActionDenied(
            _("渡した日は、提起した日（%(day)s）からあとの日付を入れてください。")
            % {"day": format_short(issue.raised_on)}
        )


@transaction.atomic
def answer_issue(
    *, issue: CommunityIssue, by: Membership, passing: uuid.UUID, on: datetime.date, answer: str
) -> IssueStep:
    """The answer of a body that does not sit in this system, entered by hand: to which passing-on,
    on which day, in which words. What a sitting decides comes back by itself."""
    check_can_record(by, issue)
    locked = _lock(issue, by)
    asked = _passings(by, locked).filter(pk=passing).first()
    if asked is None:
        raise ActionDenied(_("この渡した先の記録は見つかりません。"))
    if _is_closed(by, asked):
        raise ActionDenied(_("この答えは、すでに記録されています。前の画面で確かめてください。"))
    if asked.item_id is not None:
        raise ActionDenied(_("会議の議題になっています。会議で決定すると、答えがここに返ります。"))
    if not answer.strip():
        raise ActionDenied(_("どんな答えだったかを書いてください。"))
    if on > timezone.localdate():
        raise ActionDenied(_("答えのあった日は、今日までの日付を入れてください。"))
    passed_on = asked.on or local_day(asked.at)
    if on < passed_on:
        raise ActionDenied(
            _("答えのあった日は、渡した日（%(day)s）からあとの日付を入れてください。")
            % {"day": format_short(passed_on)}
        )
    _check_words(by, locked, answer)
    step = _answered(locked, by, asked, on, answer)
    log_access(by, Action.WRITE, what="answer_issue")
    return step


# --- before a sitting of this system ---------------------------------------------------------


def tie_issue(item: AgendaItem, by: Membership, key: uuid.UUID) -> IssueStep | None:
    """An item without a case carries this issue; None where the key is none of this room's. Called
    in the transaction that puts the item on the agenda."""
    found = CommunityIssue.objects.visible_to(by).filter(pk=key).first()
    if found is None:
        return None
    issue = _lock(found, by)
    if item.agenda_type != AgendaType.SOCIAL_RESOURCES:
        raise ActionDenied(_("地域課題は「社会資源」の議題として出します。"))
    if on_agenda(by, issue) is not None:
        raise ActionDenied(_("この地域課題は、すでに会議の議題になっています。"))
    if not may_become(issue.state, PASSED):
        raise ActionDenied(
            _("「%(state)s」の地域課題は、会議の議題にできません。")
            % {"state": issue.get_state_display()}
        )
    _check_words(by, issue, f"{item.title}\n{item.briefing}")
    issue.state, issue.committee = PASSED, None
    issue.save(update_fields=["state", "committee"])
    body = item.conference_type.name
    return leave_step(issue, by, note=body, on=timezone.localdate(), item=item)


def follow_item(item: AgendaItem, by: Membership, step: str) -> IssueStep | None:
    """What happened to an item without a case: decided, its decision is the answer; taken back, the
    issue waits again. In the transaction of the item's own step."""
    if step not in ("decide", "withdraw"):
        return None
    asked = IssueStep.objects.visible_to(by).filter(item=item, state=PASSED)
    passing = asked.select_related("issue").first()
    if passing is None or _is_closed(by, passing):
        return None
    issue = _lock(passing.issue, by)
    if step == "withdraw":
        if issue.state == PASSED and last_step(by, issue) == passing.pk:
            issue.state = enums.IssueState.RAISED
            issue.save(update_fields=["state"])
        return leave_step(issue, by, note=_("議題が取り下げられました。"), closes=passing)
    words = "\n".join(filter(None, [str(item.get_decision_display()), item.opinion]))
    _check_words(by, issue, words)
    return _answered(issue, by, passing, timezone.localdate(), words)


def on_agenda(by: Membership, issue: CommunityIssue) -> IssueStep | None:
    """The passing-on to a sitting that waits for its decision. One query."""
    waiting = _passings(by, issue).filter(item__isnull=False, closed_by__isnull=True)
    return waiting.order_by("-at", "-id").first()


def last_step(by: Membership, issue: CommunityIssue) -> uuid.UUID | None:
    """The key of the newest thing that happened to an issue. One query."""
    steps = IssueStep.objects.visible_to(by).filter(issue=issue).order_by("-at", "-id")
    found: uuid.UUID | None = steps.values_list("pk", flat=True).first()
    return found


# --- shared ----------------------------------------------------------------------------------


def leave_step(
    issue: CommunityIssue,
    by: Membership,
    *,
    note: str = "",
    on: datetime.date | None = None,
    item: AgendaItem | None = None,
    closes: IssueStep | None = None,
) -> IssueStep:
    """One append-only line: the state as it now is, by whom."""
    is_passed = issue.state == PASSED and closes is None
    step = IssueStep(
        municipality_id=issue.municipality_id,
        issue=issue,
        state=issue.state,
        committee=issue.committee if is_passed else None,
        item=item,
        note=note,
        on=on,
        closes=closes,
        by_agency_id=by.agency_id,
        by=by,
    )
    step.save(force_insert=True)
    return step


def _answered(
    issue: CommunityIssue, by: Membership, passing: IssueStep, on: datetime.date, answer: str
) -> IssueStep:
    """The answer stands on the issue, and whoever raised it is told, without a word of it."""
    if issue.state == PASSED:
        issue.state = enums.IssueState.ANSWERED
        issue.save(update_fields=["state"])
    step = IssueStep(
        municipality_id=issue.municipality_id,
        issue=issue,
        state=enums.IssueState.ANSWERED,
        committee_id=passing.committee_id,
        item_id=passing.item_id,
        note=passing.note,
        on=on,
        answer=answer,
        closes=passing,
        by_agency_id=by.agency_id,
        by=by,
    )
    step.save(force_insert=True)
    notify(
        agency=issue.raised_by_agency_id,
        kind="community_answered",
        key=str(step.pk),
        title=_("提起した地域課題に答えがありました"),
        url=f"/community/issues/{issue.pk}/",
    )
    return step


def _lock(issue: CommunityIssue, by: Membership) -> CommunityIssue:
    found: CommunityIssue = (
        CommunityIssue.objects.visible_to(by).select_for_update(of=("self",)).get(pk=issue.pk)
    )
    return found


def _passings(by: Membership, issue: CommunityIssue) -> CityQuerySet:
    return IssueStep.objects.visible_to(by).filter(issue=issue, state=PASSED, closes__isnull=True)


def _is_closed(by: Membership, passing: IssueStep) -> bool:
    return IssueStep.objects.visible_to(by).filter(closes=passing).exists()
