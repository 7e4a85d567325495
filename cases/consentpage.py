"""What a consent says, for the page, the list and the papers (V3).

Whole for who may see it whole; a recipient sees its own line, read from the grant it holds. The
lines come through the gate, which shows no exception to the one excepted.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Permission
from agencies.models import Agency, ConferenceType, Membership, StandingMember
from agencies.permissions import ActionDenied
from cases import enums
from cases.caselines import FILE_KINDS, FileLine, until_short
from cases.explain import until_words
from cases.models import Case, CaseGrant, Consent, ConsentScan, Person
from cases.operations.case import persons_by_key
from cases.operations.consent import ConsentTerms, terms_of
from cases.operations.consentterms import ADULT, suspects_of
from cases.permissions import (
    can,
    check_can_attach_scan,
    check_can_change_consent,
    check_can_withdraw,
)
from cases.seers import is_open
from config.lib.eras import format_datetime_short, format_long, format_short
from config.lib.kana import fold
from config.lib.wording import label_of

Fact = dict[str, str]
LISTED = 100


@dataclass(frozen=True)
class ConsentPage:
    """A consent seen whole."""

    consent: Consent
    name: str
    case: Case | None
    state: str
    tone: str
    facts: list[Fact]
    preview: str
    warning: str
    opened: list[dict[str, str]]
    history: list[dict[str, str]]
    scans: list[FileLine]
    is_expired: bool
    may_change: bool
    may_withdraw: bool
    may_attach: bool


def check_may_read_consents(by: Membership) -> None:
    """Whoever reads cases, and the privacy officer; which consents is the gate's question."""
    if not (by.may(Permission.READ_CASES) or by.may(Permission.REVIEW_ACCESS)):
        raise ActionDenied(_("この役割は、同意を読みません。"))


def person_name(person: Person | None) -> str:
    return person.shown_name if person else _("世帯員（この役割には名前が出ません）")


def state_of(consent: Consent) -> tuple[str, str]:
    """In a word, with its tone."""
    if consent.withdrawn_at is not None:
        return _("終わった同意"), ""
    if consent.answer != enums.ConsentAnswer.GIVEN:
        return label_of(enums.ConsentAnswer, consent.answer), "warn"
    if is_open(consent):
        return _("同意あり"), "ok"
    return _("期限が切れました"), "warn"


def is_expired(consent: Consent) -> bool:
    """Given, never withdrawn, and its period is over."""
    upper = consent.period.upper
    return (
        consent.answer == enums.ConsentAnswer.GIVEN
        and consent.withdrawn_at is None
        and upper is not None
        and upper <= timezone.now()
    )


def consent_page(by: Membership, consent: Consent) -> ConsentPage:
    """Gather the page for who sees the consent whole."""
    persons = persons_by_key(by, Case(pk=consent.case_id))
    case = (
        Case.objects.visible_to(by)
        .select_related("responsible_agency")
        .filter(pk=consent.case_id)
        .first()
    )
    person = persons.get(consent.person_id)
    state, tone = state_of(consent)
    is_workable = case is not None and person is not None
    return ConsentPage(
        consent=consent,
        name=person_name(person),
        case=case,
        state=state,
        tone=tone,
        facts=consent_facts(by, consent, person, terms_of(consent, by)),
        preview=preview_words(by, person, persons.values()),
        warning=_warning(by, consent, person),
        opened=_opened(by, consent),
        history=_history(by, consent),
        scans=scan_lines(by, consent),
        is_expired=is_expired(consent),
        may_change=is_workable and can(check_can_change_consent, by, consent),
        may_withdraw=(
            case is not None
            and consent.answer == enums.ConsentAnswer.GIVEN
            and can(check_can_withdraw, by, consent)
        ),
        may_attach=case is not None and can(check_can_attach_scan, by, consent),
    )


def _warning(by: Membership, consent: Consent, person: Person | None) -> str:
    """What makes this consent weaker than it looks: a death, a proxy who may do harm."""
    if consent.withdrawn_at is not None or person is None:
        return ""
    if not person.is_living:
        return _("亡くなった方の同意です。新しい機関には開きません。ケースの終結で終わります。")
    if consent.proxy_name and fold(consent.proxy_name) in suspects_of(by, person):
        return _(
            "代理人が、本人に害を与えている疑いのある人として記録されています。"
            "この同意を撤回するか、ほかの代理人に確かめてください。"
        )
    return ""


