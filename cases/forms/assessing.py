"""What is typed into the assessment: questions with three answers, the situation, strengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from cases import enums
from cases.forms.intake import item_field
from cases.forms.records import (
    AboutForm,
    asks_my_number,
    audience_field,
    check_corrects,
    not_my_number_field,
    reason_field,
)
from cases.intakeitems import fact_answer
from cases.models import AssessmentSection
from cases.questions import WORD_LIMIT, Answers, Question, fact_words
from config.lib.forms import (
    Conflict,
    EraDateField,
    IdempotencyKey,
    KasaneForm,
    SafeLine,
    SafeText,
    VersionedForm,
)

DAY = {"class": "date"}


class AnswersForm(KasaneForm):
    """Questions with three answers and a short word each: fields `answer_<code>`, `word_<code>`.

    questions: (code, text); words: what yes, no and unknown are called here; answered: what stands.
    """

    facts: Mapping[str, Question] = MappingProxyType({})

    def ask(
        self,
        questions: Sequence[tuple[str, str]],
        answered: Answers,
        words: Sequence[Any] = (
            enums.Answer.YES.label,
            enums.Answer.NO.label,
            enums.Answer.UNKNOWN.label,
        ),
    ) -> None:
        """Add the questions' fields: called by the form's own __init__, after that of its base."""
        self.codes = [code for code, _text in questions]
        choices = [("", _("未回答")), *zip(enums.Answer.values, words, strict=True)]
        self.answer_words = dict(choices)
        for code, text in questions:
            given = answered.get(code, {})
            answer = forms.ChoiceField(
                label=text,
                choices=choices,
                required=False,
                widget=forms.RadioSelect,
                error_messages={"invalid_choice": _("表示された答えの中から選んでください。")},
            )
            label = _("ひとこと（%(text)s）") % {"text": text}
            word = SafeLine(label=label, limit=WORD_LIMIT, required=False)
            word.widget.attrs["autocomplete"] = "off"
            self.fields[f"answer_{code}"], self.fields[f"word_{code}"] = answer, word
            self.initial.setdefault(f"answer_{code}", given.get("answer", ""))
            self.initial.setdefault(f"word_{code}", given.get("word", ""))

    def ask_facts(self, facts: Sequence[Question], answered: Answers) -> None:
        """Add the fields of what is answered in words: `fact_<code>`. Called after `ask`."""
        self.facts = {question.code: question for question in facts}
        for code, question in self.facts.items():
            given = answered.get(code)
            told = fact_words(given) if given else ""
            options = list(question.options)
            gone = [one for one in told.split("、") if options and told and one not in options]
            several = question.form == "choices"
            field = item_field(question.form, question.text, [*options, *gone])
            self.add(f"fact_{code}", field)
            initial = [one for one in told.split("、") if one] if several else told
            self.initial.setdefault(f"fact_{code}", initial)

    def clean(self) -> dict[str, Any]:
        """A word without an answer would be lost."""
        data = super().clean() or self.cleaned_data
        for code in self.codes:
            if data.get(f"word_{code}") and data.get(f"answer_{code}") == "":
                self.add_error(
                    f"answer_{code}",
                    _("ひとことを書いた項目は、はい・いいえ・不明のどれかを選んでください。"),
                )
        return data

    def answers(self) -> dict[str, dict[str, str]]:
        """What was answered, by code."""
        data = self.cleaned_data
        told = {
            code: fact_answer(data[f"fact_{code}"])
            for code in self.facts
            if data.get(f"fact_{code}")
        }
        return told | {
            code: {"answer": data[f"answer_{code}"], "word": data.get(f"word_{code}", "")}
            for code in self.codes
            if data.get(f"answer_{code}")
        }

    def pairs(self, codes: Sequence[str]) -> list[tuple[BoundField, BoundField]]:
        """The two fields of each of these questions, for a template."""
        return [(self[f"answer_{code}"], self[f"word_{code}"]) for code in codes]

    @property
    def others(self) -> Iterator[BoundField]:
        """The fields that are no question."""
        for field in self.visible_fields():
            if not field.name.startswith(("answer_", "word_", "fact_")):
                yield field

    @property
    def asks_my_number(self) -> bool:
        """Whether the declaration that digits are no My Number should be shown."""
        return asks_my_number(self)


def question_groups(form: AnswersForm, questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Facts, problems, background, strengths: the questions of each that there are."""
    found: list[dict[str, Any]] = []
    for kind in enums.QuestionKind:
        codes = [question.code for question in questions if question.kind == kind]
        if codes and kind == enums.QuestionKind.FACT:
            facts = [(form[f"fact_{code}"], form.facts[code].is_national) for code in codes]
            found.append({"title": str(kind.label), "facts": facts})
        elif codes:
            found.append({"title": str(kind.label), "pairs": form.pairs(codes)})
    return found


