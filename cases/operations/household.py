"""世帯の変更 (V18): somebody leaves into a case of their own or another household, two cases turn
out to be one, and a mistake is taken back. No record, no consent and no grant moves."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Membership
from agencies.operations import notify
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.models import Case, Contact, HouseholdLink, Person, Transfer
from cases.operations.case import CONTACT, PersonFacts, add_person, open_case
from cases.permissions import check_can_change_household, check_can_undo_link, check_on_list
from cases.reach import open_to_others

KINDS = enums.LinkKind
COPIED = (
    "name", "name_kana", "birth_on", "birth_year", "is_age_estimated", "is_decade", "sex",
)  # fmt: skip


@transaction.atomic
def change_household(
    *,
    case: Case,
    by: Membership,
    kind: str,
    persons: Mapping[Person, Person | None],
    on: datetime.date,
    reason: str = "",
    to_case: Case | None = None,
    form_key: uuid.UUID | None = None,
) -> Case:
    """Each of these persons is from now on somebody of the other case: whom `persons` says, or a
    new row with what `by` may read itself. Without `to_case` a new case is opened. Gives the other
    case; the same `form_key` changes once."""
    key = form_key or uuid.uuid4()
    known = _of_form(by, key)
    if known is not None:
        return known.to_person.case
    locked = locked_cases(by, case, to_case)
    start, target = locked[case.pk], locked[to_case.pk] if to_case else None
    check_change(by=by, case=start, to_case=target, kind=kind, persons=persons, on=on)
    at = timezone.now()
    if target is None:
        target = open_case(by=by)
    for person, same in persons.items():
        other = same or add_person(case=target, by=by, facts=_facts(by, person, kind))
        HouseholdLink(
            kind=kind, from_person=person, to_person=other, on=on, reason=reason,
            had_left_on=other.left_on, author=by, author_agency_id=by.agency_id, written_at=at,
            form_key=key,
        ).save(force_insert=True)  # fmt: skip
        if same is not None:
            set_left(same, None)
        if kind != KINDS.MERGED:
            set_left(person, on)
    if kind == KINDS.MERGED:
        _set_rest(start, at)
        _tell(start, _("主担当機関が、新しい記入を止めたケースがあります"))
    for touched in (start, target):
        log_access(
            by, Action.WRITE, what=f"household_{kind}", case_id=touched.pk, basis="responsible"
        )
    return target


@dataclass(frozen=True)
class Undoing:
    """What an undo finds: the persons of one change, and who has changed households since."""

    links: list[HouseholdLink]
    stays: list[HouseholdLink]

    @property
    def back(self) -> list[HouseholdLink]:
        return [link for link in self.links if link not in self.stays]


def undoing(link: HouseholdLink, by: Membership) -> Undoing:
    """The persons of the change, and those of them whom nothing may be taken back of: they left
    the other case since, or came back here. What was done to them later stands."""
    links = list(
        HouseholdLink.objects.visible_to(by)
        .select_related("from_person__case", "to_person__case")
        .filter(author_id=link.author_id, form_key=link.form_key)
        .order_by("from_person__label")
    )
    return Undoing(links, [one for one in links if _is_changed_since(one)])


def _is_changed_since(link: HouseholdLink) -> bool:
    left_on = None if link.kind == KINDS.MERGED else link.on
    return link.to_person.left_on is not None or link.from_person.left_on != left_on


@transaction.atomic
def undo_household_change(*, link: HouseholdLink, by: Membership) -> Undoing:
    """It was a mistake: the persons are where they were before, a resting case is written again.
    What was written meanwhile stays in the case it was written in; whoever has changed households
    since stays where they are."""
    locked_cases(by, link.from_person.case, link.to_person.case)
    HouseholdLink.objects.visible_to(by).select_for_update(of=("self",)).get(pk=link.pk)
    found = undoing(link, by)
    now = timezone.now()
    for one in found.links:
        check_can_undo_link(by, one)
        one.undone_at, one.undone_by = now, by
        one.save(update_fields=["undone_at", "undone_by"])
    for one in found.back:
        set_left(one.from_person, None)
        set_left(one.to_person, timezone.localdate() if one.made_person else one.had_left_on)
    start = link.from_person.case
    if link.kind == KINDS.MERGED:
        _set_rest(start, None)
        _tell(start, _("また記入できるようになったケースがあります"))
    for case in (start, link.to_person.case):
        log_access(by, Action.WRITE, what="undo_household", case_id=case.pk, basis="responsible")
    return found


def check_change(
    *,
    by: Membership,
    case: Case,
    to_case: Case | None,
    kind: str,
    persons: Mapping[Person, Person | None],
    on: datetime.date,
) -> None:
    """Everything `change_household` asks, for the page before it."""
    _check_cases(by, case, to_case, kind)
    if on > timezone.localdate():
        raise ActionDenied(_("日付は、今日までの日を入れてください。"))
    _check_persons(by, case, to_case, kind, persons)
    check_no_shield(case, None if kind == KINDS.MERGED else persons)
    if to_case is not None:
        check_no_shield(to_case, None if kind == KINDS.MERGED else persons)


def under_shield(case: Case) -> set[uuid.UUID]:
    """Who of the case is under a shield, proposed or in force: for the responsible agency."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.open_shields(%s)", [case.pk])
        (keys,) = cursor.fetchone()
    return set(keys)


