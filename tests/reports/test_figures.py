"""Each figure of docs/figures.md against a small world: both sides of 3/31 and 4/1 in Asia/Tokyo,
anonymous, joint, cancelled, 再プラン; and who may count and store."""

from __future__ import annotations

import contextlib
import datetime
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import Agency, ConferenceType, Job
from agencies.permissions import ActionDenied
from agencies.tasks import file_due_jobs, run_next, system_membership
from cases.models import Case
from cases.operations import open_case
from config.lib.fiscal import fiscal_year
from meetings.operations import cancel_sitting
from reports.figures import FIGURES, count_year
from reports.models import Figure
from reports.operations import RECOUNT, recount, request_recount
from reports.tasks import due_recounts
from tests import world as w
from tests.owner import as_owner
from tests.reports.year import AFTER, BEFORE, FIRST, LAST, YEAR, Year, at, counts, on, statistics

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.database]
EDGES = (BEFORE, FIRST, LAST, AFTER)


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def year(city):
    return Year(city)


# --- 1 包括的相談支援 ---------------------------------------------------------------------------


def test_consultations_of_the_year_in_tokyo_count_anonymous_ones_too(city, year):
    for when in EDGES:
        year.consultation(when)
    year.consultation(FIRST, by="disability", is_anonymous=True, route="family_phone")
    found = counts(city)
    assert found["new_consultations", ""] == 3
    assert found["new_consultations", "agency:elderly"] == 2
    assert found["new_consultations", "agency:disability"] == 1
    assert found["new_consultations", "sector:elderly"] == 2
    assert found["new_consultations", "route:family_phone"] == 1
    assert found["new_consultations", "anonymous:yes"] == 1
    assert found["new_consultations", "anonymous:no"] == 2
    assert found["new_consultations", "month:2025-04"] == 2
    assert found["new_consultations", "month:2026-03"] == 1
    assert found["new_consultations", "mode:with_consent"] == 3
    assert found["new_consultations", "status:open"] == 3
    assert counts(city, YEAR - 1)["new_consultations", ""] == 1
    assert counts(city, YEAR + 1)["new_consultations", ""] == 1


def test_an_agency_with_two_sectors_counts_under_both_and_one_without_under_none(city, year):
    with as_owner():
        Agency.objects.filter(pk=city.agencies["elderly"].pk).update(sectors=["elderly", "health"])
        Agency.objects.filter(pk=city.agencies["child"].pk).update(sectors=[])
    year.consultation(FIRST)
    year.consultation(FIRST, by="child")
    found = counts(city)
    assert found["new_consultations", "sector:elderly"] == 1
    assert found["new_consultations", "sector:health"] == 1
    assert found["new_consultations", "sector:none"] == 1
    assert found["new_consultations", ""] == 2


def test_agencies_of_a_type_count_under_the_type(city, year):
    kind = w.make_agency(city.city, "houkatsu", "架空包括", "elderly")
    with as_owner():
        Agency.objects.filter(pk=kind.pk).update(is_type=True)
        Agency.objects.filter(pk=city.agencies["elderly"].pk).update(of_type=kind)
    year.consultation(FIRST)
    year.consultation(FIRST, by="disability")
    found = counts(city)
    assert found["new_consultations", "type:houkatsu"] == 1
    assert found["new_consultations", "agency:elderly"] == 1
    assert ("new_consultations", "type:elderly") not in found


def test_another_citys_rows_are_not_counted(city, year):
    other = Year(w.city())
    other.consultation(FIRST)
    other.household()
    found = counts(city)
    assert set(found.values()) == {0}


def test_cases_opened_closed_and_active_at_the_end_of_the_year(city, year):
    with w.act(city.elderly):
        opened = [open_case(by=city.elderly, opened_at=when) for when in EDGES]
        rows = Case.objects.visible_to(city.elderly)
        closing = {"status": "closed", "closed_by": city.elderly}
        rows.filter(pk=opened[0].pk).update(closed_at=LAST, **closing)
        rows.filter(pk=opened[1].pk).update(closed_at=AFTER, **closing)
    found = counts(city)
    assert found["cases_opened", ""] == 2
    assert found["cases_closed", ""] == 1
    # Opened before the end: three; one of them was closed by then.
    assert found["cases_active", ""] == found["cases_active", "agency:elderly"] == 2
    assert counts(city, YEAR + 1)["cases_active", ""] == 2


