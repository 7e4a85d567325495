"""つながり and where the pictures were arranged: read with the record, the person (V3, V9)."""

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import config.lib.ids
from config.lib.rowsecurity import Gate, actor
from config.lib.shieldsecurity import ShieldText, versions

AGENCY = actor("agency_id")

OF_RECORD = "EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = cases_tie.record_id OFFSET 0)"
OWN = (
    "EXISTS (SELECT 1 FROM cases_record AS r WHERE r.id = cases_tie.record_id"
    f" AND r.author_agency_id = {AGENCY} OFFSET 0)"
)
OF_TIE = (
    "EXISTS (SELECT 1 FROM cases_tie AS t WHERE t.record_id = cases_historicaltie.record_id"
    " OFFSET 0)"
)
# My agency's, of whom and of what I may see.
PLACED = f"""cases_placement.agency_id = {AGENCY}
    AND (cases_placement.person_id IS NULL OR EXISTS (SELECT 1 FROM cases_person AS p
        WHERE p.id = cases_placement.person_id OFFSET 0))
    AND EXISTS (SELECT 1 FROM cases_case AS c WHERE c.id = cases_placement.case_id OFFSET 0)
    AND (cases_placement.tie_id IS NULL OR EXISTS (SELECT 1 FROM cases_record AS r
        WHERE r.id = cases_placement.tie_id OFFSET 0))"""
# By who works on the case.
PLACING = f"""{PLACED} AND EXISTS (SELECT 1 FROM cases_casegrant AS g
    WHERE g.group_id = {AGENCY} AND g.content_object_id = cases_placement.case_id
      AND g.basis <> 'own_records' AND g.revoked_at IS NULL
      AND range_contains_elem(g.period, now()))"""

