"""What happens in a drawn world: conferences, withdrawals, deaths, closures, and the trail."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from psycopg.types.range import TimestamptzRange

from agencies.enums import Action, Purpose
from agencies.models import AccessLog, Agency, Job, LegalBasis, Membership, Notice
from cases.models import (
    Case,
    CaseWorker,
    Closing,
    Consent,
    ConsentLine,
    Disclosure,
    Draft,
    DuplicateHint,
    Emergency,
    HouseholdLink,
    NoteTask,
    NoteTemplate,
    Placement,
    ReadRequest,
    Recertification,
    SupportTeam,
    Transfer,
)
from meetings.models import (
    AgendaItem,
    InformationRequest,
    ItemAttendance,
    ItemGrant,
    ItemPerson,
    ItemStep,
    PaperCopy,
    Sitting,
)
from reports.models import LookDecision
from reports.proof.cancelled import cancel_sittings
from reports.proof.contents import city_rows, contact_points, visit_versions
from reports.proof.drawing import (
    DAY,
    PAPERS,
    Draw,
    Drawn,
    draw_case,
    draw_city,
    draw_last_records,
    join,
    permission,
)
from reports.proof.drawnshields import draw_shields
from reports.proof.sittings import draw_sittings

HOUR = datetime.timedelta(hours=1)
_numbers = itertools.count(1)

# Triggers that ask who acts while a row is written; here rows are written as they have become.
GUARDED = (
    "meetings_agendaitem", "meetings_itemgrant", "meetings_itemperson", "cases_carryoutgrant",
)  # fmt: skip


def generate(using: str, *, seed: int, cases: int = 120) -> None:
    """Write a world of about this many cases into a scratch database."""
    draw = Draw(using, seed)
    with _unguarded(using), transaction.atomic(using=using):
        draw_city(draw)
        drawn = [draw_case(draw, number) for number in range(cases)]
        draw.write()
        _conferences(draw, drawn)
        draw.write()
        _sync(using)
        _transfers(draw, drawn)
        draw.write()
        _later(draw, drawn)
        draw.write()
        _emergencies(draw, drawn)
        draw.write()
        _sync(using)
        draw_shields(draw, drawn)
        city_rows(draw)
        _register(draw, drawn)
        _trail(draw, drawn)
        _workers(draw, drawn)
        _households(draw, drawn)
        _recertifications(draw, drawn)
        _drafts(draw, drawn)
        contact_points(draw)
        _placements(draw, drawn)
        draw.write()
        draw_last_records(draw, drawn)
        _followed(draw, drawn)
        draw.write()
        visit_versions(draw)
        draw.write()
        draw_last_records(draw, drawn, PAPERS)
        draw_sittings(draw)
    cancel_sittings(draw)
    with connections[using].cursor() as cursor:
        cursor.execute("ANALYZE")


@contextmanager
def _unguarded(using: str) -> Iterator[None]:
    with connections[using].cursor() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    with connections[using].cursor() as cursor:
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


# --- conferences --------------------------------------------------------------------------------


def _conferences(draw: Draw, drawn: list[Drawn]) -> None:
    """Sittings before the notice, running, just over and long over; items of V5, V6 and V7."""
    sittings = []
    for index in range(12):
        on = draw.today + [20, 10, 2, 0, -3, -6, -10, -40][index % 8] * DAY
        noticed = draw.now - 50 * DAY if index % 8 else None
        city = draw.agencies[0].municipality if index < 10 else draw.agencies[-1].municipality
        sittings.append(
            draw.put(
                Sitting(
                    id=draw.key(),
                    municipality=city,
                    due_key=f"proof-{draw.key()}",
                    month=on,
                    on=on,
                    state="noticed" if noticed else "planned",
                    noticed_at=noticed,
                )
            )
        )
    draw.write()
    for sitting in sittings:
        sitting.conference_types.set(list(draw.types.values()))
    for one in drawn:
        if one.case.municipality_id == draw.agencies[0].municipality_id:
            for _index in range(draw.rng.randint(0, 3)):
                _item(draw, one, draw.rng.choice(sittings[:10]))


def _item(draw: Draw, drawn: Drawn, sitting: Sitting) -> None:
    kind = draw.types[draw.rng.choice(["plan", "plan", "plan", "support", "support", "merged"])]
    secret = kind.is_secret
    state = draw.rng.choice(["proposed", "noticed", "noticed", "decided"])
    if not secret and draw.chance(0.2):
        state = "blocked"  # a check found a consent missing
    by = drawn.by
    asked = [c.person_id for c in drawn.consents if c.answer == "given"]
    persons = draw.some(asked or [p.pk for p in drawn.persons], 1, 1 if draw.chance(0.7) else 2)
    participants = draw.some(draw.agencies[:8], 1, 2 if draw.chance(0.8) else 4)
    assert sitting.on is not None  # noqa: S101 - every sitting drawn has its day
    on = sitting.on or draw.today
    closing = draw.now + ((on - draw.today).days + (kind.closes_after_days or 0)) * DAY
    # V5: from the proposal on; V6: from the notice until some days after the sitting.
    period: TimestamptzRange | None = TimestamptzRange(draw.now - 60 * DAY, None)
    if secret:
        noticed = sitting.noticed_at
        period = TimestamptzRange(noticed, closing + DAY) if noticed else None
    lay = [
        r.pk for r in drawn.records
        if r.carry_out_id is None and r.category != "notifier"
        and (r.audience == "team" or r.author_agency_id == by.agency_id)
    ]  # fmt: skip
    decided = state == "decided"
    item = draw.put(
        AgendaItem(
            id=draw.key(),
            sitting=sitting,
            conference_type=kind,
            agenda_type="watching",
            basis="secrecy" if secret else "consent",
            case=drawn.case,
            title="議題",
            person_ids=persons,
            material_ids=draw.some(lay, 0, 3) if secret else [],
            attached_ids=[i.pk for i in drawn.sealed if secret and i.conference_type == kind],
            participant_ids=[] if secret else [a.pk for a in participants],
            proposed_by=by,
            proposing_agency_id=by.agency_id,
            state=state,
            open_period=period,
            decided_at=draw.now if decided else None,
            decided_by=by if decided else None,
        )
    )
    if secret:
        drawn.sealed.append(item)
    draw.put(ItemAttendance(id=draw.key(), item=item, membership=by, attendance="present"))
    draw.put(ItemStep(id=draw.key(), item=item, name="propose", to_state="proposed", by=by))
    if not secret:
        for agency in participants:
            join(draw, drawn, agency, "conference")
        return
    _papers(draw, item, by)
    guests = [m for m in draw.members if m.role_id == "guest" and draw.chance(0.7)]
    for member in [*draw.some([m for m in draw.members if m not in guests], 4, 10), *guests]:
        draw.put(
            ItemGrant(
                id=draw.key(),
                user_id=member.user_id,
                content_object=item,
                sitting=sitting,
                membership=member,
                permission_id=permission(draw, "agendaitem"),
                conference_type=kind,
                appointed_by=by,
                pledged_at=draw.now if draw.chance(0.75) else None,
                revoked_at=draw.now if draw.chance(0.15) else None,
            )
        )


def _papers(draw: Draw, item: AgendaItem, by: Membership) -> None:
    """Somebody appointed on paper, a numbered copy, a letter."""
    person = draw.put(
        ItemPerson(
            id=draw.key(), item=item, name="架空 花子", organisation="民生委員", appointed_by=by,
            decided_by=by, decided_on=draw.today,
        )
    )  # fmt: skip
    draw.put(
        PaperCopy(
            id=draw.key(), item=item, number=1, paper="materials", person=person, holder="架空",
            by=by, form_key=draw.key(),
        )
    )  # fmt: skip
    draw.put(
        InformationRequest(
            id=draw.key(), item=item, conference_type=item.conference_type, fiscal_year=2026,
            number=next(_numbers), form_key=draw.key(), addressee="病院",
            about="本人", asked="受診の状況", due_on=draw.today, made_by=by,
        )
    )  # fmt: skip


# --- what happens afterwards --------------------------------------------------------------------


def _sync(using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT kasane.sync_grants(id) FROM cases_case")


def _transfers(draw: Draw, drawn: list[Drawn]) -> None:
    """移管: waiting, accepted, returned, taken back; mostly to whom the consents name."""
    for one in drawn:
        if not draw.chance(0.3):
            continue
        old = one.case.responsible_agency
        named = [a for a in draw.agencies[:8] if a != old and _reaches(draw, one, a)]
        city = [a for a in draw.agencies if a != old and a.municipality_id == old.municipality_id]
        if not city:
            continue
        new = draw.rng.choice(named if named and draw.chance(0.8) else city)
        state = draw.rng.choice(["sent", "accepted", "accepted", "returned", "cancelled"])
        answered = {"answered_at": draw.now, "answered_by": one.by} if state != "sent" else {}
        living = [p.pk for p in one.persons if not p.is_deceased and p.died_on is None]
        draw.put(
            Transfer(
                id=draw.key(),
                case=one.case,
                from_agency=old,
                to_agency=new,
                sent_by=one.by,
                reason="移管",
                person_ids=living,
                known_ids=[p.pk for p in one.persons if p.author_agency_id == old.pk]
                if state == "accepted"
                else [],
                state=state,
                answer_reason="対象外" if state == "returned" else "",
                **answered,
            )
        )
        if state == "accepted":
            join(draw, one, new, "transfer")
            one.case.responsible_agency = new
            rows = Case.objects.using(draw.using).filter(pk=one.case.pk)
            rows.update(responsible_agency=new)
            if draw.chance(0.3):
                team = SupportTeam.objects.using(draw.using).filter(case=one.case, agency=old)
                team.update(left_at=draw.now)


def _reaches(draw: Draw, one: Drawn, agency: Agency) -> bool:
    """Whether every answer of the household given names the agency."""
    given = [c.pk for c in one.consents if c.answer == "given"]
    lines = ConsentLine.objects.using(draw.using).filter(consent__in=given, agency=agency)
    return bool(given) and lines.filter(is_exception=False).count() == len(given)


def _later(draw: Draw, drawn: list[Drawn]) -> None:
    """Withdrawals, agencies that leave, deaths, closures: what was open closes again."""
    now = {"withdrawn_at": draw.now, "withdrawal_reason": "撤回"}
    for one in drawn:
        for consent in one.consents:
            if draw.chance(0.12):
                rows = Consent.objects.using(draw.using).filter(pk=consent.pk)
                rows.update(withdrawn_by=one.by, **now)
        team = SupportTeam.objects.using(draw.using).filter(case=one.case)
        others = team.exclude(agency=one.case.responsible_agency)
        if draw.chance(0.1):
            others.filter(via="referral").update(left_at=draw.now)
        if draw.chance(0.12):
            others.filter(left_at=None).update(left_at=draw.now)
            Case.objects.using(draw.using).filter(pk=one.case.pk).update(
                status="closed", closed_at=draw.now, closed_by=one.by
            )
            draw.put(Closing(case=one.case, reason="落ち着いた"))


def _emergencies(draw: Draw, drawn: list[Drawn]) -> None:
    """Running, over, ended early, refused; by anybody, also who reads no cases (V8)."""
    ground = LegalBasis.objects.using(draw.using).first()
    for one in drawn:
        for member in draw.some(draw.members, 0, 3):
            begun = draw.now - draw.rng.choice([1, 2, 30]) * HOUR
            is_ended = draw.chance(0.15)
            draw.put(
                Emergency(
                    id=draw.key(),
                    permission_id=permission(draw, "emergency"),
                    user_id=member.user_id,
                    content_object=one.case,
                    municipality_id=one.case.municipality_id,
                    membership=member,
                    responsible_agency=one.case.responsible_agency,
                    danger="life",
                    ground=ground,
                    reason="架空の危険があると電話があった",
                    opened_at=begun,
                    period=TimestamptzRange(begun, begun + 4 * HOUR),
                    refused_at=begun if draw.chance(0.2) else None,
                    ended_at=draw.now if is_ended else None,
                    ended_by=one.by if is_ended else None,
                )
            )


def _register(draw: Draw, drawn: list[Drawn]) -> None:
    """Entries by hand; the database has entered sheets, notifications and letters itself."""
    ground = LegalBasis.objects.using(draw.using).get(code="body-life")
    for one in drawn[:30]:
        agency = one.case.responsible_agency
        draw.put(
            Disclosure(
                id=draw.key(), municipality_id=agency.municipality_id, agency=agency,
                kind="provided", on=draw.today, recipient="架空病院", ground=ground,
                purpose="救急搬送", person_count=1, case=one.case, recorded_by=one.by,
                form_key=draw.key(),
            )
        )  # fmt: skip


def _trail(draw: Draw, drawn: list[Drawn]) -> None:
    """Lines of the log, notices, jobs, hints."""
    for member in draw.members:
        city = member.agency.municipality_id if member.agency else None
        for _index in range(8):
            one = draw.rng.choice(drawn)
            # The database's function writes a line for each agency whose rows were shown.
            shown = draw.some([*one.persons, *one.records], 0, 1)
            shown = [row for row in shown if getattr(row, "carry_out_id", None) is None]
            draw.put(
                AccessLog(
                    at=draw.now,
                    membership_id=member.pk,
                    user_id=member.user_id,
                    agency_id=member.agency_id,
                    municipality_id=city,
                    action=draw.rng.choice([Action.OPEN, Action.OPEN, Action.PRINT, Action.WRITE]),
                    purpose=draw.rng.choice([*[Purpose.CONSULTATION] * 5, *Purpose]),
                    basis=draw.rng.choice(["", "responsible", "consent", "106-6", "secrecy"]),
                    what="case_detail",
                    case_id=one.case.pk,
                    record_ids=[row.pk for row in shown],
                    item_id=draw.key() if draw.chance(0.1) else None,
                    was_allowed=not draw.chance(0.05),
                    author_agency_id=shown[0].author_agency_id if shown else None,
                )
            )
        to = {"membership": member} if draw.chance(0.5) else {}
        draw.put(
            Notice(id=draw.key(), agency_id=member.agency_id, kind="proof", title="お知らせ", **to)
        )
    for _index in range(5):
        draw.put(Job(id=draw.key(), name="proof", key=str(draw.key())))
    for one, other in zip(drawn[:20], drawn[20:40], strict=False):
        draw.put(
            DuplicateHint(
                id=draw.key(),
                municipality_id=one.case.municipality_id,
                first_number=one.case.number,
                first_agency=one.case.responsible_agency,
                second_number=other.case.number,
                second_agency=other.case.responsible_agency,
            )
        )
        draw.put(
            LookDecision(
                id=draw.key(),
                municipality_id=one.case.municipality_id,
                person=one.persons[0],
                source="secrecy",
                is_disclosed=True,
                reason="本人の請求",
                until_line=1,
                decided_by=one.by,
            )
        )


def _drafts(draw: Draw, drawn: list[Drawn]) -> None:
    """Of a case and of none yet; by who works on it, and by who does no longer or never did."""
    readers = [m for m in draw.members if m.agency_id is not None]
    for one in drawn:
        near = [m for m in readers if m.agency_id in one.team]
        for _index in range(draw.rng.randint(0, 2)):
            draw.put(
                Draft(
                    id=draw.key(),
                    membership=draw.rng.choice(near if near and draw.chance(0.7) else readers),
                    case=one.case if draw.chance(0.8) else None,
                    page="/consultations/new/",
                    title="相談受付",
                    typed=[["complaint", "書きかけ"]],
                )
            )


def _workers(draw: Draw, drawn: list[Drawn]) -> None:
    """Who looks after each case for each agency of its team, or did; some for nobody's any more."""
    for one in drawn:
        for agency in [entry.agency for entry in one.team.values()]:
            by = draw.worker(agency)
            draw.put(
                CaseWorker(
                    id=draw.key(), case=one.case, agency=agency, membership=by, named_by=by,
                    ended_at=draw.now if draw.chance(0.2) else None,
                )
            )  # fmt: skip


