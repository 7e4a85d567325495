"""支援措置 (V9) on every output: a world with unmistakable values, and each way out of the product.

An address, a management command or a sender of mails that is not in the lists below fails: whoever
adds a way out has to say here that it was thought of. Raw SQL is asked by every role that does not
stand on the list, addresses by those who come nearest (the others in `make prove`); the list member
sees the values.
"""

from __future__ import annotations

import dataclasses
import datetime
import io
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.files.base import ContentFile
from django.core.management import call_command, get_commands
from django.core.management.base import CommandError
from django.db import connections, transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from agencies.models import Agency, LegalBasis, Notice
from cases.disclosures import emergency_grounds
from cases.models import Consultation, Person, Shield, ShieldHold
from cases.moveouts import Choice
from cases.operations import (
    RiskDecision,
    RiskFacts,
    accept_referral,
    add_issue,
    assess,
    assess_risk,
    attach_scans,
    change_note,
    change_risk,
    confirm_shield,
    decide_risk,
    make_case,
    open_emergency,
    prepare_move_out,
    propose_shield,
    record_disclosure,
    refer,
    take_consultation,
    transfer_case,
    write_caution,
    write_note,
    write_tie,
)
from cases.operations.attachments import NewFile
from cases.operations.case import PersonFacts
from cases.operations.consultation import ConsultationFacts
from cases.operations.disclosure import DisclosureFacts
from cases.operations.emergency import EmergencyFacts
from cases.operations.ties import TieFacts
from community.operations import IssueFacts, raise_issue
from meetings.operations import call_ad_hoc, propose_item
from outreach.operations import VisitFacts, change_visit, log_visit
from participation.enums import ResourceKind
from participation.operations import MatchFacts, ResourceFacts, add_resource, match
from plans.operations import draft_plan, monitor_plan, record_conference_result, submit_plan
from tests import world as w
from tests.plans import situations as plans
from tests.reports.test_visibility_cases import committed  # noqa: F401 - a fixture
from tests.shieldpages import COMMANDS, FILES, HISTORIES, KEYS, PAGES, PRINTS
from tests.signing import sign_in

pytestmark = pytest.mark.database

ADDRESS = "架空市しろがね町7-7-7 ほたる荘"
PHONE = "090-7777-1234"
SCHOOL, WORKPLACE, STATION = "かげろう学園", "つゆくさ縫製", "みずいろ駅"
HIDDEN = ("しろがね町", "ほたる荘", PHONE, "09077771234", SCHOOL, WORKPLACE, STATION)
# Who wrote an entry of the register, or holds an emergency, goes on reading their own words; the
# privacy officer, whose duty they are, is shown none of them on a page. Where:
DUTIES = ("disclosure_list", "emergency_detail", "cases_disclosure", "cases_emergency")
EMERGENCY = [f"{STATION}で倒れたと電話があった"]
REGISTER = [f"{STATION}前クリニック", f"{ADDRESS}から運ぶ"]
OWN_WORDS = {"child": EMERGENCY, "disability": REGISTER}
# Who stands on the list.
LIST = ("elderly", "elderly2")


def rows(sql: str) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def addresses() -> list[tuple[str, str]]:
    """Every address by name, with every key this world has for it."""
    keys = {name: rows(sql) for name, sql in KEYS.items()}
    found = []
    for name in sorted({*PAGES, *HISTORIES, *PRINTS, *FILES}):
        for _pattern, _wanted, _defaults, converters in get_resolver().reverse_dict.getlist(name):
            names = list(converters)
            assert set(names) <= set(keys), f"no keys for {name}: {names}"
            if not names:
                found.append((name, reverse(name)))
            for key in keys[names[0]] if names else []:
                rest = {other: keys[other][0] for other in names[1:] if keys[other]}
                found.append((name, reverse(name, kwargs={names[0]: key, **rest})))
            break
    return found


