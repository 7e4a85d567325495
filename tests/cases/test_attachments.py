"""Files of a record: who gets them, how they are handed out, what is refused in a sentence."""

from __future__ import annotations

import datetime
import io
import re
import uuid
import zipfile
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import override_settings
from psycopg.errors import InsufficientPrivilege

from agencies.models import AccessLog
from cases.models import Attachment, AttachmentContent, Note
from cases.operations import attach_files, close_case, withdraw_consent
from cases.operations.attachments import NewFile
from config.lib.eras import TOKYO
from tests import world as w
from tests.cases.pages import client, get, note, page, post, referred, text

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
MY_NUMBER = "123456789018"  # passes the check digit, belongs to nobody


@pytest.fixture
def city():
    return w.city()


def upload(name="写真.png", content=PNG):
    return SimpleUploadedFile(name, content)


def filled(*files, **changed):
    return {
        "form_key": str(uuid.uuid4()),
        "method": "phone",
        "on": "R8.5.1",
        "at": "",
        "with_whom": "花さん",
        "place": "",
        "about": ["household"],
        "text": "電話で話した",
        "next_step": "来週訪問",
        "category": "progress",
        "audience": "team",
        "attachments": list(files),
        **changed,
    }


def attached(by, key, *files):
    """A note's files, as its agency adds them."""
    with w.act(by):
        record = Note.objects.select_related("record__case").get(pk=key).record
        attach_files(record=record, by=by, files=[NewFile.check(f) for f in files or [upload()]])
        return list(Attachment.objects.filter(record=record).order_by("added_at"))


def url(attachment):
    return f"/attachments/{attachment.pk}/"


# --- writing ------------------------------------------------------------------------------------


def test_note_is_written_with_its_files_which_stand_under_it(city):
    case, _persons = w.household(city.elderly)
    answer = post(
        city.elderly,
        f"/cases/{case.pk}/notes/new/",
        filled(upload(), upload("督促状.PDF", PDF)),
    )
    assert answer.status_code == 302
    with w.act(city.elderly):
        rows = {a.name: a for a in Attachment.objects.select_related("content")}
        assert set(rows) == {"写真.png", "督促状.pdf"}
        assert bytes(rows["写真.png"].content.data) == PNG
        assert (rows["写真.png"].size, rows["写真.png"].media_type) == (len(PNG), "image/png")
        assert len(rows["写真.png"].sha256) == 64
    shown = text(page(city.elderly, case))
    assert "督促状.pdf" in shown
    assert "画像" in shown
    assert url(rows["写真.png"]) in shown
    assert "督促状.pdf" in text(get(city.elderly, f"/cases/{case.pk}/print/"))


def edit(*files, **changed):
    return {
        "method": "visit",
        "on": "R8.5.1",
        "with_whom": "",
        "place": "",
        "text": "もとの文",
        "next_step": "",
        "version": "1",
        "reason": "聞きちがい",
        "attachments": list(files),
        **changed,
    }


def test_file_is_added_later_without_a_new_version_and_once(city):
    case, _persons = w.household(city.elderly)
    day = datetime.datetime(2026, 5, 1, tzinfo=TOKYO)
    key = note(city.elderly, case, "もとの文", happened_at=day)
    for _again in range(2):
        assert post(city.elderly2, f"/notes/{key}/edit/", edit(upload())).status_code == 302
    shown = text(page(city.elderly, case))
    assert "写真.png" in shown
    assert "訂正あり" not in shown
    with w.act(city.elderly):
        assert Attachment.objects.count() == AttachmentContent.objects.count() == 1
    assert "写真.png" in text(get(city.elderly, f"/notes/{key}/edit/"))
    post(city.elderly, f"/notes/{key}/edit/", edit(upload("b.pdf", PDF), text="直した文"))
    shown = text(page(city.elderly, case))
    assert "訂正あり" in shown
    assert "b.pdf" in shown


