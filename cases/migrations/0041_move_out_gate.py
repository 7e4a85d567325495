"""転出の引継ぎ as the database holds it: a paper is written once, goes only with the consent of
everybody it tells of, and stays as it went (V3, V9, V13).

What is counted on here, whoever writes: a consent withdrawn before it goes stops it; a value that a
shield hides stops it; nothing of what left is changed afterwards.
"""

from importlib import import_module

from django.db import migrations

from config.lib.rowsecurity import Gate, actor
from config.lib.shieldsecurity import ShieldText

contents = import_module("cases.migrations.0033_contents_in_place")

AGENCY = actor("agency_id")
ME = actor("membership_id")

OWNER = """
    IF me.membership_id IS NULL THEN
        IF pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID),
                       'USAGE') THEN
            RETURN NEW;  -- the owner, who may do anything: proofs and repairs
        END IF;
        RAISE EXCEPTION 'nobody acts' USING ERRCODE = 'insufficient_privilege';
    END IF;
"""
GUARDS = f"""
CREATE FUNCTION kasane.guard_move_out() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
    r public.cases_record;
    c public.cases_case;
    answer constant text[] := '{{state,sent_on,sent_how,sent_at,sent_by_id,digest,answered_on,'
        'answered_at,answered_by_id,received_by,answer_reason}}';
BEGIN
    {OWNER}
    SELECT x.* INTO r FROM public.cases_record AS x WHERE x.id = NEW.record_id;
    SELECT x.* INTO c FROM public.cases_case AS x WHERE x.id = r.case_id FOR SHARE;
    IF r.author_agency_id IS DISTINCT FROM me.agency_id OR NOT kasane.may_write() THEN
        RAISE EXCEPTION 'not the writer' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF c.id = ANY (kasane.shielded_cases()) THEN
        -- As 終結 and 移管: by who sees all of the case.
        RAISE EXCEPTION 'closed by a shield' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'INSERT' OR NEW.state = 'sent' THEN
        IF c.responsible_agency_id <> me.agency_id OR c.status <> 'active'
           OR r.kind <> 'move_out' OR r.audience <> 'agency' OR r.is_household
           OR r.carry_out_id IS NOT NULL
           -- Of people of this case who live: nobody else could have said yes.
           OR EXISTS (SELECT 1 FROM unnest(r.person_ids) AS k(id)
                LEFT JOIN public.cases_person AS p ON p.id = k.id AND p.case_id = r.case_id
                WHERE p.id IS NULL OR p.is_deceased OR p.died_on IS NOT NULL) THEN
            RAISE EXCEPTION 'no such paper' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'prepared' THEN
            RAISE EXCEPTION 'prepared first' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - answer IS DISTINCT FROM to_jsonb(OLD) - answer
       OR (OLD.state, NEW.state) NOT IN (('prepared', 'sent'), ('prepared', 'cancelled'),
            ('sent', 'received'), ('sent', 'returned')) THEN
        RAISE EXCEPTION 'what was written, and what left, stays' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> 'sent' THEN
        IF ROW(NEW.sent_on, NEW.sent_how, NEW.sent_at, NEW.sent_by_id, NEW.digest)
           IS DISTINCT FROM ROW(OLD.sent_on, OLD.sent_how, OLD.sent_at, OLD.sent_by_id, OLD.digest)
           OR NEW.answered_by_id IS DISTINCT FROM me.membership_id
           OR NEW.answered_on < OLD.sent_on THEN
            RAISE EXCEPTION 'what left stays' USING ERRCODE = 'check_violation';
        END IF;
        NEW.answered_at := now();
        RETURN NEW;
    END IF;
    -- The row is locked: an answer given at this moment is waited for, then seen.
    IF EXISTS (SELECT 1 FROM unnest(r.person_ids) AS k(id) WHERE (
            SELECT a.answer FROM public.cases_moveoutanswer AS a
            WHERE a.move_out_id = r.id AND a.person_id = k.id
            ORDER BY a.recorded_at DESC, a.id DESC LIMIT 1) IS DISTINCT FROM 'given') THEN
        RAISE EXCEPTION 'a consent is missing' USING ERRCODE = 'check_violation';
    END IF;
    -- Whoever sends stands on every list of the case: it tells them nothing.
    IF EXISTS (SELECT 1 FROM public.cases_shield AS s
            WHERE s.case_id = r.case_id AND s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL
              AND kasane.move_out_holds(NEW, s.person_id, r.person_ids) <> '{{}}') THEN
        RAISE EXCEPTION 'it holds what a shield hides' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.sent_by_id IS DISTINCT FROM me.membership_id THEN
        RAISE EXCEPTION 'not the sender' USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.sent_at := now();
    NEW.digest := kasane.move_out_digest(NEW.paper);
    RETURN NEW;
END
$$;
-- What left, in a figure that anybody can make again from it.
CREATE FUNCTION kasane.move_out_digest(paper jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(paper::text, 'UTF8')), 'hex')
$$;
-- The fields of a shielded person that the paper holds; the name of whom it tells of is none.
CREATE FUNCTION kasane.move_out_holds(
    row_now public.cases_moveout, person_key uuid, told uuid[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN person_key = ANY (told) THEN array_remove(f.found, 'name') ELSE f.found END
    FROM (SELECT kasane.shield_finds(person_key, kasane.shield_words(to_jsonb(row_now),
        '{{to_municipality,to_office,to_phone,paper}}'))) AS f(found)
$$;
CREATE TRIGGER guard_move_out BEFORE INSERT OR UPDATE ON public.cases_moveout
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_move_out();

-- An answer is to a paper that waits; withdrawn is also what was agreed to and has gone. It locks
-- the paper: it does not go meanwhile.
CREATE FUNCTION kasane.guard_move_out_answer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me kasane.acting := kasane.actor();
    m public.cases_moveout;
    r public.cases_record;
    former text;
BEGIN
    {OWNER}
    SELECT x.* INTO m FROM public.cases_moveout AS x WHERE x.record_id = NEW.move_out_id
    FOR NO KEY UPDATE;
    SELECT x.* INTO r FROM public.cases_record AS x WHERE x.id = NEW.move_out_id;
    SELECT a.answer INTO former FROM public.cases_moveoutanswer AS a
    WHERE a.move_out_id = NEW.move_out_id AND a.person_id = NEW.person_id
    ORDER BY a.recorded_at DESC, a.id DESC LIMIT 1;
    IF r.author_agency_id IS DISTINCT FROM me.agency_id OR NOT kasane.may_write()
       OR NEW.by_id IS DISTINCT FROM me.membership_id
       OR NOT NEW.person_id = ANY (r.person_ids) THEN
        RAISE EXCEPTION 'nobody was asked' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.given_on > (now() AT TIME ZONE 'Asia/Tokyo')::date
       OR (NEW.answer = 'withdrawn' AND (former IS DISTINCT FROM 'given'
            OR m.state = 'cancelled'))
       OR (NEW.answer <> 'withdrawn' AND m.state <> 'prepared') THEN
        RAISE EXCEPTION 'no answer to this paper' USING ERRCODE = 'check_violation';
    END IF;
    NEW.recorded_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_move_out_answer BEFORE INSERT ON public.cases_moveoutanswer
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_move_out_answer();

-- The register of what left the city (個人情報保護法69条2項1号, 27条1項: with consent).
CREATE FUNCTION kasane.enter_move_out() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.cases_disclosure (
        id, municipality_id, agency_id, kind, "on", recipient, statute, purpose, categories,
        person_count, ground_id, case_id, recorded_by_id, recorded_at)
    SELECT gen_random_uuid(), a.municipality_id, a.group_id, 'move_out', NEW.sent_on,
        NEW.to_municipality || '　' || NEW.to_office, '', '', '{{}}', cardinality(r.person_ids), (
            SELECT b.id FROM public.agencies_legalbasis AS b
            WHERE b.code = CASE kasane.is_city_office(a.group_id)
                WHEN true THEN 'city-consent' WHEN false THEN 'body-consent' END
              AND b.effective_from <= NEW.sent_on
              AND (b.effective_to IS NULL OR b.effective_to >= NEW.sent_on)
            ORDER BY b.effective_from DESC LIMIT 1),
        r.case_id, NEW.sent_by_id, clock_timestamp()
    FROM public.cases_record AS r
    JOIN public.agencies_agency AS a ON a.group_id = r.author_agency_id
    WHERE r.id = NEW.record_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER enter_move_out AFTER UPDATE ON public.cases_moveout FOR EACH ROW
    WHEN (OLD.state = 'prepared' AND NEW.state = 'sent') EXECUTE FUNCTION kasane.enter_move_out();
REVOKE ALL ON FUNCTION kasane.guard_move_out(), kasane.guard_move_out_answer(),
    kasane.enter_move_out(), kasane.move_out_holds(public.cases_moveout, uuid, uuid[])
    FROM PUBLIC;
"""
UNGUARDED = """
DROP TRIGGER guard_move_out ON public.cases_moveout;
DROP TRIGGER guard_move_out_answer ON public.cases_moveoutanswer;
DROP TRIGGER enter_move_out ON public.cases_moveout;
DROP FUNCTION kasane.guard_move_out();
DROP FUNCTION kasane.guard_move_out_answer();
DROP FUNCTION kasane.enter_move_out();
DROP FUNCTION kasane.move_out_holds(public.cases_moveout, uuid, uuid[]);
DROP FUNCTION kasane.move_out_digest(jsonb);
"""

