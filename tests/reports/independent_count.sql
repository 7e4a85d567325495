-- Every figure of docs/figures.md for one city and fiscal year, written from that page alone.
-- Parameters: %(city)s the key of the city, %(year)s the fiscal year. Rows: key, breakdown, value.
--
-- `facts` holds one line for each thing counted: its figure, what makes it different from others
-- (`unit`), its weight in a sum, the calendar day in Asia/Tokyo that decides its year, the values
-- it falls under. What is counted at the end of the year is put on the year's last day.
with recursive
town as materialized (
  select %(city)s::bigint as id,
    make_date(%(year)s, 4, 1) as first_day,
    make_date(%(year)s + 1, 3, 31) as last_day,
    least(make_date(%(year)s + 1, 3, 31), (now() at time zone 'Asia/Tokyo')::date) as stock_day,
    make_timestamptz(%(year)s + 1, 4, 1, 0, 0, 0, 'Asia/Tokyo') as over_at
),
-- agency, type: what a row of this agency falls under
unit_of as materialized (
  select a.group_id as id, a.municipality_id as city, a.code, a.sectors,
    array['agency:' || a.code]
      || array(select distinct 'type:' || t.code from agencies_agency t
               where t.group_id = a.of_type_id or (t.is_type and t.group_id = a.group_id)) as dims
  from agencies_agency a
),
-- households and persons that are one, by the standing links between them
link as materialized (
  select f.case_id as a_case, t.case_id as b_case, f.id as a, t.id as b, l.kind = 'merged' as whole
  from cases_householdlink l join cases_person f on f.id = l.from_person_id
  join cases_person t on t.id = l.to_person_id where l.undone_at is null
),
pair (x, y) as materialized (
  select a_case, b_case from link where whole union select b_case, a_case from link where whole
  union select a, b from link union select b, a from link
),
reached (x, y) as (
  select x, y from pair union select r.x, p.y from reached r join pair p on p.x = r.y
),
same as materialized (select x as id, min(y::text) as one from reached group by x),
record as materialized (
  select r.id, coalesce(s.one, r.case_id::text) as case_id, c.municipality_id as city, 
    array(select coalesce(i.one, p::text) from unnest(r.person_ids) p
          left join same i on i.id = p) as person_ids, coalesce(a.dims, '{}') as dims,
    (r.happened_at at time zone 'Asia/Tokyo')::date as happened,
    (r.written_at at time zone 'Asia/Tokyo')::date as written
  from cases_record r join cases_case c on c.id = r.case_id
  left join unit_of a on a.id = r.author_agency_id left join same s on s.id = r.case_id
),
referral as materialized (
  select r.id, coalesce(s.one, r.case_id::text) as case_id, r.mode, (r.sent_at at time zone 'Asia/Tokyo')::date as d,
    array['mode:' || r.mode, 'state:' || r.state] || sender.dims as dims,
    array['to:' || receiver.code, 'conference:' || body.code] as receivers,
    r.mode <> 'notification' and 'coordination' = any (
      case when r.mode = 'secrecy' then office.sectors else receiver.sectors end
    ) as is_request
  from cases_referral r
  join unit_of sender on sender.id = r.from_agency_id
  left join unit_of receiver on receiver.id = r.to_agency_id
  left join agencies_conferencetype body on body.id = r.to_conference_type_id
  left join same s on s.id = r.case_id
  left join unit_of office on office.id = coalesce(body.secretariat_id, body.host_id)
  where sender.city = (select id from town)
),
body as materialized (
  select t.id, t.code, t.host_id, '106-6' = any (t.bases) as is_support,
    exists (select from unnest(t.bases) b where b <> '106-6')
      or t.agenda_types && array['plan_adequacy', 'closure_evaluation']::varchar[] as by_rule
  from agencies_conferencetype t where t.municipality_id = (select id from town)
),
conference as materialized (
  select id, code, host_id, is_support,
    by_rule or not exists (select from body where by_rule) as is_plan
  from body
),
sitting as materialized (
  select s.id, s."on" as d, case when s.is_ad_hoc then 'ad_hoc' else 'regular' end as kind
  from meetings_sitting s
  where s.municipality_id = (select id from town) and s.state in ('open', 'closed')
),
seat as materialized (
  select l.sitting_id, c.* from meetings_sitting_conference_types l
  join conference c on c.id = l.conferencetype_id
),
item as materialized (
  select i.id, coalesce(o.one, i.case_id::text) as case_id, s.d, i.decision,
    array['agenda:' || i.agenda_type, 'conference:' || t.code, 'basis:' || i.basis] as dims,
    'conference:' || t.code as conference
  from meetings_agendaitem i join sitting s on s.id = i.sitting_id
  join agencies_conferencetype t on t.id = i.conference_type_id
  left join same o on o.id = i.case_id
  where i.state = 'decided'
),
plan as materialized (
  select p.record_id as id, p.programme as p, r.case_id, r.written, r.dims,
    'round:' || case when p.sequence = 1 then 'first' else 'again' end as round
  from plans_plan p join record r on r.id = p.record_id
  where r.city = (select id from town)
),
step as materialized (
  select p.*, s.at, (s.at at time zone 'Asia/Tokyo')::date as d, s.to_status, s.name,
    s.to_status = 'in_force' and s.from_status <> 'in_force' as is_start,
    s.from_status = 'in_force' and s.to_status in ('closed', 'replanned', 'interrupted') as is_end
  from plans_planstep s join plan p on p.id = s.plan_id
),
evaluation as materialized (
  select e.record_id as id, e."on" as d, e.changes,
    array['programme:' || p.programme, 'outcome:' || e.outcome] as dims
  from plans_evaluation e join record r on r.id = e.record_id
  join plans_plan p on p.record_id = e.plan_id
  where r.city = (select id from town)
),
visit as materialized (
  select v.record_id as id, v.method, v.result, r.case_id, r.person_ids, r.happened as d, r.dims
  from outreach_visit v join record r on r.id = v.record_id
  where r.city = (select id from town)
),
contact as materialized (
  select case_id, min(d) as first_try, min(d) filter (where result = 'met_person') as d
  from visit group by case_id
),
match as materialized (
  select m.record_id as id, coalesce(o.one, m.person_id::text) as person_id, m.resource_id, m.status, m.starts_on, m.settled_on,
    m.ended_on, r.happened, 'kind:' || s.kind as kind, r.dims,
    m.status in ('active', 'settled', 'ended')
      and (m.ended_on is null or m.ended_on >= m.starts_on) as is_started
  from participation_match m join record r on r.id = m.record_id
  join participation_resource s on s.id = m.resource_id
  left join same o on o.id = m.person_id
  where r.city = (select id from town)
),
event as materialized (
  select e.id, e."on" as d, e.participants, e.organisations, 'kind:' || p.kind as kind,
    'area:' || nullif(p.area, '') as area
  from community_placeevent e join community_place p on p.id = e.place_id
  where e.municipality_id = (select id from town)
),
facts (key, unit, weight, d, dims) as (
  -- 1 包括的相談支援
  select 'new_consultations', c.id::text, 1, (c.received_at at time zone 'Asia/Tokyo')::date,
    a.dims || array['route:' || c.route, 'mode:' || c.mode, 'status:' || c.status,
      'anonymous:' || case when c.is_anonymous then 'yes' else 'no' end]
    || array(select distinct 'sector:' || s from unnest(
      case when cardinality(a.sectors) > 0 then a.sectors else array['none'] end) s)
  from cases_consultation c join unit_of a on a.id = c.agency_id and a.city = (select id from town)
  union all
  select f.key, c.id::text, 1, f.d, a.dims
  from cases_case c join town on c.municipality_id = town.id and c.rests_at is null
  join unit_of a on a.id = c.responsible_agency_id
  cross join lateral (values
    ('cases_opened', (c.opened_at at time zone 'Asia/Tokyo')::date),
    ('cases_closed', (c.closed_at at time zone 'Asia/Tokyo')::date),
    ('cases_active', case when c.opened_at < town.over_at
      and (c.closed_at is null or c.closed_at >= town.over_at) then town.last_day end)
  ) f (key, d)
  -- 2 つなぎ
  union all
  select 'referrals', id::text, 1, d, dims || receivers from referral
  union all
  select 'referred_cases', case_id::text, 1, d, array['mode:' || mode] from referral
  union all
  select 'coordination_requests', id::text, 1, d, dims from referral where is_request
  union all
  select 'coordination_cases', case_id::text, 1, d, array['mode:' || mode]
  from referral where is_request
  -- 3 会議
  union all
  select 'sittings', s.id::text, 1, s.d, array['kind:' || s.kind,
      case when (select count(*) from seat where seat.sitting_id = s.id) > 1 then 'joint:yes' end]
    || array(select 'conference:' || code from seat where seat.sitting_id = s.id)
    || array(select 'conference_kind:' || code || '/' || s.kind
             from seat where seat.sitting_id = s.id)
  from sitting s
  union all
  select f.key, s.id::text, 1, s.d, array['kind:' || s.kind]
    || array(select unnest(a.dims) from seat join unit_of a on a.id = seat.host_id
             where seat.sitting_id = s.id
             and case f.key when 'plan_conference_sittings' then is_plan else is_support end)
  from sitting s
  cross join (values ('plan_conference_sittings'), ('support_conference_sittings')) f (key)
  where exists (select from seat where seat.sitting_id = s.id
    and case f.key when 'plan_conference_sittings' then is_plan else is_support end)
  union all
  select 'items', id::text, 1, d, dims || array['decision:' || decision] from item
  union all
  select 'item_cases', case_id::text, 1, d, dims from item
  union all
  select 'participating_agencies', coalesce(a.agency_id, m.agency_id)::text, 1, i.d,
    array[i.conference]
  from meetings_itemattendance a join item i on i.id = a.item_id
  left join agencies_membership m on m.id = a.membership_id
  where a.attendance in ('present', 'partial')
  -- 4 プラン
  union all
  select 'plans_drafted_' || p, id::text, 1, written, dims || array[round] from plan
  union all
  select 'plans_' || p, id::text, 1, d, dims || array[round] from step where is_start
  union all
  select 'plans_cases_' || p, case_id::text, 1, d, array[round] from step where is_start
  union all
  select 'plans_ended_' || p, id::text, 1, d, dims || array['outcome:' || to_status]
  from step where is_end
  union all
  select 'plans_active_' || p, start.id::text, 1, town.last_day, dims || array[round]
  from step start cross join town
  where is_start and at < town.over_at and not exists (
    select from step stop where stop.id = start.id and stop.is_end and stop.at < town.over_at)
  union all
  select 'urgent_starts', id::text, 1, d, dims || array['programme:' || p]
  from step where is_start and name = 'start_urgently'
  union all
  select 'evaluations', id::text, 1, d, dims from evaluation
  union all
  select 'observed_changes', id::text || '/' || n, 1, d, array['change:' || change]
  from evaluation, unnest(changes) with ordinality as tick (change, n)
  -- 5 アウトリーチ
  union all
  select 'visits', id::text, 1, d, dims || array['method:' || method, 'result:' || result]
  from visit
  union all
  select 'visits_met', id::text, 1, d, array['method:' || method]
  from visit where result = 'met_person'
  union all
  select 'outreach_persons', unnest(person_ids)::text, 1, d, '{}' from visit
  union all
  select 'outreach_cases', case_id::text, 1, d, '{}' from visit
  union all
  select 'first_contacts', case_id::text, 1, d, '{}' from contact
  -- 6 参加支援
  union all
  select 'matches_proposed', id::text, 1, happened, dims || array[kind, 'status:' || status]
  from match
  union all
  select 'match_persons', person_id::text, 1, happened, '{}' from match
  union all
  select 'matches_started', id::text, 1, starts_on, dims || array[kind] from match where is_started
  union all
  select 'match_hosts', resource_id::text, 1, starts_on, array[kind] from match where is_started
  union all
  select 'matches_settled', id::text, 1, settled_on, dims || array[kind] from match
  union all
  select 'matches_ended', id::text, 1, ended_on, array[kind] from match
  union all
  select 'follow_ups', f.record_id::text, 1, f."on", array['status:' || f.status_after]
  from participation_followup f join record r on r.id = f.record_id
  where r.city = (select id from town)
  union all
  select 'resources', s.id::text, 1, town.last_day, array['kind:' || s.kind]
  from participation_resource s join town on s.municipality_id = town.id
  where s.added_at < town.over_at and (s.ended_on is null or s.ended_on >= town.stock_day)
  -- 7 地域づくり
  union all
  select 'places', p.id::text, 1, town.last_day,
    array['kind:' || p.kind, 'area:' || nullif(p.area, '')]
  from community_place p join town on p.municipality_id = town.id
  where (p.opened_on is null or p.opened_on <= town.stock_day)
    and (p.ended_on is null or p.ended_on >= town.stock_day)
  union all
  select 'events', id::text, 1, d, array[kind, area] from event
  union all
  select 'participants', id::text, participants, d, array[kind, area] from event
  union all
  select 'organisations', id::text, organisations, d, array[kind] from event
  union all
  select 'community_issues', id::text, 1, raised_on, array['state:' || state]
  from community_communityissue where municipality_id = (select id from town)
),
-- the figures there are, and whether their page has them by month
figure (key, by_month) as (
  values ('new_consultations', true), ('cases_opened', true), ('cases_closed', false),
    ('cases_active', false), ('referrals', true), ('referred_cases', false),
    ('coordination_requests', true), ('coordination_cases', false), ('sittings', true),
    ('plan_conference_sittings', false), ('support_conference_sittings', false),
    ('items', false), ('item_cases', false), ('participating_agencies', false),
    ('urgent_starts', false), ('evaluations', false), ('observed_changes', false), ('visits', true),
    ('visits_met', false), ('outreach_persons', false), ('outreach_cases', false),
    ('first_contacts', false), ('matches_proposed', false), ('match_persons', false),
    ('matches_started', false), ('match_hosts', false), ('matches_settled', false),
    ('matches_ended', false), ('follow_ups', false), ('resources', false), ('places', false),
    ('events', true), ('participants', true), ('organisations', false),
    ('community_issues', false)
  union all
  select replace(k, '*', p), k in ('plans_drafted_*', 'plans_*')
  from unnest(array['plans_drafted_*', 'plans_*', 'plans_cases_*', 'plans_ended_*',
    'plans_active_*']) k, unnest(array['coordination', 'outreach', 'participation']) p
),
-- each thing once a year in the total, and once under each of its values
once as (
  select distinct f.key, f.unit, f.weight, v.breakdown
  from facts f join town on f.d between town.first_day and town.last_day
  join figure using (key)
  cross join lateral (
    select '' as breakdown union all select unnest(f.dims)
    union all select 'month:' || to_char(f.d, 'YYYY-MM') where figure.by_month
  ) v
  where f.unit is not null and v.breakdown is not null
),
counted as (
  select key, breakdown, sum(weight)::numeric as value from once group by 1, 2
),
rate (key, value) as (
  select 'visits_met_rate', round(100.0 * count(*) filter (where result = 'met_person')
    / nullif(count(*), 0), 1)
  from visit join town on visit.d between town.first_day and town.last_day
  union all
  select 'days_to_first_contact', round(avg((contact.d - contact.first_try)::numeric), 1)
  from contact join town on contact.d between town.first_day and town.last_day
  union all
  select 'urgent_start_rate', round(100.0
    * count(distinct step.id) filter (where step.name = 'start_urgently')
    / nullif(count(distinct step.id), 0), 1)
  from step join town on step.d between town.first_day and town.last_day
  where is_start
)
select key, breakdown, value from counted where breakdown = '' or value <> 0
union all
select key, '', 0 from figure where key not in (select key from counted)
union all
select key, '', value from rate where value is not null
