"""転出の引継ぎ: write it, choose what goes with it, see exactly what would leave. What becomes of
the paper: cases.views.movedout."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies.enums import Action, Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.forms.moveout import MoveOutForm, MoveOutLetterForm
from cases.models import MoveOut
from cases.moveoutpage import former_letter
from cases.moveouts import Item, Telling, compose, may_be_told, offered, offers_contacts
from cases.operations import prepare_move_out
from cases.permissions import check_can_move_out
from cases.views.subject import Subject, form_page, is_fit, log_declared, subject


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def move_out_new(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Write the letter (`choose`), choose the records (`check`), see what would leave (`save`);
    `letter` and `records` go back."""
    on = subject(request, case_id, "move_out_new")
    check_can_move_out(request.membership, on.case)
    step = request.POST.get("step", "")
    shown: dict[str, Any] = {
        "persons": may_be_told(on.people),
        "offers_contacts": offers_contacts(on.persons),
    }
    data = request.POST or None
    letter = MoveOutLetterForm(data, initial=_initial(request, on), **shown)
    if not (request.method == "POST" and is_fit(letter, on.case.pk, None)) or step == "letter":
        return form_page(
            request, "cases/move_out_new.html", on, letter, nobody=not shown["persons"]
        )
    told = {p.pk for p in letter.chosen()}
    items = offered(request.membership, on.case, on.persons, told)
    log_access(
        request.membership,
        Action.OPEN,
        what="move_out_new",
        case_id=on.case.pk,
        record_ids=[item.key for item in items],
    )
    form = MoveOutForm(data, items=items, **shown)
    if step in ("check", "save") and form.is_valid():
        try:
            return _preview(request, on, form) if step == "check" else _save(request, on, form)
        except Telling as error:
            form.add_error(error.where, str(error))
        except ActionDenied as error:
            form.add_error(None, str(error))
        if any(name in form.errors for name in letter.fields):
            return form_page(request, "cases/move_out_new.html", on, form, nobody=False)
    return _records(request, on, form, letter, items)


def _initial(request: MemberRequest, on: Subject) -> dict[str, Any]:
    """A paper of this case that came back, or that somebody said no to, to go on from."""
    try:
        key = uuid.UUID(request.GET.get("from", ""))
    except ValueError:
        return {}
    papers = MoveOut.objects.visible_to(request.membership).for_case(on.case)
    found = papers.select_related("record").filter(pk=key).first()
    if found is None:
        return {}
    log_access(
        request.membership,
        Action.OPEN,
        what="move_out_new",
        case_id=on.case.pk,
        record_ids=[found.pk, *found.quoted_ids],
    )
    return former_letter(request.membership, found)


def _records(
    request: MemberRequest,
    on: Subject,
    form: MoveOutForm,
    letter: MoveOutLetterForm,
    items: Sequence[Item],
) -> HttpResponse:
    names = "・".join(p.shown_name for p in letter.chosen())
    left = [p.shown_name for p in on.people if p.is_living and p not in letter.chosen()]
    return form_page(
        request, "cases/move_out_records.html", on, form,
        letter=letter, names=names, left="・".join(left), is_empty=not items,
    )  # fmt: skip


def _preview(request: MemberRequest, on: Subject, form: MoveOutForm) -> HttpResponse:
    choice = form.choice()
    paper = compose(request.membership, on.case, on.persons, choice)
    told = [p.shown_name for p in choice.persons]
    left = [p.shown_name for p in on.people if p.is_living and p not in choice.persons]
    context = {
        "case": on.case,
        "title": on.title,
        "form": form,
        "paper": paper.stored(),
        "left": "・".join(left),
        "consequences": [
            {"figure": len(told), "unit": _("人"), "text": _("のことが書かれています。")},
            {"figure": len(choice.records), "unit": _("件"), "text": _("の記録を写しています。")},
            {
                "text": _("この紙はまだ外へ出ません。%(names)sに見せて、同意を得てから出します。")
                % {"names": "・".join(told)}
            },
            {"text": _("作った紙は変えられません。直すときは、取りやめて作りなおします。")},
        ],
    }
    return render(request, "cases/move_out_confirm.html", context)


def _save(request: MemberRequest, on: Subject, form: MoveOutForm) -> HttpResponse:
    made = prepare_move_out(
        case=on.case,
        by=request.membership,
        choice=form.choice(),
        form_key=form.cleaned_data["form_key"],
    )
    log_declared(request, form, on.case.pk)
    messages.success(request, _("引継ぎの紙を作りました。本人に見せて、同意を記録してください。"))
    return redirect("move_out_detail", made.pk)
