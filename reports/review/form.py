"""What the privacy officer may look for. Nothing in it widens what is seen: the city's lines."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agencies.enums import Action
from agencies.models import Agency, Membership
from config.lib.fiscal import from_day_to_instant
from config.lib.forms import ChoiceCards, EraDateField, KasaneForm, SafeLine
from reports.review.disclosure import Group

ANY = ("", _("すべて"))


def case_of(number: str) -> uuid.UUID:
    """A number of this city's cases; asked of a function that tells nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("select kasane.review_case(%s)", [number])
        (found,) = cursor.fetchone()
    if found is None:
        raise forms.ValidationError(_("この番号のケースは、この市にはありません。"))
    key: uuid.UUID = found
    return key


class ReviewForm(KasaneForm):
    """Period, agency, membership, case number, action, refused only."""

    since = EraDateField(label=_("この日から"), required=False)
    until = EraDateField(label=_("この日まで"), required=False)
    agency = forms.TypedChoiceField(label=_("機関"), required=False, coerce=int, empty_value=None)
    who = forms.TypedChoiceField(
        label=_("だれが"), required=False, coerce=uuid.UUID, empty_value=None
    )
    case = SafeLine(label=_("ケース番号"), required=False, limit=12, declared_by=None)
    action = forms.ChoiceField(label=_("したこと"), required=False, choices=[ANY, *Action.choices])
    refused = forms.BooleanField(label=_("拒否されたものだけ"), required=False)

    def __init__(self, *args: Any, by: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        city = by.municipality.pk
        agencies = Agency.objects.filter(municipality_id=city, is_type=False).order_by("name")
        members = (
            Membership.objects.filter(agency__municipality_id=city)
            .with_names()
            .order_by("agency__name", "user__display_name")
        )
        self.offer("agency", [ANY, *agencies.values_list("pk", "name")])
        self.offer("who", [ANY, *((str(m.pk), f"{m.agency_name}　{m.user}") for m in members)])
        self.case_id: uuid.UUID | None = None

    def clean_case(self) -> str:
        number: str = self.cleaned_data["case"].upper()
        self.case_id = case_of(number) if number else None
        return number

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("「この日まで」は「この日から」よりあとの日にしてください。"))
        return data

    @property
    def scope(self) -> Q:
        """The lines asked for, of a valid form."""
        data, scope = self.cleaned_data, Q()
        if data["since"]:
            scope &= Q(at__gte=from_day_to_instant(data["since"]))
        if data["until"]:
            scope &= Q(at__lt=from_day_to_instant(data["until"] + datetime.timedelta(days=1)))
        if data["agency"]:
            scope &= Q(agency_id=data["agency"])
        if data["who"]:
            scope &= Q(membership_id=data["who"])
        if self.case_id:
            scope &= Q(case_id=self.case_id)
        if data["action"]:
            scope &= Q(action=data["action"])
        if data["refused"]:
            scope &= Q(was_allowed=False)
        return scope


class FindForm(KasaneForm):
    """The case of a person who asks who looked."""

    case = SafeLine(label=_("ケース番号"), limit=12, declared_by=None)
    case_id: uuid.UUID

    def clean_case(self) -> str:
        number: str = self.cleaned_data["case"].upper()
        self.case_id = case_of(number)
        return number


class WhyForm(FindForm):
    """A case by its number, and the agency asked about."""

    agency = forms.TypedChoiceField(
        label=_("どの機関から見たときですか"), required=False, coerce=int, empty_value=None
    )

    def __init__(self, *args: Any, by: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        city = Agency.objects.filter(municipality_id=by.municipality.pk, is_type=False)
        rows = city.order_by("order", "pk").values_list("pk", "name")
        self.offer("agency", [("", _("すべての機関")), *rows])


class DecideForm(KasaneForm):
    """Whether looks of one kind reach the person's paper."""

    about = forms.ChoiceField(
        label=_("閲覧の種類"), widget=ChoiceCards(attrs={"class": "choices-stack"})
    )
    answer = forms.ChoiceField(
        label=_("決定"),
        choices=[("yes", _("開示する")), ("no", _("開示しない"))],
        widget=ChoiceCards,
    )
    reason = SafeLine(
        label=_("決定の理由"),
        limit=300,
        help_text=_("だれに確かめ、どの条文によるか。人の名は書かないでください。"),
    )

    def __init__(self, *args: Any, groups: Sequence[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = {f"{group.source}:{group.agency_id or ''}": group for group in groups}
        self.offer("about", [(key, group.title) for key, group in self.groups.items()])

    @property
    def group(self) -> Group:
        """The looks decided about, of a valid form."""
        return self.groups[self.cleaned_data["about"]]
