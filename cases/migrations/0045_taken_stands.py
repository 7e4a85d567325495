"""What was taken in a consultation stands (V2, V13): it has no versions, so nobody rewrites it by
the application's login. Items left open are added, by who works on its case. And no answer about
consent is taken from a row whose name has gone to another (同じ人だった, V3)."""

from django.db import migrations

from config.lib.rowsecurity import Narrow, actor

TABLE = "cases_consultation"
AT_WORK = f"""{TABLE}.case_id IS NULL OR EXISTS (
    SELECT 1 FROM cases_casegrant AS g JOIN cases_case AS c ON c.id = g.content_object_id
    WHERE g.content_object_id = {TABLE}.case_id AND g.group_id = {actor("agency_id")}
      AND g.basis <> 'own_records' AND g.revoked_at IS NULL
      AND range_contains_elem(g.period, now()) AND c.status <> 'closed' OFFSET 0)"""
# Its case is settled by a definer function alone (0010).
STANDS = """
CREATE TRIGGER keep_columns BEFORE UPDATE ON public.cases_consultation
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns(
        'id', 'agency_id', 'taken_by_id', 'received_at', 'mode', 'route', 'is_anonymous',
        'visitor_name', 'visitor_relation', 'visitor_phone', 'complaint', 'urgency', 'case_id',
        'form_key');
CREATE FUNCTION kasane.answers_stand() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER')
       AND EXISTS (SELECT 1 FROM jsonb_each(OLD.answers) AS said(code, answer)
                   WHERE NEW.answers -> said.code IS DISTINCT FROM said.answer) THEN
        RAISE EXCEPTION 'what was answered stands' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER answers_stand BEFORE UPDATE ON public.cases_consultation
    FOR EACH ROW EXECUTE FUNCTION kasane.answers_stand();
"""
FALLS = """
DROP TRIGGER answers_stand ON public.cases_consultation;
DROP FUNCTION kasane.answers_stand();
DROP TRIGGER keep_columns ON public.cases_consultation;
"""
GONE = """NOT EXISTS (SELECT 1 FROM cases_householdlink AS k
    WHERE k.from_person_id = cases_consent.person_id AND k.kind = 'same'
      AND k.undone_at IS NULL OFFSET 0)"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0044_corrected_moment")]

    operations = [
        migrations.RunSQL(STANDS, FALLS),
        Narrow(TABLE, "at_work", update=AT_WORK),
        Narrow("cases_consent", "same", insert=GONE),
    ]
