"""A household with one of everything in it, and the keys of it all, by the addresses' names.

The suites that ask every address about what is one's own, shared, foreign or closed start here.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from agencies.models import Agency, ContactPoint, Membership, SecretariatMember
from cases.disclosures import emergency_grounds
from cases.models import Attachment, Case, Consent, ConsentScan, MoveOut, Person
from cases.moveouts import Choice
from cases.operations import (
    DisclosureFacts,
    RiskFacts,
    accept_referral,
    add_issue,
    answer_move_out,
    assess,
    assess_risk,
    attach_files,
    attach_scans,
    close_case,
    open_emergency,
    prepare_move_out,
    record_disclosure,
    refer,
    return_move_out,
    send_move_out,
    take_consultation,
    transfer_case,
    write_caution,
    write_note,
    write_tie,
)
from cases.operations.attachments import NewFile
from cases.operations.case import PersonFacts
from cases.operations.consultation import ConsultationFacts
from cases.operations.drafts import save_draft
from cases.operations.emergency import EmergencyFacts
from cases.operations.ties import TieFacts
from community.operations import IssueFacts, PlaceFacts, add_place, move_issue, raise_issue
from config.lib.ids import new_id
from meetings.models import ItemGrant
from meetings.operations import (
    Letter,
    Recipient,
    appoint,
    appoint_on_paper,
    print_copies,
    propose_from_referral,
    propose_item,
    request_information,
)
from participation.models import Resource
from participation.operations import MatchFacts, ResourceFacts, add_resource, match
from plans.models import SupportItem
from plans.operations import draft_plan
from tests import world as w
from tests.meetings.situations import make_sitting
from tests.outreach.conftest import carry_out, visit
from tests.owner import as_owner
from tests.plans.situations import DAY, facts, goals, item

HOME = {
    "name": "架空野 梅子",
    "name_kana": "かくうの うめこ",
    "phone": "090-0000-1234",
    "address": "架空町1-2-3",
}


@dataclass
class House:
    """A household and the key of everything in it, by the name that addresses give it."""

    city: w.World
    by: Membership
    case: Case
    persons: list[Person]
    keys: dict[str, Any] = field(default_factory=dict)

    def keep(self, name: str, row: Any) -> Any:
        self.keys[name] = row.pk
        return row

    def key(self, url_name: str, argument: str) -> Any:
        """The key an address of this name takes; None where this household has no such thing."""
        return self.keys.get(which(url_name, argument))


# What an argument names depends on the address it stands in.
_WHICH = {
    **dict.fromkeys(
        [
            "note_edit.record_id", "record_history.record_id", "record_refile.record_id",
            "record_detail.record_id", "record_ask.record_id", "record_confirm.record_id",
            "requests_end.record_id", "task_finish.record_id",
        ],
        "note",
    ),
    "issue_solve.record_id": "issue",
    "assessment_edit.record_id": "assessment",
    "tie_edit.record_id": "tie",
    **dict.fromkeys(["caution_edit.record_id", "caution_end.record_id"], "caution"),
    **dict.fromkeys(
        [
            "risk_detail.record_id", "risk_edit.record_id", "risk_decide.record_id",
            "risk_print.record_id",
        ],
        "risk",
    ),
    **dict.fromkeys(
        ["visit_open.record_id", "visit_edit.record_id", "visit_history.record_id"], "visit"
    ),
    **dict.fromkeys(
        [
            "move_out_detail.record_id", "move_out_print.record_id", "move_out_answer.record_id",
            "move_out_send.record_id", "move_out_receipt.record_id", "move_out_cancel.record_id",
        ],
        "move_out",
    ),
    "item_done.item_id": "task",
    **dict.fromkeys(
        [
            "item_person_pledge.person_id", "pledge_print.person_id",
            "item_person_revoke.person_id", "item_person_password.person_id",
        ],
        "named",
    ),
    "shield_place_end.place_id": "shield_place",
}  # fmt: skip


def which(url_name: str, argument: str) -> str:
    """What an argument of this address names, as a household's keys call it."""
    return _WHICH.get(f"{url_name}.{argument}", argument)


