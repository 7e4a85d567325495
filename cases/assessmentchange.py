"""What changed in the assessment between two days: in words, side by side, and as a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from cases import enums
from cases.assessments import FIELDS, Spot, Spots
from cases.questions import Question, Tally, answer_words, asked_in, tally

COUNTED = (enums.QuestionKind.PROBLEM, enums.QuestionKind.BACKGROUND)


@dataclass(frozen=True)
class ChangedLine:
    """A question on both days. `change`: in words what became of it; empty = the same."""

    text: str
    before: str
    after: str
    change: str


@dataclass(frozen=True)
class ComparedField:
    """One field of one person on both days: what changed, and how many things did not."""

    name: str
    label: str
    changed: list[ChangedLine]
    texts: list[ChangedLine]
    same: int


@dataclass
class Bar:
    """Problems and background of one field, all persons together, on both days."""

    label: str
    before: Tally = field(default_factory=Tally)
    after: Tally = field(default_factory=Tally)

    @property
    def words(self) -> str:
        """「はい 3→2（1へった）」"""
        step = self.after.yes - self.before.yes
        told = (
            _("変わらない")
            if step == 0
            else _("%(n)sふえた") % {"n": step}
            if step > 0
            else _("%(n)sへった") % {"n": -step}
        )
        return _("はい %(a)s→%(b)s（%(told)s）") % {
            "a": self.before.yes,
            "b": self.after.yes,
            "told": told,
        }


def compared(
    people: Sequence[tuple[str, str]], before: Spots, after: Spots, known: Mapping[str, Question]
) -> list[ComparedField]:
    """Per person and field what changed, in words. No query."""
    found = []
    for who, name in people:
        for category in FIELDS:
            was, now = before.get((who, category)), after.get((who, category))
            if now is None and was is None:
                continue
            lines, texts = _changes(known, category, was, now), _texts(was, now)
            found.append(
                ComparedField(
                    name,
                    str(category.label),
                    [line for line in lines if line.change],
                    [line for line in texts if line.change],
                    sum(1 for line in [*lines, *texts] if not line.change),
                )
            )
    return found


def _changes(
    known: Mapping[str, Question], category: str, was: Spot | None, now: Spot | None
) -> list[ChangedLine]:
    old, new = (was.answers if was else {}), (now.answers if now else {})
    return [
        ChangedLine(
            question.text,
            _told(question, old.get(question.code)),
            _told(question, new.get(question.code)),
            _change(question, old.get(question.code), new.get(question.code)),
        )
        for question in asked_in(known, category, {*old, *new})
        if question.code in old or question.code in new
    ]


def _told(question: Question, given: Mapping[str, str] | None) -> str:
    return answer_words(question, given) if given else _("未回答")


def _change(
    question: Question, old: Mapping[str, str] | None, new: Mapping[str, str] | None
) -> str:
    if old == new:
        return ""
    if not old:
        return _("新しく答えた")
    if not new:
        return _("今回は答えていない")
    if old["answer"] != new["answer"] and not question.is_fact:
        return _("%(a)sから%(b)sに") % {
            "a": enums.Answer(old["answer"]).label,
            "b": enums.Answer(new["answer"]).label,
        }
    return _("ことばが変わった")


def _texts(was: Spot | None, now: Spot | None) -> list[ChangedLine]:
    found = []
    for name, label in (("situation", _("状況")), ("strengths", _("強み"))):
        old = getattr(was.written, name) if was else ""
        new = getattr(now.written, name) if now else ""
        if old or new:
            change = "" if old == new else _("書きかえた") if old and new else _("新しく書いた")
            found.append(ChangedLine(str(label), old, new, change))
    return found


def bars(before: Spots, after: Spots, known: Mapping[str, Question]) -> list[Bar]:
    """Per field the answers about problems and background on both days. No query."""
    found = []
    for category in FIELDS:
        asked = [q for q in asked_in(known, category) if q.kind in COUNTED]
        was, now = _summed(before, category, asked), _summed(after, category, asked)
        if was != Tally() or now != Tally():
            found.append(Bar(str(category.label), was, now))
    return found


def _summed(spots: Spots, category: str, asked: Sequence[Question]) -> Tally:
    totals: dict[str, int] = defaultdict(int)
    for (_who, where), spot in spots.items():
        if where == category and spot.answers:
            one = tally(asked, spot.answers)
            for name in ("yes", "no", "unknown", "unanswered"):
                totals[name] += getattr(one, name)
    return Tally(**totals)


# The picture: two bars a field.

LEFT, WIDTH, ROW = 112, 560, 52


@dataclass(frozen=True)
class Segment:
    kind: str
    x: int
    y: int
    width: int
    text_x: int
    text_y: int
    count: int


@dataclass(frozen=True)
class Picture:
    """Numbers for an SVG: bars as segments in はい, 不明, いいえ, 未回答 order."""

    width: int
    height: int
    labels: list[tuple[str, int]]
    segments: list[Segment]
    marks: list[tuple[str, int, int]]


def picture(rows: Sequence[Bar]) -> Picture:
    """The bars of `rows`, in one scale."""
    longest = max((_length(t) for row in rows for t in (row.before, row.after)), default=0) or 1
    unit = WIDTH / longest
    segments: list[Segment] = []
    marks: list[tuple[str, int, int]] = []
    for number, row in enumerate(rows):
        top = 8 + number * ROW
        for word, one, y in ((_("前"), row.before, top), (_("後"), row.after, top + 22)):
            marks.append((word, LEFT - 10, y + 13))
            x = float(LEFT)
            for kind in ("yes", "unknown", "no", "unanswered"):
                count = getattr(one, kind)
                if count:
                    width = count * unit
                    segments.append(
                        Segment(
                            kind,
                            round(x),
                            y,
                            max(round(width) - 1, 1),
                            round(x + width / 2),
                            y + 13,
                            count,
                        )
                    )
                    x += width
    labels = [(row.label, 8 + number * ROW + 24) for number, row in enumerate(rows)]
    return Picture(LEFT + WIDTH + 8, 8 + len(rows) * ROW, labels, segments, marks)


def _length(one: Tally) -> int:
    return one.yes + one.no + one.unknown + one.unanswered
