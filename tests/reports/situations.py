"""The vocabulary of docs/visibility-cases.toml: each sentence is done by those who would do it.

A step is matched by one pattern and runs through the operations; only what no operation does yet
(a person is shut off, time passes) is written over the owner's connection.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Permission as GuardianPermission
from django.core.files.base import ContentFile
from django.db import connections
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from agencies.models import Agency, ConferenceType, LegalBasis, Membership, SecretariatMember
from cases.disclosures import emergency_grounds
from cases.models import (
    CarryOut,
    CarryOutGrant,
    Case,
    Consent,
    ConsentScan,
    Emergency,
    Person,
    Record,
    SupportTeam,
    Transfer,
)
from cases.operations import (
    DisclosureFacts,
    accept_referral,
    accept_transfer,
    add_person,
    attach_scans,
    change_person,
    close_case,
    end_emergency,
    leave_team,
    narrow_consent,
    open_case,
    open_emergency,
    record_disclosure,
    refer,
    refile_record,
    renew_consent,
    return_referral,
    sync_grants,
    take_consultation,
    transfer_case,
    withdraw_consent,
    write_note,
)
from cases.operations.attachments import NewFile
from cases.operations.case import PersonFacts
from cases.operations.consent import How, terms_of
from cases.operations.consultation import ConsultationFacts
from cases.operations.emergency import EmergencyFacts
from config.lib.fiscal import fiscal_year, until_day_to_instant
from config.lib.mynumber import refuse_my_number
from meetings.models import AgendaItem, ItemGrant
from meetings.operations import (
    Letter,
    Recipient,
    appoint,
    appoint_on_paper,
    call_ad_hoc,
    invite_guest,
    print_copies,
    propose_from_referral,
    propose_item,
    request_information,
    revoke_appointment,
    send_notice,
    take_pledge,
)
from tests import world as w
from tests.owner import as_owner

DAY = datetime.timedelta(days=1)
STEPS: list[tuple[re.Pattern[str], Callable[..., None]]] = []


def step(pattern: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a sentence."""

    def keep(function: Callable[..., None]) -> Callable[..., None]:
        STEPS.append((re.compile(pattern + r"\.?"), function))
        return function

    return keep


class Situation:
    """A city and the things named so far, by their names in the sentences."""

    def __init__(self, city: w.World) -> None:
        self.city = city
        self.case: Case | None = None
        self.things: dict[str, tuple[str, Any]] = {}  # name -> (table, key)
        self.persons: dict[str, Person] = {}
        self.rows: dict[str, Any] = {}

    def do(self, sentence: str) -> None:
        for pattern, function in STEPS:
            if match := pattern.fullmatch(sentence):
                function(self, **match.groupdict())
                return
        raise ValueError(f"no such sentence: {sentence}")

    def who(self, name: str) -> Membership:
        return self.city.members[name]

    def people(self, text: str) -> list[Person]:
        return [self.persons[name.strip()] for name in re.split(r",| and ", text)]

    def agencies(self, text: str | None) -> list[Any]:
        names = [name.strip() for name in re.split(r",| and ", text or "")]
        return [self.city.agencies[name] for name in names if name]

    def find(self, thing: str) -> tuple[str, Any]:
        """Table and key of what a sentence calls so."""
        table, key = self.things[thing]
        return table, key() if callable(key) else key

    def keep(self, name: str, table: str, row: Any) -> None:
        self.rows[name] = row
        self.things[name] = (table, row.pk)


