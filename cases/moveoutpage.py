"""転出の引継ぎ as pages show it: its state and what is next, who has agreed, the paper's head; its
lines on the case page, in これまで, at the closing and on 今日の仕事."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Membership
from cases import enums
from cases.gate import reads_cases
from cases.models import Case, MoveOut, MoveOutAnswer, Person, Record
from cases.operations.moveout import check_goes, last_answers, missing_of, number_of
from cases.permissions import can, check_can_change_move_out, check_can_close, check_can_move_out
from config.lib.eras import format_datetime, format_long, format_short, today
from config.lib.prepared import prepared
from config.lib.registry import Link, NextStep, OpenEnd, TimelineEntry, Todo, registry
from config.lib.wording import label_of

STATES = enums.MoveOutState
ANSWERS = enums.MoveOutAnswerKind
TONES = {
    STATES.PREPARED: "warn",
    STATES.SENT: "info",
    STATES.RECEIVED: "ok",
    STATES.RETURNED: "bad",
}
SAID = {ANSWERS.GIVEN: "ok", ANSWERS.REFUSED: "bad", ANSWERS.WITHDRAWN: "bad"}
PATIENCE = datetime.timedelta(days=7)  # without an answer, one asks
LIMIT = 50


@dataclass(frozen=True)
class AnswerLine:
    """A person the paper tells of, with their answer."""

    name: str
    state: str
    tone: str
    when: str
    detail: str
    url: str
    label: str


@dataclass(frozen=True)
class MoveOutPage:
    """What stands beside the paper."""

    key: uuid.UUID
    to: str
    phone: str
    state: str
    tone: str
    next: NextStep | None
    answers: list[AnswerLine]
    facts: list[dict[str, str]]
    warning: str
    is_final: bool  # what is printed is the paper that goes, or went
    may_cancel: bool
    digest: str


def move_out_page(
    membership: Membership, paper: MoveOut, persons: Mapping[uuid.UUID, Person]
) -> MoveOutPage:
    """For the agency that wrote it. One query, and those of the permissions."""
    answers = last_answers(paper, membership)
    return MoveOutPage(
        key=paper.pk,
        to=paper.address,
        phone=paper.to_phone,
        state=str(paper.get_state_display()),
        tone=TONES.get(STATES(paper.state), ""),
        next=_next(membership, paper, persons, answers),
        answers=[_answer_line(membership, paper, persons, key, answers.get(key))
                 for key in paper.record.person_ids],
        facts=_facts(paper),
        warning=_warning(paper, persons, answers),
        is_final=is_final(membership, paper),
        may_cancel=paper.state == STATES.PREPARED
        and can(check_can_change_move_out, membership, paper, STATES.PREPARED),
        digest=paper.digest,
    )  # fmt: skip


def _name(persons: Mapping[uuid.UUID, Person], key: uuid.UUID) -> str:
    return persons[key].shown_name if key in persons else _("見えない人")


def _next(
    membership: Membership,
    paper: MoveOut,
    persons: Mapping[uuid.UUID, Person],
    answers: Mapping[uuid.UUID, MoveOutAnswer],
) -> NextStep | None:
    case = paper.record.case
    if paper.state == STATES.PREPARED and can(check_can_move_out, membership, case):
        missing = missing_of(paper, answers)
        said_no = [key for key in missing if key in answers]
        if said_no:
            words = _(
                "%(names)sが同意していないため、この紙は出せません。その人を載せない紙を作りなおします。"
            )
            again = f"{reverse('move_out_new', args=[case.pk])}?from={paper.pk}"
            names = "・".join(_name(persons, key) for key in said_no)
            return NextStep(words % {"names": names}, _("作りなおす"), again)
        if missing:
            name = _name(persons, missing[0])
            words = _("%(name)sにこの紙を見せて、同意を聞きます。") % {"name": name}
            url = reverse("move_out_answer", args=[paper.pk, missing[0]])
            return NextStep(words, _("答えを記録する"), url)
        words = _(
            "全員の同意があります。①「出す紙を印刷」で印刷する　②%(to)sへ出す"
            "　③出したことを記録する、の順に進めます。"
        )
        url = reverse("move_out_send", args=[paper.pk])
        return NextStep(words % {"to": paper.address}, _("出したことを記録する"), url)
    if paper.state == STATES.SENT and can(
        check_can_change_move_out, membership, paper, STATES.SENT
    ):
        url = reverse("move_out_receipt", args=[paper.pk])
        words = _("%(to)sの返事を待っています。") % {"to": paper.address}
        return NextStep(words, _("返事を記録する"), url)
    if paper.state == STATES.RECEIVED and can(check_can_close, membership, case):
        url = f"{reverse('case_close', args=[case.pk])}?kind={enums.ClosingKind.MOVED}"
        words = _("転出先が受け取りました。支援が終わるときは、ケースを終結します。")
        return NextStep(words, _("転出で終結する"), url)
    if paper.state == STATES.RETURNED and can(check_can_move_out, membership, case):
        url = f"{reverse('move_out_new', args=[case.pk])}?from={paper.pk}"
        return NextStep(_("返されました。理由を確かめて、作りなおします。"), _("作りなおす"), url)
    return None


def _answer_line(
    membership: Membership,
    paper: MoveOut,
    persons: Mapping[uuid.UUID, Person],
    key: uuid.UUID,
    answer: MoveOutAnswer | None,
) -> AnswerLine:
    has_given = answer is not None and answer.answer == ANSWERS.GIVEN
    is_open = paper.state == STATES.PREPARED or (has_given and paper.state != STATES.CANCELLED)
    may = key in persons and is_open and membership.may(Permission.RECORD_CONSENT)
    detail = ""
    if answer is not None:
        proxy = _("代理人 %(name)s（%(power)s）") % {
            "name": answer.proxy_name, "power": answer.proxy_power
        }  # fmt: skip
        how = proxy if answer.proxy_name else str(answer.get_method_display())
        detail = _("%(how)s　聞いた人 %(who)s") % {"how": how, "who": answer.by.user}
    return AnswerLine(
        name=_name(persons, key),
        state=str(answer.get_answer_display()) if answer else _("まだ聞いていない"),
        tone=SAID[ANSWERS(answer.answer)] if answer else "warn",
        when=format_short(answer.given_on) if answer else "",
        detail=detail,
        url=reverse("move_out_answer", args=[paper.pk, key]) if may else "",
        label=_("同意の取り消しを記録する") if has_given else _("答えを記録する"),
    )


def _facts(paper: MoveOut) -> list[dict[str, str]]:
    found = [
        (_("転出先"), paper.to_municipality),
        (_("受け取る部署"), paper.to_office),
        (_("電話番号"), paper.to_phone),
    ]
    if paper.moves_on:
        found.append((_("転出する日"), format_long(paper.moves_on)))
    found.append(
        (
            _("作った日時"),
            f"{format_datetime(paper.record.written_at)}　{paper.paper['sender']['worker']}",
        )
    )
    if paper.sent_on and paper.sent_by:
        found.append(
            (_("出した日"),
             f"{format_long(paper.sent_on)}　{paper.get_sent_how_display()}　{paper.sent_by.user}")
        )  # fmt: skip
    if paper.answered_on:
        words = [format_long(paper.answered_on), paper.received_by, paper.answer_reason]
        label = _("取りやめ") if paper.state == STATES.CANCELLED else _("転出先の返事")
        found.append((label, "　".join(word for word in words if word)))
    return [{"term": term, "value": value} for term, value in found]


def _warning(
    paper: MoveOut,
    persons: Mapping[uuid.UUID, Person],
    answers: Mapping[uuid.UUID, MoveOutAnswer],
) -> str:
    """A consent taken back after it went cannot call it back: the other side is told."""
    gone = paper.state in (STATES.SENT, STATES.RECEIVED)
    back = [k for k, a in answers.items() if a.answer == ANSWERS.WITHDRAWN] if gone else []
    if not back:
        return ""
    return _(
        "%(names)sは、紙を出したあとに同意を取り消しました。転出先へ電話で伝えてください。"
    ) % {"names": "・".join(_name(persons, key) for key in back)}


def is_final(membership: Membership, paper: MoveOut) -> bool:
    """It went, or may go now; before, it is the draft that everybody it tells of is shown."""
    return paper.sent_on is not None or can(check_goes, membership, paper)


def sheet_of(membership: Membership, paper: MoveOut) -> dict[str, Any]:
    """Head and foot of the paper. No case number and no title: they name the household. The number
    is the final paper's alone."""
    goes = is_final(membership, paper)
    number = (paper.digest or number_of(paper, membership)) if goes else ""
    return {
        "title": _("転出に伴う引継書"),
        "basis": _("本人の同意（個人情報の保護に関する法律）"),
        "handling": _handling(paper, goes=goes),
        "serial": number[:12],
        "secret": False,
        "landscape": False,
        "issued_on": format_long(paper.sent_on or today()),
        "issuer": f"{paper.paper['sender']['city']}　{paper.paper['sender']['agency']}",
        "is_signed_here": not goes and paper.state != STATES.CANCELLED,
    }