def staff(city: w.World) -> None:
    """Who else works here: a listed secretary of the 支援会議, and agencies nobody has met."""
    city.members["secretary"] = w.make_member(city.agencies["coordinator"], "coordinator")
    w.list_secretary(city, city.members["secretary"])
    for name in ("elderly", "outreach", "participation"):
        role, sectors = w.ROLES[name]
        far = f"far_{name}"
        city.agencies[far] = w.make_agency(city.city, far, f"遠い架空{name}", *sectors)
        city.members[far] = w.make_member(city.agencies[far], role)


def home(by: Membership, city: w.World, *, is_known_to_office: bool = True) -> House:
    """A mother of whom everything is known and a son, in a case of `by`'s agency. The office may
    be told of two households that may be the same (V15): never of one without kana."""
    born = datetime.date(1944, 5, 1)
    kana = HOME["name_kana"] if is_known_to_office else ""
    mother = PersonFacts(**{**HOME, "name_kana": kana}, birth_on=born, relation="head")
    son = PersonFacts(name="架空野 次郎", relation="child")
    case, persons = w.household(by, mother, son)
    return House(city, by, case, persons, {"case_id": case.pk, "person_id": persons[0].pk})


def let_in(house: House, *names: str, persons: int = 2) -> None:
    """The first person, or both, consents to these agencies, which take the case on."""
    city, by = house.city, house.by
    agencies = [city.agencies[name] for name in names]
    own = Agency.objects.get(pk=by.agency_id)
    for person in house.persons[:persons]:
        given = w.consent(by, person, own, *agencies)
        house.keys.setdefault("consent_id", given.pk)
    for name in names:
        with w.act(by):
            sheet = refer(
                case=house.case, by=by, mode="consent", reason="お願いします", summary="概要",
                persons=house.persons[:1], to_agency=city.agencies[name],
            )  # fmt: skip
        house.keep("referral_id", sheet)
        with w.act(city.members[name]):
            accept_referral(referral=sheet, by=city.members[name])


def written(house: House, *, alone: bool = False) -> None:
    """What its agency writes: a note with a file, an issue, a section, an entry, a paper."""
    by, case, persons = house.by, house.case, house.persons
    audience = "agency" if alone else "team"
    picture = NewFile("写真.png", "image/png", ContentFile(b"\x89PNG\r\n\x1a\n" + b"\x00" * 20))
    with w.act(by):
        note = write_note(
            case=case, by=by, text="電話で話した", method="phone", persons=persons[:1],
            audience=audience, next_step="また電話する",
        )  # fmt: skip
        house.keep("note", note)
        house.keys["batch"] = uuid.uuid4()
        attach_files(record=note.record, by=by, files=[picture])
        house.keep("attachment_id", Attachment.objects.get(record_id=note.record_id))
        issue = add_issue(case=case, by=by, issue_type="debt", person=persons[0], audience=audience)
        house.keep("issue", issue)
        section = assess(
            case=case, by=by, category="health", situation="通院中", persons=persons[:1],
            audience=audience,
        )  # fmt: skip
        house.keep("assessment", section)
        tie = write_tie(
            case=case, by=by, kind="outside", first=persons[0], audience=audience,
            facts=TieFacts(name="架空医院", resource="medical", quality="strong"),
        )  # fmt: skip
        house.keep("tie", tie)
        caution = write_caution(
            case=case, by=by, kind="visit_safety", text="犬がいる", persons=persons[:1],
            audience=audience,
        )  # fmt: skip
        house.keep("caution", caution)
        sheet = RiskFacts(
            sheet="elder", answers={"elder-1-head": {"answer": "yes"}},
            assessed_on=timezone.localdate(),
        )  # fmt: skip
        risk = assess_risk(case=case, by=by, person=persons[0], facts=sheet, audience=audience)
        house.keep("risk", risk)
        ground = emergency_grounds(Agency.objects.get(pk=by.agency_id), timezone.localdate())[0]
        entry = DisclosureFacts(
            kind="provided", on=timezone.localdate(), recipient="架空病院", ground=ground,
            purpose="救急搬送のため", persons=persons[:1], categories=["health"],
            statute="刑事訴訟法第197条第2項",
        )  # fmt: skip
        record_disclosure(case=case, by=by, facts=entry, form_key=uuid.uuid4())


