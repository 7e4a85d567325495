"""A sixth city, written from docs/profile.md alone, holds its first sitting.

No line outside this file knows 潮見原市. It has its own words and roles, a plan drafted by the
consultation worker, signed, and decided by a body of residents and agencies on every second
Thursday, and a second body under 106条の6 that meets per case.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.models import Agency, Committee, ConferenceType, Membership, Municipality
from agencies.tasks import file_due_jobs, sweep
from config.lib.fiscal import fiscal_year
from meetings.models import AgendaItem, Sitting
from tests import world as w
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]

CODE = "shiomihara"
CITY = """
# 第1章 潮見原市まるごと支え合い計画
[city]
code = "shiomihara"
name = "潮見原市"
prefecture = "架空県"
project_name = "まるごと支え合い事業"
consent_age = 16

[wording]
shogai = "障がい"
kodomo = "こども"

[[plan_periods]]
title = "潮見原市まるごと支え合い計画"
from = 2026-04-01
to = 2031-03-31
review = "end_of_period"

# 第2章 相談を受ける機関
[[agencies]]
code = "marugoto"
name = "まるごと相談室 ひがし"
sectors = ["elderly", "disability"]
operator = "社会福祉法人しおみ会"
catchment = { kind = "junior_high_school_district", names = ["東"] }

[[agencies]]
code = "kurashi"
name = "くらし立て直し室"
sectors = ["livelihood"]

[[agencies]]
code = "shakyo"
name = "潮見原市社会福祉協議会"
sectors = ["coordination", "community"]

[[agencies]]
code = "sasae"
name = "地域ささえ課"
sectors = ["city"]

[[agencies]]
code = "salon"
name = "通いの場"
sectors = ["community"]
count = 12

[roles]
consultation_worker = "伴走員"
coordinator = "つなぎ役"
office_head = "まるごと推進長"

# 第3章 会議
[[conferences]]
code = "tsunagaru"
name = "まるごとつながる会議"
short_name = "つながる会議"
bases = ["guideline"]
host = "sasae"
secretariat = "shakyo"
rhythm = { kind = "monthly_nth_weekday", nth = 2, weekday = "thu", ad_hoc = true }
agenda_types = ["plan_adequacy", "closure_evaluation"]
members = [
  { agency = "marugoto", mandatory = true },
  { name = "学校等", kind = "other", by_item = true },
]

[[conferences]]
code = "mimamori"
name = "みまもり連絡会"
bases = ["106-6"]
host = "shakyo"
consent = "not_required"
rhythm = { kind = "per_case" }
agenda_types = ["information_sharing", "watching"]
closes_days = 10

[plan_flow]
draft_role = "consultation_worker"
decided_by = "conference"
signature = "required"

[monitoring]
default_plan_months = 12

[[committees]]
code = "hyoka"
name = "支え合い評価委員会"
purpose = "事業の評価と見直し"
inputs = ["indicators", "community_issues"]

# 第5章 評価指標
[[indicators]]
code = "kaigi"
label = "まるごとつながる会議の開催"
unit = "回"
baseline = { value = 0, period = "R7" }
target = { value = 12, per = "year" }
source = "computed"
formula = "plan_conference_sittings"
direction = "up"
"""


def load(folder: Path) -> str:
    """What `load_city` says of the file."""
    (folder / "my-city.toml").write_text(CITY, encoding="utf-8")
    said = StringIO()
    call_command("load_city", str(folder / "my-city.toml"), stdout=said)
    return said.getvalue()


@pytest.fixture
def city(tmp_path: Path) -> Municipality:
    load(tmp_path)
    return Municipality.objects.get(code=CODE)


@dataclass
class Desk:
    """Somebody at the browser. Forms are sent as a browser does: what stands in the page, and
    what was typed over it."""

    member: Membership
    browser: Client

    def read(self, url: str, *, status: int = 200) -> str:
        response = self.browser.get(url)
        assert response.status_code == status, (url, response.status_code)
        return response.content.decode()

    def fill(self, url: str, **typed: object) -> str:
        """Fill in the page's form and send it; gives the address one is led to."""
        page = self.browser.get(url)
        assert page.status_code == 200, (url, page.status_code)
        form = page.context["sheet" if "sheet" in page.context else "form"]
        standing = {f.html_name: f.value() for f in form if f.value() not in (None, False)}
        return self.press(url, **(standing | typed))

    def press(self, url: str, **typed: object) -> str:
        response: Any = self.browser.post(url, typed)
        assert response.status_code == 302, response.content.decode()
        return str(response.url)

    def todos(self) -> list[str]:
        """The links of 今日の仕事."""
        return re.findall(r'href="([^"]+)"', self.read("/"))