def _handling(paper: MoveOut, *, goes: bool) -> str:
    if paper.state == STATES.CANCELLED:
        return _("取りやめ：出しません")
    return _("取扱注意") if goes else _("案：本人に見せるための紙")


def former_letter(membership: Membership, paper: MoveOut) -> dict[str, Any]:
    """What a new paper begins with: the words of a former one, without who said no to it."""
    answers = last_answers(paper, membership)
    said_no = {key for key, answer in answers.items() if answer.answer != ANSWERS.GIVEN}
    return {
        "municipality": paper.to_municipality,
        "office": paper.to_office,
        "phone": paper.to_phone,
        "moves_on": paper.moves_on,
        "persons": [str(key) for key in paper.record.person_ids if key not in said_no],
        "wish": paper.paper["wish"],
        "words": paper.paper["words"],
    }


# --- elsewhere ----------------------------------------------------------------------------------


def entries(
    membership: Membership, case: Case, records: dict[uuid.UUID, Record]
) -> list[TimelineEntry]:
    """In これまで: to whom, and what became of it. One query where there is one."""
    keys = [key for key, record in records.items() if record.kind == enums.RecordKind.MOVE_OUT]
    rows = MoveOut.objects.visible_to(membership).filter(pk__in=keys) if keys else []
    return [
        TimelineEntry(
            row.pk,
            records[row.pk].happened_at,
            f"{enums.RecordKind.MOVE_OUT.label}　{label_of(STATES, row.state)}",
            text="\n".join(w for w in (row.address, row.received_by, row.answer_reason) if w),
            url=reverse("move_out_detail", args=[row.pk]),
        )
        for row in rows
    ]


