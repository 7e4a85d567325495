"""The rows of a made-up city, in SQL: each statement fills one table for all households at once.

`one` holds what was drawn for each household (`HOUSEHOLDS`); everything else follows from it by
`pick(number, salt, n)`, which gives 0 … n - 1 by the seed and nothing else. Values in `%(…)s` are
those of `city.build`; a bare per cent sign is written twice.
"""

from __future__ import annotations

# So many notes: ten a household, a few of them many.
NOTES = (2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 19, 33)
ALPHABET_SIZE = 31  # of a case number's letters (config.lib.numbers)
NUMBERS = ALPHABET_SIZE**5

# A time-ordered key, as the application's own are: what is written together lies together.
PREPARE: tuple[str, ...] = (
    # In bytes: putting texts together takes seven times as long.
    """CREATE FUNCTION pg_temp.key(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
       $$ SELECT encode(set_byte(set_byte(int8send(number << 16) || int8send(hashint8extended(
              number, hashtextextended(kind, %(seed)s::bigint))), 6, 112), 8, 128), 'hex')::uuid
       $$""",
    """CREATE FUNCTION pg_temp.pick(number bigint, salt int, n int) RETURNS int
       LANGUAGE sql IMMUTABLE AS
       $$ SELECT ((hashint8extended(number, salt + %(seed)s::bigint * 1000) & 9007199254740991)
                  %% n)::int $$""",
    """CREATE FUNCTION pg_temp.pick(key uuid, salt int, n int) RETURNS int
       LANGUAGE sql IMMUTABLE AS
       $$ SELECT ((uuid_hash_extended(key, salt + %(seed)s::bigint * 1000) & 9007199254740991)
                  %% n)::int $$""",
    """CREATE TEMP TABLE slot (number int PRIMARY KEY, agency int, workers uuid[])""",
    """CREATE TEMP TABLE word (number int PRIMARY KEY, name text, kana text, folded text,
           kana_folded text, given_folded text, given_kana_folded text)""",
    "CREATE TEMP TABLE said (number int PRIMARY KEY, text text, next_step text)",
    """CREATE TEMP TABLE kind (number int PRIMARY KEY, from_share int, to_share int, size int,
           issues text[])""",
    """CREATE TEMP TABLE place (kind int, part int, relation text, sex text, youngest int,
           years int, PRIMARY KEY (kind, part))""",
    "CREATE TEMP TABLE sat (number int, id uuid, conference bigint, is_secret bool)",
)

# Of each household: its kind, agency and worker, a helper or none, whether the office is in it.
HOUSEHOLDS = """
CREATE TEMP TABLE one AS
SELECT h.*, pg_temp.key('person', h.i * 8) AS a,
       CASE WHEN h.size > 1 THEN pg_temp.key('person', h.i * 8 + 1) END AS b
FROM (
    SELECT i, pg_temp.key('case', i) AS id, k.number AS kind, k.size, k.issues,
        o.agency, o.workers[1 + pg_temp.pick(i, 3, cardinality(o.workers))] AS worker,
        h.agency AS helper, h.workers[1 + pg_temp.pick(i, 6, cardinality(h.workers))] AS helping,
        pg_temp.pick(i, 9, 10) = 0 AND agreed.has AS is_known, t.at,
        CASE WHEN pg_temp.pick(i, 10, 6) = 0 AND t.at < %(now)s::timestamptz - interval '90 days'
            THEN t.at + (%(now)s::timestamptz - t.at) * 0.6 END AS closed_at,
        (%(notes)s::int[])[1 + pg_temp.pick(i, 11, %(kinds_of_notes)s)] AS notes
    FROM generate_series(1, %(households)s::bigint) AS i
    JOIN kind AS k ON pg_temp.pick(i, 1, 1000) >= k.from_share
                  AND pg_temp.pick(i, 1, 1000) < k.to_share
    JOIN slot AS o ON o.number = pg_temp.pick(i, 2, %(slots)s)
    -- As CONSENTS says of the head: nobody is brought in without.
    CROSS JOIN LATERAL (SELECT pg_temp.pick(i * 8, 35, 100) < 78
        AND pg_temp.pick(i * 8, 36, 30) > 0 AS has) AS agreed
    LEFT JOIN slot AS h ON h.number = pg_temp.pick(i, 4, %(slots)s) AND h.agency <> o.agency
                       AND pg_temp.pick(i, 5, 100) < 45 AND agreed.has
    CROSS JOIN LATERAL (SELECT %(now)s::timestamptz - interval '3 hours' * pg_temp.pick(i, 7, 5)
        - interval '1400 days' * ((%(households)s - i + 0.5) / %(households)s) AS at) AS t
) AS h ORDER BY h.i
"""

_SEX = """CASE WHEN m.sex <> '' THEN m.sex
    ELSE (ARRAY['male', 'female'])[1 + pg_temp.pick(i * 8 + m.part, 16, 2)] END"""

