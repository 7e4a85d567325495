"""下書き: kept while one types, gone on with, gone once sent; nobody else's, and no case that has
closed to its writer."""

from __future__ import annotations

import datetime
import re
import uuid
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.enums import SystemName
from agencies.models import AccessLog
from agencies.sessions import stored_key
from agencies.tasks import file_due_jobs, sweep, system_membership
from cases import enums
from cases.drafts import draft_todos, read_token
from cases.models import Consent, Draft, Note
from cases.operations import confirm_shield, propose_shield, withdraw_consent
from cases.operations.drafts import MOST_CHARACTERS
from config.lib.acting import acting
from config.lib.registry import registry
from tests import houses as h
from tests import world as w
from tests.addresses import addresses
from tests.cases.test_intake import MY_NUMBER, sheet
from tests.meetings.situations import make_sitting
from tests.owner import as_owner
from tests.signing import sign_in

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.database]
TOKEN = re.compile(r'name="draft_token" value="([^"]+)"')


@pytest.fixture
def city():
    return w.city()


@pytest.fixture
def tab(city):
    return sign_in(Client(), city.elderly)


def token(tab: Client, url: str) -> str:
    """The page's own word on what it is."""
    found = TOKEN.search(tab.get(url).content.decode())
    assert found
    return found[1]


def keep(tab: Client, signed: str, **typed: Any) -> Any:
    return tab.post(reverse("draft_save"), {"draft_token": signed, **typed})


def drafts(member: Any) -> list[Draft]:
    with w.act(member):
        return list(Draft.objects.visible_to(member).order_by("saved_at"))


def all_drafts() -> int:
    with as_owner():
        return Draft.objects.count()


def test_typing_keeps_one_draft_and_home_offers_it(tab, city):
    signed = token(tab, reverse("consultation_new"))
    assert keep(tab, signed, complaint="電話があり").status_code == 200
    said = keep(tab, signed, complaint="電話があり、家賃が").json()["saved"]
    assert re.fullmatch(r"\d\d:\d\d", said)
    (draft,) = drafts(city.elderly)
    assert draft.typed == [["complaint", "電話があり、家賃が"]]
    for page in (reverse("home"), reverse("draft_list")):
        body = tab.get(page).content.decode()
        assert f"{reverse('consultation_new')}?draft={draft.pk}" in body
        assert "相談受付" in body


def test_what_was_begun_is_told_within_its_budget_and_logged_with_its_page(tab, city):
    house = h.home(city.elderly, city)
    keep(tab, token(tab, reverse("note_new", args=[house.case.pk])), text="訪問した")
    (draft,) = drafts(city.elderly)
    (entry,) = [one for one in registry.entries("todos") if one.call is draft_todos]
    with w.act(city.elderly), CaptureQueriesContext(connection) as queries:
        (todo,) = draft_todos(city.elderly)
    assert len(queries) - 3 <= entry.queries  # savepoint, actor, actor before
    assert todo.record_id == draft.pk
    assert "世帯" in todo.detail
    assert tab.get(reverse("home")).status_code == 200
    with w.act(city.elderly):
        look = AccessLog.objects.get(what="home", action="list")
        assert draft.pk in look.record_ids
        assert not AccessLog.objects.filter(what="drafts").exists()


def test_going_on_gives_back_every_word_and_keeps_the_same_draft(tab, city):
    page = reverse("consultation_new")
    keep(tab, token(tab, page), complaint="一行目\r\n二行目", issue_debt="applies")
    (draft,) = drafts(city.elderly)
    found = tab.get(reverse("draft_typed", args=[draft.pk])).json()
    assert found["typed"] == [["complaint", "一行目\r\n二行目"], ["issue_debt", "applies"]]
    again = token(tab, f"{page}?draft={draft.pk}")
    keep(tab, again, complaint="三行目")
    assert [one.pk for one in drafts(city.elderly)] == [draft.pk]


