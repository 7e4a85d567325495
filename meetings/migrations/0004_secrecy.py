"""People without an account, guests, numbered papers, letters, renewal of a carry-out (V6)."""

from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate

gate = import_module("meetings.migrations.0002_gate")
ME, CITY, AGENCY = gate.ME, gate.CITY, gate.AGENCY

# Whose role reads the items it is appointed to: who reads cases, and the guest of a sitting.
READS_ITEMS = f"""EXISTS (SELECT 1 FROM agencies_membership AS m
    JOIN agencies_role AS r ON r.key = m.role_id
    WHERE m.id = {ME} AND 'meetings.read_items' = ANY (r.permissions))"""
IS_GUEST = f"""EXISTS (SELECT 1 FROM agencies_membership AS m
    WHERE m.id = {ME} AND m.role_id = 'guest')"""

# Every sitting of the city, a day and a room; a guest's own sitting alone.
SITTING = f"""(meetings_sitting.municipality_id = {CITY} AND (NOT {IS_GUEST} OR EXISTS (
        SELECT 1 FROM meetings_itemgrant AS g
        WHERE g.sitting_id = meetings_sitting.id AND g.membership_id = {ME}
          AND g.revoked_at IS NULL)))
    OR {gate.DATES} OR {gate.FIGURES}"""

# As in 0002; the appointed need a role that reads items, not one that reads cases (the guest).
ITEM = f"""(meetings_agendaitem.basis = 'secrecy' AND {READS_ITEMS} AND (
        (meetings_agendaitem.open_period @> now() AND EXISTS (
            SELECT 1 FROM meetings_itemgrant AS g
            WHERE g.content_object_id = meetings_agendaitem.id AND g.membership_id = {ME}
              AND g.pledged_at IS NOT NULL AND g.revoked_at IS NULL))
        OR meetings_agendaitem.id IN (SELECT kasane.attached_items())))
    OR (meetings_agendaitem.basis = 'secrecy' AND {AGENCY} IS NOT NULL
        AND {gate.listed("meetings_agendaitem.conference_type_id")})
    OR (meetings_agendaitem.basis = 'consent' AND {AGENCY} IS NOT NULL AND (
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
                  AND g.revoked_at IS NULL AND g.period @> now()))))"""


def in_sealed(table):
    """An item under secrecy, of a body on whose list who acts stands."""
    return f"""EXISTS (SELECT 1 FROM meetings_agendaitem AS i WHERE i.id = {table}.item_id
        AND i.basis = 'secrecy' AND {gate.listed("i.conference_type_id")})"""


# One prints for the item's people as its secretary, else one's own copy.
NEW_COPY = f"""meetings_papercopy.by_id = {ME} AND meetings_papercopy.returned_at IS NULL
    AND ({in_sealed("meetings_papercopy")} OR EXISTS (
        SELECT 1 FROM meetings_itemgrant AS g
        WHERE g.id = meetings_papercopy.grant_id AND g.membership_id = {ME}
          AND g.content_object_id = meetings_papercopy.item_id
          AND EXISTS (SELECT 1 FROM meetings_agendaitem AS i
              WHERE i.id = meetings_papercopy.item_id AND i.basis = 'secrecy')))"""

NEW_LETTER = f"""meetings_informationrequest.made_by_id = {ME}
    AND EXISTS (SELECT 1 FROM meetings_agendaitem AS i
        WHERE i.id = meetings_informationrequest.item_id AND i.basis = 'secrecy'
          AND i.conference_type_id = meetings_informationrequest.conference_type_id
          AND {gate.listed("i.conference_type_id")})"""

NEW_PERSON = f"""meetings_itemperson.appointed_by_id = {ME}
    AND meetings_itemperson.pledged_on IS NULL AND meetings_itemperson.revoked_at IS NULL
    AND {in_sealed("meetings_itemperson")}"""

