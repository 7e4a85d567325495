"""V5, V6 and V7 as the database holds them."""

from django.conf import settings
from django.db import migrations

from config.lib.rowsecurity import Gate, Widen, actor, system

AGENCY = actor("agency_id")
ME = actor("membership_id")
CITY = actor("municipality_id")
FIGURES = system("statistics")
DATES = system("scheduler")
# 年度 in Asia/Tokyo: the secretariat is named and pledged each fiscal year.
YEAR = "EXTRACT(YEAR FROM (now() AT TIME ZONE 'Asia/Tokyo') - interval '3 months')"


def listed(conference_type):
    """On the pledged secretariat list of the conference type (people, not agencies)."""
    return f"""EXISTS (SELECT 1 FROM agencies_secretariatmember AS s
        WHERE s.conference_type_id = {conference_type} AND s.membership_id = {ME}
          AND s.fiscal_year = {YEAR} AND s.pledged_at IS NOT NULL AND s.ended_at IS NULL)"""


SITTING = f"meetings_sitting.municipality_id = {CITY} OR {DATES} OR {FIGURES}"

# The office of a body of the city changes a sitting, or who makes them from the rhythm. (Which
# bodies sit is asked by the operation: a policy that read the link would recurse.)
RUNS_SITTING = f"""{DATES} OR EXISTS (SELECT 1 FROM agencies_conferencetype AS t
    WHERE t.municipality_id = meetings_sitting.municipality_id
      AND ({AGENCY} IN (t.host_id, t.secretariat_id) OR {listed("t.id")}))"""

# V6: the secretariat, and the appointed who took the pledge, while the item is open; an earlier
# item while one it is attached to is. V5: the proposing agency, and the participants while every
# person's consent covers them (asked of their own grants: an expired one has closed by itself).
ITEM = f"""{AGENCY} IS NOT NULL AND (
    (meetings_agendaitem.basis = 'secrecy' AND (
        {listed("meetings_agendaitem.conference_type_id")}
        OR (meetings_agendaitem.open_period @> now() AND EXISTS (
            SELECT 1 FROM meetings_itemgrant AS g
            WHERE g.content_object_id = meetings_agendaitem.id AND g.membership_id = {ME}
              AND g.pledged_at IS NOT NULL AND g.revoked_at IS NULL))
        OR meetings_agendaitem.id IN (SELECT kasane.attached_items())))
    OR (meetings_agendaitem.basis = 'consent' AND (
        meetings_agendaitem.proposing_agency_id = {AGENCY}
        OR (meetings_agendaitem.state <> 'blocked'
            AND meetings_agendaitem.open_period @> now()
            AND {AGENCY} = ANY (meetings_agendaitem.participant_ids)
            AND (meetings_agendaitem.case_id IS NULL
                OR cardinality(meetings_agendaitem.person_ids) > 0)
            AND meetings_agendaitem.person_ids <@ ARRAY(
                SELECT g.person_id FROM cases_casegrant AS g
                WHERE g.group_id = {AGENCY} AND g.person_id IS NOT NULL
                  AND g.content_object_id = meetings_agendaitem.case_id
                  AND g.revoked_at IS NULL AND g.period @> now())))))"""

NEW_ITEM = f"""meetings_agendaitem.proposed_by_id = {ME}
    AND meetings_agendaitem.proposing_agency_id = {AGENCY}
    AND CASE meetings_agendaitem.basis
        WHEN 'secrecy' THEN {listed("meetings_agendaitem.conference_type_id")}
        ELSE true END"""


def runs(item):
    """Who may change an item: under secrecy the secretariat alone (the appointed read); with
    consent the proposing agency and the secretariat's."""
    return f"""CASE {item}.basis
        WHEN 'secrecy' THEN {listed(f"{item}.conference_type_id")}
        ELSE {item}.proposing_agency_id = {AGENCY} OR EXISTS (
            SELECT 1 FROM agencies_conferencetype AS t
            WHERE t.id = {item}.conference_type_id
              AND {AGENCY} IN (t.secretariat_id, t.host_id)) END"""


