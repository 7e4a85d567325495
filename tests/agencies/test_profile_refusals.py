"""Every way in which a city's profile is refused, with the key and the reason it names."""

from pathlib import Path

import pytest

from agencies.models import ConferenceType
from agencies.profile import ProfileError, read_profile
from meetings.calendar import REGULAR, rhythm_of

CITY = """
[city]
code = "x"
name = "架空市"
prefecture = "架空県"
project_name = "事業"
"""
AGENCY = """
[[agencies]]
code = "a"
name = "機関"
sectors = ["elderly"]
"""
TYPE = """
[[agencies]]
code = "t"
name = "種別"
sectors = ["elderly"]
count = 3
"""
CONFERENCE = """
[[conferences]]
code = "k"
name = "会議"
bases = ["guideline"]
"""
ITEM = "[[intake_items]]\ncode='k'\nlabel='x'\n"
QUESTION = "[[assessment_items]]\ncode = 'q'\ncategory = 'money'\nkind = 'problem'\ntext = 'x'\n"
LEVEL = "[[risk_levels]]\nsheet='child'\ncode='c'\nname='x'\nmeaning='x'\nsource='x'\n"
INDICATOR = """
[[indicators]]
code = "i"
label = "割合"
unit = "%"
source = "survey"
"""
PROGRAMME = """
[[programmes]]
code = "p"
kind = "related"
name = "事業"
"""
PERIOD = """
[[plan_periods]]
title = "計画"
"""


def _write(folder: Path, words: str) -> Path:
    path = folder / "city.toml"
    path.write_text(words, encoding="utf-8")
    return path


def _problems(folder: Path, words: str) -> list[str]:
    """What a profile of CITY and these words is refused for; empty when it is taken."""
    try:
        read_profile(_write(folder, CITY + words))
    except ProfileError as error:
        return [f"{problem.key}: {problem.reason}" for problem in error.problems]
    return []


# --- files that are refused


def test_missing_file_is_refused_in_the_same_form(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"^none\.toml: ファイル: ファイルがありません$"):
        read_profile(tmp_path / "none.toml")


def test_folder_is_refused_in_the_same_form(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r": ファイル: ファイルを開けません$"):
        read_profile(tmp_path)


def test_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "city.toml"
    path.write_bytes('[city]\nname = "架空市"\n'.encode("cp932"))
    with pytest.raises(
        ProfileError, match=r"^city\.toml: ファイル: 文字コードがUTF-8ではありません"
    ):
        read_profile(path)


def test_huge_file_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "#" * 1_000_001)
    with pytest.raises(ProfileError, match="ファイルが大きすぎます"):
        read_profile(path)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("[city\n", "1行目の6文字目"),
        ("[city]\nname = 1\nname = 2\n", "ファイルの終わり|3行目"),
        ("[city]\nstarted_on = 2023-02-30\n", "2行目"),
        ("a = " + "9" * 5000, "ファイルの終わり"),
        ("a = " + "[" * 5000, "入れ子が深すぎます"),
    ],
)
def test_what_is_not_toml_is_refused_with_its_place(tmp_path: Path, words: str, place: str) -> None:
    with pytest.raises(ProfileError, match=rf"city\.toml: ファイル: TOMLとして.*({place})"):
        read_profile(_write(tmp_path, words))


def test_windows_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "city.toml"
    path.write_bytes(b"\xef\xbb\xbf" + CITY.replace("\n", "\r\n").encode())
    assert read_profile(path).city.name == "架空市"


# --- values that are refused

