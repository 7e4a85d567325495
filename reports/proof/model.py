"""Who may see what, as visibility.md says it (V1–V15), in plain Python over plain facts.

This model shares nothing with the policies or `visible_to`; it is what both are measured against.
It believes no stored grant: what is open follows from responsibility, own writing, the support
team, consents, sheets, appointments and carry-outs as they stand at `world.now`.
Read it together with rights.py (V2, V3), conferences.py (V5, V6, V7) and shields.py (V9).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reports.proof.conferences import (
    carried_out,
    laid_open,
    see_appointment,
    see_carry_out,
    see_carry_out_person,
    see_feed,
    see_item,
    see_item_draft,
    see_sitting,
)
from reports.proof.facts import (
    Appointment,
    CalendarFeed,
    CarryOut,
    CarryOutPerson,
    Case,
    CaseWorker,
    CityRow,
    Closing,
    Consent,
    ConsentLine,
    Consultation,
    Contact,
    Disclosure,
    Draft,
    Emergency,
    Grant,
    Hint,
    Hold,
    HouseholdLink,
    Item,
    ItemDraft,
    Job,
    LeftWork,
    Log,
    MailAddress,
    Membership,
    MoveOut,
    NoteTemplate,
    Notice,
    Part,
    Person,
    Place,
    Placement,
    ReadRequest,
    Recertification,
    Record,
    Referral,
    Refiling,
    Shield,
    Sitting,
    Team,
    Transfer,
    Version,
    table_of,
)
from reports.proof.rights import (
    NO_CASES,
    Decision,
    by_consent,
    by_consents,
    in_emergency,
    is_guest,
    is_secret,
    is_secretary,
    no,
    reached,
    reads_cases,
    rights,
    saw_before,
    see_left,
    see_recertification,
    see_worker,
    yes,
)
from reports.proof.shields import (
    against,
    see_closing,
    see_place,
    see_shield,
    stopped_by_shield,
    was_closed,
)
from reports.proof.world import World

# V1: system memberships, each with its own tables.
CITY_TABLES = {
    "participation_resource", "community_place", "community_placeevent",
    "community_communityissue", "community_issuestep", "reports_figure", "reports_indicatorvalue",
}  # fmt: skip
SYSTEM_TABLES = {
    "statistics": CITY_TABLES | {
        "cases_case", "cases_person", "cases_record", "cases_casegrant", "cases_referral",
        "cases_consultation", "cases_supportteam", "cases_householdlink", "meetings_sitting",
        "meetings_agendaitem",
    },
    "scheduler": {
        "agencies_job", "agencies_mailaddress",
        "cases_consent", "cases_consentline", "cases_casegrant",
        "meetings_sitting", "meetings_series", "plans_plan", "cases_shield", "cases_shieldmember",
    },
    "retention": set(),
}  # fmt: skip

# Read by people alone, whatever a system reads for its dates.
PAPERS = {"cases_consentscan", "cases_consentscancontent"}


def decide(world: World, m: Membership, row: Any) -> Decision:
    """The answer for one membership and one row."""
    stopped = not_acting(world, m)
    if stopped is not None:
        return stopped
    if isinstance(row, Part | Version):
        return of_whole(world, m, row)
    if m.system_name:
        if table_of(row) in SYSTEM_TABLES[m.system_name]:
            return yes("V1", "システムの仕事に必要な表です。", m.system_name)
        return no("V1", "システムの所属には、この表を読む決まりがありません。")
    answer = RULES[type(row)](world, m, row)
    return (stopped_by_shield(world, m, row) or answer) if answer.visible else answer


def not_acting(world: World, m: Membership) -> Decision | None:
    """V11, V14: only a confirmed membership within its period acts at all."""
    if m.confirmed_at is None:
        return no("V11", "所属がまだ確認されていません。")
    if m.since > world.today:
        return no("V14", "所属の期間がまだ始まっていません。")
    if (m.until is not None and m.until < world.today) or not m.is_user_active:
        return no("V14", "所属が終わっています。")
    return None


# --- V2, V3: rows of a case ---------------------------------------------------------------------


def see_case(world: World, m: Membership, row: Case) -> Decision:
    if not reads_cases(m):
        return NO_CASES
    mine = rights(world, m.agency_id or 0, row.id)
    if mine.responsible:
        return yes("V2", "所属の機関が主担当機関です。", "responsible")
    if mine.consents:
        return by_consent(mine.consents, "V3", "本人の同意があり、支援チームに入っています。")
    if mine.wrote:
        return yes("V2", "所属の機関が書いた記録があります。", "own_records")
    if (found := in_emergency(world, m, row.id)) is not None:
        return found
    return no("V3" if mine.in_team else "V1", "このケースを開く根拠がありません。")


def see_person(world: World, m: Membership, row: Person) -> Decision:
    if not reads_cases(m):
        return NO_CASES
    if row.author_agency_id == m.agency_id:
        return yes("V2", "所属の機関が書いた基本情報です。", "own_records")
    mine = rights(world, m.agency_id or 0, row.case_id)
    if covering := mine.covering(row.id, "basic"):
        return by_consent(covering, "V3", "本人の同意が基本情報に及んでいます。")
    if (found := in_emergency(world, m, row.case_id)) is not None:
        return found
    return no("V3" if mine.in_team else "V1", "この人の基本情報に及ぶ同意がありません。")


def see_household_link(world: World, m: Membership, row: HouseholdLink) -> Decision:
    """V18, V15: who sees one end alone learns of no other."""
    if not reads_cases(m):
        return NO_CASES
    if row.author_agency_id == m.agency_id:
        return yes("V2", "所属の機関が記録した世帯の変更です。", "own_records")
    ends = [world.get("cases_person", key) for key in (row.from_person_id, row.to_person_id)]
    for person in ends:
        mine = rights(world, m.agency_id or 0, person.case_id)
        if not (mine.responsible or mine.consents) or not see_person(world, m, person).visible:
            return no("V18", "世帯の変更は、両方のケースでその人が見える機関だけが見ます。")
    return yes("V18", "両方のケースの支援に入り、その人が見えています。", "consent")


def see_record(world: World, m: Membership, row: Record) -> Decision:
    # A guest reads what is laid before their item, as everybody appointed does, and no more.
    laid = is_guest(m) and row.category != "notifier" and row.carry_out_id is None
    if laid and any(laid_open(world, m, row, item) for item in world.of("laid", row.id)):
        return yes("V6", "指名された支援会議の議題の資料です。", "106-6")
    if not reads_cases(m):
        return NO_CASES
    if row.carry_out_id is not None:
        return carried_out(world, m, world.get("cases_carryout", row.carry_out_id))
    if row.author_agency_id == m.agency_id:
        author = world.memberships[row.author_id]
        rule = "V14" if author.until is not None and author.until < world.today else "V2"
        return yes(rule, "所属の機関が書いた記録です。", "own_records")
    if row.category == "notifier":
        return no("V4", "通告者の記録は、受けた機関だけが読みます。")
    if any(laid_open(world, m, row, item) for item in world.of("laid", row.id)):
        return yes("V6", "指名された支援会議の議題の資料です。", "106-6")
    found = by_consents(world, m, row)
    if not found.visible and row.audience == "team":
        # What the team may read: never sealed, never who notified (both are answered above).
        return in_emergency(world, m, row.case_id) or found
    return found


def see_contact(world: World, m: Membership, row: Contact) -> Decision:
    """Where a person is, is seen with the person (V9 stands before it)."""
    return decide(world, m, world.get("cases_person", row.person_id))


def see_placement(world: World, m: Membership, row: Placement) -> Decision:
    """One's own agency's, of persons and ties one sees oneself."""
    if not reads_cases(m):
        return NO_CASES
    if row.agency_id != m.agency_id:
        return no("V2", "図の並べ方は、その機関のものです。")
    places = (
        ("cases_case", row.case_id),
        ("cases_person", row.person_id),
        ("cases_record", row.tie_id),
    )
    for table, key in places:
        if key is not None and not decide(world, m, world.get(table, key)).visible:
            return no("V15", "見えない人やつながりの位置です。")
    return yes("V2", "所属の機関が並べた図です。", "own_records")


def see_hold(world: World, m: Membership, row: Hold) -> Decision:
    """Of rows one sees oneself: a list tells of no sealed item (V6)."""
    answer = see_shield(world, m, world.get("cases_shield", row.shield_id))
    if not answer.visible:
        return answer
    seen = decide(world, m, world.get(row.kind, row.row_id))
    return answer if seen.visible else no("V9", "確認を待つ行そのものが見えません。")


def see_refiling(world: World, m: Membership, row: Refiling) -> Decision:
    """V13: the record as it now is, and as it was before this move and each later one."""
    now = decide(world, m, world.get("cases_record", row.record_id))
    if now.visible and not saw_before(world, m, row.record_id, row.at):
        return no("V13", "移す前の記録を見る根拠がありません。")
    return Decision(now.visible, "V13", now.reason, now.basis)


def see_request(world: World, m: Membership, row: ReadRequest) -> Decision:
    """Where the record is seen: by whom it is asked, and by the agency that asks."""
    if not reads_cases(m):
        return NO_CASES
    if m.id != row.membership_id and m.agency_id != row.agency_id:
        return no("V10", "ほかの機関どうしの供覧です。")
    record = decide(world, m, world.get("cases_record", row.record_id))
    return Decision(record.visible, record.rule, record.reason, record.basis)


def see_move_out(world: World, m: Membership, row: MoveOut) -> Decision:
    """Its writer's agency; where somebody moves to is hidden by their shield, whatever its list
    has said of the record (V9)."""
    if not reads_cases(m):
        return NO_CASES
    record = world.get("cases_record", row.record_id)
    if record.author_agency_id != m.agency_id:
        return no("V2", "転出の引継ぎは、作った機関だけが読みます。")
    if any(s.person_id in record.person_ids for s in against(world, m, record.case_id)):
        return no("V9", "支援措置により、転出先は名簿の人だけに見えます。")
    answer = decide(world, m, record)
    return Decision(answer.visible, answer.rule, answer.reason, answer.basis)


def see_template(world: World, m: Membership, row: NoteTemplate) -> Decision:
    if reads_cases(m) and row.agency_id == m.agency_id:
        return yes("V2", "所属の機関の定型文です。", "own_records")
    return no("V2", "定型文は、その機関だけが使います。") if reads_cases(m) else NO_CASES


def see_team(world: World, m: Membership, row: Team) -> Decision:
    """Who is at work: told to those at work, not to who only keeps its own old records (V2)."""
    if not reads_cases(m):
        return NO_CASES
    if row.agency_id == m.agency_id:
        return yes("V2", "所属の機関自身の行です。", "own_records")
    mine = rights(world, m.agency_id or 0, row.case_id)
    if mine.responsible:
        return yes("V2", "所属の機関が主担当機関です。", "responsible")
    if mine.consents:
        return by_consent(mine.consents, "V3", "本人の同意があり、支援チームに入っています。")
    if (found := in_emergency(world, m, row.case_id)) is not None:
        return found
    return no("V2" if mine.wrote else "V1", "支援チームを見る根拠がありません。")


def see_emergency(world: World, m: Membership, row: Emergency) -> Decision:
    """Who holds it, the agency responsible, the privacy officer. A refused one is not shown to
    who tried."""
    if "agencies.review_access" in m.permissions and row.municipality_id == m.municipality_id:
        return yes("V8", "個人情報保護担当です。", "review")
    if not reads_cases(m):
        return NO_CASES
    if row.responsible_agency_id == m.agency_id:
        return yes("V8", "所属の機関が主担当機関です。", "responsible")
    if row.membership_id == m.id and row.refused_at is None:
        return yes("V8", "自分の緊急閲覧です。", "emergency")
    return no("V8", "ほかの人の緊急閲覧です。")


def see_consent(world: World, m: Membership, row: Consent) -> Decision:
    """Whole: who took it, the responsible agency, the office handling the case, the privacy
    officer (V3)."""
    if reviews(world, m, row.taken_by_agency_id):
        return yes("V3", "個人情報保護担当です。", "review")
    if not reads_cases(m):
        return NO_CASES
    if row.taken_by_agency_id == m.agency_id:
        return yes("V3", "所属の機関がとった同意です。", "own_records")
    mine = rights(world, m.agency_id or 0, row.case_id)
    if mine.responsible:
        return yes("V3", "所属の機関が主担当機関です。", "responsible")
    if "cases.office_hints" in m.permissions and mine.consents:
        return yes("V3", "このケースを扱う事務局です。", "office")
    return no("V3", "同意の全体を見るのは、とった機関・主担当機関・事務局だけです。")


def see_line(world: World, m: Membership, row: ConsentLine) -> Decision:
    if row.is_exception and reads_cases(m) and row.agency_id == m.agency_id:
        return no("V3", "除外は、除外された機関には示されません。")
    if reads_cases(m) and row.agency_id is not None and row.agency_id == m.agency_id:
        return yes("V3", "所属の機関あての行です。", "consent")
    return decide(world, m, world.get("cases_consent", row.consent_id))


def see_grant(world: World, m: Membership, row: Grant) -> Decision:
    if reviews(world, m, row.granted_by_agency_id):
        return yes("V14", "個人情報保護担当です。", "review")
    if reads_cases(m) and m.agency_id in (row.group_id, row.granted_by_agency_id):
        return yes("V3", "所属の機関が受けた、または与えた権利です。", "consent")
    return no("V3", "受けた機関と与えた機関だけが見ます。") if reads_cases(m) else NO_CASES


def reviews(world: World, m: Membership, agency: int) -> bool:
    """The privacy officer of the city the agency belongs to."""
    return (
        "agencies.review_access" in m.permissions
        and world.agencies[agency].municipality_id == m.municipality_id
    )


# --- V2, V4: consultations and handover sheets --------------------------------------------------


def see_consultation(world: World, m: Membership, row: Consultation) -> Decision:
    if reads_cases(m) and row.agency_id == m.agency_id:
        return yes("V2", "所属の機関が受けた相談です。", "own_records")
    return no("V2", "相談は、受けた機関だけが読みます。") if reads_cases(m) else NO_CASES


def see_referral(world: World, m: Membership, row: Referral) -> Decision:
    """The sender; with consent the receiver while every person's consent reaches it and the case
    runs; without, the secretariat's listed people; a notification, the competent agency."""
    if not reads_cases(m):
        return NO_CASES
    if row.from_agency_id == m.agency_id:
        return yes("V4", "所属の機関が送ったつなぎです。", "own_records")
    if row.state not in ("sent", "accepted"):
        return no("V4", "返却された、または閉じたつなぎです。")
    if row.open_until is not None and row.open_until <= world.now:
        return no("V4", "つなぎの根拠となる同意の期限が過ぎました。")
    if row.mode == "secrecy":
        kind = row.to_conference_type_id or 0
        if is_secret(world, kind) and is_secretary(world, m, kind):
            return yes("V4", "事務局として受けた、本人同意なしのシートです。", "106-6")
        return no("V4", "名簿にある事務局の人だけが見ます。")
    if row.to_agency_id != m.agency_id:
        return no("V4", "ほかの機関あてのつなぎです。")
    if row.mode == "notification":
        return yes("V4", "法令に基づく通告・通報です。", "notification")
    case = world.get("cases_case", row.case_id)
    if case.status == "closed" or not reached(world, case, row.person_ids, [m.agency_id or 0]):
        return no("V4", "つなぎの根拠となる同意がありません。")
    return yes("V4", "所属の機関あてのつなぎです。", "consent", until=row.open_until)


