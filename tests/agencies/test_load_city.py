"""Loading a profile: once, twice, changed, with rows gone and rows added by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agencies import loading
from agencies.loading import LoadSummary, load_profile
from agencies.models import (
    Agency,
    ConferenceType,
    Indicator,
    LegalBasis,
    Municipality,
    PlanPeriod,
    Programme,
    RoleName,
    RoutingHint,
    StandingMember,
)
from agencies.profile import find_profile, read_profile
from tests.owner import as_owner

pytestmark = pytest.mark.django_db

NAMES = ("nagaokakyo", "gifu", "kusatsu", "kurume", "katori")
CITY = """
[city]
code = "x"
name = "架空市"
prefecture = "架空県"
project_name = "事業"
"""
AGENCIES = """
[[agencies]]
code = "a"
name = "第一機関"
sectors = ["elderly"]
[[agencies]]
code = "b"
name = "第二機関"
sectors = ["child"]
[[agencies]]
code = "t"
name = "種別"
sectors = ["elderly"]
count = 3
"""
PROGRAMME = """
[[programmes]]
code = "p"
kind = "related"
name = "事業"
agencies = ["a", "t"]
"""
CONFERENCES = """
[[conferences]]
code = "k"
name = "重層的支援会議"
bases = ["guideline"]
host = "a"
joint_with = "m"
members = [{agency="a", mandatory=true}, {agency="b", by_item=true}, {name="学校等", kind="other"}]
[[conferences]]
code = "m"
name = "支援会議"
bases = ["106-6"]
host = "a"
secretariat = "b"
consent = "not_required"
joint_with = "k"
members = [{agency="a"}]
"""

Load = Callable[[str], LoadSummary]


@pytest.fixture(autouse=True)
def _over_the_owners_login(db: None) -> Iterator[None]:
    """As the command does."""
    with as_owner():
        yield


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a profile of CITY and these words."""

    def load(words: str = "") -> LoadSummary:
        path = tmp_path / "city.toml"
        path.write_text(CITY + words, encoding="utf-8")
        return load_profile(read_profile(path))

    return load


def _add_agency(code: str, **values: object) -> Agency:
    group = Group.objects.create(name=f"by-hand:{code}")
    city = Municipality.objects.get(code="x")
    return Agency.objects.create(group=group, municipality=city, code=code, name=code, **values)


# --- the five cities


@pytest.mark.parametrize("name", NAMES)
def test_load_profile_of_a_seed_city_writes_all_of_it(name: str) -> None:
    profile = read_profile(find_profile(name))
    load_profile(profile)
    city = Municipality.objects.get(code=name)
    assert (city.name, city.project_name) == (profile.city.name, profile.city.project_name)
    for model, entries in {
        Agency: profile.agencies,
        Programme: profile.programmes,
        ConferenceType: profile.conferences,
        Indicator: profile.indicators,
    }.items():
        rows = model.objects.filter(municipality=city, ended_on=None).order_by("order")
        assert [row.code for row in rows] == [entry.code for entry in entries]
    members = StandingMember.objects.filter(municipality=city).count()
    assert members == sum(len(conference.members) for conference in profile.conferences)
    bases = {basis for conference in profile.conferences for basis in conference.bases}
    assert bases <= set(LegalBasis.objects.values_list("code", flat=True))


@pytest.mark.parametrize("name", NAMES)
def test_load_profile_twice_changes_nothing_and_says_so(name: str) -> None:
    profile = read_profile(find_profile(name))
    assert not load_profile(profile).is_unchanged
    with CaptureQueriesContext(
        connection,
    ) as queries:
        summary = load_profile(profile)
    assert summary.is_unchanged
    assert str(summary) == f"{profile.city.name}: 変更はありません"
    verbs = {query["sql"].split()[0] for query in queries.captured_queries}
    assert verbs <= {"SELECT", "SAVEPOINT", "RELEASE"}


def test_cities_with_the_same_codes_stay_apart() -> None:
    for name in NAMES:
        load_profile(read_profile(find_profile(name)))
    counts = Agency.objects.filter(code="hokatsu").values_list(
        "municipality__code", "is_type", "expected_count"
    )
    assert set(counts) == {
        ("gifu", True, 19),
        ("kurume", True, 11),
        ("kusatsu", False, None),
    }
    assert all(load_profile(read_profile(find_profile(name))).is_unchanged for name in NAMES)


def test_load_profile_writes_the_merged_body_and_who_decides() -> None:
    load_profile(read_profile(find_profile("gifu")))
    city = Municipality.objects.get()
    body = ConferenceType.objects.get()
    assert (body.bases, body.consent, body.rhythm_kind) == (["106-6"], "best_effort", "per_case")
    assert body.is_secret
    assert body.may_person_attend is True
    assert (city.decided_by, city.decision_agency_code) == ("agency", "juso-suishin")
    assert (city.draft_role, city.revision_decided_by) == ("coordinator", "agency")
    name = RoleName.objects.get(role="coordinator").name
    assert name == "福祉まるごと支援員"


