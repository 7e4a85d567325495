"""Memberships end, people are shut off, lines and hints are looked at."""

from __future__ import annotations

from .vocabulary import Situation, owner, step


@step(r"the membership of (?P<name>\w+) (?P<how>ended yesterday|ends today|starts tomorrow)")
def _ended(s: Situation, name: str, how: str) -> None:
    change = {
        "ended yesterday": "until = (now() AT TIME ZONE 'Asia/Tokyo')::date - 1",
        "ends today": "until = (now() AT TIME ZONE 'Asia/Tokyo')::date",
        "starts tomorrow": "since = (now() AT TIME ZONE 'Asia/Tokyo')::date + 1",
    }[how]
    owner(f"UPDATE agencies_membership SET {change} WHERE id = %s", s.who(name).pk)


@step(r"the membership of (?P<name>\w+) is not confirmed")
def _unconfirmed(s: Situation, name: str) -> None:
    owner("UPDATE agencies_membership SET confirmed_at = NULL WHERE id = %s", s.who(name).pk)


@step(r"(?P<name>\w+) is shut off")
def _shut_off(s: Situation, name: str) -> None:
    owner("UPDATE agencies_user SET is_active = false WHERE id = %s", s.who(name).user_id)


@step(r"(?P<name>\w+) becomes a (?P<role>\w+)")
def _role(s: Situation, name: str, role: str) -> None:
    owner("UPDATE agencies_membership SET role_id = %s WHERE id = %s", role, s.who(name).pk)


@step(r"the log line of the opening is looked at")
def _log(s: Situation) -> None:
    rows = owner(
        "SELECT id FROM agencies_accesslog WHERE case_id = %s AND what = 'open_case'", s.case.pk
    )
    s.things["log line"] = ("agencies_accesslog", rows[0][0])


@step(r"the office is told of a duplicate")
def _hint(s: Situation) -> None:
    number = s.case.number
    rows = owner(
        "SELECT id FROM cases_duplicatehint WHERE first_number = %s OR second_number = %s",
        number,
        number,
    )
    s.things["hint"] = ("cases_duplicatehint", rows[0][0])