BAD: list[tuple[str, str, str]] = [
    ("colour = 1", "city.colour", "知らない項目です（使える項目: code・name・"),
    ("stated_on = 'R5'", "city.stated_on", "知らない項目です（「started_on」のことでしょうか）"),
    ("responsible_unit = 3", "city.responsible_unit", "文字列（引用符で囲む）で書きます"),
    ("responsible_unit = ' 課'", "city.responsible_unit", "前後の空白、改行、見えない文字"),
    ('responsible_unit = "a\\nb"', "city.responsible_unit", "前後の空白、改行、見えない文字"),
    ('responsible_unit = "課\\u200b"', "city.responsible_unit", "前後の空白、改行、見えない文字"),
    (
        f"responsible_unit = '{'課' * 101}'",
        "city.responsible_unit",
        "100文字以内で書きます（いまは101",
    ),
    ("[citty]", "citty", "知らない項目です（「city」のことでしょうか）"),
    (
        "[wording]\nshogai = 'しょうがい'",
        "wording.shogai",
        "「しょうがい」は使えません（障害・障がい",
    ),
    ("wording = 1", "city.wording", "知らない項目です"),
    ("[agencies]", "agencies", "[[agencies]] の見出しで、1件ずつ書きます"),
    ("[[agencies]]\nname = '無名'", "agencies[1].code", "必ず書いてください"),
    ("[[agencies]]\ncode = 'b'\nname = '機関'\nsectors = []", "agencies[b].sectors", "必ず書いて"),
    (AGENCY + "form = 'owned'", "agencies[a].form", "「owned」は使えません（direct・outsourced"),
    (AGENCY + "form = ['direct']", "agencies[a].form", "は使えません"),
    (AGENCY + "count = 1", "agencies[a].count", "2から9999までの整数で書きます"),
    (AGENCY + "count = true", "agencies[a].count", "2から9999までの整数で書きます"),
    (AGENCY + "model_project = 1", "agencies[a].model_project", "true か false で書きます"),
    (AGENCY + "catchment = 'city'", "agencies[a].catchment", "表（[ ] の見出し、または { }）"),
    (AGENCY + "catchment = {kind='moon'}", "agencies[a].catchment.kind", "「moon」は使えません"),
    (
        AGENCY + "local_role_names = 'x'",
        "agencies[a].local_role_names",
        "[ ] で囲んだ並びで書きます",
    ),
    (AGENCY + "local_role_names = ['']", "agencies[a].local_role_names", "空の値は書けません"),
    (AGENCY + "local_role_names = ['x', 'x']", "agencies[a].local_role_names", "「x」が2回"),
    (AGENCY + AGENCY, "agencies[a].code", "「a」が2回使われています"),
    (AGENCY.replace("'a'", "'A b'").replace('"a"', '"A b"'), "agencies[A b].code", "「A b」は使え"),
    (PROGRAMME + "agencies = ['zz']", "programmes[p].agencies", "「zz」という機関は agencies に"),
    (PROGRAMME + "go = '1八'", "programmes[p].go", "「1八」は使えません。「2」「1イ」のように"),
    (PROGRAMME + "go_printed = true", "programmes[p].go_printed", "go が空のときは true に"),
    (PROGRAMME + "count = 0", "programmes[p].count", "1から9999までの整数で書きます"),
    (PERIOD + "from = '2023-04-01'", "plan_periods[1].from", "日付は 2023-04-01 のように"),
    (PERIOD + "from = 2023-04-01T00:00:00", "plan_periods[1].from", "日付は 2023-04-01 のように"),
    (PERIOD + "to = 2023-04-01", "plan_periods[1].from", "to を書くときは必ず書いてください"),
    (PERIOD + "from = 2023-04-02\nto = 2023-04-01", "plan_periods[1].to", "from より前の日付です"),
    (PERIOD + "revised = ['2023-13']", "plan_periods[1].revised", "「2023-13」は使えません"),
    (PERIOD + PERIOD, "plan_periods[計画].title", "「計画」が2回使われています"),
    (
        PERIOD + "from = 2023-04-01" + PERIOD.replace("計画", "次") + "from = 2024-04-01",
        "plan_periods[2].from",
        "前の計画期間と重なっています",
    ),
    (CONFERENCE.replace('["guideline"]', "[]"), "conferences[k].bases", "必ず書いてください"),
    (
        CONFERENCE + "consent = 'best_effort'",
        "conferences[k].consent",
        "best_effort は bases に 106-6",
    ),
    (CONFERENCE + "consent = 'not_required'", "conferences[k].consent", "not_required は bases に"),
    (CONFERENCE + "host = 'zz'", "conferences[k].host", "「zz」という機関は agencies にありません"),
    (TYPE + CONFERENCE + "host = 't'", "conferences[k].host", "数だけの行（count）なので"),
    (TYPE + CONFERENCE + "secretariat = 't'", "conferences[k].secretariat", "数だけの行（count）"),
    (CONFERENCE + "joint_with = 'zz'", "conferences[k].joint_with", "という会議は conferences に"),
    (CONFERENCE + "joint_with = 'k'", "conferences[k].joint_with", "自分自身とは同時開催に"),
    (
        CONFERENCE + "joint_with = 'm'" + CONFERENCE.replace('"k"', '"m"'),
        "conferences[k].joint_with",
        "「m」の joint_with にも「k」と書きます",
    ),
    (
        CONFERENCE
        + "joint_with = 'm'\nrhythm = {kind='monthly'}"
        + CONFERENCE.replace('"k"', '"m"')
        + "joint_with = 'k'",
        "conferences[k].joint_with",
        "同時開催なのに rhythm が「m」と違います",
    ),
    (CONFERENCE + "rhythm = {kind='weekly'}", "conferences[k].rhythm.kind", "「weekly」は使え"),
    (
        CONFERENCE + "rhythm = {kind='monthly_nth_weekday', nth=4}",
        "conferences[k].rhythm.weekday",
        "第n曜日は nth と weekday の両方を書きます",
    ),
    (
        CONFERENCE + "rhythm = {kind='monthly_nth_weekday', nth=6, weekday='wed'}",
        "conferences[k].rhythm.nth",
        "1から5までの整数で書きます",
    ),
    (
        CONFERENCE + "rhythm = {kind='monthly_nth_weekday', nth=4, weekday='水'}",
        "conferences[k].rhythm.weekday",
        "「水」は使えません（mon・tue・wed・thu・fri・sat・sun のどれか）",
    ),
    (
        CONFERENCE + "rhythm = {kind='monthly', months=2}",
        "conferences[k].rhythm.months",
        "kind が every_n_months のときだけ書きます",
    ),
    (
        CONFERENCE + "rhythm = {kind='every_n_months'}",
        "conferences[k].rhythm.months",
        "kind が every_n_months のときは必ず書いてください",
    ),
    (
        CONFERENCE + "rhythm = {kind='every_n_months', months=5}",
        "conferences[k].rhythm.months",
        "2・3・4・6・12のどれかで書きます",
    ),
    (
        CONFERENCE + "rhythm = {kind='every_n_months', months=2, weekday='wed'}",
        "conferences[k].rhythm.nth",
        "第n曜日は nth と weekday の両方を書きます",
    ),
    (
        CONFERENCE + "rhythm = {kind='monthly', nth=1, weekday='wed'}",
        "conferences[k].rhythm.nth",
        "kind が monthly_nth_weekday か every_n_months のときだけ書きます",
    ),
    (CONFERENCE + "members = [{}]", "conferences[k].members[1]", "agency と name のどちらか一方"),
    (
        CONFERENCE + "members = [{name='学校等'}]",
        "conferences[k].members[1].kind",
        "name で書いた構成員には必ず書いてください",
    ),
    (
        AGENCY + CONFERENCE + "members = [{agency='a', kind='city'}]",
        "conferences[k].members[1].kind",
        "agency を書いた構成員には書きません",
    ),
    (
        AGENCY + CONFERENCE + "members = [{agency='a', mandatory=true, by_item=true}]",
        "conferences[k].members[1].by_item",
        "mandatory（必須）の構成員は案件ごとにはできません",
    ),
    (
        AGENCY + CONFERENCE + "members = [{agency='a'}, {agency='a'}]",
        "conferences[k].members",
        "「a」が2回書かれています",
    ),
    (CONFERENCE + "members = [{agency='zz'}]", "conferences[k].members[1].agency", "「zz」という"),
    (CONFERENCE + "agenda_types = ['tea']", "conferences[k].agenda_types", "「tea」は使えません"),
    (CONFERENCE + "closes_days = -1", "conferences[k].closes_days", "0から365までの整数で"),
    ("[plan_flow]\ndraft_role = 'mayor'", "plan_flow.draft_role", "「mayor」は使えません"),
    ("[plan_flow]\ndecided_by = 'agency'", "plan_flow.decision_agency", "機関が決めるときは必ず"),
    (
        AGENCY + "[plan_flow]\ndecided_by = 'conference'\ndecision_agency = 'a'",
        "plan_flow.decision_agency",
        "機関が決めるときだけ書きます",
    ),
    ("[monitoring]\nreminder_days = 0", "monitoring.reminder_days", "1から365までの整数で書きます"),
    ("[[intake_criteria]]\nkey = 'k'", "intake_criteria[k].text", "必ず書いてください"),
    ("[[intake_criteria]]\nkey = 'k'\ntext = 'x'\n" * 2, "intake_criteria[k].key", "「k」が2回"),
    ("[[intake_items]]\ncode='k'\nkind='line'", "intake_items[k].label", "必ず書いてください"),
    (ITEM + "kind='tick'", "intake_items[k].kind", "「tick」は使えません"),
    (ITEM + "kind='choice'", "intake_items[k].options", "選択肢を必ず書いてください"),
    (ITEM + "kind='line'\noptions=['a']", "intake_items[k].options", "選ぶ項目のときだけ"),
    (ITEM + "kind='line'\nonly='sometimes'", "intake_items[k].only", "「sometimes」は使えません"),
    (ITEM + "kind='line'\ncategory='informant'", "intake_items[k].category", "は使えません"),
    ((ITEM + "kind='line'\n") * 2, "intake_items[k].code", "「k」が2回"),
    (QUESTION.replace("'money'", "'notifier'"), "assessment_items[q].category", "「notifier」は使"),
    (QUESTION.replace("'problem'", "'hunch'"), "assessment_items[q].kind", "「hunch」は使えません"),
    (QUESTION * 2, "assessment_items[q].code", "「q」が2回"),
    (LEVEL.replace("'child'", "'adult'"), "risk_levels[c].sheet", "「adult」は使えません"),
    (LEVEL + "any_of=['9']", "risk_levels[c].any_of", "「9」は使えません"),
    (LEVEL.replace("source='x'", ""), "risk_levels[c].source", "必ず書いてください"),
    (LEVEL.replace("name='x'", "name='" + "あ" * 21 + "'"), "risk_levels[c].name", "20文字"),
    (LEVEL * 2, "risk_levels[child.c].code", "「child.c」が2回"),
    ("[[routing_hints]]\nwhen = 'x'\npartner = 'y'\n" * 2, "routing_hints", "「x」→「y」が2回"),
    ("[roles]\nmayor = '市長'", "roles.mayor", "知らない項目です（使える項目: consultation_worker"),
    (
        INDICATOR + "baseline = {value=100.1, period='R5'}",
        "indicators[i].baseline.value",
        "割合は0から",
    ),
    (INDICATOR + "baseline = {value=50}", "indicators[i].baseline.period", "必ず書いてください"),
    (INDICATOR + "target = {per='year'}", "indicators[i].target.value", "必ず書いてください"),
    (
        INDICATOR + "target = {value=101, per='year'}",
        "indicators[i].target.value",
        "割合は0から100",
    ),
    (INDICATOR + "target = {value=-1, per='year'}", "indicators[i].target.value", "0以上の数で"),
    (INDICATOR + "target = {value=nan, per='year'}", "indicators[i].target.value", "0以上の数で"),
    (INDICATOR + "target = {value=inf, per='year'}", "indicators[i].target.value", "0以上の数で"),
    (INDICATOR + "target = {value=0.123, per='year'}", "indicators[i].target.value", "0以上の数で"),
    (INDICATOR + "target = {value='5', per='year'}", "indicators[i].target.value", "0以上の数で"),
    (INDICATOR + "target = {value=50}", "indicators[i].target", "fiscal_year（年度）と per"),
    (
        INDICATOR + "target = {value=50, per='year', fiscal_year=2025}",
        "indicators[i].target",
        "どちらか一方だけを書きます",
    ),
    (INDICATOR + "formula = 'new_consultations'", "indicators[i].formula", "computed のときだけ"),
    (
        INDICATOR.replace("survey", "computed"),
        "indicators[i].formula",
        "source が computed のときは必ず書いてください",
    ),
    (
        INDICATOR.replace("survey", "computed") + "formula = 'happiness'",
        "indicators[i].formula",
        "「happiness」は使えません",
    ),
]