def test_load_profile_writes_the_fourth_wednesday_and_the_targets() -> None:
    load_profile(read_profile(find_profile("kurume")))
    body = ConferenceType.objects.get(code="support-conference")
    rhythm = (body.rhythm_kind, body.rhythm_nth, body.rhythm_weekday, body.is_ad_hoc_allowed)
    assert rhythm == ("monthly_nth_weekday", 4, "wed", True)
    assert body.joint_with is not None
    assert body.joint_with.code == "plan-conference"
    first = Indicator.objects.get(code="sasaeai-jikkan")
    assert (first.baseline_value, first.baseline_period) == (Decimal("64.10"), "H31・R1")
    assert (first.target_value, first.target_year) == (Decimal("70.00"), 2025)
    yearly = Indicator.objects.filter(is_target_yearly=True).order_by("order")
    assert [indicator.target_value for indicator in yearly] == [24, 30, 36]


def test_load_profile_writes_the_plan_period_and_wording() -> None:
    load_profile(read_profile(find_profile("nagaokakyo")))
    load_profile(read_profile(find_profile("kusatsu")))
    period = PlanPeriod.objects.get()
    assert (period.starts_on, period.ends_on) == (date(2023, 4, 1), date(2026, 3, 31))
    assert Municipality.objects.get(code="nagaokakyo").wording_shogai == "障がい"
    silent = Municipality.objects.get(code="kusatsu")
    assert (silent.wording_shogai, silent.wording_kodomo) == ("障害", "子ども")
    assert silent.consent_age == 15


# --- what a load leaves, changes and ends


def test_vanished_rows_are_ended_and_come_back(load: Load) -> None:
    words = AGENCIES + PROGRAMME + CONFERENCES
    load(words)
    summary = load(AGENCIES)
    assert str(summary) == "架空市: 事業 終了1件、会議 終了2件、会議の構成員 終了4件"
    programme = Programme.objects.get()
    assert programme.ended_on is not None
    assert load(AGENCIES).is_unchanged
    assert str(load(words)) == "架空市: 事業 変更1件、会議 変更2件、会議の構成員 変更4件"
    programme.refresh_from_db()
    assert programme.ended_on is None
    assert Programme.objects.count() == 1


def test_vanished_agency_keeps_its_group(load: Load) -> None:
    load(AGENCIES)
    summary = load()
    assert str(summary) == "架空市: 機関 終了3件"
    assert Group.objects.filter(agency__code="a").exists()


def test_changed_rows_are_written_and_counted_once(load: Load) -> None:
    load(AGENCIES + CONFERENCES)
    words = AGENCIES.replace("第一機関", "新しい機関") + CONFERENCES.replace(
        "guideline", "106-4-2-6"
    )
    summary = load(words.replace('\njoint_with = "k"', "").replace('\njoint_with = "m"', ""))
    assert str(summary) == "架空市: 機関 変更1件、会議 変更2件"
    assert Agency.objects.get(code="a").name == "新しい機関"
    assert ConferenceType.objects.get(code="k").joint_with is None


def test_another_order_is_written_but_is_no_change(load: Load) -> None:
    first, second, third = AGENCIES.split("[[agencies]]")[1:]
    load(AGENCIES)
    summary = load(f"[[agencies]]{second}[[agencies]]{first}[[agencies]]{third}")
    assert summary.is_unchanged
    codes = Agency.objects.order_by("order").values_list("code", flat=True)
    assert list(codes) == ["b", "a", "t"]


def test_agencies_added_by_hand_stay_and_keep_their_programme(load: Load) -> None:
    load(AGENCIES + PROGRAMME)
    under_type = _add_agency("t1", of_type=Agency.objects.get(code="t"))
    fictional = _add_agency("f1", is_fictional=True)
    programme = Programme.objects.get()
    programme.agencies.add(under_type, fictional)
    assert load(AGENCIES + PROGRAMME).is_unchanged
    assert str(load(AGENCIES + PROGRAMME.replace('"a", "t"', '"b"'))) == "架空市: 事業 変更1件"
    codes = programme.agencies.order_by("code").values_list("code", flat=True)
    assert list(codes) == ["b", "f1", "t1"]
    assert not Agency.objects.exclude(ended_on=None).exists()


def test_secretariat_left_out_is_the_host(load: Load) -> None:
    load(AGENCIES + CONFERENCES)
    plan, support = ConferenceType.objects.order_by("order")
    assert plan.secretariat is not None
    assert support.secretariat is not None
    assert (plan.secretariat.code, support.secretariat.code) == ("a", "b")


