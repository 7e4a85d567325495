"""つなぐシート composed from what is there: words to begin with, which the sender goes on writing.

Until it accepts, the receiver reads the sheet alone; so nothing is put into it that the receiver
would not read after accepting (V3, V4), and nothing that tells of somebody else.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from agencies.enums import Action
from agencies.models import Agency, Membership
from agencies.trail import log_access
from cases.models import Case, Person
from cases.moveouts import GROUPS, Item, offered
from cases.told import known_to, record_for, told_grants

NEWEST = {"notes": 3}  # of the others, all


def from_records(
    membership: Membership,
    case: Case,
    persons: Mapping[uuid.UUID, Person],
    told: Sequence[Person],
    receiver: Agency | None,
) -> str:
    """What is written of these persons alone, by kind; empty where nothing is. receiver: whom the
    consents have to reach; None, where the law lets the sheet go. Logs what it quotes (V10).
    Queries: those of `offered`, five for a receiver, the log."""
    items = offered(membership, case, persons, {person.pk for person in told})
    if receiver is not None:
        known = known_to(membership, case)
        eyes = known.eyes(receiver, told_grants(case.pk, joining=receiver.pk))
        open_to = {r.pk for r in known.records if record_for(eyes, r).visible}
        items = [item for item in items if item.key in open_to]
    quoted: list[Item] = []
    parts = []
    for name, label, _kinds in GROUPS:
        mine = [item for item in items if item.group == name][: NEWEST.get(name)]
        if mine:
            quoted += mine
            parts.append("\n".join([_("【%(part)s】") % {"part": label}, *map(_line, mine)]))
    log_access(
        membership,
        Action.OPEN,
        what="referral_new",
        case_id=case.pk,
        record_ids=[item.key for item in quoted],
    )
    return "\n\n".join(parts)


def _line(item: Item) -> str:
    head = _("・%(when)s　%(title)s（%(about)s）") % {
        "when": item.when,
        "title": item.title,
        "about": item.about,
    }
    return f"{head}\n{item.text}" if item.text else head