def write_everything(city: w.World) -> Person:
    """A household about whose every member something is written that shows where the mother is."""
    by = city.elderly
    with w.act(by):
        taken = take_consultation(
            by=by,
            facts=ConsultationFacts(
                mode="with_consent", route="person_phone", urgency="low",
                complaint=f"{WORKPLACE}をやめたい", visitor_phone=PHONE,
            ),
            persons=[
                PersonFacts(name="架空野 鈴", name_kana="かくうの すず", phone=PHONE,
                            address=ADDRESS, birth_on=datetime.date(1985, 4, 1)),
                PersonFacts(name="架空野 渡", name_kana="かくうの わたる"),
            ],
            issues=["abuse"],
        )  # fmt: skip
        case = make_case(consultation=Consultation.objects.get(pk=taken.pk), by=by)
        mother, son = Person.objects.filter(case=case).order_by("label")
    agencies = [city.agencies[name] for name in city.agencies if name not in ("admin", "privacy")]
    for person in (mother, son):
        w.consent(by, person, *agencies, household_tick=True)
    for name in ("disability", "coordinator", "outreach", "participation", "community"):
        with w.act(by):
            sheet = refer(
                case=case, by=by, mode="consent", reason="お願いします",
                summary=f"電話は{PHONE}", persons=[mother, son], to_agency=city.agencies[name],
            )  # fmt: skip
        with w.act(city.members[name]):
            accept_referral(referral=sheet, by=city.members[name])
    write_records(city, case, mother, son)
    write_papers(city, case, mother)
    return mother


def write_records(city: w.World, case: Any, mother: Person, son: Person) -> None:
    by = city.elderly
    with w.act(by):
        file = NewFile("しろがね町の地図.png", "image/png", ContentFile(b"map"))
        for persons in ([mother], [son], []):
            note = write_note(
                case=case, by=by, method="visit", persons=persons, place="ほたる荘",
                text=f"{ADDRESS}を訪問した", next_step=f"{STATION}で会う", files=[file],
            )  # fmt: skip
            change_note(
                note=note, by=by, version=1, reason=f"{SCHOOL}の書きもらし", method="visit",
                text=f"{SCHOOL}に寄った",
            )  # fmt: skip
        add_issue(case=case, by=by, issue_type="debt", person=son, note=f"{WORKPLACE}の給料")
        for person, name in ((mother, SCHOOL), (son, WORKPLACE), (None, STATION)):
            write_tie(
                case=case, by=by, kind="outside", first=person,
                facts=TieFacts(name=name, resource="other", quality="plain"),
            )  # fmt: skip
        assess(
            case=case, by=by, category="work", situation=f"{WORKPLACE}に勤める", persons=[son],
            answers={"work-keeping": {"answer": "yes", "word": WORKPLACE}},
        )  # fmt: skip
        for persons in ([mother], [son], []):
            write_caution(
                case=case, by=by, kind="visit_safety", text=f"{STATION}で待たれる", persons=persons
            )
        facts = RiskFacts(
            sheet="elder", assessed_on=timezone.localdate(), text=f"{SCHOOL}の近く",
            answers={"elder-1-head": {"answer": "yes", "word": "ほたる荘"}},
            strengths=f"{WORKPLACE}の友人",
        )  # fmt: skip
        risk = assess_risk(case=case, by=by, person=mother, facts=facts)
        more = dataclasses.replace(facts, text=f"{STATION}の近く")
        change_risk(risk=risk, by=by, version=1, reason=f"{SCHOOL}ではない", facts=more)
        decide_risk(
            risk=risk, by=by, version=2,
            decision=RiskDecision("yellow", timezone.localdate(), f"{STATION}で会議", ADDRESS),
        )  # fmt: skip
    with w.act(city.disability):
        write_note(
            case=case, by=city.disability, method="phone", persons=[mother], text=f"{SCHOOL}へ",
            audience="agency",
        )  # fmt: skip
    with w.act(city.outreach):
        facts = VisitFacts(
            happened_at=timezone.now(), method="visit", result="absent", place=ADDRESS,
            text=f"{STATION}から歩いた",
        )  # fmt: skip
        seen = log_visit(
            by=city.outreach, facts=facts, form_key=uuid.uuid4(), persons=[mother], case=case
        )
        change_visit(
            visit=seen, by=city.outreach, version=1, reason=f"{SCHOOL}の聞きちがい",
            facts=VisitFacts(method="visit", result="absent", place="駅", text=f"{STATION}から"),
        )  # fmt: skip
    with w.act(city.coordinator):
        plan = draft_plan(
            case=case, by=city.coordinator, programme="coordination", persons=[mother, son],
            facts=plans.facts(wishes=f"{SCHOOL}に通わせたい"), goals=plans.goals(),
            items=[plans.item(city.disability, f"{WORKPLACE}と話す")],
        )  # fmt: skip
        submit_plan(plan=plan, by=city.coordinator)
    with w.act(city.head):
        record_conference_result(
            plan=plan, by=city.head, decision="adequate", conference_name="重層的支援会議",
            note=f"{STATION}で",
        )  # fmt: skip
    with w.act(city.coordinator):
        monitor_plan(plan=plan, by=city.coordinator, on=timezone.localdate(), text=f"{STATION}へ")
    with w.act(city.participation):
        host = add_resource(
            by=city.participation,
            facts=ResourceFacts(name="架空農園", kind=ResourceKind.PLACE_TO_BE),
        )
        match(
            case=case, person=mother, resource=host, by=city.participation, form_key=uuid.uuid4(),
            facts=MatchFacts(activity="手伝い", consideration=f"{STATION}に送る"),
        )  # fmt: skip
    with w.act(city.community):
        raise_issue(
            by=city.community, facts=IssueFacts(title="足がない", text="バスが少ない"), case=case,
            note=f"{STATION}が遠い",
        )  # fmt: skip