def _situation() -> SafeText:
    return SafeText(
        label=_("状況"),
        required=False,
        widget=forms.Textarea({"class": "tall"}),
        help_text=_("いま起きていること、これまでの経過、本人の受けとめ。"),
    )


def _strengths() -> SafeText:
    return SafeText(
        label=_("強み・できていること"),
        required=False,
        help_text=_("本人や世帯の力、頼れる人、続いていること。"),
    )


def _assessed_on() -> EraDateField:
    return EraDateField(
        label=_("確認した日"), not_future=True, widget=forms.TextInput({"class": "date"})
    )


NEITHER = _("状況を書くか、項目のどれかに答えてください。")


class AssessmentForm(AboutForm, AnswersForm):
    """One section of the assessment: a category, whom, its questions, the situation, strengths."""

    form_key = IdempotencyKey()
    category = forms.ChoiceField(
        label=_("項目"),
        choices=[
            (value, label)
            for value, label in enums.Category.choices
            if value not in (enums.Category.NOTIFIER, enums.Category.PROGRESS, enums.Category.PLAN)
        ],
    )
    situation = _situation()
    strengths = _strengths()
    assessed_on = _assessed_on()
    audience = audience_field()
    not_my_number = not_my_number_field()

    field_order = [
        "category", "about", "situation", "strengths", "assessed_on", "audience", "not_my_number",
    ]  # fmt: skip

    def __init__(
        self,
        *args: Any,
        hints: Mapping[str, str],
        questions: Sequence[Question],
        answered: Answers,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["audience"].widget.hints = dict(hints)
        if questions:  # chosen already: another field has other questions
            self.fields["category"].widget = forms.HiddenInput()
        self.ask([(q.code, q.text) for q in questions if not q.is_fact], answered)
        self.ask_facts([q for q in questions if q.is_fact], answered)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        answers = self.answers()
        if len(data.get("about", ())) > 1 and answers:
            self.add_error("about", _("項目への答えは、一人ずつ（または世帯全体）書きます。"))
        if not (data.get("situation") or answers) and "situation" not in self.errors:
            self.add_error("situation", NEITHER)
        return data


class CorrectedAnswersForm(VersionedForm, AnswersForm):
    """Correct answers and the words beside them (`words`: their names), with a reason."""

    words: tuple[str, ...] = ()
    reason = reason_field()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        asked = [f"{part}_{code}" for code in self.codes for part in ("answer", "word")]
        asked += [f"fact_{code}" for code in self.facts]
        check_corrects(self, [*self.words, *asked])
        return data

    def conflicts(self, instance: Any) -> list[Conflict]:
        """With each answer that differs, in words."""
        saved = SimpleNamespace(**{name: getattr(instance, name) for name in self.words})
        for code in self.codes:
            given = instance.answers.get(code, {})
            setattr(saved, f"answer_{code}", given.get("answer", ""))
            setattr(saved, f"word_{code}", given.get("word", ""))
        for code in self.facts:
            told = instance.answers.get(code)
            setattr(saved, f"fact_{code}", fact_words(told) if told else "")
        labels = self.answer_words
        return [
            Conflict(c.name, c.label, labels.get(c.saved, c.saved), labels.get(c.typed, c.typed))
            if c.name.startswith("answer_")
            else c
            for c in super().conflicts(saved)
        ]


class AssessmentEditForm(CorrectedAnswersForm):
    """Correct a section: its words, answers and day, never whom it is about or its category."""

    words = ("situation", "strengths", "assessed_on")
    situation = _situation()
    strengths = _strengths()
    assessed_on = _assessed_on()
    not_my_number = not_my_number_field()

    field_order = ["version", *words, "reason"]

    def __init__(
        self, *args: Any, section: AssessmentSection, questions: Sequence[Question], **kwargs: Any
    ) -> None:
        initial = {name: getattr(section, name) for name in (*self.words, "version")}
        super().__init__(*args, initial=initial, **kwargs)
        # Of several persons together nobody is asked anything.
        asked = [] if len(section.record.person_ids) > 1 else questions
        self.ask([(q.code, q.text) for q in asked if not q.is_fact], section.answers)
        self.ask_facts([q for q in asked if q.is_fact], section.answers)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not (data.get("situation") or self.answers()) and "situation" not in self.errors:
            self.add_error("situation", NEITHER)
        return data


class CompareForm(KasaneForm):
    """Two days on which something was assessed."""

    before = forms.ChoiceField(label=_("前"))
    after = forms.ChoiceField(label=_("後"))

    def __init__(self, *args: Any, days: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("before", days)
        self.offer("after", days)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("before") and data.get("after") and data["before"] >= data["after"]:
            self.add_error("before", _("前の日は、後の日より前の日を選んでください。"))
        return data
