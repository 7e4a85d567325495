"""A record moved to another category or audience: who may, who reads it then, what stays (V13)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from cases.models import Note, Record, Refiling
from cases.operations import change_note, refile_record
from tests import world as w
from tests.cases.pages import get, note, page, post, referred, text

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def city():
    return w.city()


def moved(city, key, **changed):
    with w.act(city.elderly):
        record = Record.objects.get(pk=key)
        to = {"category": record.category, "audience": record.audience, "reason": "書き分け"}
        refile_record(record=record, by=city.elderly, **{**to, **changed})


def move(by, key, category="health", audience="team", because="x"):
    with w.act(by), connection.cursor() as cursor:
        cursor.execute(
            "select kasane.refile_record(%s, %s, %s, %s)", [key, category, audience, because]
        )


def test_the_screen_says_who_reads_it_then_and_moves_it(city):
    case, mother, _son, _given = referred(city, categories=["basic", "progress"])
    key = note(city.elderly, case, "薬のこと", [mother])
    assert "薬のこと" in text(page(city.disability, case))
    url = f"/records/{key}/refile/"
    assert url in text(get(city.elderly, f"/notes/{key}/edit/"))
    assert "いまは「支援経過」" in text(get(city.elderly, url))
    data = {"category": "health", "audience": "team", "reason": "薬の内容のため"}
    shown = text(post(city.elderly, url, data))
    assert f"読めなくなる機関：{city.agencies['disability'].name}" in shown
    assert "薬のこと" in text(page(city.disability, case))
    assert post(city.elderly, url, {**data, "confirmed": "1"}).status_code == 302
    assert "薬のこと" not in text(page(city.disability, case))
    assert "薬の内容のため" in text(get(city.elderly, url))


@pytest.mark.parametrize(
    ("who", "status"),
    [("elderly2", 200), ("disability", 403), ("child", 404), ("privacy", 403), ("sysadmin", 403)],
)
def test_who_moves_it(city, who, status):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "記録", [mother])
    assert get(city.members[who], f"/records/{key}/refile/").status_code == status


def test_an_agency_only_record_opens_to_the_team_but_its_past_does_not(city):
    """V13: who sees the record as it now is, but not as it was, reads no former version."""
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "はじめの言葉", [mother], audience="agency")
    with w.act(city.elderly):
        kept = Note.objects.get(pk=key)
        change_note(
            note=kept, by=city.elderly, version=1, reason="訂正", text="直した言葉", method="visit"
        )
    moved(city, key, audience="team")
    with w.act(city.disability):
        assert Note.objects.filter(pk=key).exists()
        assert not Note.history.filter(record_id=key).exists()
        assert not Refiling.objects.filter(record_id=key).exists()
    with w.act(city.elderly):
        assert Note.history.filter(record_id=key).count() >= 2
        kept = Note.objects.get(pk=key)
        change_note(
            note=kept, by=city.elderly, version=2, reason="訂正", text="あとの言葉", method="visit"
        )
    with w.act(city.disability):
        texts = set(Note.history.filter(record_id=key).values_list("text", flat=True))
    assert texts == {"あとの言葉"}
    assert readers(city) == {"elderly"}


def readers(city):
    """Who sees that something was moved, by the database and by the door."""
    found = set()
    for who in ("elderly", "disability", "child", "privacy"):
        by = city.members[who]
        with w.act(by):
            floor = Refiling._base_manager.exists()
            assert Refiling.objects.visible_to(by).exists() == floor
        found |= {who} if floor else set()
    return found


def test_a_move_within_what_is_covered_is_told(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "記録", [mother])
    moved(city, key, category="money")
    assert readers(city) == {"elderly", "disability"}
    with w.act(city.disability):
        assert Note.history.filter(record_id=key).exists()


def test_the_database_moves_nothing_else(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "記録", [mother])
    told = note(city.elderly, case, "通告者", [mother], category="notifier")
    for by, record, changed in (
        (city.disability, key, {}),
        (city.child, key, {}),
        (city.privacy, key, {}),
        (city.elderly, key, {"category": "plan"}),
        (city.elderly, key, {"category": "nonsense"}),
        (city.elderly, key, {"category": "progress"}),
        (city.elderly, key, {"because": ""}),
        (city.elderly, told, {"category": "progress"}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            move(by, record, **changed)
    with pytest.raises(DatabaseError), transaction.atomic(), w.act(city.elderly):
        Record.objects.filter(pk=key).update(category="health")


def test_a_reason_and_a_change_are_needed(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "記録", [mother])
    url = f"/records/{key}/refile/"
    same = {"category": "progress", "audience": "team", "reason": "理由", "confirmed": "1"}
    assert "いまと同じです" in text(post(city.elderly, url, same), 422)
    bare = {"category": "health", "audience": "team", "reason": ""}
    assert "移す理由を入れてください" in text(post(city.elderly, url, bare), 422)
