"""What the cases room shows on the case page: its own records in これまで, the stage, the next
step, deadlines. Every function states its queries. Loading this module registers the room."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.functions import TransactionNow
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import Permission
from agencies.models import Membership
from cases import (
    charge,
    desk,
    disclosures,
    drafts,
    enums,
    handling,
    households,
    moveoutpage,
    nextsteps,
    noteparts,
    officehints,
    recertifying,
    riskpage,
    shieldpage,
    shieldrows,
    todos,
)
from cases.contents import contents_of
from cases.models import (
    AssessmentSection,
    Case,
    CautionNote,
    Consent,
    Emergency,
    LeftWork,
    Note,
    Person,
    Record,
    RiskAssessment,
    Tie,
)
from cases.permissions import can, check_can_write
from cases.questions import Question, answer_lines, catalogue
from cases.riskpage import risk_text
from cases.risksheets import sheets
from cases.shields import is_closed_case
from config.lib.eras import format_datetime, format_short
from config.lib.fiscal import instant_to_until_day
from config.lib.prepared import prepared
from config.lib.registry import NavItem, NextStep, Panel, TimelineEntry, Todo, registry
from config.lib.wording import label_of

SHOWN_FOR = datetime.timedelta(days=90)
LIMIT = 50


def timeline(
    membership: Membership, case: Case, records: dict[uuid.UUID, Record]
) -> list[TimelineEntry]:
    """Notes, assessment sections, ties, cautions and risk sheets among the visible records. At most
    seven queries: one a kind that is there, one for who is at work, one for the questions answered.
    """
    by_kind: dict[str, list[uuid.UUID]] = {}
    for key, record in records.items():
        by_kind.setdefault(record.kind, []).append(key)
    notes = contents_of(Note, by_kind.get(enums.RecordKind.NOTE, []))
    written = contents_of(AssessmentSection, by_kind.get(enums.RecordKind.ASSESSMENT, []))
    cautions = contents_of(CautionNote, by_kind.get(enums.RecordKind.CAUTION, []))
    risks = contents_of(RiskAssessment, by_kind.get(enums.RecordKind.RISK, []))
    may_write = can(check_can_write, membership, case)
    known = catalogue(case.municipality) if any(s.answers for s in written) else {}
    return [
        *(_note(membership, records[n.pk], n, may_write) for n in notes),
        *(_section(membership, records[s.pk], s, may_write, known) for s in written),
        *(_caution(membership, records[c.pk], c, may_write) for c in cautions),
        *(_risk(records[r.pk], r, case) for r in risks),
        *_ties(records, by_kind.get(enums.RecordKind.TIE, [])),
    ]


def _ties(records: dict[uuid.UUID, Record], keys: list[uuid.UUID]) -> list[TimelineEntry]:
    """Not in これまで, which leaves them to the picture: where a record waits or is listed."""
    return [
        TimelineEntry(
            tie.pk,
            records[tie.pk].happened_at,
            label_of(enums.TieKind, tie.kind),
            text="　".join(
                word
                for word in (
                    tie.name,
                    label_of(enums.TieNature, tie.nature),
                    label_of(enums.TieQuality, tie.quality),
                )
                if word
            ),
        )
        for tie in contents_of(Tie, keys)
    ]


def _note(membership: Membership, record: Record, note: Note, may_write: bool) -> TimelineEntry:
    title = label_of(enums.ContactMethod, note.method)
    if note.with_whom:
        title += "　" + note.with_whom
    if note.place:
        title += _("（%(place)s）") % {"place": note.place}
    if note.result:
        title += "　" + label_of(enums.ContactResult, note.result)
    if note.minutes:
        title += _("　%(n)s分") % {"n": note.minutes}
    if note.version > 1:
        title += _("［訂正あり］")
    more = [(_("次に"), note.next_step)] if note.next_step else []
    if note.version > 1 and note.correction_reason:
        more.append((_("直した理由"), note.correction_reason))
    text = "\n".join([note.text, *(f"{label}：{words}" for label, words in more)])
    parts = noteparts.labelled(note.text)
    if parts:
        parts += more
    is_own = record.author_agency_id == membership.agency_id and may_write
    url = reverse("note_edit", args=[note.pk]) if is_own else ""
    changed = _changed(record, note.version)
    return TimelineEntry(
        note.pk,
        record.happened_at,
        title,
        text=text,
        url=url,
        history_url=changed,
        parts=tuple(parts),
    )


def _changed(record: Record, version: int) -> str:
    return reverse("record_history", args=[record.pk]) if version > 1 else ""


def _section(
    membership: Membership,
    record: Record,
    section: AssessmentSection,
    may_write: bool,
    known: Mapping[str, Question],
) -> TimelineEntry:
    title = _("アセスメント")
    if section.version > 1:
        title += _("［訂正あり］")
    lines = [section.situation, *answer_lines(section.answers, known)]
    if section.strengths:
        lines.append(_("強み：%(strengths)s") % {"strengths": section.strengths})
    if section.version > 1 and section.correction_reason:
        lines.append(_("直した理由：%(reason)s") % {"reason": section.correction_reason})
    text = "\n".join(line for line in lines if line)
    is_own = record.author_agency_id == membership.agency_id and may_write
    url = reverse("assessment_edit", args=[section.pk]) if is_own else ""
    changed = _changed(record, section.version)
    return TimelineEntry(
        section.pk, record.happened_at, title, text=text, url=url, history_url=changed
    )


def _caution(
    membership: Membership, record: Record, caution: CautionNote, may_write: bool
) -> TimelineEntry:
    title = f"{enums.RecordKind.CAUTION.label}　{label_of(enums.CautionKind, caution.kind)}"
    text = caution.text
    if caution.correction_reason:
        title += _("［訂正あり］")
        text += "\n" + _("直した理由：%(reason)s") % {"reason": caution.correction_reason}
    if caution.ended_on:
        title += _("［%(day)s 終了］") % {"day": format_short(caution.ended_on)}
        text += "\n" + _("終わった理由：%(reason)s") % {"reason": caution.end_reason}
    is_own = record.author_agency_id == membership.agency_id and may_write
    url = reverse("caution_edit", args=[caution.pk]) if is_own and not caution.ended_on else ""
    changed = _changed(record, caution.version)
    return TimelineEntry(
        caution.pk, record.happened_at, title, text=text, url=url, history_url=changed
    )


def _risk(record: Record, risk: RiskAssessment, case: Case) -> TimelineEntry:
    title, text = risk_text(risk, sheets(case.municipality)[risk.sheet])
    url, changed = reverse("risk_detail", args=[risk.pk]), _changed(record, risk.version)
    return TimelineEntry(
        risk.pk, record.happened_at, title, text=text, url=url, history_url=changed
    )


def stage(membership: Membership, case: Case) -> int:
    """アセスメント once there is a case; プラン案 once a section is written. One query."""
    return 2 if _assessed(membership, case).exists() else 1


@prepared
def _assessed(membership: Membership, case: Case) -> QuerySet[Record]:
    written = Record.objects.visible_to(membership).for_case(case)
    return written.filter(kind=enums.RecordKind.ASSESSMENT)


@prepared
def _unasked(membership: Membership, case: Case) -> QuerySet[Person]:
    answered = Consent.objects.visible_to(membership).filter(
        person=OuterRef("pk"), withdrawn_at__isnull=True
    )
    unasked = Person.objects.visible_to(membership).members().filter(case=case)
    return unasked.exclude(Exists(answered)).order_by("label")[:1]


def next_consent(membership: Membership, case: Case) -> NextStep | None:
    """A living person who has not been asked, for the responsible agency. One query."""
    is_responsible = membership.agency_id == case.responsible_agency_id
    if not case.is_open or not is_responsible:
        return None
    if not membership.may(Permission.RECORD_CONSENT):
        return None
    person = next(iter(_unasked(membership, case)), None)
    if person is None:
        return None
    return NextStep(
        _(
            "%(name)sの同意がまだ記録されていません。だれに、何を、いつまで伝えてよいかを聞いて記録すると、"
            "ほかの機関と一緒に支援できます。"
        )
        % {"name": person.shown_name},
        _("同意を記録する"),
        reverse("consent_new", args=[case.pk, person.pk]),
    )


def next_renewal(membership: Membership, case: Case) -> NextStep | None:
    """A consent whose period is over, for the responsible agency. One query."""
    is_responsible = membership.agency_id == case.responsible_agency_id
    if not case.is_open or not is_responsible:
        return None
    if not membership.may(Permission.RECORD_CONSENT):
        return None
    lapsed = next(iter(_lapsed(membership, case)), None)
    if lapsed is None:
        return None
    return NextStep(
        _(
            "%(name)sの同意の期限が切れました。ほかの機関には、もう開いていません。"
            "続けるときは、本人に確かめて更新します。"
        )
        % {"name": lapsed.person.shown_name},
        _("同意を更新する"),
        reverse("consent_renew", args=[lapsed.pk]),
    )


@prepared
def _lapsed(membership: Membership, case: Case) -> QuerySet[Consent]:
    lapsed = Consent.objects.visible_to(membership).lapsed()
    living = lapsed.filter(case=case, person__died_on__isnull=True, person__is_deceased=False)
    return living.select_related("person").order_by("person__label")[:1]


def left_work(membership: Membership, case: Case) -> Panel | None:
    """担当のいなくなった仕事: titles and due dates, for the agency they were left to. One query."""
    tasks = [
        {
            "title": title,
            "due": format_short(due_on) if due_on else "",
            "late": bool(due_on and due_on < timezone.localdate()),
            "agency": agency,
        }
        for title, due_on, agency in _left(membership, case)
    ]
    return Panel("cases/panels/left_work.html", {"tasks": tasks}) if tasks else None


@prepared
def _left(membership: Membership, case: Case) -> QuerySet[LeftWork, Any]:
    left = LeftWork.objects.visible_to(membership)
    lately = left.filter(case=case, left_at__gte=TransactionNow() - SHOWN_FOR)
    return lately.order_by("due_on", "id").values_list("title", "due_on", "from_agency__name")[
        :LIMIT
    ]


def next_assessment(membership: Membership, case: Case) -> NextStep | None:
    """No section of the assessment yet, and no plan. Two queries."""
    if not can(check_can_write, membership, case) or is_closed_case(case.pk):
        return None
    kinds = (enums.RecordKind.ASSESSMENT, enums.RecordKind.PLAN)
    if _written(membership, case, kinds).exists():
        return None
    return NextStep(
        _("世帯全体のアセスメントがまだありません。分かっていることから、項目ごとに書けます。"),
        _("アセスメントを書く"),
        reverse("assessment_new", args=[case.pk]),
    )


@prepared
def _written(membership: Membership, case: Case, kinds: tuple[str, ...]) -> QuerySet[Record]:
    return Record.objects.visible_to(membership).for_case(case).filter(kind__in=kinds)


def deadlines(membership: Membership, case: Case) -> list[Todo]:
    """Consents of the case that have an end. One query."""
    return [
        Todo(
            "consent_ends",
            _("同意 %(label)s の期限") % {"label": label},
            reverse("consent_detail", args=[key]),
            "",
            due_on=instant_to_until_day(ends_at),
        )
        for label, ends_at, key in _ending(membership, case)
    ]


@prepared
def _ending(
    membership: Membership, case: Case
) -> QuerySet[Consent, tuple[str, datetime.datetime, uuid.UUID]]:
    found = Consent.objects.visible_to(membership).in_force()
    found = found.filter(case=case, ends_at__isnull=False)
    return found.values_list("person__label", "ends_at", "pk")


@prepared
def _my_emergency(membership: Membership, case: Case) -> QuerySet[Emergency]:
    held = Emergency.objects.visible_to(membership).open()
    return held.filter(content_object=case, membership_id=membership.pk).order_by("pk")[:1]


def in_emergency(membership: Membership, case: Case) -> NextStep | None:
    """Said at the top of the case while it is open in this way alone. One query."""
    row = next(iter(_my_emergency(membership, case)), None)
    if row is None:
        return None
    return NextStep(
        _(
            "緊急閲覧で開いています（%(until)sまで、あなただけ）。見たことは記録されています。"
            "危険が去ったら、主担当機関に電話で引きつぎます。"
        )
        % {"until": format_datetime(row.period.upper)},
        _("この緊急閲覧の記録を見る"),
        reverse("emergency_detail", args=[row.pk]),
    )


__all__ = [
    "charge",
    "desk",
    "disclosures",
    "drafts",
    "handling",
    "households",
    "moveoutpage",
    "nextsteps",
    "officehints",
    "recertifying",
    "riskpage",
    "shieldpage",
    "shieldrows",
    "todos",
]

registry.add("case_timeline", timeline, queries=7, order=10)
registry.add("case_stage", stage, queries=1, order=10)
registry.add("case_next", in_emergency, queries=1, order=5)
registry.add("case_next", next_consent, queries=1, order=20)
registry.add("case_next", next_renewal, queries=1, order=15)
registry.add("case_next", next_assessment, queries=2, order=30)
registry.add("case_panels", left_work, queries=1, order=10)
registry.add("case_aside", deadlines, queries=1, order=10)
registry.nav(
    NavItem("templates", gettext_lazy("定型文"), "template_list", 4, Permission.CONFIRM_MEMBERSHIP)
)
registry.nav(NavItem("consents", gettext_lazy("同意"), "consent_list", 1, Permission.REVIEW_ACCESS))
registry.nav(
    NavItem("emergencies", gettext_lazy("緊急閲覧"), "emergency_list", 1, Permission.REVIEW_ACCESS)
)
registry.nav(
    NavItem(
        "disclosures", gettext_lazy("開示の記録"), "disclosure_list", 1, Permission.REVIEW_ACCESS
    )
)