# --- 2 つなぎ ---------------------------------------------------------------------------------


def test_referrals_and_requests_to_coordination_by_mode_and_state(city, year):
    case, (mother, _son) = year.household()
    w.consent(city.elderly, mother, city.agencies["coordinator"], city.agencies["disability"])
    for when in EDGES:
        year.referral(case, when, to="disability")
    for when in (FIRST, LAST):
        year.referral(
            case, when, to="coordinator", mode="consent", person_ids=[mother.pk], state="accepted"
        )
    year.referral(case, FIRST, conference="support", mode="secrecy")
    year.referral(case, FIRST, to="coordinator", mode="notification")
    found = counts(city)
    assert found["referrals", ""] == 6
    assert found["referrals", "mode:notification"] == 3
    assert found["referrals", "to:disability"] == 2
    assert found["referrals", "conference:support"] == 1
    assert found["referred_cases", ""] == 1
    assert found["coordination_requests", ""] == 3
    assert found["coordination_requests", "mode:secrecy"] == 1
    assert found["coordination_requests", "state:accepted"] == 2
    assert found["coordination_requests", "agency:elderly"] == 3
    assert found["coordination_cases", ""] == 1


def test_a_secrecy_referral_goes_to_the_secretariat_else_the_host(city, year):
    case, _persons = year.household()
    support = ConferenceType.objects.filter(pk=city.conferences["support"].pk)
    with as_owner():
        support.update(secretariat=city.agencies["admin"])
    year.referral(case, FIRST, conference="support", mode="secrecy")
    assert counts(city)["coordination_requests", ""] == 0
    with as_owner():
        support.update(secretariat=None)
    assert counts(city)["coordination_requests", ""] == 1


# --- 3 会議 -----------------------------------------------------------------------------------


def test_a_joint_sitting_counts_once_in_total_and_once_under_each_type(city, year):
    year.sitting("2025-04-01", "plan", "support")
    year.sitting("2026-03-31", "support", is_ad_hoc=True, state="open")
    year.sitting("2025-06-01", "plan", state="cancelled")
    year.sitting("2025-07-01", "plan", state="noticed")
    year.sitting("2025-03-31", "plan")
    year.sitting("2026-04-01", "plan")
    found = counts(city)
    assert found["sittings", ""] == 2
    assert found["sittings", "conference:plan"] == 1
    assert found["sittings", "conference:support"] == 2
    assert found["sittings", "kind:regular"] == found["sittings", "kind:ad_hoc"] == 1
    assert found["sittings", "conference_kind:support/ad_hoc"] == 1
    assert found["sittings", "joint:yes"] == 1
    assert found["plan_conference_sittings", ""] == 1
    assert found["support_conference_sittings", ""] == 2
    assert found["support_conference_sittings", "agency:coordinator"] == 2


def test_a_citys_only_merged_body_is_both_conferences(city, year):
    elsewhere = w.city().city
    with as_owner():
        ConferenceType.objects.filter(pk=city.conferences["plan"].pk).update(
            municipality=elsewhere, code="moved"
        )
    year.sitting("2025-05-01", "support")
    found = counts(city)
    # 情報共有・見守り・緊急 alone: but the city has no other body.
    assert found["plan_conference_sittings", ""] == 1
    assert found["support_conference_sittings", ""] == 1


def test_items_each_time_and_households_once_those_under_secrecy_as_a_number(city, year):
    case, _persons = year.household(by="coordinator")
    other, _persons = year.household(by="coordinator")
    w.list_secretary(city, city.coordinator)
    joint = year.sitting("2025-05-01", "plan", "support")
    later = year.sitting("2025-06-01", "support")
    cancelled = year.sitting("2025-06-02", "plan", state="planned")
    year.item(joint, "plan", "plan_adequacy", case=case)
    first = year.item(joint, "support", "watching", case=other, decision="watch")
    year.item(later, "support", "watching", case=other, decision="watch")
    year.item(joint, "plan", "social_resources", decision="discussed")
    year.item(joint, "plan", "plan_adequacy", case=other, state="withdrawn")
    year.item(cancelled, "plan", "plan_adequacy", case=case)
    with w.act(city.coordinator):
        cancel_sitting(sitting=cancelled, by=city.coordinator)
    year.attended(first, agency="elderly")
    year.attended(first, attendance="partial", member="elderly2")
    year.attended(first, member="disability")
    year.attended(first, attendance="absent", agency="child")
    year.attended(first, name="架空の民生委員")
    found = counts(city)
    assert found["items", ""] == 4
    assert found["items", "agenda:watching"] == found["items", "basis:secrecy"] == 2
    assert found["items", "decision:discussed"] == 1
    assert found["items", "conference:support"] == 2
    assert found["item_cases", ""] == 2
    assert found["item_cases", "agenda:watching"] == 1
    assert ("item_cases", "agenda:social_resources") not in found
    assert found["participating_agencies", ""] == 2


