"""A city's profile: its TOML file read, checked as a whole, and refused with every reason at once.

A profile says how a city does things, so that the code never names one (V7). Nothing here knows
Django or the database; `loading` writes a profile there. Each key is explained in docs/profile.md.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from agencies.profile_entries import (
    SECRECY_BASIS,
    AgencyEntry,
    ConferenceEntry,
    IndicatorEntry,
    MemberEntry,
    Profile,
    RhythmEntry,
)
from agencies.profile_fields import Problem, Problems, ProfileError, read_table, row_key

__all__ = ["PROFILES", "Problem", "Profile", "ProfileError", "find_profile", "read_profile"]

PROFILES = Path(__file__).parent / "profiles"
_LARGEST_FILE = 1_000_000


def find_profile(file_or_name: str) -> Path:
    """A path as given, or the name of one of the profiles that come with the product."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", file_or_name):
        return PROFILES / f"{file_or_name}.toml"
    return Path(file_or_name)


def read_profile(path: Path | str) -> Profile:
    """The profile in this file. Raises ProfileError with all that is wrong with it."""
    path = Path(path)
    problems = Problems(path.name)
    profile: Profile = read_table(Profile)(_parse(path), "", problems)
    _check_codes(profile, problems)
    _check_plan_periods(profile, problems)
    _check_references(profile, problems)
    for number, conference in enumerate(profile.conferences, start=1):
        _check_conference(conference, row_key("conferences", number, conference), problems)
    _check_joint_sittings(profile, problems)
    _check_plan_flow(profile, problems)
    _check_decisions(profile, problems)
    for number, indicator in enumerate(profile.indicators, start=1):
        _check_indicator(indicator, row_key("indicators", number, indicator), problems)
    for number, programme in enumerate(profile.programmes, start=1):
        if programme.go_printed and not programme.go:
            place = row_key("programmes", number, programme)
            problems.add(f"{place}.go_printed", "go が空のときは true にできません")
    if problems.found:
        raise ProfileError(problems.found)
    return profile


def _parse(path: Path) -> dict[str, Any]:
    def refuse(reason: str) -> ProfileError:
        return ProfileError([Problem(path.name, "ファイル", reason)])

    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        raise refuse("ファイルがありません") from None
    except OSError:
        raise refuse("ファイルを開けません") from None
    if len(content) > _LARGEST_FILE:
        raise refuse("ファイルが大きすぎます（1MBまで）")
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse("文字コードがUTF-8ではありません") from None
    try:
        # Decimal: 64.1 must stay 64.1. The parser knows only "\n" and "\r\n" as line ends.
        return tomllib.loads(words, parse_float=Decimal)
    except RecursionError:
        raise refuse("TOMLとして読めません（入れ子が深すぎます）") from None
    except ValueError as error:
        place = re.search(r"line (\d+), column (\d+)", str(error))
        where = f"{place[1]}行目の{place[2]}文字目" if place else "ファイルの終わり"
        raise refuse(f"TOMLとして読めません（{where}: {error}）") from None


def _check_codes(profile: Profile, problems: Problems) -> None:
    coded = (
        "agencies",
        "programmes",
        "conferences",
        "intake_items",
        "assessment_items",
        "committees",
        "indicators",
    )
    for table in coded:
        _refuse_repeated(table, "code", [row.code for row in getattr(profile, table)], problems)
    titles = [period.title for period in profile.plan_periods]
    _refuse_repeated("plan_periods", "title", titles, problems)
    criteria = [criterion.key for criterion in profile.intake_criteria]
    _refuse_repeated("intake_criteria", "key", criteria, problems)
    for item in profile.intake_items:
        if item.kind in ("choice", "choices") and not item.options:
            problems.add(
                f"intake_items[{item.code}].options", "選ぶ項目では、選択肢を必ず書いてください"
            )
        if item.kind in ("line", "text") and item.options:
            problems.add(f"intake_items[{item.code}].options", "選ぶ項目のときだけ書きます")
    levels = [f"{level.sheet}.{level.code}" for level in profile.risk_levels]
    _refuse_repeated("risk_levels", "code", levels, problems)
    hints = Counter((hint.when, hint.partner) for hint in profile.routing_hints)
    for (when, partner), times in hints.items():
        if times > 1:
            problems.add("routing_hints", f"「{when}」→「{partner}」が{times}回書かれています")


