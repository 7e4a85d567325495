"""Profiles: the five that come with the product, and what must stay true of the code around."""

import re
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agencies import enums, profile_entries
from agencies.profile import PROFILES, Profile, find_profile, read_profile
from agencies.profile_fields import toml_key

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("nagaokakyo", "gifu", "kusatsu", "kurume", "katori")
ROOMS = (
    *("agencies", "cases", "plans", "meetings", "outreach", "participation", "community"),
    *("reports", "config"),
)


def _conference(profile: Profile, code: str) -> profile_entries.ConferenceEntry:
    return next(conference for conference in profile.conferences if conference.code == code)


# --- the five cities


@pytest.mark.parametrize("name", NAMES)
def test_read_profile_of_a_seed_city_is_taken(name: str) -> None:
    profile = read_profile(find_profile(name))
    assert profile.city.code == name
    assert profile.agencies
    assert profile.intake_criteria
    kinds = {programme.kind for programme in profile.programmes}
    assert kinds >= set(profile_entries.PROGRAMME_KINDS[:5])


def test_profiles_folder_holds_the_five_cities_alone() -> None:
    assert {path.stem for path in PROFILES.glob("*")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_profile_has_its_source_over_each_table(name: str) -> None:
    lines = find_profile(name).read_text(encoding="utf-8").splitlines()
    bare = [
        number
        for number, line in enumerate(lines, start=1)
        if line.startswith("[") and not lines[number - 2].startswith("# ")
    ]
    assert bare == []


def test_cities_differ_in_how_they_hold_conferences() -> None:
    bodies = {name: read_profile(find_profile(name)).conferences for name in NAMES}
    assert {name: len(conferences) for name, conferences in bodies.items()} == {
        **dict.fromkeys(NAMES, 2),
        "gifu": 1,
    }
    assert {name: [c.rhythm.kind for c in conferences] for name, conferences in bodies.items()} == {
        "nagaokakyo": ["monthly", "monthly"],
        "gifu": ["per_case"],
        "kusatsu": ["", ""],
        "kurume": ["monthly_nth_weekday", "monthly_nth_weekday"],
        "katori": ["every_n_months", "ad_hoc"],
    }
    assert {name: [c.consent for c in conferences] for name, conferences in bodies.items()} == {
        "nagaokakyo": ["required", "not_required"],
        "gifu": ["best_effort"],
        "kusatsu": ["", ""],
        "kurume": ["", ""],
        "katori": ["", "not_required"],
    }


def test_merged_body_stands_on_secrecy_and_an_agency_decides() -> None:
    profile = read_profile(find_profile("gifu"))
    body = profile.conferences[0]
    assert body.bases == ("106-6",)
    assert body.person_may_attend is True
    required = [member.agency for member in body.members if member.mandatory]
    assert required == ["juso-suishin", "marugoto", "hokatsuka-suishin"]
    assert profile.plan_flow.decision_agency == "juso-suishin"
    assert profile.plan_flow.draft_role == "coordinator"
    assert all(indicator.target is None for indicator in profile.indicators)


def test_hosts_differ_where_the_plan_says_so() -> None:
    profile = read_profile(find_profile("katori"))
    assert _conference(profile, "plan-conference").host == "shakyo"
    assert _conference(profile, "support-conference").host == "shakai-fukushi-ka"


def test_rows_with_a_number_only_are_types() -> None:
    types = {
        name: {a.code: a.count for a in read_profile(find_profile(name)).agencies if a.is_type}
        for name in NAMES
    }
    assert types == {
        "nagaokakyo": {},
        "gifu": {
            "hokatsu": 19,
            "kikan-satellite": 4,
            "kodo-senmon": 3,
            "seishin-katsudo": 3,
            "kosodate-kyoten": 6,
        },
        "kusatsu": {},
        "kurume": {
            "hokatsu": 11,
            "shogai-kikan": 4,
            "chiiki-katsudo-1": 2,
            "chiiki-katsudo-3": 8,
            "kosodate-center": 9,
        },
        "katori": {"salon": 25, "chiiki-katsudo": 2},
    }


def test_indicators_keep_their_numbers_exactly() -> None:
    indicators = {i.code: i for i in read_profile(find_profile("kurume")).indicators}
    assert len(indicators) == 8
    first, kept = indicators["sasaeai-jikkan"], indicators["jiritsu-shinki"]
    assert first.baseline is not None
    assert first.target is not None
    assert (first.baseline.value, first.target.value) == (Decimal("64.1"), Decimal("70.0"))
    assert first.target.fiscal_year == 2025
    assert (kept.direction, kept.agency) == ("keep", "seikatsu-jiritsu")
    yearly = [i.target.value for i in indicators.values() if i.target and i.target.per == "year"]
    assert yearly == [24, 30, 36]


@pytest.mark.parametrize(
    ("name", "shogai", "kodomo"),
    [
        ("nagaokakyo", "障がい", "子ども"),
        ("gifu", "障がい", "子ども"),
        ("kusatsu", "障害", ""),
        ("kurume", "障害", "子ども"),
        ("katori", "障がい", "子ども"),
    ],
)
def test_wording_is_the_citys_own(name: str, shogai: str, kodomo: str) -> None:
    wording = read_profile(find_profile(name)).wording
    assert (wording.shogai, wording.kodomo) == (shogai, kodomo)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_seeds_do_not_say_is_empty(name: str) -> None:
    profile = read_profile(find_profile(name))
    assert profile.monitoring == profile_entries.MonitoringEntry()
    assert profile.plan_flow.signature == ""
    assert {conference.chair for conference in profile.conferences} == {""}
    assert {conference.closes_days for conference in profile.conferences} == {None}


def test_dates_are_read() -> None:
    period = read_profile(find_profile("nagaokakyo")).plan_periods[0]
    assert (period.starts_on, period.ends_on) == (date(2023, 4, 1), date(2026, 3, 31))
    assert read_profile(find_profile("gifu")).plan_periods[0].ends_on is None


def test_find_profile_takes_a_name_or_a_path() -> None:
    assert find_profile("gifu") == PROFILES / "gifu.toml"
    assert find_profile("./gifu.toml") == Path("gifu.toml")


# --- what must stay true of the code around


def _entries(entry: type[Any]) -> list[type[Any]]:
    """`entry` and the dataclasses its fields are made of."""
    named = re.findall(r"\b(\w+Entry)\b", " ".join(str(spec.type) for spec in fields(entry)))
    found = [getattr(profile_entries, name) for name in named]
    return [entry, *(deeper for inner in found for deeper in _entries(inner))]


def test_every_key_is_explained() -> None:
    guide = (ROOT / "docs" / "profile.md").read_text(encoding="utf-8")
    entries = _entries(Profile)
    assert len(entries) > 10
    assert all(is_dataclass(entry) for entry in entries)
    keys = {toml_key(spec) for entry in entries for spec in fields(entry)}
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", guide)) == []


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        (profile_entries.SECTORS, enums.Sector),
        (profile_entries.FORMS, enums.OperationForm),
        (profile_entries.PROGRAMME_KINDS, enums.ProgrammeKind),
        (profile_entries.STATUSES, enums.ProgrammeStatus),
        (profile_entries.CONSENT_RULES, enums.ConsentRule),
        (profile_entries.RHYTHMS, enums.RhythmKind),
        (profile_entries.AGENDA_TYPES, enums.AgendaType),
        (profile_entries.DECIDERS, enums.Decider),
        (profile_entries.SIGNATURES, enums.Signature),
        (profile_entries.SOURCES, enums.IndicatorSource),
        (profile_entries.DIRECTIONS, enums.Direction),
        ((*profile_entries.ROLES, "system_administrator", "guest"), enums.RoleKey),
    ],
)
def test_words_of_profiles_are_the_choices_of_the_models(
    words: tuple[str, ...], choices: Any
) -> None:
    assert set(words) == set(choices.values) - {""}


def test_no_python_file_names_a_city() -> None:
    """V7: code knows rules, never city names. Demo data may."""
    names = []
    for name in NAMES:
        city = read_profile(find_profile(name)).city
        names += [city.name.removesuffix("市"), rf"(?<![a-z]){city.code}(?![a-z])"]
    pattern = re.compile("|".join(names), re.IGNORECASE)
    guilty = [
        f"{path.relative_to(ROOT)}:{number}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if "demo" not in path.relative_to(ROOT).parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert guilty == []