# --- 4 プラン ---------------------------------------------------------------------------------


def test_plans_count_when_they_come_into_force_first_and_again(city, year):
    case, _persons = year.household()
    adopt = ("submitted", "in_force")
    year.plan(case, "outreach", written=BEFORE, steps=[(*adopt, BEFORE)], status="in_force")
    first = year.plan(
        case,
        "outreach",
        written=BEFORE,
        steps=[(*adopt, FIRST), ("in_force", "in_force", LAST), ("in_force", "replanned", LAST)],
        status="replanned",
    )
    year.plan(case, "outreach", written=LAST, sequence=2, steps=[(*adopt, LAST)], status="in_force")
    year.plan(case, "outreach", written=LAST, steps=[("draft", "submitted", LAST)])
    given_up = [("draft", "interrupted", LAST)]
    year.plan(case, "outreach", written=FIRST, steps=given_up, status="interrupted")
    year.plan(case, "participation", written=FIRST, steps=[(*adopt, AFTER)], status="in_force")
    found = counts(city)
    assert found["plans_outreach", ""] == found["plans_outreach", "agency:elderly"] == 2
    assert found["plans_outreach", "round:first"] == found["plans_outreach", "round:again"] == 1
    assert found["plans_outreach", "month:2025-04"] == 1
    assert found["plans_cases_outreach", ""] == 1
    assert found["plans_drafted_outreach", ""] == 3
    assert found["plans_ended_outreach", ""] == 1
    assert found["plans_ended_outreach", "outcome:replanned"] == 1
    assert found["plans_active_outreach", ""] == 2
    assert found["plans_participation", ""] == found["plans_coordination", ""] == 0
    assert found["plans_drafted_participation", ""] == 1
    assert found["urgent_starts", ""] == found["urgent_start_rate", ""] == 0
    changes = ["housing", "sos"]
    year.evaluation(first, "2025-04-01", changes)
    year.evaluation(first, "2026-03-31", ["sos"], outcome="continue")
    year.evaluation(first, "2026-04-01", changes)
    found = counts(city)
    assert found["evaluations", ""] == 2
    assert found["evaluations", "outcome:continue"] == 1
    assert found["observed_changes", ""] == 3
    assert found["observed_changes", "change:sos"] == 2


# --- 5 アウトリーチ -----------------------------------------------------------------------------


def test_urgent_starts_and_their_share_of_what_began(city, year):
    case, _persons = year.household()
    begun = [("draft", "in_force")]
    for when in (BEFORE, FIRST, LAST, AFTER):
        steps = [(*begun[0], when), ("in_force", "in_force", when)]
        year.plan(
            case, "outreach", written=BEFORE, steps=steps, status="in_force", step="start_urgently"
        )
    year.plan(
        case, "participation", written=BEFORE, steps=[("agreed", "in_force", LAST)],
        status="in_force",
    )  # fmt: skip
    found = counts(city)
    assert found["urgent_starts", ""] == found["urgent_starts", "programme:outreach"] == 2
    assert found["urgent_starts", "agency:elderly"] == 2
    assert found["urgent_start_rate", ""] == 66.7


def test_visits_met_rate_and_persons_once(city, year):
    case, persons = year.household(by="outreach", number=2)
    for when in EDGES:
        year.visit(case, when, persons=persons[:1])
    year.visit(case, at("2025-09-01"), "met_person", persons, method="phone")
    found = counts(city)
    assert found["visits", ""] == found["visits", "agency:outreach"] == 3
    assert found["visits", "result:absent"] == 2
    assert found["visits_met", ""] == found["visits_met", "method:phone"] == 1
    assert found["visits_met_rate", ""] == 33.3
    assert found["outreach_persons", ""] == 2
    assert found["outreach_cases", ""] == 1


