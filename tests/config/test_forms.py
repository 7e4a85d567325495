"""The fields and the base of every form."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.http import QueryDict
from django.utils.translation import gettext_lazy
from pytest_django.asserts import assertHTMLEqual

from config.lib import eras
from config.lib.eras import PartialDate
from config.lib.forms import (
    ChoiceCards,
    EraDateField,
    IdempotencyKey,
    KanaField,
    KasaneForm,
    KasaneRenderer,
    LongSelect,
    MultiChoiceCards,
    NameField,
    PartialDateField,
    PhoneField,
    SafeLine,
    SafeText,
    VersionedForm,
)
from config.lib.mynumber import check_digit
from config.lib.phones import PhoneNumber, begun_digits, compared_digits, parse_phone

MADE_UP = "98765432109" + str(check_digit("98765432109"))


def one_field(field: forms.Field, value: object, **data: object) -> KasaneForm:
    class OneField(KasaneForm):
        thing = field

    return OneField({"thing": value, **data}, renderer=DjangoTemplates())


def error_of(field: forms.Field, value: object) -> str:
    form = one_field(field, value)
    assert not form.is_valid()
    [message] = form.errors["thing"]
    assert "%(" not in message
    assert form["thing"].value() == value
    return message


def value_of(field: forms.Field, value: object) -> object:
    form = one_field(field, value)
    assert form.is_valid(), form.errors
    return form.cleaned_data["thing"]


class EveryField(KasaneForm):
    name = NameField(label="氏名", widget=forms.TextInput(attrs={"placeholder": "山田"}))
    kana = KanaField(label="ふりがな")
    born = PartialDateField(label="生年月日")
    on = EraDateField(label="相談日")
    phone = PhoneField(label="電話")
    note = SafeText(label="記録")
    line = SafeLine(label="要約")
    route = forms.ChoiceField(
        label="経路",
        choices=[("visit", "来所"), ("call", "電話")],
        widget=ChoiceCards(hints={"visit": "窓口に来られたとき"}),
    )
    issues = forms.MultipleChoiceField(
        label="課題", choices=[("a", "介護"), ("b", "住まい")], widget=MultiChoiceCards
    )
    count = forms.IntegerField(label="人数")
    agreed = forms.BooleanField(label="説明しました")
    key = IdempotencyKey()


class TestKasaneForm:
    def test_each_missing_value_has_a_sentence_that_names_it(self):
        form = EveryField({}, renderer=DjangoTemplates())
        assert not form.is_valid()
        assert {name: list(errors) for name, errors in form.errors.items()} == {
            "name": ["氏名を入れてください。"],
            "kana": ["ふりがなを入れてください。"],
            "born": ["生年月日を入れてください。"],
            "on": ["相談日を入れてください。"],
            "phone": ["電話を入れてください。"],
            "note": ["記録を入れてください。"],
            "line": ["要約を入れてください。"],
            "route": ["経路を選んでください。"],
            "issues": ["課題を選んでください。"],
            "count": ["人数を入れてください。"],
            "agreed": ["「説明しました」にチェックを付けてください。"],
            "key": ["画面が古くなっています。この画面をもう一度開いてください。"],
        }

    def test_markup_has_no_browser_checks_placeholder_or_memory(self):
        form = EveryField(renderer=DjangoTemplates())
        for bound in form:
            html = str(bound)
            assert "placeholder" not in html
            assert "maxlength" not in html
            assert " required" not in html
            assert 'autocomplete="off"' in html
            assert not bound.label_tag().count(":")

    def test_wrong_choices_and_numbers_have_sentences(self):
        form = EveryField({"route": "x", "issues": ["x"], "count": "三"})
        assert form.errors["route"] == ["経路は表示された中から選んでください。"]
        assert form.errors["issues"] == ["課題は表示された中から選んでください。"]
        assert form.errors["count"] == ["人数は数字で入れてください。"]

    def test_label_with_a_percent_sign_does_not_break_messages(self):
        field = forms.ChoiceField(label="介護割合 50%以上", choices=[("a", "a")])
        assert error_of(field, "x") == "介護割合 50%以上は表示された中から選んでください。"
        assert error_of(SafeLine(label="50%以上", limit=3), "あ" * 4).startswith(
            "50%以上は3文字以内"
        )
        assert error_of(NameField(label="50%以上"), "") == "50%以上を入れてください。"

    def test_own_message_is_kept(self):
        field = NameField(label="氏名", error_messages={"required": "お名前をどうぞ。"})
        assert error_of(field, "") == "お名前をどうぞ。"

    def test_labels_of_two_forms_do_not_mix(self):
        field = NameField(label="氏名")
        one_field(field, "").is_valid()
        assert "required" in field.error_messages
        assert field.error_messages["required"] is forms.Field.default_error_messages["required"]

    def test_renderer_names_our_templates(self):
        assert KasaneRenderer.form_template_name == "kasane_forms/form.html"
        assert KasaneRenderer.field_template_name == "kasane_forms/field.html"


class TestText:
    @pytest.mark.parametrize(
        ("field", "typed", "cleaned"),
        [
            (NameField(), "　髙橋　花子 ", "髙橋　花子"),
            (NameField(), "\ufa19谷", "\ufa19谷"),
            (SafeLine(), "a\r\nb", "a b"),
            (SafeText(), "a\r\nb\x00\n\n", "a\nb"),
            (SafeText(), "<script>", "<script>"),
            (SafeLine(required=False), "  ", ""),
            (SafeLine(required=False, empty_value=None), "  ", None),
            (KanaField(), "ﾔﾏﾀﾞ　ﾊﾅｺ", "ヤマダ ハナコ"),
            (KanaField(), "やまだ はなこ", "やまだ はなこ"),
        ],
    )
    def test_is_cleaned(self, field, typed, cleaned):
        assert value_of(field, typed) == cleaned

    def test_blank_and_invisible_text_counts_as_missing(self):
        assert error_of(NameField(label="氏名"), "　\u200b\x00") == "氏名を入れてください。"

    @pytest.mark.parametrize("typed", ["山田", "yamada", "やまだ1", "<b>", "ー"])
    def test_kana_refuses_other_letters(self, typed):
        message = error_of(KanaField(label="ふりがな"), typed)
        assert message == "ふりがなは、ひらがなかカタカナで入れてください。"

    @pytest.mark.parametrize("field", [NameField(label="氏名"), KanaField(label="氏名")])
    def test_overlong_names_get_a_sentence(self, field):
        assert value_of(field, "あ" * 100) == "あ" * 100
        message = error_of(field, "あ" * 101)
        assert message == "氏名は100文字以内で入れてください（今は101文字です）。"

    def test_name_is_counted_as_a_person_counts(self):
        assert value_of(NameField(), "葛\U000e0100" * 100)
        assert "今は101文字" in error_of(NameField(label="氏名"), "葛\U000e0100" * 101)

    @pytest.mark.parametrize("field", [NameField(), SafeLine(), SafeText()])
    def test_my_number_is_refused_and_stays_typed(self, field):
        message = error_of(field, f"番号 {MADE_UP}")
        assert "マイナンバー" in message
        assert MADE_UP not in message

    def test_field_with_its_own_twelve_digits_is_not_checked(self):
        assert value_of(SafeLine(not_my_number=True), MADE_UP) == MADE_UP

    def test_field_alone_refuses_too(self):
        with pytest.raises(forms.ValidationError):
            SafeLine().clean(MADE_UP)


class Declaring(KasaneForm):
    note = SafeText(label="記録")
    strict = SafeLine(label="要約", required=False, declared_by=None)
    not_my_number = forms.BooleanField(label="マイナンバーではありません", required=False)


class TestDeclaration:
    def test_tick_lets_digits_pass_and_names_the_field(self):
        form = Declaring({"note": MADE_UP, "not_my_number": "on"})
        assert form.is_valid()
        assert form.cleaned_data["note"] == MADE_UP
        assert form.not_my_number_fields == ["note"]

    def test_tick_without_digits_names_nothing(self):
        form = Declaring({"note": "記録", "not_my_number": "on"})
        assert form.is_valid()
        assert form.not_my_number_fields == []

    @pytest.mark.parametrize("tick", [{}, {"not_my_number": ""}, {"not_my_number": "false"}])
    def test_without_tick_digits_are_refused(self, tick):
        form = Declaring({"note": MADE_UP, **tick})
        assert not form.is_valid()
        assert form.not_my_number_fields == []

    def test_field_that_takes_no_declaration_refuses(self):
        form = Declaring({"note": "a", "strict": MADE_UP, "not_my_number": "on"})
        assert list(form.errors) == ["strict"]

    def test_form_without_the_tick_cannot_be_talked_into_it(self):
        assert not one_field(SafeText(), MADE_UP, not_my_number="on").is_valid()

    def test_prefix_is_respected(self):
        data = {"a-note": MADE_UP, "not_my_number": "on"}
        assert not Declaring(data, prefix="a").is_valid()
        assert Declaring({**data, "a-not_my_number": "on"}, prefix="a").is_valid()


class TestEraDateField:
    def test_reads_era_and_western(self):
        for typed in ("R8.5.1", "令和8年5月1日", "2026-05-01", "２０２６０５０１"):
            assert value_of(EraDateField(), typed) == date(2026, 5, 1)
        assert value_of(EraDateField(required=False), " ") is None

    def test_error_keeps_what_was_typed(self):
        form = one_field(EraDateField(label="相談日"), "平成40年5月1日")
        assert not form.is_valid()
        assert 'value="平成40年5月1日"' in str(form["thing"])
        assert "平成は31年4月30日まで" in form.errors["thing"][0]

    def test_initial_is_shown_in_the_long_form(self):
        class WithInitial(KasaneForm):
            on = EraDateField(label="相談日", initial=date(2026, 5, 1))

        form = WithInitial(renderer=DjangoTemplates())
        assert 'value="令和8年5月1日"' in str(form["on"])

    def test_not_future_and_not_past_allow_today(self):
        today = eras.today()
        for field in (EraDateField(not_future=True), EraDateField(not_past=True)):
            assert value_of(field, today.isoformat()) == today
        later, earlier = today + timedelta(days=1), today - timedelta(days=1)
        assert (
            error_of(EraDateField(label="相談日", not_future=True), later.isoformat())
            == "相談日は今日までの日付を入れてください。"
        )
        assert (
            error_of(EraDateField(label="期限", not_past=True), earlier.isoformat())
            == "期限は今日からあとの日付を入れてください。"
        )

    def test_a_day_without_its_year_is_read_where_its_side_is_known(self):
        today = eras.today()
        typed = f"{today.month}/{today.day}"
        assert value_of(EraDateField(not_future=True), typed) == today
        assert value_of(EraDateField(not_past=True), typed) == today
        assert "日付として読めません" in error_of(EraDateField(label="期限"), typed)
        assert "日付として読めません" in error_of(EraDateField(max=today), typed)
        assert error_of(PartialDateField(), typed)

    def test_min_and_max(self):
        field = EraDateField(label="期限", min=date(2026, 4, 1), max=date(2027, 3, 31))
        assert value_of(field, "R8.4.1") == date(2026, 4, 1)
        assert value_of(field, "R9.3.31") == date(2027, 3, 31)
        assert error_of(field, "R8.3.31") == "期限は令和8年4月1日からあとの日付を入れてください。"
        assert error_of(field, "R9.4.1") == "期限は令和9年3月31日までの日付を入れてください。"

    def test_has_changed_compares_days(self):
        field = EraDateField()
        assert not field.has_changed(date(2026, 5, 1), "R8.5.1")
        assert not field.has_changed(None, "")
        assert field.has_changed(date(2026, 5, 1), "R8.5.2")
        assert field.has_changed(date(2026, 5, 1), "あした")


class TestPartialDateField:
    @pytest.mark.parametrize(
        ("typed", "value"),
        [
            ("S30.4.1", PartialDate(1955, 4, 1)),
            ("昭和30年", PartialDate(1955)),
            ("昭和30年頃", PartialDate(1955, estimated=True)),
            ("不詳", None),
            (" 不 明 ", None),
        ],
    )
    def test_reads_what_is_known(self, typed, value):
        assert value_of(PartialDateField(), typed) == value

    def test_future_and_nonsense_are_refused(self):
        next_year = eras.today().year + 1
        assert "今日まで" in error_of(PartialDateField(label="生年月日"), str(next_year))
        assert "読めません" in error_of(PartialDateField(label="生年月日"), "むかし")

    def test_present_year_is_allowed(self):
        year = eras.today().year
        assert value_of(PartialDateField(), str(year)) == PartialDate(year)

    def test_value_is_shown_and_compared_by_meaning(self):
        field = PartialDateField()
        assert field.prepare_value(PartialDate(1955, 4)) == "昭和30年4月"
        assert field.prepare_value(date(1955, 4, 1)) == "昭和30年4月1日"
        assert field.prepare_value("S30") == "S30"
        assert not field.has_changed(PartialDate(1955), "S30")
        assert field.has_changed(PartialDate(1955), "S31")


class TestLongSelect:
    @pytest.mark.parametrize("value", [None, "", "2", 2, "none of them"])
    def test_says_what_a_select_says(self, value):
        names = [("", "自分"), (1, '架空 <b>花</b> & "葉"'), (2, gettext_lazy("二人目"))]
        attrs = {"id": "who", "aria-describedby": "who-help", "required": True, "disabled": False}
        long, plain = (
            kind({"class": "wide"}, choices=names).render("who", value, attrs)
            for kind in (LongSelect, forms.Select)
        )
        assertHTMLEqual(long, plain)
        assert "<b>" not in long


class TestPhoneField:
    @pytest.mark.parametrize(
        ("typed", "display", "digits"),
        [
            ("075-955-9713", "075-955-9713", "0759559713"),
            ("０７５－９５５－９７１３", "075-955-9713", "0759559713"),
            ("075ー955ー9713", "075-955-9713", "0759559713"),
            ("(075) 955 9713", "(075) 955 9713", "0759559713"),
            ("09012345678", "09012345678", "09012345678"),
            ("0120-444-113", "0120-444-113", "0120444113"),
            ("+81 90 1234 5678", "+81 90 1234 5678", "09012345678"),
            ("+81-(0)75-955-9713", "+81-(0)75-955-9713", "0759559713"),
            ("+1 212 555 0100", "+1 212 555 0100", "+12125550100"),
            ("075-955-9713 内線 123", "075-955-9713 内線 123", "0759559713"),
            ("075-955-9713（内線12）", "075-955-9713(内線12)", "0759559713"),
            ("075-955-9713 ext. 12", "075-955-9713 ext. 12", "0759559713"),
        ],
    )
    def test_reads_and_keeps_the_display(self, typed, display, digits):
        assert value_of(PhoneField(), typed) == PhoneNumber(display, digits)
        assert str(parse_phone(typed)) == display

    @pytest.mark.parametrize(
        "typed",
        [
            "955-9713",
            "なし",
            "075",
            "0" * 10,
            "075-955-97130000",
            "1234567890",
            "+0123456789",
            "07a",
            MADE_UP,
            "075-955-9713 内線",
            "-" * 10,
            "+",
            "<b>",
            "0" + "," * 100_000 + "1",
        ],
    )
    def test_other_text_gets_a_sentence(self, typed):
        message = error_of(PhoneField(label="電話"), typed)
        assert message == "電話は市外局番から入れてください（例：075-123-4567）。"

    @pytest.mark.parametrize(
        ("typed", "begun", "compared"),
        [
            ("075-955-9713", "0759559713", "0759559713"),
            ("+81 75 955 9713", "0759559713", "0759559713"),
            ("075-955-9713 内線 123", "0759559713", "0759559713"),
            ("+1 212 555 0100", "12125550100", "12125550100"),
            ("0759", "0759", "0759"),
            ("０７５－９５", "07595", "07595"),
            ("(075) 955-97", "07595597", "07595597"),
            ("075", "", "075"),
            ("955-9713", "", "9559713"),
            ("0000", "", "0000"),
            ("19550401", "", "19550401"),
            ("はなこ", "", ""),
            ("", "", ""),
        ],
    )
    def test_the_beginning_of_a_number_is_looked_for_and_digits_are_compared(
        self, typed, begun, compared
    ):
        assert begun_digits(typed) == begun
        assert compared_digits(typed) == compared

    def test_value_is_shown_and_compared(self):
        field = PhoneField(required=False)
        assert field.prepare_value(PhoneNumber("075-955-9713", "0759559713")) == "075-955-9713"
        assert value_of(field, "") is None
        assert not field.has_changed("075-955-9713", "075-955-9713")
        assert field.has_changed("075-955-9713", "075-955-9714")


class TestChoiceCards:
    def test_options_carry_their_hint(self):
        form = EveryField(renderer=DjangoTemplates())
        hints = [widget.data["hint"] for widget in form["route"].subwidgets]
        assert hints == ["窓口に来られたとき", ""]
        assert 'class="choice-cards"' in str(form["route"])
        assert 'type="radio"' in str(form["route"])
        assert 'type="checkbox"' in str(form["issues"])


@dataclass
class Record:
    version: int
    note: str
    on: date


class Editing(VersionedForm):
    note = SafeText(label="記録")
    on = EraDateField(label="日付")


class TestVersionedForm:
    def data(self, **changes: str) -> QueryDict:
        data = QueryDict(mutable=True)
        data.update({"version": "3", "note": "わたしの文", "on": "R8.5.1", **changes})
        data._mutable = False
        return data

    def test_same_version_passes(self):
        form = Editing(self.data())
        assert form.is_valid()
        assert form.check_version(Record(3, "前の文", date(2026, 5, 1)))
        assert form.is_valid()

    def test_other_version_keeps_what_was_typed_and_offers_a_decision(self):
        record = Record(4, "ほかの人の文", date(2026, 5, 1))
        form = Editing(self.data(), renderer=DjangoTemplates())
        assert form.is_valid()
        assert not form.check_version(record)
        assert not form.is_valid()
        assert "ほかの人が先に保存しました" in form.non_field_errors()[0]
        assert form.has_error("__all__", code="stale")
        assert form["note"].value() == "わたしの文"
        assert form["on"].value() == "R8.5.1"
        assert form["version"].value() == "4"
        [conflict] = form.conflicts(record)
        assert (conflict.name, conflict.label) == ("note", "記録")
        assert (conflict.saved, conflict.typed) == ("ほかの人の文", "わたしの文")

    def test_plain_dict_and_prefix_work(self):
        data = {"a-version": "3", "a-note": "x", "a-on": "R8.5.1"}
        form = Editing(data, prefix="a")
        assert form.is_valid()
        assert not form.check_version(Record(9, "x", date(2026, 5, 1)))
        assert form["version"].value() == "9"
        assert data["a-version"] == "3"

    @pytest.mark.parametrize("version", ["", "x"])
    def test_missing_or_broken_version_is_an_error(self, version):
        form = Editing(self.data(version=version))
        assert form.errors["version"] == [
            "画面が古くなっています。この画面をもう一度開いてください。"
        ]


class TestIdempotencyKey:
    def test_each_opened_form_has_its_own_key_and_keeps_it(self):
        class Once(KasaneForm):
            key = IdempotencyKey()

        one, other = Once(renderer=DjangoTemplates()), Once(renderer=DjangoTemplates())
        assert one["key"].value() == one["key"].value()
        assert one["key"].value() != other["key"].value()
        key = uuid.uuid4()
        sent = Once({"key": str(key)})
        assert sent.is_valid()
        assert sent.cleaned_data["key"] == key
        assert sent["key"].value() == str(key)
        assert 'type="hidden"' in str(one["key"])

    @pytest.mark.parametrize("value", ["", "abc", "1" * 500])
    def test_broken_key_is_an_error(self, value):
        class Once(KasaneForm):
            key = IdempotencyKey()

        assert not Once({"key": value}).is_valid()
