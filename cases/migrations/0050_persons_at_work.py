"""V2: also what it wrote of a person an agency that works on the case no more reads, and does not
change (as 0036 of contents)."""

from django.db import migrations

from config.lib.rowsecurity import Narrow, actor

AT_WORK = f"""EXISTS (SELECT 1 FROM cases_casegrant AS g JOIN cases_case AS c
    ON c.id = g.content_object_id WHERE g.content_object_id = {{case}}
      AND g.group_id = {actor("agency_id")} AND g.basis <> 'own_records' AND g.revoked_at IS NULL
      AND range_contains_elem(g.period, now()) AND c.status <> 'closed' OFFSET 0)"""
OF_PERSON = f"""EXISTS (SELECT 1 FROM cases_person AS p WHERE p.id = cases_contact.person_id
    AND {AT_WORK.format(case="p.case_id")} OFFSET 0)"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0049_few_at_a_time")]

    operations = [
        Narrow("cases_person", "at_work", update=AT_WORK.format(case="cases_person.case_id")),
        Narrow("cases_contact", "at_work", insert=OF_PERSON, update=OF_PERSON),
    ]
