"""V5, V6 and V7 as the database holds them."""

from django.conf import settings
from django.db import migrations

from config.lib.rowsecurity import Gate, Widen, actor, system

AGENCY = actor("agency_id")
ME = actor("membership_id")
CITY = actor("municipality_id")
FIGURES = system("statistics")
DATES = system("scheduler")


def listed(conference_type):
    """On the pledged secretariat list of the conference type (people, not agencies)."""
    return f"""EXISTS (SELECT 1 FROM agencies_secretariatmember AS s
        WHERE s.conference_type_id = {conference_type} AND s.membership_id = {ME}
          AND s.pledged_at IS NOT NULL AND s.ended_at IS NULL)"""


SITTING = f"meetings_sitting.municipality_id = {CITY} OR {DATES} OR {FIGURES}"

# V6: the secretariat, and the appointed who took the pledge, while the item is open. V5: the
# proposing agency, and the participants while every person's consent covers them.
ITEM = f"""{AGENCY} IS NOT NULL AND (
    (meetings_agendaitem.basis = 'secrecy' AND (
        {listed("meetings_agendaitem.conference_type_id")}
        OR (meetings_agendaitem.open_period @> now() AND EXISTS (
            SELECT 1 FROM meetings_itemgrant AS g
            WHERE g.content_object_id = meetings_agendaitem.id AND g.membership_id = {ME}
              AND g.pledged_at IS NOT NULL AND g.revoked_at IS NULL))))
    OR (meetings_agendaitem.basis = 'consent' AND (
        meetings_agendaitem.proposing_agency_id = {AGENCY}
        OR (meetings_agendaitem.state <> 'blocked'
            AND meetings_agendaitem.open_period @> now()
            AND {AGENCY} = ANY (meetings_agendaitem.participant_ids)))))"""

NEW_ITEM = f"""meetings_agendaitem.proposed_by_id = {ME}
    AND meetings_agendaitem.proposing_agency_id = {AGENCY}
    AND CASE meetings_agendaitem.basis
        WHEN 'secrecy' THEN {listed("meetings_agendaitem.conference_type_id")}
        ELSE true END"""

GRANT = f"""meetings_itemgrant.membership_id = {ME}
    OR {listed("meetings_itemgrant.conference_type_id")}"""


def of_item(table):
    return f"EXISTS (SELECT 1 FROM meetings_agendaitem AS i WHERE i.id = {table}.item_id)"


# V6: what is laid before an item under secrecy is read by whoever sees the item.
LAID = """EXISTS (SELECT 1 FROM meetings_agendaitem AS i
    WHERE i.basis = 'secrecy' AND i.case_id = cases_record.case_id
      AND cases_record.id = ANY (i.material_ids))"""

# A participant of a consented item joins the support team (V5); the host's agency, which sees the
# case by consent, writes the row itself. Blocking is done by the database when a consent goes:
# whoever withdraws need not see the item.
BLOCK = """
CREATE FUNCTION kasane.block_uncovered_items(case_key uuid)
RETURNS TABLE (item_id uuid, secretariat_id integer)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE public.meetings_agendaitem AS i
    SET state = 'blocked'
    FROM public.agencies_conferencetype AS t
    WHERE t.id = i.conference_type_id AND i.case_id = case_key AND i.basis = 'consent'
      AND i.state IN ('proposed', 'noticed')
      AND EXISTS (
        SELECT 1 FROM unnest(i.person_ids) AS p(id) CROSS JOIN unnest(i.participant_ids) AS a(id)
        WHERE NOT EXISTS (
            SELECT 1 FROM kasane.consent_reach AS r
            WHERE r.case_id = case_key AND r.person_id = p.id AND r.agency_id = a.id
              AND r.period @> now()))
    RETURNING i.id, t.secretariat_id
$$;
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    schema_editor.execute(
        "REVOKE ALL ON FUNCTION kasane.block_uncovered_items(uuid) FROM PUBLIC"
    )
    schema_editor.execute(
        f"GRANT EXECUTE ON FUNCTION kasane.block_uncovered_items(uuid) TO {role}"
    )


class Migration(migrations.Migration):
    dependencies = [("meetings", "0001_initial"), ("plans", "0002_gate")]

    operations = [
        migrations.RunSQL(BLOCK, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        Gate("meetings_sitting", read=SITTING, insert=SITTING, update=SITTING),
        Gate(
            "meetings_sitting_conference_types",
            read="EXISTS (SELECT 1 FROM meetings_sitting AS s"
            " WHERE s.id = meetings_sitting_conference_types.sitting_id)",
            insert="EXISTS (SELECT 1 FROM meetings_sitting AS s"
            " WHERE s.id = meetings_sitting_conference_types.sitting_id)",
            delete=DATES,
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
            read=f"({ITEM}) OR {FIGURES}",
            insert=NEW_ITEM,
            update="true",
        ),
        Gate(
            "meetings_itemattendance",
            read=f"{of_item('meetings_itemattendance')} OR {FIGURES}",
            insert=of_item("meetings_itemattendance"),
            update=of_item("meetings_itemattendance"),
            delete=of_item("meetings_itemattendance"),
        ),
        Gate(
            "meetings_itemstep",
            read=of_item("meetings_itemstep"),
            insert=f"meetings_itemstep.by_id = {ME}",
        ),
        Widen("cases_record", "laid", read=LAID),
    ]