def check_no_shield(case: Case, persons: Mapping[Person, Person | None] | None = None) -> None:
    """V9: nobody under a shield is carried into another case; `persons` None = the whole case."""
    keys = under_shield(case)
    if persons is not None:
        keys &= {person.pk for pair in persons.items() for person in pair if person is not None}
    if keys:
        raise ActionDenied(
            _(
                "支援措置のある人は、ここからほかのケースへ移せません（つながりから居所が分かることがあります）。"
                "新しい相談として受け付け、そのケースで支援措置を設定してください。"
            )
        )


def _of_form(by: Membership, key: uuid.UUID) -> HouseholdLink | None:
    found = HouseholdLink.objects.visible_to(by).select_related("to_person__case")
    return found.filter(author=by, form_key=key).first()


def locked_cases(by: Membership, *cases: Case | None) -> dict[uuid.UUID, Case]:
    """Both cases, locked in one order."""
    keys = [case.pk for case in cases if case is not None]
    rows = Case.objects.visible_to(by).filter(pk__in=keys).order_by("pk")
    found = {case.pk: case for case in rows.select_for_update(of=("self",))}
    if len(found) < len(set(keys)):
        raise ActionDenied(not_found_words())
    return found


def not_found_words() -> str:
    """One sentence for a number of nobody, of another agency's case, and of a closed one (V15)."""
    return _("その番号のケースは、あなたの機関が主担当で支援中のケースの中にありません。")


def _check_cases(by: Membership, start: Case, target: Case | None, kind: str) -> None:
    check_can_change_household(by, start)
    if kind != KINDS.SPLIT:
        if target is None or target.pk == start.pk:
            raise ActionDenied(_("同じケースどうしです。もう一つのケースの番号を入れてください。"))
        check_can_change_household(by, target)
        check_on_list(target)
    waiting = Transfer.objects.visible_to(by).waiting().filter(case=start)
    if kind == KINDS.MERGED and waiting.exists():
        raise ActionDenied(_("このケースの移管が返事待ちです。先に取りやめるか、返事を待ちます。"))


def _check_persons(
    by: Membership,
    start: Case,
    target: Case | None,
    kind: str,
    persons: Mapping[Person, Person | None],
) -> None:
    if not persons and kind == KINDS.MERGED:
        raise ActionDenied(_("このケースには、統合先に引きつぐ世帯員がいません。"))
    if not persons:
        raise ActionDenied(_("だれのことかを選んでください。"))
    members = set(Person.objects.visible_to(by).members().filter(case=start))
    for person, same in persons.items():
        if person.is_deceased or person.died_on is not None:
            raise ActionDenied(
                _("%(who)sは亡くなっているため、ほかの世帯へは移せません。")
                % {"who": person.shown_name}
            )
        if person not in members:
            raise ActionDenied(
                _("%(who)sは、すでにこの世帯を出ています。") % {"who": person.shown_name}
            )
        if same is not None and (target is None or same.case_id != target.pk):
            raise ActionDenied(_("同じ人は、もう一つのケースの世帯員から選んでください。"))
    others = [same for same in persons.values() if same is not None]
    if len(set(others)) < len(others):
        raise ActionDenied(_("二人に同じ人が選ばれています。一人ずつ選び直してください。"))
    if kind != KINDS.MERGED and not members - set(persons):
        raise ActionDenied(
            _(
                "世帯にだれも残りません。最後の一人は分けられません。"
                "世帯ごと変わったときは、統合するか、終結します。"
            )
        )


def _facts(by: Membership, person: Person, kind: str) -> PersonFacts:
    """What `by` may read of the person itself. Who moves has a new address; who is merged lives
    where they lived."""
    facts = {name: getattr(person, name) for name in COPIED}
    contact = Contact.objects.visible_to(by).filter(pk=person.pk).first()
    if contact is not None:
        facts |= {
            name: getattr(contact, name)
            for name in CONTACT
            if kind == KINDS.MERGED or name not in ("address", "whereabouts")
        }
    if kind == KINDS.SPLIT:
        return PersonFacts(**facts)
    return PersonFacts(**facts, is_cohabiting=person.is_cohabiting or kind == KINDS.JOINED)


def set_left(person: Person, on: datetime.date | None) -> None:
    if person.left_on != on:
        person.left_on, person.version = on, person.version + 1
        person.save(update_fields=["left_on", "version"])


def _set_rest(case: Case, at: datetime.datetime | None) -> None:
    case.rests_at = at
    case.save(update_fields=["rests_at"])


def _tell(case: Case, title: str) -> None:
    """Agencies that see this case learn that it rests or is written again, and of no other case."""
    for agency in open_to_others(case):
        notify(
            agency=agency,
            kind="case_rests",
            key=f"{case.pk}:{timezone.now().isoformat()}",
            title=title,
            url=f"/cases/{case.pk}/",
        )