def write_papers(city: w.World, case: Any, mother: Person) -> None:
    """What is no record: an item, a scan, a transfer on its way."""
    with w.act(city.coordinator):
        sitting = call_ad_hoc(
            by=city.coordinator, conference_types=[city.conferences["plan"]],
            on=timezone.localdate(),
        )  # fmt: skip
    with w.act(city.elderly):
        propose_item(
            sitting=sitting, by=city.elderly, conference_type=city.conferences["plan"],
            agenda_type="social_resources", case=case, persons=[mother], title="鈴さんの支援",
            briefing=f"{ADDRESS}に住む", participants=[city.agencies["disability"]],
        )  # fmt: skip
        consent = mother.consents.first()
        file = NewFile("ほたる荘.png", "image/png", ContentFile(b"paper"))
        attach_scans(consent=consent, by=city.elderly, files=[file])
        prepare_move_out(
            case=case, by=city.elderly,
            choice=Choice(
                "架空県見本市", f"{STATION}前の福祉課", "099-000-0001", [mother], f"{SCHOOL}から",
                words=f"{ADDRESS}に住む", contacts=True,
            ),
        )  # fmt: skip
        transfer_case(
            case=case, by=city.elderly, to_agency=city.agencies["disability"],
            reason=f"{SCHOOL}が近い",
        )  # fmt: skip


@pytest.fixture(scope="module")
def world(committed):  # noqa: F811 - the fixture
    """The household, everything written, and then the shield."""
    city = w.city()
    elderly = city.agencies["elderly"]
    city.members["elderly3"] = w.make_member(elderly, "consultation_worker")
    city.members["guest"] = w.make_member(city.agencies["coordinator"], "guest")
    mother = write_everything(city)
    with w.act(city.elderly):
        person = Person.objects.get(pk=mother.pk)
        from_now = timezone.localdate().replace(year=timezone.localdate().year + 1, day=1)
        add_where(person, city.elderly)
        shield = propose_shield(
            person=person, by=city.elderly, ground="abuse", expires_on=from_now,
            confirmer=city.elderly2,
        )  # fmt: skip
    with w.act(city.elderly2):
        confirm_shield(shield=shield, by=city.elderly2)
    # Somebody not on the list goes on writing, and guesses.
    with w.act(city.disability):
        write_note(case=person.case, by=city.disability, method="phone", text=f"{SCHOOL}か？")
    write_duties(city, person)
    return city


