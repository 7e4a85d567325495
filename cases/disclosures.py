"""開示の記録 in words: which article binds a provider, the rows of the register, the case's button.

個人情報保護法 knows two kinds of provider: the city's own offices (69条) and the bodies it entrusts
(27条). Which one an agency is, its profile says; the articles are dated data.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Min, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import OperationForm, Permission, Sector
from agencies.models import Agency, LegalBasis, Membership
from agencies.permissions import ActionDenied
from cases import enums
from cases.models import Case, Disclosure
from cases.permissions import can, check_can_disclose
from cases.shields import closed_cases
from config.lib.eras import format_short
from config.lib.fiscal import fiscal_range, fiscal_year, label
from config.lib.registry import Link, registry

KIND = enums.DisclosureKind
# What an entry of the database was for; by hand it is written.
PURPOSES = {
    KIND.NOTIFICATION: gettext_lazy("法令が定める通告・通報をするため"),
    KIND.SHEET: gettext_lazy("支援会議で支援を検討するため"),
    KIND.LETTER: gettext_lazy("支援会議で支援を検討するため"),
    KIND.MOVE_OUT: gettext_lazy("転出先の市区町村が支援を続けるため"),
}
ENTRUSTED = (
    OperationForm.OUTSOURCED,
    OperationForm.DESIGNATED,
    OperationForm.SUBSIDISED,
    OperationForm.GROUP_SUBSIDISED,
    OperationForm.RESIDENT_LED,
)
CITY: Final = {
    KIND.PROVIDED: ("city-law", "city-consent", "city-office", "city-special"),
    KIND.USED: ("city-law", "city-consent", "city-within", "city-special"),
}
BODY: Final = {
    KIND.PROVIDED: ("body-law", "body-consent", "body-life", "body-health", "body-office"),
    KIND.USED: (
        "body-use-law",
        "body-use-consent",
        "body-use-life",
        "body-use-health",
        "body-use-office",
    ),
}
EMERGENCY: Final = ("city-special", "city-law", "body-life", "body-law")


def is_city_office(agency: Agency) -> bool | None:
    """The city's own office, an entrusted body, or (None) not said by the profile.
    `kasane.is_city_office` asks the same."""
    form = agency.form or (agency.of_type.form if agency.of_type else "")
    if Sector.CITY in agency.sectors or form == OperationForm.DIRECT:
        return True
    return False if form in ENTRUSTED else None


def codes_for(agency: Agency, kind: str) -> tuple[str, ...]:
    """The grounds that fit this provider; both chapters where the profile does not say."""
    is_city = is_city_office(agency)
    city = CITY[KIND(kind)] if is_city is not False else ()
    body = BODY[KIND(kind)] if is_city is not True else ()
    return city + body


def grounds_for(agency: Agency, kind: str, on: datetime.date) -> list[LegalBasis]:
    """The articles that fit the provider, as in force on the day, in the order of the act."""
    codes = codes_for(agency, kind)
    found = LegalBasis.objects.filter(code__in=codes, effective_from__lte=on)
    standing = [g for g in found if g.effective_to is None or g.effective_to >= on]
    return sorted(standing, key=lambda g: codes.index(g.code))


def emergency_grounds(agency: Agency, on: datetime.date) -> list[LegalBasis]:
    """Those of them on which a household is opened in an emergency (V8): a statute, or life, body
    and property."""
    return [g for g in grounds_for(agency, KIND.PROVIDED, on) if g.code in EMERGENCY]


def ground_words(ground: LegalBasis) -> str:
    """「個人情報の保護に関する法律第69条第1項」."""
    return f"{ground.act}{ground.article}"


def provider_words(agency: Agency) -> str:
    """Whose articles are offered, in a sentence."""
    words = {
        True: _("%(agency)sは市の部署です。市の部署に当てはまる根拠から選びます。"),
        False: _("%(agency)sは市の委託先などです。委託先などに当てはまる根拠から選びます。"),
        None: _(
            "%(agency)sが市の部署か委託先かが、市の設定にありません。当てはまる方の根拠を選んでください。"
        ),
    }
    return words[is_city_office(agency)] % {"agency": agency.name}


# --- the register ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A line of the register. A letter under 106条の6 names nobody (V6)."""

    key: uuid.UUID
    day: str
    agency: str
    kind: str
    recipient: str
    ground: str
    label: str
    statute: str
    purpose: str
    categories: str
    persons: str