def see_draft(world: World, m: Membership, row: Draft) -> Decision:
    """V13: whoever typed it, in that membership, as long as they see the case it is of."""
    if not reads_cases(m):
        return NO_CASES
    if row.membership_id != m.id:
        return no("V13", "ほかの人の下書きです。")
    if row.case_id is not None:
        case = see_case(world, m, world.get("cases_case", row.case_id))
        if not case.visible:
            return case
    return yes("V13", "自分の下書きです。", "own")


def see_disclosure(world: World, m: Membership, row: Disclosure) -> Decision:
    """V4: the provider's agency and the privacy officer; of a letter of an item under secrecy
    nobody but the privacy officer, as of looks (V6, V10)."""
    if reviews(world, m, row.agency_id):
        return yes("V4", "個人情報保護担当です。", "review")
    if reads_cases(m) and row.agency_id == m.agency_id and row.item_key is None:
        return yes("V4", "所属の機関が行った提供です。", "own_records")
    return no("V4", "開示の記録は、提供した機関と個人情報保護担当だけが見ます。")


def see_transfer(world: World, m: Membership, row: Transfer) -> Decision:
    """V2: who proposed it; the receiver while every person's consent reaches it in 基本情報 and
    the case runs or is its own."""
    if not reads_cases(m):
        return NO_CASES
    if row.from_agency_id == m.agency_id:
        return yes("V2", "所属の機関が依頼した移管です。", "own_records")
    if row.to_agency_id != m.agency_id:
        return no("V2", "ほかの機関あての移管です。")
    if row.state not in ("sent", "accepted"):
        return no("V2", "返却された、または取りやめた移管です。")
    case = world.get("cases_case", row.case_id)
    if case.status == "closed" and case.responsible_agency_id != m.agency_id:
        return no("V2", "終結したケースの移管です。")
    if not reached(world, case, row.person_ids, [m.agency_id], category="basic"):
        return no("V3", "移管の根拠となる同意がありません。")
    return yes("V2", "所属の機関あての移管です。", "consent")


