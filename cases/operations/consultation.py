"""Take a consultation, finish it, make a case of it, or add it to one."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission
from agencies.models import Membership
from agencies.permissions import ActionDenied, check_may
from agencies.trail import log_access
from cases import enums
from cases.intakeitems import Item, items_of, of_fields, words
from cases.models import (
    Case,
    Consultation,
    ConsultationIssue,
    ConsultationPerson,
    Issue,
    Person,
)
from cases.operations.case import (
    NAME_KEPT,
    PersonFacts,
    add_person,
    folded_names,
    folded_whereabouts,
    open_case,
)
from cases.operations.records import add_issue, assess, write_note
from cases.permissions import check_can_write
from config.lib.eras import local_day
from config.lib.kana import fold
from config.lib.phones import compared_digits

ROUTE_METHOD = {
    enums.Route.PERSON_VISIT: enums.ContactMethod.OFFICE,
    enums.Route.FAMILY_VISIT: enums.ContactMethod.OFFICE,
    enums.Route.PERSON_PHONE: enums.ContactMethod.PHONE,
    enums.Route.FAMILY_PHONE: enums.ContactMethod.PHONE,
    enums.Route.OUTREACH: enums.ContactMethod.VISIT,
}


@dataclasses.dataclass(frozen=True)
class ConsultationFacts:
    """The head of the sheet: who came, how, with what."""

    mode: str
    route: str
    complaint: str
    urgency: str
    is_anonymous: bool = False
    visitor_name: str = ""
    visitor_relation: str = ""
    visitor_phone: str = ""
    answers: dict[str, str | list[str]] = dataclasses.field(default_factory=dict)
    received_at: datetime.datetime = dataclasses.field(default_factory=timezone.now)


@transaction.atomic
def take_consultation(
    *,
    by: Membership,
    facts: ConsultationFacts,
    persons: Sequence[PersonFacts],
    issues: Sequence[str],
    primary_issue: str = "",
    form_key: uuid.UUID | None = None,
) -> Consultation:
    """相談受付. The same `form_key` takes it once (a double click, a resend)."""
    check_may(by, Permission.TAKE_CONSULTATION)
    key = form_key or uuid.uuid4()
    known = Consultation.objects.visible_to(by).filter(form_key=key).first()
    if known is not None:
        return known
    consultation = Consultation(
        agency_id=by.agency_id,
        taken_by=by,
        form_key=key,
        visitor_folded=fold(facts.visitor_name)[:NAME_KEPT],
        visitor_digits=compared_digits(facts.visitor_phone),
        **dataclasses.asdict(facts),
    )
    consultation.save(force_insert=True)
    names = {f.name for f in ConsultationPerson._meta.get_fields()}
    ConsultationPerson.objects.bulk_create(
        ConsultationPerson(
            consultation=consultation,
            agency_id=by.agency_id,
            order=order,
            **{k: v for k, v in dataclasses.asdict(person).items() if k in names},
            **folded_names(person),
            **folded_whereabouts(person),
        )
        for order, person in enumerate(persons)
    )
    ConsultationIssue.objects.bulk_create(
        ConsultationIssue(
            consultation=consultation, issue_type=issue, is_primary=issue == primary_issue
        )
        for issue in dict.fromkeys([*issues, *([primary_issue] if primary_issue else [])])
    )
    log_access(by, Action.WRITE, what="take_consultation")
    return consultation


@transaction.atomic
def complete_consultation(
    *, consultation: Consultation, by: Membership, answers: Mapping[str, str | list[str]]
) -> Consultation:
    """書き足す: what was not asked at first. What was written down stands; items that belong to a
    field of the assessment are written there once there is a case."""
    rows = Consultation.objects.visible_to(by).select_for_update(of=("self",))
    locked: Consultation = rows.get(pk=consultation.pk)
    check_can_complete(by, locked)
    items = items_of(by.municipality)
    allowed = {item.code for item in to_complete(locked, items.values())}
    if not answers or not set(answers) <= allowed:
        raise ActionDenied(
            _(
                "書いているあいだに、この受付票が変わりました。もう一度「書き足す」を押してください。"
            )
        )
    locked.answers = {**locked.answers, **answers}
    locked.save(update_fields=["answers"])
    log_access(
        by,
        Action.WRITE,
        what="complete_consultation",
        case_id=locked.case_id,
        record_ids=[locked.pk],
    )
    return locked


def to_complete(consultation: Consultation, items: Iterable[Item]) -> list[Item]:
    """The items of this version that are not answered and are written nowhere else."""
    return [
        item
        for item in items
        if item.is_asked
        and item.is_in(consultation.mode)
        and item.code not in consultation.answers
        and not (item.category and consultation.case_id)
    ]


def late_items(consultation: Consultation, items: Iterable[Item]) -> dict[str, tuple[Item, str]]:
    """Of the items a page opened earlier may still ask: code → the item, and why it is written here
    no more."""
    found: dict[str, tuple[Item, str]] = {}
    for item in items:
        if not item.is_asked or not item.is_in(consultation.mode):
            continue
        if item.code in consultation.answers:
            said = words(consultation.answers[item.code])
            why = _(
                "先に「%(said)s」と書かれています。この欄は消してください。"
                "ちがうことを聞いたときは、支援経過に書きます。"
            )
            found[item.code] = item, why % {"said": said}
        elif item.category and consultation.case_id:
            why = _("ケースになりました。この欄は消して、ケースのアセスメントに書いてください。")
            found[item.code] = item, why
    return found


def check_can_complete(by: Membership, consultation: Consultation) -> None:
    """Who takes consultations, of their own agency's, while its case is open."""
    check_may(by, Permission.TAKE_CONSULTATION)
    if consultation.case_id is None:
        return
    case = Case.objects.visible_to(by).filter(pk=consultation.case_id).first()
    if case is None:
        raise ActionDenied(_("この相談のケースは、いまはあなたの機関では見られません。"))
    check_can_write(by, case)


