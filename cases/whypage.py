"""なぜ見えるのか・なぜ見えないのか, of another agency or one of its people (V17).

For who answers for the case; the answer is computed from the rows the asker may read (cases.told),
and records that get the same answer for the same reason stand together.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Agency, Membership, agencies_of
from cases import enums
from cases.explain import Explanation, until_words
from cases.grantlines import category_words, grant_line
from cases.models import Case, Emergency, Record
from cases.recordtitles import entries_of
from cases.told import Known, case_for, known_to, open_emergencies, person_for, record_for
from config.lib.eras import format_datetime_short, format_long, today
from config.lib.registry import TimelineEntry

LISTED = 300  # the newest records by title; the figures count all
SHOW = ("", "yes", "no")

RULES = {
    "V1": gettext_lazy("根拠がないものは開かない"),
    "V2": gettext_lazy("自分の機関の仕事と記録"),
    "V3": gettext_lazy("本人の同意"),
    "V4": gettext_lazy("通告者の保護"),
    "V8": gettext_lazy("緊急閲覧"),
    "V9": gettext_lazy("支援措置"),
}


@dataclass(frozen=True)
class Choice:
    """An agency to ask about, or one of its people with an access of their own."""

    value: str
    label: str
    is_open: bool


@dataclass
class Group:
    """Records of one kind about the same people that get one answer."""

    category: str
    whom: str
    is_visible: bool
    rule: str
    reason: str
    until: str
    count: int = 0
    records: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """Whom the question is about."""

    agency: Agency
    emergency: Emergency | None = None

    @property
    def name(self) -> str:
        if self.emergency is None:
            return str(self.agency)
        return f"{self.agency}　{self.emergency.membership.user}"

    @property
    def value(self) -> str:
        return f"{self.agency.pk}" + (f":{self.emergency.pk}" if self.emergency else "")


@dataclass(frozen=True)
class Answer:
    """The page, once somebody is chosen."""

    name: str
    ended: str
    case: Explanation
    facts: list[dict[str, str]]
    grants: list[dict[str, str]]
    persons: list[dict[str, object]]
    groups: list[Group]
    seen: int
    closed: int
    is_cut: bool
    tabs: list[dict[str, object]]
    as_url: str
    record_ids: list[uuid.UUID]


def find_asked(
    value: str, city: int, emergencies: Sequence[Emergency], agencies: Mapping[int, Agency]
) -> Asked | None:
    """The agency of this city, or its worker with an open emergency access; None: there is none.
    An agency that has ended can still be asked about. At most one query."""
    key, _colon, access = value.partition(":")
    if not key.isascii() or not key.isdigit() or len(key) > 9:
        return None
    agency = agencies.get(int(key)) or (
        Agency.objects.filter(municipality_id=city, is_type=False, pk=int(key)).first()
    )
    if agency is None:
        return None
    if not access:
        return Asked(agency)
    found = next((e for e in emergencies if str(e.pk) == access), None)
    if found is None or found.membership.agency_id != agency.pk:
        return None
    return Asked(agency, found)


def choices(
    known: Known, emergencies: Sequence[Emergency], agencies: Iterable[Agency]
) -> list[Choice]:
    """The city's agencies, those with something open first, their people in an emergency."""
    found = [Choice(str(a.pk), a.name, case_for(known.eyes(a)).visible) for a in agencies]
    people = [
        Choice(
            f"{e.membership.agency_id}:{e.pk}",
            _("%(agency)s　%(name)sさん（緊急閲覧）")
            % {"agency": e.membership.agency, "name": e.membership.user},
            True,
        )
        for e in emergencies
    ]
    return [*people, *sorted(found, key=lambda c: not c.is_open)]


@dataclass(frozen=True)
class Asking:
    """What the asker may read, and whom they may ask about."""

    known: Known
    emergencies: list[Emergency]
    agencies: dict[int, Agency]


def asking(by: Membership, case: Case) -> Asking:
    """Six queries, and one more beneath a shield."""
    agencies = {agency.pk: agency for agency in agencies_of(by.municipality)}
    return Asking(known_to(by, case), open_emergencies(by, case.pk), agencies)