# --- V10–V15: the trail, figures, versions ------------------------------------------------------


def see_log(world: World, m: Membership, row: Log) -> Decision:
    if row.membership_id == m.id:
        return yes("V10", "自分の閲覧の記録です。", "own")
    if "agencies.review_access" in m.permissions and row.municipality_id == m.municipality_id:
        return yes("V10", "個人情報保護担当です。", "review")
    if told(world, m, row):
        return yes("V10", "所属の機関のケース、または記録の閲覧です。", "own_records")
    return no("V10", "ほかの人の閲覧の記録です。")


def told(world: World, m: Membership, row: Log) -> bool:
    """Looks inside the agency's own records, and at a case it is responsible for; nothing under
    V6, nothing inside another agency's records."""
    if not reads_cases(m) or row.case_id is None or row.item_id is not None or not row.was_allowed:
        return False
    if row.action not in ("open", "print", "export") or "support_conference" in row.purpose:
        return False
    if row.basis not in ("", "responsible", "own_records", "consent", "emergency"):
        return False
    if not row.record_ids:
        return bool(world.get("cases_case", row.case_id).responsible_agency_id == m.agency_id)
    return all(whose(world, key, row) == m.agency_id for key in row.record_ids)


WHOSE = {
    "cases_record": "author_agency_id", "cases_person": "author_agency_id",
    "cases_consultation": "agency_id", "cases_referral": "from_agency_id",
    "cases_consent": "taken_by_agency_id",
}  # fmt: skip