def _placements(draw: Draw, drawn: list[Drawn]) -> None:
    """Symbols of pictures, moved by some agency of the team or by another."""
    for one in drawn:
        agency = draw.rng.choice([entry.agency for entry in one.team.values()])
        others = [a for a in draw.agencies[:8] if a.pk != agency.pk]
        for chosen in (agency, draw.rng.choice(others)):
            where = {"case": one.case, "agency": chosen, "dx": 10, "dy": 0}
            if one.persons:
                person = draw.rng.choice(one.persons)
                draw.put(Placement(id=draw.key(), person=person, **where))
            if one.records and chosen is agency:
                draw.put(Placement(id=draw.key(), tie=draw.rng.choice(one.records), **where))


def _households(draw: Draw, drawn: list[Drawn]) -> None:
    """Persons who are somebody of another case: mostly of one agency's cases, some undone."""
    by_agency: dict[int, list[Drawn]] = {}
    for one in drawn:
        by_agency.setdefault(one.case.responsible_agency_id, []).append(one)
    for cases in by_agency.values():
        for first, second in itertools.pairwise(cases):
            if not (first.persons and second.persons):
                continue
            by = draw.worker(draw.rng.choice(draw.agencies[:8])) if draw.chance(0.3) else first.by
            is_undone = draw.chance(0.2)
            draw.put(
                HouseholdLink(
                    id=draw.key(), kind=draw.rng.choice(["split", "joined", "merged"]),
                    from_person=draw.rng.choice(first.persons),
                    to_person=draw.rng.choice(second.persons), on=draw.today, author=by,
                    author_agency_id=by.agency_id, form_key=draw.key(),
                    undone_at=draw.now if is_undone else None, undone_by=by if is_undone else None,
                )
            )  # fmt: skip