def test_member_asked_item_by_item_is_no_standing_agency(load: Load) -> None:
    """V3: a consent to the standing members must not reach who comes only now and then."""
    load(AGENCIES + CONFERENCES)
    members = StandingMember.objects.filter(conference_type__code="k").order_by("order")
    rows = members.values_list("agency__code", "name", "is_mandatory", "is_by_item")
    by_item = {row[:3]: row[3] for row in rows}
    assert by_item[("b", "", False)]
    assert not by_item[("a", "", True)]


def test_hints_with_the_same_partner_are_rows_of_their_own(load: Load) -> None:
    hint = '[[routing_hints]]\nwhen = "高齢者"\npartner = "機関"\n'
    load(hint + hint.replace("高齢者", "学齢期"))
    assert RoutingHint.objects.count() == 2
    assert str(load(hint)) == "架空市: つなぎ先のめやす 終了1件"


def test_load_that_fails_midway_leaves_nothing(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(loading._Load, "lists", fail)
    with pytest.raises(RuntimeError):
        load(AGENCIES)
    assert not Municipality.objects.exists()
    assert not Group.objects.exists()


def test_longest_values_fit_the_columns(load: Load) -> None:
    """Whatever a profile may hold, its column holds too: read_profile is the only limit."""
    n20, n40, n60, n100, n200 = ("字" * length for length in (20, 40, 60, 100, 200))
    code = "c" * 40
    summary = load(f"""
responsible_unit = "{n100}"
started_on = "{n40}"
[[plan_periods]]
title = "{n100}"
revised = ["2023-03"]
[[agencies]]
code = "{code}"
name = "{n100}"
sectors = ["participation"]
form = "group_subsidised"
operator = "{n100}"
unit = "{n100}"
site_type = "integrated"
catchment = {{ kind = "junior_high_school_district", names = ["{n60}"] }}
local_role_names = ["{n60}"]
note = "{n200}"
[[programmes]]
code = "{code}"
kind = "comprehensive_consultation"
go = "10ト"
name = "{n100}"
unit = "{n100}"
staffing = "{n100}"
count = 9999
agencies = ["{code}"]
[roles]
participation_worker = "{n100}"
[[conferences]]
code = "{code}"
name = "{n100}"
short_name = "{n40}"
bases = ["106-4-2-5", "106-4-2-6", "106-6", "guideline"]
chair = "{n100}"
rhythm = {{ kind = "monthly_nth_weekday", nth = 5, weekday = "sun" }}
members = [{{ name = "{n100}", kind = "resident" }}]
agenda_types = ["information_sharing"]
closes_days = 365
[plan_flow]
draft_role = "participation_worker"
decided_by = "agency"
decision_agency = "{code}"
revision_decided_by = "conference"
signature = "record_only"
[monitoring]
default_plan_months = 60
monitor_every_months = 60
reminder_days = 365
[[intake_criteria]]
key = "{code}"
text = "{n200}"
[[intake_items]]
code = "{code}"
label = "{"字" * 60}"
kind = "choices"
options = ["{n40}"]
only = "without_consent"
category = "disability"
[[assessment_items]]
code = "{code}"
category = "household"
kind = "background"
text = "{n100}"
[[routing_hints]]
when = "{n200}"
partner = "{n200}"
[[committees]]
code = "{code}"
name = "{n100}"
purpose = "{"字" * 300}"
inputs = ["anonymised_cases"]
[[indicators]]
code = "{code}"
label = "{n100}"
unit = "{n20}"
baseline = {{ value = 999999999999.99, period = "{n40}" }}
target = {{ value = 999999999999.99, fiscal_year = 2100 }}
source = "computed"
formula = "support_conference_sittings"
direction = "keep"
""")
    assert len(summary.tables) == 13
    assert all(tally.created for tally in summary.tables.values())


# --- the command


def test_load_city_prints_what_it_did_in_japanese() -> None:
    out = StringIO()
    call_command("load_city", "kusatsu", stdout=out)
    call_command("load_city", str(find_profile("kusatsu")), stdout=out)
    first, second = out.getvalue().splitlines()
    assert first.startswith("草津市: 市の基本情報 追加1件、機関 追加2件、事業 追加5件")
    assert second == "草津市: 変更はありません"


def test_load_city_is_silent_when_asked_to() -> None:
    out = StringIO()
    call_command("load_city", "kusatsu", verbosity=0, stdout=out)
    assert out.getvalue() == ""


def test_load_city_with_a_bad_profile_fails_with_every_reason(tmp_path: Path) -> None:
    path = tmp_path / "city.toml"
    path.write_text(CITY + "colour = 1\nstarted_on = 5\n", encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        call_command("load_city", str(path))
    assert caught.value.returncode == 1
    lines = str(caught.value).splitlines()
    assert lines[0] == "プロファイルを読み込めません。"
    assert [line.split(": ")[1] for line in lines[1:]] == ["city.colour", "city.started_on"]
    assert not Municipality.objects.exists()