def office(*parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part in parts:
            archive.writestr(part, b"<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("大きい.pdf", PDF + b"0" * 60)], "「大きい.pdf」：ファイルが大きすぎます"),
        ([("図.svg", b"<svg onload='alert(1)'/>")], "この種類のファイルは添付できません"),
        ([("a.html", b"<html></html>")], "この種類のファイルは添付できません"),
        ([("写真.png", b"<script>alert(1)</script>")], "この種類のファイルは添付できません"),
        ([("写真.png", PDF)], "ファイルの中身と名前の末尾が合っていません"),
        ([("macro.xlsx", office("[Content_Types].xml", "xl/vbaProject.bin"))], "この種類"),
        ([(f"{MY_NUMBER}.png", PNG)], "ファイル名にマイナンバー"),
        ([("a.txt", f"番号 {MY_NUMBER}".encode())], "マイナンバー"),
        ([("空.pdf", b"")], "ファイルが空です"),
        ([(f"{n}.png", PNG) for n in range(6)], "一度に5個までです（いま6個）"),
        ([("良い.png", PNG), ("図.svg", b"<svg/>")], "「図.svg」："),
    ],
)
@override_settings(KASANE_MAX_UPLOAD_BYTES=60)
def test_bad_file_gets_a_sentence_and_loses_nothing_typed(city, files, sentence):
    case, _persons = w.household(city.elderly)
    data = filled(*(upload(*file) for file in files))
    with override_settings(KASANE_MAX_UPLOAD_BYTES=60 if "大きい" in files[0][0] else 10_000):
        shown = text(post(city.elderly, f"/cases/{case.pk}/notes/new/", data), 422)
    assert sentence in shown
    assert shown.count("もう一度選んでください") == 2  # beside the field, and at the top
    for typed in ("電話で話した", "来週訪問", "花さん", "R8.5.1", data["form_key"]):
        assert typed in shown
    with w.act(city.elderly):
        assert not Note.objects.exists()
        assert not Attachment.objects.exists()


def test_good_file_in_a_form_refused_for_another_reason_must_be_chosen_again(city):
    case, _persons = w.household(city.elderly)
    address = f"/cases/{case.pk}/notes/new/"
    shown = text(post(city.elderly, address, filled(upload(), text="")), 422)
    assert shown.count("添付するファイルも、もう一度選んでください") == 2
    assert "もう一度選んで" not in text(post(city.elderly, address, filled(text="")), 422)


def test_stale_note_asks_for_the_files_again(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "もとの文")
    post(city.elderly2, f"/notes/{key}/edit/", edit(text="同僚の文"))
    shown = text(post(city.elderly, f"/notes/{key}/edit/", edit(upload(), text="私の文")), 422)
    assert "もう一度選んでください" in shown
    assert "同僚の文" in shown
    assert "私の文" in shown
    with w.act(city.elderly):
        assert not Attachment.objects.exists()


def test_digits_declared_to_be_no_my_number_may_stand_in_a_file_and_are_logged(city):
    case, _persons = w.household(city.elderly)
    address = f"/cases/{case.pk}/notes/new/"
    named = f"{MY_NUMBER}.png"
    assert "ではありません" in text(post(city.elderly, address, filled(upload(named))), 422)
    answer = post(city.elderly, address, filled(upload(named), not_my_number="on"))
    assert answer.status_code == 302
    with w.act(city.privacy):
        assert AccessLog.objects.filter(what="not_my_number:attachments").count() == 1


def test_absurd_request_is_refused_by_its_length_unread(city):
    case, _persons = w.household(city.elderly)
    answer = client(city.elderly).generic(
        "POST",
        f"/cases/{case.pk}/notes/new/",
        b"x",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(200 * 1024 * 1024),
    )
    assert "ファイルが大きすぎます" in text(answer, 413)
    assert "Content-Security-Policy" in answer.headers


# --- reading ------------------------------------------------------------------------------------


def test_own_agency_gets_the_file_and_the_look_is_logged(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "記録")
    (row,) = attached(city.elderly, key)
    answer = get(city.elderly2, url(row))
    assert answer.status_code == 200
    assert answer.content == PNG
    with w.act(city.privacy):
        line = AccessLog.objects.get(what=f"attachment_download {row.pk}")
    assert (line.action, line.case_id, line.membership_id) == ("open", case.pk, city.elderly2.pk)
    assert line.record_ids == [key]
    assert line.basis == "own_records"


def test_team_gets_what_the_consent_covers_and_nothing_else(city):
    case, mother, son, given = referred(city, categories=["basic", "health"])
    shared = attached(city.elderly, note(city.elderly, case, "a", [mother], category="health"))
    hidden = [
        note(city.elderly, case, "b", [mother], category="money"),  # a category not covered
        note(city.elderly, case, "c", [son], category="health"),  # another person
        note(city.elderly, case, "d", [mother], category="health", audience="agency"),
    ]
    assert get(city.disability, url(shared[0])).content == PNG
    for key in hidden:
        (row,) = attached(city.elderly, key)
        assert get(city.disability, url(row)).status_code == 404
        assert not w.sees(city.disability, Attachment.objects.filter(pk=row.pk))
        assert not w.sees(city.disability, AttachmentContent.objects.filter(pk=row.pk))
    for stranger in (city.child, city.admin, city.sysadmin, city.privacy):
        assert get(stranger, url(shared[0])).status_code in (403, 404)
    assert get(city.child, url(shared[0])).status_code == 404
    with w.act(city.elderly):
        withdraw_consent(consent=given, by=city.elderly, reason="やめたい")
    assert get(city.disability, url(shared[0])).status_code == 404