def agency(code: str) -> Agency:
    return Agency.objects.get(municipality__code=CODE, code=code)


def desk(code: str, role: str) -> Desk:
    member = w.make_member(agency(code), role)
    return Desk(member, sign_in(Client(), member))


def tick() -> int:
    """Beat's tick and the worker's sweep, under their system memberships."""
    filed = file_due_jobs()
    sweep()
    return filed


def days(member: Membership) -> list[datetime.date | None]:
    with w.act(member):
        return list(Sitting.objects.order_by("on").values_list("on", flat=True))


def its_day_comes(member: Membership, url: str) -> None:
    """Time passes: the sitting of this page is today."""
    with w.act(member):
        rows = Sitting.objects.filter(pk=key_of(url))
        assert rows.update(on=timezone.localdate()) == 1


def key_of(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[1]


# --- the file ---------------------------------------------------------------------------------


def test_a_sixth_city_loads_twice_and_nothing_else_knows_it(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert first != second
    assert "変更はありません" in second
    city = Municipality.objects.get(code=CODE)
    assert (city.consent_age, city.signature, city.decided_by) == (16, "required", "conference")
    assert Committee.objects.get(municipality=city).inputs == ["indicators", "community_issues"]
    secret = {t.code: t.is_secret for t in ConferenceType.objects.filter(municipality=city)}
    assert secret == {"tsunagaru": False, "mimamori": True}
    rooms = [path.parent for path in Path(__file__).parents[2].glob("*/apps.py")]
    assert len(rooms) > 7
    for path in (path for room in rooms for path in room.rglob("*.py")):
        assert not re.search(f"{CODE}|潮見原", path.read_text(encoding="utf-8")), path


def test_its_own_words_stand_on_the_screens(city: Municipality) -> None:
    worker = desk("marugoto", "consultation_worker")
    assert "伴走員" in worker.read("/")
    sheet = worker.read(reverse("consultation_new"))
    assert "障がい" in sheet
    assert "障害" not in sheet
    meetings = worker.read(reverse("sitting_list"))
    assert "つながる会議" in meetings
    assert "みまもり連絡会" in meetings


def test_sittings_come_from_the_rhythm_off_the_holiday_and_never_twice(
    city: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = datetime.date
    coordinator = desk("shakyo", "coordinator").member
    monkeypatch.setattr("meetings.calendar.today", lambda: day(2027, 1, 20))
    assert tick() > 0
    # The second Thursday of February 2027 is 建国記念の日: the next day instead. 事案ごと: none.
    made = [day(2027, 2, 12), day(2027, 3, 11), day(2027, 4, 8)]
    assert days(coordinator) == made
    assert tick() == 0
    assert days(coordinator) == made
    monkeypatch.setattr("meetings.calendar.today", lambda: day(2027, 2, 1))
    assert tick() > 0
    assert days(coordinator) == made


# --- one household ----------------------------------------------------------------------------


def test_from_the_consultation_to_the_years_report(city: Municipality) -> None:
    worker, partner = (
        desk("marugoto", "consultation_worker"),
        desk("kurashi", "consultation_worker"),
    )
    office, reports = desk("shakyo", "coordinator"), desk("sasae", "city_administrator")
    tick()
    case = takes_consultation(worker)
    consents(worker, case, "shakyo", "kurashi")
    plan = drafts_plan(worker, case)
    partner.read(plan, status=404)

    sitting = proposes(worker, plan)
    partner.read(plan)  # the agenda brought the partner in, within the consent
    office.press(f"{sitting}notice/")
    its_day_comes(office.member, sitting)
    office.press(f"{sitting}open/")
    item = key_of(office.browser.get(f"{sitting}run/").url.removesuffix("run/"))
    attends(office, item)
    assert "実施中" not in worker.read(plan)
    office.fill(reverse("item_run", args=[item]), decision="adequate", opinion="家計から始める。")
    office.press(f"{sitting}close/")

    assert "実施中" in worker.read(plan)
    assert f"{plan}#roles" in partner.todos()
    assert "家計の見通しを一緒に立てる" in partner.read(reverse("plan_list"))
    assert figure(reports, "まるごとつながる会議の開催") == "1回"


def takes_consultation(worker: Desk) -> str:
    taken = worker.fill(
        reverse("consultation_new"),
        mode="with_consent",
        route="person_visit",
        complaint="家賃が払えない。体調も悪い。",
        urgency="middle",
        issue_debt="primary",
        **{"p1-name": "架空浜 凪", "p1-name_kana": "かくうはま なぎ", "p1-birth": "S60.4.1"},
    )
    return worker.press(f"{taken}case/")


def consents(worker: Desk, case: str, *codes: str) -> None:
    """The one person of the case says yes to these agencies."""
    (asked,) = set(re.findall(rf"{case}persons/[^/]+/consent/", worker.read(case)))
    named = [agency(code).pk for code in codes]
    worker.fill(asked, answer="given", method="signed", agencies=named)


def drafts_plan(worker: Desk, case: str) -> str:
    """Drafted and signed; without the signature this city lets nothing onto an agenda."""
    until = timezone.localdate().isoformat()
    plan = worker.fill(
        f"{case}plans/new/",
        programme="coordination",
        wishes="この家で暮らし続けたい。",
        aim="家計の見通しが立ち、通院を続けている。",
        goal_1_text="滞納の分割払い",
        goal_1_on=until,
        item_1_content="家計の見通しを一緒に立てる",
        item_1_agency=agency("kurashi").pk,
        item_1_until=until,
    )
    worker.read(f"{plan}submit/", status=403)
    worker.fill(f"{plan}sign/")
    worker.read(f"{plan}submit/")
    return plan


def proposes(worker: Desk, plan: str) -> str:
    """On the next regular sitting's agenda; gives the sitting's address."""
    choose = f"{reverse('item_new')}?plan={key_of(plan)}"
    places = re.findall(r'href="([^"]+&amp;sitting=([^"&]+)[^"]*)"', worker.read(choose))
    assert len({key for _url, key in places}) >= 3
    url, sitting = places[0]
    worker.fill(
        url.replace("&amp;", "&"), briefing="家賃の滞納。", participants=[agency("kurashi").pk]
    )
    return reverse("sitting_detail", args=[sitting])


def attends(office: Desk, item: str) -> None:
    # marugoto: has to be there, as the profile says
    present = {f"a:{agency(code).pk}": "present" for code in ("kurashi", "marugoto")}
    present["name"] = "本人"
    office.press(reverse("item_attendance", args=[item]), **present)
    assert "くらし立て直し室" in office.read(reverse("item_print", args=[item]))


def figure(reports: Desk, label: str) -> str:
    """The year's value of one of the city's own indicators, counted by the worker."""
    year = reverse("report_year", args=[fiscal_year(timezone.localdate())])
    reports.press(f"{year}recount/")
    sweep()
    row = reports.read(year).split(label, 1)[1].split("</tr>")[0]
    found = re.search(r"<b>(.*?)</b>", row)
    assert found is not None, row
    return found[1]


# --- the body under 106条の6 --------------------------------------------------------------------


def test_an_item_under_secrecy_is_there_for_the_appointed_alone(city: Municipality) -> None:
    worker, office = desk("marugoto", "consultation_worker"), desk("shakyo", "coordinator")
    head, partner = desk("shakyo", "office_head"), desk("kurashi", "consultation_worker")
    colleague = desk("kurashi", "consultation_worker")
    body = ConferenceType.objects.get(municipality=city, code="mimamori")
    head.fill(reverse("secretariat_list"), member=office.member.pk)
    (pledge,) = {url for url in office.todos() if url.endswith("/pledge/")}
    office.fill(pledge, agreed="on")

    case = takes_consultation(worker)
    worker.fill(
        f"{case}refer/?mode=secrecy",
        mode="secrecy",
        step="send",
        to_conference_type=body.pk,
        reason="見守りの輪を考えたい。",
        summary="夜になると大きな声がする。",
    )
    sitting = office.fill(
        reverse("sitting_new"), conference_types=[body.pk], on=timezone.localdate().isoformat()
    )
    (sheet,) = {url for url in office.todos() if "referral=" in url}
    item = office.fill(sheet, agenda_type="watching", title="浜の見守り")
    office.fill(f"{item}people/", member=partner.member.pk)
    office.press(f"{sitting}notice/")
    partner.read(item, status=404)
    (pledge,) = {url for url in partner.todos() if url.endswith("/pledge/")}
    partner.fill(pledge, agreed="on")

    assert "第106条の6" in partner.read(item)
    for other in (colleague, head, worker):
        other.read(item, status=404)
        assert "浜の見守り" not in other.read(sitting)
    with w.act(office.member):
        closes = AgendaItem.objects.get(pk=key_of(item)).open_period.upper
    assert timezone.localdate(closes) == timezone.localdate() + datetime.timedelta(days=11)