def test_page_opened_anew_names_its_drafts_and_no_other_pages(tab, city):
    house = h.home(city.elderly, city)
    page = reverse("note_new", args=[house.case.pk])
    keep(tab, token(tab, page), text="訪問した")
    here = tab.get(reverse("draft_here"), {"page": page}).content.decode()
    assert f"{page}?draft=" in here
    other = tab.get(reverse("draft_here"), {"page": reverse("consultation_new")})
    assert "draft=" not in other.content.decode()


def test_sent_form_takes_its_draft_with_it(tab, city):
    signed = token(tab, reverse("consultation_new"))
    keep(tab, signed, complaint="家賃が")
    sent = tab.post(reverse("consultation_new"), sheet(draft_token=signed))
    assert sent.status_code == 302
    assert all_drafts() == 0


def test_refused_form_keeps_its_draft_and_its_key(tab, city):
    signed = token(tab, reverse("consultation_new"))
    keep(tab, signed, complaint="家賃が")
    (draft,) = drafts(city.elderly)
    again = tab.post(reverse("consultation_new"), sheet(draft_token=signed, urgency="いつか"))
    assert again.status_code == 422
    keep(tab, TOKEN.search(again.content.decode())[1], complaint="家賃が払えない")
    assert [one.pk for one in drafts(city.elderly)] == [draft.pk]


def test_a_my_number_is_not_kept_and_one_sentence_says_so(tab, city):
    signed = token(tab, reverse("consultation_new"))
    keep(tab, signed, complaint="前の文")
    refused = keep(tab, signed, complaint=f"番号は {MY_NUMBER}")
    assert refused.status_code == 422
    assert "マイナンバー" in refused.json()["said"]
    assert MY_NUMBER not in refused.content.decode()
    # Neither the number nor what of it was kept before.
    assert drafts(city.elderly)[0].typed == [["complaint", ""]]
    declared = keep(tab, signed, complaint=f"番号は {MY_NUMBER}", not_my_number="on")
    assert declared.status_code == 200


def test_more_than_any_form_takes_is_refused_in_words(tab, city):
    signed = token(tab, reverse("consultation_new"))
    refused = keep(tab, signed, complaint="あ" * (MOST_CHARACTERS + 1))
    assert refused.status_code == 422
    assert "長すぎる" in refused.json()["said"]
    assert all_drafts() == 0


@pytest.mark.parametrize("signed", ["", "x", "eyJ:1:2"])
def test_what_no_page_has_signed_is_not_kept(tab, signed):
    assert keep(tab, signed, complaint="文").status_code == 404
    assert all_drafts() == 0


def test_page_opened_by_somebody_else_is_neither_kept_nor_taken(tab, city):
    """A shared computer: another person has signed in meanwhile."""
    signed = token(tab, reverse("consultation_new"))
    other = sign_in(Client(), city.disability)
    refused = keep(other, signed, complaint="前の人の文")
    assert refused.status_code == 409
    assert "別の人" in refused.json()["said"]
    sent = other.post(reverse("consultation_new"), sheet(draft_token=signed))
    assert sent.status_code == 403
    assert "別の人" in sent.content.decode()
    assert all_drafts() == 0


def test_nobody_else_reads_or_discards_a_draft(tab, city):
    """Not even a colleague of the same agency (V13)."""
    keep(tab, token(tab, reverse("consultation_new")), complaint="文")
    (draft,) = drafts(city.elderly)
    colleague = w.make_member(city.agencies["elderly"], "consultation_worker")
    for member in (colleague, city.disability, city.coordinator):
        other = sign_in(Client(), member)
        assert other.get(reverse("draft_typed", args=[draft.pk])).status_code == 404
        assert other.post(reverse("draft_discard", args=[draft.pk])).status_code == 404
        with w.act(member):
            assert not Draft.objects.exists()
    assert all_drafts() == 1


def test_discarded_draft_is_gone(tab, city):
    keep(tab, token(tab, reverse("consultation_new")), complaint="文")
    (draft,) = drafts(city.elderly)
    assert tab.post(reverse("draft_discard", args=[draft.pk])).status_code == 302
    assert all_drafts() == 0