@pytest.mark.parametrize(("words", "key", "reason"), BAD, ids=[f"{b[1]} {b[2]}" for b in BAD])
def test_bad_value_is_refused_with_key_and_reason(
    tmp_path: Path, words: str, key: str, reason: str
) -> None:
    assert [
        problem
        for problem in _problems(tmp_path, words)
        if problem.startswith(f"{key}: ") and reason in problem
    ]


def test_smallest_profile_is_taken(tmp_path: Path) -> None:
    assert _problems(tmp_path, AGENCY + TYPE + CONFERENCE + INDICATOR + PROGRAMME + PERIOD) == []


def test_city_is_required(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"^city\.toml: city: 必ず書いてください$"):
        read_profile(_write(tmp_path, AGENCY))


def test_all_problems_are_told_at_once_one_a_line(tmp_path: Path) -> None:
    words = "colour = 1\n" + AGENCY + "form = 'x'" + CONFERENCE + "consent = 'not_required'"
    with pytest.raises(ProfileError) as caught:
        read_profile(_write(tmp_path, CITY + words))
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["city.toml", "city.colour"],
        ["city.toml", "agencies[a].form"],
        ["city.toml", "conferences[k].consent"],
    ]


def test_consent_left_out_means_required(tmp_path: Path) -> None:
    profile = read_profile(_write(tmp_path, CITY + CONFERENCE))
    assert profile.conferences[0].consent_rule == "required"


