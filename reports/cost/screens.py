"""The pages people live in, as requests of four people of the large city."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from django.db import connections
from django.test import Client
from django.urls import reverse

from config.lib.eras import today
from config.lib.fiscal import fiscal_year
from reports.cost.city import City
from reports.cost.invented import FAMILIES

Who = Literal["worker", "coordinator", "administrator", "privacy"]


@dataclass(frozen=True)
class Screen:
    """One page: who asks, for what."""

    name: str
    who: Who
    url: str
    posted: dict[str, Any] = field(default_factory=dict)

    def ask(self, client: Client) -> Any:
        if self.posted:
            return client.post(self.url, self.posted)
        return client.get(self.url)


def screens(using: str, city: City) -> list[Screen]:
    """What each of them opens on an ordinary day, of cases that have everything."""
    worker, office = city.worker.agency_id, city.coordinator.agency_id
    own = _key(using, OWN, worker)
    shared = _key(using, SHARED, worker)
    known = _key(using, SHARED, office)
    plan = _key(using, "SELECT record_id FROM plans_plan AS p JOIN cases_record AS r"
                " ON r.id = p.record_id WHERE r.case_id = %s", own)  # fmt: skip
    sitting = _key(using, "SELECT s.id FROM meetings_sitting AS s JOIN meetings_agendaitem AS i"
                   " ON i.sitting_id = s.id WHERE s.municipality_id = %s ORDER BY s.id LIMIT 1",
                   city.city.pk)  # fmt: skip
    family = FAMILIES[0][1]
    whole = _key(
        using, "SELECT name_kana FROM cases_person WHERE case_id = %s AND label = 'A'", own
    )
    year = fiscal_year(today())

    def page(name: str, who: Who, view: str, *args: Any, of: str = "") -> Screen:
        return Screen(name, who, reverse(view, args=args) + of)

    def search(name: str, who: Who, words: str) -> Screen:
        return Screen(name, who, reverse("case_search"), {"q": words})

    return [
        page("home", "worker", "home"),
        page("case_list", "worker", "case_list"),
        page("case_list_all", "worker", "case_list", of="?status=&mine=on"),
        search("search", "worker", whole),
        search("search_common", "worker", family),
        page("case_detail", "worker", "case_detail", own),
        page("case_detail_shared", "worker", "case_detail", shared),
        page("note_new", "worker", "note_new", own),
        page("case_access", "worker", "case_access", own),
        page("case_looks", "worker", "case_looks", own),
        page("plan_list", "worker", "plan_list"),
        page("plan_detail", "worker", "plan_detail", plan),
        page("consent_list", "worker", "consent_list"),
        page("consultation_list", "worker", "consultation_list"),
        page("referral_list", "worker", "referral_list"),
        page("sitting_list", "worker", "sitting_list"),
        page("notices", "worker", "notices"),
        page("office_home", "coordinator", "home"),
        page("office_case_list", "coordinator", "case_list"),
        search("office_search_common", "coordinator", family),
        page("office_case_detail", "coordinator", "case_detail", known),
        page("office_plan_list", "coordinator", "plan_list"),
        page("office_consent_list", "coordinator", "consent_list"),
        page("office_referral_list", "coordinator", "referral_list"),
        page("office_sitting_detail", "coordinator", "sitting_detail", sitting),
        page("report_year", "administrator", "report_year", year),
        page("access_review", "privacy", "access_review"),
    ]


# A case of the agency with a plan and a helper; one it is let into by consent.
OWN = """
SELECT c.id FROM cases_case AS c JOIN cases_supportteam AS t ON t.case_id = c.id
JOIN cases_record AS r ON r.case_id = c.id AND r.kind = 'plan'
WHERE c.responsible_agency_id = %s AND t.via = 'referral' AND t.left_at IS NULL
  AND c.status = 'active' ORDER BY c.id LIMIT 1
"""
SHARED = """
SELECT g.content_object_id FROM cases_casegrant AS g JOIN cases_case AS c
  ON c.id = g.content_object_id AND c.status = 'active' AND c.responsible_agency_id <> g.group_id
WHERE g.group_id = %s AND g.basis = 'consent' AND g.revoked_at IS NULL AND g.period @> now()
ORDER BY c.id LIMIT 1
"""


def _key(using: str, sql: str, *params: Any) -> Any:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, params)
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"the city is too small: {sql}")
    return row[0]
