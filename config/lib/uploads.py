"""Decides which files may be attached: what they are by content, not by what they claim.

Allowed: PDF, PNG, JPEG, GIF, XLSX, DOCX and plain text (UTF-8 or cp932). Never what a browser or
an office program would run: SVG, HTML, scripts, macros. The extension must agree with the
content, and neither the file name nor a text may hold a My Number. Size: the setting
KASANE_MAX_UPLOAD_BYTES, 20 MiB unless told otherwise.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from config.lib.mynumber import refuse_my_number
from config.lib.text import clean_line, count_graphemes

DEFAULT_MAX_BYTES: Final = 20 * 1024 * 1024
NAME_LIMIT: Final = 100

# Unpacked size of an office file, as its directory states it: beyond this it is no document.
MAX_UNPACKED_BYTES: Final = 500 * 1024 * 1024
MAX_MEMBERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class DetectedType:
    """What a file is: kind, media type to serve it with, its cleaned name and size in bytes."""

    kind: str
    media_type: str
    name: str
    size: int


_MEDIA_TYPES: Final = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text": "text/plain",
}
_EXTENSIONS: Final = {
    "pdf": ("pdf",),
    "png": ("png",),
    "jpeg": ("jpg", "jpeg"),
    "gif": ("gif",),
    "xlsx": ("xlsx",),
    "docx": ("docx",),
    "text": ("txt", "csv"),
}
_MAGIC: Final = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)
_MAIN_PARTS: Final = (("xl/workbook.xml", "xlsx"), ("word/document.xml", "docx"))

# A browser that guesses a type looks at the beginning; so do we, and for tags that run anywhere.
_MARKUP_AT_START: Final = re.compile(r"\s*(?:<[!?a-z]|#!)", re.IGNORECASE)
_ACTIVE: Final = re.compile(r"<\s*(?:script|svg|html|iframe|object|embed)\b", re.IGNORECASE)
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f]")
_UNSAFE_IN_NAME: Final = re.compile(r'[<>:"/\\|?*%;&\x00-\x1f]')


def max_bytes() -> int:
    """Give the largest size allowed, in bytes."""
    return int(getattr(settings, "KASANE_MAX_UPLOAD_BYTES", DEFAULT_MAX_BYTES))


def check_upload(file: File, *, not_my_number: bool = False) -> DetectedType:
    """Say what an uploaded file is, and its cleaned name; leaves the file at its beginning.

    not_my_number: the person has declared that twelve digits in it are no My Number.
    Raises ValidationError with one of the codes empty, too_large, not_allowed,
    extension_disagrees, my_number.
    """
    name = clean_file_name(file.name or "")
    _check_size(file.size)
    kind = _detect(file)
    if kind is None:
        raise ValidationError(
            _(
                "この種類のファイルは添付できません。PDF、画像（PNG・JPEG・GIF）、"
                "Excel（xlsx）、Word（docx）、テキストのどれかにしてください。"
            ),
            code="not_allowed",
        )
    extension = PurePosixPath(name).suffix.removeprefix(".").lower()
    if extension not in _EXTENSIONS[kind]:
        raise ValidationError(
            _(
                "ファイルの中身と名前の末尾が合っていません。"
                "中身は%(kind)sなので、名前の末尾を「.%(extension)s」にしてください。"
            ),
            code="extension_disagrees",
            params={"kind": kind.upper(), "extension": _EXTENSIONS[kind][0]},
        )
    if not not_my_number:
        _refuse_my_number_in_name(name)
        if kind == "text":
            refuse_my_number(_decode(_read_all(file)) or "")
    media_type = "text/csv" if extension == "csv" else _MEDIA_TYPES[kind]
    return DetectedType(kind, media_type, name, file.size)


def clean_file_name(name: str) -> str:
    """Give a file name safe to store and show: no path, no controls, at most 100 characters.

    Letters typed on another system as letter and mark are joined; the extension is kept and made
    lower-case. An empty name becomes 添付.
    """
    base = clean_line(name.replace("\\", "/")).rsplit("/", 1)[-1]
    base = _UNSAFE_IN_NAME.sub("_", base).strip(" .\u3000")
    stem, dot, extension = base.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,8}", extension):
        stem, extension = base, ""
    stem = stem.strip(" .\u3000")
    while count_graphemes(stem) > NAME_LIMIT or len(stem) > 2 * NAME_LIMIT:
        stem = stem[:-1]
    return (stem or "添付") + (f".{extension.lower()}" if extension else "")


def _check_size(size: int) -> None:
    if size <= 0:
        raise ValidationError(
            _("ファイルが空です。中身のあるファイルを選んでください。"), code="empty"
        )
    if size > max_bytes():
        raise ValidationError(
            _("ファイルが大きすぎます（%(size)s）。%(limit)sまでのファイルにしてください。"),
            code="too_large",
            params={"size": filesizeformat(size), "limit": filesizeformat(max_bytes())},
        )


def _refuse_my_number_in_name(name: str) -> None:
    try:
        refuse_my_number(name)
    except ValidationError as error:
        raise ValidationError(
            _(
                "ファイル名にマイナンバー（個人番号）とみられる12桁の数字があります。"
                "ファイル名を変えてから添付してください。"
            ),
            code="my_number",
        ) from error


def _detect(file: File) -> str | None:
    file.seek(0)
    head = file.read(16)
    file.seek(0)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(b"PK"):
        return _detect_office(file)
    text = _decode(_read_all(file))
    if text is None or _CONTROLS.search(text):
        return None
    if _MARKUP_AT_START.match(text.removeprefix("\ufeff")) or _ACTIVE.search(text):
        return None
    return "text"


def _detect_office(file: File) -> str | None:
    """Tell XLSX and DOCX by their parts; macros and archives that unpack too far are neither."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return None
    finally:
        file.seek(0)
    names = {member.filename for member in members}
    unpacked = sum(member.file_size for member in members)
    has_macro = any(name.lower().endswith("vbaproject.bin") for name in names)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED_BYTES or has_macro:
        return None
    if "[Content_Types].xml" not in names:
        return None
    return next((kind for part, kind in _MAIN_PARTS if part in names), None)


def _read_all(file: File) -> bytes:
    file.seek(0)
    content: bytes = file.read()
    file.seek(0)
    return content


def _decode(content: bytes) -> str | None:
    for encoding in ("utf-8", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
