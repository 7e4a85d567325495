"""A person consents, refuses, narrows, renews and withdraws."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable

from django.core.files.base import ContentFile
from django.utils import timezone

from agencies.models import Membership
from cases.models import (
    Consent,
    ConsentScan,
    Record,
)
from cases.operations import (
    attach_scans,
    narrow_consent,
    refile_record,
    renew_consent,
    withdraw_consent,
)
from cases.operations.attachments import NewFile
from cases.operations.consent import How, terms_of
from tests import world as w
from tests.owner import as_owner

from .vocabulary import Situation, owner, step


@step(
    r"(?P<name>\w+) consents to (?P<agencies>[\w, ]*?)(?:the conference (?P<kind>\w+))?"
    r"(?: for (?P<categories>[a-z, ]+?))?(?P<tick> with the household)?"
    r"(?: except (?P<exceptions>[\w, ]+?))?(?: before (?P<taker>\w+))?(?P<proxy> by proxy)?"
)
def _consent(
    s: Situation,
    name: str,
    agencies: str,
    kind: str | None,
    categories: str | None,
    tick: str | None,
    exceptions: str | None,
    taker: str | None,
    proxy: str | None,
) -> None:
    from_person = s.persons[name]
    by = s.who(taker or "elderly")
    terms = w.ConsentTerms(
        answer="given",
        given_on=timezone.localdate(),
        categories=categories.split(", ") if categories else w.ALL,
        covers_household=bool(tick),
        method="proxy" if proxy else "signed",
        proxy_name="架空 親" if proxy else "",
        proxy_power="親権者" if proxy else "",
        agencies=s.agencies(agencies),
        conference_types=[s.city.conferences[kind]] if kind else [],
        exceptions=s.agencies(exceptions),
    )
    with w.act(by):
        consent = w.record_consent(person=from_person, by=by, terms=terms)
    s.keep(f"consent of {name}", "cases_consent", consent)
    for key, agency, is_exception in owner(
        "SELECT id, agency_id, is_exception FROM cases_consentline WHERE consent_id = %s",
        consent.pk,
    ):
        code = next((c for c, a in s.city.agencies.items() if a.pk == agency), "conference")
        word = "exception" if is_exception else "line"
        s.things[f"{word} of {name} for {code}"] = ("cases_consentline", key)


@step(r"(?P<name>\w+) refuses")
def _refuse(s: Situation, name: str) -> None:
    w.consent(s.who("elderly"), s.persons[name], answer="refused")


@step(r"(?P<name>\w+) withdraws")
def _withdraw(s: Situation, name: str) -> None:
    consent = s.rows[f"consent of {name}"]
    by = next(m for m in s.city.members.values() if m.pk == consent.explained_by_id)
    with w.act(by):
        withdraw_consent(consent=consent, by=by, reason="本人の希望")


def _changed(s: Situation, name: str, change: Callable[[Consent, Membership], Consent]) -> None:
    """A new answer in the place of the one before, taken by who took that."""
    before = s.rows[f"consent of {name}"]
    by = next(m for m in s.city.members.values() if m.pk == before.explained_by_id)
    with w.act(by):
        after = change(Consent.objects.get(pk=before.pk), by)
    s.things[f"former consent of {name}"] = ("cases_consent", before.pk)
    s.keep(f"consent of {name}", "cases_consent", after)


@step(r"(?P<name>\w+) narrows to (?P<categories>[a-z, ]+)")
def _narrow(s: Situation, name: str, categories: str) -> None:
    kept = categories.split(", ")

    def change(consent: Consent, by: Membership) -> Consent:
        terms = dataclasses.replace(terms_of(consent, by), categories=kept)
        return narrow_consent(consent=consent, by=by, terms=terms)

    _changed(s, name, change)


@step(r"(?P<name>\w+) renews")
def _renew(s: Situation, name: str) -> None:
    how = How(given_on=timezone.localdate(), until=None, method="oral")
    _changed(s, name, lambda consent, by: renew_consent(consent=consent, by=by, how=how))


@step(r"(?P<by>\w+) adds the signed paper of (?P<name>\w+)")
def _paper(s: Situation, by: str, name: str) -> None:
    from_file = NewFile("同意書.png", "image/png", ContentFile(b"paper"))
    consent = s.rows[f"consent of {name}"]
    with w.act(s.who(by)):
        attach_scans(consent=consent, by=s.who(by), files=[from_file])
        scan = ConsentScan.objects.get(consent=consent)
    s.things[f"paper of {name}"] = ("cases_consentscan", scan.pk)
    s.things[f"bytes of the paper of {name}"] = ("cases_consentscancontent", scan.pk)


@step(r"(?P<by>\w+) moves (?P<name>\w+) to (?P<category>\w+) for (?P<whom>the team|itself)")
def _move(s: Situation, by: str, name: str, category: str, whom: str) -> None:
    audience = "team" if whom == "the team" else "agency"
    with w.act(s.who(by)):
        record = Record.objects.get(pk=s.rows[name].pk)
        refile_record(
            record=record, by=s.who(by), category=category, audience=audience, reason="書き分け"
        )
    rows = owner("SELECT id FROM cases_refiling WHERE record_id = %s", record.pk)
    s.things[f"move of {name}"] = ("cases_refiling", rows[-1][0])


@step(r"(?P<by>\w+) takes the withdrawal of (?P<name>\w+) back")
def _unwithdraw(s: Situation, by: str, name: str) -> None:
    with w.act(s.who(by)):
        Consent.objects.filter(pk=s.rows[f"consent of {name}"].pk).update(
            withdrawn_at=None, withdrawn_by=None
        )


@step(r"the consent of (?P<name>\w+) has expired")
def _expire(s: Situation, name: str) -> None:
    """Time passes: consent and grant both ended an hour ago, nobody did anything."""
    key = s.rows[f"consent of {name}"].pk
    for table, column in (("cases_consent", "id"), ("cases_casegrant", "consent_id")):
        owner(
            # Begun a day earlier: shortly after midnight an hour ago was yesterday.
            f"UPDATE {table} SET period = tstzrange(lower(period) - interval '1 day',"
            f" now() - interval '1 hour') WHERE {column} = %s",
            key,
        )


@step(r"(?P<days>\d+) days pass")
def _days(s: Situation, days: str) -> None:
    """Time passes: what was said and begun so far was said and begun earlier."""
    gap, key = datetime.timedelta(days=int(days)), s.case.pk
    owner(
        "UPDATE cases_consent SET given_on = given_on - %s,"
        " period = tstzrange(lower(period) - %s::interval, upper(period)) WHERE case_id = %s",
        int(days),
        gap,
        key,
    )
    owner(
        "UPDATE cases_supportteam SET joined_at = joined_at - %s::interval WHERE case_id = %s",
        gap,
        key,
    )


@step(r"(?P<agency>\w+) (?P<how>becomes|ceases to be) a standing member of (?P<kind>\w+)")
def _standing(s: Situation, agency: str, how: str, kind: str) -> None:
    members = s.city.conferences[kind].standing_members
    with as_owner():
        if how == "becomes":
            members.create(municipality=s.city.city, agency=s.city.agencies[agency])
        else:
            members.filter(agency=s.city.agencies[agency]).update(ended_on=timezone.localdate())
