"""A large fictional city, written by the database itself (`INSERT … SELECT generate_series`).

The rows are such as the operations leave behind; who is at work on a case and whom its persons'
consents name is mixed, and the grants are `kasane.wanted_grants`, the sentence that
`kasane.sync_grants` keeps the store equal to. Everything follows from the number of the case.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db import connections, transaction
from django.utils import timezone

from agencies.models import (
    Agency,
    ConferenceType,
    Membership,
    Municipality,
    SecretariatMember,
    User,
)
from config.lib.fiscal import fiscal_year
from config.lib.kana import fold

AGENCIES = 60
WORKERS = 3
FAMILIES = ("架空野 かくうの", "見本 みほん", "試山 ためしやま", "仮田 かりた", "例沢 れいざわ",
            "幻川 まぼろしかわ", "夢原 ゆめはら", "想井 おもい", "作倉 さくら", "写谷 うつしだに",
            "似島 にしま", "影森 かげもり", "空本 そらもと", "虚木 うろき",
            "偽村 いつむら", "紙屋 かみや", "筆塚 ふでつか", "絵野 えの", "劇場 げきば",
            "面影 おもかげ")  # fmt: skip
GIVEN = ("花子 はなこ", "太郎 たろう", "一 はじめ", "桜 さくら", "翼 つばさ", "緑 みどり",
         "茂 しげる", "楓 かえで", "実 みのる", "光 ひかり")  # fmt: skip

# The tables filled here: their triggers ask who acts, and their foreign keys are checked once, at
# the end, for all rows together.
KEYS = """
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid)
FROM pg_constraint AS c
WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
  AND c.conrelid::regclass::text ~ '^(cases|plans|meetings|agencies_(notice|accesslog))'
