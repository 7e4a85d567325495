"""What the offices' people do, in a process of its own that reads the moved clock: one line of
acts in, one line of refusals out. Started by `reports.year.running` alone."""

from __future__ import annotations

import datetime
import json
import os
import secrets
import sys
import uuid
from typing import Any

import django


def main(number_in: int, number_out: int) -> None:
    from django.db import close_old_connections

    from config.lib.acting import holding, put_key
    from config.lib.login import owners_login

    with os.fdopen(number_in) as given, os.fdopen(number_out, "w") as said:
        for line in given:
            close_old_connections()
            # A key of the owner's is good for twelve hours.
            with owners_login():
                key = put_key(secrets.token_hex(32), "owner")
            with holding(key):
                refused = [word for act in json.loads(line) for word in _tried(act)]
            said.write(json.dumps(refused) + "\n")
            said.flush()


def _tried(act: dict[str, Any]) -> list[str]:
    try:
        do(act)
    except Exception as error:
        return [f"{act['day']} {act['city']} {act['verb']} {act['on']}: {error!r}"]
    return []


def do(act: dict[str, Any]) -> None:
    """One act, by the head or the coordinator of the office. Everything comes as text."""
    from agencies.models import Agency, ConferenceType, Membership
    from config.lib.acting import acting
    from meetings import operations as op
    from meetings.models import Sitting

    body = ConferenceType.objects.get(municipality__code=act["city"], code=act["body"])
    people = Membership.objects.with_names().filter(user__isnull=False)
    office = people.filter(agency=body.secretariat_id or body.host_id)
    by = office.filter(role__key__in=["office_head", "coordinator"]).order_by("-role__key").first()
    assert by is not None, f"nobody runs {body}"  # noqa: S101 - a demo always has one
    with acting(by.pk):
        verb, more = act["verb"], act["more"]
        on = datetime.date.fromisoformat(act["on"]) if act["on"] else None
        if verb == "series":
            _set_series(body, by, more)
            return
        if verb == "call":
            assert on is not None  # noqa: S101 - it is called for a day
            op.call_ad_hoc(by=by, conference_types=[body], on=on, form_key=uuid.uuid4())
            return
        live = Sitting.objects.filter(conference_types=body, on=on).exclude(state="cancelled")
        sitting = live.get() if on else live.get(month=act["month"])
        if verb == "notice":
            op.send_notice(sitting=sitting, by=by)
        elif verb in ("date", "move"):
            way = op.set_date if verb == "date" else op.move_sitting
            way(sitting=sitting, by=by, on=datetime.date.fromisoformat(more["to"]))
        elif verb == "cancel":
            op.cancel_sitting(sitting=sitting, by=by, reason=more.get("reason", ""))
        elif verb != "propose":
            raise ValueError(verb)
    if verb == "propose":
        coordinator = people.get(user__username=f"{act['city']}.coordinator")
        guests = Agency.objects.filter(municipality__code=act["city"], code__in=more["guests"])
        with acting(coordinator.pk):
            op.propose_item(
                sitting=sitting, by=coordinator, conference_type=body,
                agenda_type="social_resources", title=more["title"], briefing="架空の議題",
                participants=list(guests),
            )  # fmt: skip


def _set_series(body: Any, by: Any, more: dict[str, Any]) -> None:
    from meetings import operations as op
    from meetings.operations.series import group_of

    standing = op.series_in_force(group_of(body))
    op.set_series(
        body=body,
        by=by,
        rhythm=op.Rhythm(
            since=datetime.date.fromisoformat(more["since"]),
            rule=more["rule"],
            on_day_off=more["on_day_off"],
            starts_at=datetime.time(14, 0),
            place="市役所 会議室",
            **{f"{name}_days": number for name, number in more["steps"].items()},
        ),
        form_key=uuid.uuid4(),
        instead_of=standing.pk if standing else None,
    )


if __name__ == "__main__":
    if "FAKETIME_TIMESTAMP_FILE" not in os.environ:
        sys.exit("this process belongs to a simulation")
    django.setup()
    main(int(sys.argv[1]), int(sys.argv[2]))