GRANT = f"""meetings_itemgrant.membership_id = {ME}
    OR {listed("meetings_itemgrant.conference_type_id")}"""


def of_item(table):
    return f"EXISTS (SELECT 1 FROM meetings_agendaitem AS i WHERE i.id = {table}.item_id)"


def in_item(table):
    return f"""EXISTS (SELECT 1 FROM meetings_agendaitem AS i
        WHERE i.id = {table}.item_id AND {runs("i")})"""


# V6: what is laid before an item under secrecy is read by whoever sees the item.
LAID = """EXISTS (SELECT 1 FROM meetings_agendaitem AS i
    WHERE i.basis = 'secrecy' AND i.case_id = cases_record.case_id
      AND cases_record.id = ANY (i.material_ids))"""

# A policy that read its own table would recurse: which earlier items are attached to one that is
# open to whoever acts.
ATTACHED = """
CREATE FUNCTION kasane.attached_items() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT unnest(i.attached_ids)
    FROM public.meetings_itemgrant AS g
    JOIN public.meetings_agendaitem AS i ON i.id = g.content_object_id
    WHERE g.membership_id = (kasane.actor()).membership_id
      AND g.pledged_at IS NOT NULL AND g.revoked_at IS NULL
      AND i.basis = 'secrecy' AND i.open_period @> now()
$$;
"""

# V5: who of an item's persons is not living, or lacks a consent in force for a participant.
# A consent goes (withdrawn, replaced, lapsed) by the hand of people who need not see the item, so
# a definer function blocks it and says how many are missing; NULL asks for every case.
BLOCK = """
CREATE FUNCTION kasane.uncovered(case_key uuid, persons uuid[], agencies integer[])
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (
        (SELECT count(*) FROM unnest(persons) AS p(id) CROSS JOIN unnest(agencies) AS a(id)
         WHERE NOT EXISTS (
            SELECT 1 FROM kasane.consent_reach AS r
            WHERE r.case_id = case_key AND r.person_id = p.id AND r.agency_id = a.id
              AND r.period @> now()))
        + (SELECT count(*) FROM unnest(persons) AS p(id)
           WHERE NOT EXISTS (
            SELECT 1 FROM public.cases_person AS q
            WHERE q.id = p.id AND q.case_id = case_key AND NOT q.is_deceased
              AND q.died_on IS NULL))
    )::integer
$$;
CREATE FUNCTION kasane.block_uncovered_items(case_key uuid)
RETURNS TABLE (
    item_id uuid, sitting_id uuid, secretariat_id integer, proposing_agency_id integer,
    missing integer)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH failing AS (
        SELECT i.id, kasane.uncovered(i.case_id, i.person_ids, i.participant_ids) AS missing
        FROM public.meetings_agendaitem AS i
        WHERE i.case_id IS NOT NULL
          AND CASE WHEN case_key IS NULL THEN (kasane.actor()).system_name = 'scheduler'
              ELSE i.case_id = case_key AND EXISTS (
                SELECT 1 FROM public.cases_casegrant AS g
                WHERE g.group_id = (kasane.actor()).agency_id
                  AND g.content_object_id = case_key) END
          AND i.basis = 'consent' AND i.state IN ('proposed', 'noticed')
    ), blocked AS (
        UPDATE public.meetings_agendaitem AS i
        SET state = 'blocked', version = i.version + 1
        FROM failing AS f
        WHERE f.id = i.id AND f.missing > 0 AND i.state IN ('proposed', 'noticed')
        RETURNING i.id, i.sitting_id, i.conference_type_id, i.proposing_agency_id, f.missing
    ), steps AS (
        INSERT INTO public.meetings_itemstep (id, item_id, name, to_state, by_id, at)
        SELECT gen_random_uuid(), b.id, 'block', 'blocked', (kasane.actor()).membership_id, now()
        FROM blocked AS b WHERE (kasane.actor()).membership_id IS NOT NULL
    )
    SELECT b.id, b.sitting_id, t.secretariat_id, b.proposing_agency_id, b.missing
    FROM blocked AS b JOIN public.agencies_conferencetype AS t ON t.id = b.conference_type_id
$$;
"""

