"""What people's accounts rest on stands in the database (V6, V11): a guest is admitted, given a new
password and ended by functions that ask the secretariat's list; the list itself is written by the
host's head and pledged by oneself; a letter is entered in the disclosure register."""

from django.conf import settings
from django.db import migrations

TODAY = "(now() AT TIME ZONE 'Asia/Tokyo')::date"

GUESTS = f"""
-- Whether who acts stands on the body's list, pledged for this fiscal year.
CREATE FUNCTION kasane.keeps_body(conference_key bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.agencies_secretariatmember AS s
        WHERE s.conference_type_id = conference_key
          AND s.membership_id = (kasane.actor()).membership_id
          AND s.fiscal_year = kasane.fiscal_year()
          AND s.pledged_at IS NOT NULL AND s.ended_at IS NULL)
$$;

-- A nameless account in the role `guest`, from today until the item closes: by who keeps the
-- item's body, on the decision of the host's head, which confirms it (V11).
CREATE FUNCTION kasane.admit_guest(
    item_key uuid, guest_key uuid, guest_name text, password_hash text, head_key uuid)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    body bigint;
    office integer;
    last_day date;
    account bigint;
BEGIN
    SELECT t.id, COALESCE(t.secretariat_id, (kasane.actor()).home_agency_id),
           s.on + COALESCE(t.closes_after_days, 7)
    INTO body, office, last_day
    FROM public.meetings_agendaitem AS i
    JOIN public.agencies_conferencetype AS t ON t.id = i.conference_type_id
    JOIN public.meetings_sitting AS s ON s.id = i.sitting_id
    WHERE i.id = item_key AND i.basis = 'secrecy' AND i.state IN ('proposed', 'noticed')
      AND s.on IS NOT NULL AND s.state NOT IN ('closed', 'cancelled');
    IF body IS NULL OR NOT kasane.keeps_body(body) OR NOT kasane.is_head(head_key, body)
       OR last_day < {TODAY} OR guest_name !~ '^guest-[0-9a-f]{{8}}$'
       OR password_hash !~ '^[a-z0-9_]+\\$.+' THEN
        RAISE EXCEPTION 'no guest is admitted' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.agencies_user (
        username, password, display_name, email, is_active, is_staff, is_superuser, date_joined)
    SELECT guest_name, password_hash, r.name, '', true, false, false, now()
    FROM public.agencies_role AS r WHERE r.key = 'guest'
    RETURNING id INTO account;
    INSERT INTO public.agencies_membership (
        id, user_id, agency_id, role_id, system_name, since, until, confirmed_at, confirmed_by_id)
    VALUES (guest_key, account, office, 'guest', '', {TODAY}, last_day, now(), head_key);
END
$$;

-- The user of a guest appointed by a body that who acts keeps; nobody's who is anything besides.
CREATE FUNCTION kasane.guest_user(guest_key uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id FROM public.agencies_membership AS m
    JOIN public.agencies_user AS u ON u.id = m.user_id
    WHERE m.id = guest_key AND m.role_id = 'guest' AND NOT u.is_staff AND NOT u.is_superuser
      AND NOT EXISTS (SELECT 1 FROM public.agencies_membership AS o
                      WHERE o.user_id = u.id AND o.id <> m.id)
      AND EXISTS (SELECT 1 FROM public.meetings_itemgrant AS g
                  WHERE g.membership_id = m.id AND kasane.keeps_body(g.conference_type_id))
$$;
-- A new password while an appointment stands; the name it belongs to.
CREATE FUNCTION kasane.renew_guest(guest_key uuid, password_hash text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found text;
BEGIN
    IF password_hash ~ '^[a-z0-9_]+\\$.+' THEN
        UPDATE public.agencies_user AS u SET password = password_hash
        WHERE u.id = kasane.guest_user(guest_key) AND u.is_active
          AND EXISTS (SELECT 1 FROM public.meetings_itemgrant AS g
                      WHERE g.membership_id = guest_key AND g.revoked_at IS NULL)
        RETURNING u.username INTO found;
    END IF;
    IF found IS NULL THEN
        RAISE EXCEPTION 'no such guest' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN found;
END
$$;
-- The account ends with its last appointment.
CREATE FUNCTION kasane.end_guest(guest_key uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE public.agencies_user AS u SET is_active = false
    WHERE u.id = kasane.guest_user(guest_key)
      AND NOT EXISTS (SELECT 1 FROM public.meetings_itemgrant AS g
                      WHERE g.membership_id = guest_key AND g.revoked_at IS NULL)
$$;

-- A guest is one sitting's and one body's.
CREATE FUNCTION kasane.guard_guest() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM public.agencies_membership AS m
        JOIN public.meetings_itemgrant AS g ON g.membership_id = m.id
        WHERE m.id = NEW.membership_id AND m.role_id = 'guest'
          AND (g.sitting_id <> NEW.sitting_id
               OR g.conference_type_id <> NEW.conference_type_id)) THEN
        RAISE EXCEPTION 'a guest of another sitting' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_guest BEFORE INSERT ON public.meetings_itemgrant
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_guest();
"""

