"""What a person said, and whether it is a consent: who may give it, to whom, for what (V3)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Agency, ConferenceType, Membership
from agencies.permissions import ActionDenied
from cases import enums
from cases.models import Issue, Person
from cases.permissions import CannotConsent
from config.lib.kana import fold

ADULT = 18  # whose household tick counts (V3)

# Being family is no power of representation (V3).
FAMILY = frozenset(
    {
        *("家族", "親族", "親戚", "身内", "父", "母", "父親", "母親", "夫", "妻", "配偶者", "子"),
        *("息子", "娘", "長男", "長女", "次男", "次女", "兄", "姉", "弟", "妹", "兄弟", "姉妹"),
        *("祖父", "祖母", "孫"),
    }
)


@dataclass(frozen=True)
class ConsentTerms:
    """What was said: to whom, for what, how, until when (dates in Asia/Tokyo)."""

    answer: str
    given_on: datetime.date
    until: datetime.date | None = None
    categories: list[str] = field(default_factory=list)
    covers_household: bool = False
    purpose: str = ""
    method: str = ""
    proxy_name: str = ""
    proxy_power: str = ""
    agencies: list[Agency] = field(default_factory=list)
    conference_types: list[ConferenceType] = field(default_factory=list)
    exceptions: list[Agency] = field(default_factory=list)
    explained_by: Membership | None = None  # None = who records it


@dataclass(frozen=True)
class How:
    """How an answer was given: what a renewal asks anew."""

    given_on: datetime.date
    until: datetime.date | None
    method: str
    proxy_name: str = ""
    proxy_power: str = ""


def is_running(row: Agency | ConferenceType) -> bool:
    """Whether an agency or a conference type is at work today."""
    return row.ended_on is None or row.ended_on >= timezone.localdate()


def needs_proxy(person: Person, by: Membership, on: datetime.date) -> bool:
    """Under the city's age a person with parental authority consents (V3), where age is known."""
    age = person.age(on)
    return age is not None and age < by.municipality.consent_age


def check_terms(person: Person, by: Membership, terms: ConsentTerms) -> None:
    """A consent names addressees and categories; a proxy states their power; a child has one."""
    if terms.explained_by is not None and terms.explained_by.agency_id != by.agency_id:
        raise ActionDenied(_("説明した人は、あなたの機関の人から選んでください。"))
    if terms.method == enums.ConsentMethod.PROXY:
        check_proxy(person, by, terms)
    if terms.answer != enums.ConsentAnswer.GIVEN:
        return
    if not person.name:
        raise CannotConsent(
            _(
                "お名前の分からない方からは、同意を得られません。お名前が分かってから記録するか、"
                "支援会議（106条の6）の事務局につなぎます。"
            )
        )
    if not (terms.agencies or terms.conference_types):
        raise ActionDenied(_("同意の相手となる機関か会議を選んでください。"))
    named: list[Agency | ConferenceType] = [*terms.agencies, *terms.conference_types]
    if any(row.municipality_id != by.municipality.pk for row in (*named, *terms.exceptions)):
        raise ActionDenied(_("同意の相手は、この市の機関と会議から選んでください。"))
    ended = [row.name for row in named if not is_running(row)]
    if ended:
        raise ActionDenied(
            _("%(names)sは活動を終えているため、同意の相手にできません。")
            % {"names": "・".join(ended)}
        )
    if not terms.categories:
        raise ActionDenied(_("伝えてよい情報の種類を1つ以上選んでください。"))
    check_age(person, by, terms)


def check_age(person: Person, by: Membership, terms: How | ConsentTerms) -> None:
    """A child's consent comes from who has parental authority."""
    if needs_proxy(person, by, terms.given_on) and terms.method != enums.ConsentMethod.PROXY:
        raise ActionDenied(
            _("%(age)s歳未満の方の同意は、親権を持つ人から代理人として得てください。")
            % {"age": by.municipality.consent_age}
        )


def check_proxy(person: Person, by: Membership, terms: How | ConsentTerms) -> None:
    """A proxy states their power; kinship is none; who is suspected of harm cannot be one."""
    if not (terms.proxy_name and terms.proxy_power):
        raise ActionDenied(_("代理人の氏名と、代理権の根拠を入れてください。"))
    if terms.proxy_power.strip() in FAMILY:
        raise ActionDenied(
            _(
                "家族というだけでは代理できません。代理権の根拠（親権者、成年後見人など）を入れてください。"
            )
        )
    age = person.age(terms.given_on)
    if "親権" in terms.proxy_power and age is not None and age >= by.municipality.consent_age:
        raise ActionDenied(
            _("%(age)s歳以上の方は、親権者ではなく本人が同意します。")
            % {"age": by.municipality.consent_age}
        )
    if fold(terms.proxy_name) in suspects_of(by, person):
        raise ActionDenied(
            _(
                "この人は、本人に害を与えている疑いのある人として記録されているため、代理人になれません。"
            )
        )


def suspects_of(by: Membership, person: Person) -> set[str]:
    """Names recorded, where `by` may read it, of who is suspected of harming the person. What one
    may not see stops nothing here, or the refusal would tell it (V15)."""
    names = (
        Issue.objects.visible_to(by)
        .filter(record__person_ids__contains=[person.pk], solved_on__isnull=True)
        .exclude(suspected_name="")
        .values_list("suspected_name", flat=True)
    )
    return {fold(name) for name in names}