def answer_about(by: Membership, known: Known, asked: Asked, show: str) -> Answer:
    """Everything the asker may read, with yes or no and why. The rooms' titles: constant."""
    eyes = known.eyes(asked.agency)
    emergency = asked.emergency
    answers = {r.pk: record_for(eyes, r, emergency) for r in known.records}
    wanted = [r for r in known.records if show in ("", "yes" if answers[r.pk].visible else "no")]
    listed = wanted[:LISTED]
    case = case_for(eyes, emergency)
    names = {key: person.shown_name for key, person in known.persons.items()}
    seen = sum(found.visible for found in answers.values())
    ended = asked.agency.ended_on
    return Answer(
        name=asked.name,
        ended=format_long(ended) if ended and ended <= today() else "",
        case=case,
        facts=case_facts(case, names),
        grants=[grant_line(g, names) for g in eyes.grants],
        persons=_persons(known, asked),
        groups=_groups(wanted, answers, known, entries_of(by, known.case, listed)),
        seen=seen,
        closed=len(answers) - seen,
        is_cut=len(wanted) > LISTED,
        tabs=_tabs(asked, show, seen, len(answers)),
        as_url=reverse("case_as", args=[known.case.pk, asked.agency.pk]) if case.visible else "",
        record_ids=[*known.persons, *(r.pk for r in listed)],
    )


def case_facts(found: Explanation, names: Mapping[uuid.UUID, str]) -> list[dict[str, str]]:
    """Rule, basis, persons, categories, since and until of an answer that is yes; of a no the
    rule alone."""
    facts = [(_("きまり"), rule_words(found.rule))]
    if found.visible:
        whom = "・".join(names[key] for key in found.persons if key in names)
        facts += [
            (_("根拠"), str(enums.GrantBasis(found.basis).label) if found.basis else ""),
            (_("だれの記録"), whom),
            (_("情報の種類"), category_words(found.categories)),
            (_("いつから"), format_long(found.since) if found.since else ""),
            (_("いつまで"), until_words(found.until)),
        ]
    return [{"term": term, "value": value} for term, value in facts if value]


def rule_words(rule: str) -> str:
    """「本人の同意（V3）」: the rule by its name in visibility.md."""
    return f"{RULES[rule]}（{rule}）" if rule in RULES else rule


def _persons(known: Known, asked: Asked) -> list[dict[str, object]]:
    eyes = known.eyes(asked.agency)
    rows = [(p, person_for(eyes, p, asked.emergency)) for p in known.persons.values()]
    return [
        {"name": f"{p.label}　{p.shown_name}", "is_visible": why.visible, "reason": why.reason}
        for p, why in rows
    ]


def _groups(
    records: Sequence[Record],
    answers: Mapping[uuid.UUID, Explanation],
    known: Known,
    entries: Mapping[uuid.UUID, TimelineEntry],
) -> list[Group]:
    """In the order of the categories, what is seen first."""
    order = [str(category) for category in enums.Category]
    found: dict[tuple[int, str, bool, str], Group] = {}
    for record in records:
        why = answers[record.pk]
        whom = record.names(known.persons) or _("名前の出ない世帯員")
        key = (order.index(record.category), whom, not why.visible, why.reason)
        group = found.setdefault(
            key,
            Group(
                str(record.get_category_display()),
                whom,
                why.visible,
                rule_words(why.rule),
                why.reason,
                until_words(why.until) if why.visible else "",
            ),
        )
        group.count += 1
        if record.pk in entries:
            group.records.append(
                {
                    "when": format_datetime_short(record.happened_at),
                    "title": entries[record.pk].title,
                    "by": record.author_agency.name,
                }
            )
    return [found[key] for key in sorted(found)]


def _tabs(asked: Asked, show: str, seen: int, total: int) -> list[dict[str, object]]:
    words = (_("すべて"), _("見えるもの"), _("見えないもの"))
    counts = (total, seen, total - seen)
    return [
        {
            "label": label,
            "url": "?" + urlencode({"agency": asked.value, **({"show": key} if key else {})}),
            "current": key == show,
            "count": count,
        }
        for label, key, count in zip(words, SHOW, counts, strict=True)
    ]