# Whoever is on the list sees every sealed item of the body: no login writes itself onto it. The
# owner's may (proofs).
LIST = """
CREATE FUNCTION kasane.guard_secretary() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER')
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF me IS NULL OR NEW.named_by_id <> me OR NEW.pledged_at IS NOT NULL
           OR NEW.ended_at IS NOT NULL OR NOT kasane.is_head(me, NEW.conference_type_id) THEN
            RAISE EXCEPTION 'named by the head of the host'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF me IS NULL
       OR (NEW.id, NEW.conference_type_id, NEW.membership_id, NEW.fiscal_year, NEW.named_by_id,
           NEW.named_at) IS DISTINCT FROM
          (OLD.id, OLD.conference_type_id, OLD.membership_id, OLD.fiscal_year, OLD.named_by_id,
           OLD.named_at)
       OR OLD.ended_at IS NOT NULL
       OR (NEW.pledged_at IS DISTINCT FROM OLD.pledged_at
           AND (OLD.pledged_at IS NOT NULL OR OLD.membership_id <> me))
       OR (NEW.ended_at IS NOT NULL AND NOT kasane.is_head(me, OLD.conference_type_id)) THEN
        RAISE EXCEPTION 'a list is the head''s, a pledge one''s own'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_secretary BEFORE INSERT OR UPDATE ON public.agencies_secretariatmember
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_secretary();
"""

# V6: the row names neither addressee, case nor person; the letter stands with its item.
LETTERS = """
CREATE FUNCTION kasane.enter_letter(l public.meetings_informationrequest) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT kasane.enter_disclosure(
        COALESCE(t.host_id, t.secretariat_id, m.agency_id), 'letter', d.day, '',
        kasane.article('106-6-3', d.day), 0, NULL, NULL, l.item_id, l.made_by_id)
    FROM public.agencies_conferencetype AS t, public.agencies_membership AS m,
        (SELECT (l.made_at AT TIME ZONE 'Asia/Tokyo')::date AS day) AS d
    WHERE t.id = l.conference_type_id AND m.id = l.made_by_id
$$;
CREATE FUNCTION kasane.enter_letter() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM kasane.enter_letter(NEW);
    RETURN NULL;
END
$$;
CREATE TRIGGER enter_letter AFTER INSERT ON public.meetings_informationrequest
    FOR EACH ROW EXECUTE FUNCTION kasane.enter_letter();
SELECT kasane.enter_letter(l) FROM public.meetings_informationrequest AS l;
"""

INNER = (
    "keeps_body(bigint)",
    "guest_user(uuid)",
    "guard_guest()",
    "enter_letter(public.meetings_informationrequest)",
    "enter_letter()",
)
CALLED = (
    "admit_guest(uuid, uuid, text, text, uuid)",
    "renew_guest(uuid, text)",
    "end_guest(uuid)",
    "is_head(uuid, bigint)",
)


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for function in INNER + CALLED:
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{function} FROM PUBLIC")
    for function in CALLED:
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{function} TO {role}")


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_disclosure"), ("meetings", "0004_secrecy")]

    operations = [
        migrations.RunSQL(GUESTS + LIST + LETTERS, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
    ]