CASES = """
INSERT INTO cases_case (id, number, urgency, status, opened_at, closed_at, closed_by_id,
    closed_kind, municipality_id, opened_by_id, responsible_agency_id)
SELECT id, 'K' || extract(year FROM at AT TIME ZONE 'Asia/Tokyo' - interval '3 months') - 2018
        || '-' || substr(%(letters)s, 1 + (n / 923521 %% 31)::int, 1)
        || substr(%(letters)s, 1 + (n / 29791 %% 31)::int, 1)
        || substr(%(letters)s, 1 + (n / 961 %% 31)::int, 1)
        || substr(%(letters)s, 1 + (n / 31 %% 31)::int, 1)
        || substr(%(letters)s, 1 + (n %% 31)::int, 1),
    (ARRAY['', 'high', 'middle', 'low', 'low'])[1 + pg_temp.pick(i, 17, 5)],
    CASE WHEN closed_at IS NULL THEN 'active' ELSE 'closed' END, at, closed_at,
    CASE WHEN closed_at IS NOT NULL THEN worker END,
    CASE WHEN closed_at IS NULL THEN '' ELSE
        (ARRAY['settled', 'settled', 'handed_on', 'moved'])[1 + pg_temp.pick(i, 18, 4)] END,
    %(city)s, worker, agency
FROM one CROSS JOIN LATERAL (SELECT (i * 7368787 + %(seed)s::bigint * 104729) %% %(numbers)s AS n)
    AS numbered
"""
PERSONS = f"""
INSERT INTO cases_person (id, label, name, name_kana, name_folded, kana_folded, birth_on,
    given_folded, given_kana_folded, birth_year, is_age_estimated, sex, relation, is_cohabiting,
    is_deceased, died_on, written_at,
    version, author_id, author_agency_id, case_id)
SELECT pg_temp.key('person', i * 8 + m.part), chr(65 + m.part),
    CASE WHEN known.named THEN w.name ELSE '' END, CASE WHEN known.named THEN w.kana ELSE '' END,
    CASE WHEN known.named THEN w.folded ELSE '' END,
    CASE WHEN known.named THEN w.kana_folded ELSE '' END,
    CASE WHEN known.born THEN known.day END,
    CASE WHEN known.named THEN w.given_folded ELSE '' END,
    CASE WHEN known.named THEN w.given_kana_folded ELSE '' END,
    CASE WHEN NOT known.born THEN extract(year FROM known.day)::int END, NOT known.born,
    s.sex, m.relation, m.part < 2 OR pg_temp.pick(i * 8 + m.part, 19, 20) > 0,
    known.died IS NOT NULL, known.died, at, 1, worker, agency, id
FROM one JOIN place AS m ON m.kind = one.kind
CROSS JOIN LATERAL (SELECT {_SEX} AS sex) AS s
CROSS JOIN LATERAL (SELECT pg_temp.pick(i * 8 + m.part, 20, 100) > 0 AS named,
    pg_temp.pick(i * 8 + m.part, 21, 20) > 0 AS born,
    (at - (m.youngest + pg_temp.pick(i * 8 + m.part, 22, m.years)) * interval '1 year'
        - pg_temp.pick(i * 8 + m.part, 23, 365) * interval '1 day')::date AS day,
    CASE WHEN m.relation = 'spouse' AND m.youngest > 65 AND pg_temp.pick(i, 24, 14) = 0
        THEN (at - interval '400 days')::date END AS died) AS known
JOIN word AS w ON w.number = %(given)s * least(pg_temp.pick(i, 12, %(families)s),
                                               pg_temp.pick(i, 13, %(families)s))
    + 8 * pg_temp.pick(i * 8 + m.part, 14, %(given)s / 8)
    + CASE s.sex WHEN 'female' THEN 0 ELSE 4 END + pg_temp.pick(i * 8 + m.part, 15, 4)
"""
CONTACTS = """
INSERT INTO cases_contact (person_id, phone, phone_digits, address, address_folded, school,
    workplace, whereabouts)
SELECT pg_temp.key('person', i * 8 + m.part),
    CASE WHEN said.has THEN '090-' || substr(said.digits, 1, 4) || '-' || substr(said.digits, 5)
        ELSE '' END,
    CASE WHEN said.has THEN '090' || said.digits ELSE '' END,
    CASE WHEN m.part < 2 THEN d.area || d.block || '丁目' || d.lot || '番' || d.house || '号'
        ELSE '' END,
    CASE WHEN m.part < 2 THEN d.area || d.block || '-' || d.lot || '-' || d.house ELSE '' END,
    CASE WHEN m.relation = 'child' AND m.youngest BETWEEN 5 AND 12 THEN '架空第'
        || 1 + pg_temp.pick(i, 29, 30) || '小学校' ELSE '' END, '', ''
FROM one JOIN place AS m ON m.kind = one.kind
CROSS JOIN LATERAL (SELECT m.youngest > 12 AND pg_temp.pick(i * 8 + m.part, 30, 5) > 0 AS has,
    lpad(((i * 8 + m.part) * 48271 %% 100000000)::text, 8, '0') AS digits) AS said
CROSS JOIN LATERAL (SELECT 1 + pg_temp.pick(i, 26, 9) AS block, 1 + pg_temp.pick(i, 27, 30) AS lot,
    1 + pg_temp.pick(i, 28, 20) AS house,
    (%(areas)s::text[])[1 + pg_temp.pick(i, 25, cardinality(%(areas)s))] AS area) AS d
"""
TEAM = """
INSERT INTO cases_supportteam (id, via, joined_at, left_at, agency_id, case_id)
SELECT pg_temp.key('team', i), 'responsible', at, NULL::timestamptz, agency, id FROM one
UNION ALL SELECT pg_temp.key('help', i), 'referral', at + interval '20 minutes', COALESCE(closed_at,
    CASE WHEN pg_temp.pick(i, 31, 25) = 0 THEN %(now)s::timestamptz - interval '1 hour' END),
    helper, id
FROM one WHERE helper IS NOT NULL
UNION ALL SELECT pg_temp.key('office', i), 'referral', at + interval '30 minutes', closed_at,
    %(office)s, id FROM one WHERE is_known
"""
WORKERS = """
INSERT INTO cases_caseworker (id, since, ended_at, agency_id, case_id, membership_id, named_by_id)
SELECT pg_temp.key('worker', i), at, NULL::timestamptz, agency, id, worker, worker FROM one
UNION ALL SELECT pg_temp.key('helping', i), at + interval '20 minutes', closed_at, helper, id,
    helping, helping FROM one WHERE helper IS NOT NULL
"""
# Three of four heads agree, fewer of the others; a child's parent for it, where the head agreed.
CONSENTS = """
INSERT INTO cases_consent (id, answer, categories, covers_household, purpose, method, proxy_name,
    proxy_power, given_on, period, recorded_at, withdrawn_at, withdrawn_by_id, withdrawal_reason,
    case_id, explained_by_id, taken_by_agency_id, person_id)
SELECT pg_temp.key('consent', i * 8 + part), answer,
    CASE answer WHEN 'refused' THEN '{}'::text[] WHEN 'given' THEN CASE WHEN part = 0
        AND pg_temp.pick(i, 32, 5) > 0 THEN %(categories)s::text[]
        ELSE '{basic,household,progress,plan}' END END,
    answer = 'given' AND NOT is_child AND pg_temp.pick(i, 33, 5) < 3,
    '相談支援のため', CASE WHEN is_child THEN 'proxy' WHEN pg_temp.pick(i, 34, 5) = 0 THEN 'oral'
        ELSE 'signed' END,
    CASE WHEN is_child THEN '世帯主' ELSE '' END, CASE WHEN is_child THEN '親権者' ELSE '' END,
    (at AT TIME ZONE 'Asia/Tokyo')::date, tstzrange(at, ends), at,
    CASE WHEN is_over THEN %(now)s::timestamptz - interval '2 days' END,
    CASE WHEN is_over THEN worker END, CASE WHEN is_over THEN '本人の申し出' ELSE '' END,
    id, worker, agency, pg_temp.key('person', i * 8 + part)
FROM (
    SELECT one.*, m.part, m.youngest < 15 AS is_child,
        CASE WHEN pg_temp.pick(i * 8 + m.part, 36, 30) = 0 AND m.youngest >= 15 THEN 'refused'
            ELSE 'given' END AS answer,
        CASE pg_temp.pick(i * 8 + m.part, 37, 16)
            WHEN 0 THEN greatest(%(now)s::timestamptz - interval '1 day', at + interval '1 hour')
            WHEN 1 THEN %(now)s::timestamptz + interval '90 days' END AS ends,
        pg_temp.pick(i * 8 + m.part, 38, 80) = 0 AND at < %(now)s::timestamptz - interval '9 days'
            AS is_over
    FROM one JOIN place AS m ON m.kind = one.kind
    WHERE pg_temp.pick(i * 8 + m.part, 35, 100) < CASE WHEN m.part = 0 THEN 78
        WHEN m.youngest < 15 THEN 20 ELSE 40 END
      AND NOT (m.relation = 'spouse' AND m.youngest > 65 AND pg_temp.pick(i, 24, 14) = 0)
) AS asked
"""
LINES = """
INSERT INTO cases_consentline (id, is_exception, agency_id, consent_id)
SELECT pg_temp.key('line' || named.part, c.i * 8 + c.part), named.is_exception, named.agency,
    c.consent
FROM (SELECT one.*, m.part, pg_temp.key('consent', i * 8 + m.part) AS consent FROM one
      JOIN place AS m ON m.kind = one.kind) AS c
JOIN cases_consent AS given ON given.id = c.consent AND given.answer = 'given'
CROSS JOIN LATERAL (VALUES (0, c.agency, false),
    (1, c.helper, pg_temp.pick(c.i, 39, 60) = 0),
    (2, CASE WHEN c.is_known AND c.agency <> %(office)s
             AND c.helper IS DISTINCT FROM %(office)s THEN %(office)s END, false))
    AS named (part, agency, is_exception)
WHERE named.agency IS NOT NULL
"""
# The n-th notes of all households at once, as they come in over the years: a household's own lie
# far apart in the table, as in a city that lives.
NOTE_RECORDS = """
INSERT INTO cases_record (id, kind, category, audience, person_ids, is_household, happened_at,
    written_at, author_id, author_agency_id, case_id)
SELECT pg_temp.key('note', n), 'note',
    (ARRAY['progress', 'progress', 'progress', 'progress', 'progress', 'health', 'money', 'care',
           'child', 'housing'])[1 + pg_temp.pick(n, 40, 10)],
    CASE WHEN pg_temp.pick(n, 41, 10) = 0 THEN 'agency' ELSE 'team' END,
    CASE WHEN about < 10 THEN '{}'::uuid[] WHEN about < 25 AND b IS NOT NULL THEN ARRAY[a, b]
        WHEN about < 45 AND b IS NOT NULL THEN ARRAY[b] ELSE ARRAY[a] END, about < 10,
    happened, least(happened + pg_temp.pick(n, 42, 400) * interval '1 minute', %(now)s),
    CASE WHEN is_helper THEN helping ELSE worker END,
    CASE WHEN is_helper THEN helper ELSE agency END, id
FROM (
    SELECT one.*, n, pg_temp.pick(n, 43, 100) AS about,
        helper IS NOT NULL AND %(part)s * 3 > notes AND pg_temp.pick(n, 44, 4) = 0 AS is_helper,
        least(greatest((date_trunc('day', (at + (COALESCE(closed_at, %(now)s) - at)
                * ((%(part)s + 0.5) / notes)) AT TIME ZONE 'Asia/Tokyo')
            + interval '9 hours' + pg_temp.pick(n, 45, 96) * interval '5 minutes')
            AT TIME ZONE 'Asia/Tokyo', at), %(now)s) AS happened
    FROM one CROSS JOIN LATERAL (SELECT %(part)s::bigint * %(households)s + i AS n) AS numbered
    WHERE notes > %(part)s
) AS o
"""
NOTES_WRITTEN = """
INSERT INTO cases_note (record_id, happened_at, method, with_whom, place, result, minutes, text,
    next_step, version)
SELECT r.id, r.happened_at, m.method, CASE WHEN r.is_household THEN '家族' ELSE '本人' END,
    CASE m.method WHEN 'visit' THEN '自宅' WHEN 'office' THEN '相談窓口' ELSE '' END,
    CASE pg_temp.pick(r.id, 50, 12) WHEN 0 THEN 'absent' WHEN 1 THEN '' ELSE 'met' END,
    CASE WHEN pg_temp.pick(r.id, 51, 3) > 0 THEN 5 + 5 * pg_temp.pick(r.id, 52, 18) END,
    said.text, said.next_step, 1
FROM cases_record AS r JOIN one ON one.id = r.case_id
JOIN said ON said.number = pg_temp.pick(r.id, 53, %(texts)s)
CROSS JOIN LATERAL (SELECT (ARRAY['visit', 'visit', 'visit', 'phone', 'phone', 'phone', 'office',
    'accompany', 'mail', 'meeting'])[1 + pg_temp.pick(r.id, 54, 10)] AS method) AS m
WHERE r.kind = 'note'
"""
# One to three problems, two sections of the assessment, of every second a plan.
OTHER_RECORDS = """
INSERT INTO cases_record (id, kind, category, audience, person_ids, is_household, happened_at,
    written_at, author_id, author_agency_id, case_id)
SELECT pg_temp.key('record', i * 8 + part),
    CASE WHEN part < 3 THEN 'issue' WHEN part < 5 THEN 'assessment' ELSE 'plan' END,
    CASE WHEN part < 3 THEN (%(issue_categories)s::jsonb) ->> issues[1 + part]
        WHEN part = 5 THEN 'plan'
        ELSE (ARRAY['money', 'health', 'housing', 'household', 'work'])
            [1 + pg_temp.pick(i * 8 + part, 61, 5)] END,
    CASE WHEN part < 5 AND pg_temp.pick(i * 8 + part, 62, 12) = 0 THEN 'agency' ELSE 'team' END,
    CASE WHEN about = 0 AND part < 5 THEN '{}'::uuid[] WHEN about < 3 AND part < 5
        AND b IS NOT NULL THEN ARRAY[b] ELSE ARRAY[a] END, about = 0 AND part < 5,
    at + (part + 1) * interval '10 minutes', at + (part + 1) * interval '10 minutes', worker,
    agency, id
FROM one, generate_series(0, 5) AS part
CROSS JOIN LATERAL (SELECT pg_temp.pick(i * 8 + part, 63, 8) AS about) AS whom
WHERE part IN (0, 3, 4) OR part = 1 AND pg_temp.pick(i, 64, 3) > 0
   OR part = 2 AND pg_temp.pick(i, 64, 3) = 2 OR part = 5 AND pg_temp.pick(i, 65, 2) = 0
"""
_PART = "pg_temp.key('record', o.i * 8 + part)"
ISSUES = f"""
INSERT INTO cases_issue (record_id, issue_type, is_primary, status, noted_on, solved_on, note,
    suspected_name)
SELECT r.id, o.issues[1 + part], part = 0, s.status, (o.at AT TIME ZONE 'Asia/Tokyo')::date,
    CASE WHEN s.status = 'solved' THEN (COALESCE(o.closed_at, %(now)s) AT TIME ZONE
        'Asia/Tokyo')::date END, '', ''
FROM one AS o, generate_series(0, 2) AS part, cases_record AS r,
    LATERAL (SELECT CASE WHEN pg_temp.pick(o.i * 4 + part, 66, 6) = 0 THEN 'solved'
        WHEN pg_temp.pick(o.i * 4 + part, 66, 6) = 1 THEN 'suspected' ELSE 'confirmed' END
        AS status) AS s
WHERE r.id = {_PART} AND r.kind = 'issue'
"""
SECTIONS = """
INSERT INTO cases_assessmentsection (record_id, situation, strengths, assessed_on, version)
SELECT r.id, (%(situations)s::text[])[1 + pg_temp.pick(r.id, 67, cardinality(%(situations)s))],
    (%(strengths)s::text[])[1 + pg_temp.pick(r.id, 68, cardinality(%(strengths)s))],
    (r.happened_at AT TIME ZONE 'Asia/Tokyo')::date, 1
FROM cases_record AS r JOIN one ON one.id = r.case_id WHERE r.kind = 'assessment'
"""
PLANS = """
INSERT INTO plans_plan (record_id, programme, sequence, wishes, problems, aim, links_outreach,
    links_participation, starts_on, ends_on, review_on, status, signed_on, signature_note,
    decided_in, version, decided_at, decided_by_id, ended_at)
SELECT r.id, 'coordination', 1, (%(wishes)s::text[])[1 + pg_temp.pick(o.i, 70, 5)], '',
    (%(aims)s::text[])[1 + pg_temp.pick(o.i, 71, 5)], false, false, p.starts, p.starts + 365,
    (%(now)s AT TIME ZONE 'Asia/Tokyo')::date + pg_temp.pick(o.i, 72, 200) - 12, s.status,
    CASE WHEN s.status <> 'draft' THEN p.starts - 3 END, '',
    CASE WHEN s.status <> 'draft' THEN '支援会議' ELSE '' END, 1,
    CASE WHEN s.status <> 'draft' THEN o.at + interval '1 hour' END,
    CASE WHEN s.status <> 'draft' THEN %(decider)s::uuid END,
    CASE WHEN s.status = 'closed' THEN o.closed_at END
FROM cases_record AS r JOIN one AS o ON o.id = r.case_id
CROSS JOIN LATERAL (SELECT (o.at AT TIME ZONE 'Asia/Tokyo')::date AS starts) AS p
CROSS JOIN LATERAL (SELECT CASE WHEN o.closed_at IS NOT NULL THEN 'closed'
    WHEN pg_temp.pick(o.i, 73, 8) = 0 THEN 'draft' ELSE 'in_force' END AS status) AS s
WHERE r.kind = 'plan'
"""
GOALS = """
INSERT INTO plans_goal (id, "order", text, target_on, attainment, plan_id)
SELECT pg_temp.key('goal', i), 1, (%(aims)s::text[])[1 + pg_temp.pick(i, 71, 5)],
    p.ends_on, '', p.record_id
FROM one JOIN cases_record AS r ON r.case_id = one.id AND r.kind = 'plan'
JOIN plans_plan AS p ON p.record_id = r.id
"""
TASKS_GIVEN = """
INSERT INTO plans_supportitem (id, "order", content, worker, frequency, until, status, done_on,
    agency_id, plan_id, goal_id)
SELECT pg_temp.key('task', i * 4 + part), part + 1,
    (%(tasks)s::text[])[1 + pg_temp.pick(i * 4 + part, 74, cardinality(%(tasks)s))], '',
    (ARRAY['毎月', '隔週', '毎週', ''])[1 + pg_temp.pick(i * 4 + part, 75, 4)], d.until, s.status,
    CASE WHEN s.status = 'done' THEN least(d.until, (%(now)s AT TIME ZONE 'Asia/Tokyo')::date) END,
    CASE WHEN part = 1 THEN COALESCE(helper, agency) ELSE agency END,
    p.record_id, pg_temp.key('goal', i)
FROM one JOIN cases_record AS r ON r.case_id = one.id AND r.kind = 'plan'
JOIN plans_plan AS p ON p.record_id = r.id CROSS JOIN generate_series(0, 2) AS part
CROSS JOIN LATERAL (SELECT CASE WHEN closed_at IS NOT NULL
    OR pg_temp.pick(i * 4 + part, 76, 5) < 2 THEN 'done' ELSE 'open' END AS status) AS s
CROSS JOIN LATERAL (SELECT (%(now)s AT TIME ZONE 'Asia/Tokyo')::date
    + pg_temp.pick(i * 4 + part, 77, 160) - 6 AS until) AS d
WHERE part < 2 OR pg_temp.pick(i, 78, 2) = 0
"""
STEPS = """
INSERT INTO plans_planstep (id, name, from_status, to_status, at, note, by_id, plan_id)
SELECT pg_temp.key('step', i * 8 + s.part), s.name, s.source, s.target,
    CASE WHEN s.name = 'close' THEN one.closed_at ELSE one.at + s.part * interval '20 minutes' END,
    '', CASE WHEN s.name = 'adopt' THEN %(decider)s::uuid ELSE worker END, p.record_id
FROM one JOIN cases_record AS r ON r.case_id = one.id AND r.kind = 'plan'
JOIN plans_plan AS p ON p.record_id = r.id
CROSS JOIN (VALUES (0, 'draft', '', 'draft'), (1, 'submit', 'draft', 'submitted'),
    (3, 'adopt', 'submitted', 'in_force'), (4, 'close', 'in_force', 'closed'))
    AS s (part, name, source, target)
WHERE s.part = 0 OR p.status <> 'draft' AND (s.part < 4 OR p.status = 'closed')
"""
CONSULTATIONS = """
INSERT INTO cases_consultation (id, received_at, mode, route, is_anonymous, visitor_name,
    visitor_relation, visitor_phone, complaint, urgency, screening, status, form_key, agency_id,
    case_id, taken_by_id)
SELECT pg_temp.key('consultation', i), at - interval '20 minutes',
    CASE WHEN pg_temp.pick(i, 80, 6) = 0 THEN 'without_consent' ELSE 'with_consent' END,
    (ARRAY['person_phone', 'person_visit', 'family_phone', 'family_visit', 'agency',
           'commissioner'])[1 + pg_temp.pick(i, 81, 6)], false, '', '', '',
    (%(complaints)s::text[])[1 + pg_temp.pick(i, 82, cardinality(%(complaints)s))],
    (ARRAY['high', 'middle', 'low'])[1 + pg_temp.pick(i, 83, 3)], 'continue', 'case',
    pg_temp.key('form', i), agency, id, worker FROM one
UNION ALL SELECT pg_temp.key('asking', i), at, 'with_consent', 'family_phone', false, '', '', '',
    (%(complaints)s::text[])[1 + pg_temp.pick(i, 84, cardinality(%(complaints)s))], 'low', '',
    CASE WHEN i %% 3 = 0 THEN 'open' ELSE 'done' END, pg_temp.key('askingform', i), agency, NULL,
    worker FROM one WHERE i %% 25 = 0
"""
ASKING = """
INSERT INTO cases_consultationperson (id, "order", name, name_kana, name_folded, kana_folded,
    given_folded, given_kana_folded, birth_on, birth_year, is_age_estimated, sex, relation, phone,
    phone_digits, address, address_folded, consultation_id, agency_id)
SELECT pg_temp.key('visitor', i), 0, w.name, w.kana, w.folded, w.kana_folded, w.given_folded,
    w.given_kana_folded, p.birth_on, p.birth_year, p.is_age_estimated, p.sex, 'head', '', '', '',
    '', pg_temp.key('consultation', i), agency
FROM one JOIN cases_person AS p ON p.id = one.a JOIN word AS w ON w.name = p.name
UNION ALL SELECT pg_temp.key('unknown', i), 0, w.name, w.kana, w.folded, w.kana_folded,
    w.given_folded, w.given_kana_folded, NULL, 1960, true, '', '', '', '', '', '',
    pg_temp.key('asking', i), agency
FROM one JOIN word AS w ON w.number = pg_temp.pick(i, 85, %(words)s) WHERE i %% 25 = 0
"""
REFERRALS = """
INSERT INTO cases_referral (id, mode, sent_at, person_ids, reason, summary, criteria,
    legal_ground, state, answered_at, answer_reason, form_key, answered_by_id, case_id,
    from_agency_id, sent_by_id, to_agency_id)
SELECT pg_temp.key('sheet', i), 'consent', at + interval '5 minutes', ARRAY[a],
    (%(tasks)s::text[])[1 + pg_temp.pick(i, 86, cardinality(%(tasks)s))] || 'をお願いします。',
    (%(complaints)s::text[])[1 + pg_temp.pick(i, 82, cardinality(%(complaints)s))], '{}'::text[],
    '', 'accepted', at + interval '20 minutes', '', pg_temp.key('sheetform', i), helping, one.id,
    agency, worker, helper
FROM one JOIN cases_consent AS c ON c.person_id = one.a AND c.answer = 'given'
WHERE helper IS NOT NULL
UNION ALL SELECT pg_temp.key('brought', i), 'consent', at + interval '6 minutes', ARRAY[a],
    '複数の機関での話し合いをお願いします。', '', '{}'::text[], '', 'accepted',
    at + interval '30 minutes', '', pg_temp.key('broughtform', i), %(decider)s::uuid, one.id,
    agency, worker, %(office)s
FROM one JOIN cases_consent AS c ON c.person_id = one.a AND c.answer = 'given' WHERE is_known
UNION ALL SELECT pg_temp.key('waiting', i), 'consent', %(now)s - interval '2 hours', ARRAY[a],
    '見守りをお願いします。', '', '{}'::text[], '', 'sent', NULL, '',
    pg_temp.key('waitingform', i), NULL, one.id, agency, worker, %(office)s
FROM one JOIN cases_consent AS c ON c.person_id = one.a AND c.answer = 'given'
WHERE is_known AND closed_at IS NULL AND agency <> %(office)s AND pg_temp.pick(i, 87, 40) = 0
"""
CLOSINGS = """
INSERT INTO cases_closing (case_id, reason, follow_up)
SELECT id, '暮らしが落ち着き、本人と話し合って終えた。', '' FROM one WHERE closed_at IS NOT NULL
"""
ITEMS = """
INSERT INTO meetings_agendaitem (id, agenda_type, basis, title, person_ids, material_ids,
    briefing, attached_ids, participant_ids, proposed_at, state, open_period, decision,
    opinion, version, carry_people, carry_text, case_id, conference_type_id,
    proposed_by_id, proposing_agency_id, sitting_id)
SELECT pg_temp.key('item', i), CASE WHEN s.is_secret THEN 'watching' ELSE 'plan_adequacy'
    END, CASE WHEN s.is_secret THEN 'secrecy' ELSE 'consent' END, '世帯の支援について', ARRAY[a],
    '{}', '', '{}', CASE WHEN s.is_secret THEN '{}'::int[] ELSE ARRAY[%(office)s, agency] END, at,
    'noticed', tstzrange(at, %(now)s::timestamptz + interval '60 days'), '', '', 1, '', '',
    one.id, s.conference, worker, agency, s.id
FROM one JOIN sat AS s ON s.number = i / %(item_every)s %% %(sittings)s
WHERE i %% %(item_every)s = 0 AND is_known AND closed_at IS NULL
"""
SHIELDS = """
INSERT INTO cases_shield (id, ground, expires_on, proposed_at, confirmed_at, lift_reason,
    form_key, case_id, confirmed_user_id, confirmer_id, person_id, proposed_by_id,
    proposed_user_id)
SELECT pg_temp.key('shield', i), 'resident_records',
    (%(now)s AT TIME ZONE 'Asia/Tokyo')::date + 300, at, at, '', pg_temp.key('shieldform', i),
    one.id, m.user_id, m.id, a, worker, w.user_id
FROM one JOIN agencies_membership AS w ON w.id = worker,
    LATERAL (SELECT * FROM agencies_membership AS n WHERE n.agency_id = agency AND n.id <> worker
             AND n.user_id <> w.user_id ORDER BY md5(n.id::text || i) LIMIT 1) AS m
WHERE i %% 1500 = 30 AND closed_at IS NULL
"""
SHIELD_MEMBERS = """
INSERT INTO cases_shieldmember (id, added_at, added_by_id, membership_id, shield_id)
SELECT pg_temp.key('listed' || part, one.i), s.proposed_at, s.proposed_by_id,
    CASE part WHEN 0 THEN s.proposed_by_id ELSE s.confirmer_id END, s.id
FROM one JOIN cases_shield AS s ON s.case_id = one.id, generate_series(0, 1) AS part
"""
NOTICES = """
INSERT INTO agencies_notice (id, kind, key, title, url, created_at, agency_id)
SELECT pg_temp.key('notice', i), 'world', i::text, '同意の期限が近づいています', '', at, agency
FROM one WHERE i %% 40 = 0
"""
LOOKS = """
INSERT INTO agencies_accesslog (at, membership_id, user_id, agency_id, municipality_id, action,
    purpose, basis, what, case_id, record_ids, author_agency_id, was_allowed)
SELECT at + part * interval '4 hours', worker, m.user_id, agency, %(city)s, 'open', 'consultation',
    'responsible', 'case_detail', one.id, ARRAY[a], agency, true
FROM generate_series(0, 2) AS part, one JOIN agencies_membership AS m ON m.id = worker
"""
# As `kasane.sync_grants` would write them, from the sentence it asks.
GRANTS = """
INSERT INTO cases_casegrant (id, permission_id, group_id, content_object_id, person_id, categories,
    covers_household, basis, consent_id, granted_by_agency_id, granted_at, period, revoked_reason)
SELECT overlay(overlay(md5(%(seed)s::text || w.case_id || w.group_id || w.basis
        || COALESCE(w.consent_id::text, '')) PLACING '7' FROM 13) PLACING '8' FROM 17)::uuid,
    p.id, w.group_id, w.case_id, w.person_id, w.categories, w.covers_household, w.basis,
    w.consent_id, w.granted_by, %(now)s, w.period, ''
FROM kasane.wanted_grants AS w JOIN one ON one.id = w.case_id CROSS JOIN auth_permission AS p
JOIN django_content_type AS t ON t.id = p.content_type_id
WHERE t.app_label = 'cases' AND p.codename = 'view_case'
"""
# What `kasane.sync_grants` does last: a sheet ends with the consent it rests on, and the case.
SHEETS_CLOSED = """
UPDATE cases_referral AS f SET state = 'closed', open_until = %(now)s
FROM one WHERE one.id = f.case_id AND f.mode = 'consent' AND f.state IN ('sent', 'accepted')
  AND (one.closed_at IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM kasane.consent_reach AS r WHERE r.case_id = f.case_id
      AND r.person_id = f.person_ids[1] AND r.agency_id = f.to_agency_id AND r.period @> now()))
"""
HELD = "SELECT kasane.hold_found(s.id) FROM cases_shield AS s JOIN one ON one.id = s.case_id"
HINTED = """
SELECT kasane.note_duplicates(p.id) FROM cases_person AS p JOIN one ON one.id = p.case_id
WHERE p.kana_folded <> '' AND EXISTS (SELECT 1 FROM cases_person AS q
    WHERE q.kana_folded = p.kana_folded AND q.birth_on = p.birth_on AND q.case_id <> p.case_id)
"""

