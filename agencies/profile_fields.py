"""How one value of a profile is read: type, length, allowed words; every refusal is collected.

A key of the file is a dataclass field made by `text`, `slug`, `choice` … below; `read_table` turns
a TOML table into that dataclass. Reading never stops at the first mistake. Reasons are in
Japanese, because whoever writes a city reads them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

NAME_LIMIT = 100
_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,39}")
# 号 as printed: a number and, for some, a letter of the iroha order in katakana.
_GO = re.compile(r"[1-9][0-9]?[イロハニホヘト]?")
_MONTH = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])")
_FINEST = Decimal("0.01")
_LARGEST = 10**12
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}  # control, invisible and line-breaking characters


@dataclass(frozen=True)
class Problem:
    file: str
    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.reason}"


class ProfileError(Exception):
    """Everything that is wrong with a profile, one problem a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Problems:
    """Collects what is wrong with one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(self, key: str, reason: str) -> None:
        self.found.append(Problem(self.file, key, reason))


# (raw value, its key, problems) -> the value, or None when there is nothing to keep
Reader = Callable[[object, str, Problems], Any]


def _shown(raw: object) -> str:
    words = str(raw)
    return words if len(words) <= 30 else words[:30] + "…"


def _read_text(limit: int, pattern: re.Pattern[str] | None = None, hint: str = "") -> Reader:
    def read(raw: object, key: str, problems: Problems) -> str | None:
        if not isinstance(raw, str):
            problems.add(key, "文字列（引用符で囲む）で書きます")
            return None
        if raw != raw.strip() or any(unicodedata.category(sign) in _UNSEEN for sign in raw):
            problems.add(key, "前後の空白、改行、見えない文字は使えません")
        elif len(raw) > limit:
            problems.add(key, f"{limit}文字以内で書きます（いまは{len(raw)}文字）")
        elif raw and pattern and not pattern.fullmatch(raw):
            problems.add(key, f"「{_shown(raw)}」は使えません。{hint}")
        return raw  # kept even when refused: references to it need no second complaint

    return read


def _read_choice(options: tuple[str, ...]) -> Reader:
    def read(raw: object, key: str, problems: Problems) -> str | None:
        if isinstance(raw, str) and (not raw or raw in options):
            return raw
        problems.add(key, f"「{_shown(raw)}」は使えません（{'・'.join(options)} のどれか）")
        return None

    return read


def _read_list(of: Reader) -> Reader:
    def read(raw: object, key: str, problems: Problems) -> tuple[str, ...] | None:
        if not isinstance(raw, list):
            problems.add(key, "[ ] で囲んだ並びで書きます")
            return None
        values = []
        for item in raw:
            value = of(item, key, problems)
            if item == "":
                problems.add(key, "並びの中に空の値は書けません")
            elif value in values:
                problems.add(key, f"「{_shown(value)}」が2回書かれています")
            elif value is not None:
                values.append(value)
        return tuple(values)

    return read


def _read_whole(lowest: int, highest: int) -> Reader:
    def read(raw: object, key: str, problems: Problems) -> int | None:
        if isinstance(raw, int) and not isinstance(raw, bool) and lowest <= raw <= highest:
            return raw
        problems.add(key, f"{lowest}から{highest}までの整数で書きます")
        return None

    return read


def _read_number(raw: object, key: str, problems: Problems) -> Decimal | None:
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        value = Decimal(raw)
        if value.is_finite() and 0 <= value < _LARGEST and value == value.quantize(_FINEST):
            return value
    problems.add(key, "0以上の数で書きます（12桁、小数は2桁まで）")
    return None


def _read_flag(raw: object, key: str, problems: Problems) -> bool | None:
    if isinstance(raw, bool):
        return raw
    problems.add(key, "true か false で書きます")
    return None


def _read_day(raw: object, key: str, problems: Problems) -> date | None:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    problems.add(key, "日付は 2023-04-01 のように、引用符も時刻も付けずに書きます")
    return None


def read_table(entry: type[Any]) -> Reader:
    """A reader of one table into the dataclass `entry`; keys it does not know are refused."""

    def read(raw: object, key: str, problems: Problems) -> Any:
        if not isinstance(raw, dict):
            problems.add(key, "表（[ ] の見出し、または { }）で書きます")
            return None
        known = {toml_key(spec): spec for spec in fields(entry)}
        prefix = f"{key}." if key else ""
        for name in sorted(raw.keys() - known.keys()):
            near = get_close_matches(name, known, n=1)
            hint = f"「{near[0]}」のことでしょうか" if near else "使える項目: " + "・".join(known)
            problems.add(prefix + _shown(name), f"知らない項目です（{hint}）")
        values: dict[str, Any] = {}
        for name, spec in known.items():
            value = None
            if name in raw:
                value = spec.metadata["read"](raw[name], prefix + name, problems)
            if spec.metadata["required"] and raw.get(name, "") in ("", []):
                problems.add(prefix + name, "必ず書いてください")
            values[spec.name] = spec.default if value is None else value
        return entry(**values)

    return read


def _read_tables(entry: type[Any]) -> Reader:
    one = read_table(entry)

    def read(raw: object, key: str, problems: Problems) -> tuple[Any, ...] | None:
        if not isinstance(raw, list):
            problems.add(key, f"[[{key}]] の見出しで、1件ずつ書きます")
            return None
        entries = []
        for number, row in enumerate(raw, start=1):
            place = row_key(key, number, row) if isinstance(row, dict) else f"{key}[{number}]"
            value = one(row, place, problems)
            if value is not None:
                entries.append(value)
        return tuple(entries)

    return read


def row_key(table: str, number: int, row: Any) -> str:
    """How a message names a row: by its code when it has one, else by its place, counted from 1."""
    values = row if isinstance(row, dict) else vars(row)
    code = values.get("code") or values.get("key")
    return f"{table}[{code if isinstance(code, str) and code else number}]"


def toml_key(spec: Any) -> str:
    """The key in the file: the field's name, except for words Python keeps for itself (`from`)."""
    return str(spec.metadata["key"] or spec.name)


