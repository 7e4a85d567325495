"""出席する人: who takes part in an item, as what, whether they come, and who was there.

Read by whoever sees the item. Under secrecy an appointed reader finds themself alone here: who else
is appointed, and whether they come, the secretariat knows (V6).
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership, SecretariatMember, StandingMember
from config.lib.eras import format_datetime
from config.lib.fiscal import fiscal_year
from config.lib.wording import label_of
from meetings import enums
from meetings.agenda import agencies_in
from meetings.models import AgendaItem, ItemAttendance, ItemGrant, ItemPerson
from meetings.operations.answering import is_told
from meetings.pages import PRESENCE_TONE, hours_there, named
from meetings.permissions import listed_types
from meetings.quorum import THERE

ANSWER_TONE = {"attend": "ok", "online": "ok", "partial": "info", "absent": ""}
LAST = 10_000  # after every standing member
COMING = (enums.Answer.ATTEND, enums.Answer.ONLINE, enums.Answer.PARTIAL)


@dataclass(frozen=True)
class Member:
    """One member of one item. `key` names them in forms: `a:` agency, `n:` by name, `m:` an
    appointed membership, `p:` an appointed person without an account."""

    key: str
    who: str
    kind: str
    answer: str = ""
    answered: str = ""
    remark: str = ""
    has_conflict: bool = False
    attendance: str = ""
    arrived_at: datetime.datetime | None = None
    left_at: datetime.datetime | None = None
    is_asked: bool = True  # the secretariat is there anyway
    is_by_name: bool = False
    is_pledged: bool = True

    @property
    def is_there(self) -> bool:
        """In the room at this moment."""
        return self.attendance in THERE and self.left_at is None

    @property
    def state(self) -> str:
        """Who was there, else whether they come."""
        if self.attendance:
            hours = hours_there(self.arrived_at, self.left_at)
            return label_of(enums.Attendance, self.attendance) + hours
        if self.answer:
            return label_of(enums.Answer, self.answer)
        return _("未回答") if self.is_asked else ""

    @property
    def tone(self) -> str:
        if self.attendance:
            return PRESENCE_TONE[self.attendance] if self.left_at is None else ""
        return ANSWER_TONE[self.answer] if self.answer else "warn" if self.is_asked else ""


def members_of(by: Membership, items: Sequence[AgendaItem]) -> dict[UUID, list[Member]]:
    """The members of each item in view. At most four queries for items with consent, five more
    where one is sealed."""
    plain = [item for item in items if not item.is_secret]
    sealed = [item for item in items if item.is_secret]
    found: dict[UUID, list[Member]] = {}
    if plain:
        found |= _with_consent(by, plain)
    if sealed:
        found |= _under_secrecy(by, sealed)
    return found


def _with_consent(by: Membership, items: Sequence[AgendaItem]) -> dict[UUID, list[Member]]:
    keys = {key for item in items for key in agencies_in(item)}
    agencies = Agency.objects.in_bulk(keys)
    rows = (
        ItemAttendance.objects.filter(item__in=items, removed_at=None)
        .select_related("person", "answered_by__user", "answered_by__agency")
        .order_by("id")
    )
    by_item: dict[UUID, list[ItemAttendance]] = {item.pk: [] for item in items}
    for row in rows:
        by_item[row.item_id].append(row)
    standing = StandingMember.objects.running_in(by.municipality).filter(
        conference_type__in={item.conference_type_id for item in items}, agency__in=keys
    )
    kinds = {(s.conference_type_id, s.agency_id): s for s in standing}
    return {
        item.pk: [
            *_agencies(item, agencies, by_item[item.pk], kinds),
            *(_by_name(item, row) for row in by_item[item.pk] if row.agency_id is None),
        ]
        for item in items
    }


def _agencies(
    item: AgendaItem,
    agencies: dict[int, Agency],
    rows: Iterable[ItemAttendance],
    kinds: dict[tuple[int, int | None], StandingMember],
) -> list[Member]:
    """Those that take part, as the city lists the body's members (an agency and its section side by
    side), then the others; and who was there and takes part no more."""
    said = {row.agency_id: row for row in rows if row.agency_id is not None}
    gone = {key for key, row in said.items() if row.attendance} - agencies.keys()
    known = agencies | (Agency.objects.in_bulk(gone) if gone else {})
    keys = agencies_in(item) | {key for key, row in said.items() if row.attendance}

    def place(agency: Agency) -> tuple[int, int, int]:
        standing = kinds.get((item.conference_type_id, agency.pk))
        return (LAST if standing is None else standing.order, agency.order, agency.pk)

    found = []
    for agency in sorted((known[k] for k in keys if k in known), key=place):
        member = Member(
            key=f"a:{agency.pk}",
            who=agency.name,
            kind=_kind(item, agency.pk, kinds.get((item.conference_type_id, agency.pk))),
            is_asked=_is_asked(item) and agency.pk != item.conference_type.secretariat_id,
        )
        row = said.get(agency.pk)
        found.append(_said(member, row) if row is not None else member)
    return found


def _is_asked(item: AgendaItem) -> bool:
    """From the notice on, until the item is decided."""
    return item.state == enums.ItemState.NOTICED


def _kind(item: AgendaItem, agency: int, standing: StandingMember | None) -> str:
    if agency == item.conference_type.secretariat_id:
        words = _("事務局")
    elif standing is None or standing.is_by_item:
        words = label_of(enums.MemberKind, enums.MemberKind.BY_CASE)
    else:
        words = _("必須の構成員") if standing.is_mandatory else _("構成員")
    return _("%(kind)s・付議") % {"kind": words} if agency == item.proposing_agency_id else words


def _by_name(item: AgendaItem, row: ItemAttendance) -> Member:
    kind = label_of(enums.MemberKind, row.kind) or _("ほかに出席した人")
    who = row.name
    if row.person_id is not None:
        # The name is a 基本情報 of the person: read where that is open, else 本人 alone.
        who = row.person.shown_name if row.person is not None else kind
    if row.organisation:
        who = f"{who}（{row.organisation}）"
    asked = _is_asked(item)
    return _said(
        Member(key=f"n:{row.pk}", who=who, kind=kind, is_by_name=True, is_asked=asked), row
    )


def _said(member: Member, row: ItemAttendance) -> Member:
    answered = ""
    if row.answered_at is not None and row.answered_by is not None:
        told = is_told(row)
        words = _("%(when)s　電話で（入力　%(who)s）") if told else _("%(when)s　%(who)s")
        answered = words % {
            "when": format_datetime(row.answered_at),
            "who": row.answered_by.user,
        }
    return replace(
        member,
        answer=row.answer,
        answered=answered,
        remark=row.remark,
        has_conflict=row.has_conflict,
        **_day_of(row),
    )


def _day_of(row: ItemAttendance) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("attendance", "arrived_at", "left_at")}


def _under_secrecy(by: Membership, items: Sequence[AgendaItem]) -> dict[UUID, list[Member]]:
    listed = listed_types(by)
    found: dict[UUID, list[Member]] = {item.pk: [] for item in items}
    people = ItemPerson.objects.filter(item__in=items, revoked_at=None).order_by("appointed_at")
    names: dict[UUID, dict[UUID | None, str]] = {item.pk: {} for item in items}
    paper = []
    for person in people:
        if person.guest_id is not None:
            names[person.item_id][person.guest_id] = str(person)
        else:
            paper.append(person)
    rows = ItemAttendance.objects.filter(item__in=items, removed_at=None)
    there = {(row.item_id, row.membership_id, row.name): row for row in rows}
    asked = {item.pk for item in items if _is_asked(item)}
    open_to = {item.pk for item in items if item.conference_type_id in listed}
    grants = (
        ItemGrant.objects.filter(content_object__in=items)
        .standing()
        .select_related("membership__user", "membership__agency", "answered_by__user")
        .order_by("appointed_at", "pk")
    )
    for grant in grants:
        key = grant.content_object_id
        if key not in open_to and grant.membership_id != by.pk:
            continue
        member = Member(
            key=f"m:{grant.membership_id}",
            who=named(grant.membership, names[key]),
            kind=_("指名"),
            answer=grant.answer,
            answered=_answered(grant),
            has_conflict=grant.has_conflict,
            is_asked=key in asked,
            is_pledged=grant.pledged_at is not None,
        )
        found[key].append(_met(member, there.get((key, grant.membership_id, ""))))
    for person in paper:
        if person.item_id in open_to:
            member = Member(
                key=f"p:{person.pk}",
                who=str(person),
                kind=_("指名（紙の誓約）"),
                answer=person.answer,
                answered=format_datetime(person.answered_at) if person.answered_at else "",
                has_conflict=person.has_conflict,
                is_by_name=True,
                is_asked=person.item_id in asked,
                is_pledged=person.pledged_on is not None,
            )
            row = there.get((person.item_id, None, str(person)))
            found[person.item_id].append(_met(member, row))
    return found


def _answered(grant: ItemGrant) -> str:
    if grant.answered_at is None:
        return ""
    when = format_datetime(grant.answered_at)
    if grant.answered_by is None:
        return when
    return _("%(when)s　電話で（入力　%(who)s）") % {"when": when, "who": grant.answered_by.user}


def secretaries(item: AgendaItem) -> list[Member]:
    """Who is on the body's list this year: there under secrecy without being appointed. Two
    queries, none with consent."""
    if not item.is_secret:
        return []
    entries = SecretariatMember.objects.filter(
        conference_type_id=item.conference_type_id,
        fiscal_year=fiscal_year(timezone.localdate()),
        pledged_at__isnull=False,
        ended_at__isnull=True,
    ).select_related("membership__user", "membership__agency")
    rows = ItemAttendance.objects.filter(item=item, removed_at=None, membership__isnull=False)
    there = {row.membership_id: row for row in rows}
    return [
        _met(
            Member(
                key=f"m:{entry.membership_id}",
                who=named(entry.membership, {}),
                kind=_("事務局"),
                is_asked=False,
            ),
            there.get(entry.membership_id),
        )
        for entry in entries.order_by("pk")
    ]


def _met(member: Member, row: ItemAttendance | None) -> Member:
    if row is None:
        return member
    return replace(member, **_day_of(row))


def tally(members: Iterable[Member]) -> str:
    """「出席 3・欠席 1・未回答 2」, of those who were asked; nothing where nobody was."""
    asked = [member for member in members if member.is_asked]
    if not asked:
        return ""
    counts = Counter(member.answer for member in asked)
    coming = sum(counts[answer] for answer in COMING)
    words = [_("出席 %(n)s") % {"n": coming}]
    if counts[enums.Answer.ONLINE]:
        words[0] += _("（うちオンライン %(n)s）") % {"n": counts[enums.Answer.ONLINE]}
    words.append(_("欠席 %(n)s") % {"n": counts[enums.Answer.ABSENT]})
    words.append(_("未回答 %(n)s") % {"n": counts[""]})
    return "・".join(words)


def conflict_words(members: Iterable[Member]) -> str:
    """利害関係: who is heard and takes no part in the decision."""
    names = "、".join(member.who for member in members if member.has_conflict)
    if not names:
        return ""
    return _("%(names)sは、この議題に利害関係があるため、決定に加わりません。") % {"names": names}


def member_rows(members: Iterable[Member]) -> list[dict[str, Any]]:
    """As `meetings/members.html` lists them."""
    return [
        {
            "who": member.who,
            "kind": member.kind,
            "state": member.state,
            "tone": member.tone,
            "remark": member.remark,
            "conflict": member.has_conflict,
        }
        for member in members
    ]


def attendees(item: AgendaItem, members: Iterable[Member]) -> list[Member]:
    """Of its members whoever may have been there: under secrecy who has pledged, and the
    secretariat. As many queries as `secretaries`."""
    return [member for member in [*members, *secretaries(item)] if member.is_pledged]