GUARDS = """
-- V6: who enters an appointment says by which head of the host it was decided.
CREATE FUNCTION kasane.is_head(who uuid, conference_key bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM public.agencies_membership AS m
        JOIN public.agencies_role AS r ON r.key = m.role_id
        JOIN public.agencies_conferencetype AS t ON t.id = conference_key
        WHERE m.id = who AND 'meetings.appoint' = ANY (r.permissions)
          AND m.agency_id = COALESCE(t.host_id, t.secretariat_id))
$$;
CREATE FUNCTION kasane.guard_decided_appointment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.decided_by_id IS NULL OR NEW.decided_on IS NULL
       OR NEW.decided_on > (now() AT TIME ZONE 'Asia/Tokyo')::date
       OR NOT kasane.is_head(NEW.decided_by_id, NEW.conference_type_id) THEN
        RAISE EXCEPTION 'appointed by the head of the host'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_decided BEFORE INSERT ON public.meetings_itemgrant
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_decided_appointment();

-- A paper pledge is registered once, by who acts; a person is taken off for good.
CREATE FUNCTION kasane.guard_item_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    body bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT i.conference_type_id INTO body
        FROM public.meetings_agendaitem AS i WHERE i.id = NEW.item_id;
        IF NOT kasane.is_head(NEW.decided_by_id, body) THEN
            RAISE EXCEPTION 'appointed by the head of the host'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.revoked_at IS NOT NULL
       OR (NEW.pledged_on IS DISTINCT FROM OLD.pledged_on
           AND (OLD.pledged_on IS NOT NULL
                OR NEW.registered_by_id IS DISTINCT FROM (kasane.actor()).membership_id)) THEN
        RAISE EXCEPTION 'a pledge is registered once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_item_person BEFORE INSERT OR UPDATE ON public.meetings_itemperson
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_item_person();

-- A copy came back once, a letter was answered once.
CREATE FUNCTION kasane.guard_paper() RETURNS trigger
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := (kasane.actor()).membership_id;
BEGIN
    IF TG_TABLE_NAME = 'meetings_papercopy' THEN
        IF OLD.returned_at IS NOT NULL OR NEW.returned_to_id IS DISTINCT FROM me THEN
            RAISE EXCEPTION 'a copy comes back once' USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF OLD.outcome <> '' OR NEW.replied_by_id IS DISTINCT FROM me THEN
        RAISE EXCEPTION 'a letter is answered once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_paper BEFORE UPDATE ON public.meetings_papercopy
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_paper();
CREATE TRIGGER guard_paper BEFORE UPDATE ON public.meetings_informationrequest
    FOR EACH ROW EXECUTE FUNCTION kasane.guard_paper();

-- As in 0002, and: who was revoked stays so. Who may change a row at all, the policy says; its
-- period ends with the review date, which only a sitting moves (renew_carry_out).
CREATE OR REPLACE FUNCTION kasane.guard_carry_out() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (TG_OP = 'INSERT' AND NEW.granted_by_id IS DISTINCT FROM (kasane.actor()).membership_id)
       OR (TG_OP = 'UPDATE' AND OLD.revoked_at IS NOT NULL)
       OR NOT EXISTS (
        SELECT 1 FROM public.cases_carryout AS c
        WHERE c.id = NEW.content_object_id AND c.decided_by_id = NEW.granted_by_id
          AND upper(NEW.period) <= ((c.review_on + 1)::timestamp AT TIME ZONE 'Asia/Tokyo')) THEN
        RAISE EXCEPTION 'no such carry-out' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- A sitting moves: the end of its guests' accounts too (as in 0003 for its sealed items).
CREATE FUNCTION kasane.move_guests() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.agencies_membership AS m
    SET until = NEW.on + COALESCE(t.closes_after_days, 7)
    FROM public.meetings_itemgrant AS g
    JOIN public.agencies_conferencetype AS t ON t.id = g.conference_type_id
    WHERE g.sitting_id = NEW.id AND g.membership_id = m.id AND m.role_id = 'guest'
      AND g.revoked_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER move_guests AFTER UPDATE OF "on" ON public.meetings_sitting
    FOR EACH ROW WHEN (NEW."on" IS NOT NULL AND NEW."on" IS DISTINCT FROM OLD."on")
    EXECUTE FUNCTION kasane.move_guests();
"""