def _spec(read: Reader, empty: Any, *, required: bool = False, key: str = "") -> Any:
    return field(default=empty, metadata={"read": read, "required": required, "key": key})


def text(limit: int = NAME_LIMIT, *, required: bool = False) -> Any:
    return _spec(_read_text(limit), "", required=required)


def texts(limit: int = NAME_LIMIT) -> Any:
    return _spec(_read_list(_read_text(limit)), ())


_read_slug = _read_text(
    NAME_LIMIT, _SLUG, "半角の英小文字で始め、英小文字・数字・「_」「-」だけで40文字以内です"
)


def slug(*, required: bool = False) -> Any:
    """An own code, or the code of another row."""
    return _spec(_read_slug, "", required=required)


def slugs() -> Any:
    return _spec(_read_list(_read_slug), ())


def go() -> Any:
    hint = "「2」「1イ」のように数字と片仮名で書きます（漢数字の八・二ではありません）"
    return _spec(_read_text(NAME_LIMIT, _GO, hint), "")


def month() -> Any:
    return _spec(_read_text(NAME_LIMIT, _MONTH, "2023-03 のように年と月で書きます"), "")


def months() -> Any:
    read = _read_text(NAME_LIMIT, _MONTH, "2023-03 のように年と月で書きます")
    return _spec(_read_list(read), ())


def choice(options: tuple[str, ...], *, required: bool = False) -> Any:
    return _spec(_read_choice(options), "", required=required)


def choices(options: tuple[str, ...], *, required: bool = False) -> Any:
    return _spec(_read_list(_read_choice(options)), (), required=required)


def flag(*, silent: bool | None = False) -> Any:
    """`silent`: what it means when the key is left out."""
    return _spec(_read_flag, silent)


def whole(lowest: int, highest: int) -> Any:
    return _spec(_read_whole(lowest, highest), None)


def number() -> Any:
    return _spec(_read_number, None, required=True)


def day(*, required: bool = False, key: str = "") -> Any:
    return _spec(_read_day, None, required=required, key=key)


def days() -> Any:
    return _spec(_read_list(_read_day), ())


def table(entry: type[Any], *, required: bool = False, optional: bool = False) -> Any:
    """One table; when left out: an empty entry, or None for `optional`."""
    return _spec(read_table(entry), None if optional else entry(), required=required)


def tables(entry: type[Any]) -> Any:
    return _spec(_read_tables(entry), ())
