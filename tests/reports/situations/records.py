"""Records are written, and consultations taken."""

from __future__ import annotations

import uuid

from cases.operations import (
    ask_to_read,
    take_consultation,
    write_note,
)
from cases.operations.case import PersonFacts
from cases.operations.consultation import ConsultationFacts
from config.lib.mynumber import refuse_my_number
from tests import world as w

from .vocabulary import Situation, owner, step


@step(
    r"(?P<by>\w+) writes (?P<name>\w+) about (?P<names>[\w, ]+?)"
    r"(?: in (?P<category>\w+))?(?P<alone> for itself)?(?: under (?P<carry>\w+))?"
    r"(?P<address> with the address)?"
)
def _write(
    s: Situation,
    by: str,
    name: str,
    names: str,
    category: str | None,
    alone: str | None,
    carry: str | None,
    address: str | None,
) -> None:
    with w.act(s.who(by)):
        note = write_note(
            case=s.case,
            by=s.who(by),
            text="緑町９丁目の家を訪問した" if address else "訪問した",
            method="visit",
            persons=[] if names == "the household" else s.people(names),
            category=category or "progress",
            audience="agency" if alone else "team",
            carry_out=s.rows[carry] if carry else None,
        )
    s.rows[name] = note
    s.things[name] = ("cases_record", note.record_id)
    s.things[f"text of {name}"] = ("cases_note", note.record_id)
    rows = owner("SELECT history_id FROM cases_historicalnote WHERE record_id = %s", note.record_id)
    s.things[f"history of {name}"] = ("cases_historicalnote", rows[0][0])


@step(r"(?P<by>\w+) asks (?P<who>\w+) to read (?P<name>\w+)")
def _ask(s: Situation, by: str, who: str, name: str) -> None:
    with w.act(s.who(by)):
        ask_to_read(
            record=s.rows[name].record, by=s.who(by), people=[s.who(who)], kind="mention",
            batch=uuid.uuid4(),
        )  # fmt: skip
    rows = owner("SELECT id FROM cases_readrequest WHERE record_id = %s", s.rows[name].pk)
    s.things["request"] = ("cases_readrequest", rows[0][0])


@step(r"(?P<by>\w+) takes a consultation")
def _consult(s: Situation, by: str) -> None:
    facts = ConsultationFacts(
        mode="with_consent", route="person_phone", complaint="相談", urgency="low"
    )
    with w.act(s.who(by)):
        row = take_consultation(by=s.who(by), facts=facts, persons=[PersonFacts()], issues=["debt"])
    s.keep("consultation", "cases_consultation", row)
    rows = owner("SELECT id FROM cases_consultationperson WHERE consultation_id = %s", row.pk)
    s.things["person of the consultation"] = ("cases_consultationperson", rows[0][0])


@step(r"a note may not hold (?P<text>.+)")
def _number(s: Situation, text: str) -> None:
    refuse_my_number(text)
