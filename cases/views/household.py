"""世帯の変更 (V18): choose what happened, see what stays, do it, take it back."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Permission
from agencies.guards import MemberRequest, member
from agencies.permissions import ActionDenied
from cases import enums
from cases.forms.household import HouseholdForm, SameForm, SamePersonForm
from cases.households import asked_anew, left_out_words, staying
from cases.models import Case, HouseholdLink, Person
from cases.operations import change_household, note_same_person, undo_household_change
from cases.operations.household import Undoing, check_change, not_found_words, undoing
from cases.permissions import check_can_change_household, check_can_undo_link
from cases.reach import records_in_view
from cases.views.subject import Subject, form_page, subject

KINDS = enums.LinkKind


@member(Permission.WRITE_RECORDS)
@require_GET
def household_change(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """What happened?"""
    on = subject(request, case_id, "household_change")
    check_can_change_household(request.membership, on.case)
    return render(request, "cases/household_change.html", {"case": on.case, "title": on.title})


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def household_new(request: MemberRequest, case_id: uuid.UUID, kind: str) -> HttpResponse:
    """Say who and where to (`check`), see what it does, do it (`done`) or go back (`edit`)."""
    on = subject(request, case_id, f"household_{kind}")
    check_can_change_household(request.membership, on.case)
    form = HouseholdForm(request.POST or None, kind=kind, persons=_members(on))
    if request.method == "POST" and form.is_valid():
        target = _target(request, form)
        step = request.POST.get("step", "")
        if (
            not form.errors
            and step in ("check", "done")
            and _is_possible(request, on, form, target)
        ):
            same = _same(request, form, target, is_done=step == "done")
            if step == "check" or not same.is_valid():
                return _confirm(request, on, form, same, target)
            try:
                return _change(request, on, form, same, target)
            except ActionDenied as error:
                same.add_error(None, str(error))
                return _confirm(request, on, form, same, target)
    return form_page(request, "cases/household_new.html", on, form, kind=kind)


def _members(on: Subject) -> list[Person]:
    return [p for p in on.people if p.is_member]


def _target(request: MemberRequest, form: HouseholdForm) -> Subject | None:
    """The other case, its look logged; one sentence for whatever it may not be (V15)."""
    if "number" not in form.fields:
        return None
    cases = Case.objects.visible_to(request.membership).open()
    mine = cases.filter(responsible_agency_id=request.membership.agency_id)
    found = mine.for_number(form.cleaned_data["number"]).first()
    if found is None:
        form.add_error("number", not_found_words())
        return None
    return subject(request, found.pk, "household_target")


def _is_possible(
    request: MemberRequest, on: Subject, form: HouseholdForm, target: Subject | None
) -> bool:
    try:
        check_change(
            by=request.membership,
            case=on.case,
            to_case=target.case if target else None,
            kind=form.kind,
            persons=dict.fromkeys(form.chosen()),
            on=form.cleaned_data["on"],
        )
    except ActionDenied as error:
        form.add_error(None, str(error))
        return False
    return True


def _same(
    request: MemberRequest, form: HouseholdForm, target: Subject | None, *, is_done: bool
) -> SameForm:
    persons = form.chosen() if target else []
    others = [p for p in target.people if not p.is_deceased] if target else []
    return SameForm(request.POST if is_done else None, persons=persons, others=others)


def _change(
    request: MemberRequest,
    on: Subject,
    form: HouseholdForm,
    same: SameForm,
    target: Subject | None,
) -> HttpResponse:
    case = change_household(
        case=on.case,
        by=request.membership,
        kind=form.kind,
        persons=same.pairs() if target else dict.fromkeys(form.chosen()),
        on=form.cleaned_data["on"],
        reason=form.cleaned_data.get("reason", ""),
        to_case=target.case if target else None,
        form_key=form.cleaned_data["form_key"],
    )
    messages.success(request, _("世帯の変更を記録しました。これからは、このケースに書きます。"))
    return redirect("case_detail", case_id=case.pk)


def _confirm(
    request: MemberRequest,
    on: Subject,
    form: HouseholdForm,
    same: SameForm,
    target: Subject | None,
) -> HttpResponse:
    context = {
        "case": on.case,
        "title": on.title,
        "form": form,
        "same": same,
        "kind": form.kind,
        "target": target,
        "names": "・".join(p.shown_name for p in form.chosen()),
        "staying": staying(request.membership, on.case),
        "anew": asked_anew(request.membership, form.chosen()),
        "consequences": _consequences(request, on, form.kind, target),
    }
    status = 422 if same.errors else 200
    return render(request, "cases/household_confirm.html", context, status=status)


def _consequences(
    request: MemberRequest, on: Subject, kind: str, target: Subject | None
) -> list[dict[str, Any]]:
    words = [
        _("これまでの同意は、このケースの記録だけに効きます。もう一つのケースは開きません。"),
        *left_out_words(on.case, target.case if target else None),
    ]
    if kind == KINDS.MERGED:
        words += [
            _(
                "このケースには、どの機関も新しい記録を書けなくなります。仕事は統合先で続けます。"
                "まちがいだったときは、統合を取り消すと、また書けます。"
            ),
            _("このケースを見ている機関には、記入が止まったことだけを知らせます。"),
        ]
    else:
        words.append(
            _(
                "このケースでは「世帯を出た人」として名前が残ります。住所は、もう一つのケースへ引きつぎません。"
            )
        )
    words.append(_("つながりは、両方のケースでその人が見える機関だけに見えます。"))
    records = {
        "figure": len(records_in_view(request.membership, on.case)),
        "unit": _("件"),
        "text": _("これまでの記録。このケースに残り、読める人は変わりません。"),
    }
    return [records, *({"text": text} for text in words)]


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def person_same(request: MemberRequest, case_id: uuid.UUID) -> HttpResponse:
    """Two of this case are one person: who they were before, who they are."""
    on = subject(request, case_id, "person_same")
    check_can_change_household(request.membership, on.case)
    form = SamePersonForm(request.POST or None, persons=_members(on))
    if request.method == "POST" and form.is_valid():
        try:
            note_same_person(
                case=on.case,
                by=request.membership,
                person=form.person_of("person"),
                stands=form.person_of("stands"),
                form_key=form.cleaned_data["form_key"],
            )
        except ActionDenied as error:
            form.add_error(None, str(error))
        else:
            words = _("同じ人として記録しました。世帯の表の「取り消す」から、あとで取り消せます。")
            messages.success(request, words)
            return redirect("case_detail", case_id=on.case.pk)
    return form_page(request, "cases/person_same.html", on, form)


@member(Permission.WRITE_RECORDS)
@require_http_methods(["GET", "POST"])
def household_undo(request: MemberRequest, link_id: uuid.UUID) -> HttpResponse:
    """取り消す: what comes back, what stays."""
    links = HouseholdLink.objects.visible_to(request.membership).select_related(
        "from_person__case", "to_person__case"
    )
    link = get_object_or_404(links, pk=link_id)
    check_can_undo_link(request.membership, link)
    on = subject(request, link.from_person.case_id, "household_undo")
    if request.method == "POST":
        found = undo_household_change(link=link, by=request.membership)
        messages.success(
            request, " ".join([_("世帯の変更を取り消しました。"), *_staying_put(found)])
        )
        return redirect("case_detail", case_id=on.case.pk)
    found = undoing(link, request.membership)
    context = {
        "case": on.case,
        "title": on.title,
        "number": link.to_person.case.number,
        "kind": link.get_kind_display(),
        "is_same": link.kind == KINDS.SAME,
        "consequences": [{"text": text} for text in _undo_words(found, KINDS(link.kind))],
    }
    return render(request, "cases/household_undo.html", context)


def _undo_words(found: Undoing, kind: enums.LinkKind) -> list[str]:
    """What an undo does, person by person where it differs."""
    words = []
    if kind == KINDS.MERGED:
        words.append(_("このケースは、また書けるようになります。"))
    elif found.back:
        who = "・".join(link.from_person.shown_name for link in found.back)
        words.append(_("%(who)sは、このケースの世帯員にもどります。") % {"who": who})
    left = [x.to_person.shown_name for x in found.back if x.made_person or x.had_left_on]
    if left:
        words.append(
            _("もう一つのケースでは、%(who)sは「世帯を出た人」になります（名前は残ります）。")
            % {"who": "・".join(left)}
        )
    words += _staying_put(found)
    if kind == KINDS.SAME:
        return [
            *words,
            _("これまでの記録は、また元の人のこととして並びます。読める人は変わりません。"),
        ]
    words.append(
        _("変更のあとで書いた記録と同意は、書いたケースに残ります。読める人は変わりません。")
    )
    if kind == KINDS.SPLIT:
        words.append(_("分けて作ったケースは、そのまま残ります。いらないときは終結します。"))
    return words


def _staying_put(found: Undoing) -> list[str]:
    """Who has changed households since, in one sentence."""
    if not found.stays:
        return []
    who = "・".join(link.from_person.shown_name for link in found.stays)
    return [
        _("%(who)sは、そのあとでまた世帯が変わっているので、いまの世帯のままにします。")
        % {"who": who}
    ]