def test_draft_closes_with_its_case_and_is_kept_no_more(city):
    """The consent is withdrawn while somebody of another agency writes (V3)."""
    house = h.home(city.elderly, city)
    h.let_in(house, "disability")
    helper = sign_in(Client(), city.disability)
    signed = token(helper, reverse("note_new", args=[house.case.pk]))
    assert keep(helper, signed, text="様子を見た").status_code == 200
    (draft,) = drafts(city.disability)
    with w.act(city.elderly):
        for consent in Consent.objects.visible_to(city.elderly).order_by("id"):
            withdraw_consent(consent=consent, by=city.elderly, reason="本人の希望")
    assert drafts(city.disability) == []
    assert helper.get(reverse("draft_typed", args=[draft.pk])).status_code == 404
    refused = keep(helper, signed, text="様子を見に行った")
    assert refused.status_code == 409
    assert "書けない" in refused.json()["said"]
    body = helper.get(reverse("home")).content.decode()
    assert "続きを書く" not in body


def test_draft_is_closed_beneath_a_shield_whose_list_its_writer_is_not_on(city):
    """V9."""
    house = h.home(city.elderly, city)
    colleague = w.make_member(city.agencies["elderly"], "consultation_worker")
    tab = sign_in(Client(), colleague)
    signed = token(tab, reverse("note_new", args=[house.case.pk]))
    keep(tab, signed, text="新しい住所は架空町")
    assert len(drafts(colleague)) == 1
    second = w.make_member(city.agencies["elderly"], "consultation_worker")
    with w.act(city.elderly):
        shield = propose_shield(
            person=house.persons[0], by=city.elderly, confirmer=second, form_key=uuid.uuid4(),
            ground=enums.ShieldGround.ABUSE,
            expires_on=timezone.localdate() + datetime.timedelta(days=365),
        )  # fmt: skip
    with w.act(second):
        confirm_shield(shield=shield, by=second)
    assert drafts(colleague) == []
    assert keep(tab, signed, text="新しい住所は架空町1").status_code == 409


def test_reading_a_draft_is_a_look_and_typing_is_none(tab, city):
    house = h.home(city.elderly, city)
    signed = token(tab, reverse("note_new", args=[house.case.pk]))
    with as_owner():
        before = AccessLog.objects.count()
    keep(tab, signed, text="訪問した")
    with as_owner():
        assert AccessLog.objects.count() == before
    (draft,) = drafts(city.elderly)
    tab.get(reverse("draft_typed", args=[draft.pk]))
    with as_owner():
        line = AccessLog.objects.order_by("at", "id").last()
    assert (line.what, line.case_id, line.record_ids) == ("draft", house.case.pk, [draft.pk])


def test_what_a_page_keeps_by_itself_does_not_prolong_the_session(tab, city):
    """Half an hour without a press of anybody's ends it, however often the page keeps a draft."""
    signed = token(tab, reverse("consultation_new"))

    def seen() -> Any:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("select seen_at from kasane.session where kind = 'person'")
            return cursor.fetchone()[0]

    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "update kasane.session set seen_at = now() - interval '20 minutes'"
            " where kind = 'person'"
        )
    stored = Session.objects.filter(session_key=stored_key(tab.session.session_key))
    stored.update(expire_date=timezone.now() + datetime.timedelta(minutes=10))
    before, ends = seen(), stored.get().expire_date
    assert keep(tab, signed, complaint="文").status_code == 200
    assert seen() == before
    assert stored.get().expire_date == ends
    tab.get(reverse("consultation_new"))
    assert seen() > before
    assert stored.get().expire_date > ends


def test_session_over_keeps_nothing_and_says_where_to_sign_in(tab, city):
    signed = token(tab, reverse("consultation_new"))
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "update kasane.session set seen_at = now() - interval '31 minutes'"
            " where kind = 'person'"
        )
    answer = keep(tab, signed, complaint="文")
    assert answer.status_code == 302
    assert answer.url.startswith("/signin/")
    assert all_drafts() == 0


def test_drafts_untouched_for_thirty_days_are_forgotten(tab, city):
    keep(tab, token(tab, reverse("consultation_new")), complaint="古い文")
    keep(tab, token(tab, reverse("consultation_new")), complaint="新しい文")
    with as_owner():
        old = Draft.objects.order_by("saved_at").first()
        Draft.objects.filter(pk=old.pk).update(
            saved_at=timezone.now() - datetime.timedelta(days=31)
        )
    with acting(system_membership(SystemName.SCHEDULER).pk):
        file_due_jobs()
    sweep()
    assert [one.typed[0][1] for one in drafts(city.elderly)] == ["新しい文"]


