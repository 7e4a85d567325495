"""転出の引継ぎ: prepare a paper, ask everybody it tells of, let it go, record what came back.

The paper is written once; who changes their mind about it makes another. The database asks again
for everybody's consent, and for what a shield hides, at the moment it goes (migration 0041).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.db.models import CharField, Func
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.models import Case, MoveOut, MoveOutAnswer, Person
from cases.moveouts import Choice, compose
from cases.operations.case import persons_by_key
from cases.operations.consentterms import ConsentTerms, check_age, check_proxy
from cases.operations.records import WrittenBefore, write_record
from cases.permissions import CannotConsent, check_can_change_move_out, check_can_move_out
from cases.shields import found_in
from config.lib.eras import local_day

STATES = enums.MoveOutState
ANSWERS = enums.MoveOutAnswerKind


@transaction.atomic
def prepare_move_out(
    *,
    case: Case,
    by: Membership,
    choice: Choice,
    form_key: uuid.UUID | None = None,
) -> MoveOut:
    """The paper as it would leave; nothing leaves yet. The same `form_key` prepares it once."""
    check_can_move_out(by, case)
    paper = compose(by, case, persons_by_key(by, case), choice).stored()
    if found := found_in(case.pk, str([choice.municipality, choice.office, choice.phone, paper])):
        raise ActionDenied(
            _(
                "支援措置で隠している情報（%(what)s）と同じことばがあります。このことばは外へ出せません。"
            )
            % {"what": "・".join(found)}
        )
    try:
        record = write_record(
            case=case,
            by=by,
            kind=enums.RecordKind.MOVE_OUT,
            category=enums.Category.PROGRESS,
            persons=choice.persons,
            audience=enums.Audience.AGENCY,
            form_key=form_key,
        )
    except WrittenBefore as before:
        return MoveOut.objects.visible_to(by).get(pk=before.record_id)
    made = MoveOut(
        record=record,
        to_municipality=choice.municipality,
        to_office=choice.office,
        to_phone=choice.phone,
        moves_on=choice.moves_on,
        paper=paper,
        quoted_ids=sorted(choice.records),
    )
    made.save(force_insert=True)
    return made


@transaction.atomic
def answer_move_out(
    *,
    paper: MoveOut,
    by: Membership,
    person: Person,
    answer: str,
    given_on: datetime.date,
    method: str = enums.ConsentMethod.SIGNED,
    proxy_name: str = "",
    proxy_power: str = "",
    form_key: uuid.UUID | None = None,
) -> MoveOutAnswer:
    """What a person said to exactly this paper; the last answer holds. The same `form_key` records
    it once."""
    check_may(by, Permission.RECORD_CONSENT)
    key = form_key or uuid.uuid4()
    said = MoveOutAnswer.objects.visible_to(by).filter(move_out=paper, person=person)
    if known := said.filter(form_key=key).first():
        return known
    locked = _locked(paper, by)
    last = said.order_by("-recorded_at", "-id").first()
    _check_answer(locked, by, person, answer, last)
    if given_on > timezone.localdate():
        raise ActionDenied(_("答えた日は、今日までの日にしてください。"))
    terms = ConsentTerms(
        answer=answer, given_on=given_on, method=method, proxy_name=proxy_name,
        proxy_power=proxy_power,
    )  # fmt: skip
    if method == enums.ConsentMethod.PROXY:
        check_proxy(person, by, terms)
    if answer == ANSWERS.GIVEN:
        check_age(person, by, terms)
    made = MoveOutAnswer(
        move_out=locked,
        person=person,
        answer=answer,
        method=method,
        proxy_name=proxy_name,
        proxy_power=proxy_power,
        given_on=given_on,
        by=by,
        form_key=key,
    )
    made.save(force_insert=True)
    _log(locked, by, "answer_move_out", basis=str(answer))
    return made


def _check_answer(
    paper: MoveOut, by: Membership, person: Person, answer: str, last: MoveOutAnswer | None
) -> None:
    """Asked before it goes; taken back also afterwards, for the record."""
    if person.pk not in paper.record.person_ids:
        raise ActionDenied(
            _(
                "この人は、この引継ぎに載っていません。引継ぎを開き、載っている人から選んでください。"
            )
        )
    if answer != ANSWERS.WITHDRAWN:
        check_can_change_move_out(by, paper, STATES.PREPARED)
        if not person.is_living:
            raise CannotConsent(_("亡くなった方の同意は、新しく記録できません。"))
        return
    check_can_change_move_out(by, paper, *(s for s in STATES if s != STATES.CANCELLED))
    if last is None or last.answer != ANSWERS.GIVEN:
        raise ActionDenied(_("取り消せるのは、いま同意がある人だけです。"))


def missing_of(paper: MoveOut, answers: Mapping[uuid.UUID, MoveOutAnswer]) -> list[uuid.UUID]:
    """Whom it tells of and who has not agreed, or agrees no more. answers: the last of each."""
    return [
        key
        for key in paper.record.person_ids
        if key not in answers or answers[key].answer != ANSWERS.GIVEN
    ]


def last_answers(paper: MoveOut, by: Membership) -> dict[uuid.UUID, MoveOutAnswer]:
    """The answer that holds, by person. One query."""
    rows = MoveOutAnswer.objects.visible_to(by).filter(move_out=paper).select_related("by__user")
    return {row.person_id: row for row in rows.order_by("recorded_at", "id")}


def check_goes(by: Membership, paper: MoveOut) -> None:
    """Whether it may go as things stand: asked when the final paper is printed, and once more, with
    the row locked, when it is sent. Raises ActionDenied."""
    check_can_move_out(by, paper.record.case)
    check_can_change_move_out(by, paper, STATES.PREPARED)
    names = {
        p.pk: p.shown_name for p in Person.objects.visible_to(by).filter(case=paper.record.case)
    }
    if missing := missing_of(paper, last_answers(paper, by)):
        raise ActionDenied(
            _("%(names)sの同意がありません。同意のない人が載っている紙は出せません。")
            % {"names": "・".join(names.get(key, _("見えない人")) for key in missing)}
        )
    if found := found_in(
        paper.record.case_id,
        str([paper.to_municipality, paper.to_office, paper.to_phone, paper.paper]),
    ):
        raise ActionDenied(
            _("支援措置で隠している情報（%(what)s）と同じことばがあるため、この紙は出せません。")
            % {"what": "・".join(found)}
        )


def number_of(paper: MoveOut, by: Membership) -> str:
    """The figure of what leaves, by the same function of the database that keeps it at sending: the
    paper is never changed, so it is the same before and after. One query."""
    rows = MoveOut.objects.visible_to(by).filter(pk=paper.pk)
    figure = Func("paper", function="kasane.move_out_digest", output_field=CharField())
    return str(rows.values_list(figure, flat=True).get())


@transaction.atomic
def send_move_out(*, paper: MoveOut, by: Membership, on: datetime.date, how: str) -> MoveOut:
    """It has gone. Everybody it tells of agrees at this moment, or it does not go."""
    locked = _locked(paper, by)
    check_goes(by, locked)
    if not local_day(locked.record.written_at) <= on <= timezone.localdate():
        raise ActionDenied(_("出した日は、紙を作った日から今日までの日にしてください。"))
    done = _changed(locked, by, state=STATES.SENT, sent_on=on, sent_how=how, sent_by=by)
    # The figure of what left stands in the sealed log: what is kept can be proved to be that.
    _log(done, by, f"send_move_out:{done.digest}", basis="consent")
    return done


@transaction.atomic
def receive_move_out(*, paper: MoveOut, by: Membership, on: datetime.date, who: str) -> MoveOut:
    """The other municipality has it: who said so, and when they took it."""
    return _answered(paper, by, STATES.RECEIVED, on, received_by=who)


@transaction.atomic
def return_move_out(*, paper: MoveOut, by: Membership, on: datetime.date, reason: str) -> MoveOut:
    """It came back, and why."""
    return _answered(paper, by, STATES.RETURNED, on, answer_reason=reason)


@transaction.atomic
def cancel_move_out(*, paper: MoveOut, by: Membership, reason: str) -> MoveOut:
    """取りやめ, before it went."""
    locked = _locked(paper, by)
    check_can_change_move_out(by, locked, STATES.PREPARED)
    done = _changed(
        locked, by, state=STATES.CANCELLED, answered_on=timezone.localdate(),
        answered_at=timezone.now(), answered_by=by, answer_reason=reason,
    )  # fmt: skip
    _log(done, by, "cancel_move_out")
    return done


def _answered(
    paper: MoveOut, by: Membership, state: str, on: datetime.date, **said: str
) -> MoveOut:
    locked = _locked(paper, by)
    check_can_change_move_out(by, locked, STATES.SENT)
    if locked.sent_on is not None and not locked.sent_on <= on <= timezone.localdate():
        raise ActionDenied(_("その日は、紙を出した日から今日までの日にしてください。"))
    done = _changed(
        locked, by, state=state, answered_on=on, answered_at=timezone.now(), answered_by=by, **said
    )
    _log(done, by, f"{state}_move_out")
    return done


def _locked(paper: MoveOut, by: Membership) -> MoveOut:
    """One change at a time; an answer given at this moment is waited for."""
    rows = MoveOut.objects.visible_to(by).select_related("record__case")
    found: MoveOut = rows.select_for_update(of=("self",)).get(pk=paper.pk)
    return found


def _changed(locked: MoveOut, by: Membership, **values: object) -> MoveOut:
    MoveOut.objects.visible_to(by).filter(pk=locked.pk).update(**values)
    done: MoveOut = MoveOut.objects.visible_to(by).get(pk=locked.pk)
    done.record = locked.record
    return done


def _log(paper: MoveOut, by: Membership, what: str, basis: str = "") -> None:
    log_access(
        by,
        Action.WRITE,
        what=what,
        purpose=Purpose.CONSULTATION,
        basis=basis,
        case_id=paper.record.case_id,
        record_ids=[paper.pk],
    )