@pytest.mark.parametrize("rule", ["best_effort", "not_required"])
def test_weaker_consent_is_taken_where_secrecy_is_among_the_bases(
    tmp_path: Path, rule: str
) -> None:
    words = CONFERENCE.replace('"guideline"', '"106-4-2-5", "106-6"') + f"consent = '{rule}'"
    assert _problems(tmp_path, words) == []


@pytest.mark.parametrize(
    "rhythm",
    [
        "{}",
        "{kind='monthly', ad_hoc=true}",
        "{kind='monthly_nth_weekday', nth=5, weekday='sun'}",
        "{kind='every_n_months', months=6}",
        "{kind='every_n_months', months=2, nth=2, weekday='mon'}",
        "{kind='per_case'}",
        "{kind='ad_hoc'}",
    ],
)
def test_rhythm_that_fits_together_is_taken_and_can_be_planned(tmp_path: Path, rhythm: str) -> None:
    profile = read_profile(_write(tmp_path, CITY + CONFERENCE + f"rhythm = {rhythm}"))
    entry = profile.conferences[0].rhythm
    named = {"nth": entry.nth, "weekday": entry.weekday, "months": entry.months}
    body = ConferenceType(
        rhythm_kind=entry.kind, **{f"rhythm_{name}": value for name, value in named.items()}
    )
    assert (rhythm_of(body) is not None) == (entry.kind in REGULAR)


def test_past_periods_may_follow_each_other(tmp_path: Path) -> None:
    words = PERIOD + "from = 2020-04-01\nto = 2023-03-31"
    words += PERIOD.replace("計画", "次") + "from = 2023-04-01"
    assert _problems(tmp_path, words) == []