@prepared
def _running(membership: Membership, case: Case) -> QuerySet[MoveOut]:
    return MoveOut.objects.visible_to(membership).for_case(case).running().order_by("pk")


def links(membership: Membership, case: Case) -> list[Link]:
    """Among このケースの扱い: the papers that run, else a new one. One query, and those of the
    permission."""
    found = [
        Link(
            _("%(to)sへの引継ぎ（%(state)s）")
            % {"to": row.to_municipality, "state": row.get_state_display()},
            reverse("move_out_detail", args=[row.pk]),
        )
        for row in _running(membership, case)
    ]
    if not found and can(check_can_move_out, membership, case):
        found.append(
            Link(_("ほかの市区町村へ引き継ぐ（転出）"), reverse("move_out_new", args=[case.pk]))
        )
    return found


def open_ends(membership: Membership, case: Case) -> list[OpenEnd]:
    """A paper that is being prepared is sent or given up first; one without an answer is said. One
    query."""
    return [
        OpenEnd(
            (
                _("%(to)sへの引継ぎを準備中です。出すか、取りやめます。")
                if row.state == STATES.PREPARED
                else _("%(to)sへの引継ぎに、まだ返事がありません。終結のあとも記録できます。")
            )
            % {"to": row.to_municipality},
            reverse("move_out_detail", args=[row.pk]),
            _("引継ぎを見る"),
            is_first=row.state == STATES.PREPARED,
            stays=_("%(to)sへの引継ぎ") % {"to": row.to_municipality},
            whose=membership.agency_name,
        )
        for row in _running(membership, case)
    ]


@prepared
def _silent(membership: Membership) -> QuerySet[MoveOut, Any]:
    found = MoveOut.objects.visible_to(membership)
    return (
        found.filter(state=STATES.SENT, sent_on__lte=today() - PATIENCE)
        .order_by("sent_on", "pk")
        .values_list("pk", "to_municipality", "sent_on")[:LIMIT]
    )


def todos(membership: Membership) -> list[Todo]:
    """Papers that went a week ago and that nobody has said to have received. One query."""
    if not (reads_cases(membership) and membership.may(Permission.WRITE_RECORDS)):
        return []
    return [
        Todo(
            "move_out",
            _("%(to)sへの引継ぎに、まだ返事がありません") % {"to": to},
            reverse("move_out_detail", args=[pk]),
            _("電話で確かめる"),
            when=format_short(sent_on) if sent_on else "",
            record_id=pk,
        )
        for pk, to, sent_on in _silent(membership)
    ]


registry.add("case_timeline", entries, queries=1, order=30)
registry.add("case_open_ends", open_ends, queries=1, order=20)
registry.add("todos", todos, queries=1, order=12)