def whose(world: World, key: Any, row: Log) -> int | None:
    """Whose row it is that was shown; what is nobody's stands with the reader's own."""
    for table, column in WHOSE.items():
        if (found := world.get(table, key)) is not None:
            return int(getattr(found, column))
    return row.agency_id


def see_notice(world: World, m: Membership, row: Notice) -> Decision:
    mine = row.membership_id == m.id
    ours = row.membership_id is None and row.agency_id == m.agency_id and not is_guest(m)
    if mine or ours:
        return yes("V13", "自分または所属の機関へのお知らせです。")
    return no("V13", "ほかの人へのお知らせです。")


def see_job(world: World, m: Membership, row: Job) -> Decision:
    return no("V1", "仕事の順番待ちは、システムだけが読みます。")


def see_mail_address(world: World, m: Membership, row: MailAddress) -> Decision:
    if m.user_id is not None and row.user_id == m.user_id:
        return yes("V13", "自分の通知メールの宛先です。")
    return no("V13", "ほかの人の通知メールの宛先です。")


def see_hint(world: World, m: Membership, row: Hint) -> Decision:
    if "cases.office_hints" in m.permissions and row.municipality_id == m.municipality_id:
        return yes("V15", "事務局への重複の気づきです。", "office")
    return no("V15", "重複の気づきは、事務局だけが受け取ります。")


