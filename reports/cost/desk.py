"""A day at the desk: what workers of a small and a large agency and the office ask for.

Of each page several, of different households; searches as they are typed, letter by letter.
"""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db import connections
from django.test import Client
from django.urls import reverse

from agencies.models import Agency, Membership, Municipality
from config.lib.eras import format_short, today
from reports.cost.city import CODE

Who = Literal["small", "large", "office"]
# So many households, persons and words of each kind, for each of the three.
EACH = 4
# A household of which これまで has a second page holds so many notes.
LONG = 33
OLDER = re.compile(r'href="(\?before=[^"]+)"')


class NoCity(Exception):
    """The database holds no made-up city."""


@dataclass(frozen=True)
class Ask:
    """One request: whose, under which page's name, and what the answer must be."""

    page: str
    who: Who
    url: str
    posted: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    is_typing: bool = False  # the page asks for the first few while it is typed

    def ask(self, client: Client) -> Any:
        headers = {"HX-Request": "true"} if self.is_typing else None
        if self.posted:
            return client.post(self.url, self.posted, headers=headers)
        return client.get(self.url)


def desks(using: str) -> dict[Who, Membership]:
    """The three who ask; of agencies of their size the first worker."""
    city = Municipality.objects.using(using).filter(code=CODE).first()
    if city is None:
        raise NoCity("つくった市がありません。先に make_world を動かしてください。")
    agencies = Agency.objects.using(using).filter(municipality=city).order_by("pk")
    large, small = agencies.filter(code="a0").get(), agencies.exclude(code="office").last()
    people = Membership.objects.using(using).select_related("user", "agency", "role")
    return {
        "small": people.filter(agency=small).order_by("user__username")[0],
        "large": people.filter(agency=large).order_by("user__username")[0],
        "office": people.get(agency__code="office", agency__municipality=city,
                             role_id="coordinator"),
    }  # fmt: skip


def asks(using: str, people: dict[Who, Membership], ask: Callable[[Who, str], str]) -> list[Ask]:
    """Everything that is measured. `ask` gives the text of a page."""
    found: list[Ask] = []
    for who, member in people.items():
        found += _pages(using, who, member, functools.partial(ask, who))
    return found


def _pages(using: str, who: Who, member: Membership, ask: Callable[[str], str]) -> Iterator[Ask]:
    listed = reverse("case_list")
    yield Ask("home", who, reverse("home"))
    yield Ask("list", who, listed)
    for query in ("?status=active&urgency=high", "?status=closed&mine=partner", "?mine=worker"):
        yield Ask("list_filtered", who, listed + query)
    for word in _words(using, member):
        for name, words in word.items():
            for typed in words:
                is_typing = typed != words[-1]  # what is whole is sent, and fills a page
                yield Ask(name, who, reverse("case_search"), {"q": typed}, is_typing=is_typing)
    for case, person in _rows(using, OWN, member, EACH):
        yield Ask("case", who, reverse("case_detail", args=[case]))
        form = reverse("note_new", args=[case])
        yield Ask("note_form", who, form)
        yield Ask("note_save", who, form, _note(person), status=302)
    for case, _order in _rows(using, LONG_ONES, member, EACH):
        page = reverse("case_timeline", args=[case])
        yield Ask("timeline", who, page)
        older = OLDER.search(ask(page))
        if older:
            yield Ask("timeline", who, page + older[1].replace("&amp;", "&"))


def _note(person: uuid.UUID) -> dict[str, Any]:
    return {
        "form_key": str(uuid.uuid4()), "method": "visit", "on": format_short(today()),
        "with_whom": "本人", "place": "自宅", "result": "met", "minutes": "40",
        "text": "自宅を訪問した。家賃の支払いについて話し、次の約束をした。" * 3,
        "next_step": "来週もう一度訪問する", "category": "progress", "audience": "team",
        "about": [str(person)],
    }  # fmt: skip


def _words(using: str, member: Membership) -> Iterator[dict[str, list[str]]]:
    """What would be typed to find somebody one knows, and how it begins."""
    for kana, name, phone, born in _rows(using, KNOWN, member, EACH):
        family = kana.split()[0]
        yield {
            "search_kana": [family[:2], family[:3], family, kana],
            "search_kanji": [name[:1], name.split()[0], name],
            "search_phone": [phone[:7], phone],
            "search_birth": [format_short(born), f"{born:%Y/%m/%d}"],
        }


# Whom one looks after, and of whom; or for the office: whose consent names it.
MINE = """
mine AS (
    SELECT w.case_id, p.id AS person_id FROM cases_caseworker AS w
    JOIN cases_case AS c ON c.id = w.case_id
    JOIN cases_person AS p ON p.case_id = c.id AND p.label = 'A'
    WHERE w.membership_id = %(me)s AND c.status = 'active' AND c.responsible_agency_id = %(agency)s
    UNION
    (SELECT g.content_object_id, g.person_id FROM cases_casegrant AS g
     JOIN cases_case AS c ON c.id = g.content_object_id AND c.status = 'active'
     WHERE %(is_office)s AND g.group_id = %(agency)s AND g.basis = 'consent'
       AND g.revoked_at IS NULL AND range_contains_elem(g.period, now())
       AND g.categories @> '{basic,progress}' LIMIT 2000)
)
"""
OWN = f"""WITH {MINE}
SELECT m.case_id, m.person_id FROM mine AS m
WHERE EXISTS (SELECT 1 FROM cases_record AS r WHERE r.case_id = m.case_id AND r.kind = 'plan')
ORDER BY md5(m.case_id::text), m.person_id LIMIT %(each)s
"""
LONG_ONES = f"""WITH {MINE}
SELECT DISTINCT m.case_id, md5(m.case_id::text) FROM mine AS m
WHERE (SELECT count(*) FROM cases_record AS r WHERE r.case_id = m.case_id) > {LONG}
ORDER BY 2 LIMIT %(each)s
"""
KNOWN = f"""WITH {MINE}
SELECT p.name_kana, p.name, t.phone, p.birth_on FROM mine AS m
JOIN cases_person AS p ON p.id = m.person_id JOIN cases_contact AS t ON t.person_id = p.id
WHERE p.name <> '' AND t.phone <> '' AND p.birth_on IS NOT NULL
ORDER BY md5(p.id::text) LIMIT %(each)s
"""


def _rows(using: str, sql: str, member: Membership, each: int) -> list[Any]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, {
            "me": member.pk, "agency": member.agency_id, "each": each,
            "is_office": member.role_id == "coordinator",
        })  # fmt: skip
        return list(cursor.fetchall())
