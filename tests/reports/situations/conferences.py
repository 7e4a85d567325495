"""Items are laid before a conference, people appointed, texts carried out."""

from __future__ import annotations

import datetime
import uuid

from django.contrib.auth.models import Permission as GuardianPermission
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from agencies.models import ConferenceType, Membership, SecretariatMember
from cases.models import (
    CarryOut,
    CarryOutGrant,
)
from config.lib.fiscal import fiscal_year, until_day_to_instant
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

from .vocabulary import DAY, Situation, owner, step


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