# What a tie names its record names too, so that the gate asks after everybody at its ends; of the
# household is what names nobody.
ENDS = """
CREATE FUNCTION kasane.tie_names_its_ends() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM public.cases_record AS r
        WHERE r.id = NEW.record_id AND r.kind = 'tie'
          AND r.person_ids @> array_remove(ARRAY[NEW.first_id, NEW.second_id], NULL)
          AND r.person_ids <@ array_remove(ARRAY[NEW.first_id, NEW.second_id], NULL)) THEN
        RAISE EXCEPTION 'a tie is a record about its ends' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER tie_names_its_ends BEFORE INSERT ON public.cases_tie
    FOR EACH ROW EXECUTE FUNCTION kasane.tie_names_its_ends();
CREATE TRIGGER keep_columns BEFORE UPDATE ON public.cases_tie
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns(
        'record_id', 'kind', 'first_id', 'second_id');
CREATE TRIGGER keep_columns BEFORE UPDATE ON public.cases_placement
    FOR EACH ROW EXECUTE FUNCTION kasane.keep_columns(
        'id', 'case_id', 'agency_id', 'person_id', 'tie_id', 'helper_id');
"""
NO_ENDS = """
DROP TRIGGER keep_columns ON public.cases_placement;
DROP TRIGGER keep_columns ON public.cases_tie;
DROP TRIGGER tie_names_its_ends ON public.cases_tie;
DROP FUNCTION kasane.tie_names_its_ends();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0014_wrong_codes"),
        ("cases", "0027_intake_answers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='record',
            name='kind',
            field=models.CharField(choices=[('note', '支援経過記録'), ('issue', '課題'), ('assessment', 'アセスメント'), ('plan', '支援プラン'), ('monitoring', 'モニタリング'), ('evaluation', '評価'), ('visit', '訪問記録'), ('match', '参加支援'), ('follow_up', '参加後のフォロー'), ('community_issue', '地域課題'), ('tie', 'つながり')], max_length=20),
        ),
        migrations.CreateModel(
            name='HistoricalTie',
            fields=[
                ('kind', models.CharField(choices=[('parent', '親子'), ('couple', '夫婦・パートナー'), ('sibling', 'きょうだい'), ('bond', 'ふたりの関係'), ('outside', 'まわりの機関・人・場所'), ('key', 'キーパーソン')], max_length=10)),
                ('nature', models.CharField(blank=True, choices=[('birth', '実親子'), ('adopted', '養親子'), ('step', '継親子（再婚相手の子）'), ('married', '婚姻'), ('common_law', '内縁・事実婚'), ('separated', '別居'), ('divorced', '離婚'), ('widowed', '死別')], max_length=12, verbose_name='間がら')),
                ('quality', models.CharField(blank=True, choices=[('plain', 'ふつう'), ('strong', '強い'), ('weak', '弱い・とぎれがち'), ('strained', 'ストレス・対立')], max_length=10, verbose_name='関係のようす')),
                ('flow', models.CharField(blank=True, choices=[('', 'おたがい（または不明）'), ('out', '一方から：はじめの人から'), ('in', '一方から：相手から')], max_length=4, verbose_name='向き')),
                ('name', models.CharField(blank=True, max_length=60, verbose_name='名前')),
                ('resource', models.CharField(blank=True, choices=[('medical', '医療'), ('care', '介護'), ('disability', '障害福祉'), ('school', '学校・保育'), ('work', '職場・就労'), ('office', '行政・相談機関'), ('commissioner', '民生委員・児童委員'), ('kin', '親族'), ('neighbour', '近隣・友人'), ('place', '居場所・サークル'), ('money', '家計・債務'), ('other', 'その他')], max_length=12, verbose_name='種類')),
                ('ended_on', models.DateField(blank=True, null=True, verbose_name='終わった日')),
                ('version', models.PositiveIntegerField(default=1)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('first', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='cases.person')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('record', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='cases.record')),
                ('second', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='cases.person')),
            ],
            options={
                'verbose_name': 'historical tie',
                'verbose_name_plural': 'historical ties',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Placement',
            fields=[
                ('id', models.UUIDField(default=config.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('dx', models.SmallIntegerField()),
                ('dy', models.SmallIntegerField()),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('helper', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.person')),
                ('tie', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.record')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('helper__isnull', True), ('person__isnull', False), ('tie__isnull', True)), models.Q(('helper__isnull', True), ('person__isnull', True), ('tie__isnull', False)), models.Q(('helper__isnull', False), ('person__isnull', True), ('tie__isnull', True)), _connector='OR'), name='placement_of_one'), models.UniqueConstraint(condition=models.Q(('person__isnull', False)), fields=('case', 'agency', 'person'), name='placement_person_once'), models.UniqueConstraint(condition=models.Q(('tie__isnull', False)), fields=('case', 'agency', 'tie'), name='placement_tie_once'), models.UniqueConstraint(condition=models.Q(('helper__isnull', False)), fields=('case', 'agency', 'helper'), name='placement_helper_once')],
            },
        ),
        migrations.CreateModel(
            name='Tie',
            fields=[
                ('record', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='cases.record')),
                ('kind', models.CharField(choices=[('parent', '親子'), ('couple', '夫婦・パートナー'), ('sibling', 'きょうだい'), ('bond', 'ふたりの関係'), ('outside', 'まわりの機関・人・場所'), ('key', 'キーパーソン')], max_length=10)),
                ('nature', models.CharField(blank=True, choices=[('birth', '実親子'), ('adopted', '養親子'), ('step', '継親子（再婚相手の子）'), ('married', '婚姻'), ('common_law', '内縁・事実婚'), ('separated', '別居'), ('divorced', '離婚'), ('widowed', '死別')], max_length=12, verbose_name='間がら')),
                ('quality', models.CharField(blank=True, choices=[('plain', 'ふつう'), ('strong', '強い'), ('weak', '弱い・とぎれがち'), ('strained', 'ストレス・対立')], max_length=10, verbose_name='関係のようす')),
                ('flow', models.CharField(blank=True, choices=[('', 'おたがい（または不明）'), ('out', '一方から：はじめの人から'), ('in', '一方から：相手から')], max_length=4, verbose_name='向き')),
                ('name', models.CharField(blank=True, max_length=60, verbose_name='名前')),
                ('resource', models.CharField(blank=True, choices=[('medical', '医療'), ('care', '介護'), ('disability', '障害福祉'), ('school', '学校・保育'), ('work', '職場・就労'), ('office', '行政・相談機関'), ('commissioner', '民生委員・児童委員'), ('kin', '親族'), ('neighbour', '近隣・友人'), ('place', '居場所・サークル'), ('money', '家計・債務'), ('other', 'その他')], max_length=12, verbose_name='種類')),
                ('ended_on', models.DateField(blank=True, null=True, verbose_name='終わった日')),
                ('version', models.PositiveIntegerField(default=1)),
                ('first', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.person')),
                ('second', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.person')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('first__isnull', False), ('kind__in', ['parent', 'couple', 'sibling', 'bond']), ('name', ''), ('second__isnull', False)), models.Q(('kind', 'outside'), ('second__isnull', True), models.Q(('name', ''), _negated=True)), models.Q(('first__isnull', False), ('kind', 'key'), ('name', ''), ('second__isnull', True)), _connector='OR'), name='tie_ends'), models.CheckConstraint(condition=models.Q(models.Q(('first', models.F('second')), _negated=True), ('second__isnull', True), _connector='OR'), name='tie_between_two'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'parent'), ('nature__in', ('birth', 'adopted', 'step'))), models.Q(('kind', 'couple'), ('nature__in', ('married', 'common_law', 'separated', 'divorced', 'widowed'))), models.Q(models.Q(('kind__in', ['parent', 'couple']), _negated=True), ('nature', '')), _connector='OR'), name='tie_nature_of_kind'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['bond', 'outside']), models.Q(('quality', ''), _negated=True)), models.Q(models.Q(('kind__in', ['bond', 'outside']), _negated=True), ('flow', ''), ('quality', '')), _connector='OR'), name='tie_quality_of_kind')],
            },
        ),
        migrations.RunSQL(ENDS, NO_ENDS),
        Gate("cases_tie", read=OF_RECORD, insert=OWN, update=OWN),
        Gate("cases_historicaltie", read=OF_TIE, insert=OF_TIE),
        versions("cases_historicaltie"),
        ShieldText("cases_tie", "name"),
        ShieldText("cases_historicaltie", "name", is_version=True),
        Gate(
            "cases_placement", read=PLACED, insert=PLACING, update=PLACING, delete=PLACING,
            columns=("dx", "dy"),
        ),
    ]  # fmt: skip