def see_city_row(world: World, m: Membership, row: CityRow) -> Decision:
    if row.municipality_id != m.municipality_id:
        return no("V1", "ほかの市の行です。")
    if row.table == "reports_lookdecision":
        if "agencies.review_access" in m.permissions:
            return yes("V10", "個人情報保護担当は、閲覧の開示を決めます。")
        return no("V10", "開示の決定は、閲覧があったことを知らせます。")
    if row.table.startswith("reports_") and "reports.read" not in m.permissions:
        return no("V11", "この役割は、評価と報告を読みません。")
    return yes("V11", "ケースの名のない、市の行です。")


def of_whole(world: World, m: Membership, row: Part | Version) -> Decision:
    """A part is seen with its whole. A version (V13): the row as it then was *and* as it is."""
    # A job may need a part's table for itself: the scheduler reads plans, not their records.
    if m.system_name and table_of(row) in SYSTEM_TABLES[m.system_name]:
        return yes("V1", "システムの仕事に必要な表です。", m.system_name)
    if isinstance(row, Part):
        if m.system_name and row.table in PAPERS:
            return no("V1", "署名された紙は、システムの仕事では読みません。")
        whole = decide(world, m, world.get(row.whole_table, row.whole_id))
        return (stopped_by_shield(world, m, row) or whole) if whole.visible else whole
    now = world.get(row.now_table, row.now_id)
    if now is None:
        return no("V13", "今はない行の版です。")
    # A text that was moved with its record: what the record was then counts too.
    if isinstance(now, Part) and not saw_before(world, m, now.whole_id, row.at):
        return no("V13", "移す前の記録を見る根拠がありません。")
    if was_closed(world, m, now):
        return no("V13", "支援措置で閉じた記録の前の版は、名簿の人だけが見ます。")
    answers = [decide(world, m, now)] + ([decide(world, m, row.then)] if row.then else [])
    last = next((a for a in answers if not a.visible), answers[0])
    return Decision(last.visible, "V13", last.reason, last.basis)


RULES: dict[type, Callable[[World, Membership, Any], Decision]] = {
    Case: see_case, Person: see_person, Record: see_record, Team: see_team,
    Consent: see_consent, ConsentLine: see_line, Grant: see_grant,
    Consultation: see_consultation, Referral: see_referral, Transfer: see_transfer,
    LeftWork: see_left, Refiling: see_refiling, Contact: see_contact, Closing: see_closing,
    Draft: see_draft,
    ReadRequest: see_request, NoteTemplate: see_template, MoveOut: see_move_out,
    CaseWorker: see_worker, HouseholdLink: see_household_link, Placement: see_placement,
    Recertification: see_recertification,
    Emergency: see_emergency, Disclosure: see_disclosure,
    Shield: see_shield, Place: see_place, Hold: see_hold,
    Item: see_item, Appointment: see_appointment, Sitting: see_sitting,
    ItemDraft: see_item_draft, CalendarFeed: see_feed,
    CarryOut: see_carry_out, CarryOutPerson: see_carry_out_person,
    Log: see_log, Notice: see_notice, Job: see_job, Hint: see_hint, CityRow: see_city_row,
    MailAddress: see_mail_address,
}  # fmt: skip