def test_only_the_retention_forgets(tab, city):
    keep(tab, token(tab, reverse("consultation_new")), complaint="文")
    for member in (city.elderly.pk, system_membership(SystemName.SCHEDULER).pk):
        with (
            acting(member),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("select kasane.forget_drafts(interval '30 days')")
    assert all_drafts() == 1


def test_the_database_holds_a_draft_to_its_writer(city):
    """Raw SQL over the application's login: no draft in another's name, none of a closed case."""
    house = h.home(city.elderly, city)
    row = (
        "insert into cases_draft (id, membership_id, case_id, page, title, typed, saved_at)"
        " values (%s, %s, %s, '/', '', '[]', now())"
    )
    for by, name, case in (
        (city.disability, city.elderly, None),
        (city.disability, city.disability, house.case),
    ):
        with (
            w.act(by),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(row, [uuid.uuid4(), name.pk, case and case.pk])


def test_sheet_gone_on_with_is_taken_once(tab, city):
    """The page broke down after it was sent: its draft is of the same form (`form_key`)."""
    house = h.home(city.elderly, city)
    page = reverse("note_new", args=[house.case.pk])
    form = tab.get(page).context["form"]
    data = {
        "form_key": str(form["form_key"].value()), "text": "訪問した", "method": "visit",
        "on": "R8.11.1", "about": "household", "audience": "team", "category": "progress",
    }  # fmt: skip
    assert tab.post(page, data).status_code == 302
    signed = token(tab, page)
    keep(tab, signed, **data)
    assert tab.post(page, {**data, "draft_token": signed}).status_code == 302
    with w.act(city.elderly):
        assert Note.objects.visible_to(city.elderly).filter(text="訪問した").count() == 1
    assert all_drafts() == 0


def test_draft_of_one_case_is_no_place_for_another(tab, city):
    """An address with somebody's own draft of another case in it: a draft of its own is kept."""
    first, second = h.home(city.elderly, city), h.home(city.elderly, city)
    page = reverse("note_new", args=[first.case.pk])
    keep(tab, token(tab, page), text="一つ目の世帯")
    (draft,) = drafts(city.elderly)
    other = f"{reverse('note_new', args=[second.case.pk])}?draft={draft.pk}"
    assert keep(tab, token(tab, other), text="二つ目の世帯").status_code == 409
    assert drafts(city.elderly)[0].typed == [["text", "一つ目の世帯"]]


def kept_as(tab: Client, url: str) -> Any:
    """Under what the form of this page is kept; None where it is not."""
    found = TOKEN.search(tab.get(url).content.decode())
    return read_token(found[1]) if found else None


# Every form of a case in which something longer is written, with the query that says what it asks.
LONG_FORMS = [
    "person_edit", "note_new", "note_edit", "issue_new?issue_type=debt", "issue_solve",
    "assessment_new?category=health&about=household", "assessment_edit", "caution_new",
    "caution_edit", "caution_end", "tie_new?kind=partner", "tie_edit", "risk_decide",
    "record_refile", "referral_new?mode=consent", "consent_new", "consent_narrow", "consent_renew",
    "consent_withdraw", "disclosure_new?kind=used", "transfer_new", "household_split",
    "household_merge", "case_close", "plan_new", "plan_edit",
]  # fmt: skip


def test_every_long_form_is_kept_where_its_address_asks_it(tab, city):
    """… on its case, so that a draft closes with it."""
    house = h.home(city.elderly, city)
    h.let_in(house, "disability")
    h.written(house)
    h.planned(house)
    for one in LONG_FORMS:
        name, _mark, query = one.partition("?")
        address = next(a for a in addresses() if a.name == name)
        url = address.url(**{key: house.key(name, key) for key in address.keys})
        page = f"{url}?{query}" if query else url
        token = kept_as(tab, page)
        assert token is not None, one
        assert (token.page, token.case_id) == (page, house.case.pk), one
        assert kept_as(tab, f"{page}{'&' if query else '?'}draft={uuid.uuid4()}").page == page, one


def test_agenda_item_is_kept_where_consent_rules_and_never_under_secrecy(city):
    """V6: words of a sealed item stand nowhere else."""
    house = h.home(city.elderly, city)
    w.list_secretary(city, city.elderly)
    tab = sign_in(Client(), city.elderly)
    for code, is_kept in (("plan", True), ("support", False)):
        sitting = make_sitting(city, code, days=5)
        query = f"?case={house.case.pk}&sitting={sitting.pk}&body={city.conferences[code].pk}"
        page = reverse("item_new") + query
        token = kept_as(tab, page)
        assert (token is not None) == is_kept
        if token:
            assert (token.page, token.case_id) == (page, house.case.pk)


def test_draft_goes_with_the_page_that_asks_once_more(tab, city):
    """同意を狭める: the form, what it closes, done; 「内容を直す」 goes on with the same draft."""
    house = h.home(city.elderly, city)
    h.let_in(house, "disability")
    page = reverse("consent_narrow", args=[house.keys["consent_id"]])
    opened = tab.get(page)
    signed = TOKEN.search(opened.content.decode())[1]
    keep(tab, signed, reason="本人の希望")
    (draft,) = drafts(city.elderly)
    form = opened.context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"categories": ["basic"], "draft_token": signed}
    asked = tab.post(page, data)
    assert asked.templates[0].name == "cases/consent_confirm.html"
    again = tab.post(page, {**data, "edit": "1"}).content.decode()
    assert read_token(TOKEN.search(again)[1]).key == draft.pk
    sent = TOKEN.search(asked.content.decode())[1]
    assert tab.post(page, {**data, "draft_token": sent, "confirmed": "1"}).status_code == 302
    assert all_drafts() == 0


def test_a_form_with_nothing_typed_is_no_draft(tab, city):
    """What every form carries along is nobody's words; what is all taken back goes."""
    signed = token(tab, reverse("consultation_new"))
    carried = {"form_key": str(uuid.uuid4()), "version": "1"}
    empty = keep(tab, signed, draft_names="", **carried)
    assert (empty.status_code, empty.json()) == (200, {"saved": ""})
    assert all_drafts() == 0
    keep(tab, signed, draft_names="complaint", complaint="家賃が", **carried)
    assert all_drafts() == 1
    assert keep(tab, signed, draft_names="", **carried).json() == {"saved": ""}
    assert all_drafts() == 0


def test_an_emptied_field_is_something_its_writer_did(tab, city):
    signed = token(tab, reverse("consultation_new"))
    keep(tab, signed, draft_names="complaint", complaint="")
    assert drafts(city.elderly)[0].typed == [["complaint", ""]]


def test_a_sent_referral_takes_its_draft_with_it(tab, city):
    """Looked at, gone back to and sent: what its writer has changed is known all the way."""
    house = h.home(city.elderly, city)
    h.let_in(house, "disability")
    page = reverse("referral_new", args=[house.case.pk])
    signed = token(tab, page)
    names = "summary reason"
    keep(tab, signed, draft_names=names, summary="様子", reason="お願い")
    data = {
        "mode": "consent", "form_key": str(uuid.uuid4()), "persons": [str(house.persons[0].pk)],
        "to_agency": city.agencies["disability"].pk, "reason": "お願い", "summary": "様子",
        "draft_token": signed, "draft_names": names,
    }  # fmt: skip
    asked = tab.post(page, {**data, "step": "check"})
    assert asked.templates[0].name == "cases/referral_confirm.html"
    assert f'name="draft_names" value="{names}"' in asked.content.decode()
    sent = TOKEN.search(asked.content.decode())[1]
    back = tab.post(page, {**data, "draft_token": sent, "step": "edit"}).content.decode()
    assert f'name="draft_names" value="{names}"' in back
    assert all_drafts() == 1
    assert tab.post(page, {**data, "draft_token": sent, "step": "send"}).status_code == 302
    assert all_drafts() == 0
