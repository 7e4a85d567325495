"""A referral sheet (つなぐシート) in words: what leaves with it, and the rows of the list (V4).

Until it accepts, the receiver sees the sheet alone; so names stand in the sheet's text as the
sender composed it, never read from the case.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agencies.models import IntakeCriterion, Membership
from cases import enums
from cases.ages import age_words
from cases.models import Person, Referral
from cases.titles import titles_for
from config.lib.eras import format_datetime, format_long, format_short
from config.lib.fiscal import instant_to_until_day
from config.lib.wording import label_of

SHOWN = 50
STATES = enums.ReferralState
TONES = {STATES.SENT: "warn", STATES.ACCEPTED: "ok", STATES.RETURNED: "bad", STATES.CLOSED: ""}


@dataclass(frozen=True)
class Sheet:
    """What stands on the paper, ready to print."""

    to: str
    sender: str
    reason: str
    summary: str
    criteria: Sequence[str]
    legal_ground: str
    mode: str
    sent: str = ""
    state: str = ""
    tone: str = ""
    until: str = ""
    answer: str = ""
    answer_reason: str = ""
    seen: str = ""
    result: str = ""
    result_by: str = ""
    case_url: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    key: uuid.UUID
    when: str
    what: str
    sub: str
    url: str
    state: str
    tone: str


def composed(persons: Sequence[Person], text: str) -> str:
    """The text that leaves: the persons named, then what the sender wrote. No address, no phone."""
    lines = [_("【対象の方】"), *(_of(person) for person in persons), "", _("【伝える内容】"), text]
    return "\n".join(lines)


def _of(person: Person) -> str:
    parts = [person.shown_kana, str(person.get_relation_display()) if person.relation else ""]
    if person.birth_on:
        parts.append(_("%(day)s生") % {"day": format_long(person.birth_on)})
    elif age := age_words(person):
        parts.append(age)
    known = "、".join(part for part in parts if part)
    return f"{person.shown_name}（{known}）" if known else person.shown_name


def addressee_of(referral: Referral) -> str:
    """The agency, or the secretariat of a conference type."""
    if referral.to_agency is not None:
        return referral.to_agency.name
    assert referral.to_conference_type is not None  # noqa: S101 - a constraint says so
    return _("%(name)s 事務局") % {"name": referral.to_conference_type.name}


def _last_day(referral: Referral) -> str:
    """ "Until" includes that day, as in the consent it rests on."""
    until = referral.open_until
    return format_long(instant_to_until_day(until)) if until else ""


def _seen(referral: Referral) -> str:
    """Whether the other side has it: told to who sent it."""
    if referral.seen_at is None:
        return _("まだ開かれていません")
    return _("%(when)s　相手が開きました") % {"when": format_datetime(referral.seen_at)}


def _said(at: datetime.datetime | None, by: Membership | None) -> str:
    if at is None or by is None or by.agency is None:
        return ""
    return _("%(when)s　%(agency)s") % {"when": format_datetime(at), "agency": by.agency.name}


def sheet_of(referral: Referral, membership: Membership) -> Sheet:
    """The sheet with its state, for either side. One query for the criteria's words."""
    texts = dict(
        IntakeCriterion.objects.filter(
            municipality=referral.from_agency.municipality_id, code__in=referral.criteria
        ).values_list("code", "text")
    )
    is_sender = referral.from_agency_id == membership.agency_id
    opens_case = is_sender or (
        referral.mode == enums.ReferralMode.CONSENT and referral.state == STATES.ACCEPTED
    )
    return Sheet(
        to=addressee_of(referral),
        sender=referral.from_agency.name,
        reason=referral.reason,
        summary=referral.summary,
        criteria=[texts.get(c, c) for c in referral.criteria],
        legal_ground=referral.legal_ground,
        mode=str(referral.get_mode_display()),
        sent=_("%(when)s　%(who)s")
        % {
            "when": format_datetime(referral.sent_at),
            "who": referral.sent_by.user,
        },
        state=str(referral.get_state_display()),
        tone=TONES[STATES(referral.state)],
        until=_last_day(referral),
        answer=_said(referral.answered_at, referral.answered_by),
        answer_reason=referral.answer_reason,
        seen=_seen(referral) if is_sender else "",
        result=referral.result,
        result_by=_said(referral.resulted_at, referral.resulted_by),
        case_url=reverse("case_detail", args=[referral.case_id]) if opens_case else "",
    )


def _rows(found: QuerySet[Referral]) -> list[Referral]:
    names = ("from_agency", "to_agency", "to_conference_type")
    return list(found.select_related(*names).order_by("-sent_at", "-id")[:SHOWN])


def received_rows(membership: Membership) -> list[Row]:
    """Sheets to my agency or to a secretariat I am on, waiting first. One query."""
    found = Referral.objects.visible_to(membership).for_receiver(membership)
    rows = sorted(_rows(found), key=lambda r: r.state != STATES.SENT)
    return [
        Row(
            r.pk,
            format_short(r.sent_at),
            _("%(agency)sから") % {"agency": r.from_agency.name},
            f"{label_of(enums.ReferralMode, r.mode)}　{r.reason.splitlines()[0][:60]}",
            reverse("referral_detail", args=[r.pk]),
            label_of(STATES, r.state),
            TONES[STATES(r.state)],
        )
        for r in rows
    ]


def _state_words(referral: Referral) -> str:
    """For the sender: whether it has been opened, answered, and whether a result came back."""
    words = label_of(STATES, referral.state)
    if referral.result:
        return _("%(state)s・結果あり") % {"state": words}
    if referral.state == STATES.SENT and referral.seen_at:
        return _("%(state)s・開封済み") % {"state": words}
    return words


def sent_rows(membership: Membership) -> list[Row]:
    """Sheets my agency sent, with what became of them. Two queries."""
    found = Referral.objects.visible_to(membership).filter(from_agency=membership.agency_id)
    rows = _rows(found)
    titles = titles_for(membership, [r.case_id for r in rows])
    return [
        Row(
            r.pk,
            format_short(r.sent_at),
            f"{titles[r.case_id]} → {addressee_of(r)}",
            f"{label_of(enums.ReferralMode, r.mode)}　{r.reason.splitlines()[0][:60]}",
            reverse("referral_detail", args=[r.pk]),
            _state_words(r),
            TONES[STATES(r.state)],
        )
        for r in rows
    ]