def test_no_visits_no_rate_and_no_average(city, year):
    found = counts(city)
    assert found["visits", ""] == 0
    assert ("visits_met_rate", "") not in found
    assert ("days_to_first_contact", "") not in found


def test_days_to_first_contact_run_from_the_first_attempt_of_any_year(city, year):
    slow, _persons = year.household(by="outreach")
    quick, _persons = year.household(by="outreach")
    known, _persons = year.household(by="outreach")
    year.visit(slow, at("2025-03-22", "23:50"))
    year.visit(slow, at("2025-04-01", "00:10"), "met_person")
    year.visit(slow, at("2025-05-01"), "met_person")
    year.visit(quick, at("2025-05-01"), "met_person")
    year.visit(known, at("2025-03-01"), "met_person")
    year.visit(known, at("2025-06-01"), "met_person")
    found = counts(city)
    assert found["first_contacts", ""] == 2
    assert found["days_to_first_contact", ""] == 5.0


# --- 6 参加支援, 7 地域 --------------------------------------------------------------------------


def test_matches_proposed_started_settled_hosts_and_follow_ups(city, year):
    case, (mother, son) = year.household(by="participation")
    shop, farm = year.resource(), year.resource(kind="volunteer", ended_on=LAST.date())
    year.resource(added_at=AFTER)
    year.resource(added_at=BEFORE, ended_on=at("2026-03-30").date())
    for when in EDGES:
        year.match(case, mother, shop, when)
    settled = year.match(
        case, son, shop, BEFORE, "settled", starts_on="2025-04-01", settled_on="2026-03-31"
    )
    year.match(case, mother, shop, BEFORE, "active", starts_on="2026-03-31")
    year.match(case, mother, farm, BEFORE, "trial", starts_on="2025-08-01")
    year.match(case, mother, farm, BEFORE, "ended", starts_on="2025-08-10", ended_on="2025-08-01")
    year.match(case, mother, farm, BEFORE, "active", starts_on="2026-04-01")
    year.follow_up(settled, "2025-10-01")
    year.follow_up(settled, "2026-04-01")
    found = counts(city)
    assert found["matches_proposed", ""] == found["matches_proposed", "status:proposed"] == 2
    assert found["matches_proposed", "kind:work"] == 2
    assert found["match_persons", ""] == 1
    assert found["matches_started", ""] == 2
    assert found["match_hosts", ""] == 1
    assert found["matches_settled", ""] == 1
    assert found["matches_ended", ""] == 1
    assert found["follow_ups", ""] == found["follow_ups", "status:active"] == 1
    assert found["resources", ""] == 2


def test_places_events_participants_and_community_issues(city, year):
    salon = year.place(opened="2026-03-31")
    cafe = year.place(kind="cafe", area="", ended="2026-03-31")
    year.place(opened="2026-04-01")
    year.place(ended="2026-03-30")
    for day in ("2025-03-31", "2025-04-01", "2026-03-31", "2026-04-01"):
        year.event(salon, day, participants=10, organisations=2)
        year.community_issue(day)
    year.event(cafe, "2025-07-07", participants=5)
    found = counts(city)
    assert found["places", ""] == 2
    assert found["places", "area:架空地区"] == found["places", "kind:cafe"] == 1
    assert found["events", ""] == 3
    assert found["events", "month:2025-07"] == 1
    assert found["participants", ""] == 25
    assert found["participants", "kind:salon"] == 20
    assert found["organisations", ""] == 4
    assert ("organisations", "kind:cafe") not in found
    assert found["community_issues", ""] == found["community_issues", "state:raised"] == 2


def test_the_stock_of_a_running_year_is_todays_and_counts_nothing_planned(city, year):
    today = timezone.localdate()
    for shift in (-1, 0, 1):
        day = (today + datetime.timedelta(days=shift)).isoformat()
        year.place(opened=day)
        year.place(kind="cafe", ended=day)
        year.resource(ended_on=on(day))
    running = fiscal_year(today)
    found = counts(city, running)
    assert found["places", "kind:salon"] == 2  # opened yesterday and today, not tomorrow
    assert found["places", "kind:cafe"] == 2  # open until today, and until tomorrow
    assert found["resources", ""] == 2