"""
TRIGGERS = """
SELECT DISTINCT t.tgrelid::regclass::text FROM pg_trigger AS t
WHERE NOT t.tgisinternal AND t.tgrelid::regclass::text ~ '^(cases|plans|meetings|agencies_access)'
"""

# A time-ordered key, as the application's own are: what is written together lies together.
PREPARE = (
    """CREATE FUNCTION pg_temp.key(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
       $$ SELECT (lpad(to_hex(number), 12, '0') || '7' || substr(md5(kind || number), 1, 3)
                  || '8' || substr(md5(kind || number), 4, 15))::uuid $$""",
    "CREATE TEMP TABLE place (number int, agency int, workers uuid[])",
    """CREATE TEMP TABLE word (number int PRIMARY KEY, name text, kana text, folded text,
           kana_folded text)""",
    "CREATE TEMP TABLE sat (number int, id uuid, conference bigint, is_secret bool)",
)
# Of each case: its agency and worker, the helper's or none, whether the office is in it. Eight of
# ten have a helper's team entry or none by turns; every tenth has been to a conference.
CASES = """
CREATE TEMP TABLE one AS
SELECT i, pg_temp.key('case', i) AS id, pg_temp.key('a', i) AS a, pg_temp.key('b', i) AS b,
       o.agency, o.workers[1 + i / %(agencies)s % array_length(o.workers, 1)] AS worker,
       h.agency AS helper, h.workers[1 + i / 7 % array_length(h.workers, 1)] AS helping,
       i % 10 = 0 AS is_known, now() - (1 + i % 700) * interval '1 day' AS at,
       CASE WHEN i % 12 = 5 THEN 'closed' ELSE 'active' END AS status
FROM generate_series(1, %(cases)s) AS i
JOIN place AS o ON o.number = i % %(agencies)s
LEFT JOIN place AS h ON i % 2 = 0 AND h.number = (i / 2 * 7 + 1) % %(agencies)s
                    AND h.number <> o.number
"""
FILL: tuple[str, ...] = (
    """INSERT INTO cases_case (id, number, urgency, status, opened_at, closed_at, closed_by_id,
           closed_kind, municipality_id, opened_by_id, responsible_agency_id)
       SELECT id, 'X' || lpad(i::text, 9, '0'), (ARRAY['', 'high', 'middle', 'low'])[1 + i % 4],
           status, at, CASE status WHEN 'closed' THEN now() END,
           CASE status WHEN 'closed' THEN worker END,
           CASE status WHEN 'closed' THEN 'settled' ELSE '' END, %(city)s, worker, agency
       FROM one""",
    """INSERT INTO cases_person (id, label, name, name_kana, name_folded, kana_folded, birth_year,
           is_age_estimated, sex, relation, is_cohabiting, is_deceased, written_at, version,
           author_id, author_agency_id, case_id)
       SELECT CASE part WHEN 0 THEN a ELSE b END, (ARRAY['A', 'B'])[1 + part], w.name, w.kana,
           w.folded, w.kana_folded, 1940 + (i * 7 + part * 31) % 60, false, '', '', true, false,
           at, 1, worker, agency, id
       FROM one, generate_series(0, 1) AS part,
           LATERAL (SELECT * FROM word WHERE number = (i * 13 + part * 10) % %(words)s) AS w""",
    """INSERT INTO cases_contact (person_id, phone, phone_digits, address, school, workplace,
           whereabouts)
       SELECT a, '', lpad((i * 37 % 100000000)::text, 10, '0'), '架空町' || i, '', '', ''
       FROM one""",
    """INSERT INTO cases_supportteam (id, via, joined_at, left_at, agency_id, case_id)
       SELECT pg_temp.key('team', i), 'responsible', at, NULL::timestamptz, agency, id FROM one
       UNION ALL SELECT pg_temp.key('help', i), 'referral', at,
           CASE WHEN i % 50 = 4 THEN now() END, helper, id FROM one WHERE helper IS NOT NULL
       UNION ALL SELECT pg_temp.key('office', i), 'conference', at, NULL, %(office)s, id
       FROM one WHERE is_known""",
    # Four of five are asked for A, one of four for B; some refused, some are over.
    """INSERT INTO cases_consent (id, answer, categories, covers_household, purpose, method,
           proxy_name, proxy_power, given_on, period, recorded_at, withdrawal_reason, case_id,
           explained_by_id, taken_by_agency_id, person_id)
       SELECT pg_temp.key('consent' || part, i),
           CASE WHEN i % 40 = 1 THEN 'refused' ELSE 'given' END,
           CASE WHEN i % 40 = 1 THEN '{}' WHEN part = 0 THEN %(categories)s::text[]
               ELSE '{basic,progress,plan}' END,
           part = 0 AND i % 40 <> 1, '', 'signed', '', '', at::date,
           tstzrange(at, CASE WHEN i % 16 = 8 THEN now() - interval '1 day'
               WHEN i % 16 = 9 THEN now() + interval '90 days' END), at, '', id, worker, agency,
           CASE part WHEN 0 THEN a ELSE b END
       FROM one, generate_series(0, 1) AS part
       WHERE (part = 0 AND i % 5 <> 3) OR (part = 1 AND i % 4 = 0)""",
    """INSERT INTO cases_consentline (id, is_exception, agency_id, consent_id)
       SELECT pg_temp.key('line', row_number() OVER ()), false, named.agency, c.id
       FROM cases_consent AS c JOIN one AS o ON o.id = c.case_id,
           LATERAL (VALUES (o.agency), (o.helper), (CASE WHEN o.is_known THEN %(office)s END))
               AS named (agency)
       WHERE named.agency IS NOT NULL AND c.answer = 'given'""",
    # Of each case: three notes (the helper's is the third), an issue, a section, and of every
    # second a plan. Every ninth is for the agency alone, every seventh about the household.
    """INSERT INTO cases_record (id, kind, category, audience, person_ids, is_household,
           happened_at, written_at, author_id, author_agency_id, case_id)
       SELECT pg_temp.key('record', i * 6 + part),
           (ARRAY['note', 'note', 'note', 'issue', 'assessment', 'plan'])[1 + part],
           (ARRAY['progress', 'health', 'progress', 'money', 'housing', 'plan'])[1 + part],
           CASE WHEN (i + part) % 9 = 0 THEN 'agency' ELSE 'team' END,
           CASE WHEN (i + part) % 7 = 0 THEN '{}'::uuid[] WHEN (i + part) % 5 = 0 THEN ARRAY[a, b]
               ELSE ARRAY[a] END, (i + part) % 7 = 0,
           at + part * interval '9 hours', at + part * interval '9 hours',
           CASE WHEN part = 2 AND helper IS NOT NULL THEN helping ELSE worker END,
           CASE WHEN part = 2 AND helper IS NOT NULL THEN helper ELSE agency END, id
       FROM one, generate_series(0, 5) AS part WHERE part < 5 OR i % 2 = 0""",
    """INSERT INTO cases_note (record_id, method, with_whom, place, text, next_step, version)
       SELECT r.id, 'visit', '', '', repeat('訪問して話を聞いた。', 8), '', 1
       FROM cases_record AS r WHERE r.kind = 'note'""",
    """INSERT INTO cases_issue (record_id, issue_type, is_primary, status, noted_on, note,
           suspected_name)
       SELECT r.id, 'debt', false, 'confirmed', r.happened_at::date, '', ''
       FROM cases_record AS r WHERE r.kind = 'issue'""",
    """INSERT INTO cases_assessmentsection (record_id, situation, strengths, assessed_on, version)
       SELECT r.id, '家賃を三か月滞納している。', '', r.happened_at::date, 1
       FROM cases_record AS r WHERE r.kind = 'assessment'""",
    """INSERT INTO plans_plan (record_id, programme, sequence, wishes, problems, aim,
           links_outreach, links_participation, starts_on, ends_on, review_on, status,
           signature_note, decided_in, version, decided_at, decided_by_id)
       SELECT r.id, 'coordination', 1, '家で暮らしたい', '', '滞納を減らす', false, false,
           current_date - 60, current_date + 300, current_date + (o.i / 2 * 7 % 199 - 20)::int,
           CASE WHEN o.i % 20 = 0 THEN 'draft' ELSE 'in_force' END, '', '', 1,
           CASE WHEN o.i % 20 <> 0 THEN now() END, CASE WHEN o.i % 20 <> 0 THEN o.worker END
       FROM cases_record AS r JOIN one AS o ON o.id = r.case_id WHERE r.kind = 'plan'""",
    """INSERT INTO plans_supportitem (id, "order", content, worker, frequency, until, status,
           agency_id, plan_id)
       SELECT pg_temp.key('task' || part, o.i), part, '家計の相談', '', '毎月',
           current_date + (o.i / 2 * 11 % 151 - 10)::int,
           CASE o.i % 3 WHEN 0 THEN 'done' ELSE 'open' END,
           CASE part WHEN 0 THEN o.agency ELSE COALESCE(o.helper, o.agency) END, r.id
       FROM cases_record AS r JOIN one AS o ON o.id = r.case_id, generate_series(0, 1) AS part
       WHERE r.kind = 'plan'""",
    """INSERT INTO cases_caseworker (id, since, agency_id, case_id, membership_id, named_by_id)
       SELECT pg_temp.key('worker', i), at, agency, id, worker, worker FROM one""",
    """INSERT INTO cases_consultation (id, received_at, mode, route, is_anonymous, visitor_name,
           visitor_relation, visitor_phone, complaint, urgency, screening, status, form_key,
           agency_id, case_id, taken_by_id)
       SELECT pg_temp.key('consultation', i), at, 'with_consent', 'person_phone', false, '', '',
           '', '家賃が払えない', 'low', '', CASE WHEN i % 90 < 3 THEN 'open' ELSE 'case' END,
           pg_temp.key('form', i), agency, CASE WHEN i % 90 >= 3 THEN id END, worker FROM one""",
    """INSERT INTO cases_consultationperson (id, "order", name, name_kana, is_age_estimated, sex,
           relation, phone, address, consultation_id)
       SELECT pg_temp.key('asking', o.i), 0, p.name, p.name_kana, false, '', '', '', '',
           pg_temp.key('consultation', o.i) FROM one AS o JOIN cases_person AS p ON p.id = o.a""",
    """INSERT INTO cases_referral (id, mode, sent_at, person_ids, reason, summary, criteria,
           legal_ground, state, answered_at, answer_reason, form_key, answered_by_id, case_id,
           from_agency_id, sent_by_id, to_agency_id)
       SELECT pg_temp.key('sheet', i), 'consent', at, ARRAY[a], '家計の相談', '滞納がある', '{}',
           '', CASE i % 100 WHEN 2 THEN 'sent' ELSE 'accepted' END,
           CASE i % 100 WHEN 2 THEN NULL ELSE at END, '', pg_temp.key('sheetform', i),
           CASE i % 100 WHEN 2 THEN NULL ELSE helping END, id, agency, worker, helper
       FROM one WHERE helper IS NOT NULL AND i % 5 <> 3 AND i % 40 <> 1""",
    """INSERT INTO meetings_agendaitem (id, agenda_type, basis, title, person_ids, material_ids,
           briefing, attached_ids, participant_ids, proposed_at, state, open_period, decision,
           opinion, minutes, version, carry_people, carry_text, case_id, conference_type_id,
           proposed_by_id, proposing_agency_id, sitting_id)
       SELECT pg_temp.key('item', i), CASE WHEN s.is_secret THEN 'watching' ELSE 'plan_adequacy'
           END, CASE WHEN s.is_secret THEN 'secrecy' ELSE 'consent' END, '議題', ARRAY[a],
           '{}', '', '{}', CASE WHEN s.is_secret THEN '{}' ELSE ARRAY[%(office)s, agency] END, at,
           'noticed', tstzrange(at, now() + interval '60 days'), '', '', '', 1, '', '', one.id,
           s.conference, worker, agency, s.id
       FROM one JOIN sat AS s ON s.number = i / 100 % %(sittings)s WHERE i % 100 = 20""",
    """INSERT INTO cases_shield (id, ground, expires_on, proposed_at, confirmed_at, lift_reason,
           form_key, case_id, confirmed_user_id, confirmer_id, person_id, proposed_by_id,
           proposed_user_id)
       SELECT pg_temp.key('shield', i), '', current_date + 300, at, at, '',
           pg_temp.key('shieldform', i), one.id, m.user_id, m.id, a, worker, w.user_id
       FROM one JOIN agencies_membership AS w ON w.id = worker,
           LATERAL (SELECT * FROM agencies_membership AS n WHERE n.agency_id = agency
                    AND n.id <> worker ORDER BY n.id LIMIT 1) AS m WHERE i % 2000 = 30""",
    """INSERT INTO cases_shieldmember (id, added_at, added_by_id, membership_id, shield_id)
       SELECT pg_temp.key('listed', i), at, worker, worker, pg_temp.key('shield', i)
       FROM one WHERE i % 2000 = 30""",
    """INSERT INTO agencies_notice (id, kind, key, title, url, created_at, agency_id)
       SELECT pg_temp.key('notice', i), 'bench', i::text, 'お知らせ', '', at, agency
       FROM one WHERE i % 30 < 1""",
    """INSERT INTO agencies_accesslog (at, membership_id, user_id, agency_id, municipality_id,
           action, purpose, basis, what, case_id, record_ids, author_agency_id, was_allowed)
       SELECT at + part * interval '1 day', worker, 1, agency, %(city)s, 'open', 'consultation',
           'responsible', 'case_detail', id, ARRAY[a], agency, true
       FROM one, generate_series(0, 4) AS part""",
    """INSERT INTO cases_casegrant (id, permission_id, group_id, content_object_id, person_id,
           categories, covers_household, basis, consent_id, granted_by_agency_id, granted_at,
           period, revoked_reason)
       SELECT gen_random_uuid(), p.id, w.group_id, w.case_id, w.person_id, w.categories,
           w.covers_household, w.basis, w.consent_id, w.granted_by, now(), w.period, ''
       FROM kasane.wanted_grants AS w CROSS JOIN auth_permission AS p
       JOIN django_content_type AS t ON t.id = p.content_type_id
       WHERE t.app_label = 'cases' AND p.codename = 'view_case'""",
)


@dataclass(frozen=True)
class City:
    """Who asks: a worker of an ordinary agency, and the office that is in many cases."""

    city: Municipality
    worker: Membership
    coordinator: Membership
    administrator: Membership
    privacy: Membership


def build(using: str, cases: int) -> City:
    """Write a city of so many cases into a scratch database, over the owner's login."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in PREPARE:
            cursor.execute(statement)
        city = Municipality.objects.using(using).create(
            code="bench", name="架空市", decided_by="conference"
        )
        agencies = [_agency(cursor, using, city, number) for number in range(AGENCIES)]
        office = _office(using, city)
        _words(cursor)
        _sittings(cursor, using, city, office)
        words = len(FAMILIES) * len(GIVEN)
        values = {
            "cases": cases, "agencies": AGENCIES, "city": city.pk, "office": office[0].agency_id,
            "words": words, "sittings": 24,
            "categories": ["basic", "household", "health", "money", "housing", "progress", "plan"],
        }  # fmt: skip
        _fill(cursor, values)
    with connections[using].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return City(city, agencies[2][0], *office)


def _fill(cursor: Any, values: dict[str, Any]) -> None:
    cursor.execute(_plain(CASES), values)
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute(KEYS)
    keys = cursor.fetchall()
    cursor.execute(TRIGGERS)
    tables = [table for (table,) in cursor.fetchall()]
    for table, name, _definition in keys:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for statement in FILL:
        cursor.execute("ANALYZE cases_case, cases_person, cases_consent, cases_consentline")
        cursor.execute(_plain(statement), values)
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for table, name, definition in keys:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _plain(statement: str) -> str:
    """A per cent sign that is an operator, not a place for a value."""
    return statement.replace(" % ", " %% ")


def _agency(cursor: Any, using: str, city: Municipality, number: int) -> list[Membership]:
    agency = _one(using, city, f"a{number}", f"架空相談センター{number}")
    workers = [_member(using, agency, "consultation_worker") for _ in range(WORKERS)]
    cursor.execute(
        "INSERT INTO place VALUES (%s, %s, %s)", [number, agency.pk, [w.pk for w in workers]]
    )
    return workers


def _office(using: str, city: Municipality) -> tuple[Membership, Membership, Membership]:
    agency = _one(using, city, "office", "架空市地域福祉課")
    roles = ("coordinator", "city_administrator", "privacy_officer")
    coordinator, administrator, privacy = (_member(using, agency, role) for role in roles)
    return coordinator, administrator, privacy


def _one(using: str, city: Municipality, code: str, name: str) -> Agency:
    group = Group.objects.using(using).create(name=f"{city.code}/{code}")
    return Agency.objects.using(using).create(
        group=group, municipality=city, code=code, name=name, is_fictional=True
    )


def _member(using: str, agency: Agency, role: str) -> Membership:
    user = User.objects.using(using).create(
        username=f"bench.{agency.code}.{role}.{Membership.objects.using(using).count()}",
        display_name="架空 職員",
    )
    now = timezone.now()
    return Membership.objects.using(using).create(
        user=user,
        agency=agency,
        role_id=role,
        since=timezone.localdate() - datetime.timedelta(days=900),
        confirmed_at=now,
    )


def _words(cursor: Any) -> None:
    """The names, folded as the application folds them."""
    rows: list[list[object]] = []
    for family in FAMILIES:
        for given in GIVEN:
            name, kana = (
                " ".join(pair) for pair in zip(family.split(), given.split(), strict=True)
            )
            rows.append([len(rows), name, kana, fold(name), fold(kana)])
    cursor.executemany("INSERT INTO word VALUES (%s, %s, %s, %s, %s)", rows)


def _sittings(cursor: Any, using: str, city: Municipality, office: tuple[Membership, ...]) -> None:
    """A year of both conferences, past and to come; the office keeps the lists."""
    types = [
        ConferenceType.objects.using(using).create(
            municipality=city, code=code, name=name, bases=bases, consent=consent,
            host=office[0].agency, secretariat=office[0].agency, agenda_types=[kind],
        )
        for code, name, bases, consent, kind in (
            ("plan", "重層的支援会議", ["106-4-2-5"], "required", "plan_adequacy"),
            ("support", "支援会議", ["106-6"], "not_required", "watching"),
        )
    ]  # fmt: skip
    SecretariatMember.objects.using(using).create(
        conference_type=types[1], membership=office[0], named_by=office[0],
        fiscal_year=fiscal_year(timezone.localdate()), pledged_at=timezone.now(),
    )  # fmt: skip
    cursor.execute(
        "INSERT INTO sat SELECT n, pg_temp.key('sitting', n), CASE n %% 2 WHEN 0 THEN %s ELSE %s"
        " END, n %% 2 = 1 FROM generate_series(0, 23) AS n",
        [types[0].pk, types[1].pk],
    )
    cursor.execute(
        """INSERT INTO meetings_sitting (id, due_key, month, "on", place, is_ad_hoc, state,
               noticed_at, municipality_id)
           SELECT id, 'bench' || number, current_date + number / 2 * 14 - 60,
               current_date + number / 2 * 14 - 60, '', false, 'noticed', now(), %s FROM sat""",
        [city.pk],
    )
    cursor.execute(
        "INSERT INTO meetings_sitting_conference_types (sitting_id, conferencetype_id)"
        " SELECT id, conference FROM sat"
    )