def _recertifications(draw: Draw, drawn: list[Drawn]) -> None:
    """Answers of some agencies; what was given back has already left the team, or not yet again."""
    for one in drawn:
        for agency in draw.some([entry.agency for entry in one.team.values()], 0, 2):
            draw.put(
                Recertification(
                    id=draw.key(), case=one.case, agency=agency, by=draw.worker(agency),
                    opened_on=draw.today.replace(day=1),
                    answer=draw.rng.choice(["kept", "given_back", "ended"]),
                )
            )  # fmt: skip


def _followed(draw: Draw, drawn: list[Drawn]) -> None:
    """Next steps of notes; records shown to anybody of the city, whether they read them or not;
    phrases."""
    for agency in (draw.agencies[0], draw.agencies[3], draw.agencies[-1]):
        draw.put(NoteTemplate(id=draw.key(), agency=agency, name="訪問", text="訪問した。"))
    for one in drawn:
        people = [
            m
            for m in draw.members
            if any(a.pk == m.agency_id for a in draw.agencies)
            and _city(draw, m) == one.case.municipality_id
        ]
        for record in one.records:
            if record.kind == "note" and draw.chance(0.5):
                draw.put(NoteTask(record=record, agency_id=record.author_agency_id))
            if draw.chance(0.4):
                by = record.author
                draw.put(
                    ReadRequest(
                        id=draw.key(), record=record, batch=draw.key(), kind="mention", by=by,
                        agency_id=by.agency_id, membership=draw.rng.choice(people),
                    )
                )  # fmt: skip


def _city(draw: Draw, m: Membership) -> int | None:
    return next((a.municipality_id for a in draw.agencies if a.pk == m.agency_id), None)
