"""The figures counted twice: by the product, and by SQL written from docs/figures.md alone.

The rows stand committed in a database of their own, a copy of the migrated one that is dropped at
the end, so that both connections see the same: the plain SQL runs over the owner's connection,
where nothing is filtered, the product over the application's as the `statistics` membership. What
a policy hides from that membership is a difference too.

Three cities live there, all with the demo's stories: a profile's, the plain one of `tests.world`,
and one of the same whose bodies all stand on 106-6.
Then the owner copies every kind of row many times over, with days on both sides of both ends of
the fiscal years and with values the stories do not reach; guards on writing are off for that.
"""

from __future__ import annotations

import os
import secrets
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import Municipality
from agencies.tasks import system_membership
from config.lib.acting import acting, holding, put_key
from config.lib.fiscal import fiscal_year
from reports.figures import count_year
from tests.world import city

pytestmark = pytest.mark.database

SQL = (Path(__file__).parent / "independent_count.sql").read_text(encoding="utf-8")
YEAR = fiscal_year(timezone.localdate())
YEARS = [YEAR - 1, YEAR, YEAR + 1]
CITIES = ["kusatsu", "plain", "lone"]
RATES = {"visits_met_rate", "days_to_first_contact", "urgent_start_rate"}

Figures = dict[tuple[str, str], Decimal]


def moments() -> str:
    """SQL of a random moment: the edges of the years to the microsecond, and days between."""
    found = [f"{YEAR - 1}-09-15 12:00+09", f"{YEAR}-05-10 00:30+09", f"{YEAR}-04-30 23:30+09"]
    for year in (YEAR - 1, YEAR, YEAR + 1):
        found += [f"{year}-03-31 08:59:59+09", f"{year}-03-31 23:59:59.999999+09"]
        found += [f"{year}-04-01 00:00+09", f"{year}-04-01 08:59:59+09", f"{year}-04-01 09:00+09"]
    return f"({pick(*found)})::timestamptz"


def days() -> str:
    """SQL of a random day, mostly the edges of the years."""
    found = [f"{YEAR - 1}-09-15", f"{YEAR}-05-10"]
    for year in (YEAR - 1, YEAR, YEAR + 1):
        found += [f"{year}-03-{day}" for day in (30, 31)] + [f"{year}-04-{day}" for day in (1, 2)]
    return f"({pick(*found)})::date"