def owner(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """What no operation does: over the owner's connection."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


# --- case and persons ---------------------------------------------------------------------------


@step(r"(?P<by>\w+) opens a case with (?P<names>.+)")
def _open(s: Situation, by: str, names: str) -> None:
    with w.act(s.who(by)):
        s.case = open_case(by=s.who(by))
        s.keep("case", "cases_case", s.case)
        for text in re.split(r", | and ", names):
            name, _space, age = text.partition(" ")
            _add(s, by, name, age)


def _add(s: Situation, by: str, name: str, age: str) -> None:
    born = None
    if age:
        born = timezone.localdate() - datetime.timedelta(days=int(age) * 365 + int(age) // 4 + 30)
    facts = PersonFacts(name=f"架空 {name}", name_kana=f"かくう {name}", birth_on=born)
    s.persons[name] = add_person(case=s.case, by=s.who(by), facts=facts)
    s.keep(name, "cases_person", s.persons[name])
    # Looked up when asked: the owner's connection sees it once it is committed.
    first = "SELECT history_id FROM cases_historicalperson WHERE id = %s"
    key = s.persons[name].pk
    s.things[f"history of {name}"] = ("cases_historicalperson", lambda: owner(first, key)[0][0])


@step(r"(?P<by>\w+) adds (?P<name>\w+)")
def _add_later(s: Situation, by: str, name: str) -> None:
    with w.act(s.who(by)):
        _add(s, by, name, "")


@step(r"(?P<name>\w+) dies(?: (?P<ago>\d+) days ago)?")
def _die(s: Situation, name: str, ago: str | None) -> None:
    person = s.persons[name]
    by = next(m for m in s.city.members.values() if m.pk == person.author_id)
    with w.act(by):
        person.refresh_from_db()
        facts = PersonFacts(
            name=person.name,
            birth_on=person.birth_on,
            is_deceased=True,
            died_on=timezone.localdate() - int(ago or 0) * DAY,
        )
        change_person(person=person, by=by, facts=facts, version=person.version)


@step(r"(?P<by>\w+) closes the case")
def _close(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        close_case(case=s.case, by=s.who(by), reason="終結")


@step(r"(?P<by>\w+) proposes a transfer to (?P<to>\w+)")
def _transfer(s: Situation, by: str, to: str) -> None:
    with w.act(s.who(by)):
        row = transfer_case(
            case=s.case, by=s.who(by), to_agency=s.city.agencies[to], reason="支援の中心が移った"
        )
    s.keep("transfer", "cases_transfer", row)


@step(r"(?P<by>\w+) takes the case over")
def _take_over(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        accept_transfer(transfer=Transfer.objects.get(case=s.case), by=s.who(by))


@step(r"(?P<agency>\w+) leaves the team")
def _leave(s: Situation, agency: str) -> None:
    with w.act(s.who(agency)):
        leave_team(case=s.case, agency=s.city.agencies[agency])


@step(r"(?P<agency>\w+) puts itself into the team")
def _intrude(s: Situation, agency: str) -> None:
    with w.act(s.who(agency)):
        SupportTeam(case=s.case, agency=s.city.agencies[agency], via="referral").save(
            force_insert=True
        )
        sync_grants(s.case)


@step(r"(?P<by>\w+) makes its agency responsible")
def _seize(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        Case.objects.filter(pk=s.case.pk).update(responsible_agency=s.city.agencies[by])


@step(r"(?P<by>\w+) makes (?P<name>\w+) its own")
def _seize_person(s: Situation, by: str, name: str) -> None:
    with w.act(s.who(by)):
        Person.objects.filter(pk=s.persons[name].pk).update(author_agency=s.city.agencies[by])


# --- consent ------------------------------------------------------------------------------------


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
            f"UPDATE {table} SET period = tstzrange(lower(period), now() - interval '1 hour')"
            f" WHERE {column} = %s",
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


# --- sheets -------------------------------------------------------------------------------------


@step(r"(?P<by>\w+) refers (?P<names>[\w, ]+) to (?P<to>\w+)")
def _refer(s: Situation, by: str, names: str, to: str) -> None:
    _send(s, by, mode="consent", persons=s.people(names), to_agency=s.city.agencies[to])


@step(r"(?P<by>\w+) notifies (?P<to>\w+) about (?P<names>[\w, ]+)")
def _notify(s: Situation, by: str, to: str, names: str) -> None:
    _send(
        s,
        by,
        mode="notification",
        persons=s.people(names),
        to_agency=s.city.agencies[to],
        legal_ground="児童福祉法第25条",
    )


@step(r"(?P<by>\w+) sends a sheet without consent to (?P<kind>\w+)")
def _secrecy(s: Situation, by: str, kind: str) -> None:
    to = s.city.conferences[kind]
    _send(s, by, mode="secrecy", persons=list(s.persons.values())[:1], to_conference_type=to)


def _send(s: Situation, by: str, **more: Any) -> None:
    with w.act(s.who(by)):
        sheet = refer(case=s.case, by=s.who(by), reason="依頼", summary="概要", **more)
    s.keep("sheet", "cases_referral", sheet)
    entered = "SELECT id FROM cases_disclosure WHERE referral_id = %s"
    s.things["entry of the sheet"] = ("cases_disclosure", lambda: owner(entered, sheet.pk)[0][0])


@step(r"(?P<by>\w+) enters what it gave about (?P<names>[\w, ]+)")
def _disclose(s: Situation, by: str, names: str) -> None:
    facts = DisclosureFacts(
        kind="provided",
        on=timezone.localdate(),
        recipient="架空病院",
        ground=LegalBasis.objects.get(code="body-life"),
        purpose="救急搬送のため",
        persons=s.people(names),
        categories=["health"],
    )
    with w.act(s.who(by)):
        entry = record_disclosure(case=s.case, by=s.who(by), facts=facts, form_key=uuid.uuid4())
    s.keep("entry", "cases_disclosure", entry)


@step(r"(?P<by>\w+) accepts")
def _accept(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        accept_referral(referral=s.rows["sheet"], by=s.who(by))
    rows = owner(
        "SELECT id FROM cases_supportteam WHERE case_id = %s AND agency_id = %s",
        s.case.pk,
        s.who(by).agency_id,
    )
    if rows:
        s.things[f"team entry of {by}"] = ("cases_supportteam", rows[0][0])


@step(r"(?P<by>\w+) returns the sheet")
def _return(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        return_referral(referral=s.rows["sheet"], by=s.who(by), reason="対象外のため")


# --- records ------------------------------------------------------------------------------------


@step(
    r"(?P<by>\w+) writes (?P<name>\w+) about (?P<names>[\w, ]+?)"
    r"(?: in (?P<category>\w+))?(?P<alone> for itself)?(?: under (?P<carry>\w+))?"
)
def _write(
    s: Situation,
    by: str,
    name: str,
    names: str,
    category: str | None,
    alone: str | None,
    carry: str | None,
) -> None:
    with w.act(s.who(by)):
        note = write_note(
            case=s.case,
            by=s.who(by),
            text="訪問した",
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


# --- conferences --------------------------------------------------------------------------------


@step(r"(?P<name>\w+) is on the list of (?P<kind>\w+)(?P<how> unpledged| of last year| no more)?")
def _list(s: Situation, name: str, kind: str, how: str | None) -> None:
    w.list_secretary(s.city, s.who(name), kind)
    change = {
        " unpledged": "pledged_at = NULL", " of last year": "fiscal_year = fiscal_year - 1",
        " no more": "ended_at = now()",
    }.get(how or "")  # fmt: skip
    if change:
        owner(
            f"UPDATE agencies_secretariatmember SET {change} WHERE membership_id = %s",
            s.who(name).pk,
        )


@step(r"(?P<by>\w+) writes (?P<name>itself|\w+) onto the list of (?P<kind>\w+)")
def _list_itself(s: Situation, by: str, name: str, kind: str) -> None:
    with w.act(s.who(by)):
        SecretariatMember(
            conference_type=s.city.conferences[kind],
            membership=s.who(by if name == "itself" else name),
            fiscal_year=fiscal_year(timezone.localdate()),
            named_by=s.who(by),
        ).save(force_insert=True)


@step(r"(?P<by>\w+) pledges for (?P<name>\w+) on the list")
def _pledge_list(s: Situation, by: str, name: str) -> None:
    with w.act(s.who(by)):
        SecretariatMember.objects.filter(membership=s.who(name)).update(pledged_at=timezone.now())


@step(r"(?P<kind>\w+) is a merged body")
def _merge(s: Situation, kind: str) -> None:
    with as_owner():
        ConferenceType.objects.filter(pk=s.city.conferences[kind].pk).update(
            bases=["106-4-2-5", "106-6"]
        )
    s.city.conferences[kind].refresh_from_db()


@step(r"(?P<by>\w+) lays (?P<names>[\w, ]+) before plan with (?P<agencies>[\w, ]+)")
def _propose(s: Situation, by: str, names: str, agencies: str) -> None:
    kind = s.city.conferences["plan"]
    with w.act(s.who("coordinator")):
        sitting = call_ad_hoc(
            by=s.who("coordinator"), conference_types=[kind], on=timezone.localdate() + DAY
        )
    with w.act(s.who(by)):
        item = propose_item(
            sitting=sitting,
            by=s.who(by),
            conference_type=kind,
            agenda_type="social_resources",
            case=s.case,
            persons=s.people(names),
            title="議題",
            briefing="論点",
            participants=s.agencies(agencies),
        )
    s.keep("item", "meetings_agendaitem", item)
    s.rows["sitting"] = sitting
    s.things["sitting"] = ("meetings_sitting", sitting.pk)


@step(r"(?P<by>\w+) puts the sheet before (?P<kind>\w+)")
def _put(s: Situation, by: str, kind: str) -> None:
    with w.act(s.who(by)):
        sitting = call_ad_hoc(
            by=s.who(by),
            conference_types=[s.city.conferences[kind]],
            on=timezone.localdate() + DAY,
        )
        item = propose_from_referral(
            referral=s.rows["sheet"],
            sitting=sitting,
            by=s.who(by),
            agenda_type="information_sharing",
            title="議題",
            briefing="概要",
        )
    s.keep("item", "meetings_agendaitem", item)
    s.rows["sitting"] = sitting
    s.things["sitting"] = ("meetings_sitting", sitting.pk)
    key = owner("SELECT id FROM meetings_itemstep WHERE item_id = %s", item.pk)[0][0]
    s.things["step of the item"] = ("meetings_itemstep", key)


@step(r"(?P<name>\w+) is appointed")
def _appoint(s: Situation, name: str) -> None:
    with w.act(s.who("head")):
        grant = appoint(item=s.rows["item"], by=s.who("head"), member=s.who(name))
    s.keep(f"appointment of {name}", "meetings_itemgrant", grant)


@step(r"(?P<name>\w+) is invited as a guest")
def _guest(s: Situation, name: str) -> None:
    """An account for this item alone; from now on `name` is that guest."""
    with w.act(s.who("head")):
        account = invite_guest(
            item=s.rows["item"], by=s.who("head"), name=f"架空 {name}", organisation="架空医院"
        )
        grant = ItemGrant.objects.get(membership=account.person.guest_id)
    s.city.members[name] = Membership.objects.with_names().get(pk=account.person.guest_id)
    s.keep(f"appointment of {name}", "meetings_itemgrant", grant)
    s.keep(f"name of {name}", "meetings_itemperson", account.person)


@step(r"somebody is appointed on paper")
def _on_paper(s: Situation) -> None:
    with w.act(s.who("head")):
        person = appoint_on_paper(
            item=s.rows["item"], by=s.who("head"), name="架空 守", organisation="民生委員"
        )
    s.keep("person on paper", "meetings_itemperson", person)


@step(r"(?P<by>\w+) prints a copy")
def _print(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        copies = print_copies(
            item=s.rows["item"],
            by=s.who(by),
            paper="materials",
            recipients=[Recipient("事務局")],
            form_key=uuid.uuid4(),
        )
    s.keep("copy", "meetings_papercopy", copies[0])


@step(r"(?P<by>\w+) sends a letter")
def _letter(s: Situation, by: str) -> None:
    letter = Letter("架空病院 御中", "本人", "受診の状況", timezone.localdate() + 14 * DAY)
    with w.act(s.who(by)):
        made = request_information(
            item=s.rows["item"], by=s.who(by), letter=letter, form_key=uuid.uuid4()
        )
    s.keep("letter", "meetings_informationrequest", made)
    entered = "SELECT id FROM cases_disclosure WHERE item_key = %s"
    key = s.rows["item"].pk
    s.things["entry of the letter"] = ("cases_disclosure", lambda: owner(entered, key)[0][0])


@step(r"(?P<name>\w+) pledges")
def _pledge(s: Situation, name: str) -> None:
    with w.act(s.who(name)):
        grant = ItemGrant.objects.get(pk=s.rows[f"appointment of {name}"].pk)
        take_pledge(grant=grant, by=s.who(name))


@step(r"the appointment of (?P<name>\w+) is revoked")
def _revoke(s: Situation, name: str) -> None:
    with w.act(s.who("head")):
        grant = ItemGrant.objects.get(pk=s.rows[f"appointment of {name}"].pk)
        revoke_appointment(grant=grant, by=s.who("head"))


@step(r"(?P<name>\w+) takes back the revocation")
def _unrevoke(s: Situation, name: str) -> None:
    with w.act(s.who(name)):
        ItemGrant.objects.filter(pk=s.rows[f"appointment of {name}"].pk).update(revoked_at=None)


@step(r"(?P<by>\w+) sends the notice")
def _notice(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        send_notice(sitting=s.rows["sitting"], by=s.who(by))


@step(r"(?P<days>\d+) days pass after the sitting")
def _pass(s: Situation, days: str) -> None:
    """Time passes: the sitting and the period of its item move into the past."""
    gap = datetime.timedelta(days=int(days) + 1)
    owner(
        "UPDATE meetings_agendaitem SET open_period = tstzrange(lower(open_period) - %s::interval,"
        " upper(open_period) - %s::interval) WHERE id = %s",
        gap,
        gap,
        s.rows["item"].pk,
    )
    owner(
        'UPDATE meetings_sitting SET "on" = "on" - %s::interval,'
        " noticed_at = noticed_at - %s::interval WHERE id = %s",
        gap,
        gap,
        s.rows["sitting"].pk,
    )


@step(r"(?P<by>\w+) lays (?P<record>\w+) before the item")
def _material(s: Situation, by: str, record: str) -> None:
    with w.act(s.who(by)):
        changed = AgendaItem.objects.filter(pk=s.rows["item"].pk).update(
            material_ids=[s.things[record][1]]
        )
    if not changed:
        raise PermissionError(record)


@step(r"head carries (?P<name>\w+) out to (?P<people>[\w, ]+?)(?: until (?P<ago>\d+) days ago)?")
def _carry(s: Situation, name: str, people: str, ago: str | None) -> None:
    """What the sitting decided: as the decision writes it."""
    head = s.who("head")
    review = timezone.localdate() + (30 if ago is None else -int(ago)) * DAY
    right = GuardianPermission.objects.get(
        content_type__app_label="cases", codename="view_carryout"
    )
    with w.act(head):
        made = CarryOut(case_id=s.case.pk, text="見守り", review_on=review, decided_by=head)
        made.save(force_insert=True)
        for code in people.split(", "):
            CarryOutGrant(
                user_id=s.who(code).user_id,
                permission=right,
                content_object=made,
                membership=s.who(code),
                granted_by=head,
                period=TimestamptzRange(timezone.now() - 99 * DAY, until_day_to_instant(review)),
            ).save(force_insert=True)
    s.keep(name, "cases_carryout", made)


@step(r"(?P<by>\w+) prolongs the carry-out")
def _prolong(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        CarryOutGrant.objects.filter(membership=s.who(by)).update(
            period=TimestamptzRange(timezone.now() - 99 * DAY, None)
        )


# --- people -------------------------------------------------------------------------------------


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


# --- emergency ----------------------------------------------------------------------------------


@step(r"(?P<by>\w+) opens the case in an emergency(?P<how> hours ago| ended by elderly| refused)?")
def _emergency(s: Situation, by: str, how: str | None) -> None:
    with w.act(s.who(by)):
        agency = Agency.objects.select_related("of_type").get(pk=s.who(by).agency_id)
        facts = EmergencyFacts(
            danger="life",
            ground=emergency_grounds(agency, timezone.localdate())[0],
            reason="電話の向こうで倒れた音がした",
            number=s.case.number,
        )
        row = open_emergency(by=s.who(by), facts=facts)
    assert row is not None
    s.keep("emergency", "cases_emergency", row)
    if how == " ended by elderly":
        with w.act(s.who("elderly")):
            end_emergency(emergency=row, by=s.who("elderly"))
    elif how == " refused":
        owner("UPDATE cases_emergency SET refused_at = now() WHERE id = %s", row.pk)
    elif how == " hours ago":
        owner(
            "UPDATE cases_emergency SET opened_at = opened_at - interval '5 hours', period ="
            " tstzrange(lower(period) - interval '5 hours', upper(period) - interval '5 hours')"
            " WHERE id = %s",
            row.pk,
        )


@step(r"(?P<by>\w+) prolongs the emergency")
def _prolong_emergency(s: Situation, by: str) -> None:
    with w.act(s.who(by)):
        Emergency.objects.filter(pk=s.rows["emergency"].pk).update(
            period=TimestamptzRange(timezone.now(), None)
        )
