"""What the tests of cautions, the assessment and risk sheets share."""

from __future__ import annotations

import datetime

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.operations import (
    RiskFacts,
    assess,
    assess_risk,
    write_caution,
)
from tests import world as w
from tests.cases.pages import client

TODAY = datetime.date(2026, 11, 20)
MARCH, MAY = datetime.date(2026, 3, 1), datetime.date(2026, 5, 1)


def caution(by, case, words="犬がいる", persons=(), **more):
    more.setdefault("kind", "visit_safety")
    with w.act(by):
        return write_caution(case=case, by=by, text=words, persons=persons, **more)


def section(by, case, persons, category="health", answers=None, **more):
    more.setdefault("situation", "")
    with w.act(by):
        return assess(
            case=case, by=by, category=category, persons=persons, answers=answers or {}, **more
        )


def sheet(by, case, person, *red, code="elder", on=None, **more):
    facts = RiskFacts(
        sheet=code, answers={item: {"answer": "yes"} for item in red},
        assessed_on=on or timezone.localdate(), **more,
    )  # fmt: skip
    with w.act(by):
        return assess_risk(case=case, by=by, person=person, facts=facts)


def yes(word=""):
    return {"answer": "yes", "word": word} if word else {"answer": "yes"}


def cost(by, url):
    browser = client(by)
    assert browser.get(url).status_code == 200
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert browser.get(url).status_code == 200
    return len(queries)