def write_duties(city: w.World, person: Person) -> None:
    """The register and an emergency, beneath the shield: their words hold values as well."""
    today = timezone.localdate()
    ground = LegalBasis.objects.get(code="body-life")
    with w.act(city.disability):
        record_disclosure(
            case=person.case, by=city.disability, form_key=uuid.uuid4(),
            facts=DisclosureFacts(
                kind="provided", on=today, ground=ground, recipient=REGISTER[0],
                purpose=REGISTER[1], persons=[person], categories=["health"],
            ),
        )  # fmt: skip
    agency = Agency.objects.select_related("of_type").get(pk=city.agencies["child"].pk)
    facts = EmergencyFacts(
        danger="life", ground=emergency_grounds(agency, today)[0], number=person.case.number,
        reason=EMERGENCY[0],
    )  # fmt: skip
    with w.act(city.child):
        assert open_emergency(by=city.child, facts=facts) is not None


def add_where(person: Person, by: Any) -> None:
    """School, work and station become known later."""
    from cases.operations import change_person

    change_person(
        person=person, by=by, version=person.version,
        facts=PersonFacts(
            name=person.name, name_kana=person.name_kana, birth_on=person.birth_on, phone=PHONE,
            address=ADDRESS, school=SCHOOL, workplace=WORKPLACE, whereabouts=STATION,
        ),
    )  # fmt: skip


OUTSIDERS = (
    "elderly3", "disability", "coordinator", "head", "outreach", "participation", "community",
    "child", "admin", "privacy", "sysadmin", "guest",
)  # fmt: skip
# Each of them asks every address in `make prove`; here those who come nearest: a colleague, and
# whoever has the case open in an emergency.
NEAREST = ("elderly3", "child")


def words_of(response: Any) -> str:
    """What leaves with an answer, a spreadsheet unpacked, headers too."""
    body = response.content
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"".join(book.read(name) for name in book.namelist())
    return body.decode(errors="replace") + str(response.headers)


def without_own(name: str, where: str, text: str) -> str:
    """What somebody is shown, less what they wrote themselves."""
    for words in OWN_WORDS.get(name, []) if where in DUTIES else []:
        text = text.replace(words, "")
    return text


def found_in(text: str) -> list[str]:
    return [value for value in HIDDEN if value in text]


def test_every_address_stands_in_the_list():
    named = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert named == {*PAGES, *HISTORIES, *PRINTS, *FILES}


def test_every_command_stands_in_the_list():
    rooms = {config.name for config in apps.get_app_configs()}
    ours = {name for name, app in get_commands().items() if app in rooms and _is_ours(app)}
    assert ours == COMMANDS


def _is_ours(app: str) -> bool:
    return app.split(".")[0] in ("agencies", "cases", "plans", "meetings", "outreach",
                                 "participation", "community", "reports", "config")  # fmt: skip


def test_no_room_sends_mail_by_itself():
    """A new sender of mails has to come here first: the daily one holds numbers alone."""
    root = Path(__file__).parents[1]
    rooms = ("agencies", "cases", "plans", "meetings", "outreach", "participation", "community",
             "reports")  # fmt: skip
    senders = [
        path.relative_to(root)
        for room in rooms
        for path in (root / room).rglob("*.py")
        if any(word in path.read_text() for word in ("send_mail", "EmailMessage", "mail_admins"))
    ]
    assert senders == [Path("agencies/operations/mail.py")]