# Where somebody moves to is hidden by their shield, whatever its list has said of the record.
OWN = f"""EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = cases_moveout.record_id
    AND r.author_agency_id = {AGENCY}
    AND NOT r.person_ids && (SELECT kasane.shielded_against_me())::uuid[] OFFSET 0)"""
PAPER = Gate(
    "cases_moveout",
    read=OWN,
    insert=OWN,
    update="true",
    columns=(
        "state", "sent_on", "sent_how", "sent_at", "sent_by_id", "answered_on", "answered_at",
        "answered_by_id", "received_by", "answer_reason",
    ),
)  # fmt: skip
OF_PAPER = (
    "EXISTS (SELECT 1 FROM cases_moveout AS m"
    " WHERE m.record_id = cases_moveoutanswer.move_out_id OFFSET 0)"
)
ANSWER = Gate(
    "cases_moveoutanswer", read=OF_PAPER, insert=f"cases_moveoutanswer.by_id = {ME} AND {OF_PAPER}"
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0040_move_out")]

    operations = [
        PAPER,
        ANSWER,
        ShieldText(
            "cases_moveout", "to_municipality", "to_office", "to_phone", "paper", "received_by",
            "answer_reason",
        ),
        ShieldText(
            "cases_moveoutanswer", "proxy_name", "proxy_power", row="move_out_id", by="move_out_id"
        ),
        migrations.RunSQL(GUARDS, UNGUARDED),
        migrations.RunSQL(
            contents.of_kind("cases_moveout", "move_out") + contents.kept("cases_moveout"),
            contents.dropped("content_of_kind", ["cases_moveout"])
            + contents.dropped("keep_columns", ["cases_moveout"]),
        ),
    ]  # fmt: skip