def _refuse_repeated(table: str, key: str, codes: Iterable[str], problems: Problems) -> None:
    for code, times in Counter(codes).items():
        if code and times > 1:
            reason = f"「{code}」が{times}回使われています（1回だけにします）"
            problems.add(f"{table}[{code}].{key}", reason)


def _check_plan_periods(profile: Profile, problems: Problems) -> None:
    dated = []
    for number, period in enumerate(profile.plan_periods, start=1):
        if period.starts_on is None:
            if period.ends_on is not None:
                problems.add(f"plan_periods[{number}].from", "to を書くときは必ず書いてください")
            continue
        last = period.ends_on or date.max
        if last < period.starts_on:
            problems.add(f"plan_periods[{number}].to", "from より前の日付です")
        dated.append((period.starts_on, last, number))
    for (_, last, _), (starts_on, _, number) in pairwise(sorted(dated)):
        if starts_on <= last:
            problems.add(f"plan_periods[{number}].from", "前の計画期間と重なっています")


def _references(profile: Profile) -> Iterator[tuple[str, str, bool]]:
    """(key, agency code, must be one real agency) for every place that names an agency."""
    for number, programme in enumerate(profile.programmes, start=1):
        for code in programme.agencies:
            yield f"{row_key('programmes', number, programme)}.agencies", code, False
    for number, conference in enumerate(profile.conferences, start=1):
        place = row_key("conferences", number, conference)
        yield f"{place}.host", conference.host, True
        yield f"{place}.secretariat", conference.secretariat, True
        for position, member in enumerate(conference.members, start=1):
            yield f"{place}.members[{position}].agency", member.agency, False
    yield "plan_flow.decision_agency", profile.plan_flow.decision_agency, True
    for number, hint in enumerate(profile.routing_hints, start=1):
        for code in hint.agencies:
            yield f"routing_hints[{number}].agencies", code, False
    for number, indicator in enumerate(profile.indicators, start=1):
        yield f"{row_key('indicators', number, indicator)}.agency", indicator.agency, False


def _check_references(profile: Profile, problems: Problems) -> None:
    agencies: dict[str, AgencyEntry] = {agency.code: agency for agency in profile.agencies}
    for key, code, one_agency in _references(profile):
        if not code:
            continue
        if code not in agencies:
            problems.add(key, f"「{code}」という機関は agencies にありません")
        elif one_agency and agencies[code].is_type:
            reason = f"「{code}」は数だけの行（count）なので、特定の機関としては使えません"
            problems.add(key, reason)


def _check_conference(conference: ConferenceEntry, place: str, problems: Problems) -> None:
    if conference.consent_rule != "required" and SECRECY_BASIS not in conference.bases:
        reason = f"{conference.consent} は bases に {SECRECY_BASIS} がある会議だけで使えます"
        problems.add(f"{place}.consent", reason)
    _check_rhythm(conference.rhythm, f"{place}.rhythm", problems)
    for number, member in enumerate(conference.members, start=1):
        _check_member(member, f"{place}.members[{number}]", problems)
    named = [member.agency or member.name for member in conference.members]
    for name, times in Counter(named).items():
        if name and times > 1:
            problems.add(f"{place}.members", f"「{name}」が{times}回書かれています")