def test_denied_download_is_logged_and_an_unknown_one_looks_the_same(city):
    case, _persons = w.household(city.elderly)
    (row,) = attached(city.elderly, note(city.elderly, case, "記録"))
    hidden, unknown = get(city.child, url(row)), get(city.child, f"/attachments/{uuid.uuid4()}/")
    assert hidden.status_code == unknown.status_code == 404
    once = re.compile(rb'[A-Za-z0-9]{64}|nonce="[^"]+"')
    assert once.sub(b"", hidden.content) == once.sub(b"", unknown.content)
    with w.act(city.privacy):
        assert AccessLog.objects.filter(what="attachment_download", action="deny").count() == 2


def test_case_page_of_the_team_names_only_visible_files(city):
    case, mother, son, _given = referred(city)
    attached(city.elderly, note(city.elderly, case, "母", [mother]), upload("見える.png"))
    attached(city.elderly, note(city.elderly, case, "子", [son]), upload("見えない.png"))
    shown = text(page(city.disability, case))
    assert "見える.png" in shown
    assert "見えない.png" not in shown


@pytest.mark.parametrize(
    ("name", "content", "disposition", "media_type"),
    [
        ("写真.png", PNG, "inline", "image/png"),
        ("a.jpg", b"\xff\xd8\xff\xe0" + b"\x00" * 20, "inline", "image/jpeg"),
        ("a.gif", b"GIF89a" + b"\x00" * 9, "inline", "image/gif"),
        ("督促 状.pdf", PDF, "attachment", "application/pdf"),
        ("a.txt", "相談".encode(), "attachment", "text/plain"),
        ("a.csv", "氏名,年".encode("cp932"), "attachment", "text/csv"),
    ],
)
def test_file_is_handed_out_so_that_nothing_runs(city, name, content, disposition, media_type):
    case, _persons = w.household(city.elderly)
    (row,) = attached(city.elderly, note(city.elderly, case, "記録"), upload(name, content))
    answer = get(city.elderly, url(row))
    assert answer.content == content
    assert answer["Content-Type"] == media_type
    assert answer["Content-Disposition"].startswith(f"{disposition};")
    assert name in unquote(answer["Content-Disposition"])
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"


# --- what the database refuses ------------------------------------------------------------------


def refused(by, sql, *params):
    with (
        w.act(by),
        pytest.raises(DatabaseError) as error,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, params)
    assert isinstance(error.value.__cause__, InsufficientPrivilege), error.value


ADD = (
    "insert into cases_attachment (id, record_id, name, media_type, size, sha256, added_at,"
    " author_id) values (gen_random_uuid(), %s, 'x', 'text/plain', 1, %s, now(), %s)"
)
FILL = "insert into cases_attachmentcontent (attachment_id, data) values (%s, 'x')"


def test_nobody_attaches_to_what_another_agency_wrote(city):
    case, mother, _son, _given = referred(city)
    key = note(city.elderly, case, "母", [mother])
    (row,) = attached(city.elderly, key)
    assert get(city.disability, f"/notes/{key}/edit/").status_code == 403
    refused(city.disability, ADD, key, "s", city.disability.pk)
    refused(city.elderly, ADD, key, "s", city.elderly2.pk)  # in a colleague's name
    refused(city.disability, FILL, row.pk)
    refused(city.elderly2, FILL, row.pk)
    for verb in ("update cases_attachment set name = 'x'", "delete from cases_attachment"):
        refused(city.elderly, verb)
    for verb in (
        "update cases_attachmentcontent set data = 'x'",
        "delete from cases_attachmentcontent",
    ):
        refused(city.elderly, verb)


def test_nobody_attaches_to_a_closed_case_but_its_files_stay_readable(city):
    case, _persons = w.household(city.elderly)
    key = note(city.elderly, case, "記録")
    (row,) = attached(city.elderly, key)
    with w.act(city.elderly):
        close_case(case=case, by=city.elderly, reason="終わり")
    assert post(city.elderly, f"/notes/{key}/edit/", edit(upload())).status_code == 403
    refused(city.elderly, ADD, key, "s", city.elderly.pk)
    assert get(city.elderly, url(row)).status_code == 200
