"""A household that moves to another city, and its paper: what the tests of 転出の引継ぎ share."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from agencies.models import Membership
from cases.models import Case, MoveOut, MoveOutAnswer, Person
from cases.moveouts import Choice
from cases.operations import answer_move_out, prepare_move_out, send_move_out
from cases.operations.case import PersonFacts
from tests import world as w

TO = {"municipality": "架空県見本市", "office": "福祉課 地域係", "phone": "099-000-0001"}
LETTER = {**TO, "moves_on": "", "wish": "見守りをお願いします。", "words": ""}


def family() -> tuple[PersonFacts, ...]:
    """Mother (head), a grown son, a child of ten."""
    this = timezone.localdate().year
    return (
        PersonFacts(
            name="架空野 花子", name_kana="かくうの はなこ", relation="head", sex="female",
            birth_on=datetime.date(1947, 5, 1), address="架空町一丁目2-3", phone="099-111-2222",
        ),
        PersonFacts(name="架空野 次郎", name_kana="かくうの じろう", relation="child"),
        PersonFacts(
            name="架空野 桃", name_kana="かくうの もも", relation="grandchild",
            birth_on=datetime.date(this - 10, 1, 1),
        ),
    )  # fmt: skip


def choice(*persons: Person, **more: Any) -> Choice:
    return Choice(**{**TO, "wish": "見守りをお願いします。", "persons": persons, **more})


def prepared(by: Membership, case: Case, *persons: Person, **more: Any) -> MoveOut:
    with w.act(by):
        return prepare_move_out(
            case=case, by=by, choice=choice(*persons, **more), form_key=uuid.uuid4()
        )


def said(by: Membership, paper: MoveOut, person: Person, answer: str = "given") -> MoveOutAnswer:
    with w.act(by):
        return answer_move_out(
            paper=paper, by=by, person=person, answer=answer, given_on=timezone.localdate()
        )


def sent(by: Membership, paper: MoveOut) -> MoveOut:
    with w.act(by):
        return send_move_out(paper=paper, by=by, on=timezone.localdate(), how="post")


def refused(sql: str, *params: Any, match: str, by: Membership) -> None:
    """The database takes no such statement, whoever writes it."""
    with (
        w.act(by), pytest.raises(DatabaseError, match=match),
        transaction.atomic(), connection.cursor() as cursor,
    ):  # fmt: skip
        cursor.execute(sql, params)


SEND = (
    "update cases_moveout set state = 'sent', sent_on = current_date, sent_how = 'post',"
    " sent_by_id = %s where record_id = %s"
)
