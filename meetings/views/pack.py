"""資料 of a sitting: on screen for who reads it, on A4 under a number for each who gets one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.models import Membership
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from config.lib.eras import format_long
from meetings.forms import PackForm
from meetings.models import Sitting
from meetings.operations import print_pack
from meetings.operations.common import basis_of, purpose_of
from meetings.pack import Reader, Section, in_pack, readers, sections, sections_for
from meetings.pages import law_in_force, law_words, sitting_row
from meetings.views.common import form_page, get_sitting, items_of, posted


@dataclass(frozen=True)
class Paper:
    """A section under its number, with the head of its sheet."""

    section: Section
    sheet: dict[str, Any]
    picture_id: str


@dataclass(frozen=True)
class Pack:
    """What one reader gets: the cover and a paper an item."""

    sheet: dict[str, Any]
    holder: str
    papers: list[Paper]


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def sitting_pack(request: MemberRequest, sitting_id: UUID) -> HttpResponse:
    """GET: one's own pack, read on screen. POST: printed for whoever was chosen, each copy under
    its number; a GET prints nothing, so no print goes uncounted."""
    by = request.membership
    sitting = get_sitting(request, sitting_id)
    items = in_pack(items_of(by, sitting))
    known = readers(by, items)
    form = PackForm(posted(request), recipients=[(k, r.holder) for k, r in known.items()])
    if request.method == "POST" and form.is_valid():
        try:
            chosen = [known[key] for key in form.cleaned_data["recipients"]]
            return _printed(request, sitting, chosen, form.cleaned_data)
        except ActionDenied as error:
            form.add_error(None, str(error))
    own = sections(by, items)
    _log(by, own, Action.OPEN)
    row = sitting_row(sitting)
    laws = law_in_force(sorted({code for body in row.bodies for code in body.bases}), sitting.on)
    context = {
        "sitting": sitting,
        "row": row,
        "sections": own,
        "basis": law_words(laws),
        "sealed": next((s.basis for s in own if s.item.is_secret), ""),
        "for_others": len(known) > 1,
    }
    return form_page(request, "meetings/pack.html", context, form)


def _log(by: Membership, shown: Iterable[Section], action: Action) -> None:
    """V10: one line an item, with the records whose words are shown."""
    for section in shown:
        item = section.item
        log_access(
            by,
            action,
            what="sitting_pack",
            purpose=purpose_of(item),
            basis=basis_of(item),
            case_id=item.case_id,
            item_id=item.pk,
            record_ids=dict.fromkeys(section.record_ids),
        )


def _printed(
    request: MemberRequest, sitting: Sitting, chosen: Sequence[Reader], data: dict[str, Any]
) -> HttpResponse:
    """Composed first: what turns out not to be a reader's is neither printed nor counted."""
    by = request.membership
    composed = [(reader, sections_for(by, reader)) for reader in chosen]
    wanted = [
        (section.item, dict(reader.copies)[section.item])
        for reader, found in composed
        for section in found
    ]
    copies = print_pack(
        by=by, wanted=wanted, form_key=data["form_key"], is_to_be_returned=data["to_return"]
    )
    numbers = iter(copy.number for copy in copies)
    handling = _("取扱注意・要回収") if data["to_return"] else _("取扱注意")
    packs = [
        _pack(by, n, reader.holder, [(s, next(numbers)) for s in found], handling)
        for n, (reader, found) in enumerate(composed)
        if found
    ]
    for _reader, found in composed:
        _log(by, found, Action.PRINT)
    row = sitting_row(sitting)
    context = {"sheet": _sheet(by, row.name, handling), "row": row, "packs": packs}
    return render(request, "meetings/pack_print.html", context)


def _pack(
    by: Membership, n: int, holder: str, numbered: Sequence[tuple[Section, int]], handling: str
) -> Pack:
    has_secret = any(section.item.is_secret for section, _number in numbered)
    papers = [
        Paper(
            section,
            {
                **_sheet(by, section.item.title, handling),
                "basis": section.basis,
                "secret": section.item.is_secret,
                "serial": _("通番 %(number)s　%(holder)s") % {"number": number, "holder": holder},
            },
            f"{section.picture_id}-{n}",
        )
        for section, number in numbered
    ]
    cover = _sheet(by, _("会議資料"), handling) | {"secret": has_secret, "serial": holder}
    return Pack(cover, holder, papers)


def _sheet(by: Membership, title: str, handling: str) -> dict[str, Any]:
    return {
        "title": title,
        "basis": "",
        "handling": handling,
        "secret": False,
        "serial": "",
        "landscape": False,
        "issued_on": format_long(timezone.localdate()),
        "issuer": f"{by.agency_name}　{by.user}",
    }
