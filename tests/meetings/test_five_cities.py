"""Five cities, by their profiles alone: what stands on the agenda, in the pack and on the screen
of a sitting, for whom and under which law (V5–V7). No line of the product knows a city."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from agencies.models import Agency, ConferenceType, Municipality
from agencies.permissions import ActionDenied
from cases.models import Case
from cases.operations import accept_referral, refer
from meetings.models import AgendaItem
from meetings.operations import (
    begin_item,
    mark_attendance,
    open_sitting,
    propose_item,
    send_notice,
)
from tests import world as w
from tests.meetings import situations as s
from tests.meetings.situations import sees
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]


@dataclass(frozen=True)
class Form:
    """How a city holds its sittings: codes of its profile, and the words its screens must say."""

    plan: str  # the body with consent; none where the bodies are one
    support: str
    plan_host: str
    support_host: str
    worker: str
    partner: str
    names: tuple[str, str]
    is_joint: bool = False


FORMS = {
    "gifu": Form("", "juso-kaigi", "juso-suishin", "juso-suishin", "hokatsu", "seikatsu-shuro",
                 ("", "重層的支援会議")),
    "nagaokakyo": Form("plan-conference", "support-conference", "chiiki-fukushi-renkei",
                       "chiiki-fukushi-renkei", "hokatsu-higashi", "shogai-fukushi-ka",
                       ("重層的支援会議", "支援会議"), is_joint=True),
    "katori": Form("plan-conference", "support-conference", "shakyo", "shakai-fukushi-ka",
                   "hokatsu-sawara", "kodomo-katei", ("重層的支援会議", "支援会議")),
    "kusatsu": Form("plan-conference", "support-conference", "hito-kurashi", "hito-kurashi",
                    "hokatsu", "", ("重層的支援会議", "コーディネート会議（支援会議）")),
    "kurume": Form("plan-conference", "support-conference", "shakyo", "shakyo", "hokatsu",
                   "choju-shien-ka", ("重層的支援会議", "支援会議"), is_joint=True),
}  # fmt: skip


def city_of(code: str, *, host: str = "") -> w.World:
    """The city as its profile makes it, people in the roles of this room: the office is that of
    `host`, else of the body under secrecy."""
    form = FORMS[code]
    if not Municipality.objects.filter(code=code).exists():
        call_command("load_city", code, verbosity=0)
    city = Municipality.objects.get(code=code)
    world = w.World(city)
    partner = (
        Agency.objects.get(municipality=city, code=form.partner)
        if form.partner
        else w.make_agency(city, f"fiction-{uuid.uuid4().hex[:6]}", "架空子どもの家", "child")
    )
    office = Agency.objects.get(municipality=city, code=host or form.support_host)
    worker = Agency.objects.get(municipality=city, code=form.worker)
    world.agencies = {"elderly": worker, "child": partner, "coordinator": office}
    for name, key in (("plan", form.plan), ("support", form.support)):
        if key:
            world.conferences[name] = ConferenceType.objects.get(municipality=city, code=key)
    world.members = {
        "elderly": w.make_member(worker, "consultation_worker"),
        "colleague": w.make_member(partner, "consultation_worker"),
        "child": w.make_member(partner, "consultation_worker"),
        "coordinator": w.make_member(office, "coordinator"),
        "head": w.make_member(office, "office_head"),
    }
    return world


def listed(world: w.World) -> w.World:
    w.list_secretary(world, world.coordinator)
    return world


def agreed_item(world: w.World, sitting, house, *names, **more) -> AgendaItem:  # type: ignore[no-untyped-def]
    return s.consented_item(world, house, *names, sitting=sitting, **more)


def begin(world: w.World, item: AgendaItem) -> None:
    with w.act(world.coordinator):
        begin_item(item=s.fresh(world, item), by=world.coordinator)


@dataclass
class Pages:
    """What one reader has of a sitting: the agenda, the pack on screen and on paper, the screen."""

    agenda: str
    pack: str
    paper: str
    live: str

    def all(self) -> tuple[str, ...]:
        return (self.agenda, self.pack, self.paper, self.live)


def pages(member, sitting) -> Pages:  # type: ignore[no-untyped-def]
    browser = sign_in(Client(), member)
    pack = reverse("sitting_pack", args=[sitting.pk])
    shown = [
        browser.get(reverse("sitting_detail", args=[sitting.pk])),
        browser.get(pack),
        browser.post(pack, {"recipients": ["own"], "form_key": uuid.uuid4()}),
        browser.get(reverse("sitting_live", args=[sitting.pk])),
    ]
    return Pages(*(page.content.decode().split("<main", 1)[-1] for page in shown))


def room(page: str) -> str:
    """The middle and the right of a screen: what is talked about now."""
    return page.split('class="stack"', 1)[1]


# --- what every form has ------------------------------------------------------------------------


@pytest.mark.parametrize("code", list(FORMS))
def test_a_sealed_item_is_there_for_its_people_under_the_citys_name_and_for_nobody_else(code):
    city, form = listed(city_of(code)), FORMS[code]
    bodies = ("plan", "support") if form.is_joint else ("support",)
    sitting = s.make_sitting(city, *bodies)
    item = s.secret_item(city, sitting=sitting)
    s.appointed(city, item, city.child)
    s.opened(city, sitting)
    begin(city, item)
    for name in ("coordinator", "child"):
        seen = pages(city.members[name], sitting)
        for page in seen.all():
            assert "守秘の世帯" in page, name
            assert form.names[1] in page, name
        for page in (seen.pack, seen.paper, room(seen.live)):
            assert "第106条の6" in page, name
        assert "card-secret" in room(seen.live)
    for name in ("head", "colleague", "elderly"):
        for page in pages(city.members[name], sitting).all():
            assert "守秘の世帯" not in page, name
            assert "守秘の概要" not in page, name


@pytest.mark.parametrize("code", [code for code in FORMS if FORMS[code].plan])
def test_an_item_with_consent_is_there_for_who_the_consents_cover(code):
    city, form = city_of(code, host=FORMS[code].plan_host), FORMS[code]
    sitting = s.make_sitting(city, *(("plan", "support") if form.is_joint else ("plan",)))
    item = agreed_item(city, sitting, s.consented_household(city, "child"), "child")
    s.opened(city, sitting)
    begin(city, item)
    stranger = w.make_member(
        w.make_agency(city.city, f"other-{uuid.uuid4().hex[:6]}", "架空よその窓口", "health"),
        "consultation_worker",
    )
    for name in ("coordinator", "child", "elderly"):
        seen = pages(city.members[name], sitting)
        for page in seen.all():
            assert "架空野 世帯" in page, name
            assert form.names[0] in page, name
        assert "card-secret" not in room(seen.live)
        assert "第106条の6" not in room(seen.live)
    for page in pages(stranger, sitting).all():
        assert "架空野" not in page


def test_no_city_is_named_in_the_product():
    rooms = [path.parent for path in Path(__file__).parents[2].glob("*/apps.py")]
    names = "|".join([*FORMS, *(n for n in ("岐阜", "長岡京", "香取", "草津", "久留米"))])
    for path in (p for r in rooms for p in r.rglob("*.py") if r.name in ("meetings", "plans")):
        assert not re.search(names, path.read_text(encoding="utf-8")), path


# --- 岐阜: one body, always under 106条の6 -----------------------------------------------------


def test_in_a_merged_body_a_consent_opens_the_case_and_not_the_item():
    city = listed(city_of("gifu"))
    sitting = s.make_sitting(city, "support")
    house = s.consented_household(city, "child")
    with w.act(city.elderly):
        referral = refer(
            case=house.case, by=city.elderly, mode="consent", persons=house.persons,
            to_agency=city.agencies["child"], reason="一緒に見たい", summary="概要",
        )  # fmt: skip
    with w.act(city.child):
        accept_referral(referral=referral, by=city.child)
    item = s.secret_item(city, sitting=sitting, case=house.case)
    assert item.basis == "secrecy"
    s.appointed(city, item, city.child)
    s.opened(city, sitting)
    begin(city, item)
    # The item is its people's, consent or not: a colleague whose agency is covered sees none of it.
    assert sees(city.child, item)
    assert not sees(city.colleague, item)
    for page in pages(city.colleague, sitting).all():
        assert "守秘の世帯" not in page
    # The case is the agency's, by the consent, and the appointment has no part in it.
    assert sees(city.colleague, house.case)
    assert not sees(city.colleague, item)
    # No plan body besides: the one body takes plans too, and a plan goes in under secrecy.
    with w.act(city.coordinator), pytest.raises(ActionDenied, match="プラン"):
        propose_item(
            sitting=s.make_sitting(city, "support"), by=city.coordinator,
            conference_type=city.conferences["support"], agenda_type="plan_adequacy",
            title="プランの協議", briefing="",
        )  # fmt: skip


def test_without_consent_an_appointment_in_a_merged_body_opens_no_case():
    city = listed(city_of("gifu"))
    item = s.secret_item(city, sitting=s.make_sitting(city, "support"))
    s.appointed(city, item, city.child)
    s.opened(city, item.sitting)
    with w.act(city.child):
        assert not Case.objects.filter(pk=item.case_id).exists()
    (section,) = (pages(city.child, item.sitting).pack,)
    assert "ジェノグラム" not in section


# --- 長岡京: two bodies in one sitting -----------------------------------------------------------


def test_two_bodies_in_one_sitting_are_parted_by_a_line_and_the_room_changes_with_the_item():
    city = listed(city_of("nagaokakyo"))
    sitting = s.make_sitting(city, "plan", "support")
    sealed = s.secret_item(city, sitting=sitting)  # proposed first, listed last
    agreed = agreed_item(city, sitting, s.consented_household(city, "child"), "child")
    s.appointed(city, sealed, city.colleague)
    s.opened(city, sitting)
    begin(city, agreed)
    with w.act(city.coordinator):
        mark_attendance(
            item=agreed, by=city.coordinator, attendance="present", agency=city.agencies["child"]
        )
        mark_attendance(
            item=sealed, by=city.coordinator, attendance="present", membership=city.colleague
        )

    agenda = pages(city.colleague, sitting).agenda
    line = agenda.index("ここから守秘の議題（106条の6）")
    assert agenda.index("1　架空野 世帯") < line < agenda.index("2　守秘の世帯")
    # Who is not appointed has the same line, and nothing under it.
    theirs = pages(city.child, sitting).agenda
    assert theirs.index("1　架空野 世帯") < theirs.index("ここから守秘の議題（106条の6）")
    assert "2　" not in theirs

    first = room(pages(city.colleague, sitting).live)
    assert "第106条の4" in first
    assert "card-secret" not in first
    assert "守秘</b>" not in first
    assert city.agencies["child"].name in first

    begin(city, sealed)
    second = room(pages(city.colleague, sitting).live)
    assert "第106条の6" in second
    assert "card-secret" in second
    assert "守秘</b>" in second
    assert str(city.colleague.user) in second
    assert "支援会議" in second
    # For everybody else the item with consent stays in the middle, with its law and its people.
    for name in ("child", "elderly", "head"):
        other = room(pages(city.members[name], sitting).live)
        assert 'id="live-title">架空野 世帯' in other, name
        assert "第106条の6" not in other, name
        assert "card-secret" not in other, name
        assert str(city.colleague.user) not in other, name


# --- 香取: another host for each body -----------------------------------------------------------


def test_where_the_hosts_differ_each_runs_and_sees_its_own():
    section, office = listed(city_of("katori")), city_of("katori", host="shakyo")
    plan, support = s.make_sitting(office, "plan"), s.make_sitting(section, "support")
    agreed = agreed_item(office, plan, s.consented_household(office, "child"), "child")
    sealed = s.secret_item(section, sitting=support)
    for world, sitting in ((section, plan), (office, support)):
        for operation in (send_notice, open_sitting):
            with w.act(world.coordinator), pytest.raises(ActionDenied):
                operation(sitting=sitting, by=world.coordinator)
    s.opened(office, plan)
    s.opened(section, support)
    begin(office, agreed)
    begin(section, sealed)
    assert sees(office.coordinator, agreed)
    assert not sees(section.coordinator, agreed)
    assert sees(section.coordinator, sealed)
    assert not sees(office.coordinator, sealed)
    for member, sitting, own, other in (
        (office.coordinator, plan, "架空野 世帯", "守秘の世帯"),
        (section.coordinator, support, "守秘の世帯", "架空野 世帯"),
    ):
        seen = pages(member, sitting)
        for page in seen.all():
            assert own in page
            assert other not in page
        assert "議題を進める" in seen.agenda or "守秘の議題を進める" in seen.agenda
    for member, sitting in ((office.coordinator, support), (section.coordinator, plan)):
        seen = pages(member, sitting)
        assert "会議を終える" not in seen.agenda
        assert "次第を組む" not in seen.agenda
        run = sign_in(Client(), member).get(reverse("sitting_run", args=[sitting.pk]))
        assert run.status_code == 403


def test_the_host_of_the_one_body_may_be_appointed_to_the_other():
    section, office = listed(city_of("katori")), city_of("katori", host="shakyo")
    sealed = s.secret_item(section, sitting=s.make_sitting(section, "support"))
    s.appointed(section, sealed, office.coordinator)
    s.opened(section, sealed.sitting)
    assert sees(office.coordinator, sealed)
    assert not sees(office.head, sealed)
    run = reverse("item_run", args=[sealed.pk])
    assert sign_in(Client(), office.coordinator).get(run).status_code == 403


# --- 草津: a name of its own --------------------------------------------------------------------


def test_the_citys_own_name_stands_on_every_screen_and_paper():
    city, name = listed(city_of("kusatsu")), "コーディネート会議（支援会議）"
    sitting = s.make_sitting(city, "support")
    item = s.secret_item(city, sitting=sitting)
    s.appointed(city, item, city.child)
    s.opened(city, sitting)
    begin(city, item)
    browser = sign_in(Client(), city.coordinator)
    screens = (
        reverse("sitting_list"),
        reverse("sitting_detail", args=[sitting.pk]),
        reverse("sitting_agenda", args=[sitting.pk]),
        reverse("sitting_pack", args=[sitting.pk]),
        reverse("sitting_live", args=[sitting.pk]),
        reverse("sitting_calendar"),
        reverse("item_detail", args=[item.pk]),
        reverse("item_run", args=[item.pk]),
        reverse("item_members", args=[item.pk]),
        reverse("item_people", args=[item.pk]),
        reverse("secretariat_list"),
    )
    for url in screens:
        page = browser.get(url)
        assert page.status_code == 200, url
        body = page.content.decode().split("<main", 1)[1]
        assert name in body or (
            url == reverse("sitting_calendar") and "コーディネート会議" in body
        ), url
    for page in pages(city.child, sitting).all():
        assert name in page
    for paper in ("materials", "minutes"):
        printed = browser.post(
            reverse("item_copies", args=[item.pk]),
            {"paper": paper, "recipients": ["own"], "form_key": uuid.uuid4()},
        )
        assert printed.status_code in (200, 422), paper


# --- 久留米: an agency and its section ----------------------------------------------------------


def test_an_agency_and_its_section_are_two_and_one_consent_names_both_by_the_body():
    """第4: 地域包括支援センター／長寿支援課 and so on, as pairs of standing members."""
    city = city_of("kurume")
    agency, section = city.agencies["elderly"], city.agencies["child"]
    assert agency.unit == section.name
    standing = [m.agency_id for m in city.conferences["plan"].standing_members.order_by("order")]
    assert standing.index(section.pk) == standing.index(agency.pk) + 1
    sitting = s.make_sitting(city, "plan", "support")

    # A consent to the agency and the office reaches not its section: named by person and agency.
    alone = s.consented_household(city)
    with pytest.raises(ActionDenied, match=f"{section.name}への同意"):
        agreed_item(city, sitting, alone, "child")
    item = agreed_item(city, sitting, alone, title="機関だけの世帯")

    # One that names the body's standing members reaches both halves of every pair.
    case, persons = w.household(city.elderly)
    for person in persons:
        w.consent(city.elderly, person, conferences=(city.conferences["plan"],))
    both = agreed_item(city, sitting, s.Household(case, persons), "child", title="二人そろう世帯")
    s.opened(city, sitting)
    begin(city, item)
    for page in pages(city.child, sitting).all():
        assert "二人そろう世帯" in page
        assert "機関だけの世帯" not in page
    begin(city, both)
    for name in ("child", "elderly", "coordinator"):
        assert 'id="live-title">二人そろう世帯' in pages(city.members[name], sitting).live, name


def test_an_agency_and_its_section_stand_side_by_side_and_answer_apart():
    city = city_of("kurume")
    case, persons = w.household(city.elderly)
    for person in persons:
        w.consent(city.elderly, person, conferences=(city.conferences["plan"],))
    sitting = s.make_sitting(city, "plan", "support", days=1)
    every = [
        m.agency for m in city.conferences["plan"].standing_members.order_by("order") if m.agency
    ]
    with w.act(city.elderly):
        item = propose_item(
            sitting=sitting, by=city.elderly, conference_type=city.conferences["plan"],
            agenda_type="social_resources", case=case, persons=persons, title="二人そろう世帯",
            briefing="", participants=every,
        )  # fmt: skip
    s.noticed(city, sitting)
    browser = sign_in(Client(), city.child)
    url = reverse("sitting_answer", args=[sitting.pk])
    assert browser.post(url, {"answer": "attend"}).status_code == 302
    page = sign_in(Client(), city.coordinator).get(reverse("item_members", args=[item.pk]))
    people = [row["member"] for row in page.context["rows"]]
    names = [member.who for member in people]
    assert names == [agency.name for agency in every]
    states = {member.who: member.state for member in people}
    assert states[city.agencies["child"].name] == "出席する"
    assert states[city.agencies["elderly"].name] == "未回答"
