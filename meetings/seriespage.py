"""What pages say of the rule by which a body sits."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.enums import RhythmKind
from agencies.models import ConferenceType, Municipality
from agencies.opendays import open_days
from config.lib.eras import format_long, format_short, today
from config.lib.rhythm import OpenDays
from config.lib.wording import label_of
from meetings import enums
from meetings.calendar import deadlines_of, rhythm_of
from meetings.models import Series, Sitting
from meetings.operations import Rhythm
from meetings.pages import short_day
from meetings.rules import rule_words


def series_row(
    group: Sequence[ConferenceType], known: Iterable[Series], *, may_set: bool
) -> dict[str, Any]:
    """The rule by which these bodies sit today, who said it (their office, or the city's profile),
    and the one that follows it. known: the series that have not ended."""
    ours = [one for one in known if one.conference_type_id in {body.pk for body in group}]
    now = next((one for one in ours if one.since <= today()), None)
    ahead = next((one for one in ours if one.since > today()), None)
    printed = next(filter(None, map(rhythm_of, group)), None)
    rule = now.rule if now else printed.rule if printed else ""
    kinds = {label_of(RhythmKind, body.rhythm_kind) for body in group if body.rhythm_kind}
    source = _("%(day)sから") % {"day": format_short(now.since)} if now else _("市の設定")
    return {
        "key": group[0].pk,
        "name": "・".join(body.name for body in group),
        "rule": rule_words(rule) if rule else "・".join(sorted(kinds)) or _("定めなし"),
        "source": source if rule else "",
        "facts": series_facts(now)[2:] if now else [],
        "ahead": series_facts(ahead) if ahead else [],
        "may_set": may_set,
    }


DAYS_BEFORE = (
    ("call_days", gettext_lazy("議題の募集")),
    ("agenda_days", gettext_lazy("議題の締切")),
    ("notice_days", gettext_lazy("開催通知")),
    ("pack_days", gettext_lazy("資料の配付")),
)


def series_facts(series: Series | Rhythm) -> list[dict[str, str]]:
    """A rule and all that goes with it, what is not said left out."""
    hours = f"{series.starts_at:%H:%M}" if series.starts_at else ""
    hours += f"–{series.ends_at:%H:%M}" if series.starts_at and series.ends_at else ""
    facts = [
        (_("決まり"), rule_words(series.rule)),
        (_("いつから"), format_long(series.since)),
        (_("閉庁日に当たるとき"), label_of(enums.OnDayOff, series.on_day_off)),
        (_("時刻"), hours),
        (_("場所"), series.place),
    ]
    for name, label in DAYS_BEFORE:
        if (days := getattr(series, name)) is not None:
            facts.append((str(label), _("開庁日で%(n)s日前") % {"n": days}))
    return [{"term": term, "value": value} for term, value in facts if value]


def days_before(sitting: Sitting, office: OpenDays) -> Iterator[tuple[str, str, datetime.date]]:
    """The days before this sitting that its series names (name, in words, day), in the order of
    their days. No query: needs `series` fetched along."""
    labels = {name.removesuffix("_days"): label for name, label in DAYS_BEFORE}
    for name, day in deadlines_of(sitting, office).named():
        if name in labels:
            yield name, str(labels[name]), day


def deadline_rows(sitting: Sitting, city: Municipality) -> list[dict[str, Any]]:
    """The same ready to print; what waits for a day that has passed is marked as late."""
    over = sitting.state not in (enums.SittingState.UNDATED, enums.SittingState.PLANNED)
    return [
        {
            "when": short_day(day),
            "what": label,
            "late": day < today() and name in ("agenda", "notice") and not over,
        }
        for name, label, day in days_before(sitting, open_days(city))
    ]