# --- who counts, and what is stored ----------------------------------------------------------


def stored(world):
    with statistics():
        rows = Figure.objects.filter(municipality=world.city, fiscal_year=YEAR)
        return {(row.key, row.breakdown): row.value for row in rows}


def test_a_recount_stores_exactly_the_full_count_and_replaces_the_last_one(city, year):
    case, persons = year.household(by="outreach")
    year.consultation(FIRST)
    year.visit(case, LAST, "met_person", persons)
    with statistics():
        recount(city=city.city, year=YEAR)
    year.consultation(LAST, route="family_phone")
    with statistics():
        recount(city=city.city, year=YEAR)
        full = count_year(city.city, YEAR)
    assert stored(city) == full
    assert full["new_consultations", ""] == Decimal(2)


@pytest.mark.parametrize("name", ["admin", "head", "coordinator", "elderly"])
def test_nobody_but_statistics_recounts(city, name):
    with w.act(city.members[name]), pytest.raises(ActionDenied):
        recount(city=city.city, year=YEAR)


@pytest.mark.parametrize("name", ["admin", "head", "elderly", "sysadmin"])
def test_a_users_session_cannot_write_a_figure(city, name):
    with statistics():
        recount(city=city.city, year=YEAR)
    row = Figure(municipality=city.city, fiscal_year=YEAR, key="x", value=1)
    with w.act(city.members[name]):
        with pytest.raises(DatabaseError), transaction.atomic():
            row.save(force_insert=True)
        # Who reads them is refused; for who does not there is no row to change.
        with contextlib.suppress(DatabaseError), transaction.atomic():
            assert Figure._base_manager.update(value=9) == 0
        assert Figure._base_manager.all()._raw_delete("default") == 0
    assert Decimal(9) not in stored(city).values()


def test_figures_are_read_by_roles_that_read_reports_in_their_city_alone(city):
    stranger = w.city()
    with statistics():
        recount(city=city.city, year=YEAR)
    # Keys only: the rows are asked for again by whoever acts.
    with statistics():
        keys = list(Figure.objects.values_list("pk", flat=True))
    rows = Figure._base_manager.filter(pk__in=keys)
    for name in ("admin", "head", "coordinator"):
        with w.act(city.members[name]):
            assert rows.count() == Figure.objects.visible_to(city.members[name]).count() > 0
    for member in (city.elderly, city.privacy, city.sysadmin, stranger.admin):
        with w.act(member):
            assert not rows.exists()
            assert not Figure.objects.visible_to(member).exists()


def test_a_requested_recount_is_done_by_the_worker_after_the_instant_told(city, year):
    year.consultation(FIRST)
    with w.act(city.admin):
        asked = [request_recount(by=city.admin, year=YEAR) for _ in range(20)]
    with w.act(system_membership("scheduler")):
        assert Job.objects.filter(name=RECOUNT).count() == len(set(asked)) < 20
    while run_next():
        pass
    assert stored(city)["new_consultations", ""] == 1
    with w.act(city.admin):
        assert all(row.counted_at > max(asked) for row in Figure.objects.all())
    with w.act(city.elderly), pytest.raises(ActionDenied):
        request_recount(by=city.elderly, year=YEAR)


def test_every_city_is_counted_once_a_night(city):
    due = [key for name, key, _args in due_recounts() if key.startswith(f"{city.city.pk}/")]
    assert len(due) == 2
    file_due_jobs()
    file_due_jobs()
    with w.act(system_membership(SystemName.SCHEDULER)):
        assert Job.objects.filter(name="recount_year", key__in=due).count() == 2


def test_the_page_of_definitions_names_every_figure_and_breakdown():
    page = Path(settings.BASE_DIR, "docs", "figures.md").read_text()
    named = set(re.findall(r"`([a-z_<>]+)`", page))
    for figure in FIGURES:
        for programme in ("coordination", "outreach", "participation"):
            if figure.key.startswith("plans_") and figure.key.endswith(programme):
                key = figure.key.replace(programme, "<p>")
                break
        else:
            key = figure.key
        assert key in named, key
        assert {dimension.name for dimension in figure.dimensions} <= named