def _opened(by: Membership, consent: Consent) -> list[dict[str, str]]:
    """To whom it was open, from when until when: provable afterwards (V3). Told by the grants the
    reader sees whole: what its own agency's consent gave, the privacy officer all. Two queries."""
    if consent.taken_by_agency_id != by.agency_id and not by.may(Permission.REVIEW_ACCESS):
        return []
    grants = CaseGrant.objects.visible_to(by).filter(consent=consent).order_by("granted_at")
    rows = list(grants[:LISTED])
    names = dict(Agency.objects.filter(pk__in=[r.group_id for r in rows]).values_list("pk", "name"))
    return [
        {
            "when": format_short(row.granted_at),
            "title": names[row.group_id],
            "detail": _until_when(row),
        }
        for row in rows
    ]


def _until_when(grant: CaseGrant) -> str:
    upper, now = grant.period.upper, timezone.now()
    ended = min((at for at in (grant.revoked_at, upper) if at is not None), default=None)
    if ended is None or ended > now:
        return _("いま開いている")
    return _("%(at)sに閉じた") % {"at": format_datetime_short(ended)}


def _household_words(by: Membership, consent: Consent, person: Person | None) -> str:
    """Whether the tick opens 世帯全体 records, as far as the reader sees why not. One query."""
    if not consent.covers_household:
        return _("含まない")
    age = person.age(timezone.localdate()) if person else None
    if age is not None and age < ADULT:
        return _("含む（成人するまでは開きません）")
    refused = Consent.objects.visible_to(by).filter(
        case_id=consent.case_id, answer=enums.ConsentAnswer.REFUSED, withdrawn_at__isnull=True
    )
    if refused.exclude(person_id=consent.person_id).exists():
        return _("含む（同意しない世帯員がいるあいだは開きません）")
    return _("含む")


def consent_facts(
    by: Membership, consent: Consent, person: Person | None, terms: ConsentTerms
) -> list[Fact]:
    """Term and value, in the order of the form."""
    who = _("本人")
    if consent.method == enums.ConsentMethod.PROXY:
        who = _("代理人　%(name)s（%(power)s）") % {
            "name": consent.proxy_name,
            "power": consent.proxy_power,
        }
    taker = Membership.objects.with_names().get(pk=consent.explained_by_id)
    named = conferences(terms.conference_types, terms.exceptions) if terms.conference_types else []
    facts = [
        (_("だれについて"), person_name(person)),
        (_("答えた人"), who),
        (_("答え"), str(consent.get_answer_display())),
    ]
    if consent.answer == enums.ConsentAnswer.GIVEN:
        facts += [
            (_("伝えてよい機関"), "、".join(a.name for a in terms.agencies)),
            (_("会議の構成機関"), "\n".join(_conference(found) for found in named)),
            (_("情報の種類"), category_words(consent.categories)),
            (_("世帯全体の記録"), _household_words(by, consent, person)),
        ]
        if terms.exceptions:
            facts.append((_("知らせたくない機関"), "、".join(a.name for a in terms.exceptions)))
    facts += [
        (_("目的"), consent.purpose),
        (_("方法"), str(consent.get_method_display())),
        (_("説明した人"), f"{taker.agency_name}　{taker.user}"),
        (_("答えた日"), format_long(consent.given_on)),
        (_("いつまで"), until_words(consent.period.upper)),
    ]
    if consent.withdrawn_at is not None:
        facts.append(
            (
                _("終わった日時"),
                f"{format_datetime_short(consent.withdrawn_at)}　{consent.withdrawal_reason}",
            )
        )
    empty = {_("伝えてよい機関"), _("会議の構成機関")}
    return [{"term": term, "value": value} for term, value in facts if value or term not in empty]


def _conference(found: dict[str, str]) -> str:
    return f"{found['name']}（{found['members']}）" if found["members"] else found["name"]


def conferences(
    types: Iterable[ConferenceType], excepted: Iterable[Agency] = ()
) -> list[dict[str, str]]:
    """Each with its standing members by name, without those excepted. One query."""
    members: dict[int, list[str]] = defaultdict(list)
    rows = StandingMember.objects.filter(
        conference_type__in=list(types), agency__isnull=False, ended_on__isnull=True,
        is_by_item=False,
    ).exclude(agency__in=[a.pk for a in excepted])  # fmt: skip
    names = rows.order_by("order", "id").values_list("conference_type_id", "agency__name")
    for kind, name in names:
        members[kind].append(name)
    return [{"name": t.name, "members": "、".join(members[t.pk])} for t in types]


def category_words(categories: Iterable[str]) -> str:
    return "、".join(str(enums.Category(c).label) for c in enums.Category if c in set(categories))


def preview_words(by: Membership, person: Person | None, persons: Iterable[Person]) -> str:
    """8050: one person's consent opens nothing about another."""
    if person is None:
        return ""
    words = _("この同意で開くのは、%(name)sの記録だけです。") % {"name": person.shown_name}
    others = [p.shown_name for p in persons if p.pk != person.pk]
    if others:
        words += _("%(names)sの名前が出る記録は、その人の同意がなければ開きません。") % {
            "names": "、".join(others)
        }
    return words


