"""While a sitting runs: when it came to an item, 議事メモ line by line, decisions half typed."""

from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, quote
from config.lib.shieldsecurity import ShieldText

gate = import_module("meetings.migrations.0002_gate")
ME = gate.ME


def while_open(table):
    """Who runs the item, while its sitting does; under secrecy until the item closes."""
    return f"""EXISTS (SELECT 1 FROM meetings_agendaitem AS i
        JOIN meetings_sitting AS s ON s.id = i.sitting_id
        WHERE i.id = {table}.item_id AND {gate.runs("i")}
          AND (s.state = 'open' OR (i.basis = 'secrecy' AND s.state = 'closed'
               AND i.open_period @> now())))"""


LINE = gate.of_item("meetings_minuteline")
WRITES = f"meetings_minuteline.by_id = {ME} AND {while_open('meetings_minuteline')}"

DRAFT = f"meetings_itemdraft.by_id = {ME} AND {gate.of_item('meetings_itemdraft')}"
KEEPS = f"meetings_itemdraft.by_id = {ME} AND {while_open('meetings_itemdraft')}"

GUARDS = """
-- A line stays its writer's and its item's; a decided item needs no half typed decision.
CREATE TRIGGER keep_columns BEFORE UPDATE ON public.meetings_minuteline
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns('id', 'item_id', 'by_id', 'at');
CREATE TRIGGER keep_columns BEFORE UPDATE ON public.meetings_itemdraft
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns('id', 'item_id', 'by_id');
CREATE FUNCTION kasane.forget_item_drafts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM public.meetings_itemdraft WHERE item_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_item_drafts AFTER UPDATE OF state ON public.meetings_agendaitem
    FOR EACH ROW WHEN (NEW.state IN ('decided', 'withdrawn'))
    EXECUTE FUNCTION kasane.forget_item_drafts();
REVOKE ALL ON FUNCTION kasane.forget_item_drafts() FROM PUBLIC;
"""


def let_begin(apps, schema_editor):
    role = quote(settings.KASANE_APP_ROLE)
    schema_editor.execute(f"GRANT UPDATE (begun_at) ON meetings_agendaitem TO {role}")


class Migration(migrations.Migration):
    dependencies = [("meetings", "0013_pack")]

    operations = [
        migrations.AddField(
            model_name="agendaitem",
            name="begun_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="MinuteLine",
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
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("text", models.TextField(verbose_name="議事メモ")),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="meetings.agendaitem",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["item", "at"], name="minute_line_item")],
            },
        ),
        migrations.CreateModel(
            name="ItemDraft",
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
                ("typed", models.JSONField(default=list)),
                ("saved_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="agencies.membership",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="meetings.agendaitem",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("item", "by"), name="item_draft_once")
                ],
            },
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunPython(let_begin, migrations.RunPython.noop),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
        Gate(
            "meetings_minuteline",
            read=LINE,
            insert=WRITES,
            update=WRITES,
            columns=("text", "version"),
        ),
        Gate(
            "meetings_itemdraft",
            read=DRAFT,
            insert=KEEPS,
            update=KEEPS,
            delete="true",
            columns=("typed", "saved_at"),
        ),
        ShieldText(
            "meetings_minuteline", "text", row="item_id", facts="meetings_agendaitem", by="item_id"
        ),
    ]
