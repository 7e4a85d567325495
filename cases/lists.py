"""Where a list of the city begins: nothing here opens or closes a row.

A policy tells PostgreSQL nothing of where to begin. Who holds much of the city meets a page of rows
soonest by walking the list in its own order; who holds little, among what it holds.
"""

from __future__ import annotations

import uuid

from django.db import connection
from django.db.models import Q, QuerySet

from agencies.models import Membership
from cases.gate import GRANTS, asked_by
from cases.models import Case, CaseGrant

PAGE = 50

# The agency's grants against the city's cases, as the statistics count them. Walked, a list asks
# of PAGE × cases ÷ held rows; begun with one's own, of those held.
HOLDS_MUCH = """
SELECT (SELECT count(*) FROM (SELECT FROM cases_casegrant AS g
        WHERE g.group_id = %s AND g.revoked_at IS NULL LIMIT much.held) AS h) = much.held
FROM (SELECT sqrt(%s * greatest(c.reltuples, 1))::bigint AS held
      FROM pg_class AS c WHERE c.oid = 'public.cases_case'::regclass) AS much
"""


def newest(
    membership: Membership,
    cases: QuerySet[Case],
    *,
    before: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    basis: str = "",
) -> list[uuid.UUID]:
    """A page of keys of these cases, and one more: the newest, those before a case, or those that
    follow one, nearest first. A case's key begins with the moment it was opened.

    Walks the agency's own grants in the order of their cases, until the page is full: of the size
    of the city, and of what the agency holds, it does not matter. One query.

    basis: the one that grants on these cases can have, where there is but one.
    """
    own = CaseGrant.objects.filter(group=membership.agency_id, revoked_at__isnull=True)
    if basis:
        own = own.filter(basis=basis)
    if after:
        own = own.filter(content_object_id__gt=after)
    elif before:
        own = own.filter(content_object_id__lt=before)
    keys = own.filter(content_object__in=cases).values_list("content_object_id", flat=True)
    order = "content_object_id" if after else "-content_object_id"
    return list(keys.distinct().order_by(order)[: PAGE + 1])


def begun(membership: Membership, case: str, *, is_filtered: bool) -> Q:
    """Narrows a list to the cases of which the agency holds any grant, its own records' included
    (nothing standing is outside them), or not at all where the list had better be walked: held
    much, and no filter that fills a page late or never. At most one query."""
    if not is_filtered and holds_much(membership, PAGE):
        return Q()
    held = f"{{case}} IN (SELECT g.content_object_id {GRANTS})"
    return asked_by(membership, held).asked({"case": case})


def holds_much(membership: Membership, rows: int) -> bool:
    """Whether an index walked until there are so many rows reads less than one's own cases."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDS_MUCH, [membership.agency_id, rows])
        (much,) = cursor.fetchone()
    return bool(much)
