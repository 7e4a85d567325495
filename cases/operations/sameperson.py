"""同じ人だった: somebody written down before anybody knew who they were turns out to be a person
who stands in the case under a name. A link says so (decision 0010): no row that names either of
them changes, so nobody reads more than before, and taking it back needs to know nothing."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases import enums
from cases.models import Case, Consent, HouseholdLink, Person
from cases.operations.household import locked_cases, set_left, under_shield
from cases.permissions import check_can_change_household

SAME = enums.LinkKind.SAME


@transaction.atomic
def note_same_person(
    *,
    case: Case,
    by: Membership,
    person: Person,
    stands: Person,
    form_key: uuid.UUID | None = None,
) -> HouseholdLink:
    """`person` is `stands`, whose name everything that names `person` carries from now on. Taken
    back by `undo_household_change`. The same `form_key` says it once. Raises ActionDenied."""
    key = form_key or uuid.uuid4()
    known = HouseholdLink.objects.visible_to(by).filter(author=by, form_key=key).first()
    if known is not None:
        return known
    locked = locked_cases(by, case)[case.pk]
    check_same(by=by, case=locked, person=person, stands=stands)
    link = HouseholdLink(
        kind=SAME,
        from_person=person,
        to_person=stands,
        on=timezone.localdate(),
        author=by,
        author_agency_id=by.agency_id,
        form_key=key,
    )
    link.save(force_insert=True)
    set_left(person, link.on)
    log_access(
        by,
        Action.WRITE,
        what="same_person",
        case_id=case.pk,
        basis="responsible",
        record_ids=[person.pk, stands.pk],
    )
    return link


def check_same(*, by: Membership, case: Case, person: Person, stands: Person) -> None:
    """Everything `note_same_person` asks; the database asks it again."""
    check_can_change_household(by, case)
    if person.pk == stands.pk:
        raise ActionDenied(_("同じ行が二度選ばれています。ちがう二人を選んでください。"))
    members = set(Person.objects.visible_to(by).members().filter(case=case))
    if not {person, stands} <= members:
        raise ActionDenied(_("どちらも、このケースのいまの世帯員から選んでください。"))
    if under_shield(case) & {person.pk, stands.pk}:
        raise ActionDenied(
            _(
                "支援措置のある人は、同じ人としてまとめられません。支援措置は、その人の行ごとに効きます。"
            )
        )
    answers = Consent.objects.visible_to(by).filter(person=person, withdrawn_at__isnull=True)
    if answers.exists():
        raise ActionDenied(
            _(
                "%(who)sには、同意についての答えがあります。答えは人ごとに効くため、名前が替わると、"
                "だれの答えか分からなくなります。逆向きに選ぶか、先にその答えを撤回してください。"
            )
            % {"who": person.shown_name}
        )
