"""Which files may be attached."""

import io
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from config.lib import uploads
from config.lib.mynumber import check_digit
from config.lib.uploads import check_upload, clean_file_name

MADE_UP = "98765432109" + str(check_digit("98765432109"))


def office(*parts: str, content: bytes = b"<x/>") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.writestr(part, content)
    return buffer.getvalue()


XLSX = office("[Content_Types].xml", "xl/workbook.xml")
DOCX = office("[Content_Types].xml", "word/document.xml")
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


@pytest.mark.parametrize(
    ("name", "content", "kind", "media_type"),
    [
        ("a.pdf", PDF, "pdf", "application/pdf"),
        ("a.PDF", PDF, "pdf", "application/pdf"),
        ("a.png", PNG, "png", "image/png"),
        ("a.jpg", JPEG, "jpeg", "image/jpeg"),
        ("a.jpeg", JPEG, "jpeg", "image/jpeg"),
        ("a.gif", b"GIF89a" + b"\x00" * 9, "gif", "image/gif"),
        (
            "a.xlsx",
            XLSX,
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            "a.docx",
            DOCX,
            "docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("a.txt", "相談の記録".encode(), "text", "text/plain"),
        ("a.txt", b"\xef\xbb\xbf" + "相談".encode(), "text", "text/plain"),
        ("a.txt", "相談の記録".encode("cp932"), "text", "text/plain"),
        ("a.csv", "氏名,年齢\r\n".encode("cp932"), "text", "text/csv"),
        ("a.txt", "5 < 6 です".encode(), "text", "text/plain"),
    ],
)
def test_check_upload_detects_by_content(name, content, kind, media_type):
    file = SimpleUploadedFile(name, content)
    detected = check_upload(file)
    assert (detected.kind, detected.media_type) == (kind, media_type)
    assert detected.size == len(content)
    assert file.tell() == 0
    assert file.read() == content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("a.txt", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("a.txt", b"\xef\xbb\xbf<svg/>"),
        ("a.html", b"<!DOCTYPE html><html></html>"),
        ("a.txt", b"  \n<!doctype html>"),
        ("a.txt", b"<?xml version='1.0'?><svg/>"),
        ("a.txt", b"<?php echo 1;"),
        ("a.txt", b"#!/bin/sh\nrm x"),
        ("a.txt", b"hello <script>alert(1)</script>"),
        ("a.txt", b"hello < SCRIPT src=x>"),
        ("a.txt", b"a\x00b"),
        ("a.txt", b"a\x1b[31m"),
        ("a.txt", "相談".encode("utf-16")),
        ("a.exe", b"MZ\x90\x00\x03\x00"),
        ("a.zip", office("a.txt")),
        ("a.xlsx", office("a.txt")),
        ("a.xlsx", office("xl/workbook.xml")),
        ("a.xlsx", office("[Content_Types].xml", "ppt/presentation.xml")),
        ("a.xlsx", office("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin")),
        ("a.docx", office("[Content_Types].xml", "word/document.xml", "word/VBAProject.BIN")),
        ("a.xlsx", b"PK\x03\x04 not an archive"),
        ("a.xlsx", b"PK"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 20),
        ("a.pdf", b"\x00%PDF-1.7"),
    ],
)
def test_check_upload_refuses_what_could_run_or_is_unknown(name, content):
    with pytest.raises(ValidationError) as caught:
        check_upload(SimpleUploadedFile(name, content))
    assert caught.value.code == "not_allowed"
    assert "PDF" in caught.value.messages[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", PDF),
        ("a.pdf", PNG),
        ("a.jpg", PNG),
        ("a.docx", XLSX),
        ("a.xlsx", DOCX),
        ("a.svg", PNG),
        ("a.html", "ただの文".encode()),
        ("a.js", b"alert(1)"),
        ("a", PDF),
        (".pdf", PDF),
        ("a.pdf.exe", PDF),
    ],
)
def test_check_upload_extension_must_agree(name, content):
    with pytest.raises(ValidationError) as caught:
        check_upload(SimpleUploadedFile(name, content))
    assert caught.value.code == "extension_disagrees"
    assert "%(" not in caught.value.messages[0]


def test_check_upload_empty_file_is_refused():
    with pytest.raises(ValidationError) as caught:
        check_upload(SimpleUploadedFile("a.txt", b""))
    assert caught.value.code == "empty"


def test_check_upload_size_is_limited_by_the_setting(settings):
    settings.KASANE_MAX_UPLOAD_BYTES = 1024
    check_upload(SimpleUploadedFile("a.txt", b"a" * 1024))
    with pytest.raises(ValidationError) as caught:
        check_upload(SimpleUploadedFile("a.txt", b"a" * 1025))
    assert caught.value.code == "too_large"
    assert "1.0" in caught.value.messages[0]


def test_check_upload_default_limit_is_twenty_mebibytes(settings):
    if hasattr(settings, "KASANE_MAX_UPLOAD_BYTES"):
        del settings.KASANE_MAX_UPLOAD_BYTES
    assert uploads.max_bytes() == 20 * 1024 * 1024


def test_check_upload_archive_that_unpacks_too_far_is_refused(monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = office("[Content_Types].xml", "xl/workbook.xml", content=b"0" * 600_000)
    assert len(bomb) < 10_000
    with pytest.raises(ValidationError) as caught:
        check_upload(SimpleUploadedFile("a.xlsx", bomb))
    assert caught.value.code == "not_allowed"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"{MADE_UP}.pdf", PDF),
        (f"通知_{MADE_UP[:4]}-{MADE_UP[4:8]}-{MADE_UP[8:]}.pdf", PDF),
        ("a.txt", f"番号 {MADE_UP}".encode()),
        ("a.csv", f"番号,{MADE_UP}\r\n".encode("cp932")),
    ],
)
def test_check_upload_my_number_is_refused_unless_declared(name, content):
    with pytest.raises(ValidationError) as caught:
        check_upload(SimpleUploadedFile(name, content))
    assert caught.value.code == "my_number"
    assert MADE_UP not in caught.value.messages[0]
    check_upload(SimpleUploadedFile(name, content), not_my_number=True)


def test_check_upload_photograph_named_by_its_time_is_allowed():
    assert check_upload(SimpleUploadedFile("202605011430.png", PNG)).name == "202605011430.png"


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("通知.PDF", "通知.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\x\\通知.pdf", "通知.pdf"),
        ("か\u3099く.pdf", "がく.pdf"),
        ("\ufa19田.pdf", "\ufa19田.pdf"),
        ("a\x00b\r\n.pdf", "ab.pdf"),
        ("abc\u202efdp.exe", "abcfdp.exe"),
        ('<a>"b":c|d?e*f.pdf', "_a__b__c_d_e_f.pdf"),
        ("", "添付"),
        ("...", "添付"),
        ("　", "添付"),
        (".pdf", "pdf"),
        ("名前　のある.pdf", "名前　のある.pdf"),
        ("第1.2版 案", "第1.2版 案"),
        ("あ" * 300 + ".pdf", "あ" * 100 + ".pdf"),
    ],
)
def test_clean_file_name(name, cleaned):
    assert clean_file_name(name) == cleaned