@pytest.mark.parametrize("name", NEAREST)
def test_no_page_shows_the_values_to_who_is_not_on_the_list(world, name):
    assert shown_to(world, name) == {}


def shown_to(world: w.World, name: str) -> dict[str, list[str]]:
    """Address -> the hidden values it shows to somebody."""
    browser = sign_in(Client(raise_request_exception=True), world.members[name])
    shown = {}
    for path, url in addresses():
        response = browser.get(url)
        assert response.status_code < 500, url
        if values := found_in(without_own(name, path, words_of(response))):
            shown[f"{path} {url}"] = values
    return shown


@pytest.mark.parametrize("name", ["disability"])
def test_no_search_and_no_form_sent_empty_shows_them(world, name):
    browser = sign_in(Client(), world.members[name])
    shown = {}
    for typed in ("架空野 鈴", "かくうの", PHONE, "0907777", "1985"):
        response = browser.post(reverse("case_search"), {"q": typed})
        if values := found_in(words_of(response).replace(typed, "")):
            shown[typed] = values
    for path, url in addresses():
        if path in ("signout", "switch_membership"):
            continue
        with transaction.atomic():
            response = browser.post(url, {})
            transaction.set_rollback(True)
        assert response.status_code < 500, url
        if values := found_in(without_own(name, path, words_of(response))):
            shown[f"POST {path} {url}"] = values
    assert shown == {}


def test_no_telephone_number_finds_a_shielded_person(world):
    def hits(name: str) -> bytes:
        browser = sign_in(Client(), world.members[name])
        return browser.post(reverse("case_search"), {"q": "09077771234"}).content

    assert "鈴" in hits("elderly").decode()
    assert "鈴" not in hits("elderly3").decode()


def test_error_pages_do_not_show_them(world):
    browser = sign_in(Client(), world.members["disability"])
    for url in (f"/cases/{uuid.uuid4()}/", "/no-such-page/", f"/shields/{uuid.uuid4()}/"):
        response = browser.get(url)
        assert response.status_code == 404
        assert found_in(words_of(response)) == []


def test_notices_jobs_and_the_log_hold_no_value(world):
    assert mail.outbox == []
    for sql in (
        "SELECT string_agg(title || url, ' ') FROM agencies_notice",
        "SELECT string_agg(args::text || error, ' ') FROM agencies_job",
        "SELECT string_agg(what || basis, ' ') FROM agencies_accesslog",
    ):
        assert found_in(str(rows(sql))) == []


@pytest.mark.parametrize("name", ["elderly3", "disability", "head", "privacy"])
def test_explain_access_tells_that_it_is_closed_and_not_what(world, name):
    (number,) = rows("SELECT number FROM cases_case")
    for record in rows("SELECT id FROM cases_record"):
        out = io.StringIO()
        call_command(
            "explain_access", user=world.members[name].user.username, case=number,
            record=str(record), stdout=out,
        )  # fmt: skip
        assert found_in(out.getvalue()) == []


def test_explain_access_refuses_what_does_not_exist(world):
    with pytest.raises(CommandError):
        call_command("explain_access", user="nobody", case="K0", stdout=io.StringIO())


@pytest.mark.parametrize("name", OUTSIDERS)
def test_no_table_gives_them_to_raw_sql(world, name):
    """Every text of every table, over the application's login, without any filter."""
    tables = rows(
        "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace"
        " AND c.relkind = 'r' AND c.relforcerowsecurity"
    )
    shown = {}
    with w.act(world.members[name]), connections["default"].cursor() as cursor:
        for table in tables:
            if name == "privacy" and table in DUTIES:
                continue
            cursor.execute(f'SELECT string_agg(to_jsonb(t)::text, chr(10)) FROM "{table}" AS t')
            if values := found_in(without_own(name, table, str(cursor.fetchone()[0]))):
                shown[table] = values
    assert shown == {}