# A listed secretary need not be the one who decided the carry-out, and then sees no row of it. So
# the database renews it (in the decision of a later item of the same case and body, while it is in
# force) and ends it, and names the people to tell. No row comes back: refused.
CARRY_OUT = f"""
CREATE FUNCTION kasane.renew_carry_out(earlier_key uuid, later_key uuid, review_day date)
RETURNS TABLE (membership_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid;
BEGIN
    SELECT e.carry_out_id INTO made
    FROM public.meetings_agendaitem AS e
    JOIN public.meetings_agendaitem AS l ON l.id = later_key
    JOIN public.meetings_sitting AS s ON s.id = l.sitting_id
    JOIN public.cases_carryout AS c ON c.id = e.carry_out_id
    WHERE e.id = earlier_key AND e.id <> l.id AND e.basis = 'secrecy' AND l.basis = 'secrecy'
      AND e.case_id = l.case_id AND e.conference_type_id = l.conference_type_id
      AND l.state = 'noticed' AND s.state IN ('open', 'closed') AND l.open_period @> now()
      AND e.carry_ended_at IS NULL AND review_day > c.review_on
      AND c.review_on >= (now() AT TIME ZONE 'Asia/Tokyo')::date
      AND EXISTS (SELECT 1 FROM public.agencies_secretariatmember AS p
        WHERE p.conference_type_id = l.conference_type_id
          AND p.membership_id = (kasane.actor()).membership_id
          AND p.fiscal_year = {gate.YEAR} AND p.pledged_at IS NOT NULL AND p.ended_at IS NULL);
    IF made IS NULL THEN
        RETURN;
    END IF;
    UPDATE public.cases_carryout AS c SET review_on = review_day WHERE c.id = made;
    UPDATE public.meetings_agendaitem AS i
    SET carry_review_on = review_day, version = i.version + 1 WHERE i.id = earlier_key;
    RETURN QUERY UPDATE public.cases_carryoutgrant AS g
        SET period = tstzrange(
            lower(g.period), (review_day + 1)::timestamp AT TIME ZONE 'Asia/Tokyo')
        WHERE g.content_object_id = made AND g.revoked_at IS NULL
        RETURNING g.membership_id;
END
$$;
CREATE FUNCTION kasane.end_carry_out(item_key uuid) RETURNS TABLE (membership_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid;
BEGIN
    SELECT i.carry_out_id INTO made
    FROM public.meetings_agendaitem AS i
    WHERE i.id = item_key AND i.basis = 'secrecy' AND i.carry_ended_at IS NULL
      AND EXISTS (SELECT 1 FROM public.agencies_secretariatmember AS p
        WHERE p.conference_type_id = i.conference_type_id
          AND p.membership_id = (kasane.actor()).membership_id
          AND p.fiscal_year = {gate.YEAR} AND p.pledged_at IS NOT NULL AND p.ended_at IS NULL);
    IF made IS NULL THEN
        RETURN;
    END IF;
    UPDATE public.meetings_agendaitem AS i
    SET carry_ended_at = now(), version = i.version + 1 WHERE i.id = item_key;
    RETURN QUERY UPDATE public.cases_carryoutgrant AS g SET revoked_at = now()
        WHERE g.content_object_id = made AND g.revoked_at IS NULL
        RETURNING g.membership_id;
END
$$;
"""

# What earlier decisions carried out, as the items keep it from now on.
KEPT = """
UPDATE public.meetings_agendaitem AS i
SET carry_text = c.text, carry_review_on = c.review_on
FROM public.cases_carryout AS c WHERE c.id = i.carry_out_id;
"""


def grant_functions(apps, schema_editor):
    role = schema_editor.quote_name(settings.KASANE_APP_ROLE)
    for function in (
        "is_head(uuid, bigint)",
        "guard_decided_appointment()",
        "guard_item_person()",
        "guard_paper()",
        "move_guests()",
        "renew_carry_out(uuid, uuid, date)",
        "end_carry_out(uuid)",
    ):
        schema_editor.execute(f"REVOKE ALL ON FUNCTION kasane.{function} FROM PUBLIC")
    for function in ("renew_carry_out(uuid, uuid, date)", "end_carry_out(uuid)"):
        schema_editor.execute(f"GRANT EXECUTE ON FUNCTION kasane.{function} TO {role}")