def pick(*values: str) -> str:
    """SQL of one of the values, drawn anew for each row."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"(array[{listed}])[1 + floor(random() * {len(values)})::int]"


def sometimes(value: str, share: float = 0.5) -> str:
    return f"case when random() < {share} then {value} end"


def one_of(table: str, key: str, same_city: str) -> str:
    """SQL of the key of some row of the table in a city told over x, drawn anew for each row."""
    found = f"select y.{key} from {table} y where y.municipality_id = {same_city}"
    return f"({found} order by random() limit 1)"


CASE_CITY = "(select c.municipality_id from cases_case c where c.id = x.case_id)"


class Crowd:
    """Copies of rows with other values, written by the owner."""

    def __init__(self) -> None:
        self.cursor = connections["owner"].cursor()
        self.run("select setseed(0.4211)")

    def run(self, statement: str) -> None:
        self.cursor.execute(statement)

    def copy(self, table: str, times: int, key: str = "id", **values: str) -> None:
        """`times` copies of each row, with these columns given by SQL over the row x."""
        self.cursor.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
            "and attname in ('form_key', 'due_key', 'number')",
            [table],
        )
        unique = {name: "gen_random_uuid()" for (name,) in self.cursor.fetchall()}
        if "number" in unique:
            unique["number"] = "left(md5(random()::text), 10)"
        changed = {key: "gen_random_uuid()", **unique, **values}
        pairs = ", ".join(f"'{name}', {value}" for name, value in changed.items())
        self.run(
            f"insert into {table} select r.* from {table} x, generate_series(1, {times}) n, "
            f"lateral jsonb_populate_record(x, jsonb_build_object('n', n, {pairs})) r"
        )

    def copy_recorded(self, table: str, times: int, **values: str) -> None:
        """The same where the key is a record: each copy has a record of its own, on some case."""
        self.run("drop table if exists twin")
        self.run(
            "create temp table twin as select x.record_id as old, gen_random_uuid() as new "
            f"from {table} x, generate_series(1, {times}) n"
        )
        pairs = (
            f"'id', twin.new, 'happened_at', {moments()}, 'written_at', {moments()}, "
            "'is_household', false, 'person_ids', array(select p.id from cases_person p join "
            f"cases_case c on c.id = p.case_id where c.municipality_id = {CASE_CITY} "
            "order by random() limit 1 + floor(random() * 3)), "
            f"'author_agency_id', {one_of('agencies_agency', 'group_id', CASE_CITY)}, 'case_id', "
            + sometimes(one_of("cases_case", "id", CASE_CITY), 0.7).replace(" end", "")
            + " else x.case_id end"
        )
        self.run(
            "insert into cases_record select r.* from cases_record x join twin on twin.old = x.id "
            "cross join lateral jsonb_populate_record(x, "
            f"jsonb_build_object('n', twin.new, {pairs})) r"
        )
        changed = {"form_key": "gen_random_uuid()", **values}
        pairs = ", ".join(f"'{name}', {value}" for name, value in changed.items())
        self.run(
            f"insert into {table} select r.* from {table} x join twin on twin.old = x.record_id "
            "cross join lateral jsonb_populate_record(x, "
            f"jsonb_build_object('record_id', twin.new, {pairs})) r"
        )

    def guards(self, verb: str) -> None:
        for table in ("cases_case", "cases_referral", "cases_record", "meetings_agendaitem"):
            self.run(f"alter table {table} {verb} trigger user")


def shape_the_city(crowd: Crowd) -> None:
    """Types of agency, two sectors, none; a merged body, and one that has ended."""
    crowd.run(
        "update agencies_agency x set of_type_id = y.group_id from agencies_agency y "
        "where y.municipality_id = x.municipality_id and y.group_id = (select min(group_id) "
        "from agencies_agency z where z.municipality_id = x.municipality_id) "
        "and x.of_type_id is null and x.group_id <> y.group_id and "
        "(x.group_id % 3 = 0 or x.code in ('outreach', 'fictional-outreach'))"
    )
    crowd.run(
        "update agencies_agency set is_type = true where group_id % 5 = 0 or group_id in "
        "(select min(group_id) from agencies_agency group by municipality_id)"
    )
    crowd.run("update agencies_agency set sectors = sectors || '{health}' where group_id % 4 = 0")
    crowd.run("update agencies_agency set sectors = '{}' where group_id % 7 = 0")
    crowd.run(
        "update agencies_conferencetype set bases = '{106-6}', agenda_types = '{watching}' "
        "where municipality_id = (select id from agencies_municipality where code = 'lone')"
    )
    outreach = "max(group_id) filter (where 'outreach' = any (sectors))"
    for code, bases, agenda, host in (
        ("merged", "{106-4-2-5,106-6}", "{}", outreach),
        ("gone", "{106-6}", "{closure_evaluation}", "min(group_id)"),
        ("hostless", "{}", "{}", "min(null::int)"),
    ):
        crowd.run(
            "insert into agencies_conferencetype select r.* from (select distinct on "
            "(municipality_id) x.* from agencies_conferencetype x join agencies_municipality m "
            "on m.id = municipality_id and m.code <> 'lone' order by municipality_id, x.id) x "
            "cross join lateral jsonb_populate_record(null::agencies_conferencetype, to_jsonb(x) "
            f"|| jsonb_build_object('id', x.id * 10 + 1000 + {len(code)}, 'code', '{code}', "
            f"'bases', '{bases}'::varchar[], 'agenda_types', '{agenda}'::varchar[], 'consent', "
            f"'required', 'host_id', (select {host} from agencies_agency y where "
            "y.municipality_id = x.municipality_id), 'secretariat_id', (select min(group_id) from "
            "agencies_agency y where y.municipality_id = x.municipality_id and "
            "'coordination' = any (y.sectors)), 'ended_on', current_date)) r"
        )


def cases_and_referrals(crowd: Crowd) -> None:
    agency = one_of("agencies_agency", "group_id", "x.municipality_id")
    crowd.copy(
        "cases_case", 3, responsible_agency_id=agency, opened_at=moments(), status="'active'"
    )
    crowd.run(
        "update cases_case x set closed_at = greatest(opened_at, c.at), status = 'closed', "
        f"closed_by_id = opened_by_id from (select id, {moments()} as at from cases_case) c "
        "where c.id = x.id and abs(hashtext(x.number)) % 2 = 0"
    )
    own = "(select a.municipality_id from agencies_agency a where a.group_id = x.{})"
    crowd.copy(
        "cases_consultation",
        10,
        agency_id=one_of("agencies_agency", "group_id", own.format("agency_id")),
        received_at=moments(),
        route=pick("family_phone", "person_visit", "commissioner", "outreach"),
        is_anonymous="random() < 0.3",
        status="'finished'",
        case_id="null",
    )
    sender = own.format("from_agency_id")
    crowd.copy(
        "cases_referral",
        10,
        case_id=one_of("cases_case", "id", CASE_CITY),
        from_agency_id=one_of("agencies_agency", "group_id", sender),
        to_agency_id=f"case when x.mode <> 'secrecy' then "
        f"{one_of('agencies_agency', 'group_id', sender)} end",
        to_conference_type_id=f"case when x.mode = 'secrecy' then "
        f"{one_of('agencies_conferencetype', 'id', sender)} end",
        mode=f"case when x.mode = 'secrecy' then x.mode else {pick('consent', 'notification')} end",
        legal_ground="'架空'",
        answer_reason="'架空'",
        state=pick("sent", "accepted", "returned"),
        sent_at=moments(),
    )


def households(crowd: Crowd) -> None:
    """Links between persons of one city, most of them standing; merged cases rest, mostly."""
    crowd.run(
        'insert into cases_householdlink (id, kind, "on", reason, written_at, form_key, '
        "undone_at, undone_by_id, author_id, author_agency_id, from_person_id, to_person_id) "
        "select gen_random_uuid(), (array['split', 'joined', 'merged'])[1 + (n % 3)], "
        "current_date, '', now(), gen_random_uuid(), case when n % 5 = 0 then now() end, "
        "case when n % 5 = 0 then p.author_id end, p.author_id, p.author_agency_id, p.id, q.id "
        "from (select x.*, "
        "c.municipality_id, row_number() over (order by x.id) as n from cases_person x join "
        "cases_case c on c.id = x.case_id) p cross join lateral (select y.id from cases_person y "
        "join cases_case d on d.id = y.case_id where d.municipality_id = p.municipality_id and "
        "y.case_id <> p.case_id order by md5(y.id::text || p.id::text) limit 1) q "
        "where random() < 0.25"
    )
    crowd.run(
        "update cases_case x set rests_at = now() where exists (select from cases_householdlink l "
        "join cases_person p on p.id = l.from_person_id where l.kind = 'merged' and l.undone_at is "
        "null and p.case_id = x.id) and random() < 0.8"
    )


def conferences(crowd: Crowd) -> None:
    states = pick("planned", "noticed", "open", "closed", "closed", "cancelled")
    crowd.copy("meetings_sitting", 12, on=days(), is_ad_hoc="random() < 0.4", state=states)
    crowd.run(
        "insert into meetings_sitting_conference_types (sitting_id, conferencetype_id) "
        "select x.id, t.id from meetings_sitting x join agencies_conferencetype t "
        "using (municipality_id) where random() < 0.35 on conflict do nothing"
    )
    town = "(select s.municipality_id from meetings_sitting s where s.id = x.sitting_id)"
    crowd.copy(
        "meetings_agendaitem",
        30,
        sitting_id=one_of("meetings_sitting", "id", town),
        conference_type_id=one_of("agencies_conferencetype", "id", town),
        case_id=sometimes(one_of("cases_case", "id", town), 0.8),
        agenda_type=pick("plan_adequacy", "social_resources", "watching"),
        basis=pick("consent", "secrecy"),
        plan_id="null",
        carry_out_id="null",
    )
    crowd.run(
        "insert into meetings_itemattendance (id, name, attendance, item_id, membership_id, "
        f"agency_id) select gen_random_uuid(), '', {pick('present', 'absent', 'partial')}, x.id, "
        "case when random() < 0.5 then m.id end, case when random() < 0.5 then a.group_id end "
        f"from meetings_agendaitem x join agencies_agency a on a.municipality_id = {town} "
        "left join lateral (select m.id from agencies_membership m join agencies_agency b on "
        "b.group_id = m.agency_id and b.municipality_id = a.municipality_id "
        "order by random(), a.code limit 1) m on true where random() < 0.2 on conflict do nothing"
    )


def plans_and_programmes(crowd: Crowd) -> None:
    programmes, rounds = pick("coordination", "outreach", "participation"), pick("1", "2", "3")
    crowd.copy_recorded("plans_plan", 16, programme=programmes, sequence=rounds, status="'draft'")
    by = "(select author_id from cases_record r where r.id = x.record_id)"
    insert = "insert into plans_planstep (id, name, from_status, to_status, at, note, by_id, "
    fresh = "x.status = 'draft' and random() < 0.7"
    name, waited = pick("adopt", "start_urgently"), pick("submitted", "agreed")
    crowd.run(
        f"{insert} plan_id) select gen_random_uuid(), {name}, {waited}, "
        f"'in_force', {moments()}, '', {by}, x.record_id from plans_plan x where {fresh}"
    )
    for end in ("closed", "replanned", "interrupted", "in_force"):
        crowd.run(
            f"{insert} plan_id) select gen_random_uuid(), 'end', 'in_force', '{end}', "
            f"greatest(x.at, {moments()}), '', x.by_id, x.plan_id from plans_planstep x where "
            "x.to_status = 'in_force' and random() < 0.3 and not exists (select from "
            "plans_planstep y where y.plan_id = x.plan_id and y.from_status = 'in_force')"
        )
    crowd.run(
        f"{insert} plan_id) select gen_random_uuid(), 'give_up', 'draft', 'interrupted', "
        f"{moments()}, '', {by}, x.record_id from plans_plan x where x.status = 'draft' and not "
        "exists (select from plans_planstep y where y.plan_id = x.record_id)"
    )
    ticks = f"array[{pick('housing', 'health')}, {pick('sos', 'other')}]"
    crowd.run(
        "with judged as materialized (select record_id as plan, gen_random_uuid() as new from "
        "plans_plan), kept as (insert into cases_record select r.* from judged join cases_record x "
        "on x.id = plan, lateral jsonb_populate_record(x, jsonb_build_object('id', new, 'kind', "
        "'evaluation')) r) "
        'insert into plans_evaluation (record_id, "on", changes, remaining, outcome, follow_up, '
        f"plan_id) select new, {days()}, case when random() < 0.8 then {ticks} else '{{}}' end, "
        f"'', {pick('close', 'replan', 'interrupt', 'continue')}, '', plan from judged"
    )
    methods = pick("visit", "phone", "letter", "accompany")
    results = pick("absent", "absent", "met_person", "met_family")
    crowd.copy_recorded("outreach_visit", 40, method=methods, result=results)
    places(crowd)
    resource = "(select r.municipality_id from participation_resource r where r.id = x.resource_id)"
    # In three steps, because a status and the day of an end belong together.
    crowd.copy_recorded(
        "participation_match",
        60,
        status=pick("proposed", "trial", "active", "settled"),
        starts_on=sometimes(days(), 0.8),
        settled_on=sometimes(days()),
        ended_on="null",
        person_id="(select p.id from cases_person p join cases_case c on c.id = p.case_id where "
        f"c.municipality_id = {resource} order by random() limit 1)",
        resource_id=one_of("participation_resource", "id", resource),
    )
    crowd.run(
        f"update participation_match set status = 'ended', ended_on = {days()} where random() < 0.4"
    )
    crowd.copy_recorded(
        "participation_followup", 30, on=days(), status_after=pick("active", "settled", "ended")
    )


def places(crowd: Crowd) -> None:
    """Places, what happened there, issues and resources."""
    kinds = pick("salon", "cafe", "other")
    area, maybe = pick("", "架空東", "架空西"), sometimes(days())
    crowd.copy("community_place", 6, kind=kinds, area=area, opened_on=maybe, ended_on=maybe)
    crowd.copy(
        "community_placeevent",
        8,
        on=days(),
        place_id=one_of("community_place", "id", "x.municipality_id"),
        participants="floor(random() * 30)",
        organisations="floor(random() * 4)",
    )
    states = pick("raised", "passed", "working", "settled")
    crowd.copy("community_communityissue", 12, raised_on=days(), state=states)
    kinds = pick("work", "place_to_be", "learning")
    crowd.copy("participation_resource", 12, kind=kinds, added_at=moments(), ended_on=maybe)


@pytest.fixture(scope="module")
def counts(django_db_setup, django_db_blocker):  # type: ignore[no-untyped-def]
    """Both counts of every city and year: the product's and the plain one."""
    owner, app = connections["owner"], connections["default"]
    tested = owner.settings_dict["NAME"]
    lived_in = f"{tested}_counted"
    with django_db_blocker.unblock():
        try:
            settle(owner, app, lived_in, copy_of=os.environ.get("KASANE_TEST_TEMPLATE") or tested)
            with holding(put_key(secrets.token_hex(32), "owner", using="owner")):
                build()
                yield {
                    (town.code, year): (product(town, year), plain(town, year))
                    for town in Municipality.objects.filter(code__in=CITIES)
                    for year in YEARS
                }
        finally:
            settle(owner, app, tested)
            with owner._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{lived_in}" WITH (FORCE)')