# What no policy can say, because it would read its own table or another's rows.
GUARDS = f"""
-- V5, V7: the basis follows from the body; a live item with consent is covered, always.
CREATE FUNCTION kasane.guard_item() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind public.agencies_conferencetype;
    held public.meetings_sitting;
BEGIN
    SELECT * INTO kind FROM public.agencies_conferencetype WHERE id = NEW.conference_type_id;
    SELECT * INTO held FROM public.meetings_sitting WHERE id = NEW.sitting_id;
    IF TG_OP = 'INSERT' AND NOT EXISTS (
        SELECT 1 FROM public.meetings_sitting_conference_types AS l
        WHERE l.sitting_id = NEW.sitting_id AND l.conferencetype_id = NEW.conference_type_id) THEN
        RAISE EXCEPTION 'the sitting is not of this body' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.basis = 'secrecy') IS DISTINCT FROM ('106-6' = ANY (kind.bases)) THEN
        RAISE EXCEPTION 'the basis follows from the body' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.basis = 'consent' AND NEW.case_id IS NOT NULL
       AND (NEW.state IN ('proposed', 'noticed') OR (TG_OP = 'UPDATE'
            AND (NEW.person_ids IS DISTINCT FROM OLD.person_ids
                 OR NEW.participant_ids IS DISTINCT FROM OLD.participant_ids)))
       AND (cardinality(NEW.person_ids) = 0
            OR kasane.uncovered(NEW.case_id, NEW.person_ids, NEW.participant_ids) > 0) THEN
        RAISE EXCEPTION 'a consent is missing' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM unnest(NEW.participant_ids) AS n(id)
               JOIN public.agencies_agency AS a ON a.group_id = n.id
               WHERE a.municipality_id <> kind.municipality_id) THEN
        RAISE EXCEPTION 'a participant of another city' USING ERRCODE = 'check_violation';
    END IF;
    -- It closes a set number of days after the sitting, whoever writes the period.
    IF NEW.basis = 'secrecy' AND NEW.open_period IS NOT NULL AND (
        held.on IS NULL OR upper(NEW.open_period) IS NULL
        OR upper(NEW.open_period) > ((held.on + 1 + COALESCE(kind.closes_after_days, {7}))
                                     ::timestamp AT TIME ZONE 'Asia/Tokyo')) THEN
        RAISE EXCEPTION 'the item would stay open too long' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_item BEFORE INSERT OR UPDATE ON public.meetings_agendaitem
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_item();

-- V6: as whoever acts: one lays, attaches and proposes only what one may see oneself.
CREATE FUNCTION kasane.guard_laying() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.case_id IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM public.cases_case AS c WHERE c.id = NEW.case_id)
       AND NOT (NEW.basis = 'secrecy' AND (
           EXISTS (SELECT 1 FROM public.cases_referral AS f
                   WHERE f.case_id = NEW.case_id AND f.mode = 'secrecy')
           OR EXISTS (SELECT 1 FROM public.meetings_agendaitem AS i
                      WHERE i.case_id = NEW.case_id AND i.basis = 'secrecy'
                        AND i.conference_type_id = NEW.conference_type_id))) THEN
        RAISE EXCEPTION 'no such case' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (
        SELECT 1 FROM unnest(NEW.material_ids) AS m(id)
        WHERE (TG_OP = 'INSERT' OR NOT m.id = ANY (OLD.material_ids))
          AND NOT EXISTS (SELECT 1 FROM public.cases_record AS r
                          WHERE r.id = m.id AND r.case_id = NEW.case_id)) THEN
        RAISE EXCEPTION 'no such record' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (
        SELECT 1 FROM unnest(NEW.attached_ids) AS m(id)
        WHERE (TG_OP = 'INSERT' OR NOT m.id = ANY (OLD.attached_ids))
          AND NOT EXISTS (SELECT 1 FROM public.meetings_agendaitem AS i
                          WHERE i.id = m.id AND i.case_id = NEW.case_id AND i.basis = 'secrecy'
                            AND i.conference_type_id = NEW.conference_type_id)) THEN
        RAISE EXCEPTION 'no such item' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_laying BEFORE INSERT OR UPDATE ON public.meetings_agendaitem
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_laying();

-- V6: appointed to just this item; pledged by nobody but oneself; revoked for good.
CREATE FUNCTION kasane.guard_appointment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.pledged_at IS NOT NULL OR NEW.revoked_at IS NOT NULL
           OR NEW.appointed_by_id IS DISTINCT FROM me
           OR NOT EXISTS (
            SELECT 1 FROM public.meetings_agendaitem AS i
            WHERE i.id = NEW.content_object_id AND i.basis = 'secrecy'
              AND i.conference_type_id = NEW.conference_type_id
              AND i.sitting_id = NEW.sitting_id) THEN
            RAISE EXCEPTION 'no such item' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.revoked_at IS NOT NULL
       OR (NEW.pledged_at IS DISTINCT FROM OLD.pledged_at
           AND (OLD.pledged_at IS NOT NULL OR NEW.membership_id IS DISTINCT FROM me)) THEN
        RAISE EXCEPTION 'a pledge is one''s own' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_appointment BEFORE INSERT OR UPDATE ON public.meetings_itemgrant
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_appointment();

-- V6: a carry-out is given by who decided it, until its review date, and not prolonged by who
-- received it: only a sitting renews.
CREATE FUNCTION kasane.guard_carry_out() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.granted_by_id IS DISTINCT FROM (kasane.actor()).membership_id OR NOT EXISTS (
        SELECT 1 FROM public.cases_carryout AS c
        WHERE c.id = NEW.content_object_id AND c.decided_by_id = NEW.granted_by_id
          AND upper(NEW.period) <= ((c.review_on + 1)::timestamp AT TIME ZONE 'Asia/Tokyo')) THEN
        RAISE EXCEPTION 'no such carry-out' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_carry_out BEFORE INSERT OR UPDATE ON public.cases_carryoutgrant
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_carry_out();
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for function in (
        "uncovered(uuid, uuid[], integer[])",
        "guard_item()",
        "guard_laying()",
        "guard_appointment()",
        "guard_carry_out()",
    ):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{function} FROM PUBLIC")
    for function in ("block_uncovered_items(uuid)", "attached_items()"):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{function} FROM PUBLIC")
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{function} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("meetings", "0001_initial"), ("plans", "0002_gate")]

    operations = [
        migrations.RunSQL(ATTACHED + BLOCK + GUARDS, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Gate("meetings_sitting", read=SITTING, insert=SITTING, update=RUNS_SITTING),
        Gate(
            "meetings_sitting_conference_types",
            read="EXISTS (SELECT 1 FROM meetings_sitting AS s"
            " WHERE s.id = meetings_sitting_conference_types.sitting_id)",
            insert="EXISTS (SELECT 1 FROM meetings_sitting AS s"
            " WHERE s.id = meetings_sitting_conference_types.sitting_id)",
        ),
        Gate(
            "meetings_itemgrant",
            read=GRANT,
            insert=listed("meetings_itemgrant.conference_type_id"),
            update=GRANT,
            columns=("pledged_at", "revoked_at"),
        ),
        Gate(
            "meetings_agendaitem",
            read=f"{FIGURES} OR {ITEM}",
            insert=NEW_ITEM,
            update=runs("meetings_agendaitem"),
            columns=(
                "title",
                "person_ids",
                "material_ids",
                "attached_ids",
                "briefing",
                "participant_ids",
                "state",
                "open_period",
                "decision",
                "opinion",
                "minutes",
                "next_review_on",
                "decided_at",
                "decided_by_id",
                "carry_out_id",
                "version",
            ),
        ),
        Gate(
            "meetings_itemattendance",
            read=f"{FIGURES} OR {of_item('meetings_itemattendance')}",
            insert=in_item("meetings_itemattendance"),
            update=in_item("meetings_itemattendance"),
            columns=("attendance",),
        ),
        Gate(
            "meetings_itemstep",
            read=of_item("meetings_itemstep"),
            insert=f"meetings_itemstep.by_id = {ME} AND {of_item('meetings_itemstep')}",
        ),
        Widen("cases_record", "laid", read=LAID),
    ]
