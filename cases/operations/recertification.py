"""年度の確認 (V14): still needed, given back, or ended by the responsible agency.

A round opens on the first day of the city's month and asks about what was open before it. Who says
nothing keeps access, as V14 has it, and stands on a list; ending it is a decision of somebody.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.enums import Action, Permission, Purpose
from agencies.models import Agency, Membership, Municipality
from agencies.operations import notify
from agencies.permissions import ActionDenied, check_may, or_denied
from agencies.trail import log_access
from cases import enums
from cases.gate import grants_of
from cases.models import Case, Recertification, SupportTeam
from cases.operations.access import sync_grants
from cases.permissions import check_can_recertify
from config.lib.fiscal import from_day_to_instant
from config.lib.registry import registry

REMIND = "recertify"
REMIND_AFTER = datetime.timedelta(days=14)
ANSWERS = enums.RecertAnswer


def opening_day(city: Municipality) -> datetime.date:
    """The first day of the running round (`kasane.recertify_round` says the same)."""
    today = timezone.localdate()
    year = today.year - (today.month < city.recertify_month)
    return datetime.date(year, city.recertify_month, 1)


def due_day(opened_on: datetime.date) -> datetime.date:
    """The first day on which who has not answered is late: a month after."""
    return (opened_on + datetime.timedelta(days=31)).replace(day=1)


def open_to(by: Membership) -> QuerySet[Case]:
    """Others' running cases that consents open to my agency."""
    held = grants_of(by).filter(basis=enums.GrantBasis.CONSENT, content_object=OuterRef("pk"))
    cases = Case.objects.visible_to(by).active()
    return cases.filter(Exists(held)).exclude(responsible_agency_id=by.agency_id)


def to_confirm(by: Membership) -> QuerySet[Case]:
    """Of these, those my agency is asked about and has not confirmed."""
    opened_on = opening_day(by.municipality)
    said = kept(by).filter(case=OuterRef("pk"))
    before = SupportTeam.objects.visible_to(by).filter(
        case=OuterRef("pk"),
        agency_id=by.agency_id,
        left_at__isnull=True,
        joined_at__lt=from_day_to_instant(opened_on),
    )
    return open_to(by).filter(Exists(before), ~Exists(said))


def kept(by: Membership) -> QuerySet[Recertification]:
    """What my agency has confirmed in the running round."""
    return Recertification.objects.visible_to(by).filter(
        agency_id=by.agency_id,
        opened_on=opening_day(by.municipality),
        answer=ANSWERS.KEPT,
    )


@transaction.atomic
def keep_cases(*, by: Membership, cases: Collection[uuid.UUID]) -> int:
    """まだ必要. What somebody else has confirmed at the same moment stays as it is."""
    check_can_recertify(by)
    asked = set(to_confirm(by).filter(pk__in=cases).values_list("pk", flat=True))
    if asked != set(cases):
        raise ActionDenied(
            _(
                "開いているあいだに、確認がすんだか、閉じたケースがあります。何も変えていません。"
                "一覧を確かめて、もう一度選んでください。"
            )
        )
    opened_on = opening_day(by.municipality)
    rows = [
        Recertification(
            case_id=key, agency_id=by.agency_id, opened_on=opened_on, answer=ANSWERS.KEPT, by=by
        )
        for key in asked
    ]
    Recertification.objects.bulk_create(rows, ignore_conflicts=True)
    for key in asked:
        log_access(by, Action.WRITE, what="keep_case", purpose=Purpose.ADMINISTRATION, case_id=key)
    return len(rows)


@transaction.atomic
def give_back(*, case: Case, by: Membership) -> None:
    """もう要らない: the agency's part ends at once; what it wrote itself stays readable (V2)."""
    check_can_recertify(by)
    if not open_to(by).filter(pk=case.pk).exists():
        raise ActionDenied(_("返せるのは、同意で開いているほかの機関のケースです。"))
    # Before the case closes: nobody here reads its team and tasks afterwards.
    tasks, told = _tasks(case, by, by.agency_id), case.responsible_agency_id
    log_access(by, Action.WRITE, what="give_back", case_id=case.pk, basis="consent")
    _close("select kasane.give_back(%s, %s)", [case.pk, tasks])
    sync_grants(case)  # what rooms above do when the grants of a case have changed
    notify(
        agency=told,
        kind="recertification",
        key=f"{case.pk}:{by.agency_id}:{timezone.localdate()}",
        title=_("連携していた機関が、もう要らないとしてケースの閲覧を返しました"),
        url=f"/cases/{case.pk}/",
    )


def unconfirmed(by: Membership) -> list[tuple[uuid.UUID, int]]:
    """(case, agency): who reads my agency's cases and has not confirmed. One query."""
    with connection.cursor() as cursor:
        cursor.execute("select case_id, agency_id from kasane.unconfirmed()")
        return list(cursor.fetchall())