# Whatever keeps its versions: who wrote the first, and when.
VERSIONED = {
    "cases_person": ("id", "t.written_at", "t.author_id", ""),
    "cases_contact": ("person_id", "p.written_at", "p.author_id",
                      "JOIN cases_person AS p ON p.id = t.person_id"),
    "cases_consent": ("id", "t.recorded_at", "t.explained_by_id", ""),
    **dict.fromkeys(
        ("cases_note", "cases_issue", "cases_assessmentsection", "plans_plan"),
        ("record_id", "p.written_at", "p.author_id",
         "JOIN cases_record AS p ON p.id = t.record_id"),
    ),
}  # fmt: skip


def versions(table: str, columns: list[str]) -> str:
    """The first version of every new row of a table, as django-simple-history writes it."""
    _key, at, author, through = VERSIONED[table]
    room, _, name = table.partition("_")
    case = "p.case_id" if through else "t.case_id"
    copied = ", ".join(f't."{column}"' for column in columns)
    return f"""
        INSERT INTO {room}_historical{name} ({copied.replace("t.", "")}, history_date, history_type,
            history_user_id)
        SELECT {copied}, {at}, '+', m.user_id
        FROM {table} AS t {through} JOIN one ON one.id = {case}
        JOIN agencies_membership AS m ON m.id = {author}"""


# One after the other; then the notes, round by round.
FILL = (
    CASES, PERSONS, CONTACTS, TEAM, WORKERS, CONSENTS, LINES, OTHER_RECORDS, ISSUES, SECTIONS,
    PLANS, GOALS, TASKS_GIVEN, STEPS, CONSULTATIONS, ASKING, REFERRALS, CLOSINGS, ITEMS, SHIELDS,
    SHIELD_MEMBERS, NOTICES, LOOKS,
)  # fmt: skip
TABLES = (
    "cases_case", "cases_person", "cases_contact", "cases_supportteam", "cases_caseworker",
    "cases_consent", "cases_consentline", "cases_record", "cases_note", "cases_issue",
    "cases_assessmentsection", "cases_consultation", "cases_consultationperson", "cases_referral",
    "cases_closing", "cases_casegrant", "cases_shield", "cases_shieldmember", "plans_plan",
    "plans_goal", "plans_supportitem", "plans_planstep", "meetings_agendaitem",
    "agencies_notice", "agencies_accesslog", "cases_historicalperson", "cases_historicalcontact",
    "cases_historicalconsent", "cases_historicalnote", "cases_historicalissue",
    "cases_historicalassessmentsection", "plans_historicalplan",
)  # fmt: skip