def paper(house: House) -> None:
    """The signed paper of the first consent."""
    picture = NewFile("同意書.png", "image/png", ContentFile(b"paper"))
    with w.act(house.by):
        consent = Consent.objects.get(pk=house.keys["consent_id"])
        attach_scans(consent=consent, by=house.by, files=[picture])
        house.keep("scan_id", ConsentScan.objects.get(consent=consent))


def planned(house: House, *helpers: str) -> None:
    """A draft of its agency with a task for each helper."""
    by = house.by
    tasks = [item(by, "進行の管理"), *(item(house.city.members[name]) for name in helpers)]
    with w.act(by):
        plan = draft_plan(
            case=house.case, by=by, programme="coordination", persons=house.persons[:1],
            facts=facts(), goals=goals(), items=tasks,
        )  # fmt: skip
        house.keep("plan_id", plan)
        house.keep("task", SupportItem.objects.filter(plan=plan).order_by("pk")[0])


def consulted(house: House) -> None:
    """A consultation of its agency from somebody of the same name."""
    told = ConsultationFacts(
        mode="with_consent", route="person_phone", complaint="お金がない", urgency="low"
    )
    with w.act(house.by):
        row = take_consultation(
            by=house.by, facts=told, persons=[PersonFacts(**HOME)], issues=["debt"]
        )
    house.keep("consultation_id", row)


def drafted(house: House) -> None:
    """Somebody of its agency has begun to write."""
    house.keys["draft_id"] = new_id()
    with w.act(house.by):
        save_draft(
            by=house.by,
            key=house.keys["draft_id"],
            page=reverse("note_new", args=[house.case.pk]),
            title="記録を書く",
            case_id=house.case.pk,
            typed=[("text", "電話があり")],
        )


def directory_line(by: Membership, *, has_ended: bool = False) -> ContactPoint:
    """A line of the directory of somebody's agency."""
    with as_owner():
        return ContactPoint.objects.create(
            municipality=by.municipality,
            agency_id=by.agency_id,
            name="総合相談",
            themes=["介護"],
            written_by=by,
            form_key=new_id(),
            ended_on=timezone.localdate() if has_ended else None,
        )


def visited(house: House, by: Membership) -> None:
    house.keys["visit"] = visit(
        by, case=house.case, persons=house.persons[:1], text="灯りがついた"
    ).record_id


def hosted(house: House, by: Membership) -> None:
    """A host in the city's register."""
    with w.act(by):
        told = ResourceFacts(name="架空農園", kind="place_to_be")
        house.keep("resource_id", add_resource(by=by, facts=told))


def placed(house: House, by: Membership) -> None:
    """A match with the host that the register has."""
    with w.act(by):
        resource = Resource.objects.get(pk=house.keys["resource_id"])
        row = match(
            case=house.case, person=house.persons[0], resource=resource, by=by,
            facts=MatchFacts(activity="収穫"), form_key=uuid.uuid4(),
        )  # fmt: skip
    house.keep("match_id", row)


def raised(house: House, by: Membership) -> None:
    """An issue of the community from this case, and a place: both are the city's."""
    told = IssueFacts(title="通院の足がない", text="バスが減った地区がある")
    with w.act(by):
        row = raise_issue(by=by, facts=told, case=house.case, form_key=uuid.uuid4())
        place = add_place(by=by, facts=PlaceFacts(name="架空サロン", kind="salon"))
        move_issue(issue=row, by=by, to="passed", note="自治会長会")
        step = row.steps.get(state="passed")
    house.keep("issue_id", row)
    house.keep("step_id", step)
    house.keep("place_id", place)


def sent_away(house: House, to: str) -> None:
    """A transfer that waits."""
    with w.act(house.by):
        row = transfer_case(
            case=house.case, by=house.by, to_agency=house.city.agencies[to], reason="支援の中心"
        )
    house.keep("transfer_id", row)


def moving(house: House) -> None:
    """A paper about the mother for another municipality, and her consent to it."""
    by, mother = house.by, house.persons[0]
    with w.act(by):
        row = prepare_move_out(
            case=house.case, by=by,
            choice=Choice("架空県見本市", "福祉課", "099-000-0001", [mother], "見守りを"),
        )  # fmt: skip
        answer_move_out(
            paper=row, by=by, person=mother, answer="given", given_on=timezone.localdate()
        )
    house.keep("move_out", row)