def test_a_list_member_sees_them(world):
    browser = sign_in(Client(), world.members["elderly"])
    # (The bare digits are for the search alone.)
    seen: dict[str, set[str]] = {value: set() for value in HIDDEN if value != "09077771234"}
    for path, url in addresses():
        response = browser.get(url)
        assert response.status_code < 500, url
        for value in set(found_in(words_of(response))) & set(seen):
            seen[value].add(path)
    assert all(seen.values()), seen
    assert "case_detail" in seen["しろがね町"]
    assert "person_edit" in seen[PHONE]


def test_paper_of_a_list_member_says_that_it_shows_what_is_hidden(world):
    (case,) = rows("SELECT id FROM cases_case")
    url = reverse("case_print", args=[case])
    mine = sign_in(Client(), world.members["elderly"]).get(url).content.decode()
    assert "名簿の人のほかには渡さないでください" in mine
    other = sign_in(Client(), world.members["elderly3"]).get(url).content.decode()
    assert "名簿の人のほかには渡さないでください" not in other
    assert "shield-mark" not in mine + other


def test_who_is_not_on_the_list_is_told_that_what_they_wrote_waits(world):
    (case,) = rows("SELECT id FROM cases_case")
    son = Person.objects.none()
    with w.act(world.disability):
        son = Person.objects.get(case=case, name="架空野 渡")
    browser = sign_in(Client(), world.members["disability"])
    typed = {
        "form_key": str(uuid.uuid4()), "method": "phone", "on": str(timezone.localdate()),
        "about": [str(son.pk)], "text": "学校の話をした", "category": "progress",
        "audience": "team",
    }  # fmt: skip
    response = browser.post(reverse("note_new", args=[case]), typed, follow=True)
    page = response.content.decode()
    assert "名簿の人が確認すると表示されます" in page
    assert "学校の話をした" not in page
    mine = sign_in(Client(), world.members["elderly2"])
    shield = rows("SELECT id FROM cases_shield")[0]
    assert "学校の話をした" in mine.get(reverse("shield_holds", args=[shield])).content.decode()


def test_a_list_member_is_told_beside_the_field(world):
    (case,) = rows("SELECT id FROM cases_case")
    with w.act(world.elderly):
        son = Person.objects.get(case=case, name="架空野 渡")
        mother = Person.objects.get(case=case, name="架空野 鈴")
    browser = sign_in(Client(), world.members["elderly"])
    typed = {
        "form_key": str(uuid.uuid4()), "method": "phone", "on": str(timezone.localdate()),
        "about": [str(son.pk)], "text": "しろがね町７丁目に迎えに行った", "category": "progress",
        "audience": "team",
    }  # fmt: skip
    url = reverse("note_new", args=[case])
    with transaction.atomic():
        refused = browser.post(url, typed)
        assert refused.status_code == 422
        assert "隠している情報（住所）と同じことば" in refused.content.decode()
        assert "しろがね町７丁目に迎えに行った" in refused.content.decode()
        kept = browser.post(url, {**typed, "about": [str(mother.pk)]})
        assert kept.status_code == 302
        transaction.set_rollback(True)


def test_reminder_names_nobody_and_lifts_nothing(world):
    from agencies.tasks import system_membership
    from cases.operations.shield import expiring_shields, remind_of_shield

    (shield,) = rows("SELECT id FROM cases_shield")
    scheduler = system_membership("scheduler")
    with transaction.atomic():
        with w.act(world.elderly):
            Shield.objects.filter(pk=shield).update(expires_on=timezone.localdate())
        with w.act(scheduler):
            assert [key for key, _day in expiring_shields()] == [shield]
            remind_of_shield(shield)
            remind_of_shield(shield)
        with w.act(world.elderly2):
            mine = Notice.objects.visible_to(world.elderly2).filter(title__contains="見直しの期限")
            assert mine.count() == 1
            assert Shield.objects.get(pk=shield).is_in_force
            assert ShieldHold.objects.visible_to(world.elderly2).waiting().exists()
        transaction.set_rollback(True)