def settle(owner, app, name: str, copy_of: str = "") -> None:  # type: ignore[no-untyped-def]
    """Both connections on this database, made first if it is to be a copy."""
    for connection in (owner, app):
        connection.close()
        connection.settings_dict["NAME"] = name
    if copy_of:
        with owner._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{copy_of}"')
            cursor.execute(f'GRANT CONNECT ON DATABASE "{name}" TO "{app.settings_dict["USER"]}"')


def build() -> None:
    call_command("load_city", "kusatsu", verbosity=0)
    city("plain")
    city("lone")
    for code in CITIES:
        call_command("load_demo", code, verbosity=0)
    crowd = Crowd()
    crowd.guards("disable")
    for spread in (
        shape_the_city, cases_and_referrals, households, conferences, plans_and_programmes,
    ):  # fmt: skip
        spread(crowd)
    crowd.guards("enable")


def product(town: Municipality, year: int) -> Figures:
    with acting(system_membership(SystemName.STATISTICS).pk):
        return count_year(town, year)


def plain(town: Municipality, year: int) -> Figures:
    with connections["owner"].cursor() as cursor:
        cursor.execute(SQL, {"city": town.pk, "year": year})
        return {(key, breakdown): Decimal(value) for key, breakdown, value in cursor.fetchall()}


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("code", CITIES)
def test_both_counts_agree(counts, code: str, year: int) -> None:  # type: ignore[no-untyped-def]
    theirs, ours = counts[code, year]
    differences = [
        f"{key} {breakdown or 'total'}: product {theirs.get((key, breakdown))}, "
        f"plain {ours.get((key, breakdown))}"
        for key, breakdown in sorted(theirs.keys() | ours.keys())
        if theirs.get((key, breakdown)) != ours.get((key, breakdown))
    ]
    assert not differences, "\n".join(differences)


def test_no_figure_is_counted_idly(counts) -> None:  # type: ignore[no-untyped-def]
    """Every figure of the page is above zero somewhere, and rates are there where they can be."""
    reached = {key for _, ours in counts.values() for (key, _), value in ours.items() if value}
    known = {key for _, ours in counts.values() for key, _ in ours} | RATES
    assert known == reached