def _history(by: Membership, consent: Consent) -> list[dict[str, str]]:
    """The person's answers the reader sees whole, the newest first. One query."""
    rows = Consent.objects.visible_to(by).filter(person_id=consent.person_id)
    return [
        {
            "when": format_short(row.given_on),
            "title": str(row.get_answer_display()) + (_("（この同意）") if row == consent else ""),
            "url": "" if row == consent else reverse("consent_detail", args=[row.pk]),
            "detail": _ended(row),
        }
        for row in rows.order_by("-recorded_at")[:LISTED]
    ]


def _ended(row: Consent) -> str:
    if row.withdrawn_at is None:
        return state_of(row)[0]
    return _("%(day)sに終了：%(reason)s") % {
        "day": format_short(row.withdrawn_at),
        "reason": row.withdrawal_reason,
    }


def scan_lines(by: Membership, consent: Consent) -> list[FileLine]:
    """The signed papers. One query."""
    rows = ConsentScan.objects.visible_to(by).filter(consent=consent).order_by("added_at", "name")
    return [
        FileLine(
            row.name,
            f"{FILE_KINDS.get(row.media_type, _('画像'))}　{filesizeformat(row.size)}",
            reverse("scan_download", args=[row.pk]),
        )
        for row in rows
    ]


# --- a recipient's own line ------------------------------------------------------------------


def own_grants(by: Membership) -> list[CaseGrant]:
    """What consents open to the reader's agency now. One query."""
    held = CaseGrant.objects.visible_to(by).in_force()
    mine = held.filter(group=by.agency_id, basis=enums.GrantBasis.CONSENT)
    return list(mine.order_by("-granted_at", "pk")[:LISTED])


def own_line(by: Membership, consent_id: uuid.UUID) -> CaseGrant | None:
    """The reader's own line of a consent it does not see whole."""
    held = CaseGrant.objects.visible_to(by).in_force()
    return held.filter(group=by.agency_id, consent=consent_id).first()


def own_facts(by: Membership, grant: CaseGrant) -> list[Fact]:
    """Whom it is about, what is open to this agency, until when; nobody else's line."""
    person = next(iter(_people(by, [grant.person_id]).values()), None)
    return [
        {"term": _("だれについて"), "value": person_name(person)},
        {"term": _("あなたの機関に開く情報"), "value": category_words(grant.categories)},
        {
            "term": _("世帯全体の記録"),
            "value": _("含む") if grant.covers_household else _("含まない"),
        },
        {"term": _("いつまで"), "value": until_words(grant.period.upper)},
    ]


@dataclass(frozen=True)
class ConsentRow:
    """A line of the list."""

    key: uuid.UUID
    url: str
    name: str
    state: str
    tone: str
    taker: str
    when: str


def consent_rows(by: Membership, *, ended: bool) -> list[ConsentRow]:
    """Those seen whole, the first to end first. Three queries."""
    found = Consent.objects.visible_to(by).filter(withdrawn_at__isnull=not ended)
    order = ("-withdrawn_at", "pk") if ended else ("ends_at", "-recorded_at", "pk")
    rows = list(found.prefetch_related("taken_by_agency").order_by(*order)[:LISTED])
    persons = _people(by, [row.person_id for row in rows])
    return [
        ConsentRow(
            row.pk,
            reverse("consent_detail", args=[row.pk]),
            person_name(persons.get(row.person_id)),
            *state_of(row),
            row.taken_by_agency.name,
            format_short(row.withdrawn_at) if row.withdrawn_at else until_short(row.period.upper),
        )
        for row in rows
    ]


def own_rows(by: Membership, whole: Iterable[uuid.UUID]) -> list[ConsentRow]:
    """The reader's own lines of consents it does not see whole. Three queries."""
    keys = {grant.consent_id: grant for grant in own_grants(by) if grant.consent_id}
    seen = set(whole)
    seen |= set(
        Consent.objects.visible_to(by).filter(Q(pk__in=list(keys))).values_list("pk", flat=True)
    )
    rows = [grant for key, grant in keys.items() if key not in seen]
    persons = _people(by, [row.person_id for row in rows])
    return [
        ConsentRow(
            row.consent_id or uuid.UUID(int=0),
            reverse("consent_detail", args=[row.consent_id]),
            person_name(persons.get(row.person_id) if row.person_id else None),
            _("あなたの機関に同意"),
            "ok",
            "",
            until_short(row.period.upper),
        )
        for row in rows
    ]


def _people(by: Membership, keys: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, Person]:
    return Person.objects.visible_to(by).in_bulk([key for key in keys if key])
