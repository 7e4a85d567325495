"""What was changed: versions of a row (V13), each as what stood before and what stands now.

The versions come through the gate of the history table; here they are only compared and put into
words. Rooms above name their own fields.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.eras import format_datetime, format_long

NOTE = {
    "happened_at": gettext_lazy("日時"),
    "method": gettext_lazy("方法"),
    "with_whom": gettext_lazy("相手"),
    "result": gettext_lazy("会えたか"),
    "minutes": gettext_lazy("かかった時間（分）"),
    "place": gettext_lazy("場所"),
    "text": gettext_lazy("内容"),
    "next_step": gettext_lazy("次にすること"),
}
ASSESSMENT = {
    "situation": gettext_lazy("状況"),
    "strengths": gettext_lazy("強み"),
    "answers": gettext_lazy("項目への答え"),
    "assessed_on": gettext_lazy("確かめた日"),
}
TIE = {
    "nature": gettext_lazy("間がら"),
    "name": gettext_lazy("名前"),
    "resource": gettext_lazy("種類"),
    "quality": gettext_lazy("関係のようす"),
    "flow": gettext_lazy("向き"),
    "ended_on": gettext_lazy("終わった日"),
}
CAUTION = {
    "kind": gettext_lazy("種類"),
    "text": gettext_lazy("内容"),
    "noted_on": gettext_lazy("分かった日"),
    "ended_on": gettext_lazy("終わった日"),
    "end_reason": gettext_lazy("終わった理由"),
}
RISK = {
    "assessed_on": gettext_lazy("確かめた日"),
    "answers": gettext_lazy("答え"),
    "text": gettext_lazy("見立て"),
    "strengths": gettext_lazy("強み・よい点"),
    "computed_level": gettext_lazy("シートの規則による段階"),
    "decided_level": gettext_lazy("判断"),
    "decided_on": gettext_lazy("判断した日"),
    "deciders": gettext_lazy("加わった人"),
    "override_reason": gettext_lazy("変えた理由"),
}
# What goes on without a correction: its reason belongs to another version.
NO_CORRECTION = {
    "ended_on", "end_reason", "decided_level", "decided_on", "deciders", "override_reason",
}  # fmt: skip
PERSON = {
    "name": gettext_lazy("氏名"),
    "name_kana": gettext_lazy("ふりがな"),
    "birth_on": gettext_lazy("生年月日"),
    "birth_year": gettext_lazy("生まれた年"),
    "is_age_estimated": gettext_lazy("年齢はおよそ"),
    "is_decade": gettext_lazy("年代だけ分かる"),
    "sex": gettext_lazy("性別"),
    "relation": gettext_lazy("続柄"),
    "is_cohabiting": gettext_lazy("同居"),
    "is_deceased": gettext_lazy("死亡"),
    "died_on": gettext_lazy("死亡した日"),
}
CONTACT = {
    "phone": gettext_lazy("電話"),
    "address": gettext_lazy("住所"),
    "school": gettext_lazy("学校"),
    "workplace": gettext_lazy("勤務先"),
    "whereabouts": gettext_lazy("ほかに居所が分かること"),
    "resident_ref": gettext_lazy("宛名番号"),
}


@dataclass(frozen=True)
class Change:
    """A field: what stood before, what stands now."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Version:
    """One saving: when, by whom, what it changed; `is_first` has nothing before it."""

    when: str
    by: str
    changes: list[Change]
    is_first: bool
    at: datetime.datetime
    reason: str = ""


def versions_of(
    rows: Iterable[Any], labels: Mapping[str, Any], words: Callable[[Any, str], str] | None = None
) -> list[Version]:
    """The newest first. A saving that changed none of the named fields is left out. `words`: how a
    field is put into words, where not as it stands."""
    told = words or value_words
    found: list[Version] = []
    before = None
    for row in sorted(rows, key=lambda row: row.history_id):
        changed = {
            name: label
            for name, label in labels.items()
            if before is None or getattr(before, name) != getattr(row, name)
        }
        changes = [
            Change(str(label), told(before, name) if before else "", told(row, name))
            for name, label in changed.items()
        ]
        if before is None:
            changes = [change for change in changes if change.after]
        if changes or before is None:
            who = str(row.history_user) if row.history_user else ""
            is_correction = before is not None and not changed.keys() <= NO_CORRECTION
            found.append(
                Version(
                    format_datetime(row.history_date),
                    who,
                    changes,
                    before is None,
                    row.history_date,
                    getattr(row, "correction_reason", "") if is_correction else "",
                )
            )
        before = row
    return found[::-1]


def value_words(row: Any, name: str) -> str:
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    if isinstance(value, bool):
        return _("はい") if value else _("いいえ")
    if isinstance(value, datetime.datetime):
        return format_datetime(value)
    if isinstance(value, datetime.date):
        return format_long(value)
    return "" if value is None else str(value)