@transaction.atomic
def finish_consultation(*, consultation: Consultation, by: Membership, screening: str) -> None:
    """終了: information given, or referred elsewhere; no case."""
    locked = _lock_open(consultation, by)
    locked.status, locked.screening = enums.ConsultationStatus.DONE, screening
    locked.save()
    log_access(by, Action.WRITE, what="finish_consultation")


@transaction.atomic
def make_case(*, consultation: Consultation, by: Membership) -> Case:
    """The consultation becomes a case: persons, problems and the first record."""
    locked = _lock_open(consultation, by)
    case = open_case(by=by, urgency=locked.urgency, opened_at=locked.received_at)
    persons = [
        add_person(case=case, by=by, facts=person_facts(part))
        for part in locked.persons.order_by("order")
    ]
    if not persons:
        persons = [add_person(case=case, by=by, facts=PersonFacts())]
    first = persons[0] if len(persons) == 1 else None
    for issue in locked.issues.order_by("-is_primary", "issue_type"):
        add_issue(
            case=case,
            by=by,
            issue_type=issue.issue_type,
            is_primary=issue.is_primary,
            person=first,
            noted_on=local_day(locked.received_at),
        )
    _first_note(locked, case, by, persons)
    _first_sections(locked, case, by, persons)
    _settle(locked, case)
    return case


def person_facts(part: ConsultationPerson) -> PersonFacts:
    """What a consultation's sheet tells of one person."""
    names = {f.name for f in dataclasses.fields(PersonFacts)}
    return PersonFacts(**{n: getattr(part, n) for n in names if hasattr(part, n)})


def _first_note(
    consultation: Consultation, case: Case, by: Membership, persons: Sequence[Person]
) -> None:
    write_note(
        case=case,
        by=by,
        text=consultation.complaint,
        persons=persons,
        method=ROUTE_METHOD.get(enums.Route(consultation.route), enums.ContactMethod.OTHER),
        with_whom=consultation.visitor_name,
        happened_at=consultation.received_at,
    )


def _first_sections(
    consultation: Consultation, case: Case, by: Membership, persons: Sequence[Person]
) -> None:
    """What was answered about the first person and the household begins their assessment, field by
    field: nobody is asked, and nothing typed, a second time."""
    items = items_of(case.municipality)
    for category, said in of_fields(items, consultation.answers).items():
        if not persons and category != enums.Category.HOUSEHOLD:
            continue  # about somebody nobody has named: it stays with the sheet (V3)
        assess(
            case=case,
            by=by,
            category=category,
            situation="",
            answers=said,
            persons=[] if category == enums.Category.HOUSEHOLD else persons[:1],
            assessed_on=local_day(consultation.received_at),
        )


def _settle(consultation: Consultation, case: Case) -> None:
    """By a definer function: beneath a shield whoever took it may not read it afterwards (V9)."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.settle_consultation(%s, %s)", [consultation.pk, case.pk])
        (was_settled,) = cursor.fetchone()
    if not was_settled:
        raise ActionDenied(_("この相談は、すでに処理が終わっています。"))


@transaction.atomic
def add_to_case(
    *,
    consultation: Consultation,
    case: Case,
    by: Membership,
    matched: Mapping[uuid.UUID, Person | None],
) -> Case:
    """追加の相談: it joins a case at work. `matched` says, for each of its persons, which person of
    the case it is, or None: a new one. Problems already open are not opened twice."""
    locked = _lock_open(consultation, by)
    found = Case.objects.visible_to(by).select_for_update(of=("self",)).get(pk=case.pk)
    check_can_write(by, found)
    persons = []
    for part in locked.persons.order_by("order"):
        known = matched.get(part.pk)
        if known is not None and known.case_id != found.pk:
            raise ActionDenied(_("このケースの世帯員から選んでください。"))
        persons.append(known or add_person(case=found, by=by, facts=person_facts(part)))
    about = list({person.pk: person for person in persons}.values())
    first = about[0] if len(about) == 1 else None
    unsolved = Issue.objects.standing_with(by).for_case(found).filter(solved_on__isnull=True)
    open_now = dict(unsolved.values_list("issue_type", "is_primary"))
    # ◎ stands for the most serious problem of the household: one it has already stays the one.
    has_primary = any(open_now.values())
    for issue in locked.issues.exclude(issue_type__in=open_now).order_by("issue_type"):
        is_primary = issue.is_primary and not has_primary
        add_issue(
            case=found,
            by=by,
            issue_type=issue.issue_type,
            is_primary=is_primary,
            person=first,
            noted_on=local_day(locked.received_at),
        )
    _first_note(locked, found, by, about)
    _first_sections(locked, found, by, about)
    _settle(locked, found)
    return found


def _lock_open(consultation: Consultation, by: Membership) -> Consultation:
    check_may(by, Permission.TAKE_CONSULTATION)
    locked = Consultation.objects.visible_to(by).select_for_update().get(pk=consultation.pk)
    if locked.status != enums.ConsultationStatus.OPEN:
        raise ActionDenied(_("この相談は、すでに処理が終わっています。"))
    return locked