def check_can_end(by: Membership, case: Case, agency: Agency) -> None:
    """The responsible agency, once the round is late and nobody has said that it is needed."""
    check_may(by, Permission.WRITE_RECORDS)
    if case.responsible_agency_id != by.agency_id:
        raise ActionDenied(_("終えられるのは、主担当機関です。"))
    if timezone.localdate() < due_day(opening_day(by.municipality)):
        raise ActionDenied(_("確認の期限が過ぎてから終えられます。"))
    if (case.pk, agency.pk) not in unconfirmed(by):
        raise ActionDenied(_("この機関は、確認をすませたか、もう見ていません。"))


@transaction.atomic
def end_unconfirmed(*, case: Case, agency: Agency, by: Membership) -> None:
    """The responsible agency ends the part of an agency that has not confirmed."""
    check_can_end(by, case, agency)
    tasks = _tasks(case, by, agency.pk)
    _close("select kasane.end_unconfirmed(%s, %s, %s)", [case.pk, agency.pk, tasks])
    sync_grants(case)
    log_access(by, Action.WRITE, what="end_unconfirmed", case_id=case.pk, basis="responsible")
    notify(
        agency=agency,
        kind="recertification",
        key=f"{case.pk}:{agency.pk}:{timezone.localdate()}",
        title=_("年度の確認がなかったケースの閲覧を、主担当機関が終えました"),
        url="/recertification/",
    )


def _tasks(case: Case, by: Membership, agency: int | None) -> str:
    """Open tasks of an agency there: title and due date (V3)."""
    found = [t for t in registry.draw("open_work", by, case) if t.agency_id == agency]
    return json.dumps(
        [{"title": t.title, "due_on": t.due_on.isoformat() if t.due_on else None} for t in found]
    )


def _close(sql: str, values: list[Any]) -> None:
    # Closed or confirmed at this very moment.
    reason = _("このケースは、いま変わったところです。開き直してください。")
    with or_denied(reason), connection.cursor() as cursor:
        cursor.execute(sql, values)


# --- figures and reminders ---------------------------------------------------------------------


def counts() -> list[tuple[int, int, str, int]]:
    """(agency, responsible agency, state, number) of the running round, as far as the database
    tells the actor: the office and the privacy officer their city's, the scheduler all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select agency_id, responsible_agency_id, state, number from kasane.recertify_counts()"
        )
        return list(cursor.fetchall())


def stage(city: Municipality) -> str:
    """How far the round is: open | remind | late."""
    opened_on, today = opening_day(city), timezone.localdate()
    if today >= due_day(opened_on):
        return "late"
    return "remind" if today >= opened_on + REMIND_AFTER else "open"


def remind_city(city: Municipality, key: str) -> None:
    """The managers at the beginning, after two weeks and when late; then the responsible agencies
    and the office too. A figure, no name."""
    mine = {a.pk for a in Agency.objects.filter(municipality=city)}
    waiting: Counter[int] = Counter()
    others: Counter[int] = Counter()
    for agency, responsible, state, number in counts():
        if state == "waiting" and agency in mine:
            waiting[agency] += number
            others[responsible] += number
    late = stage(city) == "late"
    for agency, number in waiting.items():
        lead = _("期限が過ぎました：") if late else ""
        title = lead + _("年度の確認：まだ必要かを確かめるケースが%(n)s件あります") % {"n": number}
        for manager in _with(Permission.CONFIRM_MEMBERSHIP, agency_id=agency):
            _tell(manager, key, title, "/recertification/")
    if not late or not waiting:
        return
    for agency, number in others.items():
        title = _("ほかの機関の年度の確認が、%(n)s件すんでいません") % {"n": number}
        notify(
            agency=agency,
            kind="recertification",
            key=f"{key}/others",
            title=title,
            url="/recertification/others/",
        )
    for office in _with(Permission.OFFICE_HINTS, agency__municipality=city):
        title = _("年度の確認がすんでいない機関があります")
        _tell(office, f"{key}/office", title, "/recertification/overview/")


def _with(permission: Permission, **where: object) -> QuerySet[Membership]:
    return Membership.objects.active().filter(role__permissions__contains=[permission], **where)


def _tell(whom: Membership, key: str, title: str, url: str) -> None:
    notify(
        agency=whom.agency_id or 0,
        membership=whom,
        kind="recertification",
        key=f"{key}/{whom.pk}",
        title=title,
        url=url,
    )


def overview() -> dict[int, dict[str, int]]:
    """Per agency how many wait and how many were answered, for who may know figures."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for agency, _responsible, state, number in counts():
        found[agency][state] += number
    return found