def _check_rhythm(rhythm: RhythmEntry, place: str, problems: Problems) -> None:
    kind, days = rhythm.kind, (rhythm.nth, rhythm.weekday)
    if kind == "every_n_months" and not rhythm.months:
        problems.add(f"{place}.months", f"kind が {kind} のときは必ず書いてください")
    if kind != "every_n_months" and rhythm.months:
        problems.add(f"{place}.months", "kind が every_n_months のときだけ書きます")
    if rhythm.months and 12 % rhythm.months:
        problems.add(f"{place}.months", "2・3・4・6・12のどれかで書きます（1年を割り切る月数）")
    for name, value in zip(("nth", "weekday"), days, strict=True):
        if not value and (kind == "monthly_nth_weekday" or any(days)):
            problems.add(f"{place}.{name}", "第n曜日は nth と weekday の両方を書きます")
        elif value and kind not in ("monthly_nth_weekday", "every_n_months"):
            reason = "kind が monthly_nth_weekday か every_n_months のときだけ書きます"
            problems.add(f"{place}.{name}", reason)


def _check_member(member: MemberEntry, place: str, problems: Problems) -> None:
    if bool(member.agency) == bool(member.name):
        problems.add(place, "agency と name のどちらか一方だけを書きます")
    if member.agency and member.kind:
        problems.add(f"{place}.kind", "agency を書いた構成員には書きません")
    if member.name and not member.kind:
        problems.add(f"{place}.kind", "name で書いた構成員には必ず書いてください")
    if member.mandatory and member.by_item:
        problems.add(f"{place}.by_item", "mandatory（必須）の構成員は案件ごとにはできません")


def _check_joint_sittings(profile: Profile, problems: Problems) -> None:
    conferences = {conference.code: conference for conference in profile.conferences}
    for number, conference in enumerate(profile.conferences, start=1):
        key = f"{row_key('conferences', number, conference)}.joint_with"
        if not conference.joint_with:
            continue
        other = conferences.get(conference.joint_with)
        if other is None:
            problems.add(key, f"「{conference.joint_with}」という会議は conferences にありません")
        elif other is conference:
            problems.add(key, "自分自身とは同時開催にできません")
        elif other.joint_with != conference.code:
            reason = f"「{other.code}」の joint_with にも「{conference.code}」と書きます"
            problems.add(key, reason)
        elif other.rhythm != conference.rhythm:
            problems.add(key, f"同時開催なのに rhythm が「{other.code}」と違います")


def _check_plan_flow(profile: Profile, problems: Problems) -> None:
    flow = profile.plan_flow
    by_agency = "agency" in (flow.decided_by, flow.revision_decided_by)
    if by_agency and not flow.decision_agency:
        problems.add("plan_flow.decision_agency", "機関が決めるときは必ず書いてください")
    if flow.decision_agency and not by_agency:
        problems.add("plan_flow.decision_agency", "機関が決めるときだけ書きます")


def _check_decisions(profile: Profile, problems: Problems) -> None:
    _refuse_repeated("decisions", "kind", [entry.kind for entry in profile.decisions], problems)
    for number, entry in enumerate(profile.decisions, start=1):
        if not entry.posts:
            problems.add(f"decisions[{number}].posts", "決裁する職を一つは書いてください")
        if entry.kind == "plan" and profile.plan_flow.decided_by != "agency":
            problems.add(
                f"decisions[{number}].kind", "プランを会議で決める市では plan の決裁は書きません"
            )


def _check_indicator(indicator: IndicatorEntry, place: str, problems: Problems) -> None:
    if indicator.source == "computed" and not indicator.formula:
        problems.add(f"{place}.formula", "source が computed のときは必ず書いてください")
    if indicator.source != "computed" and (indicator.formula or indicator.agency):
        problems.add(
            f"{place}.formula", "formula と agency は source が computed のときだけ書きます"
        )
    for name in ("baseline", "target"):
        value = getattr(getattr(indicator, name), "value", None)
        if indicator.unit in ("%", "％") and value is not None and value > 100:
            problems.add(f"{place}.{name}.value", "割合は0から100までで書きます")
    target = indicator.target
    if target and (target.fiscal_year is not None) == bool(target.per):
        reason = 'fiscal_year（年度）と per = "year"（毎年）のどちらか一方だけを書きます'
        problems.add(f"{place}.target", reason)