def of_year(by: Membership, year: int) -> QuerySet[Disclosure]:
    """The entries of a 年度 in the reader's view."""
    first, last = fiscal_range(year)
    found: QuerySet[Disclosure] = Disclosure.objects.visible_to(by).filter(on__range=(first, last))
    return found


def register_rows(by: Membership, year: int) -> list[Row]:
    """The register of a 年度, newest first. Two queries."""
    found = of_year(by, year).select_related("agency", "ground")
    closed = closed_cases()
    return [
        _row(entry, is_kept=entry.case_id in closed and entry.recorded_by_id != by.pk)
        for entry in found.order_by("-on", "-recorded_at", "pk")
    ]


def _row(entry: Disclosure, *, is_kept: bool) -> Row:
    """Beneath a shield the written words stay with its list and their writer (V9)."""
    kept = _("支援措置のため、名簿の人だけ")
    words = {c.value: str(c.label) for c in enums.Category}
    return Row(
        key=entry.pk,
        day=format_short(entry.on),
        agency=entry.agency.name,
        kind=str(entry.get_kind_display()),
        recipient=kept
        if is_kept and entry.recipient
        else entry.recipient or ("－" if entry.kind == KIND.USED else _("記載しない（守秘）")),
        ground=ground_words(entry.ground)
        if entry.ground
        else _("機関の運営形態が市の設定にないため、条文は決められません"),
        label=entry.ground.label if entry.ground else _unsaid(entry),
        statute=kept if is_kept and entry.statute else entry.statute,
        purpose=kept
        if is_kept and entry.purpose
        else entry.purpose or str(PURPOSES[KIND(entry.kind)]),
        categories="、".join(words.get(c, c) for c in entry.categories),
        persons=_("%(n)s人") % {"n": entry.person_count} if entry.person_count else "－",
    )


def _unsaid(entry: Disclosure) -> str:
    """The ground in words, where the profile does not say by which chapter's article."""
    return _("本人の同意") if entry.kind == KIND.MOVE_OUT else _("法令に基づく場合")


def years(by: Membership, chosen: int) -> list[dict[str, object]]:
    """Tabs: the years of the register, this one first. One query."""
    this = fiscal_year(timezone.localdate())
    first = Disclosure.objects.visible_to(by).aggregate(first=Min("on"))["first"]
    oldest = min(fiscal_year(first) if first else this, chosen)
    return [
        {"label": label(year), "url": f"?year={year}", "current": year == chosen}
        for year in range(max(this, chosen), oldest - 1, -1)
    ]


def check_may_read_register(by: Membership) -> None:
    """Who reads cases: their agency's entries; the privacy officer: the city's."""
    if not (by.may(Permission.READ_CASES) or by.may(Permission.REVIEW_ACCESS)):
        raise ActionDenied(
            _("「%(role)s」の役割では、開示の記録を見ることはできません。") % {"role": by.role_name}
        )


def actions(membership: Membership, case: Case) -> Iterable[Link]:
    """On the case page; the responsible agency finds it among このケースの扱い. One query."""
    if membership.agency_id != case.responsible_agency_id and can(
        check_can_disclose, membership, case
    ):
        url = reverse("disclosure_new", args=[case.pk])
        return [Link(_("外部への提供を記録する"), url)]
    return []


registry.add("case_actions", actions, queries=1, order=90)