def moved(house: House, outcome: str = "") -> None:
    """It has gone; and perhaps come back."""
    by, today = house.by, timezone.localdate()
    with w.act(by):
        row = MoveOut.objects.visible_to(by).get(pk=house.keys["move_out"])
        row = send_move_out(paper=row, by=by, on=today, how="post")
        if outcome:
            return_move_out(paper=row, by=by, on=today, reason="転入していない")


def notified(house: House, to: str) -> None:
    """A statutory notification to an agency that has no consent (V4)."""
    with w.act(house.by):
        sheet = refer(
            case=house.case, by=house.by, mode="notification", reason="依頼", summary="概要",
            persons=house.persons[:1], to_agency=house.city.agencies[to],
            legal_ground="高齢者虐待防止法第7条",
        )  # fmt: skip
    house.keys.setdefault("referral_id", sheet.pk)


def urgent(house: House, by: Membership) -> None:
    with w.act(by):
        ground = emergency_grounds(Agency.objects.get(pk=by.agency_id), timezone.localdate())[0]
        told = EmergencyFacts(
            danger="life",
            ground=ground,
            reason="電話の向こうで倒れた音がした",
            number=house.case.number,
        )
        row = open_emergency(by=by, facts=told)
    assert row is not None
    house.keep("emergency_id", row)


def agreed(house: House, *names: str) -> None:
    """An item before the conference with consent (V5)."""
    city, by = house.city, house.by
    sitting = make_sitting(city, "plan", days=1)
    with w.act(by):
        row = propose_item(
            sitting=sitting, by=by, conference_type=city.conferences["plan"],
            agenda_type="social_resources", case=house.case, persons=house.persons[:1],
            title="世帯のこと", briefing="家計の見通し",
            participants=[city.agencies[name] for name in names],
        )  # fmt: skip
    house.keep("item_id", row)
    house.keys.setdefault("sitting_id", sitting.pk)


def sealed(house: House, sitting: Any, *appointed: str) -> None:
    """An item under secrecy with its people, a copy, a letter and a carry-out (V6)."""
    city, by, secretary = house.city, house.by, house.city.members["secretary"]
    with w.act(by):
        sheet = refer(
            case=house.case, by=by, mode="secrecy", reason="見守りたい", summary="概要",
            to_conference_type=city.conferences["support"],
        )  # fmt: skip
    with w.act(secretary):
        row = propose_from_referral(
            referral=sheet, sitting=sitting, by=secretary, agenda_type="watching",
            title="守秘の世帯", briefing="守秘の概要",
        )  # fmt: skip
        for name in appointed:
            appoint(item=row, by=secretary, member=city.members[name])
        named = appoint_on_paper(item=row, by=secretary, name="架空 守", organisation="民生委員")
        copies = print_copies(
            item=row, by=secretary, paper="materials", recipients=[Recipient("事務局")],
            form_key=uuid.uuid4(),
        )  # fmt: skip
        asked = Letter("架空病院 御中", "本人", "受診の状況", timezone.localdate() + 14 * DAY)
        letter = request_information(item=row, by=secretary, letter=asked, form_key=uuid.uuid4())
        grants = list(ItemGrant.objects.filter(content_object=row))
    house.keep("item_id", row)
    house.keep("named", named)
    house.keep("copy_id", copies[0])
    house.keep("letter_id", letter)
    house.keys["sitting_id"] = sitting.pk
    if grants:
        house.keep("grant_id", grants[0])
    out = carry_out(secretary, house.case, city.members[appointed[0]] if appointed else secretary)
    house.keep("carry_out_id", out)
    house.keys["entry_id"] = listed(city)


def listed(city: w.World) -> uuid.UUID:
    with w.act(city.head):
        listed = SecretariatMember.objects.filter(conference_type__municipality=city.city)
        return listed.values_list("pk", flat=True)[0]


def closed(house: House) -> None:
    with w.act(house.by):
        close_case(case=house.case, by=house.by, reason="終結")