GATES = [
    Gate("meetings_sitting", read=SITTING, insert=SITTING, update=gate.RUNS_SITTING),
    Gate(
        "meetings_agendaitem",
        read=f"{gate.FIGURES} OR {ITEM}",
        insert=gate.NEW_ITEM,
        update=gate.runs("meetings_agendaitem"),
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
            "carry_text",
            "carry_people",
            "carry_review_on",
            "version",
        ),
    ),
    Gate(
        "meetings_itemperson",
        read=gate.of_item("meetings_itemperson"),
        insert=NEW_PERSON,
        update=in_sealed("meetings_itemperson"),
        columns=("pledged_on", "registered_by_id", "registered_at", "revoked_at"),
    ),
    Gate(
        "meetings_papercopy",
        read=gate.of_item("meetings_papercopy"),
        insert=NEW_COPY,
        update=in_sealed("meetings_papercopy"),
        columns=("returned_at", "returned_to_id"),
    ),
    Gate(
        "meetings_informationrequest",
        read=gate.of_item("meetings_informationrequest"),
        insert=NEW_LETTER,
        update=in_sealed("meetings_informationrequest"),
        columns=("outcome", "replied_on", "reply", "replied_by_id"),
    ),
]


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0005_guest_role"),
        ("meetings", "0003_moving"),
    ]

    operations = [
        migrations.AddField(
            model_name="agendaitem",
            name="carry_ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="carry_people",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="carry_review_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="carry_text",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="itemgrant",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agencies.membership",
            ),
        ),
        migrations.AddField(
            model_name="itemgrant",
            name="decided_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="ItemPerson",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=config.lib.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="氏名")),
                ("organisation", models.CharField(max_length=100, verbose_name="所属・立場")),
                ("appointed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_on", models.DateField()),
                (
                    "pledged_on",
                    models.DateField(blank=True, null=True, verbose_name="紙の誓約書の日付"),
                ),
                ("registered_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "appointed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "guest",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="people",
                        to="meetings.agendaitem",
                    ),
                ),
                (
                    "registered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PaperCopy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=config.lib.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="通番")),
                (
                    "paper",
                    models.CharField(
                        choices=[("materials", "資料"), ("minutes", "議事録")], max_length=10
                    ),
                ),
                ("holder", models.CharField(max_length=220)),
                ("printed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("form_key", models.UUIDField()),
                ("is_to_be_returned", models.BooleanField(default=True, verbose_name="要回収")),
                ("returned_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="meetings.itemgrant",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="copies",
                        to="meetings.agendaitem",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="meetings.itemperson",
                    ),
                ),
                (
                    "returned_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InformationRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=config.lib.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                ("number", models.PositiveSmallIntegerField()),
                ("form_key", models.UUIDField(unique=True)),
                ("addressee", models.CharField(max_length=200, verbose_name="宛先")),
                ("about", models.CharField(max_length=200, verbose_name="だれについて")),
                ("asked", models.TextField(verbose_name="求める資料・情報")),
                ("due_on", models.DateField(verbose_name="回答の期限")),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("received", "回答あり"), ("refused", "応じられない")],
                        max_length=10,
                    ),
                ),
                ("replied_on", models.DateField(blank=True, null=True, verbose_name="回答の日")),
                ("reply", models.TextField(blank=True, verbose_name="回答の内容")),
                (
                    "conference_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.conferencetype",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="meetings.agendaitem",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "replied_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("conference_type", "fiscal_year", "number"),
                        name="letter_number_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", ""), ("replied_by", None), ("replied_on", None)),
                            models.Q(
                                models.Q(("outcome", ""), _negated=True),
                                ("replied_by__isnull", False),
                                ("replied_on__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="letter_answered_whole",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="itemperson",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at__isnull", True)),
                fields=("item", "name", "organisation"),
                name="item_person_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="itemperson",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("pledged_on", None), ("registered_at", None), ("registered_by", None)
                    ),
                    models.Q(
                        ("guest", None),
                        ("pledged_on__isnull", False),
                        ("registered_at__isnull", False),
                        ("registered_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="item_person_registered_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="papercopy",
            constraint=models.UniqueConstraint(fields=("item", "number"), name="copy_number_once"),
        ),
        migrations.AddConstraint(
            model_name="papercopy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("returned_at", None), ("returned_to", None)),
                    models.Q(("returned_at__isnull", False), ("returned_to__isnull", False)),
                    _connector="OR",
                ),
                name="copy_returned_whole",
            ),
        ),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS + CARRY_OUT, migrations.RunSQL.noop),
        migrations.RunPython(grant_functions, migrations.RunPython.noop),
        *GATES,
    ]
