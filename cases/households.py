"""世帯の変更 on the case page (V18): what stays, who is asked anew, and the other case for who may
see both."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from itertools import groupby

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Agency, Membership
from cases import enums
from cases.gate import reads_cases
from cases.models import Case, Consent, ConsentLine, Emergency, HouseholdLink, Person
from cases.operations.closing import open_ends as ends_of
from cases.permissions import can, check_can_undo_link
from cases.reach import open_to_others
from config.lib.eras import format_short
from config.lib.prepared import prepared
from config.lib.registry import NextStep, OpenEnd, Panel, TimelineEntry, registry

KINDS = enums.LinkKind


def links_of(membership: Membership, case: Case) -> list[list[HouseholdLink]]:
    """The changes of a household, newest first, each with its persons; what a reader may not see
    of either end drops out. One query for the page: panel and lines of これまで share it."""
    if not reads_cases(membership):
        return []
    known: dict[uuid.UUID, list[list[HouseholdLink]]]
    known = case.__dict__.setdefault("_household_links", {})
    if membership.pk in known:
        return known[membership.pk]
    found = _links(membership, case)
    links = [list(rows) for _key, rows in groupby(found, key=lambda link: link.form_key)]
    known[membership.pk] = links
    return links


@prepared
def _links(membership: Membership, case: Case) -> QuerySet[HouseholdLink]:
    return (
        HouseholdLink.objects.visible_to(membership)
        .touching(case)
        .standing()
        .select_related("from_person__case", "to_person__case", "author_agency")
        .order_by("-written_at", "form_key", "from_person__label")
    )


def panel(membership: Membership, case: Case) -> Panel | None:
    """つながりのあるケース. One query."""
    lines = []
    for links in links_of(membership, case):
        first = links[0]
        if first.kind == KINDS.SAME:
            continue
        is_start = first.from_person.case_id == case.pk
        other = (first.to_person if is_start else first.from_person).case
        lines.append(
            {
                "title": _title(KINDS(first.kind), is_start=is_start),
                "number": other.number,
                "url": reverse("case_detail", args=[other.pk]),
                "detail": _("%(who)s　%(day)s")
                % {"who": _names(links), "day": format_short(first.on)},
                "undo_url": reverse("household_undo", args=[first.pk])
                if can(check_can_undo_link, membership, first)
                else "",
            }
        )
    return Panel("cases/panels/household_links.html", {"lines": lines}) if lines else None


def next_elsewhere(membership: Membership, case: Case) -> NextStep | None:
    """Where the work of a case that rests goes on, for who sees the link. One query."""
    if case.rests_at is None or case.status != enums.CaseStatus.ACTIVE:
        return None
    for links in links_of(membership, case):
        first = links[0]
        if first.kind == KINDS.MERGED and first.from_person.case_id == case.pk:
            other = first.to_person.case
            words = _(
                "このケースは %(number)s に統合しました。これからのことは、統合先に書きます。"
            )
            return NextStep(
                words % {"number": other.number},
                _("統合先のケースを開く"),
                reverse("case_detail", args=[other.pk]),
            )
    return None


def events(membership: Membership, case: Case) -> list[TimelineEntry]:
    """世帯の変更 in これまで. One query."""
    found = []
    undo_urls = same_undo_urls(membership, case)
    for links in links_of(membership, case):
        first = links[0]
        if first.kind == KINDS.SAME:
            found.append(_same_event(first, undo_urls.get(first.from_person_id, "")))
            continue
        is_start = first.from_person.case_id == case.pk
        other = (first.to_person if is_start else first.from_person).case
        words = [_("%(who)s　ケース %(number)s") % {"who": _names(links), "number": other.number}]
        if first.reason:
            words.append(str(first.get_reason_display()))
        found.append(
            TimelineEntry(
                first.pk,
                first.written_at,
                _title(KINDS(first.kind), is_start=is_start),
                agency=first.author_agency.name,
                text="\n".join(words),
                url=reverse("case_detail", args=[other.pk]),
            )
        )
    return found


def same_undo_urls(membership: Membership, case: Case) -> dict[uuid.UUID, str]:
    """同じ人だった, by who was another: where who may takes it back. The query of `links_of`."""
    firsts = [links[0] for links in links_of(membership, case)]
    return {
        link.from_person_id: reverse("household_undo", args=[link.pk])
        for link in firsts
        if link.kind == KINDS.SAME and can(check_can_undo_link, membership, link)
    }


def _same_event(link: HouseholdLink, undo_url: str) -> TimelineEntry:
    first, other = link.from_person, link.to_person
    words = _("%(label)s（%(first)s）は、%(other_label)s %(other)sでした。")
    return TimelineEntry(
        link.pk,
        link.written_at,
        str(KINDS.SAME.label),
        agency=link.author_agency.name,
        text=words
        % {
            "label": first.label,
            "first": first.name or _("氏名不明"),
            "other_label": other.label,
            "other": other.shown_name,
        },
        url=undo_url,
    )


def elsewhere(membership: Membership, person: Person) -> list[str]:
    """Numbers of other cases in which this is the same person: a shield is set in each (V9)."""
    links = HouseholdLink.objects.visible_to(membership).standing().exclude(kind=KINDS.SAME)
    there = links.filter(from_person=person).values_list("to_person__case__number", flat=True)
    here = links.filter(to_person=person).values_list("from_person__case__number", flat=True)
    return sorted({*there, *here})


def _title(kind: enums.LinkKind, *, is_start: bool) -> str:
    here, there = {
        KINDS.SPLIT: (_("この世帯から分かれたケース"), _("分かれる前のケース")),
        KINDS.JOINED: (_("移った先のケース"), _("移る前のケース")),
        KINDS.MERGED: (_("統合先のケース"), _("ここに統合したケース")),
    }[kind]
    return here if is_start else there


def _names(links: Iterable[HouseholdLink]) -> str:
    return "・".join(link.from_person.shown_name for link in links)


def staying(by: Membership, case: Case) -> list[dict[str, str]]:
    """What runs on in the case as it is: nothing of it moves with a person."""
    found = [
        {"what": end.stays, "whose": end.whose, "url": end.url, "label": end.label}
        for end in ends_of(by, case)
        if end.stays
    ]
    running = Emergency.objects.visible_to(by).filter(
        content_object=case,
        refused_at__isnull=True,
        ended_at__isnull=True,
        period__contains=timezone.now(),
    )
    return found + [
        {
            "what": _("緊急閲覧（時間がたつと閉じます）"),
            "whose": "",
            "url": reverse("emergency_detail", args=[emergency.pk]),
            "label": _("見る"),
        }
        for emergency in running
    ]


def left_out_words(case: Case, target: Case | None) -> list[str]:
    """Who sees the case and will not see the other, by name. Three queries at most."""
    there = open_to_others(target) if target is not None else {}
    left_out = set(open_to_others(case)) - set(there)
    names = Agency.objects.filter(pk__in=left_out).order_by("order", "name")
    who = "・".join(agency.name for agency in names)
    if target is None and not who:
        return [_("新しいケースを見られるのは、あなたの機関だけです。")]
    if target is None:
        return [
            _(
                "新しいケースを見られるのは、あなたの機関だけです。%(who)sには、"
                "本人の同意をとってつなぐまで見えません。"
            )
            % {"who": who}
        ]
    words = [_("どちらのケースも、見られる機関は増えません。")]
    if who:
        words.append(_("%(who)sには、もう一つのケースは見えないままです。") % {"who": who})
    return words


def open_ends(membership: Membership, case: Case) -> list[OpenEnd]:
    """Cases merged into this one that rest and are not closed. One query."""
    cases = {
        links[0].from_person.case.pk: links[0].from_person.case
        for links in links_of(membership, case)
        if links[0].kind == KINDS.MERGED and links[0].to_person.case_id == case.pk
    }
    return [
        OpenEnd(
            _("ここに統合したケース %(number)s は、まだ終結していません。")
            % {"number": one.number},
            reverse("case_detail", args=[one.pk]),
            _("ケースを見る"),
        )
        for one in cases.values()
        if one.status == enums.CaseStatus.ACTIVE
    ]


def asked_anew(by: Membership, persons: Iterable[Person]) -> list[dict[str, str]]:
    """Whose consents in force, as far as they are seen, stay in the old case. Two queries."""
    people = {person.pk: person for person in persons}
    consents = Consent.objects.visible_to(by).in_force().filter(person__in=people)
    keys = dict(consents.values_list("pk", "person_id"))
    lines = (
        ConsentLine.objects.visible_to(by)
        .filter(consent__in=list(keys), is_exception=False)
        .exclude(agency_id=by.agency_id)
        .select_related("agency", "conference_type")
        .order_by("agency__name", "conference_type__name")
    )
    named: dict[uuid.UUID, list[str]] = {key: [] for key in keys}
    for line in lines:
        name = line.agency.name if line.agency else getattr(line.conference_type, "name", "")
        named[line.consent_id].append(name)
    return [
        {"whom": people[keys[key]].shown_name, "to": "・".join(names)}
        for key, names in named.items()
        if names
    ]


registry.add("case_next", next_elsewhere, queries=1, order=10)
registry.add("case_aside", panel, queries=1, order=85)
registry.add("case_events", events, queries=1, order=20)
registry.add("case_open_ends", open_ends, queries=1, order=20)
